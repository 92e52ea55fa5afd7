package show

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/trace"
	"evviz/tui"
	"evviz/tui/screen"
)

// staged is something shown whose moments are a test's: each function runs where its name says.
type staged struct {
	draw   func(*Terminal) error // until the screen closes
	failed func(*Terminal) error // when it has closed, and it is settled who closed it
	stop   func(*Terminal) error

	t     *Terminal
	why   uint32
	steps []string
}

func (s *staged) step(name string, f func(*Terminal) error) error {
	s.steps = append(s.steps, name)
	if f == nil {
		return nil
	}
	return f(s.t)
}

func (s *staged) Draw(t *Terminal) (*tui.Picture, error) {
	s.t = t
	return nil, s.step("draw", s.draw)
}

func (s *staged) Failed() error { return s.step("failed", s.failed) }

func (s *staged) Stop(why uint32) error {
	s.why = why
	return s.step("stop", s.stop)
}

func (s *staged) Say() { s.steps = append(s.steps, "say") }

// nowhere opens a screen that swallows everything, and counts how often it is given back.
func nowhere(t *testing.T, back *int) Opener {
	return func() (screen.Screen, func(), error) {
		s, _, err := screen.Nowhere()
		if err != nil {
			t.Fatal(err)
		}
		return counted{s, back}, func() {}, nil
	}
}

type counted struct {
	screen.Screen
	back *int
}

func (c counted) Fini() {
	*c.back++
	c.Screen.Fini()
}

// send sends this process a signal and returns when the terminal's watcher has it.
func send(t *Terminal) error {
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	<-t.asked
	return nil
}

// closed is a screen that a signal or the time closes.
func closed(t *Terminal) error {
	<-t.stop
	return nil
}

// sent is a screen that a signal closes.
func sent(t *Terminal) error {
	send(t)
	return closed(t)
}

// TestMain makes the watchers of terminals wait for as long as it takes: a machine may stand still for some seconds.
func TestMain(m *testing.M) {
	closesWithin = time.Hour
	testkit.Main(m)
}

// TestWhoEnds: a person, a signal, the time and the thing itself may end a screen, in any order and at once; the first of the first three
// decides the code and the word for the Stop event, and why the thing itself has failed is never lost. The moments are fixed by channels.
func TestWhoEnds(t *testing.T) {
	broken := errors.New("the server has failed")
	fails := func(*Terminal) error { return broken }
	const signalled = 128 + int(syscall.SIGTERM)
	for _, c := range []struct {
		name  string
		limit time.Duration
		s     staged
		code  int
		why   uint32
		err   error
	}{
		{"a person", 0, staged{}, 0, trace.StopAsked, nil},
		{"a signal", 0, staged{draw: sent}, signalled, trace.StopSignal, nil},
		{"the time", time.Nanosecond, staged{draw: closed}, 0, trace.StopTime, nil},
		{"a person, then a signal", 0, staged{failed: send}, 0, trace.StopAsked, nil},
		{"a person, then a signal while it stops", 0, staged{stop: send}, 0, trace.StopAsked, nil},
		{"the time, then a signal", time.Nanosecond, staged{draw: func(t *Terminal) error { closed(t); return send(t) }}, 0, trace.StopTime, nil},
		{"it fails, then a person", 0, staged{failed: fails}, 0, trace.StopAsked, broken},
		{"it fails while it stops", 0, staged{stop: fails}, 0, trace.StopAsked, broken},
		{"it fails, then a signal", 0, staged{draw: sent, failed: fails}, signalled, trace.StopSignal, broken},
		{"it fails, then the time", time.Nanosecond, staged{draw: closed, failed: fails}, 0, trace.StopTime, broken},
		{"the screen fails, then a signal", 0, staged{draw: func(t *Terminal) error { sent(t); return errors.New("end of file") }}, signalled, trace.StopSignal, nil},
		{"the screen fails and it fails", 0, staged{draw: func(t *Terminal) error { sent(t); return errors.New("end of file") }, failed: fails}, signalled, trace.StopSignal, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			back := 0
			code, err := RunOn(nowhere(t, &back), c.limit, func() (Shown, error) { return &c.s, nil })
			if code != c.code || c.s.why != c.why || !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Errorf("code %d, stopped as %d, %v; want %d, %d, %v", code, c.s.why, err, c.code, c.why, c.err)
			}
			if back != 1 {
				t.Errorf("the terminal was given back %d times", back)
			}
			if got := c.s.steps; len(got) != 4 || got[0] != "draw" || got[1] != "failed" || got[2] != "stop" || got[3] != "say" {
				t.Errorf("it went %q", got)
			}
		})
	}
}

// TestQuitWhileItFails: a person leaves, a signal comes and the server fails, all of them let go by one barrier. Whoever is first, code and
// Stop event agree; under -race this fails when two goroutines settle it without a lock.
func TestQuitWhileItFails(t *testing.T) {
	broken := errors.New("the server has failed")
	const signalled = 128 + int(syscall.SIGTERM)
	seen := map[int]int{}
	for range 100 {
		barrier, failing, back := make(chan struct{}), make(chan struct{}), 0
		s := &staged{draw: func(t *Terminal) error {
			go func() {
				<-barrier
				close(failing)
			}()
			go func() {
				<-barrier
				t.end(signalled)
			}()
			close(barrier)
			return nil
		}}
		s.failed = func(*Terminal) error {
			select {
			case <-failing:
				return broken
			default:
				return nil
			}
		}
		s.stop = func(*Terminal) error {
			<-failing // by now at the latest
			return broken
		}
		code, err := RunOn(nowhere(t, &back), 0, func() (Shown, error) { return s, nil })
		want := map[int]uint32{0: trace.StopAsked, signalled: trace.StopSignal}[code]
		if want == 0 && code != 0 || s.why != want || !errors.Is(err, broken) || back != 1 {
			t.Fatalf("code %d, stopped as %d, %v, given back %d times", code, s.why, err, back)
		}
		seen[code]++
	}
	t.Logf("codes: %v", seen)
}

// TestNotStarted: what could be started in part only is stopped, behind a terminal that has been given back; without a terminal nothing is
// started.
func TestNotStarted(t *testing.T) {
	taken, back := errors.New("address already in use"), 0
	s := &staged{}
	s.stop = func(*Terminal) error {
		if back != 1 {
			t.Errorf("it is stopped with the terminal given back %d times", back)
		}
		return errors.New("another error")
	}
	code, err := RunOn(nowhere(t, &back), 0, func() (Shown, error) { return s, taken })
	if no, ok := errors.AsType[*NotStarted](err); !ok || no.Err != taken || code != 0 || s.why != trace.StopError || back != 1 {
		t.Errorf("code %d, %v, stopped as %d, given back %d times", code, err, s.why, back)
	}
	code, err = RunOn(func() (screen.Screen, func(), error) { return nil, nil, screen.ErrNoTerminal }, 0, func() (Shown, error) {
		t.Error("it was started without a terminal")
		return nil, nil
	})
	if _, ok := errors.AsType[*NotStarted](err); !ok || !errors.Is(err, screen.ErrNoTerminal) || code != 0 {
		t.Errorf("code %d, %v", code, err)
	}
}
