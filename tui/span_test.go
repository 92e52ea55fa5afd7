package tui

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui/screen"
)

// TestTicks: labels of an axis are as far apart as was asked for, whatever the span, and there is an end of them.
func TestTicks(t *testing.T) {
	for _, span := range []int64{1, 1000, 1e9, 30 * 365 * 86400e9, 1 << 62, math.MaxInt64} {
		for _, cells := range []int{1, 10, 80, 1000} {
			every := tickEvery(span, cells)
			if every <= 0 || span > 1e9 && float64(every) < float64(span)/float64(cells)*9.99 && every < math.MaxInt64/10 {
				t.Errorf("a span of %d on %d cells: labels %d apart", span, cells, every)
			}
			n := 0
			ticks(math.MaxInt64-span, math.MaxInt64, every, cells, func(int64) { n++ })
			if n > cells {
				t.Errorf("a span of %d on %d cells: %d labels", span, cells, n)
			}
		}
	}
	var got []int64
	ticks(-25, 25, 10, 100, func(t int64) { got = append(got, t) })
	if fmt.Sprint(got) != "[-20 -10 0 10 20]" {
		t.Errorf("labels at %v", got)
	}
}

// farApart is a run with something to see at two moments that are far apart: a wait over all that time, data that waits, delays.
func farApart(first, last int64) *timeline.Feed {
	var evs []trace.Event
	add := func(at int64, e trace.Event) {
		e.Stream, e.Seq, e.Time = 1, uint32(len(evs)+1), at
		evs = append(evs, e)
	}
	add(first, trace.Event{Kind: trace.Start, A: 1})
	add(first, trace.Event{Kind: trace.Thread, A: 1, B: 1, Gen: 1, Mask: trace.RoleLoop})
	add(first, trace.Event{Kind: trace.Mode, Aux: trace.ModeAux(trace.DriverEpoll, trace.TriggerLevel, trace.CauseStart)})
	add(first, trace.Event{Kind: trace.Instance, FD: 3, Inst: 4})
	for fd := int32(5); fd < 8; fd++ {
		add(first, trace.Event{Kind: trace.Open, FD: fd, Gen: 1, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 1})
		add(first, trace.Event{Kind: trace.Register, Inst: 4, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
	}
	for _, at := range []int64{first, first/2 + last/2, last} {
		for fd := int32(5); fd < 8; fd++ {
			add(at, trace.Event{Kind: trace.Arrive, FD: fd, Gen: 1, Mask: 1, B: 900, Aux: 1})
			add(at, trace.Event{Kind: trace.Wait, Inst: 4, A: -1, B: -1, Aux: trace.WaitAux(trace.CallEpollWait, 64), Mask: 1, Dur: max(picture.Minus(at, max(first, 0)), 0)})
			add(at, trace.Event{Kind: trace.Ready, Inst: 4, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
			if fd != 6 || at == last {
				add(at, trace.Event{Kind: trace.Read, FD: fd, Gen: 1, A: 4096, B: 900, Dur: 900})
			}
		}
	}
	return madeFeed(trace.Info{Title: "far apart", Timed: true, Kinds: trace.AllKinds()}, evs)
}

// TestFarApart draws every view of runs whose moments lie decades apart, and as far as a number can say, at every span that the
// keys reach. None may take for ever, and what happened at the end is seen at the right.
func TestFarApart(t *testing.T) {
	const year = int64(365 * 86400e9)
	for name, c := range map[string][2]int64{
		"30 years": {1e9, 30 * year}, "55 years": {1, 55 * year}, "150 years": {1e9, 150 * year}, "290 years": {1e9, 290 * year},
		"the greatest number": {1, math.MaxInt64}, "the smallest number": {math.MinInt64, 1}, "all numbers": {math.MinInt64, math.MaxInt64},
		"near the greatest": {math.MaxInt64 - 1000, math.MaxInt64}, "before 0": {-30 * year, 1e9},
	} {
		t.Run(name, func(t *testing.T) {
			var now string // what is drawn; read when it takes for ever, which is the end of the test
			done := make(chan struct{})
			go func() {
				defer close(done)
				feed := farApart(c[0], c[1])
				for view := range viewCount {
					for _, w := range []int{40, 120, 400} {
						sim := &sent{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
						shown := &guarded{Diff: screen.NewDiff(sim), colors: 256}
						if err := shown.Init(); err != nil {
							t.Error(err)
							return
						}
						sim.SetSize(w, 40)
						u := newUI(Options{Screen: shown, Feed: feed, Symbols: "block", View: ViewNames()[view], Go: func(f func()) { f() }})
						var did []string
						for _, k := range strings.Fields("? ? whole j j Left Left Right 0 + + - - - whole v Left v Right Enter Esc v n n . , PgUp PgDn End Home 0 Tab f :goto_50% :goto_+900s :span_30m") {
							did = append(did, k)
							now = fmt.Sprintf("view %s, %d columns, keys %q", ViewNames()[view], w, did)
							if line, ok := strings.CutPrefix(k, ":"); ok {
								u.press(":")
								for _, r := range strings.ReplaceAll(line, "_", " ") {
									u.press(string(r))
								}
								u.press("Enter")
							} else if k == "whole" { // what 0 does in a replay
								u.window.freeze()
								snap := u.scene.snap
								u.window.span = max(picture.Minus(snap.Now, snap.First), minSpan)
								u.window.span = picture.Plus(u.window.span, u.window.span/50)
								u.window.right = picture.Plus(snap.First, u.window.span)
							} else {
								u.press(k)
							}
							shown.Clear()
							u.newFrame(w, 40)
							u.root.SetRect(0, 0, w, 40)
							u.root.Draw(shown)
							shown.Show()
							promised(t, shown, "block", did)
							if f := u.scene; f.t1 <= f.t0 {
								t.Errorf("%s: the window is [%d, %d)", now, f.t0, f.t1)
								return
							}
							if view == viewTimeline && k == "whole" && picture.Minus(c[1], c[0]) > year && picture.Minus(c[1], c[0]) < 200*year {
								row := rowOf(shown.Diff, rowText(shown.Diff, "fd 6"))
								if i := strings.LastIndex(row, "r"); i < len(row)*3/4 {
									t.Errorf("%s: the read at the end is not at the right: %s", now, row)
								}
							}
						}
						sim.Fini()
					}
				}
			}()
			select {
			case <-done:
			case <-time.After(2 * time.Minute):
				t.Fatalf("it never ends: %s", now)
			}
		})
	}
}

// rowText is the row that begins with a label.
func rowText(d *screen.Diff, label string) int {
	_, h := d.Size()
	for y := range h {
		if strings.HasPrefix(rowOf(d, y), label) {
			return y
		}
	}
	return 0
}
