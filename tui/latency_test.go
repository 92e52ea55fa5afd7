package tui

import (
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

const testMs = 1_000_000

// TestStrandedInView4: what is unread at the right edge of the window is in its table, as long as it has been.
func TestStrandedInView4(t *testing.T) {
	for symbols, want := range map[string]string{"block": "≥ 6.5 s", "ascii": ">=6.5 s"} {
		text := draw(t, Options{Feed: madeFeed(trace.Info{Title: "x", Timed: true, Kinds: trace.AllKinds()}, traces.Stranded()), Symbols: symbols, View: "latency", Span: 7e9}, 140, 30, 1<<24).Text()
		row := ""
		for _, l := range strings.Split(text, "\n") {
			if strings.Contains(l, "arrival to read ") && row == "" {
				row = l
			}
		}
		if !strings.Contains(row, want) || !strings.Contains(row, "1 unread") {
			t.Errorf("%s: the row is %q, want %q and what it is, in\n%s", symbols, row, want, text)
		}
	}
}

// TestHandlersInView2: the time that a handler took between its calls has a row of its own.
func TestHandlersInView2(t *testing.T) {
	text := draw(t, Options{Feed: madeFeed(trace.Info{Title: "x", Timed: true, Kinds: trace.AllKinds()}, traces.Stranded()), Symbols: "block", View: "iteration", Span: 7e9}, 140, 30, 1<<24).Text()
	if !strings.Contains(text, "handler connection") || !strings.Contains(text, "2.0 ms") {
		t.Errorf("no handler in\n%s", text)
	}
}

// TestTimeOfAnIterationIsAllThere: what a sleep lasted longer than it was asked for is told beside what it waited; where nobody knows how long it was to
// last, all of it is waiting, and nothing is said of what was asked.
func TestTimeOfAnIterationIsAllThere(t *testing.T) {
	for asked, want := range map[int64]string{50 * testMs: "waited 50 ms, woke 250 ms late, worked", 0: "waited 300 ms, worked"} {
		evs := []trace.Event{
			{Time: 1 * testMs, Kind: trace.Thread, A: 1, B: 1, Mask: trace.RoleLoop},
			{Time: 2 * testMs, Kind: trace.Open, FD: 7, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)},
			{Time: 400 * testMs, Kind: trace.Sleep, Phase: trace.PhaseComplete, FD: -1, Aux: trace.CallClockNanosleep, A: asked, Dur: 300 * testMs},
			{Time: 401 * testMs, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 7, A: 10, B: 5},
			{Time: 500 * testMs, Kind: trace.Sleep, Phase: trace.PhaseEnter, FD: -1, Aux: trace.CallClockNanosleep, A: asked},
		}
		for i := range evs {
			evs[i].Seq, evs[i].Stream = uint32(i+1), 1
		}
		text := draw(t, Options{Feed: madeFeed(trace.Info{Title: "x", Timed: true, Kinds: trace.AllKinds()}, evs), Symbols: "block", View: "iteration", Span: 1e9}, 140, 30, 1<<24).Text()
		if !strings.Contains(text, want) || strings.Contains(text, "0 ns") || asked == 0 && strings.Contains(text, "on time") {
			t.Errorf("asked for %d ns: no %q in\n%s", asked, want, text)
		}
	}
}

// TestViewsOfALook: a recording of looks at a process shows its threads, and calls nothing 0 that nobody saw.
func TestViewsOfALook(t *testing.T) {
	info := trace.Info{Title: "x", Timed: true, Kinds: trace.Kinds(trace.State, trace.InCall, trace.Arrive, trace.Queue, trace.Name, trace.Thread, trace.Usage)}
	evs := []trace.Event{
		{Time: 1 * testMs, Kind: trace.State, FD: 7, Aux: trace.StateAux(trace.StateDescriptor, trace.TypeStream, 0, 0, 0), Dur: 37},
	}
	trace.NamePieces(9, "epoll_wait", func(e trace.Event) { e.Time = 1 * testMs; evs = append(evs, e) })
	evs = append(evs, trace.Event{Time: 1 * testMs, Kind: trace.InCall, FD: 4, Aux: 9, A: 5000 * testMs, Mask: 1})
	for i := range evs {
		evs[i].Seq, evs[i].Stream = uint32(i+1), 1
	}
	for view, want := range map[string]string{"iteration": "in epoll_wait(4), timeout 5.0 s", "latency": "unknown: no calls are seen here", "events": "fd 7 is open: a stream"} {
		text := draw(t, Options{Feed: madeFeed(info, evs), Symbols: "block", View: view, Span: 1e9}, 140, 30, 1<<24).Text()
		for _, wrong := range []string{"no thread", "none in this window", "State ", "nothing done"} {
			if strings.Contains(text, wrong) {
				t.Errorf("view %s says %q:\n%s", view, wrong, text)
			}
		}
		if !strings.Contains(text, want) {
			t.Errorf("view %s does not say %q:\n%s", view, want, text)
		}
	}
}
