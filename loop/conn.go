package loop

import (
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// drain is what the loop knows of a connection's unread bytes since its last report (K17).
type drain uint8

const (
	drained   drain = iota // nothing is owed: no report yet, EAGAIN, or a short read
	untouched              // reported, and nobody has read since
	maybeLeft              // the last read got all it asked for
)

// conn is one connection. It belongs to the loop's thread; with several threads, to the one that has taken it.
type conn struct {
	mu   sync.Mutex // used when the server has several threads; see shared
	fd   int
	id   uint64 // of descriptor and generation (lifeID), also after the connection has been closed; the data of its registration
	gen  uint32 // how often this number has been used, so that a late report of its predecessor is seen as stale
	peer string
	at   int // index in table.order

	registered bool
	asked      *asked // the observer has been asked to look at it
	held       bool   // waits for Hold bytes before it is registered; see registry
	mask       uint32 // what is registered
	trigger    uint32 // trace.Trigger*; set per connection by T
	own        bool   // trigger was chosen for this connection alone
	stamp      int64  // the last receive stamp that was recorded

	state    drain
	left     int64 // bytes known to be unread; -1 unknown
	disarmed bool  // oneshot: reported, and not armed again
	rearmed  bool  // modified since the last report: the next one is the MOD's own doing

	out        []byte // accepted from the peer, not yet written back
	eof        bool   // the peer has finished
	leaked     bool
	blocking   bool // without O_NONBLOCK
	deferred   bool // its read has been put off
	unfinished bool // has used up its budget and is in postponed.unfinished
	paused     bool // does not read because the peer does not: back-pressure

	svc       service // what is said here; nil echoes
	full      bool    // the service takes no more for now, so nothing is read
	finish    uint32  // trace.Close*: close for this reason when out is empty; 0 go on
	linger    bool    // before closing, shut the sending side and wait for the peer's end
	lingering bool
	timers    []*connTimer // of the service; stopped when the connection is closed
	idle      *connTimer   // see idle.go
	dialer    *outbound    // the loop made this connection itself; nil it was accepted
	dialing   dialing
	addr      netip.AddrPort // where to
	problem   error          // why it ended, when a failure is known
	got       int64          // bytes of an answer
	rereads   bool           // keeps its read interest after end of file, the mistake of count-eof
	heard     int64          // when a byte came last, kept only while idle is set
}

// Bounds of the bytes that the loop holds for a peer that does not read: above high it stops reading from it, below low
// it goes on.
const (
	outHigh = 1 << 20
	outLow  = 1 << 18
)

// interest is the event mask that the connection needs now.
func (c *conn) interest(b *Behaviour) uint32 {
	if c.dialing != dialDone {
		return c.triggered(b, unix.EPOLLOUT)
	}
	var m uint32
	if c.deferred && b.DeferQuiet == QuietMod0 {
		return c.triggered(b, 0)
	}
	if b.WriteOut == WriteFirst && len(c.out) > 0 {
		return c.triggered(b, unix.EPOLLOUT)
	}
	if !c.stalled() && !(c.eof && b.OnEOF == EOFClose && !c.rereads) {
		m |= unix.EPOLLIN
	}
	if b.RDHUP && !(c.eof && b.OnEOF == EOFClose) { // it has been understood, and would be reported again and again
		m |= unix.EPOLLRDHUP
	}
	if len(c.out) > 0 || b.WriteOut == WriteAlways {
		m |= unix.EPOLLOUT
	}
	return c.triggered(b, m)
}

// triggered adds the connection's triggering to an event mask.
func (c *conn) triggered(b *Behaviour, m uint32) uint32 {
	if b.Driver == trace.DriverEpoll {
		m |= triggerBits(c.trigger)
	}
	return m
}

// stalled reports whether the loop must not read from a connection now.
func (c *conn) stalled() bool { return c.paused || c.full }

// mayRead reports whether the connection is to be read when it was reported. One whose service takes no more is read all the same
// when the report says error or hang-up: nothing else would ever take those away, and the loop would spin on them.
func (c *conn) mayRead(mask uint32) bool {
	return !c.stalled() || c.full && !c.paused && mask&(unix.EPOLLERR|unix.EPOLLHUP) != 0
}
