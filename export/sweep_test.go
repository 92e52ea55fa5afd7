package export

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// swept is a sweep of two columns whose runs are each value and a tenth below and above.
func swept(a, b []float64) *Sweep {
	s := &Sweep{Title: "scenario sweep, active swept, seed 1, 3 runs each", Param: "active", Unit: "%"}
	for i := range a {
		x, y := a[i], b[i]
		s.Steps = append(s.Steps, SweepStep{[]int{1, 10, 50, 100}[i], []Column{
			column("poll", figCPU, x*.9, x, x*1.1), column("epoll-lt", figCPU, y*.9, y, y*1.1)}})
	}
	return s
}

func TestSweepText(t *testing.T) {
	s := swept([]float64{60_000, 30_000, 20_000, 10_000}, []float64{30_000, 25_000, 21_000, 15_000})
	testkit.Golden(t, "sweep.txt", text(t, func(b *strings.Builder) error { return s.WriteText(b) }))
	testkit.Golden(t, "sweep.md", text(t, func(b *strings.Builder) error { return s.WriteMarkdown(b) }))
}

func TestCrossings(t *testing.T) {
	for _, c := range []struct {
		name     string
		a, b     []float64
		crosses  bool
		from, to int
		says     string
	}{
		{"crosses", []float64{60, 30, 20, 10}, []float64{30, 25, 21, 15}, true, 1, 100, "up to there epoll-lt needs less, from there on poll"},
		{"next to each other", []float64{60, 10, 10, 10}, []float64{30, 30, 30, 30}, true, 1, 10, "between active=1 % and 10 %"},
		{"never", []float64{60, 60, 60, 60}, []float64{30, 30, 30, 30}, false, 0, 0, "do not cross: epoll-lt needs less everywhere"},
		{"within the spread", []float64{30, 30, 30, 30}, []float64{31, 31, 31, 31}, false, 0, 0, "they differ by less than it everywhere"},
		{"here and there", []float64{30, 60, 30, 60}, []float64{31, 31, 31, 31}, false, 0, 0, "epoll-lt needs less at active=10 %, 100 %, elsewhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := swept(c.a, c.b).Crossings()
			if len(got) != 1 || got[0].Crosses != c.crosses || got[0].From != c.from || got[0].To != c.to || !strings.Contains(got[0].Text, c.says) {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := swept([]float64{10, 90, 10, 90}, []float64{30, 30, 30, 30}).Crossings(); len(got) != 3 {
		t.Errorf("crosses three times: %+v", got)
	}
	once := swept([]float64{10}, []float64{30})
	for k := range once.Steps[0].Columns {
		once.Steps[0].Columns[k].Runs = once.Steps[0].Columns[k].Runs[:1]
	}
	if got := once.Crossings(); len(got) != 1 || !strings.Contains(got[0].Text, "one run") {
		t.Errorf("one run: %+v", got)
	}
	if got := (&Sweep{}).Crossings(); got != nil {
		t.Errorf("nothing: %+v", got)
	}
}

func TestSweepMachineForms(t *testing.T) {
	s := swept([]float64{60, 30, 20, 10}, []float64{30, 25, 21, 15})
	var got struct {
		Param string
		Steps []struct {
			Value int
			Modes []struct {
				Mode    string
				Figures map[string]struct{ Median *float64 }
			}
		}
		Crossings []Crossing
	}
	if err := json.Unmarshal([]byte(text(t, func(b *strings.Builder) error { return s.WriteJSON(b) })), &got); err != nil {
		t.Fatal(err)
	}
	if got.Param != "active" || len(got.Steps) != 4 || got.Steps[3].Value != 100 || len(got.Crossings) != 1 || *got.Steps[0].Modes[1].Figures[figCPU].Median != 30 {
		t.Errorf("%+v", got)
	}
	rows, err := csv.NewReader(strings.NewReader(text(t, func(b *strings.Builder) error { return s.WriteCSV(b) }))).ReadAll()
	if err != nil || len(rows) != 1+4*2*len(Figures) || rows[0][0] != "active" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
