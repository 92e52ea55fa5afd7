package tui

import (
	"context"
	"slices"
	"time"

	"evviz/timeline"
)

// Stepping: "." and "," go on and back by what the view is about: a turn of the loop, a finding, elsewhere an event. A replay
// that stands at its newest event lets the next one through.

// stepper lets a replay take steps, and takes them by itself.
type stepper struct {
	auto autoStep

	scene  *scene
	src    *source
	window *window
	worker *worker
	status *status
}

// autoStep steps by itself.
type autoStep struct {
	on    bool
	every time.Duration
	last  time.Time
}

// paces of auto-step, from slow to fast.
var paces = []time.Duration{4 * time.Second, 2 * time.Second, time.Second, 500 * time.Millisecond, 200 * time.Millisecond, 100 * time.Millisecond}

// start begins to step by itself.
func (x *stepper) start() {
	if x.auto.every == 0 {
		x.auto.every = time.Second
	}
	x.auto.on, x.auto.last = true, time.Now()
	x.status.say("steps by itself; < and > change how fast, a stops it")
}

func (x *stepper) stop() { x.auto.on = false }

// due reports whether it is time for a step.
func (x *stepper) due() bool {
	if !x.auto.on || time.Since(x.auto.last) < x.auto.every {
		return false
	}
	x.auto.last = time.Now()
	return true
}

// pace changes how fast it steps by itself.
func (x *stepper) pace(by int) {
	i := 0
	for i < len(paces)-1 && paces[i] > x.auto.every {
		i++
	}
	x.auto.every = paces[min(max(i+by, 0), len(paces)-1)]
	x.status.say("a step each %v", x.auto.every)
}

// speeds are the steps of < and >.
var speeds = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100}

// slow are the steps below them of what plays a lesson in slow motion.
var slow = []float64{0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05}

// speed makes a replay faster or slower, or the steps that are taken by themselves.
func (x *stepper) speed(by int) {
	if x.auto.on {
		x.pace(by)
		return
	}
	steps := speeds
	if _, ok := x.src.speeder.(interface{ Slowest() float64 }); ok {
		steps = append(slices.Clone(slow), speeds...)
	}
	s := nextStep(steps, x.src.speeder.Speed(), by)
	x.src.speeder.SetSpeed(s)
	x.status.say("speed %s", pace(s))
}

// replay lets the next event of a replay through; the first press makes it stand still.
func (x *stepper) replay() {
	x.window.thaw()
	if x.src.pauser != nil && !x.src.pauser.Paused() {
		x.src.pauser.Pause(true)
		return
	}
	x.src.stepper.Step(1)
}

// turn takes a replay on to where the next turn with something to do ends, or, when the one that is shown is not over,
// to where that ends; the first press makes the replay stand still. Where that is, is looked up ahead, beside the screen. A turn
// without a stream stands for the time before the first turn of all: then it is the first turn of any thread.
func (x *stepper) turn(turn timeline.Turn) {
	last := x.src.last(x.scene.snap)
	ahead := x.window.frozen == nil || x.window.frozen.Now >= last // the replay itself, not something that was fetched, is what is shown
	x.window.thaw()
	x.window.cursor = 0
	switch {
	case x.src.pauser != nil && !x.src.pauser.Paused():
		x.src.pauser.Pause(true)
		return
	case x.src.seeker == nil:
		x.src.stepper.Step(1)
		return
	case ahead && x.src.over():
		x.stop()
		x.status.say("there is no turn with something to do after this one")
		return
	case x.worker.busy(): // the step before is still on its way
		return
	}
	feed, seeker, span := x.src.feed, x.src.seeker, x.window.span
	x.worker.do(func() (string, error) {
		to := max(turn.End, turn.Begin)
		for {
			to = min(to+span, last)
			span *= 4
			s, err := feed.Excerpt(context.Background(), turn.Begin, to)
			if err != nil {
				return "", err
			}
			next, ok := turnAfter(s, turn)
			switch {
			case ok && !next.Running:
				return "", seeker.SeekTime(next.End)
			case to >= last:
				return "", seeker.SeekTime(last)
			case s.Short: // more than an excerpt holds: go as far as it does
				return "", seeker.SeekTime(s.Now)
			}
		}
	})
}

// turnAfter is the turn of a snapshot in which a thread has something to do next after one. Of no thread in particular it is the one
// that begins first.
func turnAfter(s *timeline.Snapshot, turn timeline.Turn) (first timeline.Turn, found bool) {
	of := func(stream uint32) {
		next, ok := s.TurnAt(stream, turn.Begin)
		if ok && (!turn.Running || !next.Busy()) {
			next, ok = s.NextBusy(&next)
		}
		if ok && (!found || next.Begin < first.Begin) {
			first, found = next, true
		}
	}
	if turn.Stream != 0 {
		of(turn.Stream)
		return first, found
	}
	for _, l := range s.Loops {
		of(l.Stream)
	}
	return first, found
}
