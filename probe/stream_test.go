package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"evviz/trace"
)

// streamed reads a stream to its end and checks what holds for any.
func streamed(t testing.TB, s *Stream) (evs []trace.Event) {
	t.Helper()
	v := trace.NewValidator(trace.ValidateOptions{Whole: true})
	buf := make([]trace.Event, 100)
	for {
		n, err := s.Read(context.Background(), buf)
		for i := range buf[:n] {
			v.Add(&buf[i])
		}
		evs = append(evs, buf[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Err(); err != nil {
		t.Fatal(err)
	}
	return evs
}

// TestStreamIsTheSame: read as a stream a log gives the events that it gives when it is read as a whole, but for the marks
// of what came late.
func TestStreamIsTheSame(t *testing.T) {
	files, _ := filepath.Glob("testdata/text/*.txt")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole := NewStrace(bytes.NewReader(text), path)
		// One byte at a time: no line may depend on how the text is cut by whoever hands it over.
		s, err := StreamStrace(iotest.OneByteReader(bytes.NewReader(text)), path)
		if err != nil {
			t.Fatal(err)
		}
		evs := streamed(t, s)
		for i := range evs {
			evs[i].Phase &^= trace.PhaseLate
		}
		slices.SortStableFunc(evs, func(a, b trace.Event) int { return int(min(max(a.Time-b.Time, -1), 1)) })
		if !slices.Equal(evs, whole.All()) {
			t.Errorf("%s: %d events as a stream, %d as a whole", path, len(evs), len(whole.All()))
		}
		if a, b := fmt.Sprint(s.Info()), fmt.Sprint(whole.Info()); a != b {
			t.Errorf("%s: at the end the stream says\n%s, the whole\n%s", path, a, b)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStreamEnds: a reader that fails, a closed stream, a cancelled context.
func TestStreamEnds(t *testing.T) {
	broken := errors.New("the disk is gone")
	if _, err := StreamStrace(iotest.ErrReader(broken), "broken"); !errors.Is(err, broken) {
		t.Errorf("error: %v", err)
	}
	s, err := StreamStrace(strings.NewReader(strings.Repeat("4 close(3) = 0\n", 10_000)), "many")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	buf := make([]trace.Event, 10)
	if n, err := s.Read(ctx, buf); n != 10 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	cancel()
	if _, err := s.Read(ctx, buf); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	s.Close()
	if _, err := s.Read(context.Background(), buf); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error: %v", err)
	}
}

// TestWindow: what is a little too old is put in its place, what is much too old is marked.
func TestWindow(t *testing.T) {
	var w window
	put := func(stream uint32, at int64) { w.put(&trace.Event{Kind: trace.Close, Stream: stream, Time: at}) }
	for _, at := range []int64{10, 20, 30} {
		put(1, at)
	}
	put(2, 15) // between
	put(2, 5)  // older than one of its own
	put(3, 25)
	put(1, 26) // older than one of its own
	put(4, 30)
	got := make([]trace.Event, 20)
	var b strings.Builder
	for _, e := range got[:w.take(got, true)] {
		fmt.Fprintf(&b, "%d:%d", e.Stream, e.Time)
		if e.Phase.IsLate() {
			b.WriteString("L")
		}
		b.WriteString(" ")
	}
	if want := "1:10 2:15 1:20 3:25 1:30 2:5L 1:26L 4:30 "; b.String() != want {
		t.Errorf("got  %s\nwant %s", b.String(), want)
	}
}

// TestManyFiles: what strace -ff writes, a file for each thread, is put together as strace -f would have printed it.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"out.100": "1.5 epoll_create1(0) = 3 <0.000010>\n" +
			"1.6 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, exit_signal=0} => {parent_tid=[101]}, 88) = 101 <0.000100>\n" +
			"2.0 epoll_wait(3, [{events=EPOLLIN, data={u32=5, u64=5}}], 8, -1) = 1 <7.000000>\n9.5 close(3) = 0 <0.000010>\n",
		"out.101": "1.7 futex(0x7f, FUTEX_WAIT, 1, NULL) = 0 <3.000000>\n5.0 write(5, \"12345678\", 8) = 8 <0.000010>\nnonsense\n9.2 +++ exited with 0 +++\n",
		"out.txt": "another file\n",
	} {
		text = strings.ReplaceAll(text, "\n", "\n1795386")
		text = strings.TrimSuffix("1795386"+text, "1795386")
		text = strings.ReplaceAll(text, "1795386nonsense", "nonsense")
		var lines []string
		for _, l := range strings.Split(text, "\n") {
			if rest, ok := strings.CutPrefix(l, "1795386"); ok && l != "" {
				l = "179538696" + rest
			}
			lines = append(lines, l)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !IsLogSet(filepath.Join(dir, "out")) || IsLogSet(filepath.Join(dir, "none")) || IsLogSet(filepath.Join(dir, "out.100")) {
		t.Error("a set of files is not known as one")
	}
	for _, path := range []string{filepath.Join(dir, "out"), dir} {
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		sound(t, s)
		var b strings.Builder
		for _, e := range s.All() {
			if e.Kind != trace.Name {
				fmt.Fprintf(&b, "%s %s %s\n", fmt.Sprintf("%.1f", float64(e.Time-1795386960e9)/1e9), trace.Specs[e.Kind].Name, e.Phase)
			}
		}
		want := "1.5 Thread complete\n1.5 Open complete\n1.5 Instance complete\n1.6 Fork complete\n1.7 Thread complete\n1.7 Sys enter\n2.0 Wait enter\n" +
			"4.7 Sys exit\n5.0 Write enter\n5.0 Write exit\n9.0 Wait exit\n9.0 Ready complete\n9.2 Exit complete\n9.5 Close complete\n"
		if b.String() != want {
			t.Errorf("%s:\n%swant\n%s", path, b.String(), want)
		}
		for _, e := range s.All() {
			if e.Kind == trace.Thread && e.A != 100 {
				t.Errorf("thread %d belongs to %d", e.B, e.A)
			}
		}
		if n, first := s.Unparsed(); n != 1 || first[0] != "nonsense" {
			t.Errorf("%d lines not understood: %q", n, first)
		}
	}
	var odd []Odd
	lines, err := EachUnparsed(filepath.Join(dir, "out"), func(o Odd) { odd = append(odd, o) })
	if want := (Odd{filepath.Join(dir, "out.101"), 3, "nonsense"}); err != nil || lines != 8 || len(odd) != 1 || odd[0] != want {
		t.Errorf("%d lines, %v, %v", lines, odd, err)
	}
	if s, err := Open(filepath.Join(dir, "out.101")); err != nil || s.Events() < 5 {
		t.Errorf("one file alone: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error: %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no file of strace -ff") {
		t.Errorf("error: %v", err)
	}
}

// repeated hands on a text that is made piece by piece, so that a test can read more than it could keep.
type repeated struct {
	n    int
	line func(b []byte, i int) []byte
	i    int
	left []byte
}

func (r *repeated) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.i == r.n {
			return 0, io.EOF
		}
		r.left = r.line(r.left[:0], r.i)
		r.i++
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// TestHostile: whatever a text says, what is kept of it is bounded, and nothing in it reaches a terminal as a command.
func TestHostile(t *testing.T) {
	million := 300_000 // more than any of the bounds
	switch {
	case os.Getenv("EVVIZ_LOAD") != "":
		million = 1_000_000
	case raceEnabled || testing.Short():
		million = 30_000
	}
	for _, c := range []struct {
		name string
		n    int
		line func(b []byte, i int) []byte
	}{
		{"a line of 100 MB", 100, func(b []byte, i int) []byte {
			if i == 0 {
				b = append(b, `read(3, "`...)
			}
			return append(b, bytes.Repeat([]byte{'x'}, 1<<20)...)
		}},
		{"descriptors", million, func(b []byte, i int) []byte {
			return fmt.Appendf(b, "4 dup(%d) = %d\n", i, 2147483647-i)
		}},
		{"decorated descriptors", million, func(b []byte, i int) []byte {
			return fmt.Appendf(b, "4 read(%d<TCP:[127.0.0.1:80->10.%d.%d.%d:99]>, \"\", 9) = 0\n", i, i>>16&255, i>>8&255, i&255)
		}},
		{"threads", million, func(b []byte, i int) []byte { return fmt.Appendf(b, "%d close(3) = 0\n", i+1) }},
		{"threads that leave something", million, func(b []byte, i int) []byte {
			return fmt.Appendf(b, "%d read(3, \"%0200d <unfinished ...>\n", i+1, i)
		}},
		{"children", million, func(b []byte, i int) []byte { return fmt.Appendf(b, "4 fork() = %d\n", i%4_000_000+5) }},
		{"names of calls", million, func(b []byte, i int) []byte { return fmt.Appendf(b, "4 call_%d(1) = 0\n", i) }},
		{"names of files", million, func(b []byte, i int) []byte {
			return fmt.Appendf(b, "%d open(\"/%0100d\", O_RDONLY) = 3\n", i%5000+1, i)
		}},
		{"names of threads", million, func(b []byte, i int) []byte { return fmt.Appendf(b, "4<\x1b[2J%d> close(3) = 0\n", i) }},
		{"sets", million / 150, func(b []byte, i int) []byte {
			b = fmt.Appendf(b, "%d poll([", i+1)
			for k := range 2000 {
				b = fmt.Appendf(b, "{fd=%d, events=POLLIN}, ", k*7+i)
			}
			return append(b, "...], 99999, 0) = 0 (Timeout)\n"...)
		}},
		{"nonsense", million, func(b []byte, i int) []byte { return fmt.Appendf(b, "\x1b]0;%d\x07\xff(((((\n", i) }},
		{"times that go back", million / 4, func(b []byte, i int) []byte {
			return fmt.Appendf(b, "%d 17%08d.5 close(3) = 0 <9.000000>\n", i%50+1, (million-i)%99999999)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			s, err := StreamStrace(&repeated{n: c.n, line: c.line}, "hostile")
			if err != nil {
				t.Fatal(err)
			}
			v := trace.NewValidator(trace.ValidateOptions{Whole: true})
			buf := make([]trace.Event, 4096)
			for {
				n, err := s.Read(context.Background(), buf)
				for i := range buf[:n] {
					v.Add(&buf[i])
					if e := &buf[i]; e.Kind == trace.Name && strings.ContainsAny(e.NameText(), "\x1b\x07\n") {
						t.Fatalf("a name with a command for terminals: %q", e.NameText())
					}
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := v.Err(); err != nil {
				t.Error(err)
			}
			v = nil
			_, first := s.Unparsed()
			for _, o := range append(first, Odd{Text: fmt.Sprint(s.Info().Missing)}) {
				if strings.ContainsAny(o.Text, "\x1b\x07") || len(o.Text) > 4096 {
					t.Errorf("a text with a command for terminals, or too long: %.300q", o.Text)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 160<<20 {
				t.Errorf("%d MB are kept", kept>>20)
			} else {
				t.Logf("%d MB are kept", max(kept, 0)>>20)
			}
			runtime.KeepAlive(s)
		})
	}
}
