package attach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/probe"
	"evviz/probe/kernel"
	"evviz/probe/look"
	"evviz/trace"
)

// Options say which processes are recorded, and what of them.
type Options struct {
	PIDs     []int // with their children, from when they are made
	Title    string
	Arrivals bool // when data and connections arrive
	RunQueue bool // how long threads were ready to run while no CPU ran them
	Exact    bool // how long every call took, also those that did not block
	Ring     int  // bytes of records that may wait to be read, a power of two; 0: 16 MiB
}

// Source is what processes do, as events, from when it was opened until they have ended or it is closed.
//
// Thread rule: one goroutine reads; everything else may be called from any.
type Source struct {
	recorder *kernel.Recorder
	state    *kernel.Reader
	info     trace.Info
	offset   int64 // of this process's clock to that of the records

	order      order
	em         *probe.Emitter
	fold       trace.Folder
	call       probe.Call
	who        map[uint32]int       // process by thread
	alive      map[int]bool         // processes that have not ended
	sockets    map[kernel.Key]place // where a socket is
	keys       map[place]kernel.Key
	early      map[kernel.Key]int64 // unread bytes of sockets that no descriptor has yet
	blocked    map[uint32]blocked   // threads that are in a call
	sets       map[uint32]askedSet  // what select was asked for, by thread
	setsWanted bool
	strange    uint64 // records that are not understood, or of which nobody knows whose they are
	told       uint64 // records that were told to be missing
	checked    time.Time
	marked     time.Time
	arrivals   bool
	over       bool

	seen func(*kernel.Record) // a test's; nil

	closed chan struct{}
	once   sync.Once
	failed error // of Read
	mu     sync.Mutex
	why    error
}

// window is how long a record waits for older ones of other CPUs, ns. Stages send what is 5 ms old, and are sent for at 10.
const window = 15_000_000

// markEvery is how often sockets are looked for whose arrivals are to be recorded: connections inherit that from their listener, others do not.
const markEvery = 250 * time.Millisecond

// pollEvery is how often the ring is looked at. A wakeup for each record would cost the recorded program a microsecond or more.
const pollEvery = 5 * time.Millisecond

// Open attaches to processes. They are looked into after the programs are in place, so that nothing lies between what was there and the first
// call. The error is a *kernel.Refused where programs cannot be loaded.
func Open(opt Options) (_ *Source, err error) {
	s := &Source{who: map[uint32]int{}, alive: map[int]bool{}, sockets: map[kernel.Key]place{}, keys: map[place]kernel.Key{}, early: map[kernel.Key]int64{},
		blocked: map[uint32]blocked{}, sets: map[uint32]askedSet{}, closed: make(chan struct{})}
	defer func() {
		if err != nil {
			s.unload()
		}
	}()
	if s.recorder, err = kernel.OpenRecorder(kernel.RecorderOptions{RunQueue: opt.RunQueue, Arrivals: opt.Arrivals, Exact: opt.Exact, Ring: opt.Ring, Class: classOf}); err != nil {
		return nil, err
	}
	if s.state, err = kernel.Open(); err != nil {
		return nil, err
	}
	s.offset, s.arrivals = s.recorder.Offset(), opt.Arrivals
	s.em = probe.NewEmitter(func(e trace.Event) { s.fold.Add(&e) })
	if nested, err := inNamespace(); err != nil || nested {
		return nil, errors.Join(err, errNested)
	}
	for _, pid := range opt.PIDs {
		if pid == os.Getpid() {
			return nil, fmt.Errorf("attach to process %d: that is evviz itself", pid)
		}
		s.recorder.Trace(pid, true)
		s.alive[pid] = true
	}
	if err := s.recorder.Attach(); err != nil {
		return nil, err
	}
	s.info = trace.Info{Title: opt.Title, Live: true, Timed: true, Clock: trace.ReadClock(), OS: trace.Linux, Kinds: recorded, Knows: trace.KnowsTimes | trace.KnowsDurations} // of what blocks, and with Exact of everything
	if opt.Arrivals {
		s.info.Kinds |= trace.Kinds(trace.Arrive, trace.Queue)
		s.info.Knows |= trace.KnowsArrivals
	}
	if opt.RunQueue {
		s.info.Kinds |= trace.Kinds(trace.RunDelay)
	}
	for _, m := range append(s.recorder.Missing(), s.state.Missing()...) {
		what, why, _ := strings.Cut(m, ": ")
		s.info.Missing = append(s.info.Missing, trace.Missing{What: what, Why: why})
	}
	for _, pid := range opt.PIDs {
		if err := s.look(pid); err != nil {
			return nil, err
		}
		if err := s.recorder.Mark(pid); err != nil && !errors.Is(err, unix.ESRCH) {
			return nil, err
		}
	}
	return s, s.recorder.HandOver(true)
}

