package loop

import "evviz/trace"

// Nonblock says which sockets carry O_NONBLOCK. A connection does not inherit it from its listener (K25), so the
// first two are what a beginner gets who asks for none, or for the listener alone.
type Nonblock uint8

// Which sockets are non-blocking.
const (
	NonblockBoth Nonblock = iota
	NonblockListener
	NonblockNone
)

// blocks says whether the listener and the connections are to be blocking.
func (b *Behaviour) blocks() (listener, conns bool) {
	if b.Driver == trace.DriverBlocking || b.Driver == trace.DriverURing {
		return true, true
	}
	return b.Nonblock == NonblockNone, b.Nonblock != NonblockBoth
}

// setBlocking brings the listener and every connection into the mode that the settings ask for.
func (l *Loop) setBlocking() error {
	lis, conns := l.b.blocks()
	if lis != l.lis.blocking && !l.ending.draining {
		if err := l.kernel.setBlocking(l.lis.fd, l.lis.gen, lis); err != nil {
			return err
		}
		l.lis.blocking = lis
	}
	for c := range l.table.each() {
		if c.blocking == conns || c.dialing != dialDone {
			continue
		}
		if err := l.kernel.setBlocking(c.fd, c.gen, conns); err != nil {
			return err
		}
		c.blocking = conns
	}
	return nil
}
