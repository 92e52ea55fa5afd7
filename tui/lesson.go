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
}

// course goes from lesson to lesson.
type course struct {
	lessons Lessons // nil: there are none
	worker  *worker
	fitted  *timeline.Feed // the lesson whose end was fitted into the window

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
	p.put(x+1, 0, cut(clean(title), max(p.w-x-1, 0)), t.text.Bold(true))
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
