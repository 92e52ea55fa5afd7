package loop

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

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

// Loop is a real event loop behind a server. All fields but those that other threads reach belong to its thread; from
// elsewhere it is reached by Post, Do and the methods built on them.
type Loop struct {
	*shared

	cfg    Config
	b      Behaviour
	tr     recorder
	kernel kernel
	pid    int
	tid    int

	lis        listener
	drv        driver
	buf        []byte
	stamped    stamped
	rsa        unix.RawSockaddrAny // for accept, so that it allocates nothing
	elsewhere  elsewhere
	children   []ChildProcess
	outlived   []uint64    // connections that were closed while a child held them
	later      []laterRead // reads that are due after some more turns
	unfinished []*conn     // have used up their budget; see goOn
	spare      []*conn     // the list before, to be used again

	timers   timers
	ticker   ticker
	dns      names
	dialed   []*outbound // streams of the connect knob
	counted  int         // answers to them
	redial   bool        // a setting of the streams changed
	dates    dateCache
	round    uint32
	waits    int // waits or rounds left; 0 no limit
	quit     bool
	draining bool // no more connections; ends when nothing is owed
	stopWhy  uint32
	inBatch  bool // tasks run because the wake-fd was reported
	wakeFD   int
	wakeGen  uint32
	obs      *observer

	hand       bool // not the first thread; see crew
	resting    bool // it has made all its waits; see rest
	holdsWorld bool // the first thread has the world to itself

	// reached by other threads
	polling  atomic.Bool   // the loop does not wait for the wake-fd
	asleep   atomic.Bool   // it is inside a call that only a signal ends
	stuck    atomic.Bool   // blocks in a call where a loop should not; only the end gets through, by a signal
	stopping atomic.Bool   // the end has been asked for
	serves   atomic.Uint32 // the serve knob
	tidNow   atomic.Int64
	gone     atomic.Bool
	done     chan struct{}
	err      error
	mode     atomic.Uint32 // driver | trigger<<8
	startErr chan error
	guard    func(func()) // starts a goroutine
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
	l := &Loop{shared: &shared{reserve: -1, asked: make(chan struct{})}, cfg: cfg, b: cfg.Behaviour, pid: os.Getpid(), wakeFD: -1,
		done: make(chan struct{}), startErr: make(chan error, 1)}
	l.wire()
	l.lis.fd = -1
	l.waits = cfg.Behaviour.Waits
	l.serves.Store(uint32(cfg.Behaviour.Serve))
	return l, nil
}

// wire gives the parts of a thread what they need of each other.
func (l *Loop) wire() {
	l.kernel = kernel{&l.tr, &l.table}
	l.timers.tr = &l.tr
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
	l.guard = guard
	guard(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the loop, and its tid means nothing else
		l.run()
	})
	return <-l.startErr
}

// Addr is where the server listens, valid after Start.
func (l *Loop) Addr() string { return l.lis.addr }

// TID is the thread of the loop, valid after Start.
func (l *Loop) TID() int { return int(l.tidNow.Load()) }

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

func (l *Loop) run() {
	l.tid = unix.Gettid()
	l.tidNow.Store(int64(l.tid))
	l.tr = newRecorder(l.cfg.NewRing(trace.RoleLoop))
	defer close(l.done)
	defer l.tr.Close()
	if err := l.open(); err != nil {
		l.err = err
		l.end()
		l.startErr <- err
		return
	}
	l.startErr <- nil
	l.err = l.loop()
	l.end()
	l.tr.usage()
	now := l.tr.Now()
	e := l.tr.Next(trace.Stop, now)
	e.Aux = l.stopWhy
	if l.err != nil {
		e.A, e.Aux = 1, trace.StopError
	}
}

// role is what the first thread is for: under Go's netpoller it serves nobody.
func (l *Loop) role() uint32 {
	if l.b.Driver == trace.DriverGo {
		return trace.RoleOther
	}
	return trace.RoleLoop
}

