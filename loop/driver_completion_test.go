package loop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/trace"
)

// uringLab is a lab that runs by completions, on a kernel that can.
func uringLab(t *testing.T, set func(*Behaviour)) *lab {
	t.Helper()
	b := Default()
	b.Driver = trace.DriverURing
	if set != nil {
		set(&b)
	}
	if err := b.Check(); err != nil {
		t.Skipf("SKIPPED, not tested: %v", err)
	}
	return startLab(t, func(to *Behaviour) { *to = b })
}

// entersBetween counts the io_uring_enter calls from the first event that begin picks to the last that end picks.
func entersBetween(evs []trace.Event, begin, end func(*trace.Event) bool) (n int) {
	on, since := false, 0
	for i := range evs {
		e := &evs[i]
		on = on || begin(e)
		if on && e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter {
			since++
		}
		if on && end(e) {
			n = since
		}
	}
	return n
}

// TestOneAtATime is K34: 64 KiB in 1 KiB recvs, one at a time. 64 completions bring it, each from a call of its
// own that handed the recv over, and one more call waits: 65. Nothing is asked in vain, and the ring is all there is.
func TestOneAtATime(t *testing.T) {
	const size, message = 1 << 10, 64 << 10
	x := uringLab(t, func(b *Behaviour) { b.URing, b.ReadSize, b.Hold = URingSingle, size, message })
	c := x.client()
	x.send(c, message)
	x.until("the message answered", func([]trace.Event) bool { return x.l.Stats().BytesOut.Load() == message })
	x.idle()
	evs := x.stop()
	fd := connFD(evs)
	brought := 0
	for i := range evs {
		e := &evs[i]
		switch e.Kind {
		case trace.Complete:
			if e.Errno == uint16(unix.EAGAIN) {
				t.Error("EAGAIN")
			}
			if e.FD == fd && e.Aux == trace.OpRecv && e.B > 0 {
				if brought++; e.B != size {
					t.Errorf("recv %d brought %d", brought, e.B)
				}
			}
		case trace.Read, trace.Write, trace.Accept, trace.Ready, trace.Renotify, trace.Register, trace.Modify:
			t.Errorf("dressed up: %s", trace.AppendText(nil, e))
		}
	}
	check(t, "completions that brought bytes", brought, 64)
	recv := func(e *trace.Event) bool { return e.FD == fd && e.Aux == trace.OpRecv }
	n := entersBetween(evs, func(e *trace.Event) bool { return e.Kind == trace.Submit && recv(e) },
		func(e *trace.Event) bool { return e.Kind == trace.Complete && recv(e) && e.B > 0 })
	check(t, "calls from the first recv to the last completion", n, 64)
	s := tallyOf(evs, fd)
	check(t, "recvs submitted", s.submits[trace.OpRecv], 65)
	check(t, "recvs completed (the last one by being taken back)", s.completes[trace.OpRecv], 65)
}

// TestResubmitNever: one recv of each connection, and what it does not take stays in the kernel, to the byte.
func TestResubmitNever(t *testing.T) {
	x := uringLab(t, func(b *Behaviour) { b.Resubmit, b.ReadSize, b.Hold = ResubmitNever, 1000, 10_000 })
	c := x.client()
	x.send(c, 10_000)
	x.until("the answer to the first piece", func([]trace.Event) bool { return x.l.Stats().BytesOut.Load() == 1000 })
	left := func() (n int64) {
		x.l.Do("ask", func(l *Loop) { n, _ = unread(l.table.order[0].fd) })
		return
	}
	check(t, "bytes stranded", int(left()), 9000)
	x.send(c, 500)
	for end := time.Now().Add(patience); left() != 9500; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes stranded, want 9500", left())
		}
	}
	check(t, "bytes in", int(x.l.Stats().BytesIn.Load()), 1000)
	x.idle()
	s := tallyOf(x.now(), connFD(x.now()))
	check(t, "recvs submitted", s.submits[trace.OpRecv], 1)
	x.set("resubmit", "always") // the stranded bytes are rescued
	x.until("the rest", func([]trace.Event) bool { return x.l.Stats().BytesOut.Load() == 10_500 })
}