// recorded are the kinds that calls make, and facts.
var recorded = trace.Kinds(trace.Start, trace.Stop, trace.Thread, trace.Exec, trace.Exit, trace.Fork, trace.Open, trace.Dup, trace.Close, trace.Shutdown, trace.FdFlags,
	trace.SockOpt, trace.Listen, trace.Connect, trace.Instance, trace.Register, trace.Modify, trace.Deregister, trace.Wait, trace.Sleep, trace.Ready, trace.Accept,
	trace.Read, trace.Write, trace.Sys, trace.TimerSet, trace.TimerFire, trace.TimerStop, trace.Sync, trace.State, trace.Name, trace.Lost, trace.Repeat, trace.Unread)

// look reads what a process has at this moment, as facts in the order of their times among the records.
func (s *Source) look(pid int) error {
	st, err := s.state.Read(pid)
	if err != nil {
		return err
	}
	for i := range st.Threads {
		s.order.fact(st.Threads[i].Time-s.offset, fact{pid: pid, thread: &st.Threads[i], timeout: look.TimeoutOf(pid, &st.Threads[i])})
		s.who[uint32(st.Threads[i].TID)] = pid
		switch classOf(st.Threads[i].Call) {
		case kernel.ClassSelect, kernel.ClassPselect6:
			s.wantSets()
		}
	}
	for i := range st.Files {
		s.order.fact(st.Files[i].Time-s.offset, fact{pid: pid, file: &st.Files[i]})
	}
	for i := range st.Regs {
		s.order.fact(st.Regs[i].Time-s.offset, fact{pid: pid, reg: &st.Regs[i]})
	}
	return nil
}

// Info describes the source.
func (s *Source) Info() trace.Info { return s.info }

// Present is the present of the source, by the clock of its events (ns).
func (s *Source) Present() int64 { return trace.Now() }

// DropRights gives up what loading needed, for good. What reads foreign bytes and draws has no rights left then.
func (s *Source) DropRights() error { return sys.DropCapabilities() }

// Ended says why the source ended: its processes have. nil while it goes on.
func (s *Source) Ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// Close detaches, and has Read return what is still there, and then io.EOF. It may be called more than once.
func (s *Source) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		err = s.recorder.Detach()
	})
	return err
}

// unload takes the programs out of the kernel. Only Open and Read call it.
func (s *Source) unload() error {
	var errs []error
	if s.recorder != nil {
		errs = append(errs, s.recorder.Close())
	}
	if s.state != nil {
		errs = append(errs, s.state.Close())
	}
	return errors.Join(errs...)
}

