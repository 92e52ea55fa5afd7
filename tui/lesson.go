package tui

import (
	"strings"

	"evviz/timeline"
	"evviz/trace"
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

// cardRows is how many rows the lesson's text gets.
const cardRows = 3

// turn goes to another lesson. What it brings is taken over by the next frame, because the screen's state belongs to the
// goroutine that draws.
func (u *ui) turn(by int) {
	u.mu.Lock()
	busy := u.turning
	u.turning = true
	u.mu.Unlock()
	if busy {
		return
	}
	u.ask(func() (string, error) {
		v, err := u.opt.Lessons.Go(by)
		u.mu.Lock()
		defer u.mu.Unlock()
		u.turning = false
		if err == nil {
			u.next = &v
		}
		return "", err
	})
}

// takeOver makes the screen show what a turn has brought.
func (u *ui) takeOver() {
	u.mu.Lock()
	v := u.next
	u.next = nil
	u.mu.Unlock()
	if v == nil {
		return
	}
	u.opt.Feed, u.opt.Lab, u.opt.Recorder, u.opt.Notes, u.opt.Saver, u.opt.Cost = v.Feed, v.Lab, v.Recorder, v.Notes, v.Saver, v.Cost
	u.place, u.listed = place{view: u.view, span: u.opt.firstSpan()}, listed{}
	u.anchor, u.undos, u.auto.on = 0, nil, false
	u.bodies[viewTimeline] = &timelineView{} // a lab of its own needs rows of its own
	u.judged = judged{}
	u.abilities()
	u.presses++
}

// replay is what a source can do besides being read, and what is made of it. A nil means that it cannot.
type replay struct {
	pauser     trace.Pauser
	stepper    trace.Stepper
	speeder    trace.Speeder
	seeker     trace.Seeker
	positioner trace.Positioner
	atEnd      interface{ AtEnd() bool }
	looped     [2]int64 // the range that it goes round in; 0 none
}

// abilities finds out what the source can do besides being read.
func (u *ui) abilities() {
	u.replay = replay{}
	for src := u.opt.Feed.Source(); src != nil; {
		if p, ok := src.(trace.Pauser); ok && u.pauser == nil {
			u.pauser = p
		}
		if p, ok := src.(trace.Stepper); ok && u.stepper == nil {
			u.stepper = p
		}
		if p, ok := src.(trace.Speeder); ok && u.speeder == nil {
			u.speeder = p
		}
		if p, ok := src.(trace.Seeker); ok && u.seeker == nil && u.speeder != nil {
			u.seeker = p
		}
		if p, ok := src.(trace.Positioner); ok && u.positioner == nil {
			u.positioner = p
		}
		if p, ok := src.(interface{ AtEnd() bool }); ok {
			u.atEnd = p
		}
		w, ok := src.(interface{ Unwrap() trace.Source })
		if !ok {
			return
		}
		src = w.Unwrap()
	}
}

// fitLesson shows all of a lesson that is over and took less than the window: it would be a few cells otherwise.
func (u *ui) fitLesson(s *timeline.Snapshot) {
	if u.opt.Lessons == nil || u.fitted == u.opt.Feed || u.frozen != nil {
		return
	}
	if ended, _ := u.opt.Feed.Ended(); !ended {
		return
	}
	u.fitted = u.opt.Feed
	for _, z := range zooms {
		if z >= s.Now-s.First {
			u.span = min(u.span, z)
			return
		}
	}
}

// drawCard tells what the lesson is about, in as many rows as there are.
//
//	 lesson 13 of 36  Edge: the milkman rings once
//	An edge-triggered doorbell rings when milk is put down and never again for the same milk. Watch one ring, ...
func (u *ui) drawCard(_ *frame, p pane) {
	if u.opt.Lessons == nil || p.h < 1 {
		return
	}
	t := &u.theme
	place, title, text := u.opt.Lessons.Card()
	x := p.put(0, 0, " lesson "+clean(place)+" ", t.mode)
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
