package loop

import (
	"io"
	"math/rand"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// loads are the loops that many clients are let loose on.
func loads() []struct {
	name string
	set  func(*Behaviour)
} {
	out := append(drivers[2:len(drivers):len(drivers)], crowds[2], crowds[3], crowds[5])
	return out
}

// long reports whether the long form of a load test is asked for (make load): 1,000 clients for a minute instead of a
// hundred for a second.
func long() bool { return os.Getenv("EVVIZ_LOAD") != "" }

// TestChurn: clients connect, talk, and leave by a close, a half-close or a reset, at random and over and over. Nothing
// leaks, and the bytes that the clients counted are those that the server counted.
func TestChurn(t *testing.T) {
	testkit.Long(t, "load")
	clients, last := 60, 700*time.Millisecond
	if long() {
		clients, last = 1000, time.Minute
	}
	for _, d := range loads() {
		t.Run(d.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { d.set(b); b.Reads = Count{Kind: CountDrain} })
			x.floods = true // a loaded machine may not read all that is recorded
			end := time.Now().Add(last)
			var moved, connects atomic.Int64
			var wg sync.WaitGroup
			for i := range clients {
				wg.Add(1)
				go func() {
					defer wg.Done()
					r := rand.New(rand.NewSource(int64(i)))
					for time.Now().Before(end) {
						if n, err := visit(x.l.Addr(), r); err != nil {
							t.Error(err)
							return
						} else {
							moved.Add(n)
							connects.Add(1)
						}
					}
				}()
			}
			wg.Wait()
			n := connects.Load()
			x.until("every connection closed", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == n })
			if err := x.l.Stop(); err != nil {
				t.Error(err)
			}
			st := x.l.Stats()
			if st.BytesIn.Load() != moved.Load() || st.BytesOut.Load() != moved.Load() || st.Accepted.Load() != n {
				t.Errorf("%d visits moved %d bytes; the server counts %d connections, %d in, %d out", n, moved.Load(), st.Accepted.Load(), st.BytesIn.Load(), st.BytesOut.Load())
			}
			t.Logf("%d visits, %d bytes each way, %d events lost", n, moved.Load(), x.m.Lost())
		})
	}
}

// visit is one connection's life. It returns the bytes that came back, which are all that were sent.
func visit(addr string, r *rand.Rand) (moved int64, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	buf := make([]byte, 20000)
	for range r.Intn(5) {
		p := buf[:1+r.Intn(len(buf))]
		if _, err := c.Write(p); err != nil {
			return moved, err
		}
		if _, err := io.ReadFull(c, p); err != nil {
			return moved, err
		}
		moved += int64(len(p))
	}
	switch r.Intn(3) {
	case 0:
		c.(*net.TCPConn).SetLinger(0)
	case 1:
		c.(*net.TCPConn).CloseWrite()
		if k, err := io.Copy(io.Discard, c); k != 0 || err != nil {
			return moved, err
		}
	}
	return moved, nil
}

// TestDescriptorTooLargeForSelect: the 1,024th descriptor does not fit into select's set: its connection is turned away, that
// is said, and the others are served.
func TestDescriptorTooLargeForSelect(t *testing.T) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur < 1200 {
		t.Skipf("SKIPPED, not tested: this process may open %d descriptors only, more than 1,200 are needed", limit.Cur)
	}
	x := startLab(t, func(b *Behaviour) { b.Driver = trace.DriverSelect })
	low := x.dial()
	x.until("the first", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
	var fill []int
	defer func() {
		for _, fd := range fill {
			unix.Close(fd)
		}
	}()
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if fill = append(fill, fd); fd > unix.FD_SETSIZE {
			break
		}
	}
	high := x.dial()
	if _, err := high.Read(make([]byte, 1)); err == nil {
		t.Error("it was served")
	}
	x.until("the words", func(evs []trace.Event) bool {
		refused, said := false, false
		for i := range evs {
			refused = refused || evs[i].Kind == trace.Close && evs[i].Aux == trace.CloseRefused && evs[i].FD >= unix.FD_SETSIZE
			said = said || evs[i].Kind == trace.Bookmark
		}
		return refused && said
	})
	x.send(low, 5)
	if _, err := io.ReadFull(low, make([]byte, 5)); err != nil {
		t.Error(err)
	}
	if err := x.l.Switch(trace.DriverPoll, 0); err != nil {
		t.Fatal(err)
	}
	next := x.dial()
	x.send(next, 5)
	if _, err := io.ReadFull(next, make([]byte, 5)); err != nil {
		t.Errorf("under poll: %v", err)
	}
	if err := x.l.Switch(trace.DriverSelect, 0); err == nil {
		t.Error("moved back to select with a descriptor that does not fit")
	}
	x.send(next, 5)
	if _, err := io.ReadFull(next, make([]byte, 5)); err != nil {
		t.Errorf("after the refused switch: %v", err)
	}
}
