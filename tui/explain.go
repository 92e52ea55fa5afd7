package tui

import (
	"fmt"
	"strings"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/words"
)

// Enter explains what is selected: what happened, in the numbers at hand, and the kernel's rule behind it. The words are
// diagnostics'; here they are only laid out.

// openPage shows a page over the view.
func (u *ui) openPage(p words.Page) {
	u.helpOn, u.findingOn, u.pageOn, u.helpTop = true, false, false, 0
	u.paged = func(_ *frame, w int) (string, []helpLine) { return "evviz: " + clean(p.Title), paragraphs(p, w) }
}

func paragraphs(p words.Page, w int) (lines []helpLine) {
	for i, q := range p.Parts {
		if i > 0 {
			lines = append(lines, helpLine{whole: true})
		}
		if q.Head != "" {
			lines = append(lines, helpLine{keys: "#", text: clean(q.Head), whole: true})
		}
		for part := range strings.SplitSeq(q.Text, "\n") {
			for _, l := range wrap(clean(part), w) {
				lines = append(lines, helpLine{text: l, whole: true})
			}
		}
	}
	return lines
}

func (u *ui) explainLane() {
	l := u.selected()
	if l == nil {
		u.say("select a line first, with the arrows up and down")
		return
	}
	t0, t1 := u.frame.seen()
	u.openPage(words.ExplainLane(u.frame.snap, l, t0, t1))
}

func (u *ui) explainEvent() {
	i := u.eventAtCursor()
	if _, ok := u.frame.snap.Event(i); !ok {
		u.say("no event is kept of this moment")
		return
	}
	u.openPage(words.ExplainEvent(u.frame.snap, i))
}

// explainLoop explains what the loop does at the cursor, or at the right edge.
func (u *ui) explainLoop() {
	s := u.frame.snap
	if len(s.Loops) == 0 {
		u.say("there is no loop to explain: select a lane or an event")
		return
	}
	_, at := u.frame.seen()
	if u.cursor != 0 {
		at = u.cursor
	}
	u.openPage(words.ExplainLoop(s, s.Loops[0], at))
}

// explainRule opens the page of a rule by its number.
func (u *ui) explainRule(id string) error {
	r := diagnostics.RuleOf(id)
	if r == nil {
		return fmt.Errorf("explain %s: there is no such rule; %s", id, diagnostics.IDs())
	}
	u.helpOn, u.findingOn, u.pageOn, u.helpTop = true, false, false, 0
	u.paged = func(_ *frame, w int) (string, []helpLine) {
		return "evviz: " + r.ID + " " + r.Name, pageLines(r.Page(), w)
	}
	return nil
}

func (u *ui) ruleNames() (out []string) {
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
	add(t.Reports, "report")
	add(t.Completions, "completion")
	add(t.Timers, "timer")
	add(t.Tasks, "task")
	if t.Asked > 0 {
		s := "asked " + words.Number(t.Asked)
		if t.Useful >= 0 {
			s += ", " + words.Number(t.Useful) + " useful"
		}
		what = append(what, s)
	}
	if len(what) == 0 && t.Busy() {
		return "calls without a report"
	}
	if len(what) == 0 {
		return "nothing to do"
	}
	return strings.Join(what, ", ")
}
