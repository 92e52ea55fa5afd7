package loop

import (
	"io"
	"testing"

	"evviz/trace"
)

// repeats is how many iterations were counted and not written out.
func repeats(evs []trace.Event) (n int64) {
	for i := range evs {
		if evs[i].Kind == trace.Repeat {
			n += trace.RepeatOf(&evs[i]).N
		}
	}
	return n
}

// TestSpinIsCounted: of a spin nothing is lost, however long it lasts, and each wait that was made is counted.
func TestSpinIsCounted(t *testing.T) {
	for name, set := range map[string]func(*Behaviour){
		"epoll":       func(b *Behaviour) { b.Driver = trace.DriverEpoll },
		"poll":        func(b *Behaviour) { b.Driver = trace.DriverPoll },
		"select":      func(b *Behaviour) { b.Driver = trace.DriverSelect },
		"two threads": func(b *Behaviour) { b.Driver, b.Threads = trace.DriverEpoll, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			const waits = 50_000
			x := startLab(t, func(b *Behaviour) { set(b); b.Reads = Count{} })
			c := x.dial()
			x.until("the accept", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
			x.idle()
			from := x.l.b.Threads
			x.set("waits", "50000")
			x.send(c, 1)
			evs := x.ended()
			made, lastSet := 0, 0
			for i := range evs {
				if evs[i].Kind == trace.Knob {
					lastSet = i
				}
			}
			for i := lastSet; i < len(evs); i++ {
				if e := &evs[i]; e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter && e.Errno == 0 {
					made++
				}
			}
			if want := waits * max(from, 1); made < want || made > want+2*max(from, 1) { // a wait may have begun before
				t.Errorf("%d waits, want %d", made, want)
			}
			if n := repeats(x.raw); n < waits/2 {
				t.Errorf("%d iterations were counted, the rest written out", n)
			}
		})
	}
}

// TestPingPongIsNotCounted: a client that waits for each answer makes equal iterations as fast as can be, and they are work.
func TestPingPongIsNotCounted(t *testing.T) {
	for name, driver := range map[string]uint32{"epoll": trace.DriverEpoll, "poll": trace.DriverPoll, "select": trace.DriverSelect} {
		t.Run(name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.Driver = driver })
			c := x.dial()
			buf := make([]byte, 64)
			for range 2000 {
				if _, err := c.Write(buf); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					t.Fatal(err)
				}
			}
			x.stop()
			if n := repeats(x.raw); n != 0 {
				t.Errorf("%d iterations were counted", n)
			}
		})
	}
}
