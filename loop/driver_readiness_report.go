package loop

import (
	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// report records one report of a batch and judges, from both ends, whether it told anything new.
func (d *readiness) report(l *Loop, r *poll.Report, now int64) {
	var c *conn
	if l.tr.On() && r.Data != dataListener && r.Data != dataWake {
		if c = l.table.connOf(r.Data); c != nil && !l.locks.take(c) {
			c = nil
		}
		if l.crowd {
			now = l.tr.tick() // taking the connection may have lasted
		}
	}
	e := l.tr.Next(trace.Ready, now)
	e.Inst, e.Mask, e.A = d.p.Instance(), r.Mask, int64(r.Data)
	switch r.Data {
	case dataListener:
		e.FD, e.Gen = int32(l.lis.fd), l.lis.gen
		return
	case dataResolver:
		if s := l.names.sock; s != nil {
			e.FD, e.Gen = int32(s.fd), s.gen
		}
		return
	case dataWake:
		e.FD, e.Gen = int32(l.wake.fd), l.wake.gen
		l.wake.reported(l, e.Inst, now)
		return
	}
	e.FD, e.Gen = int32(uint32(r.Data)), uint32(r.Data>>32)&^(1<<31)
	if c == nil {
		return // nobody watches, or it is stale: the number belongs to somebody else by now
	}
	defer l.locks.give(c)
	if r.Mask&unix.EPOLLIN != 0 {
		if c.state != drained {
			// The last report of this connection left bytes, or nobody looked. Only then is the kernel asked again.
			if n, ok := unread(c.fd); ok {
				e.B = n + 1
				if n > 0 && n <= c.left && !c.rearmed && c.mask&unix.EPOLLET == 0 {
					why := uint32(trace.RenotifyLeftover)
					if c.state == untouched {
						why = trace.RenotifyUntouched
					}
					x := l.tr.Next(trace.Renotify, now)
					x.Inst, x.FD, x.Gen, x.Mask, x.B, x.Aux = d.p.Instance(), int32(c.fd), c.gen, unix.EPOLLIN, n+1, why
				}
				c.left = n
			}
		} else {
			c.left = -1
		}
		c.state = untouched
		d.doubt = append(d.doubt, c)
	}
	c.rearmed = false
}

// settleDoubts asks, before the loop waits again, how much is left in connections that were reported and not drained,
// where that is not known yet: only with this number can the next report be called old or new.
func (d *readiness) settleDoubts(l *Loop) {
	for _, c := range d.doubt {
		if c == nil || !l.locks.take(c) {
			continue
		}
		if c.state != drained && c.left < 0 {
			if n, ok := unread(c.fd); ok {
				c.left = n
			}
		}
		l.locks.give(c)
	}
	d.doubt = d.doubt[:0]
}
