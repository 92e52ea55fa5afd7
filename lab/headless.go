package lab

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"evviz/export"
	"evviz/record"
	"evviz/show"
	"evviz/trace"
)

// Headless is a lab without a screen.
type Headless struct {
	Lab *Options
	For time.Duration // ends it; 0: its story does, or its server

	Out   io.Writer                              // takes the summary
	Words io.Writer                              // takes what the server says to its operator
	Stuck func() bool                            // reports whether the output is not read
	Began func(serves, address, scenario string) // says what runs
	Saved func(words string, bad bool)           // says what of the last seconds has been saved
	Said  func(record.Status)                    // says where the recording is
	After func(error)                            // says what went wrong at the end that a signal has asked for
	Gone  <-chan struct{}                        // closed when the events cannot be printed any more; nil: they are not printed
	Why   func() error                           // why not, once Gone is closed
}

// Run runs it until the time is over, the scenario has ended, the server has, or a signal comes; then it writes the summary. The code is
// the exit code that a signal asks for, 0 without one; the error is why the run failed, a *show.NotStarted when nothing ran.
func (h *Headless) Run() (code int, err error) {
	sigs, undo := show.WatchSignals() // before there is a recording that a signal would leave open
	defer undo()
	h.Lab.EndsWithStory = h.For == 0
	s, err := h.begin()
	if err != nil {
		if s != nil {
			s.Stop(trace.StopError) // the first error is the one to be read
		}
		return 0, &show.NotStarted{Err: err}
	}
	words := listen(h.Words, s.Feed)
	why, code, unprinted := h.wait(s, sigs)
	over := make(chan struct{})
	defer close(over)
	show.Go(func() { h.endHeadless(sigs, over, func() { s.Tee.Stop() }, code) })
	failed := s.failure()
	recErr := s.Tee.Status().Err
	err = s.Stop(why)
	var printed error
	report := func() {
		words.end()
		printed = export.Summary(h.Out, s.Feed.Snapshot(), h.Lab.Findings)
		if q := h.Lab.Script.Question(); q != nil && printed == nil {
			_, printed = fmt.Fprintf(h.Out, "\nquestion: %s\nanswer: %s\n", q.Ask, Answer(q, s.Feed.Snapshot(), ""))
		}
		if st := s.Tee.Status(); st.Path != "" && st.Err == nil {
			h.Said(st)
		}
	}
	if code != 0 { // nobody may read it
		show.Within(show.ClosesWithin, report)
	} else if report(); err == nil {
		err = printed
	}
	switch {
	case failed != nil:
		return code, failed
	case unprinted != nil:
		return code, errors.Join(unprinted, err)
	case recErr != nil:
		return code, fmt.Errorf("recording ended early: %w", recErr)
	case err != nil && code != 0 && s.Tee.Status().Err == nil:
		h.After(err)
		return code, nil
	}
	return code, err
}

// begin starts the lab, and says what it is before its first event.
func (h *Headless) begin() (*Session, error) {
	s, err := New(h.Lab)
	if err != nil {
		return nil, err
	}
	if err := s.Record(h.Lab); err != nil {
		return s, err
	}
	serves, address, scenario := (&control{s}).Describe()
	if scenario == "" {
		scenario = "none"
	}
	show.Within(show.ClosesWithin, func() { h.Began(serves, address, scenario) }) // signals are not looked at yet
	s.Flight.Listen(h.Saved)
	return s, s.Start()
}

// wait waits for what ends the run: why is the word for its Stop event, code what a signal asks for, and unprinted why the events cannot be
// printed any more.
func (h *Headless) wait(s *Session, sigs <-chan os.Signal) (why uint32, code int, unprinted error) {
	var after <-chan time.Time
	if h.For > 0 {
		t := time.NewTimer(h.For)
		defer t.Stop()
		after = t.C
	}
	var ended <-chan struct{}
	if _, c := s.Traffic(); c != nil && h.For == 0 {
		ended = c.Done()
	}
	select {
	case <-after:
		return trace.StopTime, 0, nil
	case <-ended:
		return trace.StopAsked, 0, nil
	case <-s.Loop().Done():
		return trace.StopAsked, 0, nil
	case <-h.Gone:
		if err := h.Why(); !errors.Is(err, syscall.EPIPE) {
			return trace.StopError, 0, fmt.Errorf("print the events: %w", err)
		}
		return trace.StopSignal, show.SignalCode(syscall.SIGPIPE), nil // whoever read them had enough
	case sig := <-sigs:
		return trace.StopSignal, show.SignalCode(sig), nil
	}
}
