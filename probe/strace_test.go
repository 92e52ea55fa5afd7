package probe

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
	"testing/iotest"

	"evviz/internal/testkit"
	"evviz/trace"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// dump is everything that a source says.
func dump(t testing.TB, s *Strace) string {
	t.Helper()
	var b strings.Builder
	info := s.Info()
	fmt.Fprintf(&b, "timed %v, wall clock %v\n", info.Timed, info.Clock.Wall != 0)
	for _, m := range info.Missing {
		fmt.Fprintf(&b, "missing: %s: %s\n", m.What, m.Why)
	}
	n, first := s.Unparsed()
	fmt.Fprintf(&b, "not understood: %d\n", n)
	for _, l := range first {
		fmt.Fprintf(&b, "  %s\n", l)
	}
	w := trace.NewTextWriter(&b)
	w.Write(readAll(t, s))
	w.Flush()
	return b.String()
}

func readAll(t testing.TB, s trace.Source) (evs []trace.Event) {
	t.Helper()
	buf := make([]trace.Event, 7)
	for {
		n, err := s.Read(context.Background(), buf)
		evs = append(evs, buf[:n]...)
		if err == io.EOF {
			return evs
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sound checks what holds for the events of any text.
func sound(t testing.TB, s *Strace) {
	t.Helper()
	v := trace.NewValidator(trace.ValidateOptions{Whole: true})
	for i := range s.All() {
		v.Add(&s.All()[i])
		if k := s.All()[i].Kind; !s.Info().Kinds.Has(k) {
			t.Fatalf("a %v, which Info.Kinds does not promise", k)
		}
	}
	if err := v.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestText compares each file of testdata/text with the events that are expected of it.
func TestText(t *testing.T) {
	files, err := filepath.Glob("testdata/text/*.txt")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !Sniff(text) {
				t.Error("it should be recognised as strace text")
			}
			s := NewStrace(bytes.NewReader(text), filepath.Base(path))
			sound(t, s)
			testkit.Golden(t, "text/"+strings.TrimSuffix(filepath.Base(path), ".txt")+".golden", dump(t, s))
		})
	}
}

// TestEveryLineIsAccountedFor: a line is understood, counted under its call's name, or kept as not understood.
func TestEveryLineIsAccountedFor(t *testing.T) {
	text, err := os.ReadFile("testdata/text/odd.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := NewStrace(bytes.NewReader(text), "odd")
	n, first := s.Unparsed()
	others := int64(0)
	for _, c := range s.Others() {
		others += c.N
	}
	understood := 0
	for _, e := range s.All() {
		if (e.Kind == trace.Read || e.Kind == trace.Close) && e.Phase.Base() != trace.PhaseEnter {
			understood++
		}
	}
	if lines := strings.Count(string(text), "\n"); n != 8 || others != 1 || n+int(others)+understood != lines || len(first) != n {
		t.Errorf("%d lines: %d not understood (%d kept), %d of other calls, %d understood", lines, n, len(first), others, understood)
	}
}

// TestTimes: the same two calls under each of strace's clocks.
func TestTimes(t *testing.T) {
	const call = `close(3) = 0`
	for _, c := range []struct {
		name, first, second string
		timed, wall         bool
		gap                 int64
	}{
		{"none", "", "", false, false, 1000},
		{"-t", "10:00:00 ", "10:00:02 ", false, false, 2e9},
		{"-t in one second", "10:00:00 ", "10:00:00 ", false, false, 1000},
		{"-tt", "10:00:00.000001 ", "10:00:00.000003 ", true, false, 2000},
		{"-tt over midnight", "23:59:59.500000 ", "00:00:00.250000 ", true, false, 750e6},
		{"-ttt", "1795386961.000001 ", "1795386961.000003 ", true, true, 2000},
		{"-ttt with ns", "1795386961.000001001 ", "1795386961.000003002 ", true, true, 2001},
		{"-r", "     0.000000 ", "     0.000123 ", true, false, 123_000},
		{"-r -ttt", "1795386961.000001 (+     0.000000) ", "1795386961.000003 (+     0.000002) ", true, true, 2000},
		{"-f -r", "4711      0.000000 ", "4711      0.000123 ", true, false, 123_000},
	} {
		s := NewStrace(strings.NewReader(c.first+call+"\n"+c.second+call+"\n"), c.name)
		sound(t, s)
		evs := slices.DeleteFunc(slices.Clone(s.All()), func(e trace.Event) bool { return e.Kind != trace.Close })
		if len(evs) != 2 {
			t.Errorf("%s: %d events", c.name, len(evs))
			continue
		}
		if gap := evs[1].Time - evs[0].Time; gap != c.gap || s.Info().Timed != c.timed || (s.Info().Clock.Wall != 0) != c.wall {
			t.Errorf("%s: %d ns apart, timed %v, wall %v; want %d, %v, %v", c.name, gap, s.Info().Timed, s.Info().Clock.Wall != 0, c.gap, c.timed, c.wall)
		}
		if c.wall {
			at, ok := s.Info().Clock.WallAt(evs[0].Time)
			if !ok || at.Unix() != 1795386961 {
				t.Errorf("%s: wall clock %v %v", c.name, at, ok)
			}
		}
	}
}

// TestStderr: without -o strace's own messages cut lines in two, and the first thread has no number at first.
func TestStderr(t *testing.T) {
	s := NewStrace(strings.NewReader(`epoll_create1(0) = 3
clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, exit_signal=0}strace: Process 12 attached
 => {parent_tid=[12]}, 88) = 12
[pid    12] close(3) = 0
[pid    11] close(4) = 0
strace: Process 13 attached
[pid    12] +++ exited with 0 +++
close(5) = 0
`), "stderr")
	sound(t, s)
	if n, first := s.Unparsed(); n != 0 {
		t.Errorf("%d lines not understood: %q", n, first)
	}
	streams := map[int32]uint32{}
	for _, e := range s.All() {
		switch e.Kind {
		case trace.Close:
			streams[e.FD] = e.Stream
		case trace.Thread:
			if e.A != 11 && e.A != 0 {
				t.Errorf("thread %d belongs to %d", e.B, e.A)
			}
		}
	}
	if streams[3] == streams[4] || streams[4] != streams[5] {
		t.Errorf("streams of the three closes: %v", streams)
	}
}

func TestSeek(t *testing.T) {
	f, err := os.Open("testdata/text/threads.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := NewStrace(f, "threads")
	all := readAll(t, s)
	first, last := s.Bounds()
	if first != all[0].Time || last != all[len(all)-1].Time {
		t.Error("bounds")
	}
	for i := 0; i < len(all); i += 3 {
		if err := s.SeekTime(all[i].Time); err != nil {
			t.Fatal(err)
		}
		evs := readAll(t, s)
		for len(evs) > 0 && evs[0].Seq == 0 {
			evs = evs[1:]
		}
		at := slices.IndexFunc(all, func(e trace.Event) bool { return e.Time >= all[i].Time })
		if !slices.Equal(evs, all[at:]) {
			t.Fatalf("after a seek to event %d: %d events, want %d", i, len(evs), len(all)-at)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(context.Background(), make([]trace.Event, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if err := s.SeekTime(0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("seek after close: %v", err)
	}
}

// TestCut: what is beyond the bound is told as lost.
func TestCut(t *testing.T) {
	s := readStrace(strings.NewReader(strings.Repeat("4 close(3) = 0\n", 100)), "cut", 50)
	v := trace.NewValidator(trace.ValidateOptions{})
	for i := range s.All() {
		v.Add(&s.All()[i])
	}
	if err := v.Err(); err != nil {
		t.Error(err)
	}
	last := s.All()[len(s.All())-1]
	if len(s.All()) != 51 || last.Kind != trace.Lost || last.A != 51 || s.Cut() != 51 {
		t.Errorf("%d events, the last %s", len(s.All()), trace.AppendText(nil, &last))
	}
	if !slices.ContainsFunc(s.Info().Missing, func(m trace.Missing) bool { return m.What == "the end of the file" }) {
		t.Errorf("missing: %v", s.Info().Missing)
	}
}

// TestBounds: nothing in a text takes memory without bound, or stops the reader.
func TestBounds(t *testing.T) {
	s := NewStrace(strings.NewReader("read(3, \""+strings.Repeat("x", 2<<20)+"\", 5) = 5\nclose(1) = 0\n"+
		"read(2147483647, \"\", 5) = 5\nread(2147483648, \"\", 5) = 5\nepoll_wait(2147483647, [], 5, 0) = 0\n"), "giant")
	sound(t, s)
	if n, first := s.Unparsed(); n != 2 || len(first[0]) > 2*keptBytes {
		t.Errorf("%d lines not understood: %q", n, first)
	}
	var many strings.Builder
	for i := range 3 * maxTracees {
		fmt.Fprintf(&many, "%d clone(flags=CLONE_VM <unfinished ...>\n", i+1)
	}
	for i := range 3 * maxTracees {
		fmt.Fprintf(&many, "%d +++ exited with 0 +++\n", i+1)
	}
	s = NewStrace(strings.NewReader(many.String()), "many")
	sound(t, s)
	if n, _ := s.Unparsed(); n < maxTracees {
		t.Errorf("%d lines not understood", n)
	}
	broken := errors.New("the disk is gone")
	s = NewStrace(io.MultiReader(strings.NewReader("close(1) = 0\n"), iotest.ErrReader(broken)), "broken")
	buf := make([]trace.Event, 10)
	if n, err := s.Read(context.Background(), buf); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if _, err := s.Read(context.Background(), buf); !errors.Is(err, broken) {
		t.Errorf("error: %v", err)
	}
	if _, err := OpenStrace("testdata/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error: %v", err)
	}
}

func TestSniff(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                 false,
		"hello world\n":                    false,
		"func main() { x = f(3) }\n":       false,
		"EVVIZ\x00\x01":                    false,
		"4711 read(3, \"\", 1) = 0\n":      true,
		"1795386961.000100 close(3) = 0\n": true,
		"strace: Process 4711 attached\n[pid 4711] close(3) = 0\n": true,
		"--- SIGINT {si_signo=SIGINT} ---\n":                       true,
		"12 read(3,  <unfinished ...>":                             true,
		"title = \"a scenario\"\nknobs = {}\n":                     false,
		"{\"a\": 1}\n":                                             false,
	} {
		if got := Sniff([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
