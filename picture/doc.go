// Package picture says what a lane, a row and a cell show: which glyph stands for what, what fills a cell, which notes lie over it, how a
// lane is labelled, in which order lanes stand, and what the legend says of all that. The rules are functions from data to cells:
//
//	timeline.Lane, its cells  ──►  Window.Lane  ──►  []Cell{Rune, Ink, Fill, ...}  ──►  a terminal, a page
//
// It knows no colour and no terminal. A [Cell] has an [Ink], and an ink is a [Role], "data that waits too long", in one of three forms. Who
// draws gives each role its colours and puts the runes where they belong, so that the screen and a report show the same picture of the
// same events.
//
//	window.go       a window of time in cells, and what there is to draw it with; which column is which time
//	row.go          the row of a connection or a listener
//	notes.go        what is written over it: how many events, what is stranded, why it was refused
//	loop_row.go     the row of a loop, what stands in front of it, and the rate below
//	mark.go         which mark gets which glyph, and in which role
//	legend.go       what the legend says of fills and glyphs
//	symbols.go      the sets of glyphs
//	role.go         roles, fills and inks
//	lane_label.go   what stands left of a lane
//	order.go        the orders of lanes
//	span.go         sums of times that end instead of turning over
//
// A row is drawn into a buffer that the caller keeps; nothing is allocated for it but the few bytes of a note that writes an amount. The
// functions keep nothing between two calls and change nothing but that buffer: goroutines may call them side by side, each with its own.
package picture
