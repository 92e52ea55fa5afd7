package diagnostics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// checker is one run of the rules over a picture.
type checker struct {
	s     *timeline.Snapshot
	set   Settings
	rule  *Rule
	found []*Finding
	lanes []subject
}

// subject is a lane, or all lanes of which only the sum of what happened is kept.
type subject struct {
	l    *timeline.Lane
	name string
}

// subjects are the lanes that something happened on.
func (c *checker) subjects() []subject {
	if c.lanes != nil {
		return c.lanes
	}
	c.lanes = []subject{}
	for _, l := range c.s.Lanes {
		if len(l.Incidents) > 0 {
			c.lanes = append(c.lanes, subject{l, laneName(l)})
		}
	}
	for i := range c.s.Past {
		p := &c.s.Past[i]
		l := &timeline.Lane{FD: -1, Kind: timeline.KindConn, Unread: -1, Unsent: -1, Incidents: []timeline.Incident{p.Incident}}
		c.lanes = append(c.lanes, subject{l, pastName(p.Lanes)})
	}
	return c.lanes
}

// pastName is what n descriptors are called of which only the sum is kept: what is said of one of them is true of it.
func pastName(n int64) string {
	if n == 1 {
		return "a closed descriptor"
	}
	return "one or another of " + words.Number(n) + " closed descriptors"
}

// each visits every incident of a kind on a lane.
func (c *checker) each(k timeline.IncidentKind, visit func(x subject, i *timeline.Incident)) {
	for _, x := range c.subjects() {
		for i := range x.l.Incidents {
			if x.l.Incidents[i].Kind == k {
				visit(x, &x.l.Incidents[i])
			}
		}
	}
}

// eachThread visits every incident of a kind on a thread.
func (c *checker) eachThread(k timeline.IncidentKind, visit func(lp *timeline.LoopLane, i *timeline.Incident)) {
	for _, lp := range c.s.Loops {
		for i := range lp.Incidents {
			if lp.Incidents[i].Kind == k {
				visit(lp, &lp.Incidents[i])
			}
		}
	}
}

// inSet says in the words of poll and select what is said in those of epoll.
var inSet = strings.NewReplacer(
	"take it out of the set: with EPOLL_CTL_DEL, or out of poll's array.", "take it out of the array that is passed to poll.",
	"take EPOLLIN out of the mask with EPOLL_CTL_MOD", "take POLLIN out of its entry in poll's array (select: leave it out of the set)",
	"take it out of the set with EPOLL_CTL_MOD", "leave it out of the set that is passed to poll or select",
	"take EPOLLIN (and EPOLLRDHUP) out of its mask first", "take POLLIN (and POLLRDHUP) out of its entry first",
	"arm EPOLLOUT with EPOLL_CTL_MOD only after", "ask for POLLOUT only after",
	", or register it with EPOLLET", "",
	"EPOLL_CTL_DEL", "the array", "EPOLLOUT", "POLLOUT", "EPOLLIN", "POLLIN", "EPOLLRDHUP", "POLLRDHUP", "EPOLL_CTL_MOD", "the array",
	"it is level-triggered, so every wait returns at once", "what is ready stays so, and every wait returns at once")

func laneName(l *timeline.Lane) string {
	name := words.FDOf(l)
	switch {
	case l.Kind == timeline.KindListener:
		name += " (listener"
		if l.Local != "" {
			name += " " + l.Local
		}
		return name + ")"
	case l.Peer != "":
		return name + " (" + l.Peer + ")"
	case l.Label != "":
		return name + " (" + l.Label + ")"
	}
	return name
}

// unknownTrigger is added to what is a finding only under level triggering.
const unknownTrigger = " It was registered before this log began, so its trigger is not known: check --look reads it while the program runs."

// find begins a finding about a lane.
func (c *checker) find(x subject, i *timeline.Incident, sev Severity, v Verdict, sentence, fix string) *Finding {
	f := &Finding{Rule: c.rule, Severity: sev, Verdict: v, Lane: x.l.ID, FD: x.l.FD, Peer: x.l.Peer, Process: int64(x.l.Process), Subject: x.name, Sentence: sentence, Fix: fix}
	f.local = x.l.Local
	if x.l.Kind == timeline.KindListener && c.kinshipUnknown() && f.Rule.ID == "EV01" {
		c.unrelated(f)
	}
	if x.l.InSet {
		f.Sentence, f.Fix = inSet.Replace(f.Sentence), inSet.Replace(f.Fix)
	}
	if x.l.Before && f.Verdict < Certain && x.l.Registered && f.Rule.trigger {
		f.Sentence += unknownTrigger
	}
	if x.l.Kind == timeline.KindListener {
		f.Peer = x.l.Local
	}
	for _, lp := range c.s.Loops {
		if i != nil && lp.Stream == i.Stream {
			f.Thread, f.pid = int64(lp.TID), int64(lp.PID)
			if len(c.s.Loops) > 1 {
				f.In = words.Thread(lp)
			}
		}
	}
	c.add(f, i)
	return f
}

