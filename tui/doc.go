// Package tui is the screen: the only place where tview and tcell live.
//
// It shows a timeline.Feed and does not know what feeds it: the lab, a file or a process look the same. What a source can
// do beyond yielding events (pause, step, speed, seek) is found by asking for trace's optional interfaces; what a lab can
// do comes in through Lab, which is nil where there is none. A key whose ability is missing is greyed out.
//
// # One frame
//
// A ticker asks for a draw 20 times a second, whatever happens; events never cause one. A draw takes a snapshot (or the
// frozen one), computes the window of time, and every region draws itself as a pure function of that frame. Between the
// goroutines the latest value wins, and nothing waits:
//
//	from             to            what                how
//	feed goroutine   screen        snapshot            taken by the draw
//	screen           lab           t, T, m             a goroutine per press; its answer becomes the status line
//	signals          screen        stop, suspend       channel, handled by the ticker
//	ticker           screen        draw                tview's queue
//
// # The layout
//
//	header     what runs, where, recording, loss
//	narration  what is happening, in words
//	axis       the time, modes as they were switched
//	lanes      loop, listener, connections             (lanes.go, row.go)
//	detail     the selected lane in words
//	events     the newest events of the window         (eventlist.go, eventline.go)
//	legend     the glyphs
//	footer     keys
//
// Two runs on one screen (RunSplit) are two such user interfaces that share a time axis; split_layout.go has their layout.
package tui
