package world

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// dump is everything that a world knows, in words: what must be the same whether a reader has come here from the beginning or has begun
// with a restatement. Files are numbered in the order in which they are met.
func dump(w *World) string {
	var b strings.Builder
	ids := map[*File]int{}
	file := func(f *File) string {
		if _, ok := ids[f]; !ok {
			ids[f] = len(ids) + 1
		}
		return fmt.Sprintf("#%d", ids[f])
	}
	w.ordered(func(th *Thread) {
		if th.known && !th.ended && th.TID != 0 {
			fmt.Fprintf(&b, "thread %d: %d/%d %q role %d table %d\n", th.Stream, th.PID, th.TID, th.Name.Text, th.role(), th.Table.ID)
		}
	})
	w.Tables(func(tb *Table) {
		tb.Each(func(n *Number) {
			if n.File != nil {
				file(n.File)
			}
		})
	})
	w.Tables(func(tb *Table) {
		var regs []string
		tb.Each(func(n *Number) {
			f := n.File
			if f == nil {
				return
			}
			fmt.Fprintf(&b, "table %d: fd %d gen %d %s %s peer %q local %q cloexec %v flags %#x\n", tb.ID, n.FD, n.Gen, file(f), trace.TypeNames.Word(f.Type),
				f.Peer.Text, f.Local.Text, n.Cloexec, f.Flags)
			if f.Instance != nil {
				f.Instance.Each(func(r *Registration) {
					regs = append(regs, fmt.Sprintf("  %s watches %s as fd %d: %#x data %#x known %v stale %v", file(f), file(r.File), r.FD, r.Mask, r.Data, r.Known, r.Stale))
				})
			}
		})
		slices.Sort(regs)
		for _, r := range slices.Compact(regs) {
			fmt.Fprintln(&b, r)
		}
	})
	for _, id := range sortedKeys(w.sets, func(a, b uint32) int { return int(a) - int(b) }) {
		w.sets[id].Each(func(r *Registration) {
			fmt.Fprintf(&b, "set %#x: fd %d %s %#x known %v\n", id, r.FD, file(r.File), r.Mask, r.Known)
		})
	}
	return b.String()
}

// everywhere restates a trace before each of its events: whoever begins there must know what whoever has read all of it knows, there and
// after every event that follows.
func everywhere(t *testing.T, evs []trace.Event, step int) {
	t.Helper()
	whole := NewTracker()
	type reader struct {
		from int
		*Tracker
	}
	var begun []reader
	for i := range evs {
		if i%step == 0 {
			r := reader{i, NewTracker()}
			for _, e := range whole.Restate(evs[max(i, 1)-1].Time) {
				r.Add(&e)
			}
			r.who.Before(&trace.Event{Kind: trace.Sync})
			begun = append(begun, r)
		}
		want := dump(whole.who)
		for _, r := range begun {
			if got := dump(r.who); got != want {
				t.Fatalf("before event %d (%s), begun at %d:\n%s\nfrom the beginning:\n%s", i, trace.AppendText(nil, &evs[i]), r.from, got, want)
			}
		}
		whole.Add(&evs[i])
		for _, r := range begun {
			r.Add(&evs[i])
		}
	}
}

// TestPrefork: a server with workers, as testdata/prefork.txt says, is the same wherever one begins to read.
func TestPrefork(t *testing.T) { everywhere(t, text(t, "prefork"), 1) }

// TestFork is a recording of the lab with a child that inherits its descriptors and outlives some of them.
func TestFork(t *testing.T) { everywhere(t, text(t, "fork"), 37) }

func text(t *testing.T, name string) []trace.Event {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	evs, err := trace.ReadText(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Validate(evs); err != nil {
		t.Fatal(err)
	}
	return evs
}

func TestSession(t *testing.T) { everywhere(t, traces.Session(60), 7) }