// onThread begins a finding about a thread.
func (c *checker) onThread(lp *timeline.LoopLane, i *timeline.Incident, sev Severity, v Verdict, sentence, fix string) *Finding {
	f := &Finding{Rule: c.rule, Severity: sev, Verdict: v, FD: -1, Thread: int64(lp.TID), Process: int64(lp.Process), Subject: words.Thread(lp), Sentence: sentence, Fix: fix}
	c.add(f, i)
	return f
}

func (c *checker) add(f *Finding, i *timeline.Incident) {
	if i != nil {
		f.stream = i.Stream
		f.Count, f.First, f.Last = i.N, i.First, i.Last
		for _, m := range i.Moments {
			f.Evidence = append(f.Evidence, m.At)
		}
		if len(f.Evidence) == 0 {
			f.Evidence = []int64{i.First}
		}
	}
	c.found = append(c.found, f)
}

// tracedTurn is what a turn of a spin takes under a tracer, in calls that have nothing to wait for (Stats.Pace): it makes a few
// calls, and of each the tracer shows a tenth.
const tracedTurn = 40

// fewTurns is how many iterations of a short text, all equal, are a spin as far as it goes.
const fewTurns = 3

// spin grades an incident that comes in rows, and says how sure it is. What lasts makes every wait return at once, so a row is a spin at any
// speed: only the work of the loop, or its tracer, slows it down. A program that sleeps or waits for timers of its own between is
// measured by the time of the row.
func (c *checker) spin(i *timeline.Incident) (Severity, Verdict) {
	if c.everyTurn(i) && i.Tight == 0 {
		return Warn, min(sure(i), Likely)
	}
	return c.spinning(i), sure(i)
}

// everyTurn says of an incident that it was so in every iteration of a text that shows only a few.
func (c *checker) everyTurn(i *timeline.Incident) bool {
	return !c.lab() && i.Every && i.Naps == 0 && i.Run+1 >= fewTurns && i.Run+2 >= i.Waits
}

// spinning is the severity that spin gives.
func (c *checker) spinning(i *timeline.Incident) Severity {
	switch {
	case i.Tight == 0 || i.Naps > 0 && i.Tight > int64(c.set.SpinWindow):
		return Info
	case !c.stamped() || i.Tight > int64(c.set.SpinWindow):
		return Warn
	case i.Run >= int64(c.set.CriticalRow) && i.RunTime < (i.Run-1)*max(1e9/int64(max(c.set.SpinRate, 1)), tracedTurn*c.s.Stats.Pace):
		return Critical
	}
	return Warn
}

// stall is how long something must lie before it counts as forgotten.
func (c *checker) stall() int64 {
	if c.lab() {
		return int64(c.set.LabStall)
	}
	return int64(c.set.Stall)
}

// timed says whether the source has times; without them lines are put a microsecond apart, and no duration is true.
func (c *checker) timed() bool { return c.s.Info.Timed }

// stamped says whether the times are measured, and not derived from what the calls say: then a short text shows a short time, and otherwise
// nobody knows how long it was.
func (c *checker) stamped() bool { return c.timed() && !c.s.Info.Derived }

// doubt takes certainty from a finding that says that nobody did anything, where the trace has nothing that anybody could have
// done: strace was told to leave that out, perhaps.
//
// It is decided for each family of calls: one read in the trace shows that reads were traced, and nothing about writes. A call that no rule
// is about shows that nothing was left out.
func (c *checker) doubt(f *Finding, by family) {
	switch {
	case c.lab():
		return
	case c.s.Info.Handed > 0 && c.single():
		f.Severity, f.Verdict = Info, Possible
		f.Sentence += " The thread wakes others, which are not in this trace and may do it: run strace with -f."
		return
	case by.seen(&c.s.Stats) > 0, c.unfiltered() && !c.s.Info.Filtered:
		return
	case c.s.Info.Filtered:
		f.Severity = Info
	}
	f.Severity, f.Verdict = min(f.Severity, Warn), Possible
	f.Sentence += fmt.Sprintf(" There is not one %s in the trace: if strace was run without them (-e trace=...), this is not a finding.", by.name)
}

// kinshipUnknown says whether some threads may be of other processes than they are taken for, with descriptors that differ.
func (c *checker) kinshipUnknown() bool { return c.s.Info.Guessed > 0 }

// unrelated takes certainty from what follows only if threads share a descriptor table.
func (c *checker) unrelated(f *Finding) {
	if c.kinshipUnknown() {
		f.Severity, f.Verdict = Info, Possible
		f.Sentence += " The trace does not show how some of its threads began: if they are processes, their descriptors are others."
	}
}

