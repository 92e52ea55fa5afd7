package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"evviz/figures"
	"evviz/record"
	"evviz/scenarios"
	"evviz/trace"
	"evviz/tui"
)

// lessonSeries is the lessons on the screen. Each has a session of its own, because a mechanism may need a fresh loop and a count
// a fresh trace. The lab of a lesson ends with its story, and its picture stays.
type lessonSeries struct {
	LessonOptions

	names []string

	mu     sync.Mutex
	at     int
	script *scenarios.Script
	now    *Session // nil between two lessons
	closed bool     // the screen has gone
	errs   error
}

// LessonOptions say how a lesson is run.
type LessonOptions struct {
	Options func(*scenarios.Script) (*Options, error) // what the lab of a story is
	Judged  bool                                      // with the lesson's own settings, so that what it expects can be held against it
	Explain func(error) error                         // adds to why a lab could not be started what can be done about it
}

// newLessons are the lessons, beginning with one whose lab runs already, or with a lab that is none: then first is nil.
func newLessons(o *LessonOptions, first *scenarios.Script, s *Session) *lessonSeries {
	l := &lessonSeries{LessonOptions: *o, names: scenarios.NamesOf(scenarios.Lessons), at: -1, script: first, now: s}
	if first != nil {
		l.at = max(0, slices.Index(l.names, first.Name))
	}
	return l
}

// Card implements tui.Lessons.
func (l *lessonSeries) Card() (place, title, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.script == nil {
		return "", "", ""
	}
	return fmt.Sprintf("%s, %d of %d", scenarios.NumberOf(l.script.Name), l.at+1, len(l.names)), l.script.Title, strings.Join(strings.Fields(l.script.About), " ")
}

// Stage implements tui.Lessons.
func (l *lessonSeries) Stage() (t tui.Stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.script == nil || l.now == nil || l.now.slow == nil {
		return t
	}
	t.From, t.Until, t.Halted = l.now.slow.From(), l.now.slow.Until(), l.now.slow.Halted()
	t.Span, t.View = int64(l.script.Watch.Span), l.script.Watch.View
	if l.script.Ask != nil && l.now.slow.Asks() {
		t.Asks = l.script.Ask.Ask
	}
	return t
}

// Answer implements tui.Lessons.
func (l *lessonSeries) Answer(text string) {
	l.mu.Lock()
	s := l.now
	l.mu.Unlock()
	if s != nil && s.slow != nil {
		s.guess.Store(&text)
		s.slow.Pause(false)
	}
}

// List implements tui.Lessons.
func (l *lessonSeries) List() []tui.Lesson {
	l.mu.Lock()
	here := l.at
	l.mu.Unlock()
	out := lessonList()
	if here >= 0 && here < len(out) {
		out[here].Here = true
	}
	return out
}

// Open implements tui.Lessons.
func (l *lessonSeries) Open(name string) (tui.View, error) {
	full, err := scenarios.Lesson(name)
	if err != nil {
		return tui.View{}, err
	}
	l.mu.Lock()
	by := slices.Index(l.names, full) - l.at
	l.mu.Unlock()
	return l.Go(by)
}

// Go implements tui.Lessons.
func (l *lessonSeries) Go(by int) (tui.View, error) {
	l.mu.Lock()
	at, old := l.at+by, l.now
	if at < 0 || at >= len(l.names) {
		l.mu.Unlock()
		return tui.View{}, fmt.Errorf("there are %d lessons: this is the %s", len(l.names), map[bool]string{true: "first", false: "last"}[at < 0])
	}
	l.now = nil
	l.mu.Unlock()
	if old != nil {
		if err := old.Stop(trace.StopAsked); err != nil {
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
		s.Stop(trace.StopAsked)
		l.mu.Lock()
		return tui.View{}, errScreenClosed
	}
	l.now = s
	return l.view(s), nil
}

var errScreenClosed = fmt.Errorf("the screen is closed: %w", os.ErrClosed)

func (l *lessonSeries) view(s *Session) tui.View {
	v := s.View(s.lessonNotes(l.Judged))
	v.Lab = &control{s}
	if f := s.slowFeed(); f != nil {
		v.Feed = f
	}
	return v
}

// start runs a lesson.
func (l *lessonSeries) start(name string) (*scenarios.Script, *Session, error) {
	script, err := scenarios.Load(figures.Stories{}, name)
	if err != nil {
		return nil, nil, err
	}
	o, err := l.Options(script)
	if err != nil {
		return script, nil, err
	}
	o.EndsWithStory, o.Slow = true, record.NewSlow(SlowOf(script))
	s, err := Begin(o)
	if err != nil {
		if s != nil {
			s.Stop(trace.StopError)
		}
		return script, nil, l.Explain(err)
	}
	return script, s, nil
}

func (l *lessonSeries) keep(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.errs == nil {
		l.errs = err
	}
}

// end is called when the screen has gone; it gives back the session that is to be stopped, nil when there is none.
func (l *lessonSeries) end() (*Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	s := l.now
	l.now = nil
	return s, l.errs
}

// lessonNotes says, when the picture has come to where the lesson stops, what the answer to its question is, and at its end whether the run was as
// the lesson says. In between the screen narrates.
func (s *Session) lessonNotes(judged bool) func() (string, bool) {
	var words string
	var bad bool
	return func() (string, bool) {
		if words != "" {
			return words, bad
		}
		script, _ := s.Traffic()
		if script != nil {
			if _, f := s.FailedTraffic(); f != "" {
				return "lesson: " + f, true
			}
		}
		shown := s.Feed
		if s.slid != nil {
			shown = s.slid
		}
		if ended, _ := shown.Ended(); !ended {
			return s.reveal(script), false
		}
		words = "the lesson is over; 0 shows all of it, ] goes to the next, e lists them"
		if !judged || script == nil || len(script.Expect) == 0 {
			return words, false
		}
		list := Judge(script.Expect, s.Feed.Snapshot())
		met, all := MetAll(list)
		words = fmt.Sprintf("%d of %d as expected; %s", met, len(list), words)
		for i := range list {
			if v := &list[i]; !v.Met {
				words = fmt.Sprintf("%s: expected %s, got %s; %s", v.Figure, v.Want, v.Words(), words)
				break
			}
		}
		bad = !all
		return words, bad
	}
}

// reveal is the answer to the question of a lesson that has come to where it stops, "" before.
func (s *Session) reveal(script *scenarios.Script) string {
	if script == nil || script.Ask == nil || s.slow == nil || s.slow.Halted() == 0 {
		return ""
	}
	if over, _ := s.Feed.Ended(); !over { // the number is of the whole run
		return ""
	}
	guess := ""
	if g := s.guess.Load(); g != nil {
		guess = *g
	}
	return Answer(script.Ask, s.Feed.Snapshot(), guess)
}
