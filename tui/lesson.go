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
	// Go ends the present lab and starts that of the lesson which is so many places further on. It may take a second, and
	// is called from a separate goroutine, one call at a time.
	Go(by int) (View, error)
	// Open is Go for a lesson by its number or name.
	Open(name string) (View, error)
	// List is all lessons, in their order.
	List() []Lesson
	// Card is what the screen says about the present lesson: where in the series it is, its title, and what to watch. All
	// are "" while there is none.
	Card() (place, title, text string)
	// Answer is what a person has answered to the question of the present stage, "" when it was skipped. The picture goes on.
	Answer(text string)
	// Stage is how far the picture of the present lesson is. It is asked once a frame.
	Stage() Stage
}

// Stage says what of a lesson is to be looked at, as far as that is known.
type Stage struct {
	From   int64 // the moment at which it begins; 0 it has not come
	Halted int64 // the moment at which the picture has stopped; 0 it has not
	Until  int64 // the moment up to which it is to be looked at next; 0 it is not known
	Span   int64 // ns that the window shows, at least
	View   int   // the view that shows it, from 1; 0 any

	Asks string // the question that the picture waits with; "" none
}

// Lesson is a line of the list of lessons.
type Lesson struct {
	Number, Group, Title, About string
	Here                        bool // it is the present one
}

// course goes from lesson to lesson.
type course struct {
	lessons Lessons // nil: there are none
	worker  *worker
	fitted  *timeline.Feed // the lesson whose end was fitted into the window
	dialog  *dialog
	shown   struct { // what of the present lesson the window was put on
		feed                 *timeline.Feed
		begun, halted, asked bool
		until                int64
	}
	stage Stage

	mu      sync.Mutex
	turning bool  // another lesson is on its way
	next    *View // it has come
}

// present reports whether a lesson is shown.
func (c *course) present() bool {
	if c.lessons == nil {
		return false
	}
	place, _, _ := c.lessons.Card()
	return place != ""
}

// turn goes to a lesson so many places further on.
func (c *course) turn(by int) {
	c.change(func() (View, error) { return c.lessons.Go(by) })
}

// begin goes to a lesson by its number or name.
func (c *course) begin(name string) {
	c.change(func() (View, error) { return c.lessons.Open(name) })
}

// choose opens the list of lessons.
func (c *course) choose() {
	list := &chooser{title: "Lessons", help: "Enter starts it in a new lab; what runs now ends"}
	for _, l := range c.lessons.List() {
		if l.Here {
			list.at = len(list.items)
		}
		list.items = append(list.items, item{group: l.Group, name: l.Number, value: l.Title, about: l.About, pick: func() {
			c.dialog.list = nil
			c.begin(l.Number)
		}})
	}
	c.dialog.list = list
}

// names are the numbers of the lessons.
func (c *course) names() (out []string) {
	if c.lessons != nil {
		for _, l := range c.lessons.List() {
			out = append(out, l.Number)
		}
	}
	return out
}

// change goes to another lesson. What it brings is taken over by the next frame, because the screen's state belongs to the
// goroutine that draws.
func (c *course) change(to func() (View, error)) {
	c.mu.Lock()
	busy := c.turning
	c.turning = true
	c.mu.Unlock()
	if busy {
		return
	}
	c.worker.do(func() (string, error) {
		v, err := to()
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
	if !c.present() || c.fitted == feed {
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
		x.feed, x.begun, x.halted, x.asked, x.until = u.source.feed, false, false, false, 0
	}
	st := c.lessons.Stage()
	c.stage = st
	from := st.From
	if from == 0 {
		from = snap.First
	}
	if st.From != 0 && !x.begun {
		x.begun = true
		u.showView(st.View)
	}
	if x.begun && st.Until != x.until && w.frozen == nil {
		if x.until = st.Until; st.Until != 0 {
			w.fitTo(from, st.Until, st.Span)
		}
	}
	if st.Asks != "" && !x.asked && !c.dialog.open() {
		x.asked = true
		c.dialog.quiz = &question{text: st.Asks, done: c.lessons.Answer}
	}
	switch {
	case st.Halted != 0 && !x.halted:
		x.halted = true
		u.showView(st.View)
		if w.frozen == nil {
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

// fitTo makes the live window show the time between two moments, with something on both sides; span is what it shows at least.
func (w *window) fitTo(from, to, span int64) {
	n := max(to-from, 0)
	span = min(max(span, n+n/4, minSpan), maxSpan)
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
	u.dialog.quiz = nil
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
//	 lesson 9b, 16 of 41  Edge: notified once                     stopped at the point: Space goes on, . takes a step
//	An edge-triggered registration notifies when data arrives, and never again for the same data. Watch one wakeup, ...
func (c *course) drawCard(sc *scene, p pane) {
	if !sc.session.lesson || p.h < 1 {
		return
	}
	t := &sc.theme
	place, title, text := c.lessons.Card()
	x := p.put(0, 0, " lesson "+clean(place)+" ", t.message)
	x = p.put(x+1, 0, cut(clean(title), max(p.w-x-1, 0)), t.text.Bold(true))
	if sc.session.stage.Halted != 0 && sc.replay.paused {
		for _, hint := range []string{"stopped at the point: Space goes on, . takes a step", "at the point: Space goes on", "Space goes on"} {
			if x+2+len(hint) < p.w {
				p.put(p.w-len(hint)-1, 0, hint, t.dim)
				break
			}
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
