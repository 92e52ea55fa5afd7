package loop

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/trace"
)

// completion runs the loop by io_uring: it does not ask what is ready, it hands over what is to be done, and learns what
// has been done. There is no EAGAIN, and nothing that could be notified twice.
//
// # What is in flight
//
// One accept on the listener, one read of the wake-fd, for each connection at most one recv and at most one send. With
// multishot operations the accept and each recv are handed over once and complete many times, each recv into a buffer that
// the kernel picks from a ring of them.
//
// # What is recorded
//
// Submit for each submission entry, Complete for each completion, with the user data as it was: descriptor, generation and
// operation (see ticket). Never a Ready, and no Read, Write or Accept: the ring did it, no call did. An Open tells of an
// accepted connection, a Call that its completion was handled.
//
// Every io_uring_enter is a Wait, of one of two sorts:
//
//   - It asks for completions (max is not 0), hands over what was prepared, and waits for one at least: once in each turn,
//     and when operations are taken back. Its count is how many completions the turn takes; a Complete for each follows.
//   - It only hands over (max 0, passed 0, count 0): before work that would hold the prepared answers up, before a
//     connection is closed, and when the submission ring is full. It cannot block, so it has no enter of its own.
//
// The Submit events of the entries that a call hands over come directly before it. The kernel hides ETIME and EINTR of a
// call that took entries (it returns their number), so such a Wait carries no error, and what ended it is to be computed.
// Other calls of this driver: io_uring_setup (Open), io_uring_register (Sys), fcntl (FdFlags), close.
//
// # Blocking descriptors
//
// On a descriptor with O_NONBLOCK the kernel completes with EAGAIN instead of waiting. So while this driver runs, listener,
// connections and wake-fd are blocking ones (Behaviour.blocks, and blockWake).
//
// # Memory
//
// The kernel writes to a buffer until the completion has been taken, whatever became of the connection. So an operation's
// buffer hangs on a stream, a stream stays in streams until nothing of it is in flight, and detach takes everything back
// and reaps it before anything is given up. See package sys.
type completion struct {
	ring    *sys.Ring
	gen     uint32
	plan    ringPlan
	timeout bool // io_uring_enter takes a timeout
	pool    *sys.Buffers

	streams  map[uint64]*stream
	handed   []handed // prepared, and not yet told
	inFlight int
	batch    []sys.CQE // of this turn
	next     int       // in batch
	ending   bool      // everything is taken back: nothing new is handed over
	blocking bool      // the wake-fd has been made blocking

	accepting bool
	single    bool // the accept in flight is for one connection, and fills in from
	polling   bool // the listener, because there was no descriptor for a connection
	waits     bool // the accept in flight has a connection to accept
	reading   bool // the wake-fd
	shedding  bool // the accept in flight is for a connection that is turned away
	from      unix.RawSockaddrAny
	fromSize  uint32
	wake      [8]byte
}

// ringPlan is what the settings make of the ring.
type ringPlan struct {
	many bool // multishot accept and recv, buffers picked by the kernel
	once bool // a recv is not submitted again: the rest of a message is stranded
	size int  // bytes of a buffer
}

// handed is an entry that was prepared and whose Submit is still to be recorded.
type handed struct {
	t ticket
	n int64
	g uint32
}

// ticket is the user data of an operation: descriptor (32 bits), the generation of its number (24, which wraps), operation
// (8). A completion whose generation is not that of the connection is stale.
type ticket uint64

const genBits = 1<<24 - 1

func newTicket(op uint32, fd int, gen uint32) ticket {
	return ticket(uint32(fd)) | ticket(gen&genBits)<<32 | ticket(op)<<56
}

func (t ticket) fd() int     { return int(int32(uint32(t))) }
func (t ticket) gen() uint32 { return uint32(t>>32) & genBits }
func (t ticket) op() uint32  { return uint32(t >> 56) }

// owner is the ticket without its operation: the name of a stream.
func (t ticket) owner() uint64 { return uint64(t) &^ (0xff << 56) }

func ownerOf(c *conn) uint64 { return newTicket(0, c.fd, c.gen).owner() }

// Sizes. The submission ring bounds what one call hands over; completions that find no room are kept by the kernel. The
// buffers that the kernel picks from are at least minBuffers, however large they are, and otherwise at most poolBytes.
const (
	ringEntries     = 256
	ringCompletions = 4096
	minBuffers      = 4
	maxBuffers      = 256
	poolBytes       = 16 << 20
)

