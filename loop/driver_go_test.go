package loop

import (
	"bytes"
	"io"
	"testing"
	"time"

	"evviz/trace"
)

func startGo(t *testing.T) *lab {
	return startLab(t, func(b *Behaviour) { b.Driver = trace.DriverGo; b.ReadSize = 32 << 10 })
}

// TestGoEcho: every byte comes back, also to a client that does not read for a while; what each end counted is equal, and
// the calls of each connection are recorded in one stream.
func TestGoEcho(t *testing.T) {
	for _, n := range []int{1, 64 << 10, 8 << 20} {
		x := startGo(t)
		c := x.dial()
		want := bytes.Repeat([]byte("evviz"), n/5+1)[:n]
		go c.Write(want)
		if n > 1<<20 {
			time.Sleep(50 * time.Millisecond) // the server's write meets a full socket; Go's runtime waits for room
		}
		got := make([]byte, n)
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		c.Close()
		x.until("the close", func(evs []trace.Event) bool { return closedWhy(evs, connFD(evs)) == trace.CloseEOF })
		evs := x.stop()
		var in, out int64
		for i := range evs {
			switch e := &evs[i]; {
			case e.Kind == trace.Read && e.FD == connFD(evs) && e.B > 0:
				in += e.B
			case e.Kind == trace.Write && e.FD == connFD(evs) && e.B > 0:
				out += e.B
			}
		}
		if st := x.l.Stats(); in != int64(n) || out != int64(n) || st.BytesIn.Load() != in || st.BytesOut.Load() != out {
			t.Errorf("%d bytes: recorded %d in, %d out; counted %d, %d", n, in, out, st.BytesIn.Load(), st.BytesOut.Load())
		}
	}
}

// TestGoEnds: half-close is answered, a reset is an error, and connections that are open when the server stops are closed.
func TestGoEnds(t *testing.T) {
	x := startGo(t)
	c := x.dial()
	x.send(c, 500)
	c.CloseWrite()
	if b, err := io.ReadAll(c); len(b) != 500 || err != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	r := x.dial()
	x.send(r, 1)
	io.ReadFull(r, make([]byte, 1))
	r.SetLinger(0)
	r.Close()
	x.until("the reset", func(evs []trace.Event) bool {
		for i := range evs {
			if evs[i].Kind == trace.Close && evs[i].Aux == trace.CloseError {
				return true
			}
		}
		return false
	})
	stop := x.talk(50)
	time.Sleep(10 * time.Millisecond)
	stop()
	evs := x.stop()
	open := map[int32]int{}
	for i := range evs {
		switch evs[i].Kind {
		case trace.Open:
			open[evs[i].FD]++
		case trace.Close:
			open[evs[i].FD]--
		}
	}
	for fd, n := range open {
		if n != 0 {
			t.Errorf("fd %d: %d more opened than closed", fd, n)
		}
	}
	if st := x.l.Stats(); st.Accepted.Load() != st.Closed.Load() {
		t.Errorf("%d accepted, %d closed", st.Accepted.Load(), st.Closed.Load())
	}
}

// TestGoIsRefusedLive: the mode is for the whole life of a server.
func TestGoIsRefusedLive(t *testing.T) {
	x := startGo(t)
	if err := x.l.Switch(trace.DriverEpoll, trace.TriggerLevel); err == nil {
		t.Error("left mode go with sockets of Go's runtime")
	}
	y := startLab(t, nil)
	if err := y.l.Switch(trace.DriverGo, 0); err == nil {
		t.Error("entered mode go with sockets that the runtime does not know")
	}
}
