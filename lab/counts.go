package lab

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"evviz/figures"
	"evviz/scenarios"
	"evviz/timeline"
)

// Count answers a scenario. The server's own counters are up to date; all else is counted from what has been recorded,
// which is some milliseconds behind. What is not known yet is 0: a story that waits for a report waits for the first wait,
// too.
func (e *control) Count(what string) (int64, error) {
	st := e.s.loop.Stats()
	switch what {
	case "accepted":
		return st.Accepted.Load(), nil
	case "closed":
		return st.Closed.Load(), nil
	case "bytes_in":
		return st.BytesIn.Load(), nil
	case "bytes_out":
		return st.BytesOut.Load(), nil
	case "idle":
		return e.idle(), nil
	case "ended":
		if e.s.loop.Ending() {
			return 1, nil
		}
		return 0, nil
	}
	g, err := scenarios.ParseFigure(figures.Stories{}, what)
	if err != nil {
		return 0, err
	}
	v, unknown := asked{e.s.Feed.Snapshot()}.value(&g)
	if unknown != "" {
		return 0, nil
	}
	return int64(v), nil
}

// idleFor is how long every loop must have sat in its wait before it counts as idle.
const idleFor = int64(100e6)

// idle is 1 when every thread of the lab's loop waits or sleeps, and has for some time. On a busy machine the picture may be behind, and
// a thread that was woken may not have run yet: so everything that the threads have emitted must be in the picture, and the kernel
// must have them asleep.
func (e *control) idle() int64 {
	asleep := map[int]bool{}
	for _, l := range e.s.Feed.Snapshot().Loops {
		asleep[l.TID] = fewFiles() || threadState(l.PID, l.TID) == 'S'
	}
	s := e.s.Feed.Snapshot()
	n := 0
	for _, l := range s.Loops {
		if l.Ended != 0 {
			continue
		}
		if n++; l.State != timeline.LoopWaiting && l.State != timeline.LoopAsleep || s.Now-l.Since < idleFor {
			return 0
		}
		if !asleep[l.TID] || e.s.rings.behind(l.Stream, l.Events) {
			return 0
		}
	}
	return int64(min(n, 1))
}

// fewFiles reports whether descriptors are kept scarce (fds-free): then even a short look at a file could take the one that the server is
// about to get. Go raises the soft limit to the hard one when a program starts.
func fewFiles() bool {
	var lim unix.Rlimit
	return unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) == nil && lim.Cur < lim.Max
}

// threadState is the state of a thread as proc_pid_stat(5) numbers them: R it runs or could, S it sleeps; 0 unknown.
func threadState(pid, tid int) byte {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/stat", pid, tid))
	if err != nil {
		return 0
	}
	i := bytes.LastIndex(b, []byte(") ")) // the thread's name before it may hold anything
	if i < 0 || i+2 >= len(b) {
		return 0
	}
	return b[i+2]
}
