package loop

import "evviz/trace"

// postponed is the reads of reported connections that are due later: because it is the setting (the defer knob), or because a
// connection has used up its budget for this turn.
type postponed struct {
	later      []laterRead // due after some more turns
	unfinished []*conn     // have used up their budget; see goOn
	spare      []*conn     // the list before, to be used again
	conns      *connections
}

// laterRead is a read that is due after some more turns.
type laterRead struct {
	c     *conn
	turns int
}

// add puts a connection on the list of those that go on in the next turn.
func (p *postponed) add(c *conn) {
	c.unfinished = true
	p.unfinished = append(p.unfinished, c)
}

// read reads a reported connection, now or as the defer knob says. A connection that waits for its read already stays
// where it is.
func (p *postponed) read(c *conn) {
	d := p.conns.b.Defer
	switch {
	case d.none():
		p.conns.read(c)
		return
	case c.deferred:
		return
	case d.Turns > 0:
		p.later = append(p.later, laterRead{c, d.Turns})
	default:
		outlet{p.conns.l, c}.after(d.For, func(o outlet) { o.l.conns.postponed.readNow(o.c) })
	}
	c.deferred = true
}

// countTurn lets the reads that are due after turns come nearer.
func (p *postponed) countTurn() {
	keep := p.later[:0]
	var due []*conn
	for _, r := range p.later {
		if r.turns--; r.turns > 0 {
			keep = append(keep, r)
			continue
		}
		due = append(due, r.c)
	}
	p.later = keep
	for _, c := range due {
		if p.conns.l.locks.take(c) {
			p.readNow(c)
			p.conns.l.locks.give(c)
		}
	}
}

// readNow is the read that was put off. Afterwards the connection is what it was before.
func (p *postponed) readNow(c *conn) {
	c.deferred = false
	p.handle(c)
}

// goOn gives the connections that have used up their budget another share each, in turn. An edge would not tell of them
// again.
func (p *postponed) goOn() {
	list := p.unfinished
	p.unfinished = p.spare[:0]
	for _, c := range list {
		if !p.conns.l.locks.take(c) {
			continue
		}
		c.unfinished = false
		p.handle(c)
		p.conns.l.locks.give(c)
	}
	clear(list)
	p.spare = list[:0]
}

// handle reads a connection outside of an event that reported it, as a handler of its own.
func (p *postponed) handle(c *conn) {
	cs := p.conns
	start, fd, gen := cs.tr.tick(), c.fd, c.gen
	cs.read(c)
	cs.l.drv.readDone(cs.l, c)
	cs.tr.handled(trace.HandlerConn, trace.PhaseComplete, fd, gen, start, cs.tr.tick())
}
