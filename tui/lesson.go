package tui

import (
	"strings"
	"sync"

	"evviz/timeline"
)

// View is what a screen shows and acts on. It can be exchanged while the screen is open: each lesson has a lab of its own.
type View struct {
	Feed     *timeline.Feed
	Lab      Lab
	Recorder Recorder
	Notes    func() (string, bool)
	Saver    Saver
	Cost     func() (cores float64, known bool)
}

// Lessons lead through a series of labs. A nil Lessons means there are none: their keys are greyed out.
type Lessons interface {
	// Go ends the lab of the present lesson and starts that of the one which is so many places further on. It may take a
	// second, and is called from a goroutine of its own, one call at a time.
	Go(by int) (View, error)
	// Card is what the screen says about the present lesson: where in the series it is, its title, and what to watch.
	Card() (place, title, text string)
	// Stage is how far the picture of the present lesson is. It is asked once a frame.
	Stage() Stage
}

// Stage says what of a lesson is to be looked at, as far as that is known.
type Stage struct {
	From   int64 // the moment at which it begins; 0 it has not come
	Halted int64 // the moment at which the picture has stopped; 0 it has not
	Span   int64 // ns that the window shows then, at least
	View   int   // the view that shows it, from 1; 0 any
}

// course goes from lesson to lesson.
type course struct {
	lessons Lessons // nil: there are none
	worker  *worker
	fitted  *timeline.Feed // the lesson whose end was fitted into the window
	shown   struct {       // what of the present lesson the window was put on
		feed          *timeline.Feed
		begun, halted bool
	}
	stage Stage

	mu      sync.Mutex
	turning bool  // another lesson is on its way
	next    *View // it has come
}

// turn goes to another lesson. What it brings is taken over by the next frame, because the screen's state belongs to the
// goroutine that draws.
func (c *course) turn(by int) {
	c.mu.Lock()
	busy := c.turning
	c.turning = true
	c.mu.Unlock()
	if busy {
		return
	}
	c.worker.do(func() (string, error) {
		v, err := c.lessons.Go(by)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.turning = false
		if err == nil {
			c.next = &v
		}
		return "", err
	})
}

// take is what a turn has brought, nil when none has since it was asked last.
func (c *course) take() *View {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.next
	c.next = nil
	return v
}

// over reports, once for each lesson, that it has come to its end.
func (c *course) over(feed *timeline.Feed) bool {
	if c.lessons == nil || c.fitted == feed {
		return false
	}
	if ended, _ := feed.Ended(); !ended {
		return false
	}
	c.fitted = feed
	return true
}

// follow puts the window on what a lesson shows: where that begins, and where the picture stops, once each, so that a person may look elsewhere.
func (c *course) follow(u *ui, snap *timeline.Snapshot) {
	if c.lessons == nil {
		return
	}
	w, x := &u.window, &c.shown
	if x.feed != u.source.feed {
		x.feed, x.begun, x.halted = u.source.feed, false, false
	}
	st := c.lessons.Stage()
	c.stage = st
	from := st.From
	if from == 0 {
		from = snap.First
	}
	if st.From != 0 && !x.begun {
		x.begun = true
		if st.Span != 0 {
			w.span = min(max(st.Span, minSpan), maxSpan)
			w.begin = from - w.span/lessonBefore
		}
		u.showView(st.View)
	}
	switch {
	case st.Halted != 0 && !x.halted:
		x.halted = true
		u.showView(st.View)
		if w.frozen == nil {
			w.fitTo(from, st.Halted, st.Span)
			w.cursor = st.Halted
		}
	case x.halted && w.cursor == st.Halted && !u.source.paused() && u.source.pauser != nil:
		w.cursor = 0 // it goes on
	}
}

// stands reports whether a snapshot is of the moment at which the lesson stops.
func (c *course) stands(snap *timeline.Snapshot) bool {
	return c.lessons != nil && c.stage.Halted != 0 && snap.Now <= c.stage.Halted
}

// lessonBefore is which part of the window is to be seen of the time before.
const lessonBefore = 10

// showView shows a view by its number, from 1; 0 the one that is shown.
func (u *ui) showView(n int) {
	if v := viewID(n - 1); n > 0 && v < viewCount && v != u.views.at {
		u.views.show(v)
	}
}

// fitTo makes the window show the time between two moments, with something on both sides; span is what it shows at least.
func (w *window) fitTo(from, to, span int64) {
	n := max(to-from, 0)
	span = min(max(span, n+n/4, minSpan), maxSpan)
	if span == w.span && from >= w.begin && to < w.begin+w.span && w.begin != 0 {
		return // it is in sight
	}
	w.span, w.begin = span, from-min((span-n)/2, span/lessonBefore)
}

// takeOver makes the screen show what another lesson has brought.
func (u *ui) takeOver() {
	v := u.course.take()
	if v == nil {
		return
	}
	u.source.open(v.Feed)
	u.controls.lab, u.recording.recorder, u.recording.saver = v.Lab, v.Recorder, v.Saver
	u.notes, u.cost = v.Notes, v.Cost
	u.window.viewport, u.window.anchor, u.window.round = viewport{span: u.first}, 0, [2]int64{}
	u.views.show(viewTimeline)
	u.history = history{}
	u.steps.stop()
	u.selected = selection{pane: u.selected.pane}
	u.lanes.forget()
	u.events.rows, u.findings.top = nil, 0
	u.views.bodies[viewTimeline] = u.timeline() // a lab of its own needs rows of its own
	u.checker.forget()
	u.memo.touched()
}

// cardRows is how many rows the lesson's text gets.
const cardRows = 3

// drawCard tells what the lesson is about, in as many rows as there are.
//
//	 lesson 13 of 36  Edge: the milkman rings once
//	An edge-triggered doorbell rings when milk is put down and never again for the same milk. Watch one ring, ...
func (c *course) drawCard(sc *scene, p pane) {
	if c.lessons == nil || p.h < 1 {
		return
	}
	t := &sc.theme
	place, title, text := c.lessons.Card()
	x := p.put(0, 0, " lesson "+clean(place)+" ", t.message)
	x = p.put(x+1, 0, cut(clean(title), max(p.w-x-1, 0)), t.text.Bold(true))
	if c.stage.Halted != 0 && sc.replay.paused {
		if hint := "stopped at the point: Space goes on, . takes a step"; x+2+len(hint) < p.w {
			p.put(p.w-len(hint)-1, 0, hint, t.dim)
		}
	}
	for i, line := range wrapped(clean(text), p.w-2) {
		if i+1 >= p.h {
			break
		}
		p.put(1, i+1, line, t.text)
	}
}

// wrapped breaks a text into lines of at most w columns; its words are short.
func wrapped(s string, w int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > w {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
