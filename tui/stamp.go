package tui

import (
	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// stamp is everything that a frame depends on. A frame with the stamp of the last one is not drawn again.
type stamp struct {
	snap     *timeline.Snapshot
	found    *diagnostics.Finding // the first, and how many
	finds    int
	t0, t1   int64
	w, h     int
	presses  uint64
	message  string
	bad      bool
	notes    string
	cost     int // in tenths of a percent of a core
	costs    bool
	rec      trace.RecordStatus
	ended    bool
	position int64
	paused   bool
	atEnd    bool
	speed    float64
	lab      [3]string
	whole    float64
	marks    int
	over     *timeline.Overview
	client   ClientState
	theme    string
}

// stamped makes the stamp of the frame that is to be drawn.
func (u *ui) stamped(f *frame) stamp {
	s := stamp{snap: f.snap, finds: len(f.found), t0: f.t0, t1: f.t1, w: f.w, h: f.h, presses: u.presses, theme: u.opt.Theme}
	if f.coarse != nil {
		s.over = f.coarse.over
	}
	if len(f.found) > 0 {
		s.found = f.found[0]
	}
	s.message, s.bad = u.message()
	if u.opt.Notes != nil {
		s.notes, _ = u.opt.Notes()
	}
	if u.opt.Cost != nil {
		var cores float64
		cores, s.costs = u.opt.Cost()
		s.cost = int(cores * 1000)
	}
	if u.opt.Recorder != nil {
		s.rec = u.opt.Recorder.Status()
	}
	s.ended, _ = u.opt.Feed.Ended()
	s.position, _ = u.position()
	if u.pauser != nil {
		s.paused = u.pauser.Paused()
	}
	if u.atEnd != nil {
		s.atEnd = u.atEnd.AtEnd()
	}
	if u.speeder != nil {
		s.speed = u.speeder.Speed()
	}
	if u.opt.Lab != nil {
		s.lab[0], s.lab[1], s.lab[2] = u.opt.Lab.Describe()
	}
	_, s.whole = u.opt.Feed.Whole()
	s.marks = len(u.marked)
	return s
}

// same reports whether the screen holds this frame already, and tells it to stay as it is.
func (u *ui) same(s tcell.Screen) bool {
	k, ok := s.(interface{ Keep() })
	if !ok || u.half != nil || u.chooser != nil || u.prompt != nil { // those may show what is no part of a stamp
		u.drawnStamp = stamp{}
		return false
	}
	now := u.stamped(u.frame)
	if now == u.drawnStamp {
		k.Keep()
		return true
	}
	u.drawnStamp = now
	return false
}
