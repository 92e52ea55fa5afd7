package timeline

import "evviz/trace"

// Scripted clients are another process: their steps carry the client's own address, which is the peer of a lane here. A
// step may come before its connection is known, as the first one always does; it waits for it, with a bound.

const (
	maxUnclaimed        = 4096
	maxUnclaimedPerPeer = 64
)

type stepMark struct {
	t int64
	m Mark
}

func (t *Timeline) step(s *stream, e *trace.Event) {
	if e.Phase.Base() == trace.PhaseEnter {
		return
	}
	t.stats.Steps++
	t.trafficStep(s, e)
	m := MarkStepOther
	switch trace.StepOf(e).What() {
	case trace.StepSend:
		m = MarkStepSend
	case trace.StepReceive:
		m = MarkStepRecv
	case trace.StepSleep, trace.StepNote:
		return
	}
	if trace.StepOf(e).What() == trace.StepConnect && e.Dur >= t.limits.Connect && e.Errno == 0 {
		t.slowConnect(s, e)
	}
	peer := t.names.now(s.id, e.Inst)
	if peer == "" {
		return
	}
	// A receive is drawn where it ended, anything else where it began: that is when it reaches the server.
	at := e.Time
	if m != MarkStepRecv {
		at = e.Start()
	}
	if l := t.byPeer[peer]; l != nil && l.pub.Closed == 0 {
		t.mark(l, at, m, 0)
		return
	}
	q := t.unclaimed[peer]
	if len(q) >= maxUnclaimedPerPeer || q == nil && len(t.unclaimed) >= maxUnclaimed {
		return
	}
	t.unclaimed[peer] = append(q, stepMark{at, m})
}

// claimSteps gives a lane the steps that came before it.
func (t *Timeline) claimSteps(l *laneB, peer string) {
	for _, q := range t.unclaimed[peer] {
		t.mark(l, q.t, q.m, 0)
	}
	delete(t.unclaimed, peer)
}

// slowConnect notes a client that was kept waiting for its connection: it is told on the listener, unless that one's queue is known to
// have had room all the time. The client's process, or its machine, was slow then.
func (t *Timeline) slowConnect(s *stream, e *trace.Event) {
	for _, l := range t.lanes {
		if l.pub.Kind == KindListener && l.pub.Closed == 0 {
			if l.watch.looked && !l.watch.filled {
				return
			}
			t.happened(s, l, IncSlowConnect, e.Start(), e.Dur, true)
			return
		}
	}
}
