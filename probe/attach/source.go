package attach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/probe"
	"evviz/probe/kernel"
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

	order    order
	em       *probe.Emitter
	fold     trace.Folder
	call     probe.Call
	who      map[uint32]int       // process by thread
	alive    map[int]bool         // processes that have not ended
	sockets  map[kernel.Key]place // where a socket is
	keys     map[place]kernel.Key
	early    map[kernel.Key]early // arrivals at sockets that no descriptor has yet
	blocked  map[uint32]blocked   // threads that are in a call
	sets     map[uint32]askedSet  // what select was asked for, by thread
	lost     uint64
	checked  time.Time
	marked   time.Time
	arrivals bool
	over     bool

	seen func(*kernel.Record) // a test's; nil

	closed chan struct{}
	once   sync.Once
	mu     sync.Mutex
	why    error
}

// place is a descriptor of a process.
type place struct {
	pid int
	fd  int32
}

type early struct {
	at, unread int64
}

type blocked struct {
	at   int64
	call uint16
}

type askedSet struct {
	set []probe.PollFD
	cut bool
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
	s := &Source{who: map[uint32]int{}, alive: map[int]bool{}, sockets: map[kernel.Key]place{}, keys: map[place]kernel.Key{}, early: map[kernel.Key]early{},
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

// errNested says where it does not work: programs in the kernel know processes by the numbers of the first pid namespace.
var errNested = errors.New("attach: evviz runs in another PID namespace than the machine (a container), where processes have other numbers than in the kernel; run it on the host, or in a container with --pid=host")

// inNamespace reports whether this process is in a pid namespace that is not the machine's first, whose inode is PROC_PID_INIT_INO
// (include/linux/proc_ns.h).
func inNamespace() (bool, error) {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return false, fmt.Errorf("attach: %w", err)
	}
	return link != "pid:[4026531836]", nil
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
		s.order.fact(st.Threads[i].Time-s.offset, fact{pid: pid, thread: &st.Threads[i]})
		s.who[uint32(st.Threads[i].TID)] = pid
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

// Close detaches. It may be called more than once.
func (s *Source) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func (s *Source) unload() (err error) {
	if s.recorder != nil {
		err = s.recorder.Close()
	}
	if s.state != nil {
		err = errors.Join(err, s.state.Close())
	}
	s.recorder, s.state = nil, nil
	return err
}

// Read implements trace.Source.
func (s *Source) Read(ctx context.Context, buf []trace.Event) (int, error) {
	for {
		if n := s.fold.Take(buf, s.over); n > 0 {
			return n, nil
		}
		if s.over {
			s.unload()
			return 0, io.EOF
		}
		select {
		case <-s.closed:
			s.finish()
			continue
		case <-ctx.Done():
			s.finish()
			return 0, ctx.Err()
		default:
		}
		if err := s.drain(false); err != nil {
			s.finish()
			return 0, err
		}
		if s.fold.Held() > 0 {
			if n := s.fold.Take(buf, false); n > 0 {
				return n, nil
			}
		}
		if len(s.alive) == 0 {
			s.mu.Lock()
			s.why = errors.New("the program has ended")
			s.mu.Unlock()
			s.finish()
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

// finish takes what is still in the kernel, and detaches.
func (s *Source) finish() {
	if s.over {
		return
	}
	s.over = true
	if s.recorder != nil {
		s.recorder.Detach()
		s.recorder.HandOver(true)
		s.drain(true)
	}
}

// drain takes what is in the ring, and makes events of what is old enough; all of it at the end.
func (s *Source) drain(all bool) error {
	s.recorder.Drain(func(batch []byte) {
		if left := kernel.Records(batch, s.order.record); left > 0 {
			s.order.torn++
		}
	})
	if err := s.recorder.HandOver(all); err != nil {
		return err
	}
	if all {
		s.recorder.Drain(func(batch []byte) { kernel.Records(batch, s.order.record) })
	}
	upTo := trace.Now() - s.offset - window
	if all {
		upTo = 1<<63 - 1
	}
	s.order.upTo(upTo, s.take)
	if now := time.Now(); now.Sub(s.checked) > 100*time.Millisecond || all {
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
	for pid := range s.alive {
		if lost > s.lost {
			s.em.Dropped(pid, pid, int64(lost-s.lost), trace.Now()-window)
			s.lost = lost
			for p := range s.alive {
				s.look(p) // what changed meanwhile is there, and not how
			}
		}
		if err := unix.Kill(pid, 0); err == unix.ESRCH {
			delete(s.alive, pid)
			s.recorder.Trace(pid, false) // the number may be given to another
		}
	}
	if s.arrivals && !s.over && time.Since(s.marked) > markEvery {
		s.marked = time.Now()
		for pid := range s.alive {
			s.recorder.Mark(pid) // one that ends meanwhile is found above
		}
	}
	return nil
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
		s.called(r, at)
	case kernel.RecordFork:
		pid := int(r.Args[1])
		s.who[r.Args[0]] = pid
		s.alive[pid] = true
		s.em.Began(pid, int(r.Args[0]), 0, text(r.Payload), at)
	case kernel.RecordExec:
		pid := s.pidOf(r.TID)
		s.call = probe.Call{PID: pid, TID: int(r.TID), Time: at, Sys: probe.SysExecve, Path: text(r.Payload)}
		s.em.Call(&s.call)
	case kernel.RecordExit:
		s.em.Exit(int(r.Args[0]), int(r.TID), uint32(r.Result), at)
		delete(s.who, r.TID)
		delete(s.blocked, r.TID)
		delete(s.sets, r.TID)
	case kernel.RecordArrive:
		s.arrived(r, at)
	case kernel.RecordSets:
		s.sets[r.TID] = askedSet{membersOf(nil, r), r.Flags&kernel.RecordCut != 0}
	}
}

func (s *Source) pidOf(tid uint32) int {
	if pid, ok := s.who[tid]; ok {
		return pid
	}
	for pid := range s.alive {
		return pid
	}
	return int(tid)
}

func (s *Source) called(r *kernel.Record, at int64) {
	pid := s.pidOf(r.TID)
	c := &s.call
	callOf(c, r, pid, at)
	if r.Kind == kernel.RecordBlock {
		if classOf(int(r.Call)) == kernel.ClassSlow {
			s.blocked[r.TID] = blocked{at, r.Call}
			return // it is told when it has returned, if it took long
		}
		c.Phase = trace.PhaseEnter
		s.blocked[r.TID] = blocked{at, r.Call}
	} else {
		b, in := s.blocked[r.TID]
		delete(s.blocked, r.TID)
		switch {
		case in && b.call == r.Call:
			c.Phase, c.Dur = trace.PhaseExit, at-b.at
			if classOf(int(r.Call)) == kernel.ClassSlow {
				c.Phase = trace.PhaseComplete
			}
		case r.Start != 0:
			c.Dur = at - s.at(int64(r.Start))
		}
	}
	if set, ok := s.sets[r.TID]; ok && (c.Sys == probe.SysSelect || c.Sys == probe.SysPselect6) {
		c.Set, c.SetCut = append(c.Set, set.set...), set.cut
		if r.Kind == kernel.RecordCall {
			delete(s.sets, r.TID)
		}
	} else if c.Sys == probe.SysSelect || c.Sys == probe.SysPselect6 {
		s.recorder.Sets() // from the next one on
	}
	if s.em.Call(c) != nil {
		return // it contradicts itself
	}
	if r.Kind != kernel.RecordCall {
		return
	}
	if r.RunQueue > 0 {
		s.em.Delayed(pid, int(r.TID), int64(r.RunQueue), at)
	}
	s.places(c, r, pid, at)
}

// places follows which socket is behind which descriptor.
func (s *Source) places(c *probe.Call, r *kernel.Record, pid int, at int64) {
	if c.Errno == 0 && c.Sys == probe.SysClose {
		p := place{pid, int32(r.Args[0])}
		if key, ok := s.keys[p]; ok {
			delete(s.keys, p)
			if s.sockets[key] == p {
				delete(s.sockets, key)
			}
		}
	}
	seen, ok := r.Socket()
	if !ok {
		return
	}
	fd := r.Result
	if c.Sys == probe.SysConnect || c.Sys == probe.SysBind {
		fd = int32(r.Args[0])
	}
	s.place(seen.Sock, place{pid, fd})
	if e, ok := s.early[seen.Sock]; ok {
		delete(s.early, seen.Sock)
		s.em.Arrived(pid, int(r.TID), fd, e.unread, max(e.at, at))
	}
}

func (s *Source) place(key kernel.Key, p place) {
	if old, ok := s.keys[p]; ok && s.sockets[old] == p {
		delete(s.sockets, old)
	}
	s.sockets[key], s.keys[p] = p, key
}

const tcpListen = 10

func (s *Source) arrived(r *kernel.Record, at int64) {
	key := kernel.Key(r.Start)
	p, ok := s.sockets[key]
	if !ok {
		if len(s.early) < 1<<16 {
			s.early[key] = early{at, int64(r.Result)}
		}
		return
	}
	s.em.Arrived(p.pid, p.pid, p.fd, int64(r.Result), at)
	if r.Args[1] == tcpListen {
		s.em.Waiting(p.pid, p.pid, p.fd, int64(r.Result), int64(r.Args[2]), at)
	}
}

// ---- the order of records and facts

// entry is a record or a fact that waits for its turn.
type entry struct {
	time int64 // the kernel's clock
	rec  kernel.Record
	fact *fact
}

// order puts records of several CPUs, and facts, into the order of their times.
type order struct {
	q     []entry
	dirty bool
	torn  int // batches that did not end with a record
}

func (o *order) record(r *kernel.Record) {
	x := entry{time: int64(r.Time), rec: *r}
	x.rec.Payload = slices.Clone(r.Payload)
	o.add(x)
}

func (o *order) fact(at int64, f fact) { o.add(entry{time: at, fact: &f}) }

func (o *order) add(x entry) {
	o.dirty = o.dirty || len(o.q) > 0 && x.time < o.q[len(o.q)-1].time
	o.q = append(o.q, x)
}

// upTo hands on what is not younger than a moment.
func (o *order) upTo(t int64, take func(*entry)) {
	if o.dirty {
		slices.SortStableFunc(o.q, func(a, b entry) int { return cmp.Compare(a.time, b.time) })
		o.dirty = false
	}
	n := 0
	for n < len(o.q) && o.q[n].time <= t {
		take(&o.q[n])
		n++
	}
	rest := copy(o.q, o.q[n:])
	clear(o.q[rest:])
	o.q = o.q[:rest]
}

// String is for an error.
func (p place) String() string { return fmt.Sprintf("fd %d of process %d", p.fd, p.pid) }
