package picture

import (
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// lasting makes a loop's cell from times in states, ns; the longest is the one to show.
func lasting(d map[timeline.LoopState]int64) (c timeline.LoopCell) {
	longest := int64(-1)
	for s, ns := range d {
		c.Dur[s] = ns
		if ns > longest {
			longest, c.Top = ns, s
		}
	}
	return c
}

// TestLoopRow: what comes first wins.
func TestLoopRow(t *testing.T) {
	type d = map[timeline.LoopState]int64
	const wait, work, sleep, lock, ready = timeline.LoopWaiting, timeline.LoopWorking, timeline.LoopAsleep, timeline.LoopLocked, timeline.LoopRunnable
	const s = sec / 100 // a hundredth of a cell
	again := lasting(d{work: 50 * s, wait: 50 * s})
	again.Reports, again.Renotify = 2, 1
	lost := again
	lost.Lost = true
	z := lasting(d{sleep: sec})
	for _, c := range []struct {
		name       string
		colours    Colours
		cells      []timeline.LoopCell
		text, inks string
	}{
		{"dropped events, repeated notifications", AllColours, []timeline.LoopCell{lost, again}, "?▄", "W(a)"},
		{"a lock", AllColours, []timeline.LoopCell{lasting(d{lock: 50 * s, work: 50 * s}), lasting(d{lock: 49 * s, work: 51 * s}), lasting(d{lock: 1, wait: sec})}, "L▄░", "o(k)w"},
		{"work by its share", AllColours, []timeline.LoopCell{lasting(d{work: 1, wait: sec}), lasting(d{work: 7 * s, wait: 93 * s}), lasting(d{work: 52 * s, wait: 48 * s}), lasting(d{work: sec}), lasting(d{wait: sec})}, "·▁▄ ░", "(k)(k)(k)kw"},
		{"no CPU, above the work", AllColours, []timeline.LoopCell{lasting(d{ready: 50 * s, work: 25 * s}), lasting(d{ready: 50 * s, wait: 50 * s}), lasting(d{ready: sec}), lasting(d{ready: 1, wait: sec})}, "▂▄ ·", "<k>(y)y(y)"},
		{"work beside sleep", AllColours, []timeline.LoopCell{lasting(d{work: 1, sleep: sec}), lasting(d{work: 52 * s, sleep: 48 * s})}, "·▄", "{k}{k}"},
		{"few colours", FewColours, []timeline.LoopCell{lasting(d{work: sec}), z, z}, "█z ", "kzz"},
		{"no colours", NoColours, []timeline.LoopCell{lasting(d{work: sec}), z, z}, "█zz", "kzz"},
		{"asleep", AllColours, []timeline.LoopCell{z, z, z, z, z}, " z  z", "zzzzz"},
		{"nothing known", AllColours, []timeline.LoopCell{{}}, "_", "_"},
	} {
		row := window(len(c.cells), c.colours).Loop(nil, c.cells)
		if text, inks := text(row), inks(row); text != c.text || inks != c.inks {
			t.Errorf("%s: %q in %q, want %q in %q", c.name, text, inks, c.text, c.inks)
		}
	}
	w := window(3, AllColours)
	w.Now = at(1)
	waiting := lasting(d{wait: 1})
	if got := text(w.Loop(nil, []timeline.LoopCell{waiting, waiting, waiting})); got != "░░_" {
		t.Errorf("two cells have begun: %q", got)
	}
}

// TestLoopNow: what a loop does now, in what there is room for.
func TestLoopNow(t *testing.T) {
	epoll := timeline.Mode{Known: true, Driver: trace.DriverEpoll}
	in := func(k trace.Kind, fd int32) timeline.LoopLane {
		return timeline.LoopLane{State: timeline.LoopWaiting, In: k, InFD: fd}
	}
	for _, c := range []struct {
		lane timeline.LoopLane
		mode timeline.Mode
		w    int
		want string
	}{
		{timeline.LoopLane{Ended: 5, State: timeline.LoopWaiting}, epoll, 20, "ended"},
		{in(trace.Read, 15), epoll, 20, "in read(15)"},
		{in(trace.Read, 15), epoll, 9, "in read"},
		{in(trace.Accept, 3), epoll, 20, "in accept"},
		{in(trace.Wait, -1), epoll, 10, "epoll_wait"},
		{in(trace.Wait, -1), epoll, 9, "waiting"},
		{in(trace.Wait, -1), timeline.Mode{}, 20, "waiting"},
		{timeline.LoopLane{State: timeline.LoopLocked}, epoll, 20, "for a lock"},
		{timeline.LoopLane{State: timeline.LoopRenotified}, epoll, 20, "repeats"},
		{timeline.LoopLane{State: timeline.LoopRunnable}, epoll, 20, "runnable"},
	} {
		if got := window(1, AllColours).LoopNow(&c.lane, c.mode, c.w); got != c.want {
			t.Errorf("%v in %v, %d characters: %q, want %q", c.lane.State, c.lane.In, c.w, got, c.want)
		}
	}
}

// TestLoopThen: beside a window of the past stands what was true at its edge, and nothing of the present.
func TestLoopThen(t *testing.T) {
	w := window(2, AllColours)
	w.Now = at(9)
	l := timeline.LoopLane{Ended: at(5), State: timeline.LoopWaiting, In: trace.Read, InFD: 7}
	if got := w.LoopNow(&l, timeline.Mode{}, 20); got != "unknown" {
		t.Errorf("nothing is known of then: %q", got)
	}
	if l.Ended = at(1); w.LoopNow(&l, timeline.Mode{}, 20) != "ended" {
		t.Error("it had ended")
	}
}

// TestLoopDoes: the share of the window in which a loop worked, and what it does, as far as there is room.
func TestLoopDoes(t *testing.T) {
	type d = map[timeline.LoopState]int64
	cells := func(work int64) []timeline.LoopCell {
		return []timeline.LoopCell{lasting(d{timeline.LoopWorking: work, timeline.LoopWaiting: 1000 - work}), lasting(d{timeline.LoopWaiting: 1000}), {}}
	}
	w := window(3, AllColours)
	epoll := timeline.Mode{Known: true, Driver: trace.DriverEpoll}
	waits := &timeline.LoopLane{State: timeline.LoopWaiting, In: trace.Wait}
	for _, c := range []struct {
		lane *timeline.LoopLane
		work int64
		room int
		want string
	}{
		{waits, 1000, 10, "busy 50 %"},
		{waits, 16, 10, "busy 0.8 %"},
		{waits, 1000, 21, "epoll_wait  busy 50 %"},
		{waits, 1, 11, "busy <0.1 %"},
		{waits, 0, 10, "busy 0 %"},
		{waits, 1000, 5, "waiting"}, // which is cut where it is drawn
		{&timeline.LoopLane{State: timeline.LoopWaiting, In: trace.Read, InFD: 7}, 1000, 10, "in read(7)"},
		{&timeline.LoopLane{Ended: 1}, 1000, 10, "ended"},
	} {
		if got := w.LoopDoes(c.lane, epoll, cells(c.work), c.room); got != c.want {
			t.Errorf("%d of 2000 in %d characters: %q, want %q", c.work, c.room, got, c.want)
		}
	}
	if got := w.LoopDoes(waits, epoll, make([]timeline.LoopCell, 3), 20); got != "epoll_wait" {
		t.Errorf("nothing is known of it: %q", got)
	}
}

// TestRate: a graph up to the peak, with something where there is something; the colour says whether it was of any use.
func TestRate(t *testing.T) {
	cells := []timeline.LoopCell{{Reports: 0}, {Reports: 1}, {Reports: 50, Renotify: 25}, {Reports: 50, Renotify: 26}, {Reports: 100}, {Eagain: 7}}
	w := window(len(cells), AllColours)
	row := w.Rate(nil, RateReports, cells)
	if text, inks := text(row), inks(row); text != "_▁▄▄█_" || inks != "_ggeg_" {
		t.Errorf("%q in %q", text, inks)
	}
	row = w.Rate(row, RateEagain, cells)
	if text, inks := text(row), inks(row); text != "_____█" || inks != "_____e" {
		t.Errorf("%q in %q", text, inks)
	}
	if got := text(w.Rate(row, RateReports, make([]timeline.LoopCell, len(cells)))); got != "______" {
		t.Errorf("nothing happened: %q", got)
	}
	y, _ := SymbolsNamed("braille")
	w = &Window{T0: at(0), T1: at(3), Now: at(3), Cells: 3, Symbols: &y, Colours: AllColours}
	if w.RateCells() != len(cells) {
		t.Errorf("%d cells are wanted for 3 of braille", w.RateCells())
	}
	row = w.Rate(row, RateReports, cells)
	if text, inks := text(row), inks(row); text != "⢀⣤⡇" || inks != "ggg" {
		t.Errorf("%q in %q", text, inks)
	}
	w.Cells = 2
	good, repeats := timeline.LoopCell{Reports: 100}, timeline.LoopCell{Reports: 50, Renotify: 50}
	if got := inks(w.Rate(row, RateReports, []timeline.LoopCell{good, repeats, repeats, good})); got != "gg" {
		t.Errorf("the greater of two counts has the colour: %q", got)
	}
	for m, want := range map[timeline.Mode]string{{}: "events", {Known: true, Driver: trace.DriverEpoll}: "events",
		{Known: true, Driver: trace.DriverSleepPoll}: "EAGAIN", {Driver: trace.DriverSleepPoll}: "events"} {
		if got := RateOf(m).String(); got != want {
			t.Errorf("%+v: %q, want %q", m, got, want)
		}
	}
}
