package tui

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui/screen"
)

// forgetful is a screen that cannot leave lines as they are, so that everything on it is drawn anew.
type forgetful struct{ paletteScreen }

// Keep has another form than a keeper's.
func (forgetful) Keep() {}

// TestKeptLinesAreRight: what is left as it was is what would have been drawn. Two screens show the same feed under the same
// keys, one draws everything, the other what it thinks has changed; they must not differ in a cell.
func TestKeptLinesAreRight(t *testing.T) {
	f, err := record.OpenFile("testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first, _ := f.Bounds()
	src := &steps{Source: f, upTo: first, more: make(chan struct{})}
	feed := timeline.NewFeed(src, timeline.Options{})
	done := make(chan struct{})
	go func() { defer close(done); feed.Run(context.Background()) }()
	<-src.more

	const w, h = 120, 40
	make1 := func(keeps bool) (*ui, tcell.Screen, *screen.Diff) {
		sim := tcell.NewSimulationScreen("UTF-8")
		if err := sim.Init(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(sim.Fini)
		sim.SetSize(w, h)
		d := screen.NewDiff(sim)
		var s tcell.Screen = paletteScreen{d, 1 << 24}
		if !keeps {
			s = forgetful{paletteScreen{d, 1 << 24}}
		}
		u := newUI(Options{Feed: feed, Screen: s, Symbols: "block", Theme: "dark", Go: func(f func()) { f() }})
		return u, s, d
	}
	a, as, ad := make1(true)
	b, bs, bd := make1(false)
	now := time.Now()
	a.status.clock, b.status.clock = func() time.Time { return now }, func() time.Time { return now }
	frame := func(u *ui, s tcell.Screen) {
		s.Clear()
		u.newFrame(w, h)
		u.root.SetRect(0, 0, w, h)
		u.root.Draw(s)
		s.Show()
	}
	rng := rand.New(rand.NewPCG(1, 2))
	keys := []string{"Down", "Up", "j", "+", "-", "Left", "Right", "End", "Space", "f", "O", "v", "?", "Esc", "1", "2", "3", "4", "5", "6", "1", "1", "n", "0", "Tab", ".", ",", "u", "Enter", "/", "7", ":"}
	kept := 0
	for i := range 400 {
		now = now.Add(time.Second / framesPerSecond)
		if i%3 != 2 {
			src.upTo += int64(rng.IntN(100)) * 1e6
			src.more <- struct{}{}
			<-src.more
		}
		if i%4 == 0 {
			k := keys[rng.IntN(len(keys))]
			a.press(k)
			b.press(k)
		}
		frame(a, as)
		frame(b, bs)
		if a.scene.snap != b.scene.snap {
			t.Fatal("the two screens show different pictures") // nothing happens between the two draws
		}
		for y := range h {
			for x := range w {
				ar, _, ast, _ := ad.GetContent(x, y)
				br, _, bst, _ := bd.GetContent(x, y)
				if ar != br || ast != bst {
					t.Fatalf("frame %d, cell %d,%d: %q %v is left, %q %v is right", i, x, y, ar, ast, br, bst)
				}
			}
		}
		for _, k := range a.memo.lines {
			if k.frame == a.memo.frames {
				kept++
			}
		}
	}
	if kept == 0 {
		t.Error("no line was ever looked at: this tests nothing")
	}
	src.upTo = 1 << 62
	src.more <- struct{}{}
	<-done
}

// present makes the end of a recording the present, as of a live source on which nothing happens any more: time goes on
// from there.
type present struct {
	trace.Source
	last  int64
	since time.Time
}

func (p *present) Present() int64 { return p.last + int64(time.Since(p.since)) }

func (p *present) Info() trace.Info {
	i := p.Source.Info()
	i.Live = true
	return i
}

func (p *present) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := p.Source.Read(ctx, buf)
	if err != nil {
		<-ctx.Done()
	}
	return n, err
}

// BenchmarkFrameLive is the frame of a live source that waits: time goes on, the loop's lane with it, and nothing else.
func BenchmarkFrameLive(b *testing.B) {
	f, err := record.OpenFile("testdata/tour.evt")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	_, last := f.Bounds()
	feed := timeline.NewFeed(&present{f, last, time.Now()}, timeline.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); feed.Run(ctx) }()
	for feed.Snapshot().EventCount() < f.Events() {
		time.Sleep(time.Millisecond)
	}
	u, frame := onBuffer(b, feed, 200, 50)
	u.window.span = 60e9
	frame()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		n += frame()
	}
	b.ReportMetric(float64(n)/float64(b.N), "B/frame")
	cancel()
	<-done
}
