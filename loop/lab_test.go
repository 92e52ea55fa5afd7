package loop

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// lab is a loop under test with everything it recorded.
type lab struct {
	t      *testing.T
	l      *Loop
	m      *trace.Merge
	done   chan struct{}
	floods bool // it may record faster than a busy machine can read

	mu   sync.Mutex
	evs  []trace.Event // with what Repeats count written out
	raw  []trace.Event
	full traces.Full
}

// patience bounds every wait of these tests; nothing is asserted about how much of it is used.
const patience = time.Minute

func startLab(t *testing.T, set func(*Behaviour)) *lab {
	t.Helper()
	b := Default()
	b.Driver = trace.DriverEpoll
	if set != nil {
		set(&b)
	}
	x := &lab{t: t, m: trace.NewMerge(trace.Info{Live: true, Kinds: trace.AllKinds()}), done: make(chan struct{})}
	var mu sync.Mutex
	stream := uint32(0)
	l, err := New(Config{Listen: "127.0.0.1:0", Behaviour: b, Title: t.Name(), StartChild: startCat, NewRing: func(uint32) *trace.Ring {
		mu.Lock()
		defer mu.Unlock()
		stream++
		r := trace.NewRing(stream, 1<<16)
		x.m.Add(r)
		return r
	}})
	if err != nil {
		t.Fatal(err)
	}
	x.l = l
	if err := l.Start(nil); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(x.done)
		buf := make([]trace.Event, 4096)
		for {
			n, err := x.m.Read(context.Background(), buf)
			x.mu.Lock()
			x.raw = append(x.raw, buf[:n]...)
			x.evs = x.full.Add(x.evs, buf[:n])
			x.mu.Unlock()
			if errors.Is(err, io.EOF) {
				return
			}
		}
	}()
	t.Cleanup(func() { x.stop() })
	return x
}

