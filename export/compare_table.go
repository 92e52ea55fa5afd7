package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"evviz/figures"
	"evviz/internal/plain"
	"evviz/words"
)

// tableWidth is how wide the table may be; more columns than fit go into another block below.
const tableWidth = 100

// show writes a value with its unit.
func show(u figures.Unit, v float64) string {
	switch u {
	case figures.Nanos:
		return words.Duration(int64(math.Round(v)))
	case figures.Share:
		return percent(v) + " %"
	}
	n, unit := scale(u, v)
	s := figure(v / n)
	if u == figures.Index {
		s = index(v)
	}
	return strings.TrimSpace(s + " " + unit)
}

// atLeast stands before a lower bound.
func (s Spread) atLeast() string {
	if s.AtLeast {
		return "≥ "
	}
	return ""
}

func percent(v float64) string { return strconv.FormatFloat(v*100, 'f', 1, 64) }

func index(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// scale is what a value is divided by to be shown, and the unit then.
func scale(u figures.Unit, v float64) (float64, string) {
	switch u {
	case figures.Nanos:
		switch d := math.Abs(v); {
		case d < 1e3:
			return 1, "ns"
		case d < 1e6:
			return 1e3, "µs"
		case d < 1e9:
			return 1e6, "ms"
		}
		return 1e9, "s"
	case figures.Bytes:
		switch {
		case v < 10*1024:
			return 1, "B"
		case v < 1<<20:
			return 1024, "KiB"
		}
		return 1 << 20, "MiB"
	}
	return 1, ""
}

// figure keeps about three digits; a whole number stays one.
func figure(v float64) string {
	d := math.Abs(v)
	switch {
	case v == math.Trunc(v) && d < 1e15:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case d < 0.01:
		return strconv.FormatFloat(v, 'f', 4, 64)
	case d < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case d < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// spread writes lowest..highest in the unit of the median, "" when there is one run or all show the same.
func (s Spread) spread(u figures.Unit) string {
	if !s.Known || s.N < 2 {
		return ""
	}
	f := figure
	n, _ := scale(u, s.Median)
	switch u {
	case figures.Share:
		f = percent
	case figures.Index:
		f = index
	case figures.Nanos:
		f = func(v float64) string { // as words.Duration does
			if v >= 9.95 || n == 1 {
				return strconv.FormatFloat(v, 'f', 0, 64)
			}
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
	}
	lo, hi := f(s.Lowest/n), f(s.Highest/n)
	if lo == hi {
		return ""
	}
	return lo + ".." + hi
}

// grid is a table: a label and as many cells for each line.
type grid struct {
	head [][]string // lines of each column's heading
	rows []gridRow
}

type gridRow struct {
	label string
	cells []string
	under []string // a second line, nil for none
}

func (c *Comparison) grid() (g grid) {
	for _, col := range c.Columns {
		g.head = append(g.head, strings.Split(col.Name, ","))
	}
	for i := range Figures {
		r := gridRow{label: Figures[i].Column.Title}
		any := false
		for k := range c.Columns {
			s := c.Columns[k].Of(i)
			cell, under := "", s.spread(Figures[i].Unit)
			if s.Known {
				cell = s.atLeast() + show(Figures[i].Unit, s.Median)
			}
			any = any || under != ""
			r.cells, r.under = append(r.cells, cell), append(r.under, under)
		}
		if !any {
			r.under = nil
		}
		g.rows = append(g.rows, r)
	}
	return g
}

// write draws the grid, in blocks of as many columns as are tableWidth wide.
func (g *grid) write(out *strings.Builder) {
	label := 0
	for _, r := range g.rows {
		label = max(label, utf8.RuneCountInString(r.label))
	}
	wide := make([]int, len(g.head))
	for k := range g.head {
		for _, h := range g.head[k] {
			wide[k] = max(wide[k], utf8.RuneCountInString(h))
		}
		for _, r := range g.rows {
			wide[k] = max(wide[k], utf8.RuneCountInString(r.cells[k]))
			if r.under != nil {
				wide[k] = max(wide[k], utf8.RuneCountInString(r.under[k]))
			}
		}
	}
	for from := 0; from < len(wide); {
		to, width := from, label
		for to < len(wide) && (to == from || width+2+wide[to] <= tableWidth) {
			width += 2 + wide[to]
			to++
		}
		line := func(name string, cell func(k int) string) {
			l := pad(name, label)
			for k := from; k < to; k++ {
				v := cell(k)
				l += strings.Repeat(" ", 2+wide[k]-utf8.RuneCountInString(v)) + v
			}
			out.WriteString(strings.TrimRight(l, " ") + "\n")
		}
		if from > 0 {
			out.WriteByte('\n')
		}
		high := 0
		for k := from; k < to; k++ {
			high = max(high, len(g.head[k]))
		}
		for i := range high {
			line("", func(k int) string {
				if i < len(g.head[k]) {
					return g.head[k][i]
				}
				return ""
			})
		}
		for _, r := range g.rows {
			line(r.label, func(k int) string { return r.cells[k] })
			if r.under != nil {
				line("", func(k int) string { return r.under[k] })
			}
		}
		from = to
	}
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}

// wrap breaks a text into lines of at most n characters, between words.
func wrap(s string, n int) string {
	var out strings.Builder
	at := 0
	for i, w := range strings.Fields(s) {
		l := utf8.RuneCountInString(w)
		switch {
		case i == 0:
		case at+1+l > n:
			out.WriteByte('\n')
			at = 0
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(w)
		at += l
	}
	return out.String()
}

// WriteText writes the table for a terminal: medians, the spread below them, and the verdict.
func (c *Comparison) WriteText(w io.Writer) error {
	var out strings.Builder
	if c.Title != "" {
		out.WriteString(wrap(c.Title, tableWidth) + "\n\n")
	}
	g := c.grid()
	g.write(&out)
	out.WriteByte('\n')
	for _, n := range c.lostNotes() {
		out.WriteString(wrap(n, tableWidth) + "\n")
	}
	out.WriteString(wrap(c.Sentence(), tableWidth) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteMarkdown writes the same as a Markdown table.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	var out strings.Builder
	if c.Title != "" {
		out.WriteString(c.Title + "\n\n")
	}
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	out.WriteString("| |")
	for _, col := range c.Columns {
		out.WriteString(" " + cell.Replace(col.Name) + " |")
	}
	out.WriteString("\n|---|" + strings.Repeat("---:|", len(c.Columns)) + "\n")
	for i := range Figures {
		out.WriteString("| " + titleOf(i) + " |")
		for k := range c.Columns {
			s := c.Columns[k].Of(i)
			v := ""
			if s.Known {
				v = s.atLeast() + show(Figures[i].Unit, s.Median)
				if u := s.spread(Figures[i].Unit); u != "" {
					v += " (" + u + ")"
				}
			}
			out.WriteString(" " + v + " |")
		}
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
	for _, n := range c.lostNotes() {
		out.WriteString(n + "\n\n")
	}
	out.WriteString(c.Sentence() + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// figureJSON is a figure of one column. null is unknown.
type figureJSON struct {
	Unit    figures.Unit `json:"unit"`
	Median  *float64     `json:"median"`
	Lowest  *float64     `json:"lowest"`
	Highest *float64     `json:"highest"`
	Runs    []*float64   `json:"runs"`
	AtLeast bool         `json:"at_least,omitempty"` // a lower bound: something had not ended
}

type columnJSON struct {
	Mode    string                `json:"mode"`
	Runs    int                   `json:"runs"`
	Lost    int64                 `json:"events_lost"`
	Figures map[string]figureJSON `json:"figures"`
}

// WriteJSON writes one object with one object a mode, each with its named figures.
func (c *Comparison) WriteJSON(w io.Writer) error {
	return encode(w, map[string]any{"title": c.Title, "modes": c.columnsJSON(), "verdicts": c.Verdicts()})
}

func (c *Comparison) columnsJSON() []columnJSON {
	out := []columnJSON{}
	for k := range c.Columns {
		col := &c.Columns[k]
		j := columnJSON{Mode: col.Name, Runs: len(col.Runs), Lost: col.Lost, Figures: map[string]figureJSON{}}
		for i := range Figures {
			f := figureJSON{Unit: Figures[i].Unit, Runs: []*float64{}}
			if s := col.Of(i); s.Known {
				f.Median, f.Lowest, f.Highest, f.AtLeast = &s.Median, &s.Lowest, &s.Highest, s.AtLeast
			}
			for _, r := range col.Runs {
				f.Runs = append(f.Runs, r[i])
			}
			j.Figures[Figures[i].ColumnName()] = f
		}
		out = append(out, j)
	}
	return out
}

func encode(w io.Writer, v any) error {
	return plain.WriteJSON(w, v)
}

var csvHead = []string{"mode", "figure", "unit", "median", "lowest", "highest", "runs", "at_least"}

// csv is a line for each figure; what is unknown is empty.
func (c *Column) csv() (out [][]string) {
	for i := range Figures {
		s := c.Of(i)
		line := []string{c.Name, Figures[i].ColumnName(), string(Figures[i].Unit), "", "", "", fmt.Sprint(s.N), fmt.Sprint(s.AtLeast)}
		if s.Known {
			for at, v := range []float64{s.Median, s.Lowest, s.Highest} {
				line[3+at] = strconv.FormatFloat(v, 'g', -1, 64)
			}
		}
		out = append(out, line)
	}
	return out
}

// WriteCSV writes a line for each figure of each mode.
func (c *Comparison) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write(csvHead)
	for k := range c.Columns {
		for _, line := range c.Columns[k].csv() {
			out.Write(line)
		}
	}
	out.Flush()
	return out.Error()
}
