package tui

import (
	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// memo is what need not be drawn again.
type memo struct {
	cache      cellCache
	presses    uint64 // counts what a person did
	drawnStamp stamp
	frames     uint64       // that were drawn, and not only found to be as the last
	lines      map[int]kept // by line: what stands there
	belowOf    string       // what the panes below the lanes were drawn of last, and from when on that knew anything
	belowFrom  int64
	said       narrated
	inks       inks
	fills      []fill // of the row that is drawn; see scratch
	glyphs     []rune
}

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
	rec      RecordStatus
	ended    bool
	position int64
	paused   bool
	atEnd    bool
	speed    float64
	lab      [3]string
	whole    float64
	marks    int
	over     *timeline.Overview
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
	k, ok := s.(keeper)
	if !ok || u.half != nil || u.chooser != nil || u.prompt != nil { // those may show what is no part of a stamp
		u.drawnStamp = stamp{}
		u.frames++
		return false
	}
	now := u.stamped(u.frame)
	if now == u.drawnStamp && k.Keep(0, now.h) {
		return true
	}
	u.drawnStamp = now
	u.frames++
	return false
}

// keeper is a screen that can leave lines as they are.
type keeper interface{ Keep(y, n int) bool }

// rowKey is everything that a lane's row depends on. A row whose key is that of the last frame is not drawn again.
type rowKey struct {
	lane    *timeline.Lane
	t0, t1  int64
	w       int
	now     int // column of the present, where the row shows it
	presses uint64
	found   *diagnostics.Finding
	finds   int
	theme   string
}

// keepRow leaves a lane's row of the screen as it is, if it is what would be drawn. y is its line in the pane.
func (u *ui) keepRow(f *frame, p pane, y int, l *timeline.Lane) bool {
	k, ok := p.s.(keeper)
	if !ok || u.half != nil || f.coarse != nil || u.cursor != 0 || y == p.h-1 { // the last line has a note on how many there are more
		return false
	}
	key := rowKey{lane: l, t0: f.t0, t1: f.t1, w: f.w, now: -1, presses: u.presses, finds: len(f.found), theme: u.opt.Theme}
	if l.Closed == 0 && l.Trigger > trace.TriggerLevel {
		key.now = f.column(f.snap.Now)
	}
	if len(f.found) > 0 {
		key.found = f.found[0]
	}
	return u.keepLines(k, p.y+y, 1, key)
}

// kept is what stands on a line, and in which frame it was drawn or kept there last.
type kept struct {
	key   any
	frame uint64
}

// keepLines leaves lines as they are when what stands there has the same key as in the frame before this one. Had something
// else been drawn there in between, the frame would tell.
func (u *ui) keepLines(k keeper, y, n int, key any) bool {
	if u.lines == nil {
		u.lines = map[int]kept{}
	}
	was := u.lines[y]
	u.lines[y] = kept{key, u.frames}
	return was.frame+1 == u.frames && was.key == key && k.Keep(y, n)
}

// keepRegion leaves a region as it is when what it depends on, besides its place and what a person did, is the same.
func (u *ui) keepRegion(p pane, on any) bool {
	k, ok := p.s.(keeper)
	if !ok || u.half != nil || u.prompt != nil || p.x != 0 {
		return false
	}
	return u.keepLines(k, p.y, p.h, regionKey{p.w, p.h, u.presses, u.opt.Theme, on})
}

type regionKey struct {
	w, h    int
	presses uint64
	theme   string
	on      any
}
