package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"evviz/figures"
)

// Sweep is a comparison at several values of one param of the scenario.
type Sweep struct {
	Title string
	Param string
	Unit  string // of the param: "%" or nothing
	Steps []SweepStep
}

// SweepStep is one value; all steps have the same columns.
type SweepStep struct {
	Value   int
	Columns []Column
}

func (s *Sweep) at(i int) string {
	return fmt.Sprintf("%d%s", s.Steps[i].Value, strings.TrimSuffix(" "+s.Unit, " "))
}

// Crossing is where two columns change places.
type Crossing struct {
	A       string `json:"a"`
	B       string `json:"b"`
	Crosses bool   `json:"crosses"`
	From    int    `json:"from"` // the last value at which one, and
	To      int    `json:"to"`   // the first at which the other needs clearly less; the spread hides what lies between
	Text    string `json:"text"`
}

// Crossings says of each pair of columns where they cross: between two values at which the spreads of their processor time
// per message do not overlap, and the order is another. Values at which they overlap decide nothing.
func (s *Sweep) Crossings() (out []Crossing) {
	if len(s.Steps) == 0 {
		return nil
	}
	n := len(s.Steps[0].Columns)
	for a := range n {
		for b := a + 1; b < n; b++ {
			out = append(out, s.crossings(a, b)...)
		}
	}
	return out
}

func (s *Sweep) crossings(a, b int) (out []Crossing) {
	fig := FigureOf(figCPU)
	cols := s.Steps[0].Columns
	base := Crossing{A: cols[a].Name, B: cols[b].Name}
	less := func(aLess bool) string {
		if aLess {
			return base.A
		}
		return base.B
	}
	type told struct {
		step  int
		aLess bool
	}
	var clear []told
	single := true
	for i := range s.Steps {
		x, y := s.Steps[i].Columns[a].Of(fig), s.Steps[i].Columns[b].Of(fig)
		single = single && x.N < 2 && y.N < 2
		if x.Known && y.Known && x.apart(y) {
			clear = append(clear, told{i, x.Median < y.Median})
		}
	}
	for k := 1; k < len(clear); k++ {
		if p, q := clear[k-1], clear[k]; p.aLess != q.aLess {
			c := base
			c.Crosses, c.From, c.To = true, s.Steps[p.step].Value, s.Steps[q.step].Value
			c.Text = fmt.Sprintf("%s and %s cross between %s=%s and %s: up to there %s needs less, from there on %s.",
				c.A, c.B, s.Param, s.at(p.step), s.at(q.step), less(p.aLess), less(q.aLess))
			out = append(out, c)
		}
	}
	if len(out) > 0 {
		return out
	}
	switch {
	case single:
		base.Text = fmt.Sprintf("No verdict on whether %s and %s cross: one run has no variance.", base.A, base.B)
	case len(clear) == 0:
		base.Text = fmt.Sprintf("%s and %s do not cross within the measured spread: they differ by less than it everywhere.", base.A, base.B)
	case len(clear) == len(s.Steps):
		base.Text = fmt.Sprintf("%s and %s do not cross: %s needs less everywhere.", base.A, base.B, less(clear[0].aLess))
	default:
		var where []string
		for _, c := range clear {
			where = append(where, s.at(c.step))
		}
		base.Text = fmt.Sprintf("%s and %s do not cross within the measured spread: %s needs less at %s=%s, elsewhere they differ by less than the spread.",
			base.A, base.B, less(clear[0].aLess), s.Param, strings.Join(where, ", "))
	}
	return []Crossing{base}
}

func (s *Sweep) sentences() (out []string) {
	for _, c := range s.Crossings() {
		out = append(out, c.Text)
	}
	return out
}

func (s *Sweep) lostNotes() (out []string) {
	for i := range s.Steps {
		c := Comparison{Columns: s.Steps[i].Columns}
		for _, n := range c.lostNotes() {
			out = append(out, s.Param+"="+s.at(i)+", "+n)
		}
	}
	return out
}

// WriteText writes a line for each value, a column for each mode, and where they cross.
func (s *Sweep) WriteText(w io.Writer) error {
	var out strings.Builder
	out.WriteString(wrap(s.Title, tableWidth) + "\n\n")
	var g grid
	fig := FigureOf(figCPU)
	for i := range s.Steps {
		r := gridRow{label: s.Param + " " + s.at(i)}
		for k := range s.Steps[i].Columns {
			col := &s.Steps[i].Columns[k]
			if i == 0 {
				g.head = append(g.head, strings.Split(col.Name, ","))
			}
			v, cell := col.Of(fig), ""
			if v.Known {
				cell = show(figures.Nanos, v.Median)
			}
			r.cells, r.under = append(r.cells, cell), append(r.under, v.spread(figures.Nanos))
		}
		if strings.Join(r.under, "") == "" {
			r.under = nil
		}
		g.rows = append(g.rows, r)
	}
	g.write(&out)
	out.WriteByte('\n')
	for _, l := range append(s.lostNotes(), s.sentences()...) {
		out.WriteString(wrap(l, tableWidth) + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteMarkdown writes the same as a Markdown table.
func (s *Sweep) WriteMarkdown(w io.Writer) error {
	var out strings.Builder
	out.WriteString(s.Title + "\n\n")
	fig := FigureOf(figCPU)
	for i := range s.Steps {
		if i == 0 {
			out.WriteString("| " + s.Param + " |")
			for _, c := range s.Steps[0].Columns {
				out.WriteString(" " + strings.ReplaceAll(c.Name, "|", "\\|") + " |")
			}
			out.WriteString("\n|---:|" + strings.Repeat("---:|", len(s.Steps[0].Columns)) + "\n")
		}
		out.WriteString("| " + s.at(i) + " |")
		for k := range s.Steps[i].Columns {
			v, cell := s.Steps[i].Columns[k].Of(fig), ""
			if v.Known {
				cell = show(figures.Nanos, v.Median)
				if u := v.spread(figures.Nanos); u != "" {
					cell += " (" + u + ")"
				}
			}
			out.WriteString(" " + cell + " |")
		}
		out.WriteByte('\n')
	}
	for _, l := range append(s.lostNotes(), s.sentences()...) {
		out.WriteString("\n" + l + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteJSON writes every figure of every mode at every value, and the crossings.
func (s *Sweep) WriteJSON(w io.Writer) error {
	type step struct {
		Value int          `json:"value"`
		Modes []columnJSON `json:"modes"`
	}
	steps := []step{}
	for i := range s.Steps {
		c := Comparison{Columns: s.Steps[i].Columns}
		steps = append(steps, step{s.Steps[i].Value, c.columnsJSON()})
	}
	return encode(w, map[string]any{"title": s.Title, "param": s.Param, "unit": s.Unit, "steps": steps, "crossings": s.Crossings()})
}

// WriteCSV writes a line for each figure of each mode at each value.
func (s *Sweep) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write(append([]string{s.Param}, csvHead...))
	for i := range s.Steps {
		for k := range s.Steps[i].Columns {
			for _, line := range s.Steps[i].Columns[k].csv() {
				out.Write(append([]string{strconv.Itoa(s.Steps[i].Value)}, line...))
			}
		}
	}
	out.Flush()
	return out.Error()
}
