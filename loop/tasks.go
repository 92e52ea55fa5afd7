package loop

import (
	"encoding/binary"
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

	reach *reach       // the first thread, which runs them
	guard func(func()) // starts a goroutine
}

func (q *tasks) setFD(fd int) {
	q.mu.Lock()
	q.fd, q.have = fd, true
	q.mu.Unlock()
}

func (q *tasks) take() []task {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.list
	q.list = nil
	q.waiting.Store(0)
	return l
}

// abandon releases everybody who waits for a task that will not run any more.
func (q *tasks) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.over, q.have = true, false
	for _, x := range q.list {
		if x.done != nil {
			close(x.done)
		}
	}
	q.list = nil
	q.waiting.Store(0)
}

// nudgeEvery is how long a poster waits for a sleeping loop to take a task before it signals again. A signal that falls
// between the loop's last look at the queue and its system call is lost, so one is not enough.
const nudgeEvery = 2 * time.Millisecond

// Post hands fn to the loop's thread, wakes it and returns. A waiting loop is woken through its eventfd; a sleeping one by
// SIGURG to its thread, which Go's runtime uses for itself and therefore ignores when it finds nothing to do.
func (l *Loop) Post(what string, fn func(*Loop)) error {
	_, err := l.tasks.post(what, fn, false)
	return err
}

// Do is Post, and waits until fn has run. It must not be called on the loop's thread.
func (l *Loop) Do(what string, fn func(*Loop)) error {
	t, err := l.tasks.post(what, fn, true)
	if err != nil {
		return err
	}
	<-t.done
	if !*t.ran {
		return ErrStopped
	}
	return nil
}

// post puts a task into the queue and sees to it that the loop learns of it.
func (q *tasks) post(what string, fn func(*Loop), wait bool) (task, error) {
	t := task{what: what, fn: fn, at: clock(), who: unix.Gettid(), ran: new(bool)}
	if wait {
		t.done = make(chan struct{})
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over {
		return t, ErrStopped
	}
	// First the task is counted, then it is asked how the loop idles; the loop first says how it is going to idle, then
	// looks at the count. So either the loop sees the task or its poster sees how to wake the loop.
	q.waiting.Add(1)
	q.count.Add(1)
	if !q.reach.polling.Load() {
		t.via = trace.ViaEventfd
		if q.have {
			var one [8]byte
			binary.NativeEndian.PutUint64(one[:], 1)
			unix.Write(q.fd, one[:]) // under the lock, so that the descriptor is still the eventfd
		}
	}
	if q.reach.asleep.Load() {
		t.via = trace.ViaSignal
		if !q.nudging {
			q.nudging = true
			q.guard(q.nudge)
		}
	}
	if q.reach.stopping.Load() && q.reach.stuck.Load() && !q.nudging {
		q.nudging = true // a thread that blocks where it should not hears no eventfd
		q.guard(q.nudge)
	}
	q.list = append(q.list, t)
	return t, nil
}

// nudge signals the loop's thread until it has left its sleep.
func (q *tasks) nudge() {
	for {
		q.mu.Lock()
		if q.waiting.Load() == 0 || !q.reach.asleep.Load() && !q.reach.stuck.Load() {
			q.nudging = false
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		q.reach.signal()
		time.Sleep(nudgeEvery)
	}
}

// run runs what was posted.
func (q *tasks) run(l *Loop) {
	if q.waiting.Load() == 0 {
		return
	}
	for _, t := range q.take() {
		t0 := l.tr.Now()
		e := l.tr.Next(trace.Wake, t0)
		e.FD, e.A, e.B, e.Aux = -1, int64(t.who), int64(l.TID()), t.via
		if t.via == trace.ViaEventfd {
			e.FD = int32(l.wake.fd)
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
