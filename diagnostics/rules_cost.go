package diagnostics

import (
	"fmt"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

func ctlChurn(c *checker) {
	for _, l := range c.s.Lanes {
		in := l.Instance
		if in == nil || in.Reports < int64(c.set.Churn) {
			continue
		}
		mods := in.Modifies - in.Rearms - in.EdgeKept
		x := subject{l, laneName(l)}
		again := 2 * in.Readds // a DEL and an ADD each
		switch {
		case in.SameMask >= int64(c.set.Churn) && above(in.SameMask, in.Reports, c.set.ChurnShare):
			sev, habit := c.habit(in.SameMask, in.Reports, "libuv does so after each write that went through at once")
			c.find(x, nil, sev, Certain, fmt.Sprintf("epoll instance %s: %s changed nothing, for %s%s.", x.name, words.Count(in.SameMask, "EPOLL_CTL_MOD"), words.Count(in.Reports, "event"), habit),
				"keep the mask that is registered beside the descriptor and call epoll_ctl only when it differs.").at(c, in.SameMask, l.Opened, c.until(l))
		case above(mods+again, in.Reports, c.set.ChurnShare):
			sev, habit := c.habit(mods+again, in.Reports, "buffered writers do so for each message: libevent's bufferevent, EventMachine, tornado")
			c.find(x, nil, sev, Certain, fmt.Sprintf("epoll instance %s: %s of registrations for %s%s.", x.name, words.Count(mods+again, "change"), words.Count(in.Reports, "event"), habit),
				"write first and arm EPOLLOUT only after a short write or EAGAIN; leave EPOLLIN in place.").at(c, mods+again, l.Opened, c.until(l))
		}
	}
}

// habit grades changes of registrations in a program that is watched from outside: up to three for two events are what well-known libraries
// make of a message, and nothing that their users could change.
func (c *checker) habit(changes, events int64, whose string) (Severity, string) {
	if c.lab() || 2*changes > 3*events {
		return Warn, ""
	}
	return Info, " (" + whose + ")"
}

// until is when an instance ended, or the newest moment: what is asked of it leaves no mark on its own lane.
func (c *checker) until(l *timeline.Lane) int64 {
	if l.Closed != 0 {
		return l.Closed
	}
	return c.s.Last
}

func batchFull(c *checker) {
	for _, l := range c.s.Lanes {
		in := l.Instance
		if in == nil || in.FullLeft < int64(c.set.BatchFew) || !above(in.FullLeft, in.Waits, c.set.BatchShare) {
			continue
		}
		if in.Shared {
			continue // several threads that take one event each share the work so
		}
		sev := Info
		if in.FullLeft >= int64(c.set.BatchFull) {
			sev = Warn
		}
		x := subject{l, laneName(l)}
		c.find(x, nil, sev, Certain, fmt.Sprintf("epoll instance %s: %s of %s filled all %s, and the next one returned at once with others that had been ready all the while.",
			x.name, words.Number(in.FullLeft), words.Count(in.Waits, "wait"), words.Count(in.MaxEvents, "place")), "pass a larger array to epoll_wait: a few hundred places cost nothing.").at(c, in.FullLeft, l.Opened, c.until(l))
	}
}

func bigSet(c *checker) {
	for _, lp := range c.s.Loops {
		in := lp.Set
		if in == nil || in.WatchedWaits == 0 {
			continue
		}
		call := "poll"
		if in.Select {
			call = "select"
		}
		avg := in.Watched / in.WatchedWaits
		i := &timeline.Incident{N: in.WatchedWaits, First: c.s.First, Last: c.s.Last}
		if in.WatchedWaits >= int64(c.set.BigSetCalls) && avg > int64(c.set.BigSet) && !atLeast(in.Reports, in.Watched, c.set.BigSetReady) {
			c.onThread(lp, i, Warn, Certain, fmt.Sprintf("%s passes %s to %s and %.1f %% of them are ready: the kernel looks at every one, every time (%s).", words.Thread(lp),
				words.Count(avg, "descriptor"), call, 100*float64(in.Reports)/float64(in.Watched), words.Count(in.WatchedWaits, "call")), "use epoll: what a wait costs then depends on what is ready and not on what is watched.")
		}
		if in.Select && in.MostWatched > int64(c.set.SelectFull) {
			c.onThread(lp, i, Warn, Certain, fmt.Sprintf("%s passes %s to select: at number 1024 its sets end, and a descriptor beyond is refused or written outside the set.", words.Thread(lp), words.Count(in.MostWatched, "descriptor")),
				"use epoll or poll, which have no such limit.")
		}
	}
	refused, first, last := int64(0), int64(0), int64(0)
	for _, l := range c.s.Lanes {
		if l.CloseWhy == trace.CloseRefused {
			if refused++; first == 0 {
				first = l.Closed
			}
			last = l.Closed
		}
	}
	if refused > 0 && c.s.Mode.Driver == trace.DriverSelect {
		f := &Finding{Rule: c.rule, Severity: Warn, Verdict: Certain, FD: -1, Subject: "select",
			Sentence: fmt.Sprintf("%s accepted and closed at once because their descriptors are 1024 or above, which select cannot watch.", words.Count(refused, "connection was", "connections were")),
			Fix:      "use epoll or poll, which have no such limit."}
		f.at(c, refused, first, last)
		c.found = append(c.found, f)
	}
}
