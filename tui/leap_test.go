package tui

import (
	"strings"
	"testing"
	"time"

	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

// settled draws frames until a replay has arrived where it was sought.
func settled(t *testing.T, u *ui, frame func() int) {
	t.Helper()
	p := u.source.feed.Source().(*record.Player)
	for end := time.Now().Add(10 * time.Second); p.Seeking(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the seek does not end")
		}
	}
	frame()
}

// replayAt is a screen on a replay that stands at a moment; what is done beside the screen is done at once.
func replayAt(t *testing.T, at float64) (*ui, func() int) {
	t.Helper()
	u, frame := onBuffer(t, stillReplay(t, at), 120, 36)
	u.worker.start = func(f func()) { f() }
	settled(t, u, frame)
	return u, frame
}

// TestNextStep: a span or a speed that lies between two steps, or beyond them, goes to the nearest in the direction asked for.
func TestNextStep(t *testing.T) {
	steps := []int64{10, 20, 40}
	for _, c := range []struct {
		now  int64
		by   int
		want int64
	}{{20, 1, 40}, {20, -1, 10}, {30, 1, 40}, {30, -1, 20}, {5, 1, 10}, {5, -1, 10}, {10, -1, 10}, {40, 1, 40}, {50, -1, 40}, {50, 1, 40}} {
		if got := nextStep(steps, c.now, c.by); got != c.want {
			t.Errorf("from %d by %d: %d, want %d", c.now, c.by, got, c.want)
		}
	}
	u, frame := onBuffer(t, tour(t, 20.5), 120, 36)
	frame()
	u.press("0")
	fitted := u.window.span
	u.press("+")
	if u.window.span >= fitted {
		t.Errorf("closer than %v is %v", time.Duration(fitted), time.Duration(u.window.span))
	}
	u.window.span = 3 * maxSpan // as after fitting a recording of hours
	u.press("-")
	if u.window.span != 3*maxSpan {
		t.Errorf("further away than %v is %v", time.Duration(3*maxSpan), time.Duration(u.window.span))
	}
}

// TestALeapLetsGoOfTheCursor: what follows the cursor must not stay behind when a replay is sought elsewhere.
func TestALeapLetsGoOfTheCursor(t *testing.T) {
	u, frame := replayAt(t, 10.5)
	for _, k := range []string{"2", ",", ","} {
		u.press(k)
		frame()
	}
	if u.window.cursor == 0 {
		t.Fatal("stepping back set no cursor")
	}
	was := u.window.viewport
	u.press("End")
	settled(t, u, frame)
	v := u.views.bodies[viewIteration].(*iterationView)
	if last := u.scene.snap.Now; u.window.cursor != 0 || v.turn0.End < last-int64(time.Second) {
		t.Errorf("at the end view 2 shows a turn of %v before it", time.Duration(last-v.turn0.End))
	}
	u.press("u")
	settled(t, u, frame)
	if u.window.cursor != was.cursor || u.window.right != was.right {
		t.Error("undo did not bring the cursor back")
	}
	u.window.anchor = u.window.cursor - 1000
	u.press("Home")
	settled(t, u, frame)
	if u.window.cursor != was.cursor {
		t.Error("a seek took away what is measured")
	}
}

// TestAReplayStepsByTurns: in view 2 "." goes from turn to turn, each over when it is shown, to the end of the recording.
func TestAReplayStepsByTurns(t *testing.T) {
	whole := recorded(t, "testdata/tour.evt", 0).Snapshot()
	u, frame := replayAt(t, 19.5)
	u.press("2")
	frame()
	v := u.views.bodies[viewIteration].(*iterationView)
	want := v.turn0
	for n := 0; ; n++ {
		u.press(".")
		settled(t, u, frame)
		full, _ := whole.TurnAt(want.Stream, want.Begin)
		next, ok := whole.NextBusy(&full)
		if !ok {
			if n < 20 {
				t.Fatalf("after %d turns there is no other: this tests little", n)
			}
			break
		}
		if v.turn0.Begin != next.Begin || len(v.turn0.Items) != len(next.Items) {
			t.Fatalf("step %d shows the turn at %d with %d items, want that at %d with %d", n, v.turn0.Begin-whole.First, len(v.turn0.Items), next.Begin-whole.First, len(next.Items))
		}
		want = v.turn0
	}
	u.press(".")
	if m, _ := u.status.message(); !strings.Contains(m, "no turn with something to do after") {
		t.Errorf("at the end the screen says %q", m)
	}
	if p := u.picture().Text(); !strings.Contains(p, "the run ended in it") {
		t.Errorf("the last turn is not said to be that:\n%s", p)
	}
	u.press("a")
	u.press("1")
	frame()
	if u.steps.auto.on {
		t.Error("it steps by itself in view 1")
	}
}

