package export

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"evviz/figures"
	"evviz/internal/testkit"
)

// measured is a run with some figures known.
func measured(v map[string]float64) Measured {
	m := make(Measured, len(Figures))
	for n, x := range v {
		m[FigureOf(n)] = &x
	}
	return m
}

// column is a column whose figure has these values, run by run.
func column(name, figure string, values ...float64) Column {
	c := Column{Name: name}
	for _, v := range values {
		c.Runs = append(c.Runs, measured(map[string]float64{figure: v}))
	}
	return c
}

// sample is six columns of three runs, each figure of each another.
func sample() *Comparison {
	c := &Comparison{Title: "scenario x, seed 1, 3 runs each; medians, below them lowest..highest"}
	for k, name := range []string{"sleep-poll", "select", "poll", "epoll-lt", "epoll-et", "io-uring"} {
		col := Column{Name: name}
		for run := range 3 {
			m := make(Measured, len(Figures))
			for i, f := range Figures {
				v := float64(k+1) * (1 + float64(run)/10)
				switch f.Unit {
				case figures.Nanos:
					v *= 87_000
				case figures.Share, figures.Index:
					v /= 10
				case figures.Bytes:
					v *= 1234
				}
				if f.ColumnName() == "renotifications" && (k == 0 || k > 3) || f.ColumnName() == "unanswered_messages" {
					v = 0
				}
				if f.ColumnName() == "renotifications" && (k == 0 || k > 3) {
					continue
				}
				m[i] = &v
			}
			col.Runs = append(col.Runs, m)
		}
		c.Columns = append(c.Columns, col)
	}
	return c
}

func text(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCompareText(t *testing.T) {
	got := text(t, func(b *strings.Builder) error { return sample().WriteText(b) })
	testkit.Golden(t, "compare.txt", got)
	for _, l := range strings.Split(got, "\n") {
		if n := utf8.RuneCountInString(l); n > tableWidth {
			t.Errorf("%d characters wide: %q", n, l)
		}
	}
}

func TestCompareMarkdown(t *testing.T) {
	testkit.Golden(t, "compare.md", text(t, func(b *strings.Builder) error { return sample().WriteMarkdown(b) }))
}

// TestCompareBlocks: columns that do not fit beside the others come below, with their labels; a long name takes several
// lines.
func TestCompareBlocks(t *testing.T) {
	c := sample()
	for i := range c.Columns {
		c.Columns[i].Name = "epoll:level,threads=4,listeners=reuseport" + strings.Repeat("x", i)
	}
	got := text(t, func(b *strings.Builder) error { return c.WriteText(b) })
	if n := strings.Count(got, "\nmessages "); n != 2 {
		t.Errorf("%d blocks, want 2:\n%s", n, got)
	}
	for _, l := range strings.Split(got, "\n") {
		if utf8.RuneCountInString(l) > tableWidth {
			t.Errorf("too wide: %q", l)
		}
	}
}

// TestCompareJSON: one object a mode; each figure is named and has its unit; what is unknown is null, never 0.
func TestCompareJSON(t *testing.T) {
	var got struct {
		Title string
		Modes []struct {
			Mode    string
			Runs    int
			Figures map[string]struct {
				Unit                    string
				Median, Lowest, Highest *float64
				Runs                    []*float64
			}
		}
		Verdicts []Verdict
	}
	d := json.NewDecoder(strings.NewReader(text(t, func(b *strings.Builder) error { return sample().WriteJSON(b) })))
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Modes) != 6 || len(got.Verdicts) != 4 {
		t.Fatalf("%d modes, %d verdicts", len(got.Modes), len(got.Verdicts))
	}
	for _, m := range got.Modes {
		if m.Runs != 3 || len(m.Figures) != len(Figures) {
			t.Errorf("%s: %d runs, %d figures, want 3 and %d", m.Mode, m.Runs, len(m.Figures), len(Figures))
		}
		for _, f := range Figures {
			g := m.Figures[f.ColumnName()]
			if g.Unit != string(f.Unit) || len(g.Runs) != 3 {
				t.Errorf("%s %s: unit %q, %d runs", m.Mode, f.ColumnName(), g.Unit, len(g.Runs))
			}
			if f.ColumnName() == "renotifications" && m.Mode == "io-uring" {
				if g.Median != nil || g.Lowest != nil || g.Runs[0] != nil {
					t.Errorf("what is unknown should be null: %+v", g)
				}
			} else if f.ColumnName() == "round_trip_p50" && (g.Median == nil || *g.Lowest > *g.Median || *g.Median > *g.Highest) {
				t.Errorf("%s: %+v", m.Mode, g)
			}
		}
	}
}