func (d *completion) attach(l *Loop) error {
	f, plan, err := canRing(&l.b)
	if err != nil {
		return err
	}
	d.plan, d.timeout, d.streams = plan, f.Timeout, map[uint64]*stream{}
	if d.ring, err = sys.NewRing(ringKernel, ringEntries, ringCompletions); err != nil {
		return err
	}
	d.gen = l.kernel.opened(d.ring.FD(), trace.TypeURing, trace.OriginURing, 0, 0, unix.O_CLOEXEC|unix.O_RDWR)
	if plan.many {
		if err := d.makePool(l); err != nil {
			return err
		}
	}
	if err := d.blockWake(l, true); err != nil {
		return err
	}
	d.accept(l)
	d.readWake(l)
	for c := range l.table.each() {
		c.registered, c.state, c.left, c.rearmed = false, drained, -1, false
		if l.b.Hold == 0 {
			l.registry.letIn(c)
		}
		if !c.leaked && !c.held {
			d.serve(l, c)
		}
	}
	return nil
}

// makePool maps the buffers that the kernel picks from and registers them.
func (d *completion) makePool(l *Loop) error {
	n := maxBuffers
	for n > minBuffers && n*d.plan.size > poolBytes {
		n /= 2
	}
	t0 := l.tr.Now()
	pool, err := d.ring.NewBuffers(0, n, d.plan.size)
	t1 := l.tr.Now()
	id := l.tr.name("io_uring_register")
	e := l.tr.Next(trace.Sys, max(t1, l.tr.Last()))
	e.FD, e.Gen, e.Aux, e.A, e.Dur, e.Errno = int32(d.ring.FD()), d.gen, id, int64(n), t1-t0, errnoOf(err)
	d.pool = pool
	return err
}

// detach takes back what is in flight and waits until it is back. Bytes that a recv had already taken out of the kernel
// are answered by whoever serves the connection next; a connection that was accepted stays.
func (d *completion) detach(l *Loop) {
	if d.ring == nil {
		return
	}
	d.ending = true
	d.reap(l)
	if d.inFlight > 0 {
		lost.Lock()
		lost.drivers = append(lost.drivers, d) // the kernel may still write: this memory is never used for anything else
		lost.Unlock()
	}
	d.ring.Unmap()
	l.instances().CloseInstance(d.ring.FD(), d.gen)
	if d.pool != nil && d.inFlight == 0 {
		d.pool.Unmap()
	}
	if d.blocking && !l.gone.Load() {
		d.blockWake(l, false)
	}
	d.ring = nil
}

// blockWake takes O_NONBLOCK from the wake-fd or gives it back.
func (d *completion) blockWake(l *Loop, on bool) error {
	flags := 0
	if !on {
		flags = unix.O_NONBLOCK
	}
	t0 := l.tr.Now()
	_, err := unix.FcntlInt(uintptr(l.wake.fd), unix.F_SETFL, flags)
	t1 := l.tr.Now()
	e := l.tr.Next(trace.FdFlags, t1)
	e.FD, e.Gen, e.Aux, e.Mask, e.Dur, e.Errno = int32(l.wake.fd), l.wake.gen, trace.CallFcntl, uint32(flags|unix.O_CLOEXEC), t1-t0, errnoOf(err)
	d.blocking = on
	return os.NewSyscallError("fcntl", err)
}

func (d *completion) added(l *Loop, c *conn) error {
	if !d.ending {
		d.serve(l, c)
	}
	return nil
}

// settings follows a change of settings: what concerns the ring itself needs another one; a held connection may be let in.
func (d *completion) settings(l *Loop) error {
	if _, plan, err := canRing(&l.b); err != nil || plan != d.plan {
		if err != nil {
			return err
		}
		l.drv.detach(l)
		return l.attach()
	}
	if l.b.Hold > 0 {
		return nil
	}
	for c := range l.table.each() {
		if c.held {
			l.registry.letIn(c)
			d.serve(l, c)
		}
	}
	return nil
}

// changed: there is no interest to tell. What a connection needs next is handed over when its last operation completes, but
// a service that takes bytes again has nothing in flight.
func (d *completion) changed(l *Loop, c *conn) error {
	if s := d.streams[ownerOf(c)]; s != nil {
		d.recv(l, s)
	}
	return nil
}

// send sends what a service has to say.
func (d *completion) send(l *Loop, c *conn, p []byte) {
	s := d.streams[ownerOf(c)]
	if s == nil { // not served yet: what is owed will be sent when it is
		c.out = append(c.out, p...)
		return
	}
	s.owe(p)
	d.sendOwed(l, s)
}

