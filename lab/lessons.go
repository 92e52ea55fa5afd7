package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"evviz/figures"
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

// newLessons begins with a lesson whose lab runs already.
func newLessons(o *LessonOptions, first *scenarios.Script, s *Session) *lessonSeries {
	l := &lessonSeries{LessonOptions: *o, names: scenarios.NamesOf(scenarios.Lessons), script: first, now: s}
	l.at = max(0, slices.Index(l.names, first.Name))
	return l
}

// Card implements tui.Lessons.
func (l *lessonSeries) Card() (place, title, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%s, %d of %d", numberOf(l.script.Name), l.at+1, len(l.names)), l.script.Title, strings.Join(strings.Fields(l.script.About), " ")
}

// numberOf is a lesson's number as people write it: 9b.
func numberOf(name string) string {
	number, _, _ := strings.Cut(name, "-")
	return strings.TrimLeft(number, "0")
}

// Stage implements tui.Lessons.
func (l *lessonSeries) Stage() (t tui.Stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == nil || l.now.slow == nil {
		return t
	}
	t.From, t.Halted = l.now.slow.From(), l.now.slow.Halted()
	t.Span, t.View = int64(l.script.Watch.Span), l.script.Watch.View
	return t
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
	o.EndsWithStory = true
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

// lessonNotes tells, when a lesson's story is over and everything it did has been read, whether the run was as the lesson
// says. Until then the screen narrates.
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
		if ended, _ := s.Feed.Ended(); !ended {
			return "", false
		}
		words = "the lesson is over; 0 shows all of it, ] goes to the next"
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
