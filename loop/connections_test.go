package loop

import (
	"errors"
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// slow is a loop with small socket buffers: a peer that does not read fills them at once.
func slow(set func(*Behaviour)) func(*Behaviour) {
	return func(b *Behaviour) {
		set(b)
		b.ReadSize, b.Reads, b.RcvBuf, b.SndBuf = 64<<10, Count{Kind: CountDrain}, 16<<10, 16<<10
	}
}

// TestBackPressure: a loop that owes a peer more than outHigh stops reading from it and goes on below outLow; EPOLLOUT is
// asked for once when something is first owed, and given back once when nothing is owed any more.
func TestBackPressure(t *testing.T) {
	testkit.Long(t, "megabytes for each mechanism")
	eachFree(t, func(t *testing.T, set func(*Behaviour)) {
		const n = 2 << 20
		x := startLab(t, slow(set))
		c := x.dial()
		sent := make(chan error, 1)
		go func() { _, err := c.Write(make([]byte, n)); sent <- err }()
		// Nothing comes back yet: the loop holds its bound and leaves the rest in the sockets.
		x.until("back-pressure", func([]trace.Event) bool {
			paused := false
			x.l.Do("look", func(l *Loop) { paused = len(l.table.order) == 1 && l.table.order[0].paused })
			return paused
		})
		in := x.l.Stats().BytesIn.Load()
		time.Sleep(20 * time.Millisecond) // a loop that went on reading would show now
		// A multishot recv goes on by itself until it is cancelled; it can bring no more than the buffers hold.
		least, beyond := int64(outHigh), int64(0)
		if x.l.b.Driver == trace.DriverURing && x.l.b.URing == URingMultishot {
			least, beyond = outLow, poolBytes // its sends complete meanwhile
		}
		if more := x.l.Stats().BytesIn.Load(); more-in > beyond {
			t.Errorf("read %d bytes more from a peer that does not read", more-in)
		}
		if owed := in - x.l.Stats().BytesOut.Load(); owed <= least || owed > outHigh+64<<10+beyond {
			t.Errorf("owes %d bytes, want just over %d", owed, outHigh)
		}
		if _, err := io.ReadFull(c, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		x.until("everything written", func([]trace.Event) bool { return x.l.Stats().BytesOut.Load() == n })
		x.idle()
		evs := x.stop()
		fd := connFD(evs)
		var masks []uint32 // the interest as it changed
		for i := range evs {
			if e := &evs[i]; e.FD == fd && e.Kind == trace.Modify {
				masks = append(masks, e.Mask&(unix.EPOLLIN|unix.EPOLLOUT))
			}
		}
		if x.l.b.Driver == trace.DriverSleepPoll || x.l.b.Driver == trace.DriverURing {
			if len(masks) != 0 {
				t.Errorf("a loop without registrations modified %v", masks)
			}
			return
		}
		for i := range masks {
			if i > 0 && masks[i] == masks[i-1] && x.l.b.Trigger != trace.TriggerOneshot { // which is armed again each time
				t.Errorf("modified to the same interest twice: %v", masks)
			}
		}
		if k := len(masks); k < 2 || masks[0]&unix.EPOLLOUT == 0 && x.l.b.Trigger != trace.TriggerOneshot || masks[k-1] != unix.EPOLLIN {
			t.Errorf("interest went %v: want OUT first, and IN alone at the end", masks)
		}
		without := 0
		for _, m := range masks {
			if m&unix.EPOLLIN == 0 {
				without++
			}
		}
		if without == 0 {
			t.Errorf("interest went %v: never without IN, although the loop stopped reading", masks)
		}
	})
}

// TestHalfCloseOwed: a peer that shuts its side while much is owed to it gets all of it, then the end; meanwhile the end
// of file is not reported over and over, also not by RDHUP.
func TestHalfCloseOwed(t *testing.T) {
	testkit.Long(t, "each mechanism")
	eachFree(t, func(t *testing.T, set func(*Behaviour)) {
		const n = 512 << 10
		x := startLab(t, func(b *Behaviour) { slow(set)(b); b.RDHUP = b.Driver != trace.DriverSelect })
		c := x.dial()
		go func() { c.Write(make([]byte, n)); c.CloseWrite() }()
		x.until("the end of file", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).eof == 1 })
		if x.l.Stats().Closed.Load() != 0 {
			t.Fatal("closed although much is owed")
		}
		before := tallyOf(x.now(), connFD(x.now())).reports
		time.Sleep(20 * time.Millisecond)
		if more := tallyOf(x.now(), connFD(x.now())).reports - before; more > 20 {
			t.Errorf("%d reports while nothing could be done", more)
		}
		if got, err := io.Copy(io.Discard, c); got != n || err != nil {
			t.Errorf("%d bytes back, %v", got, err)
		}
		x.until("the close", func(evs []trace.Event) bool { return closedWhy(evs, connFD(evs)) == trace.CloseEOF })
		evs := x.stop()
		check(t, "reads of the end of file", tallyOf(evs, connFD(evs)).eof, 1)
	})
}

// TestResetWhileOwed: a peer that goes away with a reset while much is owed to it ends its connection, in every mode.
func TestResetWhileOwed(t *testing.T) {
	testkit.Long(t, "each mechanism")
	eachFree(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, slow(set))
		c := x.dial()
		go c.Write(make([]byte, 4<<20))
		x.until("something owed", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() > outHigh/2 })
		c.SetLinger(0)
		c.Close()
		x.until("the close", func(evs []trace.Event) bool { return closedWhy(evs, connFD(evs)) == trace.CloseError })
	})
}

// TestStampOnce: the reads of one message carry one stamp, and it is one arrival.
func TestStampOnce(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.ReadSize, b.Arrival, b.Hold = 100, ArrivalStamp, 1000 })
	c := x.client()
	arrivals := func(evs []trace.Event) (n int) {
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Arrive {
				if e.Aux != trace.ArriveStamp {
					t.Error("the observer spoke")
				}
				n++
			}
		}
		return
	}
	sent := 0
	send := func() {
		x.send(c, 1000)
		sent++
		x.until("the message read", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() == int64(1000*sent) })
		x.idle()
	}
	for arrivals(x.now()) == 0 { // the kernel begins to stamp a little after the first socket asks for it
		send()
	}
	before := arrivals(x.now())
	check(t, "arrivals", before, 1)
	send()
	send()
	evs := x.stop()
	check(t, "arrivals of two messages", arrivals(evs)-before, 2)
	check(t, "reads", tallyOf(evs, connFD(evs)).full, 10*sent)
}

// TestWriteToGonePeer: the loop outlives a peer that closes before its answer is read.
func TestWriteToGonePeer(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Work = Work{Kind: WorkSleep, For: 30 * time.Millisecond} })
	c, other := x.dial(), x.dial()
	x.send(c, 10)
	c.Close() // the answer meets a closed socket: first a reset, then EPIPE or ECONNRESET
	x.until("the close", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 1 })
	x.send(other, 10)
	if _, err := io.ReadFull(other, make([]byte, 10)); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
