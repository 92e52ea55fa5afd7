package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"evviz/docs/modes"
	"evviz/export"
	"evviz/loop"
	"evviz/record"
	"evviz/scenarios"
	"evviz/trace"
	"evviz/tui"
	"evviz/words"
)

// run is the lab: checked wholly before anything starts, then with a screen or without.
func (o *labOptions) run(c *cobra.Command) error {
	cfg, err := settle(c)
	if err != nil {
		return err
	}
	if err := o.looks.check(cfg); err != nil {
		return err
	}
	if o.lesson != "" {
		if c.Flags().Changed("scenario") {
			return usage("--lesson and --scenario are both client traffic: choose one")
		}
		if err := o.lessonNamed(); err != nil {
			return err
		}
	}
	o.asked.mode, o.asked.trigger = o.mode, o.trigger
	var script *scenarios.Script
	if o.scenario != "none" {
		ps, err := parseParams(o.params)
		if err != nil {
			return err
		}
		s, err := loadStory(o.scenario, ps...)
		if err != nil {
			return together(c, o.scenarioError(err), []string{"scenario", "param"})
		}
		script = s
	}
	b, err := o.behaviour(c, script)
	if err != nil {
		return err
	}
	if o.findings, err = settings(o.thresholds); err != nil {
		return err
	}
	if err := o.flight.check(c, o.headless); err != nil {
		return err
	}
	if err := o.limits(); err != nil {
		return err
	}

	if words := o.idle(c, &b); words != "" {
		say("%s", words)
	}
	var text *textSink
	var wrap func(trace.Source) trace.Source
	if o.text {
		// Whoever reads the events may have enough of them: that ends the run in good order, with its recording.
		signal.Ignore(syscall.SIGPIPE)
		text = &textSink{w: bufio.NewWriter(stdout), gone: make(chan struct{})}
		wrap, o.printed = text.wrap, text
	}
	if !o.headless {
		return o.runScreen(c, b, script)
	}
	sigs, undo := watchSignals() // before there is a recording that a signal would leave open
	defer undo()
	s, err := newSession(o, b, script, wrap)
	if err != nil {
		return err
	}
	if err := o.startRecording(s); err != nil {
		s.stop(trace.StopError)
		return err
	}
	return o.runHeadless(s, sigs)
}

// limits holds single flags against what is possible.
func (o *labOptions) limits() error {
	switch {
	case o.remote && o.listen == "":
		return usage("--allow-remote goes with --listen")
	case o.text && !o.headless:
		return usage("--text goes with --headless: the screen lists the events below the lanes")
	case o.force && o.record == "":
		return usage("--force goes with --record: it replaces the recording that is there")
	case o.duration < 0:
		return usage("--for %v: a time cannot be negative", o.duration)
	case o.maxConns < 1:
		return usage("--max-connections %d: want 1 at least", o.maxConns)
	case o.ring < 64 || o.ring > 1<<24:
		return usage("--ring %d: want a number from 64 to %d", o.ring, 1<<24)
	}
	o.memory.enforce()
	return o.reachable()
}

func (o *labOptions) scenarioError(err error) error {
	if n := nearest(o.scenario, scenarios.Names()); n != "" && errors.Is(err, scenarios.ErrUnknown) && !strings.ContainsAny(o.scenario, "./") {
		err = fmt.Errorf("%w; did you mean %s?", err, n)
	}
	return scriptError(err)
}

func (o *labOptions) startRecording(s *session) error {
	if o.record == "" {
		return nil
	}
	start := s.tee.Start
	if o.force {
		start = s.tee.StartOver
	}
	if err := start(o.record); err != nil {
		return env(takenName(err, true))
	}
	return nil
}

// runHeadless runs until the time is over, the scenario has ended, the loop has, or a signal comes; then it prints the
// summary.
func (o *labOptions) runHeadless(s *session, sigs <-chan os.Signal) error {
	serve, addr, scenario := (&labEnd{s}).Describe()
	if scenario == "" {
		scenario = "none"
	}
	within(closesWithin, func() { say("%s on %s, scenario %s", serve, addr, scenario) }) // signals are not looked at yet
	s.endsWithStory = o.duration == 0
	s.flight.listen(func(words string, _ bool) { say("%s", words) })
	s.startFeed()
	if err := s.startClients(o.seed); err != nil {
		s.stop(trace.StopError)
		return env(err)
	}
	var after <-chan time.Time
	if o.duration > 0 {
		t := time.NewTimer(o.duration)
		defer t.Stop()
		after = t.C
	}
	var ended <-chan struct{}
	if _, c := s.traffic(); c != nil && o.duration == 0 {
		ended = c.done
	}
	says := &operator{w: os.Stderr, feed: s.feed}
	enough, silent := make(chan struct{}), make(chan struct{})
	spawn(func() {
		defer close(silent)
		says.listen(enough)
	})
	var unread <-chan struct{}
	if o.printed != nil {
		unread = o.printed.gone
	}
	var unprinted error
	why, code := uint32(trace.StopTime), 0
	select {
	case <-after:
	case <-ended:
		why = trace.StopAsked
	case <-s.loop.Done():
		why = trace.StopAsked
	case <-unread:
		why = trace.StopError
		if errors.Is(o.printed.err, syscall.EPIPE) { // whoever read them had enough
			why, code = trace.StopSignal, signalCode(syscall.SIGPIPE)
		} else {
			unprinted = fmt.Errorf("print the events: %w", o.printed.err)
		}
	case sig := <-sigs:
		why, code = trace.StopSignal, signalCode(sig)
	}
	over := make(chan struct{})
	defer close(over)
	spawn(func() { endHeadless(sigs, over, func() { s.tee.Stop() }, code) })
	script, failed := s.failedTraffic()
	recErr := s.tee.Status().Err
	err := s.stop(why)
	var printed error
	report := func() {
		close(enough)
		<-silent
		says.tell()
		out := io.Writer(stdout)
		if o.text {
			out = os.Stderr // standard output carries the events
		}
		printed = export.Summary(out, s.feed.Snapshot(), o.findings)
		if st := s.tee.Status(); st.Path != "" && st.Err == nil {
			say("recorded %s, %s, to %s", words.Count(st.Events, "event"), words.Bytes(st.Bytes), st.Path)
		}
	}
	if code != 0 { // nobody may read it
		within(closesWithin, report)
	} else if report(); err == nil {
		err = printed
	}
	switch {
	case failed != "":
		return failure(fmt.Errorf("scenario %s: %s", script, failed))
	case unprinted != nil:
		return failure(errors.Join(unprinted, err))
	case recErr != nil:
		return failure(fmt.Errorf("recording ended early: %w", recErr))
	case err != nil && (code == 0 || s.tee.Status().Err != nil):
		return failure(err)
	case code != 0:
		if err != nil {
			say("%v", err)
		}
		return quiet(code)
	}
	return nil
}

