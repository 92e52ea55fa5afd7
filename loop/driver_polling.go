package loop

import (
	"time"

	"evviz/trace"
)

// polling is the loop of the tutorials: ask everybody, sleep, ask again. It never knows whether asking is worth it.
type polling struct{ asking }

func (p *polling) attach(l *Loop) error {
	if err := p.asking.attach(l); err != nil || !l.b.Split {
		return err
	}
	return l.muster(1, func(int) string { return "acceptor" }, func(h *Loop) error { h.drv = &polling{}; return nil }, acceptRounds)
}

func (*polling) detach(l *Loop) { l.dismiss() }

// watches: each round asks what else there is (turn).
func (*polling) watches() bool { return true }

// turn is one round and the sleep after it.
func (*polling) turn(l *Loop) error {
	l.locks.takeWorld() // from the acceptor, if there is one
	defer l.locks.releaseWorld()
	t0 := l.tr.tick()
	l.round++
	var asked, useful int
	if !l.crowd {
		asked, useful = l.accept.many(l.b.Accepts)
	}
	if s := l.names.sock; s != nil && len(s.pending) > 0 {
		a, u := s.ready()
		asked, useful = asked+a, useful+u
	}
	for i := 0; i < len(l.table.order); i++ {
		c := l.table.order[i]
		if c.dialing != dialDone {
			asked++
			if l.dialer.connect(c) == 0 {
				useful++
			}
			if c.fd < 0 {
				i--
			}
			continue
		}
		if len(c.out) > 0 {
			asked++
			if l.conns.flush(c) > 0 {
				useful++
			}
			if c.fd < 0 {
				i-- // closed: another connection has taken its place
				continue
			}
		}
		if c.eof && !c.rereads || c.stalled() || c.leaked {
			continue
		}
		a, u := l.conns.read(c)
		asked, useful = asked+a, useful+u
		if c.fd < 0 {
			i--
		}
	}
	roundDone(l, t0, asked, useful)
	l.countWait()
	l.locks.releaseWorld()
	if l.quit {
		return nil
	}
	nap(l, l.b.Interval)
	return nil
}

// acceptRounds is the life of the thread that accepts when the work is split: it shares the table with the thread that reads,
// under a lock, and so waits whenever that one is in the middle of a round.
func acceptRounds(l *Loop) {
	for !l.crew.stopping.Load() {
		end := l.locks.begin()
		l.round++
		t0 := l.tr.tick()
		asked, useful := l.accept.many(l.b.Accepts)
		roundDone(l, t0, asked, useful)
		end()
		left := int64(l.b.Interval)
		until := clock() + left
		l.reach.asleep.Store(true)
		for left > 0 && !l.crew.stopping.Load() {
			left = l.kernel.sleep(left, until)
		}
		l.reach.asleep.Store(false)
	}
}

// roundDone records a round.
func roundDone(l *Loop, t0 int64, asked, useful int) {
	t1 := l.tr.Now()
	e := l.tr.Next(trace.Round, t1)
	e.Aux, e.A, e.B, e.Dur = l.round, int64(asked), int64(useful), t1-t0
}

// nap sleeps for at most d, or until the next timer. A task posted from another thread ends it: the poster signals
// this thread until the sleep is over. Go's own signals end it too; then it sleeps on for what is left.
func nap(l *Loop, d time.Duration) {
	begin := clock()
	left := int64(d)
	if t, ok := l.timers.next(begin); ok && t < left {
		left = t
	}
	end := begin + left
	l.reach.asleep.Store(true)
	for left > 0 && l.tasks.waiting.Load() == 0 {
		left = l.kernel.sleep(left, end)
	}
	l.reach.asleep.Store(false)
}