// TestMultishotOnce: one submission serves a connection for as long as it lives.
func TestMultishotOnce(t *testing.T) {
	x := uringLab(t, func(b *Behaviour) { b.URing = URingMultishot })
	c := x.dial()
	for range 20 {
		x.send(c, 100)
		if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	x.dial()
	x.dial()
	x.until("three connections", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 3 })
	c.Close()
	x.until("the close", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 1 })
	evs := x.stop()
	s := tallyOf(evs, connFD(evs))
	check(t, "recvs submitted", s.submits[trace.OpRecv], 1)
	check(t, "recvs completed: twenty messages and the end", s.completes[trace.OpRecv], 21)
	accepts := 0
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Submit && e.Aux == trace.OpAccept {
			accepts++
		}
	}
	check(t, "accepts submitted", accepts, 1)
}

// TestURingTimeoutEntry: before 5.11 a wait is limited by an entry of its own.
func TestURingTimeoutEntry(t *testing.T) {
	uringKernel(t, oldKernel{features: 1 << 8, noBuffers: true})
	x := uringLab(t, nil)
	fired := make(chan struct{})
	x.l.Do("arm", func(l *Loop) { l.timers.after(15*time.Millisecond, 0, func(*Loop) { close(fired) }) })
	select {
	case <-fired:
	case <-time.After(patience):
		t.Fatal("the timer did not fire")
	}
	c := x.dial()
	x.send(c, 10)
	if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	evs := x.stop()
	timeouts := 0
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Complete && e.Aux == trace.OpTimeout && e.Errno == uint16(unix.ETIME) {
			timeouts++
		}
	}
	if timeouts == 0 {
		t.Error("no timeout completed")
	}
	s := tallyOf(evs, connFD(evs))
	if s.submits[trace.OpRecv] < 2 {
		t.Errorf("%d recvs: on a kernel without provided buffers they are single", s.submits[trace.OpRecv])
	}
}

// oldKernel is the running one with something taken away.
type oldKernel struct {
	sys.Linux
	features  uint32
	noBuffers bool
	errno     unix.Errno
}

func (k oldKernel) Setup(n uint32, p *sys.Params) (int, unix.Errno) {
	if k.errno != 0 {
		return -1, k.errno
	}
	fd, errno := k.Linux.Setup(n, p)
	p.Features &^= k.features
	return fd, errno
}

func (k oldKernel) Register(fd int, op uint32, arg unsafe.Pointer, n uint32) unix.Errno {
	if k.noBuffers && op == 22 {
		return unix.EINVAL
	}
	return k.Linux.Register(fd, op, arg, n)
}

func uringKernel(t *testing.T, k sys.Kernel) {
	ringKernel = k
	t.Cleanup(func() { ringKernel = sys.Linux{} })
}

// TestURingRefused: where the kernel refuses, the start and a live switch say so in one sentence, the mode that ran goes
// on, and nothing is left behind.
func TestURingRefused(t *testing.T) {
	x := startLab(t, nil)
	uringKernel(t, oldKernel{errno: unix.EPERM})
	if _, err := New(Config{Listen: "127.0.0.1:0", Behaviour: Behaviour{Driver: trace.DriverURing}}); err == nil || !strings.Contains(err.Error(), "seccomp") {
		t.Errorf("start: %v", err)
	}
	err := x.l.Switch(trace.DriverURing, 0)
	var u *sys.Unsupported
	if !errors.As(err, &u) || !errors.Is(err, unix.EPERM) {
		t.Errorf("switch: %v", err)
	}
	if d, _ := x.l.Mode(); d != trace.DriverEpoll {
		t.Errorf("mode %d after a refusal", d)
	}
	c := x.dial()
	x.send(c, 5)
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Error(err)
	}
	uringKernel(t, oldKernel{noBuffers: true})
	if err := x.l.Set(trace.Pair{Key: "uring", Value: "multishot"}); err == nil || !strings.Contains(err.Error(), "5.19") {
		t.Errorf("multishot without provided buffers: %v", err)
	}
	if err := x.l.Switch(trace.DriverURing, 0); err != nil {
		t.Errorf("single is enough: %v", err)
	}
	x.send(c, 5)
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Error(err)
	}
}

