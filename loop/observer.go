package loop

import (
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// observer is a thread of evviz's own that learns when data and connections arrive, for every client and in every mode,
// also while the loop sleeps. It has an edge-triggered epoll instance beside the loop's; the loop's thread makes no call
// for it, so a system call trace of that thread shows the server alone.
//
// What it records: Arrive when a descriptor became readable, with the bytes that wait at that moment (0: the loop was
// faster and has read them already), and Queue for connections that wait for accept.
type observer struct {
	loop *Loop
	tr   *trace.Ring
	ep   int
	quit int // eventfd that ends the thread
	reg  chan watch
	emit atomic.Bool
	gone sync.WaitGroup

	mu   sync.Mutex // guards hold
	hold map[uint64]watch
}

// watch asks the observer to look at a descriptor.
type watch struct {
	fd       int
	gen      uint32
	listener bool
	c        *conn
	hold     int
	mask     uint32
	registry bool
}

const observerQuit = ^uint64(0)

// startObserver starts the thread when arrivals are to be recorded or a connection may be held.
func (l *Loop) startObserver() {
	if l.obs != nil {
		l.obs.emit.Store(l.observing())
		return
	}
	if !l.observing() && l.b.Hold == 0 {
		return
	}
	o := &observer{loop: l, reg: make(chan watch, 4096), hold: map[uint64]watch{}}
	// Even making the descriptors is not the loop's thread's business: what it calls is the server's.
	made := make(chan error, 1)
	go func() { made <- o.open() }()
	if <-made != nil {
		return // arrivals stay unknown; their absence says so
	}
	o.emit.Store(l.observing())
	o.tr = l.cfg.NewRing(trace.RoleObserver)
	o.gone.Add(2)
	go o.run()
	go o.register()
	l.obs = o
	o.reg <- watch{fd: l.lis.fd, gen: l.lis.gen, listener: true}
	for _, c := range l.order {
		l.watchArrival(c)
	}
}

func (o *observer) open() (err error) {
	if o.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if o.quit, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err == nil {
		if err = o.ctl(unix.EPOLL_CTL_ADD, o.quit, unix.EPOLLIN, observerQuit); err == nil {
			return nil
		}
		unix.Close(o.quit)
	}
	unix.Close(o.ep)
	return err
}

func (l *Loop) observing() bool {
	return l.tr.On() && (l.b.Arrival == ArrivalObserver || l.b.Arrival == ArrivalBoth)
}

// watchArrival hands a connection to the observer. The loop never waits for it: when the queue is full the arrivals of
// this connection stay unknown.
func (l *Loop) watchArrival(c *conn) {
	if l.obs == nil {
		return
	}
	c.mask = l.interest(c)
	if !c.own {
		c.trigger = l.b.trigger()
		c.mask = l.interest(c)
	}
	w := watch{fd: c.fd, gen: c.gen, c: c, mask: c.mask}
	if l.b.Hold > 0 && l.b.Driver != trace.DriverSleepPoll {
		w.hold, w.registry = l.b.Hold, l.b.Registry == ViaRegistry
	}
	select {
	case l.obs.reg <- w:
	default:
	}
}

func (o *observer) ctl(op, fd int, mask uint32, data uint64) error {
	return unix.EpollCtl(o.ep, op, fd, &unix.EpollEvent{Events: mask, Fd: int32(data), Pad: int32(data >> 32)})
}

// register adds descriptors from a goroutine of its own, because the observer's thread sits in its wait. The kernel
// wakes that wait at once when the descriptor is ready already.
func (o *observer) register() {
	defer o.gone.Done()
	for w := range o.reg {
		data := uint64(uint32(w.fd)) | uint64(w.gen)<<32
		if w.listener {
			data = dataListener
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
	}
}

func (o *observer) stop() {
	close(o.reg)
	ended := make(chan struct{})
	go func() { // not on the loop's thread, for the same reason
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		unix.Write(o.quit, one[:])
		o.gone.Wait()
		unix.Close(o.ep)
		unix.Close(o.quit)
		close(ended)
	}()
	<-ended
}

// Above busyWakeups within busyWindow the observer sleeps a little between its waits: under such load it would take a
// whole core, and arrivals that are known to a millisecond are enough where a thousand of them share a screen cell.
const (
	busyWindow  = int64(20 * time.Millisecond)
	busyWakeups = 100
	busySleep   = int64(time.Millisecond)
)

func (o *observer) run() {
	runtime.LockOSThread()
	defer o.gone.Done()
	defer o.tr.Close()
	now := o.tr.Now()
	o.tr.Name(1, "observer", now)
	e := o.tr.Next(trace.Thread, now)
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(o.loop.pid), int64(unix.Gettid()), uint32(o.loop.pid), trace.RoleObserver, 1

	evs := make([]unix.EpollEvent, 256)
	windowStart, wakeups := now, 0
	for {
		o.tr.Publish(o.tr.Now())
		n, errno := epollWait(o.ep, evs, -1)
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
			var rem unix.Timespec
			o.tr.Publish(now)
			sleepFor(busySleep, &rem)
			windowStart, wakeups = now, busyWakeups // go on sleeping while the load lasts
		}
	}
}

func (o *observer) arrived(data uint64, mask uint32) {
	fd, gen := int(uint32(data)), uint32(data>>32)
	n, ok := unread(fd)
	if o.emit.Load() {
		now := o.tr.Now()
		e := o.tr.Next(trace.Arrive, now)
		e.FD, e.Gen, e.Mask, e.Aux = int32(fd), gen, mask, trace.ArriveObserver
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
	if w.registry {
		if p := o.loop.registrar.Load(); p != nil {
			w.c.viaRegistry.Store(true)
			if p.AddFrom(o.tr, w.fd, w.gen, w.mask, w.c.data()) == nil {
				return
			}
			w.c.viaRegistry.Store(false)
		}
	}
	o.loop.Post("register held connection", func(l *Loop) {
		c := l.find(w.fd, w.gen)
		if c == nil || !c.held {
			return
		}
		l.letIn(c)
		if err := l.drv.added(l, c); err != nil {
			l.closeConn(c, trace.CloseError)
		}
	})
}

// queue tells how many connections wait for accept: TCP_INFO of a listener holds that number in tcpi_unacked and the
// backlog in tcpi_sacked (net/ipv4/tcp.c, tcp_get_info).
func (o *observer) queue(mask uint32) {
	if !o.emit.Load() {
		return
	}
	l := o.loop
	info, err := unix.GetsockoptTCPInfo(l.lis.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	now := o.tr.Now()
	e := o.tr.Next(trace.Arrive, now)
	e.FD, e.Gen, e.Mask, e.Aux = int32(l.lis.fd), l.lis.gen, mask, trace.ArriveObserver
	if err != nil {
		return
	}
	q := o.tr.Next(trace.Queue, now)
	q.FD, q.Gen, q.A, q.B = int32(l.lis.fd), l.lis.gen, int64(info.Unacked), int64(info.Sacked)
}
