package scenarios

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"evviz/trace"
)

// TestExpectMistakes: a misspelt figure is found before anything runs, with its place and what was meant.
func TestExpectMistakes(t *testing.T) {
	for _, c := range []struct{ expect, says string }{
		{`{"raports": 1}`, `x.star:2:5: expect: there is no figure "raports"; did you mean "reports"?`},
		{`{"conection: reports": 1}`, `did you mean "connection"?`},
		{`{"connection: waits": 1}`, "whole run only"},
		{`{"Raedy events=OUT": 1}`, `did you mean "Ready"?`},
		{`{"Ready event=OUT": 1}`, `did you mean "events"?`},
		{`{"Ready events": 1}`, "FIELD=VALUE"},
		{`{"reports": ">> 1"}`, "is not understood"},
		{`{"reports": "3..1"}`, "empty"},
		{`{"reports": [1]}`, "want a number"},
		{`[1]`, "must be a dict"},
	} {
		text := "expect = " + strings.Replace(c.expect, "{", "{\n    ", 1) + "\ndef main():\n    pass\n"
		_, err := parse(Position{}, testFigures{}, "x", "x.star", []byte(text))
		var bad *BadScript
		if !errors.As(err, &bad) || !strings.Contains(bad.Text, c.says) || !strings.HasPrefix(bad.Text, "x.star:") {
			t.Errorf("%s: %v, want it to say %q with a place", c.expect, err, c.says)
		}
	}
}

func TestWant(t *testing.T) {
	for _, c := range []struct {
		want    string
		yes, no []float64
	}{
		{"64", []float64{64}, []float64{63, 65}},
		{"== 64", []float64{64}, []float64{63}},
		{">= 50", []float64{50, 1e9}, []float64{49.9}},
		{"> 50", []float64{50.1}, []float64{50}},
		{"<= 5", []float64{5, -1}, []float64{5.5}},
		{"< 5", []float64{4.9}, []float64{5}},
		{"!= 3", []float64{2, 4}, []float64{3}},
		{"1..3", []float64{1, 2, 3}, []float64{0.9, 3.1}},
		{"-1 .. 1.5", []float64{-1, 1.5}, []float64{-2}},
		{"unknown", nil, []float64{0}},
	} {
		w, err := wantOf(testFigures{}, c.want)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range c.yes {
			if !w.Met(v) {
				t.Errorf("%q refuses %v", c.want, v)
			}
		}
		for _, v := range c.no {
			if w.Met(v) {
				t.Errorf("%q takes %v", c.want, v)
			}
		}
	}
}

func TestFilter(t *testing.T) {
	fig := func(s string) *Figure {
		f, err := ParseFigure(testFigures{}, s)
		if err != nil {
			t.Fatal(err)
		}
		return &f
	}
	ready := trace.Event{Kind: trace.Ready, Mask: 0x5}
	again := trace.Event{Kind: trace.Read, A: 4, B: -1, Errno: uint16(syscall.EAGAIN)}
	fine := trace.Event{Kind: trace.Read, A: 4, B: 4}
	begun := trace.Event{Kind: trace.Read, A: 4, Phase: trace.PhaseEnter}
	for _, c := range []struct {
		text string
		e    *trace.Event
		want bool
	}{
		{"Ready", &ready, true}, {"Ready events=IN|OUT", &ready, true}, {"Ready events=OUT", &ready, false},
		{"Read err=EAGAIN", &again, true}, {"Read err!=EAGAIN", &again, false}, {"Read err=0", &fine, true}, {"Read err=EAGAIN,ECONNRESET", &again, true},
		{"Read ret=4", &fine, true}, {"connection: Read asked=4 ret!=4", &fine, false}, {"Read", &begun, false},
	} {
		if got := fig(c.text).Is(c.e); got != c.want {
			t.Errorf("%q: %v for %+v", c.text, got, c.e)
		}
	}
}
