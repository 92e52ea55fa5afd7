package diagnostics

import (
	"cmp"
	"slices"
	"strings"

	"evviz/timeline"
)

// Stage is how a finding stands at a moment of the trace.
type Stage uint8

// The stages. What a recording shows after the moment is ahead of it.
const (
	Ahead Stage = iota
	Over
	Now
)

var stageNames = [...]string{"ahead", "over", "now"}

// String is the stage in a word.
func (s Stage) String() string { return stageNames[min(int(s), len(stageNames)-1)] }

// What happens again and again is taken to go on until it has not happened for three times as long as it used to take, within these bounds, ns.
const (
	leastPause = int64(250e6)
	mostPause  = int64(10e9)
)

// StageAt is how the finding stands at a moment. s is the picture that it was found in.
func (f *Finding) StageAt(s *timeline.Snapshot, at int64) Stage {
	switch {
	case f.First > at:
		return Ahead
	case at <= f.end(s):
		return Now
	}
	return Over
}

// end is until when the finding is taken to be true.
func (f *Finding) end(s *timeline.Snapshot) int64 {
	l := s.Lane(f.Lane)
	switch {
	case f.Rule.lasts && l != nil && l.Closed != 0:
		return max(f.Last, l.Closed)
	case f.Rule.lasts, f.Rule.strands && l != nil && l.Stranded:
		return max(f.Last, s.Now)
	}
	pause := leastPause
	if f.Count > 1 {
		pause = min(max(3*((f.Last-f.First)/(f.Count-1)), leastPause), mostPause)
	}
	return f.Last + pause
}

// Problem is what several findings of one rule are together: one row in a list, with its subjects under it.
type Problem struct {
	Rule     *Rule
	Findings []*Finding // what is true now first, then by weight; one at least
	Severity Severity   // of the weightiest
	Stage    Stage      // now if it is for one of them; ahead only if it is for all
	Count    int64
	First    int64 // ns
	Last     int64
}

// Problems are findings by what they have in common, as they stand at a moment: what is true now first, then what is over, then what is ahead; within
// that, the weightiest first. s is the picture that they were found in.
func Problems(found []*Finding, s *timeline.Snapshot, at int64) (out []*Problem) {
	of := map[*Rule]*Problem{}
	stages := make(map[*Finding]Stage, len(found))
	for _, f := range found {
		stage := f.StageAt(s, at)
		stages[f] = stage
		p := of[f.Rule]
		if p == nil {
			p = &Problem{Rule: f.Rule, First: f.First, Last: f.Last}
			of[f.Rule] = p
			out = append(out, p)
		}
		p.Findings = append(p.Findings, f)
		p.Severity, p.Stage = max(p.Severity, f.Severity), max(p.Stage, stage)
		p.Count += f.Count
		p.First, p.Last = min(p.First, f.First), max(p.Last, f.Last)
	}
	for _, p := range out {
		slices.SortStableFunc(p.Findings, func(a, b *Finding) int { return -cmp.Compare(stages[a], stages[b]) })
	}
	slices.SortStableFunc(out, func(a, b *Problem) int {
		return cmp.Or(-cmp.Compare(a.Stage, b.Stage), -cmp.Compare(a.Severity, b.Severity))
	})
	return out
}

// Headline is the finding's first sentence, without its point; "" for what the narration of a window begins with anyhow: what is stranded.
func (f *Finding) Headline() string {
	if f.Rule.ID == "EV03" || f.Rule.ID == "EV17" {
		return ""
	}
	s := f.Sentence
	if i := firstSentence.FindStringIndex(s); i != nil {
		s = s[:i[0]]
	}
	return strings.TrimSuffix(s, ".")
}
