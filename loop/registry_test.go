package loop

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// TestRegistrationRace: another thread has looked and is about to register when the loop gives its instance up. Unguarded, or
// with a flag alone, the registration is lost and the connection with it; guarded, none is, and nobody hangs.
func TestRegistrationRace(t *testing.T) {
	testkit.Long(t, "load")
	for _, c := range []struct {
		guard string
		lost  bool
	}{{"none", true}, {"flag", true}, {"spin", false}, {"mutex", false}} {
		t.Run(c.guard, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.Hold, b.Registry = 1, ViaRegistry })
			x.set("register-guard", c.guard, "register-pause", "400ms")
			conn := x.dial()
			x.send(conn, 1)
			x.until("the byte's arrival", func(evs []trace.Event) bool {
				for i := range evs {
					if e := &evs[i]; e.Kind == trace.Arrive && e.FD == connFD(evs) && e.B > 1 {
						return true
					}
				}
				return false
			})
			if err := x.l.Switch(trace.DriverPoll, 0); err != nil {
				t.Fatal(err)
			}
			registered := func(evs []trace.Event) *trace.Event {
				for i := range evs {
					if e := &evs[i]; e.Kind == trace.Register && e.FD == connFD(evs) && e.Aux&trace.InterestDiff == 0 {
						return e
					}
				}
				return nil
			}
			x.until("the registration", func(evs []trace.Event) bool { return registered(evs) != nil })
			if e := registered(x.now()); (e.Errno != 0) != c.lost {
				t.Errorf("the registration ended with %s", trace.ErrnoName(e.Errno))
			}
			if c.lost {
				held := 0
				x.l.Do("look", func(l *Loop) {
					for _, c := range l.table.order {
						if c.held {
							held++
						}
					}
				})
				check(t, "connections that nobody will ever report", held, 1)
				// Moving to another mechanism registers everything anew, and so mends it.
				if err := x.l.Switch(trace.DriverEpoll, trace.TriggerLevel); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
				t.Errorf("not served: %v", err)
			}
		})
	}
}

// TestRegisterTooLate: what comes after the close gets an error that says so, unless nobody guards.
func TestRegisterTooLate(t *testing.T) {
	for guard, want := range map[RegisterGuard]error{GuardMutex: os.ErrClosed, GuardSpin: os.ErrClosed, GuardFlag: os.ErrClosed, GuardNone: nil} {
		r := &registry{}
		r.open(nil)
		c := &conn{fd: testkit.Eventfd(t, true), gen: 1}
		r.hold(c, unix.EPOLLIN)
		if err := r.register(trace.NoRing(), guard, 0, watchKey{c.fd, 1}, 1); !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("guard %d: %v, want %v", guard, err, want)
		}
	}
}

// TestBorrowedPoll: when the poll must be borrowed for a registration, that takes as long as the wait; through the registry
// it is at once (T32).
func TestBorrowedPoll(t *testing.T) {
	const wait = 300 * time.Millisecond
	run := func(via RegisterVia) (lockedOut int64) {
		x := startLab(t, func(b *Behaviour) { b.Hold, b.Registry, b.Timeout = 1, via, wait })
		c := x.dial()
		x.until("the accept", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
		x.idle()
		x.send(c, 1)
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		evs := x.stop()
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Lock && e.A == lockPoll && e.Phase.Base() == trace.PhaseExit {
				lockedOut += e.Dur
			}
		}
		return lockedOut
	}
	if d := run(ViaPoll); d == 0 {
		t.Error("the borrowed poll was free although the loop waited on it")
	}
	if d := run(ViaRegistry); d != 0 {
		t.Errorf("the registry waited %v for a poll that it does not borrow", time.Duration(d))
	}
}
