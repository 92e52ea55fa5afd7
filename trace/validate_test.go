package trace_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// Each file in testdata/*.txtar is a trace in text form; its first line says what the validator has to find.
func TestValidator(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	seen := map[string]bool{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range testkit.Archive(string(b)) {
			t.Run(file.Name, func(t *testing.T) {
				first, rest, _ := strings.Cut(file.Data, "\n")
				want, ok := strings.CutPrefix(first, "expect: ")
				if !ok {
					t.Fatalf("the first line is %q", first)
				}
				evs, err := trace.ReadText(strings.NewReader(rest))
				if err != nil {
					t.Fatal(err)
				}
				v := trace.NewValidator(trace.ValidateOptions{})
				for i := range evs {
					v.Add(&evs[i])
				}
				var ids []string
				for _, x := range v.Violations() {
					ids = append(ids, x.Invariant)
					seen[x.Invariant] = true
					if inv, ok := trace.InvariantByID(x.Invariant); !ok || inv.Breaks == "" {
						t.Errorf("%s is not in the table", x.Invariant)
					}
				}
				got := strings.Join(ids, " ")
				if got == "" {
					got = "valid"
				}
				if got != want {
					t.Errorf("found %s, want %s\n%v", got, want, v.Err())
				}

				// Every case is written and read again as the same.
				for i := range evs {
					line := string(trace.AppendText(nil, &evs[i]))
					if back, err := trace.ParseText(line); err != nil || back != evs[i] {
						t.Errorf("%s: %v", line, err)
					}
				}
			})
		}
	}
	for _, inv := range trace.Invariants {
		if !seen[inv.ID] {
			t.Errorf("no case breaks %s", inv.ID)
		}
	}
}

func TestValidatorWholeAndPartial(t *testing.T) {
	evs := []trace.Event{{Kind: trace.Sys, Stream: 1, Seq: 5, Aux: 9}}
	v := trace.NewValidator(trace.ValidateOptions{Partial: true, Whole: true})
	v.Add(&evs[0])
	if len(v.Violations()) != 1 || v.Violations()[0].Invariant != "I5" {
		t.Error(v.Violations())
	}
	v = trace.NewValidator(trace.ValidateOptions{Max: 2})
	for range 10 {
		v.Add(&trace.Event{Kind: 200})
	}
	if len(v.Violations()) != 2 || v.Total() != 10 || v.Err() == nil {
		t.Error(v.Total(), v.Violations())
	}
}

func BenchmarkValidator(b *testing.B) {
	evs := traces.Loop(100_000, 64, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := trace.Validate(evs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(evs))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mev/s")
}

// TestLostOfAPaste: a text of which lines were left out does not know how many; anything else must.
func TestLostOfAPaste(t *testing.T) {
	lost := func(where uint32) []trace.Event {
		return []trace.Event{{Kind: trace.Wait, Phase: trace.PhaseEnter, Stream: 1, Seq: 1, Time: 1}, {Kind: trace.Lost, Stream: 1, Seq: 2, Time: 2, Aux: where},
			{Kind: trace.Wait, Phase: trace.PhaseEnter, Stream: 1, Seq: 3, Time: 3}, {Kind: trace.Wait, Phase: trace.PhaseExit, Stream: 1, Seq: 4, Time: 4, Dur: 1}}
	}
	if err := trace.Validate(lost(trace.LostPaste)); err != nil {
		t.Error(err)
	}
	if trace.Validate(lost(trace.LostPipe)) == nil {
		t.Error("a pipe that has lost none")
	}
}
