package tui

import (
	"os"
	"slices"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/internal/testkit/traces"
	"evviz/timeline"
	"evviz/trace"
)

// twoProcesses are two servers whose descriptors have the same numbers; one of them has two loops.
func twoProcesses(t testing.TB) *timeline.Feed {
	t.Helper()
	b, err := os.ReadFile("testdata/two-processes.txt")
	if err != nil {
		t.Fatal(err)
	}
	text, err := traces.Unfold(strings.Split(string(b), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	evs, err := trace.ReadText(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return madeFeed(trace.Info{Title: "two servers", Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Arrive, trace.Renotify)}, evs)
}

// fourLoops is a kept recording of a server with four threads, each with a listener of its own:
//
//	evviz --headless --mode epoll --threads 4 --listeners reuseport --listen 127.0.0.1:0 --for 3s --record tui/testdata/four-loops.evt
func fourLoops(t testing.TB) *timeline.Feed { return recorded(t, "testdata/four-loops.evt", 0) }

// TestSeveralLoops holds what a screen shows of several processes and several loops to golden pictures.
func TestSeveralLoops(t *testing.T) {
	for _, c := range []struct {
		name string
		feed func(testing.TB) *timeline.Feed
		view string
		w, h int
		keys []string
	}{
		{"processes", twoProcesses, "timeline", 120, 30, nil},
		{"processes-80x24", twoProcesses, "timeline", 80, 24, []string{"Down", "Down"}},
		{"processes-40x12", twoProcesses, "timeline", 40, 12, nil},
		{"processes-iteration", twoProcesses, "iteration", 120, 24, []string{"Tab", ","}},
		{"processes-interests", twoProcesses, "interests", 120, 16, []string{"O"}},
		{"processes-findings", twoProcesses, "findings", 120, 24, []string{"Down"}},
		{"processes-events", twoProcesses, "events", 120, 20, []string{",", ","}},
		{"processes-lane", twoProcesses, "timeline", 100, 24, []string{"Down", "Down", "Down", "Enter"}},
		{"four", fourLoops, "timeline", 120, 30, nil},
		{"four-160x40", fourLoops, "timeline", 160, 40, []string{"Down", "Up", "Up"}},
		{"four-iteration", fourLoops, "iteration", 120, 24, []string{"Tab", "Tab", "Tab", ","}},
		{"four-loop", fourLoops, "timeline", 100, 30, []string{"Down", "Up", "Enter"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Golden(t, "loops/"+c.name+".txt", draw(t, Options{Feed: c.feed(t), Symbols: "block", View: c.view}, c.w, c.h, 1<<24, c.keys...).Text())
		})
	}
}

// laneOf is the lane of a descriptor of a process.
func laneOf(t *testing.T, s *timeline.Snapshot, process uint32, fd int32) *timeline.Lane {
	t.Helper()
	for _, l := range s.Lanes {
		if l.Process == process && l.FD == fd {
			return l
		}
	}
	t.Fatalf("process %d has no lane of fd %d", process, fd)
	return nil
}

// TestTheLoopThatIsLookedAt: a log may begin with the threads of a pool. They are no loop to look at once a thread waits for descriptors, unless
// somebody has chosen one of them.
func TestTheLoopThatIsLookedAt(t *testing.T) {
	pool, server, other := &timeline.LoopLane{Stream: 1, Events: 1}, &timeline.LoopLane{Stream: 2, Events: 1}, &timeline.LoopLane{Stream: 3, Events: 1}
	s := &timeline.Snapshot{Loops: []*timeline.LoopLane{pool, server, other}}
	var x, chosen selection
	x.follow(s)
	chosen.choose(loopRow(1), s)
	if x.stream != 1 {
		t.Errorf("of three that have done the same, %d is looked at", x.stream)
	}
	server.Owns, pool.Events = true, 100
	x.follow(s)
	chosen.follow(s)
	if x.stream != 2 || chosen.stream != 1 {
		t.Errorf("looked at: %d, want 2, which waits for descriptors; and %d, which was chosen as 1", x.stream, chosen.stream)
	}
	other.Owns, other.Events = true, 1000
	x.follow(s)
	if x.stream != 2 {
		t.Errorf("the picture went on to %d by itself", x.stream)
	}
	s.Loops = s.Loops[:1]
	if x.follow(s); x.stream != 1 {
		t.Errorf("%d is looked at, which there is no more", x.stream)
	}
}

// TestTheSelectedLoop: view 2, its steps and the row of rates are about the loop of the lane or of the row that is selected, and stay with
// it.
func TestTheSelectedLoop(t *testing.T) {
	u, frame := onBuffer(t, twoProcesses(t), 120, 36)
	frame()
	streams := map[string]uint32{"4711": 1, "4712": 2, "4713": 3}
	rate := func() string {
		for _, row := range strings.Split(u.picture().Text(), "\n") {
			if strings.HasPrefix(row, "events ") {
				return row
			}
		}
		return ""
	}
	iteration := u.views.bodies[viewIteration].(*iterationView)
	for _, c := range []struct {
		process uint32
		fd      int32
		thread  string
		label   string
	}{{4711, 7, "4711", "t4711"}, {4712, 7, "4712", "t4712"}, {4712, 8, "4713", "worker"}, {4711, 7, "4711", "t4711"}} {
		u.press("1")
		u.press("End")
		l := laneOf(t, u.scene.snap, c.process, c.fd)
		for _, key := range []string{"Up", "Up", "Up", "Up", "Up", "Up", "Up", "Up"} {
			u.press(key)
		}
		for n := 0; u.selected.row != l.ID; n++ {
			if u.press("Down"); n > 20 {
				t.Fatalf("the arrows do not reach fd %d of process %d", c.fd, c.process)
			}
		}
		frame()
		if row := rate(); !strings.Contains(row, c.label) {
			t.Errorf("fd %d of process %d is selected, and the rates are %q", c.fd, c.process, row)
		}
		u.press("2")
		frame()
		for range 3 {
			if iteration.turn0.Stream != streams[c.thread] {
				t.Errorf("fd %d of process %d is selected, and view 2 is about stream %d, want that of thread %s", c.fd, c.process, iteration.turn0.Stream, c.thread)
			}
			u.press(",")
			frame()
		}
		if head := strings.Split(u.picture().Text(), "\n")[4]; !strings.Contains(head, "thread "+c.thread) {
			t.Errorf("the head of view 2 does not name thread %s: %q", c.thread, head)
		}
	}
}

// TestLoopsInTurn: Tab in view 2 goes through all loops, and back to the first; the timeline shows that loop's row as selected.
func TestLoopsInTurn(t *testing.T) {
	u, frame := onBuffer(t, fourLoops(t), 120, 36)
	u.press("2")
	frame()
	iteration := u.views.bodies[viewIteration].(*iterationView)
	var seen []uint32
	for range 8 {
		u.press("Tab")
		frame()
		seen = append(seen, iteration.turn0.Stream)
		if u.selected.row != loopRow(iteration.turn0.Stream) {
			t.Errorf("view 2 is about stream %d, and row %d is selected", iteration.turn0.Stream, u.selected.row)
		}
	}
	if !slices.Equal(seen[:4], seen[4:]) {
		t.Errorf("twice around shows the streams %v", seen)
	}
	sorted := slices.Sorted(slices.Values(seen[:4]))
	if len(slices.Compact(sorted)) != 4 {
		t.Errorf("once around shows the streams %v", seen[:4])
	}
	u.press("Shift-Tab")
	frame()
	if got := iteration.turn0.Stream; got != seen[6] {
		t.Errorf("one back is stream %d, want %d", got, seen[6])
	}
	u.press("1")
	frame()
	_, y, _, _ := u.layout.lanes.GetRect()
	for i, l := range u.scene.snap.Loops {
		u.click(2, y+i)
		if u.selected.row != loopRow(l.Stream) {
			t.Errorf("a click on the row of loop %d selects row %d", i, u.selected.row)
		}
	}
}

// TestStepsOfOneLoop: in a replay the steps of view 2 go on in the loop that is looked at, past what other threads do meanwhile.
func TestStepsOfOneLoop(t *testing.T) {
	whole := fourLoops(t).Snapshot()
	for _, l := range whole.Loops {
		u, frame := onBuffer(t, standing(t, "testdata/four-loops.evt", 0.1), 120, 36)
		u.worker.start = func(f func()) { f() }
		settled(t, u, frame)
		u.press("2")
		for range whole.Loops {
			if frame(); u.scene.loop().Stream != l.Stream {
				u.press("Tab")
			}
		}
		v := u.views.bodies[viewIteration].(*iterationView)
		want, ok := whole.TurnAt(l.Stream, v.turn0.Begin)
		if !ok || v.turn0.Stream != l.Stream {
			t.Fatalf("view 2 shows stream %d, want %d", v.turn0.Stream, l.Stream)
		}
		steps := 0
		for ; ; steps++ {
			if want, ok = whole.NextBusy(&want); !ok || want.Running {
				break
			}
			for n := 0; v.turn0.Begin != want.Begin && n < 2; n++ { // the turn that is shown may have had nothing to do yet
				u.press(".")
				settled(t, u, frame)
			}
			if v.turn0.Stream != l.Stream || v.turn0.Begin != want.Begin {
				t.Fatalf("%s, step %d: view 2 shows the turn at %d of stream %d, want that at %d", l.Name, steps, v.turn0.Begin-whole.First, v.turn0.Stream, want.Begin-whole.First)
			}
		}
		if l.Name == "loop 4" && steps < 20 {
			t.Errorf("%s has %d turns with something to do: this tests little", l.Name, steps)
		}
	}
}

// TestSameNumbers: descriptors of two processes that have the same number are told apart where they are found again in another timeline of
// the same source: the selected lane, and the lanes of findings.
func TestSameNumbers(t *testing.T) {
	one, other := twoProcesses(t).Snapshot(), twoProcesses(t).Snapshot()
	other.Lanes = slices.Clone(other.Lanes)
	for i, l := range other.Lanes { // as if they had been numbered in another order
		c := *l
		c.ID = 100 - l.ID
		c.Peer = "" // and did not know where the connections come from
		other.Lanes[i] = &c
	}
	for i, l := range one.Lanes {
		c := *l
		c.Peer = ""
		one.Lanes[i] = &c
	}
	for _, process := range []uint32{4711, 4712} {
		var x selection
		x.choose(laneOf(t, one, process, 7).ID, one)
		x.reselect(other)
		if want := laneOf(t, other, process, 7).ID; x.row != want {
			t.Errorf("fd 7 of process %d is found again as lane %d, want %d", process, x.row, want)
		}
	}
	u, frame := onBuffer(t, twoProcesses(t), 120, 36)
	frame()
	for _, f := range translated(u.scene.found, one, other) {
		if f.FD == 7 && f.Lane != laneOf(t, other, uint32(f.Process), 7).ID {
			t.Errorf("the finding about fd 7 of process %d is on lane %d", f.Process, f.Lane)
		}
	}
	keys := map[findingKey]bool{}
	n := 0
	for _, f := range u.scene.found {
		if f.FD == 7 {
			n++
			keys[keyOf(f)] = true
			if want := " of process " + map[int64]string{4711: "4711", 4712: "4712"}[f.Process]; !strings.Contains(f.Sentence, want) {
				t.Errorf("the finding does not name its process: %s", f.Sentence)
			}
		}
	}
	if n < 2 || len(keys) != n {
		t.Errorf("%d findings about fd 7 have %d keys", n, len(keys))
	}
}

// TestShadesOfTheRightProcess: what is drawn of a lane from the recording's summaries is what its own process did on the number.
func TestShadesOfTheRightProcess(t *testing.T) {
	sum := trace.ChunkSummary{Known: true, Events: 30, First: 1, Last: 100}
	for i, fd := range []int32{7, 7, 8} {
		sum.Lanes = append(sum.Lanes, trace.LaneSummary{Stream: uint32(i + 1), FD: fd, First: 1, Last: 100, Counts: []trace.KindCountOf{{Kind: trace.Read, N: uint32(10 * (i + 1))}}})
	}
	c := &coarse{over: timeline.NewOverview([]trace.ChunkSummary{sum}), tables: map[uint32]uint32{1: 4711, 2: 4712, 3: 4712}}
	for _, x := range []struct {
		n    number
		want []int64
	}{{number{4711, 7}, []int64{10}}, {number{4712, 7}, []int64{20}}, {number{4712, 8}, []int64{30}}, {number{4711, 8}, nil}, {number{0, 7}, []int64{10, 20}}} {
		var got []int64
		for _, l := range c.lanes(x.n) {
			got = append(got, l.Events)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("fd %d of process %d: events %v, want %v", x.n.fd, x.n.table, got, x.want)
		}
	}
	f := &frame{snap: &timeline.Snapshot{Lanes: []*timeline.Lane{{FD: 7, Table: 4711}}}, t0: 0, t1: 100}
	if got, want := c.strangers(f), []number{{4712, 7}, {4712, 8}}; !slices.Equal(got, want) {
		t.Errorf("numbers without a lane: %v, want %v", got, want)
	}
	if p, q := c.process(number{4712, 7}), (&coarse{tables: map[uint32]uint32{1: 4711}}).process(number{4711, 7}); p != 4712 || q != 0 {
		t.Errorf("a number of several processes is called one of %d, that of the only one of %d", p, q)
	}
}
