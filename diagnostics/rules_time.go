package diagnostics

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

func busyPoll(c *checker) {
	c.eachThread(timeline.IncZeroWait, func(lp *timeline.LoopLane, i *timeline.Incident) {
		if i.Tight == 0 || i.Tight > int64(c.set.WaitWindow) {
			if n := lp.Waits; i.N >= fewTurns && i.Every && i.Call == "" && !c.lab() && !c.stamped() && n <= shortText && 2*i.N >= n { // a short text
				c.onThread(lp, i, Info, Likely, fmt.Sprintf("%s waited with timeout 0 and found nothing %s, of %s in all, and nothing else got done.", words.Thread(lp), words.Times(i.N), words.Count(n, "wait")), busyFix)
			}
			return
		}
		sev := Warn
		if i.Call == timeline.OthersWait {
			sev = Info
		}
		c.onThread(lp, i, sev, Certain, fmt.Sprintf("%s waited with timeout 0 and found nothing %s.", words.Thread(lp), c.again(i)),
			busyFix)
	})
}

// shortText is how many waits a text has at most that shows no more than how a program goes on.
const shortText = 64

const busyFix = "wait with the time until the next timer, or -1 when there is none; a loop that spins on purpose should fall back to a blocking wait after some rounds."

func timeoutRounding(c *checker) {
	c.eachThread(timeline.IncRounding, func(lp *timeline.LoopLane, i *timeline.Incident) {
		if i.N < int64(c.set.Roundings) || lp.Runtime == timeline.RuntimeGo && i.Call == timeline.GoPoller { // its scheduler looks with timeout 0 whether it rounded or not, before every wait
			return
		}
		c.onThread(lp, i, Warn, Likely, fmt.Sprintf("%s: before %s a wait ended too early and %s with timeout 0 followed, up to %s in one go: the timeout was rounded down to whole milliseconds.",
			words.Thread(lp), words.Count(i.N, "timer"), words.Count(i.Sum, "wait"), words.Number(i.Most)), "round the timeout up to the next millisecond, or use epoll_pwait2 or a timerfd, which take nanoseconds.")
	})
}

// tracedWakeup is what a wakeup takes under a tracer, in calls that have nothing to wait for (Stats.Pace): it makes everything late.
const tracedWakeup = 100

func lateWakeup(c *checker) {
	c.eachThread(timeline.IncLate, func(lp *timeline.LoopLane, i *timeline.Incident) {
		o := over(i, max(int64(c.set.LateBy), tracedWakeup*c.s.Stats.Pace))
		if o.n < int64(c.set.LateWakeups) {
			return
		}
		sev := Info
		if above(o.n, c.s.Stats.Waits, c.set.LateShare) {
			sev = Warn
		}
		v, why := Likely, "it was ready to run and did not get a CPU, or its timer has slack"
		switch {
		case i.Sure >= i.N:
			v, why = Certain, "it was ready to run and did not get a CPU"
		case i.Sure > 0:
			why = fmt.Sprintf("%s it was ready to run and did not get a CPU; otherwise its timer has slack", words.Times(i.Sure))
		case c.s.Info.Kinds.Has(trace.RunDelay):
			why = "it did not wait for a CPU, its timer has slack, or the kernel was late to wake it"
		}
		f := c.onThread(lp, i, sev, v, fmt.Sprintf("%s came back from its wait late %s, by up to %s: %s.", words.Thread(lp), o.times(), words.Duration(i.Most), why),
			"look at what else runs on this machine (or in this cgroup); for timers that must be exact set the thread's timer slack (PR_SET_TIMERSLACK) or use a timerfd.")
		f.of(o)
	})
}