// end refuses tasks from here on, and closes everything. The other threads go first, then the observer: what it watches is
// still open then.
func (l *Loop) end() {
	l.gone.Store(true)
	l.tasks.abandon()
	l.dismiss()
	l.stopObserver()
	l.closeAll()
}

// open does what happens once: threads and settings are told, then the listener and the wake-fd come into being.
func (l *Loop) open() error {
	title := l.tr.name(l.cfg.Title)
	word := "loop"
	if l.cfg.Inherited {
		word = "child"
	}
	loopName := l.tr.name(word)
	e := l.tr.Next(trace.Start, l.tr.Now())
	e.A, e.Aux = int64(l.pid), title
	l.tr.sync()
	e = l.tr.Next(trace.Thread, l.tr.Now())
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(l.pid), int64(l.tid), uint32(l.pid), l.role(), loopName
	l.tr.usage() // the thread is not new
	l.tellMode(trace.CauseStart)
	for i := range Knobs {
		l.tr.knob(Knobs[i].Name, "", Knobs[i].Get(&l.b))
	}
	if err := l.openListener(); err != nil {
		return err
	}
	if err := l.openWake(); err != nil {
		return err
	}
	l.openReserve()
	if l.b.FDsFree >= 0 {
		defer l.limitFDs(l.b.FDsFree)
	}
	l.startObserver()
	if err := l.attach(); err != nil {
		return err
	}
	l.ticker.start(&l.timers, &l.b)
	l.startOutbound()
	l.beget()
	return nil
}

// loop is the iteration. Each turn of a driver is one sleep and round, or one wait and its batch:
//
//  1. timers that are due fire
//  2. tasks posted from other threads run
//  3. the driver sleeps or waits, no longer than until the next timer
//  4. what it found is handled
func (l *Loop) loop() error {
	for !l.quit {
		l.tr.Turn()
		if l.crowd && (l.timers.due(clock()) || l.tasks.waiting.Load() != 0) {
			l.takeWorld()
		}
		l.timers.fire(l)
		drv := l.drv
		l.runTasks()
		l.releaseWorld()
		if l.quit {
			break
		}
		if l.drv != drv {
			continue // a task posted just before the switch knew only the old way to wake the loop: look again
		}
		if l.waits == parked {
			l.rest()
			continue
		}
		if err := l.drv.turn(l); err != nil {
			return err
		}
		if l.draining {
			l.drainMore()
		}
	}
	return nil
}

// countWait ends the loop after as many waits or rounds as the waits knob says.
func (l *Loop) countWait() {
	if l.waits > 0 {
		if l.waits--; l.waits == 0 {
			if l.crowd {
				l.waits = parked
				return
			}
			l.quit, l.stopWhy = true, trace.StopAsked
		}
	}
}

// parked is the number of waits left of a thread of several that has made all it was to make.
const parked = -1

func (l *Loop) closeAll() {
	for len(l.table.order) > 0 {
		l.closeConn(l.table.order[len(l.table.order)-1], trace.CloseShutdown)
	}
	l.endLookups()
	l.reap() // while there is still an instance to try to take registrations out of, as dropDups needs, too
	l.dropDups()
	if l.drv != nil {
		l.drv.detach(l)
		l.drv = nil
	}
	l.closeElsewhere()
	if l.fdLimit.on {
		l.limitFDs(-1)
	}
	for _, fd := range []*int{&l.lis.fd, &l.wakeFD, &l.shared.reserve} {
		if *fd >= 0 {
			l.kernel.close(*fd, l.table.gens[*fd], trace.CloseShutdown)
			*fd = -1
		}
	}
}

func (l *Loop) tellMode(cause uint32) {
	l.mode.Store(l.b.Driver | l.b.trigger()<<8)
	e := l.tr.Next(trace.Mode, l.tr.Now())
	e.Aux = l.b.Driver | l.b.trigger()<<8 | cause<<16
	if l.b.Driver == trace.DriverSleepPoll {
		e.A = int64(l.b.Interval)
	}
}
