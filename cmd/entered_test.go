package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"evviz/probe"
	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

// who is what a snapshot knows of who is who: the lanes that are open, what they are registered as, and the threads.
func who(s *timeline.Snapshot) string {
	var out []string
	for _, l := range s.Lanes {
		if l.Closed != 0 {
			continue
		}
		out = append(out, fmt.Sprintf("table %d fd %d (%d numbers): %v %q peer %q local %q registered %v for %#x trigger %d",
			l.Table, l.FD, l.FDs, l.Kind, l.Label, l.Peer, l.Local, l.Registered, l.Interest, l.Trigger))
	}
	slices.Sort(out)
	var loops []string
	for _, l := range s.Loops {
		if l.Ended == 0 {
			loops = append(loops, fmt.Sprintf("thread %d/%d %q table %d", l.PID, l.TID, l.Name, l.Table))
		}
	}
	slices.Sort(loops)
	return strings.Join(append(out, loops...), "\n")
}

// foldedAll reads a source to its end.
func foldedAll(t *testing.T, src trace.Source) *timeline.Snapshot {
	t.Helper()
	tl := timeline.New(timeline.Options{Info: src.Info()})
	buf := make([]trace.Event, 512)
	for {
		n, err := src.Read(context.Background(), buf)
		tl.Add(buf[:n])
		if errors.Is(err, io.EOF) {
			return tl.Snapshot(0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEnteredAnywhere: a server with workers, as strace saw one and as the lab runs one, shows the same lanes, names and registrations
// at its end, whether it was read from the beginning, from any chunk on, or came through the flight recorder.
func TestEnteredAnywhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		evs  func(t *testing.T) (trace.Info, []trace.Event)
		says []string // of the end, so that nothing is compared with nothing
	}{
		{"strace", preforked, []string{"listener"}},
		{"lab", forked, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			info, all := c.evs(t)
			for _, part := range []int{len(all), len(all) * 3 / 4, len(all) / 2, len(all) / 3} { // at the end everything is closed
				evs := all[:part]
				path := filepath.Join(t.TempDir(), "t.evt")
				w, err := record.Create(path, info)
				if err != nil {
					t.Fatal(err)
				}
				const per = 20
				for at := 0; at < len(evs); at += per {
					if err := errors.Join(w.Write(evs[at:min(at+per, len(evs))]), w.Flush()); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				f, err := record.OpenFile(path)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				want := who(foldedAll(t, f))
				for chunk := 1; chunk < f.Chunks(); chunk++ {
					if err := f.Jump(trace.Point{Chunk: chunk}); err != nil {
						t.Fatal(err)
					}
					if got := who(foldedAll(t, f)); got != want {
						t.Fatalf("%d events, entered at chunk %d:\n%s\nfrom the beginning:\n%s\nafter:\n%s", part, chunk, got, want, textOf(evs[chunk*per:]))
					}
				}
				flight := record.NewFlight(record.NewMemory("", info, evs, nil), time.Hour, 1<<30)
				if got := who(foldedAll(t, flight)); got != want {
					t.Errorf("%d events, past the flight recorder:\n%s\nwithout it:\n%s", part, got, want)
				}
				saved := filepath.Join(t.TempDir(), "saved.evt")
				if _, err := flight.Save(saved); err != nil {
					t.Fatal(err)
				}
				if got := who(replayed(t, saved).Snapshot()); got != want {
					t.Errorf("%d events, saved by the flight recorder:\n%s\nfrom the beginning:\n%s", part, got, want)
				}
				if part == len(all)/2 && strings.Count(want, "\n") < 3 {
					t.Errorf("nearly nothing is open in the middle:\n%s", want)
				}
			}
		})
	}
}

// preforked is the log of a Python server that forks two workers, which inherit its listener; one passes connections on to the other.
func preforked(t *testing.T) (trace.Info, []trace.Event) {
	b, err := os.ReadFile("../probe/testdata/prefork.strace")
	if err != nil {
		t.Fatal(err)
	}
	s := probe.NewStrace(bytes.NewReader(b), "prefork.strace")
	received := 0
	for _, e := range s.All() {
		if e.Kind == trace.Open && e.Aux>>8&0xff == trace.OriginReceived {
			received++
		}
	}
	if received != 2 {
		t.Errorf("%d descriptors were received, want 2", received)
	}
	return s.Info(), s.All()
}

// forked is a recording of the lab with processes of its own.
func forked(t *testing.T) (trace.Info, []trace.Event) {
	path := filepath.Join(t.TempDir(), "lab.evt")
	if r := run(t, "--headless", "--listen", "127.0.0.1:0", "--scenario", "16b-fork-own", "--record", path); r.code != 0 {
		t.Fatal(r.err)
	}
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return f.Info(), readAll(t, path)
}

// textOf is the text of some events, a hundred at most.
func textOf(evs []trace.Event) string {
	var b []byte
	for i := range evs[:min(len(evs), 100)] {
		b = append(trace.AppendText(b, &evs[i]), '\n')
	}
	return string(b)
}
