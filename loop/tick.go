package loop

// TickRearm says from when the next tick of the repeating timer is counted.
type TickRearm uint8

// Ways to re-arm. Relative is what a loop does that arms a one-shot timer again at the end of its callback: the callback's
// own time and the wait's lateness add up, tick by tick (K32).
const (
	RearmAbsolute TickRearm = iota
	RearmRelative
)

// ticker is the timer of the tick knob.
type ticker struct{ t *timer }

// start arms the timer with the settings, or stops it.
func (x *ticker) start(s *timers, b *Behaviour) {
	x.stop(s)
	if b.Tick <= 0 {
		return
	}
	tick := func(l *Loop) { l.work.do(l.b.TickWork) }
	if b.TickRearm == RearmRelative {
		x.t = s.afterDrifting(b.Tick, tick)
		return
	}
	x.t = s.after(b.Tick, b.Tick, tick)
}

func (x *ticker) stop(s *timers) {
	if x.t != nil {
		s.stop(x.t)
		x.t = nil
	}
}