func TestCompareCSV(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(text(t, func(b *strings.Builder) error { return sample().WriteCSV(b) }))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+6*len(Figures) || !slices.Equal(rows[0], []string{"mode", "figure", "unit", "median", "lowest", "highest", "runs", "at_least"}) {
		t.Fatalf("%d rows, head %v", len(rows), rows[0])
	}
	for _, r := range rows[1:] {
		if r[0] == "sleep-poll" && r[1] == "renotifications" && !slices.Equal(r[2:], []string{"1", "", "", "", "0", "false"}) {
			t.Errorf("unknown should be empty: %v", r)
		}
		if r[0] == "select" && r[1] == "round_trip_p50" && r[3] != "191400.00000000003" {
			t.Errorf("median: %v", r)
		}
	}
}

func TestSpread(t *testing.T) {
	odd := column("x", figTrip, 5, 1, 3)
	if s := odd.Of(FigureOf(figTrip)); s != (Spread{true, 3, 3, 1, 5, false}) {
		t.Errorf("odd: %+v", s)
	}
	even := column("x", figTrip, 4, 1, 3, 9)
	if s := even.Of(FigureOf(figTrip)); s != (Spread{true, 4, 3.5, 1, 9, false}) {
		t.Errorf("even: %+v", s)
	}
	if s := even.Of(FigureOf(figCPU)); s.Known {
		t.Errorf("unknown: %+v", s)
	}
	even.Runs = append(even.Runs, measured(nil)) // unknown in one run
	if s := even.Of(FigureOf(figTrip)); s.N != 4 {
		t.Errorf("partly known: %+v", s)
	}
}

// TestVerdicts is the rule: named only where the range of its runs overlaps with no other.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns []Column
		winner  string
		within  []string
		why     string
	}{
		{"clear", []Column{column("a", figTrip, 10, 12, 11), column("b", figTrip, 5, 6, 7)}, "b", nil, "round trip p99 6 ns"},
		{"touching", []Column{column("a", figTrip, 7, 9), column("b", figTrip, 5, 7)}, "", []string{"b", "a"}, "all within the spread"},
		{"the third is wide", []Column{column("a", figTrip, 8, 9, 10), column("b", figTrip, 5, 6, 7), column("c", figTrip, 6, 20, 30)}, "",
			[]string{"b", "c"}, "b, c within the spread"},
		{"one run", []Column{column("a", figTrip, 8), column("b", figTrip, 5)}, "", nil, "one run has no variance"},
		{"one of two is unknown", []Column{column("a", figTrip, 8, 9), {Name: "b", Runs: []Measured{measured(nil), measured(nil)}}}, "", nil, "known of fewer than two"},
		{"equal", []Column{column("a", figTrip, 0, 0), column("b", figTrip, 0, 0)}, "", []string{"a", "b"}, "all within the spread"},
		{"no round trips: answers decide", []Column{column("a", figAnswer, 8, 9), column("b", figAnswer, 5, 6)}, "b", nil, "arrival to write p99 6 ns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := (&Comparison{Columns: c.columns}).Verdicts()[0]
			if v.What != "most responsive" || v.Winner != c.winner || !slices.Equal(v.Within, c.within) || v.Why != c.why {
				t.Errorf("%+v", v)
			}
		})
	}
	c := &Comparison{Columns: []Column{column("a", figRest, .5, .6), column("b", figRest, .7, .8)}}
	if v := c.Verdicts()[1]; v.Winner != "b" || v.What != "laziest" {
		t.Errorf("the laziest rests most: %+v", v)
	}
	one := &Comparison{Columns: []Column{{Name: "a", Runs: []Measured{measured(nil)}}}}
	if s := one.Sentence(); !strings.Contains(s, "No verdict") {
		t.Errorf("one column: %s", s)
	}
}

