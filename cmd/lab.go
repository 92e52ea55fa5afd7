package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"evviz/internal/spelling"
	"evviz/lab"
	"evviz/loop"
	"evviz/record"
	"evviz/scenarios"
	"evviz/trace"
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
		s, err := lab.LoadStory(o.scenario, ps...)
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
	run := o.options(b, script)
	if !c.Flags().Changed("span") && o.looks.span == defaultSpan {
		o.looks.span = spanFor(&b)
	}
	if !o.headless {
		return ended(o.screen(c, run).Run())
	}
	h := &lab.Headless{Lab: run, For: o.duration, Out: stdout, Words: os.Stderr, Stuck: stdout.stuck,
		Began: func(serves, address, scenario string) { say("%s on %s, scenario %s", serves, address, scenario) },
		Saved: func(words string, _ bool) { say("%s", words) },
		Said:  func(st record.Status) { say("recorded %d events, %d bytes, to %s", st.Events, st.Bytes, st.Path) },
		After: func(err error) { say("%v", err) }}
	if o.text != "" {
		// Whoever reads the events may have enough of them: that ends the run in good order, with its recording.
		signal.Ignore(syscall.SIGPIPE)
		text := &textSink{w: bufio.NewWriter(stdout), form: o.text, gone: make(chan struct{})}
		h.Out = os.Stderr // standard output carries the events
		run.Wrap, h.Gone, h.Why = text.wrap, text.gone, func() error { return text.err }
	}
	return ended(h.Run())
}

// roundsShown is how many rounds of a polling loop a screen shows at first, at least.
const roundsShown = 4

// spanFor is how much time a screen shows at first when nobody says: of a loop that sleeps for long, as --preset article does, some rounds
// rather than a part of a sleep.
func spanFor(b *loop.Behaviour) time.Duration {
	if b.Driver != trace.DriverSleepPoll {
		return defaultSpan
	}
	return min(max(defaultSpan, roundsShown*b.Interval), 30*time.Minute)
}

// options are the lab that the flags ask for.
func (o *labOptions) options(b loop.Behaviour, script *scenarios.Script) *lab.Options {
	run := &lab.Options{Listen: o.listen, Behaviour: b, Script: script, Seed: o.seed, MaxConns: o.maxConns, Remote: o.remote,
		Ring: o.ring, Memory: lab.Memory(o.memory), Record: o.record, RecordOver: o.force, Findings: o.findings}
	if o.flight.on {
		run.Flight = o.flight.options()
	}
	return run
}

// screen is the lab on a screen. Each lesson runs with its own settings, and those of the command line over them.
func (o *labOptions) screen(c *cobra.Command, run *lab.Options) *lab.Screen {
	s := &lab.Screen{Lab: run, For: o.duration, Looks: o.looks.options(),
		Said: func(st record.Status) {
			say("recorded %d events, %d bytes, to %s; look at it with: evviz replay %s", st.Events, st.Bytes, st.Path, st.Path)
		}}
	s.Lesson = o.lesson != ""
	s.Lessons = &lab.LessonOptions{Judged: o.changed(c) == "", Explain: func(err error) error { return blamed(c, notStarted(err)) },
		Options: func(script *scenarios.Script) (*lab.Options, error) {
			next := *o
			next.mode, next.trigger = o.asked.mode, o.asked.trigger
			next.record = "" // one file holds one run: the first
			b, err := next.behaviour(c, script)
			if err != nil {
				return nil, blamed(c, err)
			}
			return next.options(b, script), nil
		}}
	return s
}

// limits holds single flags against what is possible.
func (o *labOptions) limits() error {
	switch {
	case o.remote && o.listen == "":
		return usage("--allow-remote goes with --listen")
	case o.text != "" && !o.headless:
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
	lab.Memory(o.memory).Enforce()
	return o.reachable()
}

func (o *labOptions) scenarioError(err error) error {
	if n := spelling.Nearest(o.scenario, scenarios.Names()); n != "" && errors.Is(err, scenarios.ErrUnknown) && !strings.ContainsAny(o.scenario, "./") {
		err = fmt.Errorf("%w; did you mean %s?", err, n)
	}
	return scriptError(err)
}
