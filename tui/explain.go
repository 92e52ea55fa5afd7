package tui

import (
	"fmt"
	"slices"
	"strings"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/words"
)

// Enter explains what is selected: what happened, in the numbers at hand, and the kernel's rule behind it. The words are
// those of words and diagnostics; here they are only laid out.

// explainLane explains the selected lane.
func (g *pages) explainLane() {
	sc := g.scene
	l := sc.selected()
	if l == nil {
		g.status.say("select a line first, with the arrows up and down")
		return
	}
	t0, t1 := sc.seen()
	g.words(words.ExplainLane(sc.snap, l, t0, t1))
}

// explainEvent explains an event.
func (g *pages) explainEvent(i int64) {
	s := g.scene.snap
	if _, ok := s.Event(i); !ok {
		g.status.say("no event is kept of this moment")
		return
	}
	g.words(words.ExplainEvent(s, i))
}

// explainLoop explains what the selected loop does at the cursor, or at the right edge.
func (g *pages) explainLoop() {
	sc := g.scene
	l := sc.loop()
	if l == nil {
		g.status.say("there is no loop to explain: select a lane or an event")
		return
	}
	_, at := sc.seen()
	if sc.cursor != 0 {
		at = sc.cursor
	}
	g.words(words.ExplainLoop(sc.snap, l, at))
}

// explainFinding opens the page about the finding that is selected, which may be another one later on.
func (g *pages) explainFinding() { g.open(pageText, findingPage) }

// findingPage is the page about the selected finding: what was found, then the rule's own page.
func findingPage(sc *scene, w int) (title string, lines []helpLine) {
	x := sc.chosen()
	if x == nil {
		return "the finding is gone", nil
	}
	para := func(head, s string) {
		lines = append(lines, helpLine{keys: "#", text: head, whole: true})
		for _, l := range wrap(clean(s), w) {
			lines = append(lines, helpLine{text: l, whole: true})
		}
		lines = append(lines, helpLine{whole: true})
	}
	para("What was found", x.Sentence)
	para("What to do", x.Fix)
	when := fmt.Sprintf("%s s", seconds(x.First-sc.snap.First, 6))
	if x.Last > x.First {
		when += fmt.Sprintf(" to %s s", seconds(x.Last-sc.snap.First, 6))
	}
	if !sc.snap.Info.Timed {
		when = "this source knows the order of things, not their times"
	}
	if x.In != "" {
		when += ", in " + clean(x.In)
	}
	para("When, and confidence", fmt.Sprintf("%s; %s, %s", when, x.Severity, x.Verdict))
	rest := pageLines(x.Rule.Page(), w)
	for len(rest) > 0 && rest[0].text == "" {
		rest = rest[1:]
	}
	return x.Rule.ID + " " + x.Rule.Name, append(lines, rest...)
}

// explainRule opens the page of a rule by its number.
func (g *pages) explainRule(id string) error {
	r := diagnostics.RuleOf(id)
	if r == nil {
		return fmt.Errorf("explain %s: there is no such rule; %s", id, diagnostics.IDs())
	}
	g.open(pageText, func(_ *scene, w int) (string, []helpLine) {
		return r.ID + " " + r.Name, pageLines(r.Page(), w)
	})
	return nil
}

// ruleNames are the numbers of the rules.
func ruleNames() (out []string) {
	for i := range diagnostics.Rules {
		out = append(out, diagnostics.Rules[i].ID)
	}
	return out
}

// turnTitle says what there was to do in a turn.
func turnTitle(t *timeline.Turn) string {
	what := []string{}
	add := func(n int, word string) {
		if n > 0 {
			what = append(what, words.Count(int64(n), word))
		}
	}
	add(t.Reports, "event")
	add(t.Completions, "completion")
	add(t.Timers, "timer")
	add(t.Tasks, "task")
	if t.Asked > 0 {
		s := "polled " + words.Times(t.Asked)
		if t.Useful >= 0 {
			s += ": " + words.Count(t.Useful, "hit")
		}
		what = append(what, s)
	}
	calls := slices.ContainsFunc(t.Items, func(x timeline.Item) bool { return x.Kind == timeline.ItemCalls || x.Kind == timeline.ItemOther })
	if len(what) == 0 && (t.Busy() || calls) {
		return "calls without an event"
	}
	if len(what) == 0 {
		return "nothing to do"
	}
	return strings.Join(what, ", ")
}
