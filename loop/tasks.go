package loop

import (
	"encoding/binary"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// task is a function that another thread hands to the loop.
type task struct {
	what string
	fn   func(*Loop)
	done chan struct{} // closed when it ran or never will
	ran  *bool
	at   int64
	who  int
	via  uint32
}

// tasks is the queue between the threads. Its mutex is held for a few instructions only, and the loop takes it only when
// there is something in the queue.
type tasks struct {
	waiting atomic.Int64  // in list, or about to be
	count   atomic.Uint64 // posted so far

	mu      sync.Mutex
	list    []task
	fd      int // the eventfd that wakes a waiting loop, when have is set
	have    bool
	over    bool // the loop has ended
	nudging bool // a goroutine is signalling the sleeping loop
}

func (t *tasks) setFD(fd int) {
	t.mu.Lock()
	t.fd, t.have = fd, true
	t.mu.Unlock()
}

func (t *tasks) take() []task {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.list
	t.list = nil
	t.waiting.Store(0)
	return l
}

// abandon releases everybody who waits for a task that will not run any more.
func (t *tasks) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over, t.have = true, false
	for _, x := range t.list {
		if x.done != nil {
			close(x.done)
		}
	}
	t.list = nil
	t.waiting.Store(0)
}

// nudgeEvery is how long a poster waits for a sleeping loop to take a task before it signals again. A signal that falls
// between the loop's last look at the queue and its system call is lost, so one is not enough.
const nudgeEvery = 2 * time.Millisecond

// Post hands fn to the loop's thread, wakes it and returns. A waiting loop is woken through its eventfd; a sleeping one by
// SIGURG to its thread, which Go's runtime uses for itself and therefore ignores when it finds nothing to do.
func (l *Loop) Post(what string, fn func(*Loop)) error {
	_, err := l.post(what, fn, false)
	return err
}

// Do is Post, and waits until fn has run. It must not be called on the loop's thread.
func (l *Loop) Do(what string, fn func(*Loop)) error {
	t, err := l.post(what, fn, true)
	if err != nil {
		return err
	}
	<-t.done
	if !*t.ran {
		return ErrStopped
	}
	return nil
}

func (l *Loop) post(what string, fn func(*Loop), wait bool) (task, error) {
	t := task{what: what, fn: fn, at: clock(), who: unix.Gettid(), ran: new(bool)}
	if wait {
		t.done = make(chan struct{})
	}
	q := &l.tasks
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over {
		return t, ErrStopped
	}
	// First the task is counted, then it is asked how the loop idles; the loop first says how it is going to idle, then
	// looks at the count. So either the loop sees the task or its poster sees how to wake the loop.
	q.waiting.Add(1)
	q.count.Add(1)
	if !l.polling.Load() {
		t.via = trace.ViaEventfd
		if q.have {
			var one [8]byte
			binary.NativeEndian.PutUint64(one[:], 1)
			unix.Write(q.fd, one[:]) // under the lock, so that the descriptor is still the eventfd
		}
	}
	if l.asleep.Load() {
		t.via = trace.ViaSignal
		if !q.nudging {
			q.nudging = true
			l.guard(l.nudge)
		}
	}
	if l.stopping.Load() && l.stuck.Load() && !q.nudging {
		q.nudging = true // a thread that blocks where it should not hears no eventfd
		l.guard(l.nudge)
	}
	q.list = append(q.list, t)
	return t, nil
}

// nudge signals the loop's thread until it has left its sleep.
func (l *Loop) nudge() {
	q := &l.tasks
	for {
		q.mu.Lock()
		if q.waiting.Load() == 0 || !l.asleep.Load() && !l.stuck.Load() {
			q.nudging = false
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		unix.Tgkill(l.pid, l.TID(), unix.SIGURG)
		time.Sleep(nudgeEvery)
	}
}

// runTasks runs what was posted.
func (l *Loop) runTasks() {
	if l.tasks.waiting.Load() == 0 {
		return
	}
	for _, t := range l.tasks.take() {
		t0 := l.tr.Now()
		e := l.tr.Next(trace.Wake, t0)
		e.FD, e.A, e.B, e.Aux = -1, int64(t.who), int64(l.tid), t.via
		if t.via == trace.ViaEventfd {
			e.FD = int32(l.wakeFD)
		}
		what := l.tr.name(t.what)
		t.fn(l)
		t1 := l.tr.Now()
		e = l.tr.Next(trace.Task, t1)
		e.Aux, e.B, e.Dur = what, max(t0-t.at, 0), t1-t0
		*t.ran = true
		if t.done != nil {
			close(t.done)
		}
	}
}

// drainWake is the handler of the wake-fd.
func (l *Loop) drainWake() {
	start := l.tr.Now()
	if l.b.WakeDrain {
		var p [8]byte
		t0 := l.tr.Now()
		n, errno := readFD(l.wakeFD, p[:])
		t1 := l.tr.Now()
		e := l.tr.Next(trace.Read, t1)
		e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(l.wakeFD), l.wakeGen, trace.CallRead, 8, int64(n), t1-t0, uint16(errno)
		l.lis.wakeUnread = false
	}
	if !l.crowd { // else they run when this thread has the world to itself
		l.inBatch = true
		l.runTasks()
		l.inBatch = false
	}
	l.tr.handled(trace.HandlerWake, trace.PhaseComplete, l.wakeFD, l.wakeGen, start, l.tr.Now())
}

// Stop ends the loop and waits for it.
func (l *Loop) Stop() error { return l.StopFor(trace.StopAsked) }

// StopFor ends the loop with a reason that is recorded (trace.Stop*).
func (l *Loop) StopFor(why uint32) error {
	l.stopping.Store(true)
	l.askedFor.Do(func() { close(l.asked) })
	err := l.Post("stop", func(l *Loop) { l.stop(why) })
	if err != nil && l.gone.Load() {
		err = nil
	}
	select {
	case <-l.done:
	case <-time.After(10 * time.Second):
		return os.ErrDeadlineExceeded
	}
	return err
}
