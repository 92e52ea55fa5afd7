// Package tui is the screen. Of the program only it and tui/screen, which is the terminal under it, know tview and tcell.
//
// It shows a timeline.Feed and does not know what feeds it: the lab, a file or a process look the same. What a source can
// do beyond yielding events (pause, step, speed, seek) is found by asking for trace's optional interfaces; what a lab can
// do comes in through Lab, which is nil where there is none. A key whose ability is missing is greyed out.
//
// # One frame
//
// A ticker asks for a draw 20 times a second, whatever happens; events never cause one. A draw goes down this list (ui.newFrame in scene.go):
//
//	window    takes a snapshot, or the frozen one, and decides which time of it is shown: a frame        (frame.go)
//	checker   asks the rules what they say of it                                                         (findings.go)
//	ui        adds what is selected, the colours and glyphs, and what goes on around it: a scene         (scene.go)
//	memo      leaves a scene alone that is on the screen already                                         (memo.go)
//	layout    gives each region its rows                                                                 (layout.go)
//	region    draws the scene, and reads nothing else: an axis, a view's body, a lane                    (view_*.go, row.go)
//	picture   says what a lane's cells show; the region gives them their colours                         (package picture, ink.go)
//
// Between the goroutines the latest value wins, and nothing waits:
//
//	from             to            what                how
//	feed goroutine   screen        snapshot            taken by the draw
//	screen           lab           t, T, m, s, o, c    one goroutine, in the order of the keys; the answer becomes the status line (worker.go)
//	screen           recording     a window            a goroutine; the newest wish wins, its excerpt is taken by a draw (excerpt.go)
//	signals          screen        stop, suspend       channel, handled by the ticker (app.go)
//	ticker           screen        draw                tview's queue
//
// # One key
//
// A key goes from the terminal through app.go, which gives it its name (key_names.go), to ui.press. What is open over the view, a line to
// type on or a list to choose from, takes it (dialog.go). Else the key table says what it means (keys.go): each line names the part of the
// screen that does it, window, steps, findings, pages, controls and so on, or the view that is shown (views.go). A part has only those
// others that it needs; newUI ties them (ui.go). Footer, help, docs/keys.md and settings file are made from that table, and the ":" line takes its
// names as commands (commands.go, command_line.go).
//
// # The layout
//
//	header     what runs, where, recording, loss                       (header.go)
//	tabs       the six views; the scale, and whether it is the present (tabs.go)
//	narration  what is happening, in words                             (narration.go)
//	panel      the numbers of the window                               (panel.go)
//	body       of the view                                             (view_*.go)
//	legend     the glyphs, under the timeline                          (legend.go)
//	honesty    what was lost, what it costs, what is inferred          (honesty.go)
//	transport  of a replay: where it is, what lies ahead               (transport.go)
//	footer     keys, or the line that one types on                     (footer.go, prompt.go)
//
// A view is a body (views.go). A page (help, an explanation) or a list to choose from lies over all of it (page.go, help.go,
// explain.go, chooser.go).
//
// # Time
//
// window.go and zoom.go are about moving through time, undo.go about going back, step.go about stepping, measure.go about the two
// cursors. What the feed does not hold is fetched from the recording (excerpt.go) and drawn from its summaries meanwhile (coarse.go).
// What a source can do besides being read is in source.go.
//
// # What a frame costs
//
// Package tui/screen sends only what differs; a frame on which nothing has changed is not drawn at all (memo.go);
// the cells of a lane on which nothing has changed are kept (cellcache.go).
//
// Two runs on one screen (RunSplit) are two such user interfaces that share a time axis; split_layout.go has their layout.
package tui
