package words

import (
	"strconv"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// ExplainLane says what a lane is, how it stands at the end of [t0, t1), and what it did in it.
func ExplainLane(s *timeline.Snapshot, l *timeline.Lane, t0, t1 int64) Page {
	at := min(t1, s.Now)
	p := Page{Title: plain.Text(strings.TrimSpace(who(l) + " (" + l.Kind.String() + ")"))}
	line := Explain(l, t0, at, s.Info.Timed)
	line = strings.TrimPrefix(strings.TrimPrefix(line, plain.Text(who(l))), " · ")
	p.add("In this window", strings.ReplaceAll(line, " · ", "; "))
	if l.Kind != timeline.KindEpoll || l.Registered {
		p.add("Registered", registeredAs(s, l))
	}
	p.add("Its events, over its whole life", classShares(&l.Stats))
	p.add("Delays", laneDelays(l))
	p.add("Calls on it", explainInstance(l.Instance))
	since, stranded, waits := l.WaitingAt(at - 1)
	switch {
	case waits && stranded:
		p.add(headWhat, "Unread for "+Duration(at-since)+", and there is no further notification. "+kernelRules["trigger/stranded"].what)
		p.rule("trigger/stranded")
	case l.Closed != 0 && l.Closed <= at:
		p.rule("event/descriptor")
	case l.Kind == timeline.KindEpoll:
		p.add(headWhat, "It is an epoll instance: the set of what a loop waits for, and no descriptor that the loop reads from.")
	case l.Kind == timeline.KindWake:
		p.rule("class/wake-up")
	case l.Kind == timeline.KindTimer:
		p.rule("class/timer")
	case l.Kind == timeline.KindListener && l.TriggerAt(at) == trace.TriggerNone:
		p.rule("event/accept")
	default:
		word := trace.TriggerNames.Word(l.TriggerAt(at))
		if word == "" {
			word = "none"
		}
		p.rule("trigger/" + word)
	}
	return p
}

// RegistrationSeen says of a lane without a registration whether it would have been seen if it had one: since its beginning, or in a look. A call
// trace in which no epoll_ctl stands at all, though events are returned, was filtered, and what is not in it says nothing.
func RegistrationSeen(s *timeline.Snapshot, l *timeline.Lane) bool {
	if l.Look != nil {
		return true
	}
	filtered := !s.Mode.Known && s.Stats.Registers == 0 && s.Stats.Reports > 0
	return l.Opened != 0 && s.Info.Kinds.Has(trace.Register) && s.Stats.Gaps == 0 && !filtered
}

// registeredAs says how a lane is registered now.
func registeredAs(sn *timeline.Snapshot, l *timeline.Lane) string {
	switch {
	case !l.Registered && !RegistrationSeen(sn, l):
		return "Not known: it is older than the events, and its registration, if it has one, was not seen."
	case !l.Registered:
		return "No instance."
	}
	s := "For "
	if l.Interest != 0 {
		s += trace.PollString(l.Interest)
	} else {
		s += "nothing, or unknown"
	}
	if !l.Armed {
		s += "; disarmed until the next EPOLL_CTL_MOD"
	}
	if d := l.Drain.String(); d != "" {
		s += "; after the last event: " + d
	}
	return s + "."
}

// classShares says of which classes the events were, the most frequent first.
func classShares(st *timeline.LaneStats) string {
	var sum int64
	for _, n := range st.Class {
		sum += n
	}
	if sum == 0 {
		return ""
	}
	used := [timeline.ClassCount]bool{}
	var parts []string
	for len(parts) < 5 {
		best := -1
		for c, n := range st.Class {
			if n > 0 && !used[c] && (best < 0 || n > st.Class[best]) {
				best = c
			}
		}
		if best < 0 {
			break
		}
		used[best] = true
		parts = append(parts, Number(st.Class[best])+" "+timeline.Class(best).String())
	}
	return Count(sum, "event") + ": " + strings.Join(parts, ", ")
}

// laneDelays says the typical and the longest of each delay that is known.
func laneDelays(l *timeline.Lane) string {
	var lines []string
	for m := range timeline.MeasureCount {
		d := l.Delays(m)
		most := ", at most " + Duration(d.Max)
		if d.Least.Max {
			most = ", at worst " + AtLeast(d.Max, true)
		}
		line := m.String() + ": "
		switch {
		case !d.Known || d.Count == 0:
			continue
		case d.Count == 1 && d.Unfinished == 0:
			line += "once, " + Duration(d.Max)
		case d.Count == 1:
			line += AtLeast(d.Max, true)
		default:
			line += "median " + AtLeast(d.P50, d.Least.P50) + most + ", of " + Number(d.Count)
		}
		if d.Unfinished > 0 {
			line += " (" + Unfinished(m, d.Unfinished) + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// ExplainLoop says what a loop's thread does at a moment, and how its time went over the run.
func ExplainLoop(s *timeline.Snapshot, l *timeline.LoopLane, at int64) Page {
	st := l.StateAt(at)
	p := Page{Title: threadTitle(s, l.Stream)}
	now := "At this moment it is " + st.String()
	if st == timeline.LoopUnknown {
		now = "What it does at this moment is not known"
	}
	if at >= s.Now && st == l.State && l.Since > 0 && at > l.Since {
		now += ", for " + Duration(at-l.Since)
	}
	if l.Ended != 0 && at >= l.Ended {
		now = "The thread has ended"
	}
	p.add(headWhat, now+". "+kernelRules["state/"+keyed(st.String())].what)
	if u, ok := s.TurnAt(l.Stream, at); ok {
		p.add("Why it woke", sentence(WhyWoke(s, &u)))
	}
	p.add("Over the whole run", loopShares(l))
	if l.Watched >= 0 && l.Ended == 0 {
		p.add("It watches", Count(l.Watched, "descriptor"))
	}
	p.rule("state/" + keyed(st.String()))
	return p
}

func loopShares(l *timeline.LoopLane) string {
	total := l.Split.Total()
	if total <= 0 {
		return ""
	}
	var parts []string
	for _, x := range []struct {
		name string
		ns   int64
	}{{"waiting", l.Split.Waiting}, {"asleep", l.Split.Asleep}, {"waiting beyond its timeout, or beyond need", l.Split.Overrun},
		{"runnable without a CPU", l.Split.RunDelay}, {"in handlers", l.Split.Handler}, {"in handlers while others of the batch waited", l.Split.Queueing}} {
		if x.ns > 0 {
			parts = append(parts, Percent(float64(x.ns)/float64(total))+" "+x.name)
		}
	}
	return strings.Join(parts, ", ") + " (of " + Duration(total) + ")"
}

// explainInstance says which calls were made on an epoll instance, or of a set; "" when nothing was.
func explainInstance(st *timeline.InstanceStats) string {
	if st == nil || st.Waits == 0 {
		return ""
	}
	return Count(st.Waits, "wait") + ", " + Count(st.Reports, "event") + ", " + strconv.FormatInt(st.Registers, 10) + " ADD, " +
		strconv.FormatInt(st.Modifies, 10) + " MOD, " + strconv.FormatInt(st.Deregisters, 10) + " DEL"
}