// stop ends the loop and waits until everything it recorded has been read.
func (x *lab) stop() []trace.Event {
	x.t.Helper()
	if err := x.l.Stop(); err != nil {
		x.t.Errorf("stop: %v", err)
	}
	if err := x.l.Err(); err != nil {
		x.t.Errorf("the loop ended with: %v", err)
	}
	select {
	case <-x.done:
	case <-time.After(patience):
		x.t.Fatal("the merge did not end after the rings were closed")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.m.Lost() != 0 && !x.floods {
		x.t.Errorf("%d events lost", x.m.Lost())
	}
	if err := trace.Validate(x.raw); err != nil {
		x.t.Errorf("the trace is not valid: %v", err)
	}
	return x.evs
}

// until waits until the events so far satisfy a condition.
func (x *lab) until(what string, ok func([]trace.Event) bool) {
	x.t.Helper()
	end := time.Now().Add(patience)
	for {
		x.mu.Lock()
		good := ok(x.evs)
		x.mu.Unlock()
		if good {
			return
		}
		if time.Now().After(end) {
			x.t.Fatalf("waited %v for %s in vain", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// idle waits until the loop sits in a wait or sleep that only something from outside can end, and everything from before
// has been recorded. The loop must drain its wake-fd.
func (x *lab) idle() {
	x.t.Helper()
	var at int64
	for settled := false; !settled; {
		x.l.Do("settle", func(l *Loop) {
			// A task that ran before the wait leaves a report of the wake-fd behind.
			settled = l.wake.inBatch || l.reach.polling.Load()
			at = trace.Now()
		})
	}
	x.until("the loop to be idle", func(evs []trace.Event) bool {
		for i := len(evs) - 1; i >= 0; i-- {
			if e := &evs[i]; e.Kind == trace.Wait || e.Kind == trace.Sleep || x.l.reach.polling.Load() && (e.Kind == trace.Accept || e.Kind == trace.Read) {
				return e.Phase.Base() == trace.PhaseEnter && e.Time > at
			}
		}
		return false
	})
}

// now is a copy of what has been recorded so far.
func (x *lab) now() []trace.Event {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.evs)
}

func (x *lab) set(pairs ...string) {
	x.t.Helper()
	var ps []trace.Pair
	for i := 0; i < len(pairs); i += 2 {
		ps = append(ps, trace.Pair{Key: pairs[i], Value: pairs[i+1]})
	}
	if err := x.l.Set(ps...); err != nil {
		x.t.Fatal(err)
	}
}

// client connects, and throws away what comes back so that echoing never stalls.
func (x *lab) client() net.Conn {
	x.t.Helper()
	c, err := net.Dial("tcp", x.l.Addr())
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { c.Close() })
	go io.Copy(io.Discard, c)
	return c
}

func (x *lab) send(c net.Conn, n int) {
	x.t.Helper()
	if _, err := c.Write(make([]byte, n)); err != nil {
		x.t.Fatal(err)
	}
}

// connFD is the descriptor of the first accepted connection.
func connFD(evs []trace.Event) int32 {
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Open && e.Aux == trace.OpenAux(trace.TypeStream, trace.OriginAccept) {
			return e.FD
		}
	}
	return -1
}

// tally counts what happened to one descriptor.
type tally struct {
	reports, renotify, leftover, untouched int
	reads, full, short, again, eof         int
	bytes                                  int64
	left                                   int64 // the last known number of unread bytes, -1 unknown
	masks                                  map[uint32]int
	began, waits, timeouts, eintr          int
	accepted, acceptAgain                  int
	sleeps, rounds                         int
	modifies                               int
	handed                                 int         // io_uring_enter that only handed over
	submits, completes                     map[int]int // by operation, of the descriptor
}

// tallyOf counts the events about fd, and the waits, sleeps, rounds and accepts of the whole run.
func tallyOf(evs []trace.Event, fd int32) tally {
	s := tally{left: -1, masks: map[uint32]int{}, submits: map[int]int{}, completes: map[int]int{}}
	for i := range evs {
		e := &evs[i]
		switch e.Kind {
		case trace.Wait:
			if e.Phase.Base() == trace.PhaseEnter {
				s.began++
				continue
			}
			if e.Errno == uint16(unix.EINTR) {
				s.eintr++
				continue
			}
			if e.Aux == trace.CallURingEnter {
				s.handed++ // max 0: it asked for nothing
				continue
			}
			s.waits++
			if e.Mask == 0 {
				s.timeouts++
			}
		case trace.Sleep:
			if e.Phase.Base() != trace.PhaseEnter && e.Errno == 0 {
				s.sleeps++
			}
		case trace.Round:
			s.rounds++
		case trace.Accept:
			if e.Phase.Base() == trace.PhaseEnter {
				continue
			}
			if e.Errno == 0 {
				s.accepted++
			} else if e.Errno == uint16(unix.EAGAIN) {
				s.acceptAgain++
			}
		}
		if e.FD != fd {
			continue
		}
		switch e.Kind {
		case trace.Ready:
			s.reports++
			s.masks[e.Mask]++
		case trace.Renotify:
			s.renotify++
			if e.Aux == trace.RenotifyLeftover {
				s.leftover++
			} else {
				s.untouched++
			}
		case trace.Modify:
			s.modifies++
		case trace.Submit:
			s.submits[int(e.Aux)]++
		case trace.Complete:
			s.completes[int(e.Aux)]++
			switch {
			case e.Aux != trace.OpRecv || e.Errno != 0:
			case e.B == 0:
				s.eof++
			default:
				s.bytes += e.B
			}
		case trace.Read:
			if e.Phase.Base() == trace.PhaseEnter {
				continue
			}
			s.reads++
			switch {
			case e.Errno == uint16(unix.EAGAIN):
				s.again++
			case e.B == 0:
				s.eof++
			case e.B == e.A:
				s.full++
			case e.B > 0:
				s.short++
			}
			if e.B > 0 {
				s.bytes += e.B
			}
			if e.Inst != 0 {
				s.left = int64(e.Inst) - 1
			}
		}
	}
	return s
}

// quiet reports whether upper bounds of durations are to be judged: only in a run of its own on a machine that does nothing
// else (make truth-quiet), because whoever is preempted is late.
func quiet() bool { return os.Getenv("EVVIZ_TRUTH_QUIET") != "" }
