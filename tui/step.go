package tui

import (
	"context"
	"time"

	"evviz/timeline"
	"evviz/trace"
)

// Stepping: "." and "," go on and back by what the view is about: a turn of the loop, a finding, elsewhere an event. A replay
// that stands at its newest event lets the next one through.

// autoStep steps by itself.
type autoStep struct {
	on    bool
	every time.Duration
	last  time.Time
}

// paces of auto-step, from slow to fast.
var paces = []time.Duration{4 * time.Second, 2 * time.Second, time.Second, 500 * time.Millisecond, 200 * time.Millisecond, 100 * time.Millisecond}

func (u *ui) toggleAuto() {
	if u.auto.on {
		u.auto.on = false
		return
	}
	if u.auto.every == 0 {
		u.auto.every = time.Second
	}
	if u.view != viewIteration {
		u.show1(viewIteration)
	}
	u.auto.on, u.auto.last = true, time.Now()
	u.say("steps by itself; < and > change how fast, a stops it")
}

// autoNext makes the step that is due. It is called once a frame. Steps of another view would be events or findings, so that
// leaving view 2 ends it.
func (u *ui) autoNext() {
	u.auto.on = u.auto.on && u.view == viewIteration
	if u.auto.on && u.frame != nil && time.Since(u.auto.last) >= u.auto.every {
		u.auto.last = time.Now()
		u.presses++
		u.step(1)
	}
}

// pace changes how fast auto-step goes.
func (u *ui) pace(by int) {
	i := 0
	for i < len(paces)-1 && paces[i] > u.auto.every {
		i++
	}
	u.auto.every = paces[min(max(i+by, 0), len(paces)-1)]
	u.say("a step each %v", u.auto.every)
}

func (u *ui) step(by int) {
	if u.frame == nil || u.helpOn {
		return
	}
	if u.body().step(u, by) {
		return
	}
	if by > 0 && u.cursor == 0 && u.frozen == nil && u.stepper != nil {
		u.stepReplay()
		return
	}
	u.stepEvent(by)
}

// stepReplay lets the next event of a replay through; the first press makes it stand still.
func (u *ui) stepReplay() {
	u.thaw()
	if u.pauser != nil && !u.pauser.Paused() {
		u.pauser.Pause(true)
		return
	}
	u.stepper.Step(1)
}

// stepTurn takes a replay on to where the next turn with something to do ends, or, when the one that is shown is not over,
// to where that ends; the first press makes the replay stand still. Where that is, is looked up ahead, beside the screen. A turn
// without a stream stands for the time before the first turn of all.
func (u *ui) stepTurn(turn timeline.Turn) {
	last := u.lastMoment()
	ahead := u.frozen == nil || u.frozen.Now >= last // the replay itself, not something that was fetched, is what is shown
	u.thaw()
	u.cursor = 0
	switch {
	case u.pauser != nil && !u.pauser.Paused():
		u.pauser.Pause(true)
		return
	case u.seeker == nil:
		u.stepper.Step(1)
		return
	case ahead && u.atEnd != nil && u.atEnd.AtEnd():
		u.auto.on = false
		u.say("there is no turn with something to do after this one")
		return
	case u.answering(): // the step before is still on its way
		return
	}
	feed, seeker, span := u.opt.Feed, u.seeker, u.span
	u.ask(func() (string, error) {
		to := max(turn.End, turn.Begin)
		for {
			to = min(to+span, last)
			span *= 4
			s, err := feed.Excerpt(context.Background(), turn.Begin, to)
			if err != nil {
				return "", err
			}
			stream := turn.Stream
			if stream == 0 && len(s.Loops) > 0 {
				stream = s.Loops[0].Stream
			}
			next, ok := s.TurnAt(stream, turn.Begin)
			if ok && (!turn.Running || !next.Busy()) {
				next, ok = s.NextBusy(&next)
			}
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

// stepEvent moves the cursor to the next or the last event that the list of events shows.
func (u *ui) stepEvent(by int) {
	s := u.frame.snap
	u.freeze()
	i := u.eventAtCursor()
	first, end := s.EventRange()
	for i += int64(by); i >= first && i < end; i += int64(by) {
		e, ok := s.Event(i)
		if !ok || !u.inList(i, &e) {
			continue
		}
		u.pick(i, e.Time)
		return
	}
	if by > 0 && u.stepper != nil {
		u.stepReplay()
		u.cursor = 0
		return
	}
	u.say("there is no event %s this one", map[bool]string{true: "after", false: "before"}[by > 0])
}

// pick puts the cursor on an event and keeps it in sight.
func (u *ui) pick(i, at int64) {
	u.freeze()
	u.event, u.cursor = i, at
	u.inSight(at)
}

// inSight moves the window so that a moment lies in it.
func (u *ui) inSight(at int64) {
	t0 := u.right - u.span
	switch {
	case at < t0:
		u.right = max(at+u.span*3/4, u.frame.snap.First+u.span)
	case at >= u.right:
		u.right = at + u.span/4
	}
}

// eventAtCursor is the index of the event that the cursor stands on: the one that was picked, or the last one up to the
// cursor's moment, or the newest in the window.
func (u *ui) eventAtCursor() int64 {
	s := u.frame.snap
	if u.cursor == 0 {
		_, t1 := u.frame.seen()
		return s.EventAt(t1+1) - 1
	}
	if e, ok := s.Event(u.event); ok && e.Time == u.cursor {
		return u.event
	}
	return s.EventAt(u.cursor+1) - 1
}

// listed reports whether the list of events shows an event.
func (u *ui) inList(i int64, e *trace.Event) bool {
	return !hidden(e) && u.filter.EventAt(u.frame.snap, i, e)
}

// toggleLoop makes a replay go round between the two cursors, or no longer.
func (u *ui) toggleLoop() {
	if u.looped != [2]int64{} {
		u.looped = [2]int64{}
		u.say("plays on")
		return
	}
	if u.seeker == nil || u.anchor == 0 || u.cursor == 0 || u.anchor == u.cursor {
		u.say("L: set two cursors first, with v")
		return
	}
	u.looped = [2]int64{min(u.anchor, u.cursor), max(u.anchor, u.cursor)}
	u.seekTo(u.looped[0])
	if u.pauser != nil {
		u.pauser.Pause(false)
	}
	u.say("goes round: %s", u.measured())
}

// goRound takes a replay back to the beginning of its range. It is called once a frame.
func (u *ui) goRound() {
	if u.looped == [2]int64{} || u.frame == nil || u.frozen != nil || u.pauser == nil || u.pauser.Paused() {
		return
	}
	if p, ok := u.position(); ok && p >= u.looped[1] {
		_ = u.seeker.SeekTime(u.looped[0]) // a source that was closed meanwhile has nothing to go round
	}
}

// position is where a replay is.
func (u *ui) position() (int64, bool) {
	if u.positioner == nil {
		return 0, false
	}
	return u.positioner.Position(), true
}
