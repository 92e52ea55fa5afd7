package lab

import (
	"errors"
	"fmt"
	"time"

	"evviz/docs/modes"
	"evviz/record"
	"evviz/scenarios"
	"evviz/show"
	"evviz/tui"
)

// Screen is a lab on a screen.
type Screen struct {
	Lab     *Options
	Lessons *LessonOptions      // nil: none can be had
	Lesson  bool                // it begins with one, which is Lab's script
	For     time.Duration       // ends it; 0: a person does
	Looks   tui.Options         // the parts that a person chooses
	Said    func(record.Status) // says where its recording is, when there is one
}

// Run runs it; see show.Run for what is returned.
func (o *Screen) Run() (code int, err error) { return show.Run(o.For, o.start) }

func (o *Screen) start() (show.Shown, error) {
	if o.Lesson {
		o.Lab.EndsWithStory, o.Lab.Slow = true, record.NewSlow(SlowOf(o.Lab.Script))
	}
	s, err := Begin(o.Lab)
	if s == nil {
		return nil, err
	}
	v := &shownLab{Screen: o, first: s, last: s}
	if o.Lessons != nil {
		var first *scenarios.Script
		if o.Lesson {
			first = o.Lab.Script
		}
		v.lessons = newLessons(o.Lessons, first, s)
	}
	return v, err
}

// shownLab is a lab while it is shown. When its server has ended by itself the screen stays: its last picture is what one wants to see.
type shownLab struct {
	*Screen
	first   *Session
	last    *Session      // of the last lesson, once the screen has closed; nil: between two of them
	lessons *lessonSeries // nil: none are shown
	failed  error         // of a lesson before the last
}

func (v *shownLab) Draw(t *show.Terminal) (*tui.Picture, error) {
	o := v.Looks
	t.Put(&o)
	v.first.Put(&o, v.first.notes)
	o.Lab, o.ModePage = &control{v.first}, modes.Page
	if v.lessons != nil {
		o.Lessons = v.lessons
		if v.Lesson {
			x := v.lessons.view(v.first)
			o.Notes, o.Feed = x.Notes, x.Feed
		}
	}
	return tui.Run(o)
}

func (v *shownLab) Failed() error {
	if v.lessons != nil {
		v.last, v.failed = v.lessons.end()
	}
	if v.last == nil { // the one lesson is stopped, the other stops itself
		return nil
	}
	return v.last.failure()
}

func (v *shownLab) Stop(why uint32) error {
	if v.last == nil {
		return v.failed
	}
	return errors.Join(v.failed, v.last.Stop(why))
}

func (v *shownLab) Say() {
	if v.last == nil {
		return
	}
	if st := v.last.Tee.Status(); st.Path != "" && st.Err == nil {
		v.Said(st)
	}
}

// failure is why the present scenario has failed; nil when it has not.
func (s *Session) failure() error {
	if name, why := s.FailedTraffic(); why != "" {
		return fmt.Errorf("scenario %s: %s", name, why)
	}
	return nil
}

// notes is what the screen should know of the clients and the server.
func (s *Session) notes() (string, bool) {
	select {
	case <-s.loop.Done():
		if err := s.loop.Err(); err != nil {
			return "the server has ended: " + err.Error(), true
		}
		return "the server has ended", false
	default:
	}
	if _, f := s.FailedTraffic(); f != "" {
		return "scenario: " + f, true
	}
	return "", false
}