// runScreen shows the lab. The terminal is opened before the server, so that a person without one is told at once, and the
// server before the screen is drawn, so that "address already in use" is read on a terminal in its usual state.
func (o *labOptions) runScreen(c *cobra.Command, b loop.Behaviour, script *scenarios.Script) error {
	on, err := openScreen()
	if err != nil {
		return env(err)
	}
	defer on.close()

	s, err := newSession(o, b, script, nil)
	if err != nil {
		return err
	}
	if err := o.startRecording(s); err != nil {
		s.stop(trace.StopError)
		return err
	}
	s.endsWithStory = o.lesson != ""
	s.startFeed()
	if err := s.startClients(o.seed); err != nil {
		s.stop(trace.StopError)
		return env(err)
	}
	on.endAfter(o.duration) // when the loop has ended by itself the screen stays: its last picture is what one wants to see
	meter := &costMeter{loops: s.loopsUsed}
	show := tui.Options{Feed: s.feed, Lab: &labEnd{s}, Recorder: recorder{s.tee},
		Screen: on.screen, Go: spawn, Stop: on.stop, Jobs: on.jobs, Notes: s.flight.orNotes(s.notes), ModePage: modes.Page, Findings: o.findings, Cost: meter.read}
	o.looks.put(&show)
	if s.flight != nil {
		show.Saver = s.flight
	}
	var lessons *series
	if o.lesson != "" {
		lessons = newSeries(o, c, script, s)
		show.Lessons, show.Notes = lessons, lessons.view(s).Notes
	}
	kept, err := on.show(func() (*tui.Picture, error) { return tui.Run(show) })
	on.tell(func() { leave(kept) })
	code, _ := on.verdict()
	if lessons != nil {
		last, e := lessons.end()
		if err == nil {
			err = e
		}
		if s = last; s == nil { // between two lessons: the one is stopped, the other stops itself
			if err == nil && code != 0 {
				return quiet(code)
			}
			return err
		}
	}
	story, failed := s.failedTraffic()
	why := uint32(trace.StopAsked)
	if code != 0 {
		why = trace.StopSignal
	}
	if e := s.stop(why); err == nil && e != nil {
		err = e
	}
	if st := s.tee.Status(); st.Path != "" && st.Err == nil {
		on.tell(func() {
			say("recorded %s, %s, to %s; look at it with: evviz replay %s", words.Count(st.Events, "event"), words.Bytes(st.Bytes), st.Path, st.Path)
		})
	}
	switch {
	case failed != "":
		return failure(fmt.Errorf("scenario %s: %s", story, failed))
	case err != nil:
		return failure(err)
	case code != 0:
		return quiet(code)
	}
	return nil
}

// notes is what the screen should know of the clients and the server.
func (s *session) notes() (string, bool) {
	select {
	case <-s.loop.Done():
		if err := s.loop.Err(); err != nil {
			return "the server has ended: " + err.Error(), true
		}
		return "the server has ended", false
	default:
	}
	if _, f := s.failedTraffic(); f != "" {
		return "scenario: " + f, true
	}
	return "", false
}

// textSink prints events as they are read.
type textSink struct {
	w    *bufio.Writer
	gone chan struct{} // closed when they cannot be written any more
	once sync.Once
	err  error // why not; read when gone is closed
}

func (t *textSink) wrap(src trace.Source) trace.Source {
	info := src.Info()
	t.w.Write(record.AppendTextHead(nil, &info)) // an error stays, and comes with Flush
	return &textSource{Source: src, t: trace.NewTextWriter(t.w), sink: t}
}

type textSource struct {
	trace.Source
	t    *trace.TextWriter
	sink *textSink
}

func (s *textSource) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := s.Source.Read(ctx, buf)
	if e := s.t.Write(buf[:n]); e == nil {
		s.t.Flush()
	}
	if e := s.sink.w.Flush(); e != nil {
		s.sink.once.Do(func() {
			s.sink.err = e
			close(s.sink.gone)
		})
	}
	return n, err
}
