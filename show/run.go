package show

import (
	"errors"
	"time"

	"evviz/trace"
	"evviz/tui"
	"evviz/tui/screen"
)

// Shown is what a screen shows: a recording that is played, a lab, two of them. Run calls its methods in the order in which they stand
// here, one at a time.
type Shown interface {
	// Draw runs the screen on an open terminal, until somebody leaves it or the terminal closes it. The picture is the last one, for a
	// person who has asked that it stay; nil otherwise. A terminal that is stuck is left behind, and Draw may then run beside the others.
	Draw(*Terminal) (*tui.Picture, error)
	// Failed is why it failed by itself, nil when it did not. It is asked before Stop, which may end what was about to fail.
	Failed() error
	// Stop ends it; why is one of trace's words for a Stop event.
	Stop(why uint32) error
	// Say prints what is to be read where the screen was.
	Say()
}

// NotStarted is why nothing was shown: there is no terminal (screen.ErrNoTerminal), or what was to be shown could not be started.
type NotStarted struct{ Err error }

// Error is that of the cause.
func (e *NotStarted) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *NotStarted) Unwrap() error { return e.Err }

// Run opens the terminal, has start start what is to be shown, and shows it until somebody leaves, a signal comes or, with a limit above 0,
// the time is over. When it returns, the terminal is given back and what was started has ended. The code is the exit code that a signal
// asks for, 0 without one; the error is why it failed, and matters more.
//
// The terminal is opened first, so that a person without one learns that at once. What start returns with its error has been started in
// part: it is stopped, behind a terminal that has been given back, so that the error is read on one in its usual state.
func Run(limit time.Duration, start func() (Shown, error)) (code int, err error) {
	return RunOn(screen.Open, limit, start)
}

// RunOn is Run on another screen than that of this process's terminal.
func RunOn(open Opener, limit time.Duration, start func() (Shown, error)) (code int, err error) {
	t, err := openTerminal(open)
	if err != nil {
		return 0, &NotStarted{err}
	}
	defer t.close()
	what, err := start()
	if err != nil {
		t.close()
		if what != nil {
			what.Stop(trace.StopError) // the first error is the one to be read
		}
		return 0, &NotStarted{err}
	}
	t.endAfter(limit)
	kept, err := t.show(func() (*tui.Picture, error) { return what.Draw(t) })
	t.tell(func() { leave(kept) })
	code, why := t.reason()
	failed := what.Failed()
	err = errors.Join(err, what.Stop(why))
	t.tell(what.Say)
	if failed != nil {
		err = failed
	}
	return code, err
}

// reason is the verdict, and the same as the word for a Stop event.
func (t *Terminal) reason() (code int, why uint32) {
	switch code, fromOutside := t.verdict(); {
	case code != 0:
		return code, trace.StopSignal
	case fromOutside:
		return 0, trace.StopTime
	}
	return 0, trace.StopAsked
}
