package tui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
	"github.com/gdamore/tcell/v2/terminfo"

	"evviz/internal/testkit"
	"evviz/picture"
	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui/screen"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// moment is a source that ends at a moment of a recording, and stays there.
type moment struct {
	trace.Source
	at int64
}

func (m *moment) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := m.Source.Read(ctx, buf)
	for i := range buf[:n] {
		if buf[i].Time > m.at {
			return i, io.EOF
		}
	}
	return n, err
}

func (m *moment) Position() int64 { return m.at }

// tour is a kept recording: sleep-poll, level at 8.8 s, edge at 12.8 s, level again at 18.8 s. It was made by
//
//	evviz --headless --scenario docs/pictures/tour.star --for 21s --record tui/testdata/tour.evt
func tour(t testing.TB, seconds float64) *timeline.Feed {
	t.Helper()
	f, err := record.OpenFile("testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first, _ := f.Bounds()
	feed := timeline.NewFeed(&moment{f, first + int64(seconds*1e9)}, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed
}

func draw(t testing.TB, o Options, w, h, colors int, keys ...string) *Picture {
	t.Helper()
	p, err := Draw(o, w, h, colors, func(press func(string)) {
		for _, k := range keys {
			press(k)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestScreens compares whole screens with golden ones: every view that the issue of the day is about, wide and narrow, with
// block characters and with ASCII.
func TestScreens(t *testing.T) {
	for _, c := range []struct {
		name    string
		at      float64
		w, h    int
		symbols string
		keys    []string
	}{
		{"sleep-poll", 7.9, 120, 36, "block", nil},
		{"sleep-poll-80x24", 7.9, 80, 24, "block", nil},
		{"sleep-poll-ascii", 7.9, 80, 24, "ascii", nil},
		{"level", 12.7, 120, 30, "block", nil},
		{"level-closer", 9.6, 120, 30, "block", []string{"+", "+"}},
		{"edge", 18.4, 120, 30, "block", nil},
		{"edge-40x12", 18.4, 40, 12, "block", nil},
		{"rescued", 20, 120, 30, "block", nil},
		{"everything", 20.5, 120, 30, "block", []string{"0"}},
		{"selected", 18.4, 100, 24, "block", []string{"Down", "Down", "Down", "Left"}},
		{"unfolded", 12.7, 100, 24, "block", []string{"f"}},
		{"help", 5, 100, 40, "block", []string{"?"}},
		{"too-small", 5, 30, 6, "block", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := draw(t, Options{Feed: tour(t, c.at), Symbols: c.symbols}, c.w, c.h, 1<<24, c.keys...)
			testkit.Golden(t, c.name+".txt", p.Text())
			if c.symbols == "ascii" {
				for _, r := range p.Text() {
					if r > 0x7e {
						t.Fatalf("%q is not ASCII", r)
					}
				}
			}
		})
	}
}

// TestWhatAStrangerSees: the promises of the first screen, said in the picture itself.
func TestWhatAStrangerSees(t *testing.T) {
	for _, c := range []struct {
		at   float64
		says []string
	}{
		{7.9, []string{"SLEEP", "E", "polled ", "hits"}},
		{12.7, []string{" LEVEL ", "64x"}},
		{18.4, []string{" EDGE ", "63 KiB unread, no further notification"}},
		{20, []string{" LEVEL ", "re-armed", "63x"}},
	} {
		text := draw(t, Options{Feed: tour(t, c.at), Symbols: "block"}, 120, 30, 1<<24).Text()
		for _, s := range c.says {
			if !strings.Contains(strings.ToUpper(text), strings.ToUpper(s)) {
				t.Errorf("at %.1f s the screen does not say %q:\n%s", c.at, s, text)
			}
		}
	}
}

// TestColoursAreDoubled: no two entries of the legend look alike, with no colour, with eight, and with all, in every set of glyphs.
func TestColoursAreDoubled(t *testing.T) {
	for _, colours := range []int{0, 8, 1 << 24} {
		for _, set := range []string{"block", "ascii"} {
			var k style
			k.theme = newTheme(Themes["dark"], colours)
			k.inks.dip(&k.theme)
			k.sym, _ = picture.SymbolsNamed(set)
			entries := k.sym.AppendLegend(nil, picture.UsedAll)
			seen := map[string]string{}
			for i := range entries {
				r, st := k.legendFill(&entries[i])
				looks := fmt.Sprintf("%q %+v", r, st)
				if o := seen[looks]; o != "" {
					t.Errorf("%d colours, %s: %q looks like %q", colours, set, entries[i].Words[0], o)
				}
				seen[looks] = entries[i].Words[0]
			}
		}
	}
}

// ttyBuffer is a terminal that counts what it is sent.
type ttyBuffer struct {
	bytes.Buffer
	w, h int
	in   chan struct{}
}

func (b *ttyBuffer) Start() error        { b.in = make(chan struct{}); return nil }
func (b *ttyBuffer) Stop() error         { return nil }
func (b *ttyBuffer) Drain() error        { close(b.in); return nil }
func (b *ttyBuffer) NotifyResize(func()) {}
func (b *ttyBuffer) Close() error        { return nil }
func (b *ttyBuffer) Read([]byte) (int, error) {
	<-b.in
	return 0, os.ErrClosed
}
func (b *ttyBuffer) WindowSize() (tcell.WindowSize, error) {
	return tcell.WindowSize{Width: b.w, Height: b.h}, nil
}

// onBuffer is a user interface on a terminal that counts, with a function that draws a frame and says how many bytes it
// cost.
func onBuffer(t testing.TB, feed *timeline.Feed, w, h int) (*ui, func() int) {
	t.Helper()
	u, _, frame := onTTY(t, feed, w, h)
	return u, frame
}

func onTTY(t testing.TB, feed *timeline.Feed, w, h int) (*ui, *ttyBuffer, func() int) {
	t.Helper()
	ti, err := terminfo.LookupTerminfo("xterm-256color")
	if err != nil {
		t.Fatal(err)
	}
	buf := &ttyBuffer{w: w, h: h}
	s, err := tcell.NewTerminfoScreenFromTtyTerminfo(buf, ti)
	if err != nil {
		t.Fatal(err)
	}
	d := screen.NewDiff(s)
	if err := d.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Fini)
	u := newUI(Options{Feed: feed, Screen: d, Symbols: "block"})
	u.root.SetRect(0, 0, w, h)
	return u, buf, func() int {
		before := buf.Len()
		// What tview does for a frame.
		d.Clear()
		u.newFrame(w, h)
		u.root.Draw(d)
		d.Show()
		return buf.Len() - before
	}
}

// TestBytesOfAFrame guards the screen wrapper: an unchanged frame costs no byte, a small change a few.
func TestBytesOfAFrame(t *testing.T) {
	u, buf, frame := onTTY(t, tour(t, 12.7), 160, 50)
	first := frame()
	if first < 2000 {
		t.Fatalf("the first frame took %d bytes: nothing was drawn", first)
	}
	for i := 0; i < 3; i++ {
		if n := frame(); n != 0 {
			t.Errorf("unchanged frame %d: %d bytes", i, n)
		}
	}
	u.press("Down")
	if n := frame(); n == 0 || n > 1500 {
		t.Errorf("a selected lane: %d bytes", n)
	}
	before := buf.Len()
	u.style.screen.Sync()
	frame()
	if n := buf.Len() - before; n < 2000 {
		t.Errorf("Sync and a frame: %d bytes, want everything anew", n)
	}
}

// TestHostileNames: names from outside cannot move the cursor, colour the screen or be taken for tview's tags.
func TestHostileNames(t *testing.T) {
	evil := "\x1b]0;owned\x07\x1b[2J[red]x[-]\u202egnp.\u200b\r\n"
	var evs []trace.Event
	seq := uint32(0)
	add := func(e trace.Event) {
		seq++
		e.Stream, e.Seq, e.Time = 1, seq, 1e9+int64(seq)*1e6
		evs = append(evs, e)
	}
	name := func(id uint32, s string) { trace.NamePieces(id, s, add) }
	name(1, evil)
	add(trace.Event{Kind: trace.Start, A: 1, Aux: 1})
	add(trace.Event{Kind: trace.Thread, A: 1, B: 1, Gen: 1, Mask: trace.RoleLoop, Aux: 1})
	add(trace.Event{Kind: trace.Open, FD: 3, Gen: 1, Aux: trace.TypeListener, A: 1, B: 1})
	add(trace.Event{Kind: trace.Listen, FD: 3, Gen: 1, A: 5, Aux: 1})
	add(trace.Event{Kind: trace.Open, FD: 7, Gen: 1, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 1})
	add(trace.Event{Kind: trace.Read, FD: 7, Gen: 1, Aux: trace.CallRead, A: 10, B: 5})
	add(trace.Event{Kind: trace.Step, FD: 9, Aux: trace.StepNote, Gen: 1})
	add(trace.Event{Kind: trace.Knob, Aux: 1, Gen: 1, Inst: 1})
	add(trace.Event{Kind: trace.Sys, FD: 7, Aux: 1})
	add(trace.Event{Kind: trace.Bookmark, Aux: 1})
	feed := timeline.NewFeed(&memory{evs: evs, info: trace.Info{Title: evil, Origin: evil, Timed: true, Kinds: trace.AllKinds()}}, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	lab := evilLab(evil)
	for _, l := range []Lab{nil, lab} {
		text := draw(t, Options{Feed: feed, Symbols: "block", Lab: l, Notes: func() (string, bool) { return evil, true }}, 120, 30, 1<<24, "f", "Down", "Down").Text()
		for _, r := range text {
			if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x200b) {
				t.Fatalf("control character %U on the screen", r)
			}
		}
		if !strings.Contains(text, "[red]") {
			t.Errorf("tags should be shown as they are:\n%s", text)
		}
	}
}

type evilLab string

func (e evilLab) CycleTrigger() (string, error)                { return string(e), nil }
func (e evilLab) CycleTriggerOf(int32, uint32) (string, error) { return string(e), nil }
func (e evilLab) CycleMode() (string, error)                   { return string(e), nil }
func (e evilLab) Describe() (serve, address, scenario string)  { return string(e), string(e), string(e) }

// memory is a source over a slice.
type memory struct {
	info trace.Info
	evs  []trace.Event
}

func (m *memory) Info() trace.Info { return m.info }
func (m *memory) Close() error     { return nil }
func (m *memory) Read(_ context.Context, buf []trace.Event) (int, error) {
	if len(m.evs) == 0 {
		return 0, io.EOF
	}
	n := copy(buf, m.evs)
	m.evs = m.evs[n:]
	return n, nil
}

// TestAnySizeAnyKey: no size and no sequence of keys makes it panic.
func TestAnySizeAnyKey(t *testing.T) {
	feed := tour(t, 19)
	var names []string
	for _, k := range table() {
		for _, n := range k.Keys {
			if n != "q" && n != "Ctrl-C" && n != "Ctrl-Z" {
				names = append(names, n)
			}
		}
	}
	seed := uint32(1)
	next := func(n int) int { seed = seed*1664525 + 1013904223; return int(seed>>8) % n }
	for i := 0; i < 120; i++ {
		w, h := 1+next(200), 1+next(80)
		if i < 30 {
			w, h = 1+next(12), 1+next(12)
		}
		var keys []string
		for k := 0; k < 12; k++ {
			keys = append(keys, names[next(len(names))])
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("%dx%d, keys %q: %v\n%s", w, h, keys, p, debug.Stack())
				}
			}()
			draw(t, Options{Feed: feed}, w, h, []int{0, 8, 256, 1 << 24}[next(4)], keys...)
		}()
	}
}

// TestFreezeIsOnlyTheView: a frozen view stands still while events go on, and End brings the present back.
func TestFreezeIsOnlyTheView(t *testing.T) {
	f, err := record.OpenFile("testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first, _ := f.Bounds()
	pos := &steps{Source: f, upTo: first + 6e9, more: make(chan struct{})}
	feed := timeline.NewFeed(pos, timeline.Options{})
	done := make(chan struct{})
	go func() { defer close(done); feed.Run(context.Background()) }()
	<-pos.more
	u, frame := onBuffer(t, feed, 120, 36)
	frame()
	u.press("Space")
	frame()
	was := u.scene.snap
	pos.upTo = first + 12e9
	pos.more <- struct{}{}
	<-pos.more
	if n := frame(); n != 0 {
		t.Errorf("a frozen view sent %d bytes", n)
	}
	if u.scene.snap != was {
		t.Error("a frozen view took a new snapshot")
	}
	if got := feed.Snapshot().EventCount(); got <= was.EventCount() {
		t.Errorf("the feed stood still: %d events, %d before", got, was.EventCount())
	}
	u.press("Left")
	u.press("Left")
	frame()
	back := u.scene.t1
	if back >= was.Now+u.window.span {
		t.Error("panning did not go back")
	}
	u.press("End")
	frame()
	if u.window.frozen != nil || u.scene.snap.EventCount() <= was.EventCount() {
		t.Error("End did not bring the present back")
	}
	pos.upTo = 1 << 62
	pos.more <- struct{}{}
	<-done
}

// steps lets a source go on up to a moment at a time.
type steps struct {
	trace.Source
	upTo int64
	more chan struct{}
	held []trace.Event
}

func (s *steps) Read(ctx context.Context, buf []trace.Event) (int, error) {
	for {
		if len(s.held) == 0 {
			b := make([]trace.Event, 64)
			n, err := s.Source.Read(ctx, b)
			if n == 0 && err != nil {
				return 0, err
			}
			s.held = b[:n]
		}
		n := 0
		for n < len(s.held) && n < len(buf) && s.held[n].Time <= s.upTo {
			buf[n] = s.held[n]
			n++
		}
		s.held = s.held[n:]
		if n > 0 {
			return n, nil
		}
		s.more <- struct{}{} // told: everything up to upTo is out
		<-s.more
	}
}

// TestZoomRange: + reaches a millisecond a screen, - minutes.
func TestZoomRange(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 12), 100, 30)
	frame()
	for i := 0; i < 40; i++ {
		u.press("+")
		frame()
	}
	if u.window.span != 1e6 {
		t.Errorf("closest: %d ns a screen, want a millisecond", u.window.span)
	}
	for i := 0; i < 60; i++ {
		u.press("-")
		frame()
	}
	if u.window.span < 5*60e9 {
		t.Errorf("widest: %d s a screen, want minutes", int64(u.window.span/1e9))
	}
}

// TestKeysWithoutAbility: a key whose ability is missing says so and does nothing.
func TestKeysWithoutAbility(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 12), 100, 30)
	frame()
	for _, k := range []string{"t", "T", "m", "r", ">", "L", "s", "o", "c", "S"} {
		u.press(k)
		if s, _ := u.status.message(); !strings.HasPrefix(s, k+":") {
			t.Errorf("%s says %q", k, s)
		}
	}
}

