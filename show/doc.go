// Package show puts the events of a source on a screen, and takes care of everything around that.
//
//	Source ─► Tee (recording) ─► Flight (the last seconds) ─► Feed (timeline) ─► screen
//
// A Line (line.go) is that way without the screen: a run that only prints has one, too. Run (run.go) is the one runner of all screens, of
// the lab, of its lessons, of two labs one above the other and of a recording: it opens the terminal, starts what is to be shown, draws it
// until somebody leaves, a signal comes or the time is over, gives the terminal back, ends what it has started and says what came of it.
//
// Who decides how it ended? The person at the keyboard, a signal, the time and the thing itself (a server can fail) may do so at one moment,
// from goroutines of their own. Terminal (terminal.go) has the one place where that is settled: whoever is first, under its lock; Run asks it
// once, when the screen has closed, and nothing changes the answer afterwards.
//
// The terminal is given back however the program ends: crash.go has what a panic does, in whatever goroutine (all are started with Go);
// signals.go has the signals; terminal.go has the last resort for a terminal that is not read and for parts that do not end.
//
// What a screen looks like is none of its business (tui), nor what a source is (record, lab, probe), nor flags (cmd).
package show
