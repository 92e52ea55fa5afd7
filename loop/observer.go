package loop

import (
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// observer is a thread of evviz's own that learns when data and connections arrive, for every client and in every mode,
// also while the loop sleeps. It has an edge-triggered epoll instance beside the loop's, made on its own thread; the
// loop's thread makes no call for it, so a system call trace of that thread shows the server alone.
//
// What it records: Arrive when a descriptor became readable, with the bytes that wait at that moment (0: the loop was
// faster and has read them already), and Queue for connections that wait for accept.
//
// It never reads what belongs to the loop: a watch carries all it has to know.
type observer struct {
	server *shared
	pid    int
	tr     *trace.Ring
	ep     int
	quit   int // eventfd that ends the thread
	reg    chan watch
	emit   atomic.Bool
	gone   sync.WaitGroup
	lis    watch

	mu   sync.Mutex // guards hold
	hold map[uint64]watch
}

// watch asks the observer to look at a descriptor.
type watch struct {
	fd       int
	gen      uint32
	listener bool
	hold     int // more than 0: let the connection into the loop when so many bytes wait
	via      RegisterVia
	guard    RegisterGuard
	pause    time.Duration
	asked    *asked // nil: nobody says when the descriptor is closed
}

// asked is what the loop and the observer know together of a watch that has been asked for. Without it the observer, which may be late,
// could ask the kernel for a number that has been closed, or that is another's by now.
type asked struct {
	mu     sync.Mutex
	closed bool
}

// close is called before the descriptor is closed. It waits for an epoll_ctl(2) that is on its way.
func (a *asked) close() {
	if a != nil {
		a.mu.Lock()
		a.closed = true
		a.mu.Unlock()
	}
}

// begin is called before the kernel is asked; end after that, if begin said that it may be.
func (a *asked) begin() bool {
	if a == nil {
		return true
	}
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return false
	}
	return true
}

func (a *asked) end() {
	if a != nil {
		a.mu.Unlock()
	}
}

func (w watch) data() uint64 {
	if w.listener {
		return dataListener
	}
	return lifeID(w.fd, w.gen)
}

const observerQuit = ^uint64(0)

// open makes the thread's own descriptors.
func (o *observer) open() (err error) {
	if o.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if o.quit, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(o.ep)
		return os.NewSyscallError("eventfd2", err)
	}
	if err = o.ctl(unix.EPOLL_CTL_ADD, o.quit, unix.EPOLLIN, observerQuit); err != nil {
		o.close()
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}

func (o *observer) close() {
	unix.Close(o.ep)
	unix.Close(o.quit)
}

func (o *observer) ctl(op, fd int, mask uint32, data uint64) error {
	return unix.EpollCtl(o.ep, op, fd, &unix.EpollEvent{Events: mask, Fd: int32(data), Pad: int32(data >> 32)})
}

// register adds descriptors from a goroutine of its own, because the observer's thread sits in its wait. The kernel
// wakes that wait at once when the descriptor is ready already.
func (o *observer) register() {
	defer o.gone.Done()
	for w := range o.reg {
		data := w.data()
		if !w.asked.begin() {
			continue
		}
		if w.hold > 0 {
			o.mu.Lock()
			o.hold[data] = w
			o.mu.Unlock()
		}
		mask := uint32(unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET)
		if err := o.ctl(unix.EPOLL_CTL_ADD, w.fd, mask, data); err == unix.EEXIST {
			o.ctl(unix.EPOLL_CTL_MOD, w.fd, mask, data) // the number was reused before this goroutine came to its predecessor
		}
		w.asked.end()
	}
}

// stop ends both goroutines. The descriptors are closed when neither can touch them any more.
func (o *observer) stop() {
	close(o.reg)
	ended := make(chan struct{})
	o.server.guard(func() { // not on the loop's thread: what that calls is the server's (cmd's TestStraceEqualsTrace)
		defer close(ended)
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		unix.Write(o.quit, one[:])
		o.gone.Wait()
		o.close()
	})
	<-ended
}

// Above busyWakeups within busyWindow the observer sleeps a little between its waits: under such load it would take a
// whole core, and arrivals that are known to a millisecond are enough where a thousand of them share a screen cell.
const (
	busyWindow  = int64(20 * time.Millisecond)
	busyWakeups = 100
	busySleep   = int64(time.Millisecond)
)

