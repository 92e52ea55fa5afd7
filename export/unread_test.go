package export

import (
	"encoding/json"
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/internal/testkit/traces"
	"evviz/timeline"
	"evviz/trace"
)

// stranded is a picture of that run.
func stranded() *timeline.Snapshot {
	tl := timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.AllKinds(), Timed: true}})
	tl.Add(traces.Stranded())
	return tl.Snapshot(0)
}

// TestUnreadIsNotForgotten: what is still unread at the end of a run is in its summary and in comparisons, in each form.
func TestUnreadIsNotForgotten(t *testing.T) {
	s := stranded()
	var b strings.Builder
	if err := Summary(&b, s, diagnostics.Default()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"latency p50         1.0 ms", "of which 1 unread", "latency max       ≥ 6.5 s  still unread"} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the summary lacks %q:\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := SummaryJSON(&b, s, diagnostics.Default()); err != nil {
		t.Fatal(err)
	}
	var r Run
	if err := json.Unmarshal([]byte(b.String()), &r); err != nil {
		t.Fatal(err)
	}
	if r.LatencyMax == nil || *r.LatencyMax != 6_500_000_000 || r.Unfinished != 1 || len(r.LatencyLeast) != 1 || r.LatencyLeast[0] != "latency_max_ns" {
		t.Errorf("JSON: %+v", r)
	}
	var col Column
	col.Name = "edge"
	col.Add(s)
	c := &Comparison{Columns: []Column{col}}
	for form, write := range map[string]func(b *strings.Builder) error{
		"text":     func(b *strings.Builder) error { return c.WriteText(b) },
		"Markdown": func(b *strings.Builder) error { return c.WriteMarkdown(b) },
	} {
		if out := text(t, write); !strings.Contains(out, "≥ 6.5 s") {
			t.Errorf("%s: %s", form, out)
		}
	}
	if out := text(t, func(b *strings.Builder) error { return c.WriteCSV(b) }); !strings.Contains(out, "edge,served_max,ns,6.5e+09,6.5e+09,6.5e+09,1,true\n") {
		t.Errorf("CSV: %s", out)
	}
	var j struct {
		Modes []struct {
			Figures map[string]struct {
				Median  *float64
				AtLeast bool `json:"at_least"`
			}
		}
	}
	if err := json.Unmarshal([]byte(text(t, func(b *strings.Builder) error { return c.WriteJSON(b) })), &j); err != nil {
		t.Fatal(err)
	}
	if f := j.Modes[0].Figures["served_max"]; f.Median == nil || *f.Median != 6.5e9 || !f.AtLeast {
		t.Errorf("JSON: %+v", f)
	}
}

// TestLowerBoundIsNoVerdict: no mode is the best by a figure of which only a lower bound is known.
func TestLowerBoundIsNoVerdict(t *testing.T) {
	a, b := column("a", figTrip, 1, 2), column("b", figTrip, 8, 9)
	c := &Comparison{Columns: []Column{a, b}}
	if v := c.judge("x", figTrip, false); v.Winner != "a" {
		t.Errorf("%+v", v)
	}
	c.Columns[0].Least = make([]bool, len(Figures))
	c.Columns[0].Least[FigureOf(figTrip)] = true
	if v := c.judge("x", figTrip, false); v.Winner != "" || v.Why == "" {
		t.Errorf("%+v", v)
	}
}

// TestSummaryOfALook: of a process that was looked at, and whose calls nobody sees, no call is counted as none.
func TestSummaryOfALook(t *testing.T) {
	tl := timeline.New(timeline.Options{Info: trace.Info{Timed: true, Kinds: trace.Kinds(trace.State, trace.InCall, trace.Arrive, trace.Queue)}})
	tl.Add([]trace.Event{{Time: 1, Stream: 1, Kind: trace.State, FD: 7, Aux: trace.StateAux(trace.StateDescriptor, trace.TypeStream, 0, 0, 0), Dur: 1}})
	r := Summarize(tl.Snapshot(0), diagnostics.Default())
	if r.Connections == nil || *r.Connections != 1 {
		t.Errorf("connections: %v", r.Connections)
	}
	for name, v := range map[string]*int64{"reads": r.Reads, "writes": r.Writes, "accepts": r.Accepts, "bytes in": r.BytesIn, "sleeps": r.Sleeps, "waits": r.Waits, "resets": r.Resets} {
		if v != nil {
			t.Errorf("%s: %d, want it to be unknown", name, *v)
		}
	}
}