// TestURingLostOnTheWay: a kernel that refuses between the question and the switch: the old mode comes back.
func TestURingLostOnTheWay(t *testing.T) {
	x := startLab(t, nil)
	c := x.dial()
	if err := (&Behaviour{Driver: trace.DriverURing}).Check(); err != nil {
		t.Skipf("SKIPPED, not tested: %v", err)
	}
	var err error
	x.l.Do("switch", func(l *Loop) {
		ringKernel = oldKernel{errno: unix.ENOMEM}
		err = l.switchTo(trace.DriverURing, 0)
		ringKernel = sys.Linux{}
	})
	if !errors.Is(err, unix.ENOMEM) {
		t.Errorf("switch: %v", err)
	}
	x.send(c, 5)
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Error(err)
	}
	if d, _ := x.l.Mode(); d != trace.DriverEpoll {
		t.Errorf("mode %d", d)
	}
}

// TestSwitchWithManyInFlight goes in and out of io_uring, also by its own settings, while many clients talk: every byte is
// answered once and in order, and both ledgers are equal.
func TestSwitchWithManyInFlight(t *testing.T) {
	x := uringLab(t, func(b *Behaviour) { b.Interval, b.Reads = time.Millisecond, Count{Kind: CountDrain} })
	const clients = 20
	stop := make(chan struct{})
	moved := make(chan int64, clients)
	for range clients {
		c := x.dial()
		go func() {
			var n int64
			defer func() { moved <- n }()
			out, in := make([]byte, 30_000), make([]byte, 30_000)
			for round := byte(0); ; round++ {
				select {
				case <-stop:
					return
				default:
				}
				for i := range out {
					out[i] = byte(i) + round
				}
				written := make(chan error, 1)
				go func() { _, err := c.Write(out); written <- err }()
				_, err := io.ReadFull(c, in)
				if err = errors.Join(err, <-written); err != nil || string(in) != string(out) {
					t.Errorf("what came back is not what was sent: %v", err)
					return
				}
				n += int64(len(out))
			}
		}()
	}
	x.until("all of them", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == clients })
	for i := range 24 {
		at := x.l.Stats().BytesIn.Load()
		switch i % 8 {
		case 0:
			x.set("uring", "single")
		case 2:
			x.set("uring", "multishot", "read-size", fmt.Sprint(1000+i))
		case 1, 5:
			if err := x.l.Switch(trace.DriverEpoll, trace.TriggerEdge); err != nil {
				t.Fatal(err)
			}
		case 3:
			if err := x.l.Switch(trace.DriverSleepPoll, 0); err != nil {
				t.Fatal(err)
			}
		case 4:
			if err := x.l.Switch(trace.DriverPoll, 0); err != nil {
				t.Fatal(err)
			}
		default:
			if err := x.l.Switch(trace.DriverURing, 0); err != nil {
				t.Fatal(err)
			}
		}
		if i%8 == 0 || i%8 == 2 {
			if err := x.l.Switch(trace.DriverURing, 0); err != nil {
				t.Fatal(err)
			}
		}
		x.until("bytes to move", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() > at })
	}
	close(stop)
	var sum int64
	for range clients {
		sum += <-moved
	}
	x.floods = true // the ring of events may be smaller than such traffic
	x.stop()
	if st := x.l.Stats(); st.BytesIn.Load() != sum || st.BytesOut.Load() != sum {
		t.Errorf("clients moved %d bytes, the server %d in and %d out", sum, st.BytesIn.Load(), st.BytesOut.Load())
	}
}

