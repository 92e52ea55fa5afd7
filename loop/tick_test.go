package loop

import (
	"io"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/loop/poll"
	"evviz/trace"
)

// fires are the moments at which timer id was due, and what limited each wait.
func fires(evs []trace.Event, id uint32) (due []int64) {
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.TimerFire && (id == 0 || e.Aux == id) {
			due = append(due, e.A)
		}
	}
	return
}

// TestK32Rearm: ticks of 10 ms with 3 ms of work. Counted from when the tick was due they keep their grid; counted from the
// end of the callback each is later by the callback's time.
func TestK32Rearm(t *testing.T) {
	const ticks, period, work = 20, 10 * time.Millisecond, 3 * time.Millisecond
	for _, rearm := range []string{"absolute", "relative"} {
		t.Run(rearm, func(t *testing.T) {
			x := startLab(t, nil)
			x.set("tick-work", "cpu:3ms", "tick-rearm", rearm, "tick", "10ms")
			x.until("20 ticks", func(evs []trace.Event) bool { return len(fires(evs, 0)) >= ticks })
			evs := x.stop()
			due := fires(evs, 0)
			drift := time.Duration(due[ticks-1]-due[0]) - (ticks-1)*period
			if rearm == "relative" && drift < (ticks-1)*work {
				t.Errorf("the last of %d ticks was due %v late, less than the callbacks took", ticks, drift)
			}
			if rearm == "absolute" && drift%period != 0 { // a tick may be skipped by a busy machine, the grid stays
				t.Errorf("the grid moved by %v", drift)
			}
			sets := 0
			for i := range evs {
				if evs[i].Kind == trace.TimerSet {
					sets++
				}
			}
			if rearm == "absolute" && sets != 1 || rearm == "relative" && sets < ticks {
				t.Errorf("armed %d times", sets)
			}
		})
	}
}

// TestTickChanges: the timer of the tick knob is replaced when the knob is set, and stopped by 0.
func TestTickChanges(t *testing.T) {
	testkit.Long(t, "each mechanism")
	for _, m := range serveModes {
		t.Run(m.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) {
				m.set(b)
				b.Tick, b.TickRearm = time.Millisecond, RearmRelative
			})
			x.until("ticks", func(evs []trace.Event) bool { return len(fires(evs, 1)) >= 3 })
			x.set("tick-rearm", "absolute")
			x.until("ticks", func(evs []trace.Event) bool { return len(fires(evs, 2)) >= 3 })
			x.set("tick", "0")
			var armed int
			x.l.Do("ask", func(l *Loop) { armed = len(l.timers.h) })
			check(t, "armed", armed, 0)
			x.stop()
		})
	}
}

// TestT26Rounding: ten one-shot timers, each 10.7 ms ahead. Rounded down, every one is preceded by a burst of waits that
// do not wait; rounded up there are ten waits and no such one. Each wait says which timer limits it.
func TestT26Rounding(t *testing.T) {
	for _, m := range serveModes[2:4] {
		for _, rounding := range []poll.Rounding{poll.Floor, poll.Ceil} {
			t.Run(m.name+[]string{" ceil", " floor"}[rounding], func(t *testing.T) {
				x := startLab(t, func(b *Behaviour) {
					m.set(b)
					b.Rounding = rounding
				})
				x.idle()
				tenTimers := func() {
					done := make(chan struct{})
					x.l.Post("arm", func(l *Loop) {
						left := 10
						var next func(l *Loop)
						next = func(l *Loop) {
							if left--; left < 0 {
								close(done)
								return
							}
							l.timers.after(10700*time.Microsecond, 0, next)
						}
						next(l)
					})
					<-done
				}
				var limited, zero, wrong, hasty int
				count := func(evs []trace.Event) {
					limited, zero, wrong, hasty = 0, 0, 0, 0
					last, due := uint32(0), int64(0)
					for i := range evs {
						e := &evs[i]
						switch {
						case e.Kind == trace.TimerSet:
							last, due = e.Aux, e.A
						case e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter && e.Errno == 0 && e.FD != 0:
							if limited++; e.B == 0 {
								zero++
								if e.Start() < due {
									hasty++
								}
							}
							if uint32(e.FD) != last {
								wrong++
							}
						case e.Kind == trace.Wait && e.FD == 0 && e.A >= 0:
							wrong++
						}
					}
				}
				least := 0 // the case measured epoll; poll and the race detector are slower
				if rounding == poll.Floor {
					if least = 1000; m.name != "level" || raceEnabled {
						least = 20
					}
				}
				// How many there are before a timer is a matter of how fast the machine is: as many timers as it takes, within reason.
				for n := 0; n == 0 || zero < least && n < 50; n++ {
					tenTimers()
					count(x.now())
				}
				count(x.stop())
				check(t, "waits that name another timer than the one that limits them", wrong, 0)
				if rounding == poll.Ceil {
					// A thread that is not run between arming a timer and its wait finds it due already, and its wait is of 0, or there
					// is none.
					check(t, "waits of 0 for a timer that is not due", hasty, 0)
					if limited > 10 || quiet() && (limited != 10 || zero != 0) {
						t.Errorf("%d waits, %d of them zero", limited, zero)
					}
					return
				}
				if zero < least {
					t.Errorf("%d zero waits, want at least %d", zero, least)
				}
			})
		}
	}
}