func sleepPoll(c *checker) {
	c.eachThread(timeline.IncPolled, func(lp *timeline.LoopLane, i *timeline.Incident) {
		if i.N < int64(c.set.SleepRounds) {
			return
		}
		s := fmt.Sprintf("%s sleeps and polls instead of waiting for readiness: in %s %s found nothing", words.Thread(lp), words.Count(i.N, "round"), words.Count(i.Sum, "call"))
		if st := &c.s.Stats; st.Asked > 0 && st.AskedUseful > 0 {
			s += fmt.Sprintf(", %s for each that got something", ratioWords(st.Asked-st.AskedUseful, st.AskedUseful))
		}
		if l := &c.s.Stats.Latency; l.Count > 0 {
			most := words.Duration(l.Max) + " at most"
			if l.Least.Max {
				most = "at least " + words.Duration(l.Max) + " at worst"
			}
			s += fmt.Sprintf("; data was unread for %s (median), %s", words.Duration(l.P50), most)
		}
		c.onThread(lp, i, Warn, Certain, s+".", "register the descriptors with epoll and wait for readiness with the time until the next timer.")
	})
}

// ratioWords is a over b to one decimal.
func ratioWords(a, b int64) string { return fmt.Sprintf("%.1f", float64(a)/float64(b)) }

func blockedLoop(c *checker) {
	c.eachThread(timeline.IncBlocked, func(lp *timeline.LoopLane, i *timeline.Incident) {
		o := over(i, int64(c.set.Gap))
		if i.Call == "" {
			o = over(i, max(int64(c.set.Gap), c.standstill()))
		}
		if o.n == 0 {
			return
		}
		sev, v := Warn, Certain
		if i.Most >= int64(c.set.BigGap) {
			sev = Critical
		}
		s := fmt.Sprintf("%s did not return to its wait for up to %s (%s over %s)", words.Thread(lp), words.Duration(i.Most), o.times(), words.Duration(int64(c.set.Gap)))
		fix := "move long work to another thread, or cut it into pieces with an iteration of the loop between them."
		if f := c.byCPUTime(lp, i, o, s); f != nil {
			return
		}
		if i.Call == timeline.Scattered {
			f := c.onThread(lp, i, Info, Possible, s+": in many short calls, and being traced lengthens each of them.", "check without strace whether its iterations are long; if they are, handle fewer events per iteration or cut the work into pieces.")
			f.of(o)
			f.advised = true
			return
		}
		if i.Call != "" {
			s += fmt.Sprintf(": most of it in %s", i.Call)
			fix = fmt.Sprintf("keep %s off the loop's thread: give it to a worker, and wake the loop when it is done.", i.Call)
			name, where, _ := strings.Cut(i.Call, " ")
			if i.Sure < i.N && !c.lab() {
				v = Likely // it may as well have been the machine
				if c.seldom(o.n) && name != "sendfile" || c.crowded() {
					sev = Info
				}
			}
			switch name {
			case "futex":
				if c.seldom(o.n) || c.crowded() {
					sev = Info // a lock that another thread held for once, or who holds it had no CPU
				}
				fix = "find out which thread holds what is waited for, and hold it for less time; what the loop's thread takes nobody should hold for long."
			case "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2":
				if where != "" {
					fix = fmt.Sprintf("do not wait in a handler (%s): register what it waits for with the loop itself, or give it to a worker and wake the loop when it is done.", i.Call)
				}
			case "nanosleep", "clock_nanosleep":
				fix = fmt.Sprintf("do not sleep in a handler (%s): set a timer, go back to the wait, and go on when it is due.", i.Call)
			case "close", "shutdown", "socket", "bind", "listen", "setsockopt", "getsockopt", "fcntl", "epoll_ctl", "epoll_create1":
				// They wait for nobody as a rule (close does for a disk, or with SO_LINGER): once, it was the machine or the tracer.
				v = Likely
				if c.seldom(o.n) && i.Most < int64(c.set.BigGap) || c.crowded() {
					sev = Info
				}
			case "sendfile": // the disk, or no processor
				v = Likely
				if c.seldom(o.n) && i.Most < int64(c.set.BigGap) {
					sev = Info
				}
			}
		} else {
			v = Likely
			if o.n < int64(c.set.Pauses) || !c.lab() {
				sev = min(sev, Warn) // no call explains it, and from outside nobody knows whether it had a CPU
				if c.seldom(o.n) || c.crowded() {
					sev = Info
				}
			}
			s += ": computing, or waiting for a CPU, with no system call that explains it"
		}
		if !c.lab() && (i.Amount == 1 && i.Call == "" || i.Lone) {
			sev = Info
			s += "; nothing else waited for it, as far as is seen: it watches one descriptor"
		}
		f := c.onThread(lp, i, sev, v, s+".", fix)
		f.of(o)
		f.advised = i.Call == "futex" // a lock, which no runtime takes
	})
}

