package tui

import (
	"slices"
	"strings"

	"evviz/diagnostics"
	"evviz/timeline"
)

// Findings on the screen
//
//	header    how many problems there are now, in the colour of the worst
//	headline  the most important one that is true now
//	lanes     a mark between the label and the picture of a lane that has one, and in the picture where it happened
//	list      left of the events: what is true at the window's edge first, then what is over, then what is ahead (a narrow screen has it only in view 5)
//	view 5    all of them, with evidence, explanation and remedy
//	n N       go to the next one: its moment in the middle, its lane selected, its sentence below the lanes
//	Enter     the page about it
//
// They are computed anew for a new snapshot at most every findEvery of the trace's present; a list that changed with every
// frame could not be read. A finding is recognised again by its rule and its subject.

const findEvery = int64(250e6)

// findingKey is what a finding is recognised by in the next snapshot. Lanes are numbered anew in another timeline of the same
// source, so a descriptor is known by what the finding calls it and by when it began.
type findingKey struct {
	rule    string
	thread  int64
	subject string
	first   int64
}

func keyOf(f *diagnostics.Finding) findingKey {
	k := findingKey{f.Rule.ID, f.Thread, f.Subject, 0}
	if f.FD >= 0 {
		k.first = f.First
	}
	return k
}

// checker asks the rules what they say of a snapshot, and keeps it.
type checker struct {
	src      *source
	settings diagnostics.Settings

	of    *timeline.Snapshot
	found []*diagnostics.Finding
	whole bool // they are those of the whole source, not only of what has been played

	foundOf []*diagnostics.Finding // what stand was made of
	edge    int64
	stand   []*diagnostics.Problem

	wholeOf    *timeline.Snapshot // what wholeFound is about
	wholeFound []*diagnostics.Finding
}

// findings are those of a snapshot, or of one shortly before it. Of a recording that was read through they are those of the
// whole, so that one can go to what is still to come.
func (j *checker) findings(s *timeline.Snapshot) (found []*diagnostics.Finding, whole bool) {
	if j.of == s || j.of != nil && s.Now >= j.of.Now && s.Now-j.of.Now < j.src.every() && s.First == j.of.First && s.Begin == j.of.Begin && s.Now != s.Last {
		return j.found, j.whole
	}
	if w, share := j.src.feed.Whole(); w != nil && share >= 1 {
		if j.wholeFound == nil || j.wholeOf != w {
			j.wholeOf, j.wholeFound = w, diagnostics.Check(w, j.settings)
		}
		j.of, j.found, j.whole = s, translated(j.wholeFound, w, s), true
		return j.found, j.whole
	}
	j.of, j.found, j.whole = s, diagnostics.Check(s, j.settings), false
	return j.found, j.whole
}

// problems are what was found as it stands at the edge of a frame.
func (j *checker) problems(f *frame) []*diagnostics.Problem {
	edge := f.edge()
	if len(f.found) > 0 && len(j.foundOf) == len(f.found) && j.foundOf[0] == f.found[0] && j.edge == edge {
		return j.stand
	}
	j.foundOf, j.edge, j.stand = f.found, edge, diagnostics.Problems(f.found, f.snap, edge)
	return j.stand
}

// forget makes it ask the rules anew: the source is another one.
func (j *checker) forget() { *j = checker{src: j.src, settings: j.settings} }

// translated are the findings of one timeline with the lanes of another: each numbers its own.
func translated(found []*diagnostics.Finding, from, to *timeline.Snapshot) (out []*diagnostics.Finding) {
	type exact struct {
		laneName
		opened int64
	}
	full, rough := map[exact]int64{}, map[laneName]int64{}
	for _, l := range to.Lanes {
		n := nameOf(l)
		full[exact{n, l.Opened}] = l.ID
		rough[n] = l.ID
	}
	for _, f := range found {
		c := *f
		if f.Lane != 0 {
			c.Lane = 0
			if l := from.Lane(f.Lane); l != nil {
				n := nameOf(l)
				id, ok := full[exact{n, l.Opened}]
				if !ok {
					id = rough[n]
				}
				c.Lane = id
			}
		}
		out = append(out, &c)
	}
	return out
}

// findings are the list of what was found, and going through it.
type findings struct {
	top  int                    // first problem shown
	rows []*diagnostics.Finding // by row of the list: whose it is, nil nobody's

	scene    *scene
	selected *selection
	window   *window
	status   *status
}

// next selects the problem after the selected one and shows its moment. It begins with the first of the list, and goes by rule from there: the list is
// another one at each moment, and going by it would meet some twice and others never.
func (x *findings) next(by int) {
	if x.scene.frame == nil || len(x.scene.problems) == 0 {
		x.status.say("nothing has been found")
		return
	}
	list := slices.Clone(x.scene.problems)
	if slices.ContainsFunc(list, func(p *diagnostics.Problem) bool { return slices.ContainsFunc(p.Findings, x.selects) }) {
		slices.SortFunc(list, func(a, b *diagnostics.Problem) int { return strings.Compare(a.Rule.ID, b.Rule.ID) })
	}
	i := slices.IndexFunc(list, func(p *diagnostics.Problem) bool { return slices.ContainsFunc(p.Findings, x.selects) })
	switch {
	case i < 0 && by < 0:
		i = len(list) - 1
	case i < 0:
		i = 0
	default:
		i = (i + by + len(list)) % len(list)
	}
	x.show(list[i].Findings[0])
}

// selects reports whether a finding is the selected one.
func (x *findings) selects(f *diagnostics.Finding) bool { return keyOf(f) == x.selected.finding }

// show selects a finding and puts its first piece of evidence into the middle of the window. A replay is taken there,
// so that it plays on from that moment.
func (x *findings) show(f *diagnostics.Finding) {
	at := f.First
	if len(f.Evidence) > 0 {
		at = f.Evidence[0]
	}
	x.window.goTo(at)    // before anything is selected: undo goes back to what was
	x.window.cursor = at // the lists are about that moment, too
	x.selected.finding = keyOf(f)
	if f.Lane != 0 {
		x.selected.choose(f.Lane, x.scene.snap)
	}
}

// move selects the finding above or below: the next subject of the problem, or the next problem.
func (x *findings) move(by int) {
	var list []*diagnostics.Finding
	for _, p := range x.scene.problems {
		list = append(list, p.Findings...)
	}
	if len(list) == 0 {
		return
	}
	i := slices.IndexFunc(list, x.selects)
	if i < 0 && by < 0 {
		i = len(list)
	}
	x.selected.finding = keyOf(list[min(max(i+by, 0), len(list)-1)])
}

// chosen is the selected finding as it stands now, nil when none is.
func (sc *scene) chosen() *diagnostics.Finding {
	if sc.frame == nil {
		return nil
	}
	return sc.findingOf(sc.finding)
}
