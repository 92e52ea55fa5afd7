package loop

// TickRearm says from when the next tick of the repeating timer is counted.
type TickRearm uint8

// Ways to re-arm. Relative is what a loop does that arms a one-shot timer again at the end of its callback: the callback's
// own time and the wait's lateness add up, tick by tick (K32).
const (
	RearmAbsolute TickRearm = iota
	RearmRelative
)

// startTick arms the timer of the tick knob, or stops it.
func (l *Loop) startTick() {
	l.stopTick()
	if l.b.Tick <= 0 || l.draining {
		return
	}
	tick := func(l *Loop) { l.workFor(l.b.TickWork) }
	if l.b.TickRearm == RearmRelative {
		l.ticker = l.afterDrifting(l.b.Tick, tick)
		return
	}
	l.ticker = l.After(l.b.Tick, l.b.Tick, tick)
}

func (l *Loop) stopTick() {
	if l.ticker != nil {
		l.StopTimer(l.ticker)
		l.ticker = nil
	}
}
