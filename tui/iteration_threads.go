package tui

import (
	"fmt"

	"evviz/timeline"
	"evviz/words"
)

// drawThreads is view 2 of a source that looked at a process now and then, and saw no calls: what its threads were doing at the newest look. Iterations are
// not to be seen there.
//
//	no calls are seen here, so no iterations; at the newest look
//	thread 4711 nginx      epoll_wait(3), no timeout     in it since 12.7 s
func (v *iterationView) drawThreads(sc *scene, p pane) {
	t := &sc.theme
	p.put(1, 0, sc.fits("calls are not seen here, so there are no iterations; at the newest look:", p.w-2), t.text)
	y := 2
	for i := range sc.snap.Threads {
		x := &sc.snap.Threads[i]
		if y >= p.h {
			break
		}
		who := clean(fmt.Sprintf("thread %d %s", x.TID, x.Name))
		p.put(2, y, sc.fits(fmt.Sprintf("%-26s %s", who, threadDoes(sc.snap, x)), p.w-3), t.text)
		y++
	}
}

// threadDoes says what a look has found a thread doing.
func threadDoes(s *timeline.Snapshot, x *timeline.ThreadLook) string {
	does := clean(x.Doing.String())
	if x.Call != "" {
		does = "in " + clean(x.Call)
		if x.FD >= 0 {
			does += fmt.Sprintf("(%d)", x.FD)
		}
		switch {
		case !x.Waits():
		case x.Timeout < 0:
			does += ", no timeout (-1)"
		default:
			does += ", timeout " + words.Duration(x.Timeout)
		}
	}
	if does == "" {
		does = "what it was doing is not known"
	}
	if x.Since != 0 && x.At > x.Since {
		does += ", and had not run for " + words.Duration(x.At-x.Since)
	}
	if x.CPU >= 0 && x.Between > 0 {
		does += fmt.Sprintf(", used %s of CPU time in %s", words.Duration(x.CPU), words.Duration(x.Between))
	}
	return does
}