// Read implements trace.Source.
func (s *Source) Read(ctx context.Context, buf []trace.Event) (int, error) {
	for {
		if n := s.fold.Take(buf, s.over); n > 0 {
			return n, nil
		}
		if s.over {
			return 0, cmp.Or(s.failed, io.EOF)
		}
		select {
		case <-s.closed:
			s.finish(nil)
			continue
		case <-ctx.Done():
			s.finish(ctx.Err())
			continue
		default:
		}
		if err := s.drain(false); err != nil {
			s.finish(err)
			continue
		}
		if n := s.fold.Take(buf, false); n > 0 {
			return n, nil
		}
		if len(s.alive) == 0 {
			s.mu.Lock()
			s.why = errors.New("the program has ended")
			s.mu.Unlock()
			s.finish(nil)
			continue
		}
		t := time.NewTimer(pollEvery)
		select {
		case <-t.C:
		case <-s.closed:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// finish takes what is still in the kernel, and unloads. err is what Read returns when all of it has been handed on, nil for io.EOF.
func (s *Source) finish(err error) {
	s.over, s.failed = true, err
	s.recorder.Detach()
	if e := s.drain(true); e != nil && err == nil {
		s.failed = e
	}
	if e := s.unload(); e != nil && s.failed == nil {
		s.failed = e
	}
}

// drain takes what is in the ring, and makes events of what is old enough; all of it at the end.
func (s *Source) drain(all bool) error {
	batch := func(b []byte) {
		if left := kernel.Records(b, s.order.record); left > 0 {
			s.strange++
		}
	}
	s.recorder.Drain(batch)
	if err := s.recorder.HandOver(all); err != nil {
		return err
	}
	upTo := trace.Now() - s.offset - window
	if all {
		s.recorder.Drain(batch)
		upTo = math.MaxInt64
	}
	s.order.upTo(upTo, s.take)
	if now := time.Now(); all || now.Sub(s.checked) > 100*time.Millisecond {
		s.checked = now
		return s.check()
	}
	return nil
}

// check looks for loss, and for processes that have ended.
func (s *Source) check() error {
	_, lost, err := s.recorder.Tally()
	if err != nil {
		return err
	}
	if lost += s.strange; lost > s.told {
		s.missed(int64(lost - s.told))
		s.told = lost
	}
	mark := s.arrivals && !s.over && time.Since(s.marked) > markEvery
	if mark {
		s.marked = time.Now()
	}
	for pid := range s.alive {
		if err := unix.Kill(pid, 0); err == unix.ESRCH {
			delete(s.alive, pid)
			s.recorder.Trace(pid, false) // the number may be given to another
		} else if mark {
			s.recorder.Mark(pid) // one that ends meanwhile is found the next time
		}
	}
	return nil
}

// missed tells of records that are missing: the number once, and of every process that something is. What they have is looked at again: what has
// changed meanwhile is known then, and not how.
func (s *Source) missed(n int64) {
	for _, pid := range slices.Sorted(maps.Keys(s.alive)) {
		s.em.Dropped(pid, pid, n, trace.Now()-window)
		n = 0
		if !s.over {
			s.look(pid)
		}
	}
}

// at is a moment of the records in the clock of this process.
func (s *Source) at(t int64) int64 { return t + s.offset }

// take makes events of the next record or fact.
func (s *Source) take(x *entry) {
	if x.fact != nil {
		s.known(s.at(x.time), x.fact)
		return
	}
	r := &x.rec
	if s.seen != nil {
		s.seen(r)
	}
	at := s.at(x.time)
	switch r.Kind {
	case kernel.RecordCall, kernel.RecordBlock:
		pid, ok := s.pidOf(r.TID)
		if !ok {
			s.strange++
			return
		}
		s.called(r, pid, at)
	case kernel.RecordFork:
		pid := int(r.Args[1])
		s.who[r.Args[0]] = pid
		s.alive[pid] = true
		s.em.Began(pid, int(r.Args[0]), 0, text(r.Payload), at)
	case kernel.RecordExec:
		s.call = probe.Call{PID: int(r.Args[1]), TID: int(r.TID), Time: at, Sys: probe.SysExecve, Path: text(r.Payload)}
		s.em.Call(&s.call)
	case kernel.RecordExit:
		s.em.Exit(int(r.Args[0]), int(r.TID), uint32(r.Result), at)
		delete(s.who, r.TID)
		delete(s.blocked, r.TID)
		delete(s.sets, r.TID)
	case kernel.RecordArrive:
		s.arrived(r, at)
	case kernel.RecordSets:
		s.sets[r.TID] = askedSet{membersOf(nil, r), r.Flags&kernel.RecordCut != 0, milliseconds(r.Args[1])}
	}
}
