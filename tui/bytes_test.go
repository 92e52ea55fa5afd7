package tui

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// grown is a source of made-up events of a level-triggered echo server: so many at once, and then as many as it is asked for.
type grown struct {
	left int
	more chan int
	held []trace.Event
	seq  [3]uint32
	now  int64
	r    *rand.Rand
}

func newGrown(n int) *grown {
	return &grown{left: n, more: make(chan int), now: 1e9, r: rand.New(rand.NewPCG(1, 2))}
}

func (g *grown) Info() trace.Info {
	return trace.Info{Title: "grown", Timed: true, Kinds: trace.AllKinds()}
}
func (g *grown) Close() error { return nil }

func (g *grown) put(stream uint32, e trace.Event) {
	g.seq[stream]++
	e.Stream, e.Seq, e.Time = stream, g.seq[stream], g.now
	g.held = append(g.held, e)
}

// round is one message of one of 38 connections, 100 µs apart.
func (g *grown) round() {
	const ep, conns = 4, 38
	if g.seq[1] == 0 {
		g.put(1, trace.Event{Kind: trace.Thread, A: 100, B: 100, Gen: 100, Mask: trace.RoleLoop})
		g.put(1, trace.Event{Kind: trace.Mode, Aux: trace.ModeAux(trace.DriverEpoll, trace.TriggerLevel, trace.CauseStart)})
		g.put(1, trace.Event{Kind: trace.Instance, FD: 3, Inst: ep})
		for fd := int32(5); fd < 5+conns; fd++ {
			g.put(1, trace.Event{Kind: trace.Open, FD: fd, Gen: 1, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), Mask: 0x800})
			g.put(1, trace.Event{Kind: trace.Register, Inst: ep, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
		}
	}
	fd := 5 + int32(g.r.IntN(conns))
	begun := g.now
	g.now += 20_000 + g.r.Int64N(20_000)
	g.put(2, trace.Event{Kind: trace.Arrive, FD: fd, Gen: 1, Mask: 1, B: 65, Dur: 900, Aux: 1})
	g.now += 10_000
	g.put(1, trace.Event{Kind: trace.Wait, Inst: ep, A: -1, B: -1, Gen: conns + 2, Aux: trace.WaitAux(trace.CallEpollWait, 64), Mask: 1, Dur: g.now - begun})
	g.put(1, trace.Event{Kind: trace.Ready, Inst: ep, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
	g.now += 10_000
	g.put(1, trace.Event{Kind: trace.Read, FD: fd, Gen: 1, A: 4096, B: 64, Dur: 1200})
	g.now += 10_000
	g.put(1, trace.Event{Kind: trace.Write, FD: fd, Gen: 1, A: 64, B: 64, Dur: 3400})
}

// Read implements trace.Source. When everything that was asked for has been read it says so on more, and waits there for how
// many more there are to be; 0 is the end.
func (g *grown) Read(_ context.Context, buf []trace.Event) (int, error) {
	if g.left == 0 {
		g.more <- 0
		if g.left = <-g.more; g.left == 0 {
			return 0, io.EOF
		}
	}
	for len(g.held) < min(len(buf), g.left) {
		g.round()
	}
	n := copy(buf, g.held[:min(len(g.held), g.left)])
	g.held = append(g.held[:0], g.held[n:]...)
	g.left -= n
	return n, nil
}

// grow is a feed over n events, a function that lets more come and returns when they have been taken in, and one that ends it.
func grow(n int) (feed *timeline.Feed, more func(n int), end func()) {
	g := newGrown(n)
	feed = timeline.NewFeed(g, timeline.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed.Run(context.Background())
	}()
	<-g.more
	return feed, func(n int) {
			g.more <- n
			<-g.more
		}, func() {
			g.more <- 0
			<-done
		}
}

// TestBytesOfSmallChanges: what a change costs on the way to the terminal, at 200x50 with 40 lanes in motion.
func TestBytesOfSmallChanges(t *testing.T) {
	feed, more, end := grow(200_000)
	defer end()
	u, frame := onBuffer(t, feed, 200, 50)
	frame()
	for i := range 3 {
		if n := frame(); n != 0 {
			t.Errorf("unchanged frame %d: %d bytes", i, n)
		}
	}
	whole := 0
	for range 20 {
		more(1)
		n := frame()
		if n > 6000 {
			t.Errorf("one event: %d bytes", n)
		}
		whole += n
	}
	if whole > 20*2500 {
		t.Errorf("one event: %d bytes on average", whole/20)
	}
	u.press("Space")
	frame()
	for _, c := range []struct {
		keys []string
		most int
	}{{[]string{"Down"}, 1500}, {[]string{"Down"}, 1500}, {[]string{"v"}, 6000}, {[]string{"Left"}, 6000}, {[]string{"?"}, 20000}, {[]string{"Esc"}, 30000}} {
		for _, k := range c.keys {
			u.press(k)
		}
		if n := frame(); n == 0 || n > c.most {
			t.Errorf("%v: %d bytes, want 1 to %d", c.keys, n, c.most)
		}
		if n := frame(); n != 0 {
			t.Errorf("%v: %d bytes for the same frame again", c.keys, n)
		}
	}
}

// BenchmarkScreen draws frames at 200x50 with ten million events in the timeline: a frame on which everything has changed, one
// to which one event was added, and one that is as the last. EVVIZ_BENCH_EVENTS is another number of events.
func BenchmarkScreen(b *testing.B) {
	events := 10_000_000
	if n, err := strconv.Atoi(os.Getenv("EVVIZ_BENCH_EVENTS")); err == nil {
		events = n
	}
	var feed *timeline.Feed
	var more func(int)
	for _, c := range []struct {
		name string
		do   func(u *ui, i int)
	}{
		{"changed", func(u *ui, i int) { u.press([]string{"+", "-"}[i&1]) }},
		{"small", func(*ui, int) { more(1) }},
		{"unchanged", func(*ui, int) {}},
	} {
		b.Run(c.name, func(b *testing.B) {
			if feed == nil {
				var end func()
				feed, more, end = grow(events)
				b.Cleanup(func() { end(); feed = nil })
			}
			u, frame := onBuffer(b, feed, 200, 50)
			frame()
			frames, bytes, cpu := 0, 0, int64(0)
			for b.Loop() {
				c.do(u, frames)
				begin := used()
				bytes += frame()
				cpu += used() - begin
				frames++
			}
			b.ReportMetric(float64(cpu)/float64(frames)/1e6, "cpu-ms/frame")
			b.ReportMetric(float64(bytes)/float64(frames), "B/frame")
		})
	}
}