// TestThousandConnections: a thousand open at once, each answered, none left.
func TestThousandConnections(t *testing.T) {
	for _, use := range []URing{URingSingle, URingMultishot} {
		t.Run(fmt.Sprint(use), func(t *testing.T) {
			const n = 1000
			var limit unix.Rlimit
			unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
			if limit.Cur < 2*n+100 {
				t.Skipf("SKIPPED, not tested: ulimit -n is %d, and %d are needed", limit.Cur, 2*n+100)
			}
			x := uringLab(t, func(b *Behaviour) { b.URing = use })
			var cs []net.Conn
			for range n {
				cs = append(cs, x.dial())
			}
			for _, c := range cs {
				x.send(c, 100)
			}
			for _, c := range cs {
				if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range cs {
				c.Close()
			}
			x.until("every close", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == n })
			x.l.Do("look", func(l *Loop) {
				d := l.drv.(*completion)
				if len(d.streams) != 0 || d.inFlight > 2 {
					t.Errorf("%d streams are left, %d operations in flight", len(d.streams), d.inFlight)
				}
			})
			check(t, "bytes", int(x.l.Stats().BytesIn.Load()), n*100)
		})
	}
}

// TestStaleCompletion: what completes after its connection was closed and the number given to another reaches nobody.
func TestStaleCompletion(t *testing.T) {
	x := uringLab(t, func(b *Behaviour) { b.URing = URingSingle })
	c := x.dial()
	x.send(c, 3)
	io.ReadFull(c, make([]byte, 3))
	x.idle()
	var fd int
	x.l.Do("close", func(l *Loop) { // a recv is in flight; it comes back cancelled after the close
		fd = l.table.order[0].fd
		l.conns.close(l.table.order[0], trace.CloseError)
	})
	e := x.dial()
	x.send(e, 7)
	if _, err := io.ReadFull(e, make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	evs := x.stop()
	closed, stale := false, false
	for i := range evs {
		v := &evs[i]
		if v.Kind == trace.Close && v.FD == int32(fd) {
			closed = true
		}
		if v.Kind == trace.Complete && closed && v.FD == int32(fd) && v.Gen == 1 && v.Errno == uint16(unix.ECANCELED) {
			stale = true
		}
	}
	if !stale {
		t.Error("the cancelled recv was not told")
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the first connection lives on")
	}
}

// TestURingEMFILE: without descriptors a connection is accepted by giving up the reserve and closed; afterwards all is as
// before. The accept fails also while nobody connects, so somebody is waited for first.
func TestURingEMFILE(t *testing.T) {
	if os.Getenv(alone) == "" {
		inChild(t)
		return
	}
	for _, use := range []URing{URingSingle, URingMultishot} {
		t.Run(fmt.Sprint(use), func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.URing = use })
			if err := (&Behaviour{Driver: trace.DriverURing, URing: use}).Check(); err != nil {
				t.Skipf("SKIPPED, not tested: %v", err)
			}
			to, _, err := resolve(x.l.Addr())
			if err != nil {
				t.Fatal(err)
			}
			var clients [2]int
			for i := range clients { // their sockets are made while there are numbers
				if clients[i], err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
					t.Fatal(err)
				}
				defer unix.Close(clients[i])
				unix.SetsockoptTimeval(clients[i], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 3})
			}
			x.idle()
			undo := noDescriptors(t)
			defer undo()
			// The kernel takes down the limit when the accept is submitted. The ring gets the number of the epoll instance.
			if err := x.l.Switch(trace.DriverURing, 0); err != nil {
				t.Fatal(err)
			}
			for _, c := range clients {
				if err := unix.Connect(c, to); err != nil {
					t.Fatal(err)
				}
				// Go's own signals interrupt a read with a time limit (signal(7)); it has not heard of its end then.
				n, err := unix.Read(c, make([]byte, 1))
				for err == unix.EINTR {
					n, err = unix.Read(c, make([]byte, 1))
				}
				if n > 0 || err == unix.EAGAIN {
					t.Errorf("a connection that was shed reads %d, %v", n, err)
				}
			}
			undo()
			e := x.dial()
			x.send(e, 3)
			if _, err := io.ReadFull(e, make([]byte, 3)); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			evs := x.stop()
			shed := 0
			for i := range evs {
				if evs[i].Kind == trace.Close && evs[i].Aux == trace.CloseShed {
					shed++
				}
			}
			check(t, "closed to shed: two connections, and the reserve for each", shed, 4)
		})
	}
}