// TestKeyTable: no key stands for two things.
func TestKeyTable(t *testing.T) {
	seen := map[string]string{}
	for _, k := range table() {
		if k.do == nil || k.Help == "" {
			t.Errorf("%v does nothing or explains nothing", k.Keys)
		}
		for _, n := range k.Keys {
			if other, twice := seen[n]; twice {
				t.Errorf("%s means %q and %q", n, other, k.Help)
			}
			seen[n] = k.Help
		}
	}
}

// TestDocsKeys holds the README's key table to the program's.
func TestDocsKeys(t *testing.T) {
	var b strings.Builder
	b.WriteString("| key | does |\n|---|---|\n")
	for _, k := range table() {
		var names []string
		for _, n := range k.Keys {
			names = append(names, "`"+n+"`")
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(names, " "), k.Help)
	}
	readme, err := os.ReadFile("../docs/keys.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "-update-golden -->\n", "<!-- /keys -->"
	head, rest, ok := strings.Cut(string(readme), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/keys.md has lost the marks around its key table")
	}
	if old == b.String() {
		return
	}
	if !testkit.Updating() {
		t.Fatalf("the key table of docs/keys.md is not the program's: go test ./tui -run TestDocs -update-golden")
	}
	if err := os.WriteFile("../docs/keys.md", []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReadmePictures: every picture the README names is there.
func TestReadmePictures(t *testing.T) {
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, part := range strings.Split(string(b), "](")[1:] {
		path, _, _ := strings.Cut(part, ")")
		if strings.HasPrefix(path, "http") {
			continue
		}
		if _, err := os.Stat("../" + path); err != nil {
			t.Errorf("README.md names %s: %v", path, err)
		}
		n++
	}
	if n < 8 {
		t.Errorf("only %d links checked", n)
	}
}

func BenchmarkFrameUnchanged(b *testing.B) {
	_, frame := onBuffer(b, tour(b, 19), 200, 50)
	frame()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		n += frame()
	}
	b.ReportMetric(float64(n)/float64(b.N), "B/frame")
}

func BenchmarkFrameChanged(b *testing.B) {
	u, frame := onBuffer(b, tour(b, 19), 200, 50)
	frame()
	b.ResetTimer()
	n := 0
	for i := 0; b.Loop(); i++ {
		u.press([]string{"+", "-"}[i&1])
		n += frame()
	}
	b.ReportMetric(float64(n)/float64(b.N), "B/frame")
}
