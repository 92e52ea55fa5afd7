package loop

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Faults is the part of a Behaviour that is for breaking a loop on purpose, and for mending it.
type Faults struct {
	FDsFree int // so many descriptors more can be opened by the whole process; -1 no limit of ours
	OnError OnError
	Unsent  Unsent

	Defer      Defer
	DeferQuiet DeferQuiet
	Budget     int // reads of one connection a turn, before others have theirs; 0 no limit
	WorkPer    WorkPer

	Generations   bool // a report for an earlier life of a number reaches nobody
	Dup           bool // keep a duplicate of every accepted connection's descriptor
	MeasureWrites bool
	Child         Child
}

func defaultFaults() Faults { return Faults{FDsFree: -1, Generations: true} }

// OnError says what the loop does when a read or write fails for good.
type OnError uint8

// Reactions to an error.
const (
	ErrorClose  OnError = iota
	ErrorIgnore         // leave everything as it is
	ErrorInsist         // read once more, write a byte, then close: what a program sees that does not look (K19)
)

// Unsent says what becomes of bytes that a write did not take.
type Unsent uint8

// What becomes of them.
const (
	UnsentKeep Unsent = iota
	UnsentDrop        // forgotten: the result of write was not looked at (K22)
)

// Defer says when a reported connection is read: at once, after a time, or after so many more turns.
type Defer struct {
	For   time.Duration
	Turns int
}

func (d Defer) none() bool { return d.For == 0 && d.Turns == 0 }

// String is the form that ParseDefer reads.
func (d Defer) String() string {
	if d.For > 0 {
		return d.For.String()
	}
	return strconv.Itoa(d.Turns)
}

