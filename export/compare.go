package export

import (
	"cmp"
	"slices"
	"strings"

	"evviz/words"
)

// Comparison is several ways to run the same traffic.
type Comparison struct {
	Title   string // what ran: one line
	Columns []Column
}

// Column is one way, with the runs that were made of it.
type Column struct {
	Name string
	Runs []Measured
	Lost int64 // events that are missing, all runs together

	Least []bool // by figure: in one run at least it is a lower bound, because something had not ended
}

// Spread is a figure over the runs of a column. Without a known run Known is false and the rest means nothing.
type Spread struct {
	Known                   bool
	N                       int // runs in which it is known
	Median, Lowest, Highest float64
	AtLeast                 bool // it is a lower bound
}

// Of is the spread of figure i. The median of an even number of runs is the mean of the two in the middle.
func (c *Column) Of(i int) (s Spread) {
	var v []float64
	for _, r := range c.Runs {
		if r[i] != nil {
			v = append(v, *r[i])
		}
	}
	if len(v) == 0 {
		return s
	}
	slices.Sort(v)
	n := len(v)
	return Spread{true, n, (v[(n-1)/2] + v[n/2]) / 2, v[0], v[n-1], i < len(c.Least) && c.Least[i]}
}

// apart says that two spreads do not overlap. A single run has no spread, so nothing can be said of it.
func (s Spread) apart(o Spread) bool {
	return s.N > 1 && o.N > 1 && (s.Highest < o.Lowest || o.Highest < s.Lowest)
}

// Verdict is one superlative: the column that is the most of something, if it can be told.
type Verdict struct {
	What   string   `json:"what"`
	By     string   `json:"by"`     // the figure's name
	Winner string   `json:"winner"` // "" when it cannot be told
	Within []string `json:"within"` // the columns that differ by no more than the spread, the apparent winner first
	Why    string   `json:"why"`    // in words
}

// superlatives is the rule of the verdict: what, the figure that decides, whether the highest is it. Who answers late to
// one client in a hundred is not responsive, hence the 99th percentile; and of the latencies the client's own, because a
// connection that is not accepted yet waits where the server's side of the measurement does not see it.
var superlatives = []struct {
	what    string
	by      []string // the first that is known
	highest bool
}{
	{"most responsive", []string{figTrip, figAnswer}, false},
	{"laziest", []string{figRest}, true},
	{"busiest", []string{figCPU}, true},
	{"most wasteful", []string{figWaste}, true},
}

// Verdicts names the most responsive, the laziest, the busiest and the most wasteful. One is named only when the range of
// its runs, lowest to highest, does not overlap with that of any other. With one run there is no range.
func (c *Comparison) Verdicts() (out []Verdict) {
	for _, s := range superlatives {
		by := s.by[0]
		for _, b := range s.by {
			if slices.ContainsFunc(c.Columns, func(col Column) bool { return col.Of(FigureOf(b)).Known }) {
				by = b
				break
			}
		}
		out = append(out, c.judge(s.what, by, s.highest))
	}
	return out
}

func (c *Comparison) judge(what, by string, highest bool) Verdict {
	v := Verdict{What: what, By: by}
	at := FigureOf(by)
	type entry struct {
		name string
		s    Spread
	}
	var all []entry
	for i := range c.Columns {
		if s := c.Columns[i].Of(at); s.Known {
			all = append(all, entry{c.Columns[i].Name, s})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		if highest {
			a, b = b, a
		}
		return cmp.Compare(a.s.Median, b.s.Median)
	})
	if len(all) < 2 {
		v.Why = "known of fewer than two"
		return v
	}
	if slices.ContainsFunc(all, func(e entry) bool { return e.s.N < 2 }) {
		v.Why = "one run has no variance"
		return v
	}
	first := all[0]
	if !highest && first.s.AtLeast {
		v.Why = "of " + first.name + " it is a lower bound: something had not ended"
		return v
	}
	v.Within = []string{first.name}
	for _, e := range all[1:] {
		if !first.s.apart(e.s) {
			v.Within = append(v.Within, e.name)
		}
	}
	if len(v.Within) == 1 {
		v.Winner, v.Within = first.name, nil
		v.Why = strings.TrimSpace(titleOf(at)) + " " + show(Figures[at].Unit, first.s.Median)
		return v
	}
	if len(v.Within) == len(all) {
		v.Why = "all within the spread"
	} else {
		v.Why = strings.Join(v.Within, ", ") + " within the spread"
	}
	return v
}

// titleOf is a figure's title in full: a line that continues the one above has its beginning from there.
func titleOf(at int) string {
	t := Figures[at].Column.Title
	if !strings.HasPrefix(t, " ") {
		return t
	}
	for i := at - 1; i >= 0; i-- {
		if !strings.HasPrefix(Figures[i].Column.Title, " ") {
			head := strings.TrimSuffix(Figures[i].Column.Title, " p50")
			if rest := strings.TrimSpace(t); head != Figures[i].Column.Title {
				return head + " " + rest
			} else {
				return rest + " " + head
			}
		}
	}
	return strings.TrimSpace(t)
}

// Sentence is the verdict in one line, the last of the table.
func (c *Comparison) Sentence() string {
	var parts []string
	vs := c.Verdicts()
	same := true
	for _, v := range vs {
		same = same && v.Winner == "" && v.Why == vs[0].Why
		if v.Winner != "" {
			parts = append(parts, v.What+": "+v.Winner+" ("+v.Why+")")
		} else {
			parts = append(parts, v.What+": no verdict ("+v.Why+")")
		}
	}
	if same && len(vs) > 0 {
		return "No verdict on the most responsive, the laziest, the busiest and the most wasteful: " + vs[0].Why + "."
	}
	return strings.Join(parts, "; ")
}

// lostNotes says which columns miss events.
func (c *Comparison) lostNotes() (out []string) {
	for _, col := range c.Columns {
		if col.Lost > 0 {
			out = append(out, col.Name+": "+words.Count(col.Lost, "dropped event")+", its figures are lower bounds")
		}
	}
	return out
}
