package diagnostics

import (
	"cmp"
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// A stretch without progress must last so long, ns, before its rate means anything; and a period of about 100 ms and more is what servers run
// their housekeeping with.
const (
	everySecond  = 1_000_000_000
	housekeeping = 95_000_000
)

func idleWakeups(c *checker) {
	c.eachThread(timeline.IncIdle, func(lp *timeline.LoopLane, i *timeline.Incident) {
		if i.Run < fewTurns && c.s.Stats.Waits > i.Run { // a line or two are an answer where there is nothing else
			return
		}
		if i.RunTime <= 0 || i.Call != "" && !lp.Alone || i.RunTime < everySecond && !i.Every {
			return
		}
		rate := i.Run * 1000 / max(i.RunTime/1_000_000, 1)
		if rate < int64(c.set.IdleRate) || i.Amount >= housekeeping {
			return
		}
		owns := lp.Owns || lp.Alone
		sev, v, tail := Info, Certain, ""
		if i.RunTime < everySecond {
			v, tail = Likely, ", if it goes on like this"
		}
		if rate >= int64(c.set.IdleWarn) && i.Run >= 2*fewTurns-1 && owns {
			sev = Warn
		}
		s := fmt.Sprintf("%s is woken %s times a second by a timeout of %s and finds nothing to do%s (%s in %s)", words.Thread(lp), words.Number(rate), words.Duration(i.Amount), tail, words.Times(i.Run), words.Duration(i.RunTime))
		if !owns {
			s += "; it never touches a descriptor, so it may be the housekeeping of its runtime"
		}
		f := c.onThread(lp, i, sev, v, s+".", "compute the timeout from the next timer, or pass -1 when there is none; let other threads wake the loop with an eventfd instead of looking for their work.")
		f.Count = i.Run
	})
}

func stuckCall(c *checker) {
	c.eachThread(timeline.IncStuck, func(lp *timeline.LoopLane, i *timeline.Incident) {
		if i.Worst < c.stall() {
			return
		}
		c.onThread(lp, i, Warn, Certain, fmt.Sprintf("%s was in %s for up to %s while others waited, one of them for %s: one thread with blocking calls serves one descriptor at a time.",
			words.Thread(lp), i.Call, words.Duration(i.Most), words.Duration(i.Worst)), "give each connection a thread, or set O_NONBLOCK and wait for readiness of all of them (poll, epoll).")
	})
	for k := range c.s.Stuck {
		x := &c.s.Stuck[k]
		if x.Loop == nil {
			continue
		}
		lasts := c.s.Now - x.Since
		sev, v := Info, Certain
		switch {
		case c.s.Info.Facts().Has(trace.KnowsUnread): // the lab, where a blocking call is a loop's way to wait unless it keeps others waiting
			if x.Waiting == 0 || x.Longest < c.stall() || lasts < int64(c.set.BlockedCall) {
				continue
			}
			sev = Warn
		case parked[x.Call] || x.Kind == trace.Wait && !(len(c.s.Loops) == 1 && x.Timeout < 0 && len(x.Set) > 0):
			continue
		case x.Calls == 0 && (len(c.s.Loops) == 1 || x.Call != "restart_syscall"):
		case !c.stamped():
			v = Possible // the text may have been cut here
		case lasts < c.stall():
			continue
		}
		what := cmp.Or(x.Call, strings.ToLower(x.Kind.String()))
		switch {
		case x.Kind == trace.Wait && len(x.Set) == 1:
			what += " on " + words.FD(x.Set[0]) + ", without a timeout,"
		case x.Kind == trace.Wait:
			what += " on " + words.Count(int64(len(x.Set)), "descriptor") + ", without a timeout,"
		case x.FD >= 0:
			what += "(" + fmt.Sprint(x.FD) + ")"
		}
		s := fmt.Sprintf("%s is in %s and did not come back before the trace ended", words.Thread(x.Loop), what)
		if c.s.Info.Live {
			s = fmt.Sprintf("%s is in %s and has not come back", words.Thread(x.Loop), what)
		}
		if c.timed() && lasts > 0 {
			s += fmt.Sprintf(" (%s so far)", words.Duration(lasts))
		}
		if x.Waiting > 0 {
			s += fmt.Sprintf("; meanwhile %s unread data, the first for %s", words.Count(x.Waiting, "other descriptor has", "other descriptors have"), words.Duration(x.Longest))
		}
		f := c.onThread(x.Loop, nil, sev, v, s+".", stuckFix(x))
		f.Lane, f.FD = x.Lane, x.FD
		f.at(c, 1, x.Since, c.s.Now)
	}
}

// parked are calls in which a thread rests by design: nothing is wrong with one that is in them.
var parked = map[string]bool{"futex": true, "futex_wait": true, "futex_waitv": true, "wait4": true, "waitid": true, "waitpid": true, "pause": true, "rt_sigsuspend": true,
	"rt_sigtimedwait": true, "sigtimedwait": true, "nanosleep": true, "clock_nanosleep": true, "accept": true, "accept4": true, "io_getevents": true, "io_uring_enter": true}

func stuckFix(x *timeline.Stuck) string {
	switch x.Kind {
	case trace.Write:
		return "find out who should read the other end (ls -l /proc/PID/fd, lsof): a pipe or terminal that nobody reads blocks its writer; set O_NONBLOCK and wait for room where the thread has other work."
	case trace.Read:
		return "find out who should write to the other end (ls -l /proc/PID/fd, lsof); set O_NONBLOCK and wait for readiness where the thread has other work."
	}
	return "look at what the thread waits for (ls -l /proc/PID/fd, /proc/PID/stack), and give the call a timeout where the thread has other work."
}

func noProgress(c *checker) {
	c.eachThread(timeline.IncNoProgress, func(lp *timeline.LoopLane, i *timeline.Incident) {
		sev, v := c.spin(i)
		sev = min(sev, Warn)
		tail := ""
		if i.Counters {
			sev, v, tail = Info, Possible, " Its eventfd was used in each, so it may run tasks that make no calls."
		}
		if i.Tight == 0 && !c.everyTurn(i) || c.explained(lp, sev) {
			return
		}
		which, fix := "", "look at what the wait reports in each iteration and what the program does about it: take out of the set what it does not act upon."
		if i.What != "" {
			which = " (" + i.What + ")"
		}
		if lp.Waits == 0 {
			fix = "wait for readiness (poll, epoll) before the call is tried again."
		}
		f := c.onThread(lp, i, sev, v, fmt.Sprintf("%s made the same calls with the same results%s %s, and nothing came of it: no byte was moved, no connection came, nothing was opened or closed.%s",
			words.Thread(lp), which, c.again(i), tail), fix)
		c.doubt(f, actings)
	})
}

// explained says whether a finding that matters as much names the cause of what a thread does.
func (c *checker) explained(lp *timeline.LoopLane, sev Severity) bool {
	for _, f := range c.found {
		if f.Severity >= sev && f.Rule.cause && (f.stream == lp.Stream || f.pid == int64(lp.PID) || f.pid == 0) {
			return true
		}
	}
	return false
}
