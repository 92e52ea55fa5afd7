package export

import (
	"io"
	"strings"

	"evviz/diagnostics"
	"evviz/figures"
	"evviz/timeline"
	"evviz/words"
)

// Change is something countable in two recordings. What one of the two cannot know is not in the list.
type Change struct {
	What   string `json:"what"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// Changes counts in two recordings what should not be there, or not so often.
func Changes(a, b *timeline.Snapshot) (out []Change) {
	x, y := &a.Stats, &b.Stats
	for i := range figures.Table {
		f := &figures.Table[i]
		if f.Fault == "" {
			continue
		}
		before, unknownBefore := f.Run(a)
		after, unknownAfter := f.Run(b)
		if unknownBefore == "" && unknownAfter == "" {
			out = append(out, Change{f.Fault, int64(before), int64(after)})
		}
	}
	out = append(out, Change{"stranded at the end", int64(x.Stranded), int64(y.Stranded)})
	if x.RenotifyKnown && y.RenotifyKnown {
		for c := range timeline.ClassCount {
			out = append(out, Change{"events: " + c.String(), x.Class[c], y.Class[c]})
		}
	}
	return append(out, findingChanges(a, b)...)
}

// findingChanges are the rules that found something above info in one of the two, with how often; a rule that needs times or facts that one of
// them does not have found nothing there, so it is only compared where both have times.
func findingChanges(a, b *timeline.Snapshot) (out []Change) {
	before, after := foundBy(a), foundBy(b)
	for i := range diagnostics.Rules {
		r := &diagnostics.Rules[i]
		if n, m := before[r], after[r]; n+m > 0 && (!r.ByTime || a.Info.Timed && b.Info.Timed) {
			out = append(out, Change{r.ID + " " + r.Name, n, m})
		}
	}
	return out
}

// foundBy counts the findings above info of each rule.
func foundBy(s *timeline.Snapshot) map[*diagnostics.Rule]int64 {
	n := map[*diagnostics.Rule]int64{}
	for _, f := range diagnostics.Check(s, diagnostics.Default()) {
		if f.Severity > diagnostics.Info {
			n[f.Rule]++
		}
	}
	return n
}

// ChangesText says what appeared and what went, in words.
func ChangesText(cs []Change) string {
	var came, went []string
	for _, c := range cs {
		switch {
		case c.Before == 0 && c.After > 0:
			came = append(came, c.What+" ("+words.Number(c.After)+")")
		case c.Before > 0 && c.After == 0:
			went = append(went, c.What+" ("+words.Number(c.Before)+")")
		}
	}
	list := func(l []string) string {
		if len(l) == 0 {
			return "nothing"
		}
		return strings.Join(l, ", ")
	}
	return "appeared: " + list(came) + "\nwent: " + list(went)
}

// WriteFilesText writes the table of two recordings, what appeared and went, and the verdict.
func (c *Comparison) WriteFilesText(w io.Writer, cs []Change) error {
	var out strings.Builder
	g := c.grid()
	for k := range c.Columns {
		g.head[k] = []string{c.Columns[k].Name} // a file name is not a list of settings
	}
	g.write(&out)
	out.WriteByte('\n')
	for _, n := range c.lostNotes() {
		out.WriteString(wrap(n, tableWidth) + "\n")
	}
	for _, l := range strings.Split(ChangesText(cs), "\n") {
		out.WriteString(wrap(l, tableWidth) + "\n")
	}
	out.WriteString(wrap(c.Sentence(), tableWidth) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteFilesJSON is WriteJSON with the changes in it.
func (c *Comparison) WriteFilesJSON(w io.Writer, cs []Change) error {
	return encode(w, map[string]any{"title": c.Title, "modes": c.columnsJSON(), "verdicts": c.Verdicts(), "changes": cs})
}