func (o *observer) run(ready chan<- error) {
	runtime.LockOSThread()
	defer o.gone.Done()
	defer o.tr.Close()
	err := o.open()
	ready <- err
	if err != nil {
		return
	}
	now := o.tr.Now()
	o.tr.Name(1, "observer", now)
	e := o.tr.Next(trace.Thread, now)
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(o.pid), int64(unix.Gettid()), uint32(o.pid), trace.RoleObserver, 1

	evs := make([]unix.EpollEvent, 256)
	windowStart, wakeups := now, 0
	for {
		o.tr.Publish(o.tr.Now())
		n, errno := poll.EpollWait(o.ep, evs, -1)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return
		}
		for i := 0; i < n; i++ {
			data := uint64(uint32(evs[i].Fd)) | uint64(uint32(evs[i].Pad))<<32
			switch data {
			case observerQuit:
				return
			case dataListener:
				o.queue(evs[i].Events)
			default:
				o.arrived(data, evs[i].Events)
			}
		}
		wakeups++
		if now = trace.Now(); now-windowStart > busyWindow {
			windowStart, wakeups = now, 0
		} else if wakeups > busyWakeups {
			o.tr.Publish(now)
			sleepFor(busySleep)
			windowStart, wakeups = now, busyWakeups // go on sleeping while the load lasts
		}
	}
}

func (o *observer) arrived(data uint64, mask uint32) {
	fd, gen := int(uint32(data)), uint32(data>>32)
	seen := o.tr.Now() // the loop may read between the question and the event
	n, ok := unread(fd)
	if o.emit.Load() {
		now := o.tr.Now()
		e := o.tr.Next(trace.Arrive, now)
		e.FD, e.Gen, e.Mask, e.Aux = int32(fd), gen, mask, trace.ArriveObserver
		e.Dur = now - seen
		if ok {
			e.B = n + 1
		}
	}
	o.mu.Lock()
	w, held := o.hold[data]
	if held && (n >= int64(w.hold) || mask&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0) {
		delete(o.hold, data)
	} else {
		held = false
	}
	o.mu.Unlock()
	if held {
		o.release(w)
	}
}

// release lets a held connection into the loop: by a task, or, to show the difference, by registering it from here while
// the loop waits.
func (o *observer) release(w watch) {
	if w.via != ViaTask {
		o.tr.Publish(o.tr.Now()) // what follows may last
		err := o.registerBy(w)
		if err == nil || errors.Is(err, errNotHeld) {
			return
		}
	}
	o.server.tasks.post("register held connection", func(l *Loop) {
		c := l.table.find(w.fd, w.gen)
		if c == nil || !c.held {
			return
		}
		if l.registry.letIn(c); c.registered {
			return
		}
		if err := l.drv.added(l, c); err != nil {
			l.conns.close(c, trace.CloseError)
		}
	}, false)
}

// registerBy registers a held connection from here.
func (o *observer) registerBy(w watch) error {
	r := &o.server.registry
	if w.via == ViaPoll && !r.borrow.TryLock() {
		t0 := o.tr.Now()
		e := o.tr.Next(trace.Lock, t0)
		e.Phase, e.A = trace.PhaseEnter, lockPoll
		o.tr.Publish(t0)
		r.borrow.Lock()
		t1 := o.tr.Now()
		e = o.tr.Next(trace.Lock, t1)
		e.Phase, e.A, e.Dur = trace.PhaseExit, lockPoll, t1-t0
	}
	if w.via == ViaPoll {
		defer r.borrow.Unlock()
	}
	return r.register(o.tr, w.guard, w.pause, watchKey{w.fd, w.gen}, w.data())
}

// lookTime is within what time a look at the queue is one moment, ns.
const lookTime = 50_000

// queue tells how many connections wait for accept: TCP_INFO of a listener holds that number in tcpi_unacked and the
// backlog in tcpi_sacked (net/ipv4/tcp.c, tcp_get_info).
func (o *observer) queue(mask uint32) {
	if !o.emit.Load() {
		return
	}
	var info *unix.TCPInfo
	var err error
	var now int64
	// The moment is that before the look, and the look is quick: a thread that lost the processor in between would tell of connections
	// that have been accepted by the time.
	for tries := 0; tries < 10; tries++ {
		now = o.tr.Now()
		info, err = unix.GetsockoptTCPInfo(o.lis.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if o.tr.Now()-now < lookTime {
			break
		}
	}
	e := o.tr.Next(trace.Arrive, now)
	e.FD, e.Gen, e.Mask, e.Aux = int32(o.lis.fd), o.lis.gen, mask, trace.ArriveObserver
	if err != nil {
		return
	}
	q := o.tr.Next(trace.Queue, now)
	q.FD, q.Gen, q.A, q.B = int32(o.lis.fd), o.lis.gen, int64(info.Unacked), int64(info.Sacked)
}