// TestBeforeTheFirstEvent: a replay that has not begun counts its times from its beginning, and its first step in view 2 is the
// first turn.
func TestBeforeTheFirstEvent(t *testing.T) {
	f, err := record.OpenFile("testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	p := record.NewPlayer(f)
	defer p.Close()
	p.Pause(true)
	lo, _ := p.Bounds()
	if s := timeline.NewFeed(p, timeline.Options{}).Snapshot(); s.First != lo || s.Begin != lo || s.Now != lo {
		t.Errorf("first %d, begin %d, now %d: want %d", s.First, s.Begin, s.Now, lo)
	}
	u, frame := replayAt(t, 0)
	u.press("2")
	frame()
	u.press(".")
	settled(t, u, frame)
	whole := recorded(t, "testdata/tour.evt", 0).Snapshot()
	first, _ := whole.TurnAt(whole.Loops[0].Stream, whole.First)
	if !first.Busy() {
		first, _ = whole.NextBusy(&first)
	}
	if v := u.views.bodies[viewIteration].(*iterationView); v.turn0.Begin != first.Begin {
		t.Errorf("the first step shows the turn at %d, the first is at %d", v.turn0.Begin, first.Begin)
	}
}

// TestClicksInViewTwo: a click selects the line that is under the mouse, and goes to the turn that is listed there.
func TestClicksInViewTwo(t *testing.T) {
	u, frame := replayAt(t, 10.5)
	u.press("2")
	frame()
	v := u.views.bodies[viewIteration].(*iterationView)
	rowOf := func(words string) int {
		for y, l := range strings.Split(u.picture().Text(), "\n") {
			if strings.Contains(l, words) {
				return y
			}
		}
		t.Fatalf("no %q in\n%s", words, u.picture().Text())
		return 0
	}
	for _, words := range []string{"epoll_wait(-1) = 1", "write(15, 32) = 32", "read(15, 1024) = 32"} {
		u.click(5, rowOf(words))
		frame()
		if v.at < 0 || !strings.Contains(v.rows[v.at].label, words) {
			t.Errorf("a click on %q selects line %d", words, v.at)
		}
	}
	u.click(5, rowOf("9.517103 s"))
	frame()
	if at := seconds(v.turn0.Begin-u.scene.snap.First, 6); at != "9.517103" {
		t.Errorf("a click on the turn at 9.517103 s shows that at %s", at)
	}
}

// TestFetchedTooLate: an excerpt that comes when the view has been live and was frozen again must not replace what is frozen now.
func TestFetchedTooLate(t *testing.T) {
	f, err := record.OpenFile("testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	p := record.NewPlayer(f)
	defer p.Close()
	p.Pause(true)
	u, frame := onBuffer(t, timeline.NewFeed(p, timeline.Options{}), 120, 36)
	u.worker.start = func(f func()) { f() }
	frame()
	var late []func()
	u.worker.start = func(f func()) { late = append(late, f) }
	u.press("Right") // ahead of what was read
	if len(late) != 1 {
		t.Fatalf("%d excerpts were asked for, want 1", len(late))
	}
	u.window.thaw()
	u.window.freeze()
	frozen := &timeline.Snapshot{}
	*frozen = *u.window.frozen
	u.window.frozen = frozen
	late[0]()
	frame()
	if u.window.frozen != frozen {
		t.Error("an excerpt of another window took its place")
	}
}

// TestEventsInWords: no line of the events is the trace's own notation.
func TestEventsInWords(t *testing.T) {
	s := tour(t, 5).Snapshot()
	for _, c := range []struct {
		e    trace.Event
		want string
	}{
		{trace.Event{Kind: trace.Stop, Aux: 2}, "the run ends · its time was over"},
		{trace.Event{Kind: trace.Exit, A: 7, B: 8}, "thread 8 ended · "},
		{trace.Event{Kind: trace.Exit, A: 7}, "process 7 ended · "},
		{trace.Event{Kind: trace.Fork, A: 9, Mask: 0x10000}, "thread 9 was made · "},
		{trace.Event{Kind: trace.Signal, Aux: 23, A: 4}, "signal SIGURG · from process 4"},
		{trace.Event{Kind: trace.Instance, FD: 18}, "new epoll instance = 18 · "},
		{trace.Event{Kind: trace.Instance, FD: -1, Errno: 24}, "new epoll instance = EMFILE · "},
		{trace.Event{Kind: trace.Open, FD: 8, Aux: trace.TypeEventfd}, "fd 8 is an eventfd · "},
		{trace.Event{Kind: trace.Open, FD: 8, Aux: trace.TypePipe}, "fd 8 is a pipe · "},
		{trace.Event{Kind: trace.Open, FD: 8}, "fd 8 is open · "},
		{trace.Event{Kind: trace.Dup, FD: 8, A: 12}, "dup of 8 = 12 · "},
		{trace.Event{Kind: trace.RunDelay, A: 3e6}, "runnable for 3.0 ms · no CPU was free"},
	} {
		what, note := lineOf(s, 0, &c.e)
		if got := what + " · " + note; got != c.want {
			t.Errorf("%v: %q, want %q", c.e.Kind, got, c.want)
		}
	}
}

// TestAnInterruptedSleep: what ended a rest before its time must not be said to have let it go on.
func TestAnInterruptedSleep(t *testing.T) {
	text := draw(t, Options{Feed: tour(t, 9), Symbols: "block", View: "iteration"}, 120, 30, 1<<24).Text()
	if !strings.Contains(text, "= EINTR") || !strings.Contains(text, "sleep of 250 ms") {
		t.Errorf("the sleep that a signal cut short:\n%s", text)
	}
}

// TestMeasuredAheadOfWhatWasRead: "nothing was done" is said only of what is known.
func TestMeasuredAheadOfWhatWasRead(t *testing.T) {
	u, frame := replayAt(t, 10)
	first := u.scene.snap.First
	u.window.anchor, u.window.cursor = first+12e9, first+13e9
	frame()
	if m := measured(u.scene.snap, u.window.anchor, u.window.cursor); strings.Contains(m, "nothing was done") || !strings.Contains(m, "as far as it is read") {
		t.Errorf("ahead: %q", m)
	}
	u.window.anchor, u.window.cursor = first+9_900_000_000, first+9_900_001_000
	if m := measured(u.scene.snap, u.window.anchor, u.window.cursor); !strings.Contains(m, "nothing was done") {
		t.Errorf("of a quiet microsecond: %q", m)
	}
}