// byCPUTime is a finding about pauses of which a signal, or the program's own questions for its CPU time, say what the thread did; nil where nothing
// does.
func (c *checker) byCPUTime(lp *timeline.LoopLane, i *timeline.Incident, o overs, s string) *Finding {
	sev, fix := Warn, "move long work to another thread, or cut it into pieces with an iteration of the loop between them."
	switch {
	case timeline.Stopped(i.Call):
		sev = Info
		s += ": it was " + i.Call
		fix = "there is nothing to fix in the program: find out who sends the signal (a shell's ^Z, a debugger, something that freezes containers)."
	case i.Call == timeline.NotComputing:
		sev = Info
		s += ": it was in no call and not computing, as its CPU time shows, so it had no CPU, was stopped, or waited for a page"
		fix = "look at what else runs on the machine, at the CPU limit of its cgroup and at memory that is swapped out, and not at the handler."
	case i.Call == timeline.Computing, i.Call == timeline.ComputingProcess && lp.Alone:
		s += ": computing, as its CPU time shows"
		switch {
		case c.seldom(o.n) && i.Most < int64(c.set.BigGap):
			sev = Info
		case !c.seldom(o.n) && i.Most >= int64(c.set.BigGap):
			sev = Critical
		}
		if i.Lone || i.Amount == 1 {
			sev = Info
			s += "; nothing else waited for it, as far as is seen: it watches one descriptor"
		}
	case i.Call == timeline.ComputingProcess:
		sev = Info
		s += ": computing, it or another thread of its process, as the process's CPU time shows"
		f := c.onThread(lp, i, sev, Likely, s+".", fix)
		f.of(o)
		return f
	default:
		return nil
	}
	f := c.onThread(lp, i, sev, Certain, s+".", fix)
	f.of(o)
	f.advised = i.Call == timeline.NotComputing || timeline.Stopped(i.Call) // it is nothing of the program's
	return f
}

// crowded says of a program that is watched from outside that its machine had no CPU free for it, or nobody knows: calls that cannot wait took
// milliseconds, more than a few times; or the source does not tell how long calls took, or was told to leave some out, and the time between
// two of them is all there is.
func (c *checker) crowded() bool {
	return c.stood() || !c.lab() && (!c.s.Info.Facts().Has(trace.KnowsDurations) || c.s.Info.Filtered)
}

// stood says that its machine had no CPU free for it, more than a few times.
func (c *checker) stood() bool { return !c.lab() && c.s.Stats.Delays >= fewDelays }

const fewDelays = 3

// standstill is how long a thread that is watched from outside may stand still for no reason of its own, ns: some times what calls took
// that have nothing to wait for.
func (c *checker) standstill() int64 {
	if c.lab() {
		return 0
	}
	return standstills * c.s.Stats.Delay
}

// standstills is by how much a pause must be longer than what the tracer, or a busy machine, makes of a call that cannot wait.
const standstills = 5

// seldom says of CPU time of a program that is watched from outside that it is no defect yet: a compiler that warms up
// and a machine that had no CPU free look the same, once or twice.
func (c *checker) seldom(n int64) bool { return !c.lab() && n < int64(c.set.Pauses) }

