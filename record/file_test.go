package record

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
	"evviz/world"
)

// testInfo is an Info with something in every field.
func testInfo() trace.Info {
	return trace.Info{Title: "lab · epoll LEVEL", Origin: "127.0.0.1:4201", Clock: trace.Clock{Mono: 5, Wall: 1.6e18}, Timed: true, Kinds: trace.Kinds(trace.Read, trace.Bookmark), Knows: trace.KnowsArrivals | trace.KnowsHandlers, OS: trace.Linux,
		Missing: []trace.Missing{{What: "Arrive", Why: "no observer"}}, Meta: []trace.Pair{{Key: "kernel", Value: "6.18"}, {Key: "seed", Value: "42"}, {Key: "seed", Value: "again"}}}
}

// writeFile records evs, ending a chunk after every so many events.
func writeFile(t testing.TB, evs []trace.Event, per int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.evt")
	w, err := Create(path, testInfo())
	if err != nil {
		t.Fatal(err)
	}
	for len(evs) > 0 {
		n := min(per, len(evs))
		if err := errors.Join(w.Write(evs[:n]), w.Flush()); err != nil {
			t.Fatal(err)
		}
		evs = evs[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll reads a source to its end.
func readAll(t testing.TB, src trace.Source) []trace.Event {
	t.Helper()
	var out []trace.Event
	buf := make([]trace.Event, 777)
	for {
		n, err := src.Read(context.Background(), buf)
		out = append(out, buf[:n]...)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func mustOpen(t testing.TB, path string) *File {
	t.Helper()
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func sameEvents(t testing.TB, got, want []trace.Event) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("event %d:\n got %s\nwant %s", i, trace.AppendText(nil, &got[i]), trace.AppendText(nil, &want[i]))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
}

func TestFileRoundTrip(t *testing.T) {
	for name, evs := range map[string][]trace.Event{
		"none": nil, "loop": traces.Loop(5000, 30, 1), "session": traces.Session(200), "random": traces.Random(900, 4),
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, writeFile(t, evs, 700))
			info := testInfo()
			if !reflect.DeepEqual(f.Info(), info) {
				t.Errorf("info:\n got %+v\nwant %+v", f.Info(), info)
			}
			sameEvents(t, readAll(t, f), evs)
			if d := f.Damage(); len(d) > 0 {
				t.Error(d)
			}
			if want := (len(evs) + 699) / 700; name != "random" && f.Chunks() != want || f.Events() != int64(len(evs)) {
				t.Errorf("%d chunks, %d events", f.Chunks(), f.Events())
			}
		})
	}
}

func TestFileMode(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.evt")
	if err := os.WriteFile(path, []byte("what was there"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, trace.Info{}); !errors.Is(err, os.ErrExist) {
		t.Errorf("it wrote over a file: %v", err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	w, err := Create(path, trace.Info{})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	st, _ := os.Stat(path)
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	_, err = Create(filepath.Join(dir, "no", "b.evt"), trace.Info{})
	if err == nil || !strings.HasSuffix(err.Error(), "b.evt: no such file or directory") || !strings.HasPrefix(err.Error(), "create /") || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// The chunk ends when its oldest event is a second older than its newest, and at 64 Ki events.
func TestWriterChunks(t *testing.T) {
	var b bytes.Buffer
	w, _ := NewWriter(&b, trace.Info{})
	evs := make([]trace.Event, 25)
	for i := range evs {
		evs[i] = trace.Event{Kind: trace.Bookmark, Time: int64(i) * 1e8}
	}
	w.Write(evs)
	if len(w.chunks) != 2 || w.chunks[0].events != 11 {
		t.Errorf("%d chunks", len(w.chunks))
	}
	w.Write(traces.Loop(3*chunkEvents, 9, 1))
	if len(w.chunks) < 4 || w.chunks[3].events > chunkEvents {
		t.Errorf("%d chunks", len(w.chunks))
	}
	if w.Events() != 25+3*chunkEvents {
		t.Error(w.Events())
	}
	w.Close()
	if w.Bytes() != int64(b.Len()) {
		t.Error(w.Bytes(), b.Len())
	}
	if err := w.Write(evs); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	bytes.Buffer
	room int
}

func (d *fullDisk) Write(b []byte) (int, error) {
	if len(b) > d.room {
		n, _ := d.Buffer.Write(b[:d.room])
		d.room = 0
		return n, errors.New("no space left on device")
	}
	d.room -= len(b)
	return d.Buffer.Write(b)
}

func TestWriterDiskFull(t *testing.T) {
	evs := traces.Loop(4000, 9, 1)
	d := &fullDisk{room: 12000}
	w, err := NewWriter(d, testInfo())
	if err != nil {
		t.Fatal(err)
	}
	var first error
	for i := 0; i < len(evs); i += 500 {
		err := errors.Join(w.Write(evs[i:i+500]), w.Flush())
		if first == nil {
			first = w.Err()
		} else if !errors.Is(err, first) {
			t.Errorf("another error: %v", err)
		}
	}
	if first == nil || first.Error() != "write trace: no space left on device" {
		t.Fatal(first)
	}
	if w.Events()+w.Dropped() != int64(len(evs)) || w.Dropped() == 0 || w.Events() == 0 {
		t.Errorf("%d written, %d dropped", w.Events(), w.Dropped())
	}
	if w.Close() != first {
		t.Error("Close tells something else")
	}
	path := filepath.Join(t.TempDir(), "full.evt")
	os.WriteFile(path, d.Bytes(), 0o600)
	f := mustOpen(t, path)
	got := readAll(t, f)
	sameEvents(t, got[:w.Events()], evs[:w.Events()])
	if len(f.Damage()) != 1 {
		t.Error(f.Damage())
	}
}

func TestFileSeek(t *testing.T) {
	evs := traces.Session(500)
	f := mustOpen(t, writeFile(t, evs, 300))
	first, last := f.Bounds()
	if first != evs[0].Time || last != evs[len(evs)-1].Time {
		t.Fatal(first, last)
	}
	for _, at := range []int64{0, first, first + 1, evs[299].Time, evs[300].Time, evs[300].Time - 1, evs[1234].Time, last, last - 1} {
		if err := f.SeekTime(at); err != nil {
			t.Fatal(err)
		}
		k := 0
		want := world.NewTracker()
		for k < len(evs) && evs[k].Time < at {
			want.Add(&evs[k])
			k++
		}
		world := want.Restate(at)
		got := readAll(t, f)
		sameEvents(t, got[:len(world)], world)
		sameEvents(t, got[len(world):], evs[k:])
		if err := trace.Validate(got); err != nil {
			t.Error(err)
		}
	}
	f.SeekTime(last + 1)
	if got := readAll(t, f); len(got) != 0 {
		t.Error(got)
	}
	f.Close()
	if _, err := f.Read(context.Background(), make([]trace.Event, 1)); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestFileSummaries(t *testing.T) {
	evs := traces.Session(100)
	evs[50] = trace.Event{Kind: trace.Lost, Stream: 1, Time: evs[50].Time, A: 17}
	f := mustOpen(t, writeFile(t, evs, 128))
	at := 0
	for i, s := range f.Summaries() {
		part := evs[at : at+int(s.Events)]
		at += int(s.Events)
		var lost, read int64
		reads := 0
		for _, e := range part {
			switch e.Kind {
			case trace.Lost:
				lost += e.A
			case trace.Read:
				if e.FD == 7 {
					read += e.B
					reads++
				}
			}
		}
		if s.Chunk != i || s.First != part[0].Time || s.Last != part[len(part)-1].Time || s.Lost != lost {
			t.Errorf("%+v", s)
		}
		for _, l := range s.Lanes {
			if l.Stream == 1 && l.FD == 7 && (l.Read != read || l.Count(trace.Read) != reads || l.Written != 0) {
				t.Errorf("lane %+v, want %d bytes in %d reads", l, read, reads)
			}
		}
		if i > 0 && len(s.Lanes) != 6 { // five descriptors and the stream itself
			t.Errorf("%d lanes", len(s.Lanes))
		}
	}
	if at != len(evs) {
		t.Errorf("%d events", at)
	}
}

// offsets are where the chunks of a file begin, and where its index does.
func offsets(f *File) (at []int64, end int64) {
	for i := range f.refs {
		at = append(at, f.refs[i].off)
		end = f.refs[i].off + f.refs[i].total()
	}
	return at, end
}

func TestFileDamage(t *testing.T) {
	evs := traces.Session(300)
	const per = 250
	path := writeFile(t, evs, per)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := mustOpen(t, path)
	at, end := offsets(whole)
	body, _ := whole.refs[2].part(partColumns)
	n := len(at)
	tracker := world.NewTracker()
	for i := range evs[:3*per] {
		tracker.Add(&evs[i])
	}
	world := tracker.Restate(evs[3*per].Time)
	without := append(append(append([]trace.Event{}, evs[:2*per]...), trace.Event{Kind: trace.Lost, Aux: trace.LostFile, A: per, Time: evs[2*per-1].Time}), append(world, evs[3*per:]...)...)

	for _, c := range []struct {
		name   string
		change func(b []byte) []byte
		want   []trace.Event
		damage int
	}{
		{"body", func(b []byte) []byte { b[body+9] ^= 1; return b }, without, 1},
		{"prelude that nobody needs", func(b []byte) []byte { b[body-9] ^= 1; return b }, evs, 0},
		{"header, index there", func(b []byte) []byte { b[at[2]] ^= 1; return b }, evs, 0},
		{"header, no index", func(b []byte) []byte { b[at[2]+20] ^= 1; return b[:end] }, without, 1},
		{"marker, no index", func(b []byte) []byte { b[at[2]] ^= 1; return b[:end] }, without, 1},
		{"chunk cut out", func(b []byte) []byte { return append(b[:at[2]:at[2]], b[at[3]:end]...) }, without, 1},
		{"chunk overwritten", func(b []byte) []byte { clear(b[at[2]:at[3]]); return b[:end] }, without, 1},
		{"no index", func(b []byte) []byte { return b[:end] }, evs, 0},
		{"half an index", func(b []byte) []byte { return b[:end+200] }, evs, 0},
		{"file header", func(b []byte) []byte { b[20] ^= 1; return b }, evs, 1},
		{"last chunk cut", func(b []byte) []byte { return b[:end-10] },
			append(append([]trace.Event{}, evs[:(n-1)*per]...), trace.Event{Kind: trace.Lost, Aux: trace.LostFile, A: int64(len(evs) - (n-1)*per), Time: evs[(n-1)*per-1].Time}), 1},
		{"last chunk's header cut", func(b []byte) []byte { return b[:at[n-1]+50] },
			append(append([]trace.Event{}, evs[:(n-1)*per]...), trace.Event{Kind: trace.Lost, Aux: trace.LostFile, Time: evs[(n-1)*per-1].Time}), 1},
		{"summary", func(b []byte) []byte { b[at[3]-5] ^= 1; return b }, evs, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), "d.evt")
			os.WriteFile(p, c.change(bytes.Clone(good)), 0o600)
			f := mustOpen(t, p)
			got := readAll(t, f)
			f.Summaries()
			sameEvents(t, got, c.want)
			if err := trace.Validate(got); err != nil {
				t.Error(err)
			}
			if d := f.Damage(); len(d) != c.damage {
				t.Errorf("damage: %v", d)
			}
			// A second pass says the same and finds nothing new.
			f.SeekTime(0)
			sameEvents(t, readAll(t, f), c.want)
			if d := f.Damage(); len(d) != c.damage {
				t.Errorf("damage after a second pass: %v", d)
			}
		})
	}
}

// Cut anywhere, a file opens or says what it is not; all chunks that are whole are read.
func TestFileTruncated(t *testing.T) {
	evs := traces.Session(12)
	path := writeFile(t, evs, 40)
	good, _ := os.ReadFile(path)
	full := mustOpen(t, path)
	p := filepath.Join(t.TempDir(), "cut.evt")
	os.WriteFile(p, good, 0o600)
	for n := len(good) - 1; n >= 0; n-- {
		os.Truncate(p, int64(n))
		f, err := OpenFile(p)
		if err != nil {
			if n >= fileHeaderFixed || !errors.Is(err, ErrNotTrace) {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue
		}
		var want int64
		for i := range full.refs {
			if c := &full.refs[i]; c.off+c.total() <= int64(n) {
				want += int64(c.events)
			}
		}
		got := readAll(t, f)
		if int64(len(got)) < want {
			t.Fatalf("%d bytes: %d events of %d", n, len(got), want)
		}
		sameEvents(t, got[:want], evs[:want])
		if len(got) > int(want)+1 {
			t.Fatalf("%d bytes: %d events too many", n, len(got)-int(want))
		}
		if len(f.Info().Missing) < 2 {
			t.Fatalf("%d bytes: nothing says that the end is missing", n)
		}
		f.Close()
	}
}

func TestFileForeign(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		os.WriteFile(p, b, 0o600)
		return p
	}
	for name, b := range map[string][]byte{"empty": {}, "text": []byte("12:00:01 read(3, \"\", 4) = 0\n"), "png": []byte("\x89PNG\r\n\x1a\n0123456789")} {
		_, err := OpenFile(write(name, b))
		if !errors.Is(err, ErrNotTrace) || !strings.Contains(err.Error(), "not an evviz trace") {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := appendFileHeader(nil, testInfo())
	binary.LittleEndian.PutUint16(h[8:], trace.FileVersion+1)
	_, err := OpenFile(write("newer", h))
	if !errors.Is(err, ErrNewerVersion) || !strings.Contains(err.Error(), fmt.Sprintf("has format version %d, this evviz reads up to %d; use a newer evviz", trace.FileVersion+1, trace.FileVersion)) {
		t.Error(err)
	}
	if _, err := OpenFile(dir); !errors.Is(err, ErrNotTrace) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := OpenFile(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A header is not too large whatever somebody puts into its Info.
func TestFileHugeInfo(t *testing.T) {
	info := trace.Info{Title: strings.Repeat("x", 1<<20)}
	for range 1000 {
		info.Meta = append(info.Meta, trace.Pair{Key: strings.Repeat("k", 1000), Value: strings.Repeat("v", 5000)})
	}
	h := appendFileHeader(nil, info)
	if len(h) > maxFileHeader {
		t.Errorf("%d bytes", len(h))
	}
}

// A file that version 1 wrote is read for ever: testdata/v1.evt is traces.Session(60), in chunks of 100 events.
func TestFileVersion1(t *testing.T) {
	f := mustOpen(t, "testdata/v1.evt")
	sameEvents(t, readAll(t, f), traces.Session(60))
	info := testInfo()
	info.Knows, info.OS = 0, "" // there were no words for them
	if !reflect.DeepEqual(f.Info(), info) || f.Chunks() != 4 || len(f.Damage()) > 0 {
		t.Errorf("%+v, %d chunks, %v", f.Info(), f.Chunks(), f.Damage())
	}
	s := f.Summaries()[3]
	if s.Events == 0 || len(s.Lanes) != 6 {
		t.Errorf("%+v", s)
	}
}

// TestVersion1: what version 1 recorded is read as it was: the text of three of its recordings, as it printed them, and they are valid by
// its own rules.
func TestVersion1(t *testing.T) {
	for _, name := range []string{"epoll", "sleep", "workers"} {
		f := mustOpen(t, "testdata/v1/"+name+".evt")
		if f.Version() != 1 || len(f.Damage()) > 0 {
			t.Errorf("%s: version %d, damage %v", name, f.Version(), f.Damage())
		}
		info := f.Info()
		var b bytes.Buffer
		b.Write(AppendTextHead(nil, &info))
		w := trace.NewTextWriter(&b)
		v := trace.NewValidator(trace.ValidateOptions{Version: f.Version()})
		evs := readAll(t, f)
		for i := range evs {
			v.Add(&evs[i])
		}
		if err := errors.Join(w.Write(evs), w.Flush(), v.Err()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want, err := os.ReadFile("testdata/v1/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		got, whole := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(got), len(whole)) {
			if got[i] != whole[i] && !strings.HasPrefix(whole[i], textHead+"origin=") {
				t.Fatalf("%s, line %d:\n got %s\nwant %s", name, i+1, got[i], whole[i])
			}
		}
		if len(got) != len(whole) {
			t.Errorf("%s: %d lines, want %d", name, len(got), len(whole))
		}
	}
}

// TestForeignNumbers: a recording whose numbers are another system's says so.
func TestForeignNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.evt")
	w, err := Create(path, trace.Info{Title: "x", OS: "freebsd"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if m := mustOpen(t, path).Info().Missing; len(m) != 1 || !strings.Contains(m[0].Why, "freebsd") {
		t.Errorf("%+v", m)
	}
}