// ParseDefer reads "0", a duration or a number of turns.
func ParseDefer(s string) (Defer, error) {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n <= 1<<20 {
		return Defer{Turns: n}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > time.Hour {
		return Defer{}, fmt.Errorf("%q is neither 0, nor a duration up to 1h like 200ms, nor a number of iterations", s)
	}
	return Defer{For: d}, nil
}

// DeferQuiet says what keeps a level-triggered registration from reporting a connection over and over while its read is
// deferred.
type DeferQuiet uint8

// Ways to keep it quiet.
const (
	QuietNone DeferQuiet = iota
	QuietMod0            // no interest until it has been read
)

// WorkPer says how often a handler does its work.
type WorkPer uint8

// How often.
const (
	WorkPerHandler WorkPer = iota // once, when it got data
	WorkPerRead                   // after every read that got data
)

// Settings that break a loop, for the table Knobs.
var (
	knobFDsFree = Knob{"fds-free", "this many more descriptors can be opened, then EMFILE; -1 no such limit",
		func(b *Behaviour) string { return strconv.Itoa(b.FDsFree) },
		number(func(b *Behaviour) *int { return &b.FDsFree }, -1, 1<<20)}
	knobOnError = Knob{"on-error", "when a read or write fails: close, ignore, insist (read again, write a byte, then close)",
		choice(func(b *Behaviour) *OnError { return &b.OnError }, "close", "ignore", "insist"),
		choose(func(b *Behaviour) *OnError { return &b.OnError }, "close", "ignore", "insist")}
	knobUnsent = Knob{"unsent", "the unsent bytes of a short write: keep, drop (forgotten, the mistake)",
		choice(func(b *Behaviour) *Unsent { return &b.Unsent }, "keep", "drop"),
		choose(func(b *Behaviour) *Unsent { return &b.Unsent }, "keep", "drop")}
	knobDefer = Knob{"defer", "a reported connection is read later: 0 at once, a duration, or a number of iterations",
		func(b *Behaviour) string { return b.Defer.String() },
		func(b *Behaviour, v string) (err error) { b.Defer, err = ParseDefer(v); return }}
	knobDeferQuiet = Knob{"defer-quiet", "what a deferred connection is registered for meanwhile: none (as before), mod0 (nothing)",
		choice(func(b *Behaviour) *DeferQuiet { return &b.DeferQuiet }, "none", "mod0"),
		choose(func(b *Behaviour) *DeferQuiet { return &b.DeferQuiet }, "none", "mod0")}
	knobBudget = Knob{"budget", "reads of one connection per iteration, then the others are served; 0 no limit",
		func(b *Behaviour) string { return strconv.Itoa(b.Budget) },
		number(func(b *Behaviour) *int { return &b.Budget }, 0, 1<<20)}
	knobWorkPer = Knob{"work-per", "when the work is done: handler (once a call of it), read (after each read that got data)",
		choice(func(b *Behaviour) *WorkPer { return &b.WorkPer }, "handler", "read"),
		choose(func(b *Behaviour) *WorkPer { return &b.WorkPer }, "handler", "read")}
	knobGenerations = Knob{"generations", "an event for a closed connection whose number was reused: true dropped, false handled for the connection that has the number now",
		func(b *Behaviour) string { return strconv.FormatBool(b.Generations) },
		boolean(func(b *Behaviour) *bool { return &b.Generations })}
	knobDup = Knob{"dup", "a duplicate of every accepted connection's descriptor stays open: true (its registration outlives a close), false",
		func(b *Behaviour) string { return strconv.FormatBool(b.Dup) },
		boolean(func(b *Behaviour) *bool { return &b.Dup })}
	knobMeasureWrites = Knob{"measure-writes", "say how long each write took, its context switches and what is unsent in the socket: true, false",
		func(b *Behaviour) string { return strconv.FormatBool(b.MeasureWrites) },
		boolean(func(b *Behaviour) *bool { return &b.MeasureWrites })}
)

// failed reacts to a read that failed for good.
func (l *Loop) failed(c *conn) {
	switch l.b.OnError {
	case ErrorIgnore:
		return
	case ErrorInsist:
		l.readOne(c, false)
		l.writeOne(c, []byte{'?'}, 0)
	}
	l.closeConn(c, trace.CloseError)
}

// readLater reads a reported connection, now or as the defer knob says. A connection that waits for its read already stays
// where it is.
func (l *Loop) readLater(c *conn) {
	d := l.b.Defer
	switch {
	case d.none():
		l.readMany(c)
		return
	case c.deferred:
		return
	case d.Turns > 0:
		l.later = append(l.later, laterRead{c, d.Turns})
	default:
		outlet{l, c}.after(d.For, func(o outlet) { o.l.deferredRead(o.c) })
	}
	c.deferred = true
}

// laterRead is a read that is due after some more turns.
type laterRead struct {
	c     *conn
	turns int
}

// countTurn lets the reads that are due after turns come nearer.
func (l *Loop) countTurn() {
	keep := l.later[:0]
	var due []*conn
	for _, r := range l.later {
		if r.turns--; r.turns > 0 {
			keep = append(keep, r)
			continue
		}
		due = append(due, r.c)
	}
	l.later = keep
	for _, c := range due {
		if l.take(c) {
			l.deferredRead(c)
			l.give(c)
		}
	}
}

// deferredRead is the read that was put off, as a handler of its own. Afterwards the connection is what it was before.
func (l *Loop) deferredRead(c *conn) {
	c.deferred = false
	start, fd, gen := l.tr.tick(), c.fd, c.gen
	l.readMany(c)
	l.drv.readDone(l, c)
	l.tr.handled(trace.HandlerConn, trace.PhaseComplete, fd, gen, start, l.tr.tick())
}

// goOn gives the connections that have used up their budget another share each, in turn. An edge would not tell of them
// again.
func (l *Loop) goOn() {
	list := l.unfinished
	l.unfinished = l.spare[:0]
	for _, c := range list {
		if !l.take(c) {
			continue
		}
		c.unfinished = false
		start, fd, gen := l.tr.tick(), c.fd, c.gen
		l.readMany(c)
		l.drv.readDone(l, c)
		l.tr.handled(trace.HandlerConn, trace.PhaseComplete, fd, gen, start, l.tr.tick())
		l.give(c)
	}
	clear(list)
	l.spare = list[:0]
}

// duplicate keeps a second descriptor of a connection, recorded. The kernel forgets a registration when the last descriptor of
// its file is closed, so this one keeps it alive (K01).
func (l *Loop) duplicate(c *conn) {
	t0 := l.tr.Now()
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	t1 := l.tr.Now()
	e := l.tr.Next(trace.Dup, t1)
	e.FD, e.Gen, e.A, e.Mask, e.Dur, e.Errno = int32(c.fd), c.gen, int64(fd), unix.O_CLOEXEC, t1-t0, errnoOf(err)
	if err == nil {
		l.table.born(fd)
		l.table.locked(func() { l.dups = append(l.dups, dup{fd, c}) })
	}
}

// dup is a kept duplicate and the connection it is of.
type dup struct {
	fd int
	of *conn
}

// dropDups closes the duplicates. Before, it tries what a program tries that wants to be rid of a registration whose
// descriptor it has closed: to take it out by the old number, then by the duplicate's. Neither is its key any more.
func (l *Loop) dropDups() {
	for _, x := range l.dups {
		if d, ok := l.drv.(registering); ok && x.of.fd < 0 {
			d.removeStale(int(uint32(x.of.id)), x.of.gen)
			d.removeStale(x.fd, l.table.genOf(x.fd))
		}
		l.kernel.close(x.fd, l.table.genOf(x.fd), trace.CloseSwitch)
	}
	l.dups = nil
}

// limitFDs lets exactly n more descriptors be opened, or as many as before when n is negative. It is evviz's own doing and
// not the server's, so it happens on another thread and is not recorded but as the knob.
func (l *Loop) limitFDs(n int) error {
	done := make(chan error, 1)
	l.guard(func() { done <- l.fdLimit.set(n) })
	return <-done
}

// fdLimit keeps the process's own limit, to be put back.
type fdLimit struct {
	was unix.Rlimit
	on  bool
}

func (f *fdLimit) set(n int) error {
	if n < 0 && !f.on {
		return nil
	}
	if !f.on {
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &f.was); err != nil {
			return os.NewSyscallError("getrlimit", err)
		}
		f.on = true
	}
	limit := f.was
	if n >= 0 {
		limit.Cur = firstWithout(n)
	} else {
		f.on = false
	}
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
}

