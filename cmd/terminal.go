package cmd

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

// onScreen is an open screen with what ends it from outside: a signal, or the time that --for gives. Signals are watched
// before the terminal is touched, so that none of them leaves it raw.
type onScreen struct {
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
	// closesWithin is how long the screen may take to close after a signal, and again after the terminal has been taken from it.
	closesWithin = time.Second
	// endsWithin is how long the rest may take: the recording is closed, the server and its clients end.
	endsWithin = 15 * time.Second
	// hangupWithin is how long after a terminal's end SIGHUP may come.
	hangupWithin = 2 * time.Second
)

// passing is called at each step of opening a screen, and is nothing but in tests, which send signals there.
var passing = func(step string) {}

// openScreen opens the terminal. close must be called.
func openScreen() (*onScreen, error) {
	o := &onScreen{stop: make(chan struct{}), left: make(chan struct{}), given: make(chan struct{}), over: make(chan struct{}), asked: make(chan struct{})}
	sigs, unwatch := watchSignals()
	jobs := make(chan os.Signal, 4)
	signal.Notify(jobs, syscall.SIGTSTP, syscall.SIGCONT)
	o.jobs = jobs
	o.undo = append(o.undo, unwatch, func() { signal.Stop(jobs) })
	passing("signals are watched")
	var err error
	if o.screen, o.release, err = screen.Open(); err != nil {
		for _, f := range o.undo {
			f()
		}
		return nil, err
	}
	o.restore = sync.OnceFunc(o.screen.Fini)
	o.undo = append(o.undo, onCrash(o.restore))
	passing("the terminal is raw")
	spawn(func() { o.watch(sigs) })
	passing("the screen is open")
	return o, nil
}

// end makes the screen close, and the program end with a code, unless that is decided already.
func (o *onScreen) end(code int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return
	}
	o.ended, o.code = true, code
	close(o.stop)
}

// endAfter ends in good order after some time; 0 never.
func (o *onScreen) endAfter(d time.Duration) {
	if d <= 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.timer = time.AfterFunc(d, func() { o.end(0) })
}

// verdict is how the screen was ended from outside. What comes after the first call changes it no more.
func (o *onScreen) verdict() (code int, fromOutside bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ended {
		o.ended = true
		return 0, false
	}
	select {
	case <-o.stop:
		return o.code, true
	default: // it was not, when this was asked first
		return 0, false
	}
}

// show runs the screen, and returns with the terminal given back: when f does, or some time after it should have. kept is the
// last picture, for leave.
func (o *onScreen) show(f func() (*tui.Picture, error)) (kept *tui.Picture, err error) {
	passing("before the first frame")
	type result struct {
		kept *tui.Picture
		err  error
	}
	done := make(chan result, 1)
	o.began.Store(true)
	spawn(func() {
		kept, err := f()
		done <- result{kept, err}
	})
	var r result
	select {
	case r = <-done:
	case <-o.given:
		return nil, nil
	}
	close(o.left)
	if r.err != nil { // a terminal that is taken away cannot be read; SIGHUP comes at about the same time and says more
		select {
		case <-o.stop:
			if code, _ := o.verdict(); code != 0 {
				r.err = nil
			}
		case <-time.After(hangupWithin):
		}
	}
	o.restore()
	return r.kept, r.err
}

// tell prints something where the screen was. When a signal has come, a terminal that does not read is not waited for.
func (o *onScreen) tell(f func()) {
	done := make(chan struct{})
	spawn(func() {
		defer close(done)
		f()
	})
	select {
	case <-done:
		return
	case <-o.asked:
	}
	limit := time.NewTimer(closesWithin)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

// close gives the terminal back and watches no more. Once is enough; more often is the same.
func (o *onScreen) close() { o.closed.Do(o.shut) }

func (o *onScreen) shut() {
	select {
	case <-o.given: // by force
	default:
		o.restore()
	}
	close(o.over)
	o.mu.Lock()
	if o.timer != nil {
		o.timer.Stop()
	}
	o.mu.Unlock()
	for _, f := range o.undo {
		f()
	}
}

// watch waits for what ends the screen, and then for the end. It is the last resort, and waits for nothing that may be stuck: a
// terminal that does not read (a frozen ssh), the screen's library, a part of the lab that does not end. A second SIGINT or
// SIGQUIT ends the program at once. (Not SIGHUP or SIGTERM, which come twice when a terminal is closed: from the kernel and from
// the shell.)
func (o *onScreen) watch(sigs <-chan os.Signal) {
	code := 0
	signalled := func(sig os.Signal) {
		if code != 0 && (sig == syscall.SIGINT || sig == syscall.SIGQUIT) {
			o.exit(signalCode(sig), "ended by a second signal")
		}
		if code == 0 {
			code = signalCode(sig)
			close(o.asked)
		}
		o.end(code)
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
	case <-o.stop: // the time is over
	case <-o.over:
		return
	}
	if !in(closesWithin, o.left) {
		o.release()
		if !in(closesWithin, o.left) {
			if !o.began.Load() {
				o.exit(code, fmt.Sprintf("was not ready within %v of the signal", 2*closesWithin))
			}
			close(o.given)
		}
	}
	for code == 0 { // there is no hurry
		select {
		case sig := <-sigs:
			signalled(sig)
		case <-o.over:
			return
		}
	}
	if !in(endsWithin, o.over) {
		o.exit(code, fmt.Sprintf("did not end in good order within %v of the signal", endsWithin))
	}
}

// exit ends the program here and now.
func (o *onScreen) exit(code int, why string) {
	o.release()
	within(closesWithin, func() { fmt.Fprintln(os.Stderr, "evviz: "+why) })
	os.Exit(code)
}

// within does something that may be stuck for ever, and waits no longer than that.
func within(d time.Duration, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	limit := time.NewTimer(d)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

// watchSignals reports the signals that ask for an end.
func watchSignals() (<-chan os.Signal, func()) {
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	return ch, func() { signal.Stop(ch) }
}

func signalCode(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return exitFailure
}

// leave prints the last screen where the screen was, when the person asked for that.
func leave(kept *tui.Picture) {
	if kept != nil {
		kept.ANSI(os.Stdout)
	}
}