func headOfLine(c *checker) {
	c.each(timeline.IncBehind, func(x subject, i *timeline.Incident) {
		o := over(i, int64(c.set.Behind))
		if i.Call == timeline.Unexplained {
			o = over(i, max(int64(c.set.Behind), c.standstill()))
		}
		if o.n == 0 {
			return
		}
		sev, v := Warn, Certain
		if i.Call == timeline.Unexplained {
			v = Likely
		}
		switch {
		case i.Call == timeline.Scattered:
			sev, v = Info, Possible // many short turns, each lengthened by the tracer
		case i.Call == timeline.NotComputing:
			sev, v = Info, Certain // the thread before it had no CPU, was stopped, or waited for a page
		case i.Call == "futex" && o.n < int64(c.set.Pauses), c.stood() && o.n < int64(c.set.Pauses):
			sev = Info
		case i.Call == timeline.Unexplained && !c.lab() && (o.n < int64(c.set.Pauses) || c.crowded()), c.seldom(o.n) && i.Most < int64(c.set.BehindOnce):
			sev = Info // a pause of the machine, perhaps
		case i.Most >= int64(c.set.BigGap) && i.Call != timeline.Unexplained:
			sev = Critical
		}
		f := c.find(x, i, sev, v, fmt.Sprintf("%s waited up to %s behind other handlers of the same batch, %s over %s.", x.name, words.Duration(i.Most), o.times(), words.Duration(int64(c.set.Behind))),
			"shorten the handler before it, give handlers a budget, or move long work off the loop's thread.")
		f.of(o)
	})
}

func timerDrift(c *checker) {
	c.eachThread(timeline.IncDrift, func(lp *timeline.LoopLane, i *timeline.Incident) {
		if i.N < int64(c.set.Drifts) {
			return
		}
		c.onThread(lp, i, Warn, Certain, fmt.Sprintf("%s: a repeating timer was set again relative to when its callback had run, %s: it has drifted by %s in all.", words.Thread(lp), words.Times(i.N), words.Duration(i.Sum)),
			"set the next deadline from the last deadline and not from now (due += period), or use a timerfd with an interval.")
	})
	c.eachThread(timeline.IncOverrun, func(lp *timeline.LoopLane, i *timeline.Incident) {
		sev := Info
		if i.N >= int64(c.set.Overruns) {
			sev = Warn
		}
		c.onThread(lp, i, sev, Certain, fmt.Sprintf("%s: a timer fired for several periods at once, %s, %s at most: the loop was busy for longer than the period.", words.Thread(lp), words.Times(i.N), words.Number(i.Most)),
			"find out what blocks the loop (EV25), or make the period longer than the longest iteration.")
	})
	starvedTick(c)
}

// starvedTick is periodic work that is done when a wait has timed out, and only then.
func starvedTick(c *checker) {
	c.eachThread(timeline.IncTick, func(lp *timeline.LoopLane, i *timeline.Incident) {
		o := over(i, max(int64(c.set.TicksMissed), 2)*i.Amount)
		if o.n == 0 || c.lab() {
			return
		}
		what, sev, v, tail := "", Warn, Likely, ""
		if i.What != "" {
			what = " (" + i.What + ")"
		}
		if i.Lone { // it may as well say that nothing came
			sev, v, tail = Info, Possible, " If it prints that nothing has come for so long, this is as it should be."
		}
		many := words.Duration(i.Most)
		if o.n > 1 {
			many = fmt.Sprintf("up to %s (%s)", many, o.times())
		}
		f := c.onThread(lp, i, sev, v, fmt.Sprintf("%s does something%s each time its wait has timed out after %s, and only then: while events came faster than that it was not done for %s, because after each event the next wait began with the whole timeout again.%s",
			words.Thread(lp), what, words.Duration(i.Amount), many, tail),
			"keep the time at which it is due next: pass to each wait what is left until then, and look after each wait, also one that brought events, whether it is due; or add a timerfd with an interval to what is waited for.")
		f.of(o)
	})
}
