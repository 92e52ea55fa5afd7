package cmd

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"evviz/scenarios"
	"evviz/trace"
	"evviz/tui"
)

// series is the lessons on the screen. Each has a session of its own, because a mechanism may need a fresh loop and a count
// a fresh trace. The lab of a lesson ends with its story, and its picture stays.
type series struct {
	o *labOptions
	c *cobra.Command

	names []string

	mu     sync.Mutex
	at     int
	script *scenarios.Script
	now    *session // nil between two lessons
	closed bool     // the screen has gone
	errs   error
}

// lessonNamed finds the lesson that --lesson names.
func (o *labOptions) lessonNamed() error {
	s, err := scenarios.Load(o.lesson)
	if err == nil && s.Group != scenarios.Lessons {
		err = fmt.Errorf("%w: %q is not a lesson", scenarios.ErrUnknown, o.lesson)
	}
	if err != nil {
		if strings.ContainsAny(o.lesson, "./") {
			return usage("--lesson %q: want the number or the name of a lesson; a file goes with --scenario", o.lesson)
		}
		var names []string
		for _, n := range scenarios.NamesOf(scenarios.Lessons) {
			_, rest, _ := strings.Cut(n, "-")
			names = append(names, rest)
		}
		text := fmt.Sprintf("--lesson %q: there is no such lesson; evviz scenarios lists them", o.lesson)
		if n := nearest(o.lesson, names); n != "" {
			text += fmt.Sprintf("; did you mean %s?", n)
		}
		return usage("%s", text)
	}
	o.scenario = s.Name
	return nil
}

func newSeries(o *labOptions, c *cobra.Command, first *scenarios.Script, s *session) *series {
	l := &series{o: o, c: c, names: scenarios.NamesOf(scenarios.Lessons), script: first, now: s}
	l.at = max(0, slices.Index(l.names, first.Name))
	return l
}

// Card implements tui.Lessons.
func (l *series) Card() (place, title, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	number, _, _ := strings.Cut(l.script.Name, "-")
	return fmt.Sprintf("%s, %d of %d", strings.TrimLeft(number, "0"), l.at+1, len(l.names)), l.script.Title, strings.Join(strings.Fields(l.script.About), " ")
}

// Go implements tui.Lessons.
func (l *series) Go(by int) (tui.View, error) {
	l.mu.Lock()
	at, old := l.at+by, l.now
	if at < 0 || at >= len(l.names) {
		l.mu.Unlock()
		return tui.View{}, fmt.Errorf("there are %d lessons: this is the %s", len(l.names), map[bool]string{true: "first", false: "last"}[at < 0])
	}
	l.now = nil
	l.mu.Unlock()
	if old != nil {
		if err := old.stop(trace.StopAsked); err != nil {
			l.keep(err)
		}
	}
	script, s, err := l.start(l.names[at])
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at = at; script != nil {
		l.script = script
	}
	if err != nil {
		return tui.View{}, err
	}
	if l.closed { // the person has quit meanwhile
		l.mu.Unlock()
		s.stop(trace.StopAsked)
		l.mu.Lock()
		return tui.View{}, errScreenClosed
	}
	l.now = s
	return l.view(s), nil
}

var errScreenClosed = fmt.Errorf("the screen is closed: %w", os.ErrClosed)

func (l *series) view(s *session) tui.View {
	v := tui.View{Feed: s.feed, Lab: &labEnd{s}, Recorder: recorder{s.tee}, Notes: s.flight.orNotes(s.lessonNotes(l.o.changed(l.c) == "")),
		Cost: (&costMeter{loops: s.loopsUsed}).read}
	if s.flight != nil {
		v.Saver = s.flight
	}
	return v
}

// start runs a lesson with the settings of the command line over its own.
func (l *series) start(name string) (*scenarios.Script, *session, error) {
	script, err := scenarios.Load(name)
	if err != nil {
		return nil, nil, err
	}
	o := *l.o
	o.mode, o.trigger = l.o.asked.mode, l.o.asked.trigger
	b, err := o.behaviour(l.c, script)
	if err != nil {
		return script, nil, blamed(l.c, err)
	}
	s, err := newSession(&o, b, script, nil)
	if err != nil {
		return script, nil, err
	}
	s.endsWithStory = true
	s.startFeed()
	if err := s.startClients(o.seed); err != nil {
		s.stop(trace.StopError)
		return script, nil, err
	}
	return script, s, nil
}

func (l *series) keep(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.errs == nil {
		l.errs = err
	}
}

// end is called when the screen has gone; it gives back the session that is to be stopped, nil when there is none.
func (l *series) end() (*session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	s := l.now
	l.now = nil
	return s, l.errs
}

// changed is a flag of the lab's behaviour that was given on the command line, "" when there is none.
func (o *labOptions) changed(c *cobra.Command) string {
	for _, n := range []string{"mode", "trigger", "preset", "param"} {
		if f := c.Flags().Lookup(n); f != nil && f.Changed {
			return n
		}
	}
	var names []string
	for n := range o.knobs {
		if c.Flags().Changed(n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// lessonNotes tells, when a lesson's story is over and everything it did has been read, whether the run was as the lesson
// says. Until then the screen narrates.
func (s *session) lessonNotes(judged bool) func() (string, bool) {
	var words string
	var bad bool
	return func() (string, bool) {
		if words != "" {
			return words, bad
		}
		script, _ := s.traffic()
		if script != nil {
			if _, f := s.failedTraffic(); f != "" {
				return "lesson: " + f, true
			}
		}
		if ended, _ := s.feed.Ended(); !ended {
			return "", false
		}
		words = "the lesson is over; 0 shows all of it, ] goes to the next"
		if !judged || script == nil || len(script.Expect) == 0 {
			return words, false
		}
		list := judge(script.Expect, s.feed.Snapshot())
		met, all := metAll(list)
		words = fmt.Sprintf("%d of %d as expected; %s", met, len(list), words)
		for i := range list {
			if v := &list[i]; !v.Met {
				words = fmt.Sprintf("%s: expected %s, got %s; %s", v.Figure, v.Want, v.got(), words)
				break
			}
		}
		bad = !all
		return words, bad
	}
}
