package export

import (
	"slices"

	"evviz/figures"
	"evviz/timeline"
)

// The figures that the verdict is about.
const (
	figTrip   = "round_trip_p99"
	figAnswer = "answered_p99"
	figRest   = "resting_share"
	figCPU    = "cpu_per_message"
	figWaste  = "wasted_calls_per_message"
)

// Figures is what is compared, in the order of the table. docs/compare.md says in words what each means.
var Figures = func() (out []*figures.Figure) {
	for i := range figures.Table {
		if f := &figures.Table[i]; f.Column != nil {
			out = append(out, f)
		}
	}
	return out
}()

// FigureOf is the place of a figure in Figures, -1 when there is none of that name.
func FigureOf(name string) int {
	return slices.IndexFunc(Figures, func(f *figures.Figure) bool { return f.ColumnName() == name })
}

// Measured is the figures of one run, in the order of Figures. nil is unknown.
type Measured []*float64

// Add adds a run to a column.
func (c *Column) Add(s *timeline.Snapshot) {
	c.Runs = append(c.Runs, Measure(s))
	if c.Least == nil {
		c.Least = make([]bool, len(Figures))
	}
	for i, f := range Figures {
		c.Least[i] = c.Least[i] || f.AtLeast(s)
	}
	c.Lost += s.Stats.Lost
}

// Measure reads the figures of a run.
func Measure(s *timeline.Snapshot) Measured {
	m := make(Measured, len(Figures))
	for i, f := range Figures {
		if v, ok := f.Compared(s); ok {
			m[i] = &v
		}
	}
	return m
}