// firstWithout is the smallest limit under which exactly n numbers are free.
func firstWithout(n int) uint64 {
	for fd := 0; ; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			if n--; n < 0 {
				return uint64(fd)
			}
		}
	}
}

// usage is what this thread has used so far. It is a question of evviz's own.
func usage() (u unix.Rusage) {
	unix.Getrusage(unix.RUSAGE_THREAD, &u)
	return u
}

// measured says what a write cost and where its bytes are now: taken by the kernel is not arrived at the peer. SIOCOUTQ tells
// what the peer has not acknowledged yet (tcp(7)).
func (l *Loop) measured(c *conn, asked, n int, errno unix.Errno, took int64, before unix.Rusage) {
	after := usage()
	result := strconv.Itoa(n)
	if errno != 0 {
		result = trace.ErrnoName(uint16(errno))
	}
	queued := "unknown"
	if q, err := unix.IoctlGetInt(c.fd, unix.SIOCOUTQ); err == nil {
		queued = strconv.Itoa(q)
	}
	l.tr.said = ""
	l.tr.say(fmt.Sprintf("write(%d, %d) = %s: %v, %d voluntary and %d involuntary context switches, %s bytes in the socket's send queue",
		c.fd, asked, result, time.Duration(took), after.Nvcsw-before.Nvcsw, after.Nivcsw-before.Nivcsw, queued))
}