// single says whether the trace has one thread.
func (c *checker) single() bool { return len(c.s.Loops) == 1 && c.s.Loops[0].Alone }

// unfiltered says whether the trace has calls that nobody asks strace for who wants the loop alone.
func (c *checker) unfiltered() bool { return c.s.Info.OtherCalls > 0 || c.s.Stats.Sleeps > 0 }

// family is calls of which a trace has all or, where it was filtered, none.
type family struct {
	name string
	seen func(st *timeline.Stats) int64
}

// The families whose absence a rule may build on.
var (
	readings = family{"read or accept", func(st *timeline.Stats) int64 {
		return st.Reads + st.ReadEOF + st.ReadErr + st.ReadAgain + st.Accepts + st.AcceptErr + st.AcceptAgain
	}}
	writings = family{"write", func(st *timeline.Stats) int64 { return st.Writes + st.WriteErr + st.WriteAgain }}
	actings  = family{"read, write, accept or close", func(st *timeline.Stats) int64 {
		return readings.seen(st) + writings.seen(st) + st.Closes
	}}
	closings = family{"close", func(st *timeline.Stats) int64 { return st.Closes }}
)

// lab says whether the source measures both ends.
func (c *checker) lab() bool { return c.s.Info.Facts().Has(trace.KnowsBothEnds) }

// sure is certain when every one of an incident was measured, and otherwise likely.
func sure(i *timeline.Incident) Verdict {
	if i.Sure >= i.N {
		return Certain
	}
	return Likely
}

// overs are the moments of an incident with a value of at least a limit.
type overs struct {
	n    int64
	at   []int64
	more bool // there were more than are kept, and all that are kept reach it: n is a lower bound
}

func over(i *timeline.Incident, limit int64) (o overs) {
	for _, m := range i.Moments {
		if m.V >= limit {
			o.n++
			o.at = append(o.at, m.At)
		}
	}
	o.more = int(o.n) == len(i.Moments) && o.n < i.N
	return o
}

// atLeast stands before the number in words where it is a lower bound.
func (o overs) atLeast() string {
	if o.more {
		return "at least "
	}
	return ""
}

func (o overs) times() string { return o.atLeast() + words.Times(o.n) }

// of makes a finding one about them.
func (f *Finding) of(o overs) { f.Count, f.Evidence = o.n, o.at }

// maxFindings is how many findings of one rule are told apart, unless the rule says otherwise; the rest is summed up in the last.
const (
	maxFindings = 16
	maxInfos    = 4 // of those that are no defects
)

// gather keeps the weightiest findings of a rule, from the index at on, and sums up the rest.
func (c *checker) gather(at int) {
	c.found = append(c.found[:at], gathered(c.rule, c.found[at:])...)
}

// gathered is the weightiest findings of a rule, and the sum of the others.
func gathered(rule *Rule, mine []*Finding) []*Finding {
	slices.SortStableFunc(mine, byWeight)
	most := maxFindings
	if rule.apart > 0 {
		most = rule.apart
	}
	if i := slices.IndexFunc(mine, func(f *Finding) bool { return f.Severity == Info }); i >= 0 {
		most = min(most, i+maxInfos)
	}
	if len(mine) <= most {
		return mine
	}
	rest := mine[most-1:]
	sum := *rest[0]
	sum.rest = slices.Clone(rest)
	sum.FDs, sum.Lane, sum.FD, sum.Peer, sum.Thread, sum.Process, sum.In, sum.Count = nil, 0, -1, "", 0, 0, "", 0
	for _, f := range rest {
		sum.Count += f.Count
		sum.First, sum.Last = min(sum.First, f.First), max(sum.Last, f.Last)
		sum.Severity, sum.Verdict = max(sum.Severity, f.Severity), min(sum.Verdict, f.Verdict)
		if len(sum.Evidence) < maxFindings {
			sum.Evidence = append(sum.Evidence, f.First)
		}
	}
	sum.Subject, sum.more = words.Number(int64(len(rest)))+" more", 1
	sum.Sentence = fmt.Sprintf("%s of the same kind, %s all together; the first: %s", words.Count(int64(len(rest)), "more finding"), words.Times(sum.Count), rest[0].Sentence)
	slices.SortFunc(sum.Evidence, cmp.Compare[int64])
	return append(slices.Clone(mine[:most-1]), &sum)
}

// above says whether a part is more than so many percent of the whole, atLeast whether it is as many or more.
func above(part, whole int64, percent int) bool { return 100*part > int64(percent)*whole }

func atLeast(part, whole int64, percent int) bool { return 100*part >= int64(percent)*whole }
