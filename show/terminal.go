package show

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"evviz/tui"
	"evviz/tui/screen"
)

// Terminal is an open screen with what ends it from outside: a signal, or the end of the time that it has. Signals are watched
// before the terminal is touched, so that none of them leaves it raw.
type Terminal struct {
	closed sync.Once
	screen screen.Screen
	stop   chan struct{}    // closed when the screen is to close
	jobs   <-chan os.Signal // SIGTSTP and SIGCONT, for the screen

	restore func() // gives the terminal back; any number of times
	release func() // the same by force
	undo    []func()

	began atomic.Bool   // show has been called
	left  chan struct{} // closed when the screen has closed
	given chan struct{} // closed when the screen is not waited for any more
	over  chan struct{} // closed when everything has ended
	asked chan struct{} // closed when a signal has come

	mu    sync.Mutex
	ended bool
	code  int
	timer *time.Timer
}

const (
	// ClosesWithin is how long the screen may take to close after a signal, and again after the terminal has been taken from it.
	ClosesWithin = time.Second
	// EndsWithin is how long the rest may take: the recording is closed, the server and its clients end.
	EndsWithin = 15 * time.Second
	// hangupWithin is how long after a terminal's end SIGHUP may come.
	hangupWithin = 2 * time.Second
)

// closesWithin is ClosesWithin, but in tests.
var closesWithin = ClosesWithin

// Passing is called at each step of opening a screen, and is nothing but in tests, which send signals there.
var Passing = func(step string) {}

// Opener opens a screen: screen.Open, or a test's. Fini of the screen gives the terminal back, release does so by force.
type Opener func() (s screen.Screen, release func(), err error)

// openTerminal opens the terminal. close must be called.
func openTerminal(open Opener) (*Terminal, error) {
	t := &Terminal{stop: make(chan struct{}), left: make(chan struct{}), given: make(chan struct{}), over: make(chan struct{}), asked: make(chan struct{})}
	sigs, unwatch := WatchSignals()
	jobs := make(chan os.Signal, 4)
	signal.Notify(jobs, syscall.SIGTSTP, syscall.SIGCONT)
	t.jobs = jobs
	t.undo = append(t.undo, unwatch, func() { signal.Stop(jobs) })
	Passing("signals are watched")
	var err error
	if t.screen, t.release, err = open(); err != nil {
		for _, f := range t.undo {
			f()
		}
		return nil, err
	}
	t.restore = sync.OnceFunc(t.screen.Fini)
	t.undo = append(t.undo, OnCrash(t.restore))
	Passing("the terminal is raw")
	Go(func() { t.watch(sigs) })
	Passing("the screen is open")
	return t, nil
}

// end makes the screen close, and the program end with a code, unless that is decided already.
func (t *Terminal) end(code int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.ended, t.code = true, code
	close(t.stop)
}

// endAfter ends in good order after some time; 0 never.
func (t *Terminal) endAfter(d time.Duration) {
	if d <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(d, func() { t.end(0) })
}

// verdict is how the screen was ended from outside. What comes after the first call changes it no more.
func (t *Terminal) verdict() (code int, fromOutside bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.ended = true
		return 0, false
	}
	select {
	case <-t.stop:
		return t.code, true
	default: // it was not, when this was asked first
		return 0, false
	}
}

// show runs the screen, and returns with the terminal given back: when f does, or some time after it should have. kept is the
// last picture, for leave.
func (t *Terminal) show(f func() (*tui.Picture, error)) (kept *tui.Picture, err error) {
	Passing("before the first frame")
	type result struct {
		kept *tui.Picture
		err  error
	}
	done := make(chan result, 1)
	t.began.Store(true)
	Go(func() {
		kept, err := f()
		done <- result{kept, err}
	})
	var r result
	select {
	case r = <-done:
	case <-t.given:
		return nil, nil
	}
	close(t.left)
	if r.err != nil { // a terminal that is taken away cannot be read; SIGHUP comes at about the same time and says more
		select {
		case <-t.stop:
			if code, _ := t.verdict(); code != 0 {
				r.err = nil
			}
		case <-time.After(hangupWithin):
		}
	}
	t.restore()
	return r.kept, r.err
}

// tell prints something where the screen was. When a signal has come, a terminal that does not read is not waited for.
func (t *Terminal) tell(f func()) {
	done := make(chan struct{})
	Go(func() {
		defer close(done)
		f()
	})
	select {
	case <-done:
		return
	case <-t.asked:
	}
	limit := time.NewTimer(closesWithin)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

// close gives the terminal back and watches no more. Once is enough; more often is the same.
func (t *Terminal) close() { t.closed.Do(t.shut) }

func (t *Terminal) shut() {
	select {
	case <-t.given: // by force
	default:
		t.restore()
	}
	close(t.over)
	t.mu.Lock()
	if t.timer != nil {
		t.timer.Stop()
	}
	t.mu.Unlock()
	for _, f := range t.undo {
		f()
	}
}

// watch waits for what ends the screen, and then for the end. It is the last resort, and waits for nothing that may be stuck: a
// terminal that does not read (a frozen ssh), the screen's library, a part of the lab that does not end. A second SIGINT or
// SIGQUIT ends the program at once. (Not SIGHUP or SIGTERM, which come twice when a terminal is closed: from the kernel and from
// the shell.)
func (t *Terminal) watch(sigs <-chan os.Signal) {
	code := 0
	signalled := func(sig os.Signal) {
		if code != 0 && (sig == syscall.SIGINT || sig == syscall.SIGQUIT) {
			t.exit(SignalCode(sig), "ended by a second signal")
		}
		if code == 0 {
			code = SignalCode(sig)
			close(t.asked)
		}
		t.end(code)
	}
	in := func(d time.Duration, what <-chan struct{}) bool {
		limit := time.NewTimer(d)
		defer limit.Stop()
		for {
			select {
			case <-what:
				return true
			case <-limit.C:
				return false
			case sig := <-sigs:
				signalled(sig)
			}
		}
	}
	select {
	case sig := <-sigs:
		signalled(sig)
	case <-t.stop: // the time is over
	case <-t.over:
		return
	}
	if !in(closesWithin, t.left) {
		t.release()
		if !in(closesWithin, t.left) {
			if !t.began.Load() {
				t.exit(code, fmt.Sprintf("was not ready within %v of the signal", 2*closesWithin))
			}
			close(t.given)
		}
	}
	for code == 0 { // there is no hurry
		select {
		case sig := <-sigs:
			signalled(sig)
		case <-t.over:
			return
		}
	}
	if !in(EndsWithin, t.over) {
		t.exit(code, fmt.Sprintf("did not end in good order within %v of the signal", EndsWithin))
	}
}

// exit ends the program here and now.
func (t *Terminal) exit(code int, why string) {
	t.release()
	Within(closesWithin, func() { fmt.Fprintln(os.Stderr, "evviz: "+why) })
	os.Exit(code)
}

// Put gives a screen what it needs of the terminal.
func (t *Terminal) Put(to *tui.Options) {
	to.Screen, to.Go, to.Stop, to.Jobs = t.screen, Go, t.stop, t.jobs
}

// PutSplit does it for a screen with two halves.
func (t *Terminal) PutSplit(to *tui.SplitOptions) {
	to.Screen, to.Go, to.Stop, to.Jobs = t.screen, Go, t.stop, t.jobs
}

// leave prints the last screen where the screen was, when the person asked for that.
func leave(kept *tui.Picture) {
	if kept != nil {
		kept.ANSI(os.Stdout)
	}
}
