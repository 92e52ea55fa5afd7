package loop

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"

	"evviz/trace"
)

// Config says what a new loop is to be.
type Config struct {
	Listen    string // host:port; port 0 takes a free one
	Behaviour Behaviour
	Title     string
	// AllowRemote lets the connect knob leave the machine.
	AllowRemote bool
	// StartChild starts a process that inherits fd, for the child knob (its words); nil refuses. It is called on the loop's
	// thread, which forks. Inherited says that fd 3 of this process is a listener to serve.
	StartChild func(what string, fd int) (ChildProcess, error)
	Inherited  bool
	// NewRing gives the ring of a producing thread; nil runs the loop unwatched. It is called once for the loop, once
	// for the observer and once for each worker thread.
	NewRing func(role uint32) *trace.Ring
}

// Loop is a real event loop behind a server: the iteration (run.go), the driver that it runs by, and the parts that do the work.
// All fields but those that other threads reach belong to its thread; from elsewhere it is reached by Post, Do and the
// methods built on them.
//
// A part gets the few others that it needs from wire. Those that have a way back to the loop itself say why.
type Loop struct {
	*shared // what the threads of a server have in common

	cfg Config
	b   Behaviour // the settings as they are now
	drv driver    // the mechanism as it is now

	// What the parts below make their calls and records with.
	tr     recorder
	kernel kernel
	block  blocker
	timers timers
	locks  locks
	wake   wake
	reach  reach // by other threads, too

	// What a server does.
	lis      listener
	accept   acceptor
	conns    connections
	work     busywork
	dialer   dialer
	names    names
	ticker   ticker
	children children
	arrivals arrivals
	dates    dateCache

	// Where the loop is in its life.
	round   uint32 // of sleep-poll
	waits   int    // waits or rounds left; 0 no limit
	resting bool   // it has made all its waits; see rest
	quit    bool
	stopWhy uint32

	// Reached by other threads.
	serves   atomic.Uint32 // the serve knob
	mode     atomic.Uint32 // driver | trigger<<8
	gone     atomic.Bool
	done     chan struct{}
	err      error
	startErr chan error
}

// Stats are counters that anybody may read while the loop runs. The byte counts are the server's half of a ledger whose
// other half the clients keep.
type Stats struct {
	Accepted, Connected, Closed, BytesIn, BytesOut, Modified atomic.Int64
}

// ErrStopped is returned for what is asked of a loop that has ended. It wraps os.ErrClosed.
var ErrStopped = fmt.Errorf("the loop has ended: %w", os.ErrClosed)

// New prepares a loop; nothing is opened yet.
func New(cfg Config) (*Loop, error) {
	if cfg.Behaviour.Driver == 0 {
		return nil, errors.New("no mechanism chosen")
	}
	if err := cfg.Behaviour.Check(); err != nil {
		return nil, err
	}
	for i := range Knobs {
		b := cfg.Behaviour
		if err := Knobs[i].Set(&b, Knobs[i].Get(&b)); err != nil {
			return nil, err
		}
	}
	if cfg.NewRing == nil {
		cfg.NewRing = func(uint32) *trace.Ring { return trace.NoRing() }
	}
	l := &Loop{shared: &shared{reserve: reserve{fd: -1}, ending: ending{asked: make(chan struct{})}}, cfg: cfg, b: cfg.Behaviour, wake: wake{fd: -1},
		done: make(chan struct{}), startErr: make(chan error, 1)}
	l.wire()
	l.reach.pid = os.Getpid()
	l.lis.fd = -1
	l.tasks.reach = &l.reach
	l.waits = cfg.Behaviour.Waits
	l.serves.Store(uint32(cfg.Behaviour.Serve))
	return l, nil
}

// wire gives the parts of a thread what they need of each other.
func (l *Loop) wire() {
	tr, b := &l.tr, &l.b
	l.kernel = kernel{tr, &l.table}
	l.block = blocker{tr, l.kernel, &l.reach}
	l.timers.tr = tr
	l.locks = locks{server: l.shared, tr: tr, reach: &l.reach}
	l.reach.server = l.shared

	l.lis.tr, l.lis.kernel, l.lis.b = tr, l.kernel, b
	l.accept.l, l.dialer.l = l, l
	l.conns = connections{l: l, b: b, tr: tr, io: transfer{tr: tr, b: b, block: &l.block, stats: &l.stats}}
	l.conns.postponed.conns = &l.conns
	l.work.tr, l.work.kernel, l.work.reach = tr, l.kernel, &l.reach
	l.names = names{b: b, tr: tr, kernel: l.kernel, block: &l.block, timers: &l.timers, threads: l.shared, newRing: l.cfg.NewRing}
	l.children = children{start: l.cfg.StartChild, tr: tr, server: l.shared}
	l.arrivals.b, l.arrivals.tr, l.arrivals.server = b, tr, l.shared
}

// Drivers are the mechanisms that a loop can run as, in the order in which the texts tell of them.
var Drivers = []uint32{trace.DriverBlocking, trace.DriverSleepPoll, trace.DriverSelect, trace.DriverPoll, trace.DriverEpoll, trace.DriverURing, trace.DriverGo}

// Live reports whether the mechanism can be entered and left while connections are open.
func Live(driver uint32) bool { return driver != trace.DriverGo }

func supported(driver uint32) bool {
	return slices.Contains(Drivers, driver)
}

// Start opens the listener and runs the loop on a thread of its own. It returns when clients can connect, or with the
// reason why they cannot. guard starts each goroutine of the loop, so that a panic in one can be handled; nil means a
// plain go.
func (l *Loop) Start(guard func(func())) error {
	if guard == nil {
		guard = func(f func()) { go f() }
	}
	l.guard, l.tasks.guard = guard, guard
	guard(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the loop, and its tid means nothing else
		l.run()
	})
	return <-l.startErr
}

// Addr is where the server listens, valid after Start.
func (l *Loop) Addr() string { return l.lis.addr }

// TID is the thread of the loop, valid after Start.
func (l *Loop) TID() int { return int(l.reach.tid.Load()) }

// Done is closed when the loop has ended.
func (l *Loop) Done() <-chan struct{} { return l.done }

// Err is why the loop ended, nil when it was asked to. Valid after Done.
func (l *Loop) Err() error { return l.err }

// Stats are the loop's counters.
func (l *Loop) Stats() *Stats { return &l.stats }

// Mode is the mechanism and the triggering that run now.
func (l *Loop) Mode() (driver, trigger uint32) {
	m := l.mode.Load()
	return m & 0xff, m >> 8
}

// Serves is the word for what new connections are served.
func (l *Loop) Serves() string {
	b := Behaviour{Serving: Serving{Serve: Serve(l.serves.Load())}}
	return knobServe.Get(&b)
}