// closing takes back what is in flight for a connection. Without that its file would live on in the ring after the close,
// and the peer would not learn of it.
func (d *completion) closing(l *Loop, c *conn) {
	s := d.streams[ownerOf(c)]
	if s == nil {
		return
	}
	s.c = nil
	if !d.ending && (s.receiving || s.sending) {
		d.cancelStream(l, s)
		d.submit(l)
	}
	d.forget(s)
}

func (d *completion) leaked(*Loop, *conn)   {} // recv looks at it
func (d *completion) readDone(*Loop, *conn) {} // the completion was the read

func (d *completion) canHold() bool { return true }

// stopListening is refused: an accept is in flight.
func (d *completion) stopListening(*Loop) bool { return false }

func (d *completion) watches() bool                   { return false }
func (d *completion) watch(int, uint32, uint64) error { return nil }
func (d *completion) unwatch(int)                     {}

// turn is one call and what it brings.
func (d *completion) turn(l *Loop) error {
	if err := d.wait(l); err != nil {
		return fmt.Errorf("wait for completions: %w", err)
	}
	d.take(l, l.b.MaxEvents)
	d.dispatch(l)
	l.countWait()
	return nil
}

// take takes up to n completions out of the ring and records them all, as the kernel delivered them at once.
func (d *completion) take(l *Loop, n int) {
	d.batch, d.next = d.batch[:0], 0
	now := l.tr.tick()
	for len(d.batch) < n {
		c, ok := d.ring.Take()
		if !ok {
			break
		}
		if !c.More() {
			d.inFlight--
		}
		d.batch = append(d.batch, c)
		d.told(l, &c, now)
	}
}

// told records a completion.
func (d *completion) told(l *Loop, c *sys.CQE, now int64) {
	t := ticket(c.UserData)
	e := l.tr.Next(trace.Complete, now)
	e.Inst, e.FD, e.Gen, e.Aux, e.A, e.B, e.Mask = trace.RingInstance(d.ring.FD()), int32(t.fd()), t.gen(), t.op(), int64(c.UserData), int64(c.Res), c.Flags
	if c.Res < 0 {
		e.B, e.Errno = -1, uint16(-c.Res)
	}
}

// dispatch handles the batch. A task may switch the mechanism in the middle of it; then detach has handled the rest.
func (d *completion) dispatch(l *Loop) {
	for d.next < len(d.batch) && l.drv == d {
		c := &d.batch[d.next]
		d.next++
		d.handle(l, c)
	}
}

// handle runs the handler of one completion.
func (d *completion) handle(l *Loop, c *sys.CQE) {
	t := ticket(c.UserData)
	switch t.op() {
	case trace.OpAccept:
		start := l.tr.since()
		d.accepted(l, c)
		if !d.ending {
			l.tr.handled(trace.HandlerListener, trace.PhaseComplete, l.lis.fd, l.lis.gen, start, l.tr.tick())
		}
	case trace.OpPoll:
		d.somebodyWaits(l)
	case trace.OpRead:
		d.woken(l, c)
	case trace.OpRecv, trace.OpSend:
		if s := d.streams[t.owner()]; s != nil { // else it is stale: the number belongs to somebody else by now
			d.streamed(l, s, t.op(), c)
		} else if id, ok := c.Buffer(); ok {
			d.pool.Give(id)
		}
	}
}

// readWake has the ring read the eventfd by which other threads wake the loop.
func (d *completion) readWake(l *Loop) {
	if d.ending || d.reading || l.quit {
		return
	}
	d.reading = true
	sys.PrepRead(d.entry(l, trace.OpRead, l.wake.fd, l.wake.gen, len(d.wake)), l.wake.fd, d.wake[:])
}

// woken runs the tasks that were posted. While the driver is ending they stay in their queue, and the loop finds them.
func (d *completion) woken(l *Loop, c *sys.CQE) {
	d.reading = false
	if d.ending {
		return
	}
	start := l.tr.Now()
	if c.Res == int32(len(d.wake)) && binary.NativeEndian.Uint64(d.wake[:]) > 0 {
		l.wake.runTasks(l)
	}
	l.tr.handled(trace.HandlerWake, trace.PhaseComplete, l.wake.fd, l.wake.gen, start, l.tr.Now())
	l.tr.tick()
	if l.drv == d {
		d.readWake(l)
	}
}

// entry prepares an operation: a free entry with its ticket, counted, and to be told when it is handed over.
func (d *completion) entry(l *Loop, op uint32, fd int, gen uint32, n int) *sys.SQE {
	e := d.ring.Next()
	for e == nil {
		d.submit(l)
		e = d.ring.Next()
	}
	t := newTicket(op, fd, gen)
	e.UserData = uint64(t)
	d.inFlight++
	d.handed = append(d.handed, handed{t, int64(n), gen})
	return e
}
