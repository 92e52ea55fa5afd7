package record

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
	"evviz/world"
)

// textOf is what replay --text prints of a source.
func textOf(t testing.TB, info trace.Info, evs []trace.Event) string {
	t.Helper()
	b := bytes.NewBuffer(AppendTextHead(nil, &info))
	w := trace.NewTextWriter(b)
	if err := errors.Join(w.Write(evs), w.Flush()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTextFile: what a text is read back as is what was written, also what its source knew of itself, and the events that came
// late.
func TestTextFile(t *testing.T) {
	evs := append(traces.Session(1), traces.Loop(20, 3, 1)...)
	for i := range evs {
		evs[i].Time = int64(1000 + i*10)
	}
	evs[9].Time, evs[9].Phase = evs[3].Time, evs[9].Phase|trace.PhaseLate
	info := trace.Info{Title: "a \"title\"\n# evviz timed=\"true\"", Origin: "x\x1b[2J", Timed: false, Clock: trace.Clock{Mono: 5, Wall: 1_700_000_000_000_000_000}, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify),
		Missing: []trace.Missing{{What: "times", Why: "none \u202e were told"}, {What: "", Why: "="}}, Meta: []trace.Pair{{Key: "kernel", Value: "Linux"}, {Key: "knob.reads", Value: "1"}}}
	text := textOf(t, info, evs)
	for _, c := range text {
		if c != '\n' && (c < ' ' || c > '~') {
			t.Fatalf("%q leaves the writer", c)
		}
	}
	path := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if !SniffText([]byte(text)) {
		t.Error("it is not known for what it is")
	}
	f, err := OpenText(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Info(), info) {
		t.Errorf("the source is\n%+v, and was\n%+v", f.Info(), info)
	}
	if got := readAll(t, f); !reflect.DeepEqual(got, evs) {
		t.Errorf("%d events, want %d, or others", len(got), len(evs))
	}
	if first, last := f.Bounds(); first != evs[0].Time || last != evs[len(evs)-1].Time || f.Events() != int64(len(evs)) || f.Path() != path {
		t.Errorf("%d events from %d to %d of %s", f.Events(), first, last, f.Path())
	}

	// To a moment: the world there, told again, and the rest.
	at := 12
	if err := f.SeekTime(evs[at].Time); err != nil {
		t.Fatal(err)
	}
	known := world.NewTracker()
	for i := range evs[:at] {
		known.Add(&evs[i])
	}
	want := append(known.Restate(evs[at].Time), evs[at:]...)
	if got := readAll(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("after a seek %d events, want %d, or others", len(got), len(want))
	}
	again, err := f.Reopen()
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if got := readAll(t, again); len(got) != len(evs) {
		t.Errorf("a second reader sees %d events", len(got))
	}
	if _, err := f.Read(context.Background(), make([]trace.Event, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if err := f.SeekTime(0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("seek after close: %v", err)
	}
}

// TestTextFileWithoutHead: what nobody told is unknown, and what stands too early in the text is late.
func TestTextFileWithoutHead(t *testing.T) {
	f, err := readText(strings.NewReader("# a remark\n\n2.0 1 Read complete fd=3 ret=1\n1.0 1 Write complete fd=3 ret=1\n3.0 1 Read complete fd=3 ret=1\n"), "dir/x.txt", 10)
	if err != nil {
		t.Fatal(err)
	}
	info := f.Info()
	if !info.Timed || info.Kinds != trace.Kinds(trace.Read, trace.Write) || info.Title != "text x.txt" || len(info.Missing) != 1 {
		t.Errorf("%+v", info)
	}
	evs := readAll(t, f)
	if first, last := f.Bounds(); first != 2e9 || last != 3e9 || evs[0].Phase.IsLate() || !evs[1].Phase.IsLate() || evs[2].Phase.IsLate() {
		t.Errorf("%d to %d: %+v", first, last, evs)
	}
}

func TestTextFileErrors(t *testing.T) {
	event := "1.0 1 Read complete fd=3 ret=1\n"
	for _, c := range []struct{ text, says string }{
		{event + event + "1.0 1 Reed complete\n", `line 3, column 7: no kind of event is called "Reed"`},
		{event + "1.0 1 Read comple", "line 2, column 12: phase"},
		{"# evviz timed=\"perhaps\"\n" + event, `line 1: timed of the head: "perhaps" is wrong`},
		{"# evviz timed=\"tr\n" + event, "line 1: timed of the head: a string that does not end"},
		{"# evviz kinds=\"-1\"\n", "line 1: kinds of the head"},
		{strings.Repeat(event, 6), "line 6: this text has more than 5 events"},
		{event + strings.Repeat("x", trace.MaxTextLine+1), "line 2: "},
	} {
		if _, err := readText(strings.NewReader(c.text), "x.txt", 5); err == nil || !strings.Contains(err.Error(), "x.txt: "+c.says) {
			t.Errorf("%.60q: %v, want %s", c.text, err, c.says)
		}
	}
	if f, err := readText(strings.NewReader("# evviz what=\"is new\"\n# evviz is nice\n"+strings.Repeat(event, 5)), "x.txt", 5); err != nil || f.Events() != 5 {
		t.Errorf("a head with unknown lines, and as many events as may be: %v", err)
	}
	if _, err := OpenText(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestSniffText(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "\n\n": false, "# a remark\n": false, "1.0 1 Read complete fd=3\n": true, "# x\n\r\n1.0 1 Read complete fd=3\n": true, "# evviz timed=\"true\"\n": true,
		"read(3, \"\", 10) = 0\n": false, "1795406745.94 read(24, \"\", 65536) = 0 <0.000016>\n": false, "4711 1795406745.94 read(24, \"\", 65536) = 0\n": false,
		"\x89evt\r\n\x1a\n": false, "hello\n": false,
	} {
		if got := SniffText([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzTextFile: no text makes the reader fail otherwise than with an error, and what it takes is read back as the same.
func FuzzTextFile(f *testing.F) {
	f.Add(textOf(f, trace.Info{Title: "x", Missing: []trace.Missing{{What: "a", Why: "b"}}, Meta: []trace.Pair{{Key: "c", Value: "d"}}}, traces.Session(1)))
	f.Add("# evviz timed=\"\n")
	f.Add("2 1 Read complete\n1 1 Read complete\n")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := readText(strings.NewReader(text), "x", 1000)
		if err != nil {
			return
		}
		evs := readAll(t, a)
		b, err := readText(strings.NewReader(textOf(t, a.Info(), evs)), "x", 1000)
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, b); !reflect.DeepEqual(got, evs) || b.Info().Timed != a.Info().Timed || b.Info().Kinds != a.Info().Kinds || len(b.Info().Missing) != len(a.Info().Missing) {
			t.Errorf("%+v\n%+v, and was\n%+v\n%+v", b.Info(), got, a.Info(), evs)
		}
		if first, last := a.Bounds(); first < last {
			if err := a.SeekTime(first + (last-first)/2); err != nil {
				t.Fatal(err)
			}
			readAll(t, a)
		}
	})
}
