package diagnostics

import (
	"cmp"
	"fmt"
	"slices"

	"evviz/timeline"
	"evviz/words"
)

// Severity is how much a finding matters.
type Severity uint8

// The severities. Info is something to know and no defect: it never makes a check fail.
const (
	Info Severity = iota
	Warn
	Critical
)

var severityNames = [...]string{"info", "warn", "critical"}

// String is the word that the command line takes and prints.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "severity?"
}

// SeverityOf finds a severity by its word.
func SeverityOf(word string) (Severity, bool) {
	i := slices.Index(severityNames[:], word)
	return Severity(max(i, 0)), i >= 0
}

// Verdict is how sure a finding is.
type Verdict uint8

// The verdicts. Certain follows from the calls alone, or from what the lab measured; likely from times and amounts; possible
// needs a look at the program or its sockets.
const (
	Possible Verdict = iota
	Likely
	Certain
)

var verdictNames = [...]string{"possible", "likely", "certain"}

// String is the word.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "verdict?"
}

// Finding is what a rule has found: one for each thing (connection, listener, thread, instance) that it found it on.
type Finding struct {
	Rule     *Rule
	Severity Severity
	Verdict  Verdict

	Lane    int64   // timeline.Lane.ID; 0 it is about a thread, or the whole
	FD      int32   // -1 none
	FDs     []int32 // all of them, where the finding is about several (Together); nil otherwise
	Peer    string  // the connection's other end, or the listener's own address; "" unknown
	Subject string  // "fd 7 (127.0.0.1:53011)", "the loop of thread 4711", ...
	Thread  int64   // thread id, 0 unknown
	Process int64   // whose descriptor or thread it is where the source has several processes; 0 elsewhere

	In string // the thread in which it happened to a descriptor, in words, where the source has several loops; "" elsewhere

	Count       int64
	First, Last int64   // moments of the trace, ns
	Evidence    []int64 // moments to look at, the first first

	Sentence string // what happened, with its numbers
	Fix      string // what to do, with the call to make

	local string     // the descriptor's own address
	pid   int64      // whose descriptor it is; 0 unknown
	more  int        // 1: it sums up what is not told apart,
	rest  []*Finding // ... which is this

	stream uint32 // thread on which it happened last; 0 unknown

	program int64             // process whose loop it is about; 0 unknown
	kind    timeline.LaneKind // of what it is about
	advised bool              // the fix says what it is in a runtime
}

// Short is the finding in a few words, for a list: "fd 7 lt-leftover 63x".
func (f *Finding) Short() string {
	who := f.Subject
	if f.FD >= 0 {
		who = fmt.Sprintf("fd %d", f.FD)
		if f.Process != 0 {
			who += fmt.Sprintf(" of %d", f.Process)
		}
	}
	s := who + " " + f.Rule.Name
	if f.Count > 1 {
		s += " " + words.Number(f.Count) + "x"
	}
	return s
}

// byWeight puts what matters most first, and of what matters as much the cause before its effects; the order is the same for the same trace.
func byWeight(a, b *Finding) int {
	return cmp.Or(-cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Rule.rank(), b.Rule.rank()), -cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Rule.ID, b.Rule.ID),
		cmp.Compare(a.more, b.more), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.First, b.First), cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Thread, b.Thread))
}

// Check holds every rule against a picture and returns what was found, what matters most first. It is pure: the same picture
// and settings give the same findings.
func Check(s *timeline.Snapshot, set Settings) []*Finding {
	c := &checker{s: s, set: set}
	for i := range Rules {
		c.rule = &Rules[i]
		if !c.stamped() && c.rule.ByTime {
			continue
		}
		at := len(c.found)
		if !c.looksOnly() {
			c.rule.check(c)
		}
		if c.rule.look != nil && len(s.Threads) > 0 {
			c.rule.look(c)
		}
		c.gather(at)
	}
	for _, f := range c.found {
		f.advise(c.runtimeOf(f))
		slices.Sort(f.Evidence) // in the order of time
	}
	slices.SortStableFunc(c.found, byWeight)
	return c.found
}