// TestIdleTimeout: a silent connection is closed, one that talks is not, and talking arms no timers.
func TestIdleTimeout(t *testing.T) {
	for _, m := range serveModes {
		t.Run(m.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) {
				m.set(b)
				b.IdleTimeout = time.Hour
			})
			k := x.chat()
			for range 100 {
				k.say("x\n")
				k.hear("x")
			}
			sets := 0
			for _, e := range x.now() {
				if e.Kind == trace.TimerSet {
					sets++
				}
			}
			if sets > 1 {
				t.Errorf("%d timers armed for one connection", sets)
			}
			begin := time.Now()
			x.set("idle-timeout", "30ms")
			if _, err := k.r.ReadByte(); err != io.EOF {
				t.Errorf("read: %v", err)
			}
			if d := time.Since(begin); d < 30*time.Millisecond {
				t.Errorf("closed after %v", d)
			}
			if why := closeOf(x.stop()); why != "idle" {
				t.Errorf("closed: %s", why)
			}
		})
	}
}

// TestIdleWaiting: who waits for an answer is not idle.
func TestIdleWaiting(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Serve = ServeCommands })
	k := x.chat()
	k.say("sleep 100\n")
	x.until("the command to be read", func(evs []trace.Event) bool { return x.l.Stats().BytesIn.Load() > 0 })
	x.set("idle-timeout", "20ms") // only now: before, a machine that is slow would make it idle
	k.hear("slept 100")
	if _, err := k.r.ReadByte(); err != io.EOF {
		t.Errorf("read: %v", err)
	}
	if why := closeOf(x.stop()); why != "idle" {
		t.Errorf("closed: %s", why)
	}
}

// TestDrain: an orderly end answers what was asked before it, and takes nobody in any more.
func TestDrain(t *testing.T) {
	testkit.Long(t, "seconds of load for each mechanism")
	inServeModes(t, ServeCommands, func(t *testing.T, x *lab) {
		x.set("shutdown", "drain")
		idle, k := x.chat(), x.chat()
		k.say("ping\nsleep 100\n")
		k.hear("pong")
		done := make(chan struct{})
		go func() {
			defer close(done)
			if got, err := io.ReadAll(k.r); string(got) != "slept 100\n" {
				t.Errorf("heard %q, %v", got, err)
			}
		}()
		go io.Copy(io.Discard, idle)
		evs := x.stop()
		<-done
		closed := map[string]int{}
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Close {
				closed[trace.CloseNames.Word(e.Aux)]++
			}
		}
		if closed["shutdown"] < 4 || len(closed) != 1 {
			t.Errorf("closes: %v", closed)
		}
	})
}

// TestDrainFlush: what a slow reader is owed is sent before the loop ends.
func TestDrainFlush(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Shutdown, b.Serve = EndDrain, ServeCommands })
	k := x.chat()
	const n = 12 << 20
	k.say("send 12582912\n")
	x.until("a write that did not fit", func(evs []trace.Event) bool { return tallyOf2(evs).writeAgain > 0 })
	got := make(chan int)
	closed := make(chan struct{})
	go func() {
		<-closed // nothing is read before the end has been asked for
		b, _ := io.ReadAll(k.r)
		got <- len(b)
	}()
	go x.l.Stop()
	x.until("the listener to be closed", func(evs []trace.Event) bool {
		for i := range evs {
			if evs[i].Kind == trace.Close {
				return true
			}
		}
		return false
	})
	close(closed)
	x.stop()
	check(t, "bytes", <-got, n+1)
}