// TestMeasure: figures of a run without clients' steps, and what each mode leaves blank.
func TestMeasure(t *testing.T) {
	known := func(m Measured, name string) bool { return m[FigureOf(name)] != nil }
	p := Measure(fold(t, polling...))
	for _, n := range []string{"messages", "calls_per_message", figCPU, "round_trip_p50", "renotifications", "fairness"} {
		if known(p, n) {
			t.Errorf("polling: %s is %v, want unknown", n, *p[FigureOf(n)])
		}
	}
	if v := p[FigureOf("served_max")]; v == nil || *v != 180e6 {
		t.Errorf("polling: served_max %v", v)
	}
	if v := p[FigureOf("bytes_per_wakeup")]; v == nil || *v != 12 {
		t.Errorf("polling: bytes_per_wakeup %v", v)
	}
	e := Measure(fold(t, epoll...))
	if v := e[FigureOf("renotifications")]; v == nil || *v != 1 {
		t.Errorf("epoll level: repeats %v", v)
	}
	clients := []string{
		"0.000 1 Usage complete user=1us system=1us voluntary=1 involuntary=1",
		"0.001 3 Thread complete pid=200 tid=200 role=client",
		"0.001 3 Step complete what=send n=12 done=12",
		"0.400 3 Step complete what=send n=12 done=12",
		"0.500 1 Usage complete user=3us system=5us voluntary=5 involuntary=1",
	}
	full := Measure(fold(t, sorted(append(slices.Clone(polling), clients...))...))
	for n, want := range map[string]float64{"messages": 2, "unanswered_messages": 2, "calls_per_message": 1, figCPU: 3000,
		"voluntary_switches_per_message": 2, "involuntary_switches_per_message": 0} {
		if v := full[FigureOf(n)]; v == nil || *v != want {
			t.Errorf("with clients: %s is %v, want %v", n, v, want)
		}
	}
	for _, c := range []struct {
		mode  string
		blank []string
	}{
		{"driver=blocking", []string{"wakeups_per_second", "idle_wakeups_per_second", "bytes_per_wakeup", "renotifications"}},
		{"driver=go", []string{"wakeups_per_second", "bytes_per_wakeup", "renotifications", "calls_per_message", figWaste, figCPU, figRest, "voluntary_switches_per_message"}},
		{"driver=epoll trigger=edge", []string{"renotifications"}},
	} {
		lines := sorted(append(slices.Clone(epoll), clients...))
		for i := range lines {
			lines[i] = strings.Replace(lines[i], "driver=epoll trigger=level", c.mode, 1)
		}
		m := Measure(fold(t, lines...))
		for _, n := range c.blank {
			if known(m, n) {
				t.Errorf("%s: %s is %v, want blank", c.mode, n, *m[FigureOf(n)])
			}
		}
		if !known(m, "messages") {
			t.Errorf("%s: messages should be known", c.mode)
		}
	}
}

// sorted orders lines by their times, keeping the order of equal ones.
func sorted(lines []string) []string {
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[:5], b[:5]) })
	return lines
}

func TestFairness(t *testing.T) {
	two := func(wait string) []string {
		return []string{
			"0.000 1 Thread complete pid=100 tid=100 role=loop",
			"0.000 1 Open complete fd=7 type=stream from=accept",
			"0.000 1 Open complete fd=8 type=stream from=accept",
			"0.100 1 Arrive complete fd=7 events=IN unread=12",
			"0.100 1 Arrive complete fd=8 events=IN unread=12",
			"0.200 1 Read complete fd=7 asked=4096 ret=12",
			wait + " 1 Read complete fd=8 asked=4096 ret=12",
		}
	}
	for wait, want := range map[string]float64{"0.200": 1, "0.400": 0.8} { // (1+3)² / (2 (1+9))
		if v := Measure(fold(t, two(wait)...))[FigureOf("fairness")]; v == nil || *v < want-1e-6 || *v > want+1e-6 {
			t.Errorf("%s: %v, want %v", wait, v, want)
		}
	}
}

func TestChanges(t *testing.T) {
	cs := Changes(fold(t, epoll...), fold(t, epoll[:7]...))
	got := ChangesText(cs)
	for _, w := range []string{"appeared: nothing", "went: repeats (1), reads that found nothing (1), events: nothing there (1)"} {
		if !strings.Contains(got, w) {
			t.Errorf("no %q in\n%s", w, got)
		}
	}
	for _, c := range Changes(fold(t, polling...), fold(t, epoll...)) {
		if c.What == "repeats" || strings.HasPrefix(c.What, "events: ") {
			t.Errorf("polling cannot know %s", c.What)
		}
	}
}
