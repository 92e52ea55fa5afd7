package tui

import (
	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// memo is what need not be drawn again.
type memo struct {
	presses uint64 // counts what a person did: after that everything may be different
	drawn   frameKey
	frames  uint64       // that were drawn, and not only found to be as the last
	lines   map[int]kept // by line: what stands there
	covered bool         // a box lies over some of them
}

// touched is told of everything that a person did.
func (m *memo) touched() { m.presses++ }

// frameKey is everything that a frame depends on. A frame with the key of the last one is not drawn again.
type frameKey struct {
	snap    *timeline.Snapshot
	found   *diagnostics.Finding // the first, and how many
	finds   int
	t0, t1  int64
	w, h    int
	presses uint64
	replay  replay
	session session
	marks   int
	over    *timeline.Overview
	theme   string
}

// frameKeyOf makes the key of a scene.
func frameKeyOf(sc *scene) frameKey {
	s := frameKey{snap: sc.snap, finds: len(sc.found), t0: sc.t0, t1: sc.t1, w: sc.w, h: sc.h, presses: sc.presses, replay: sc.replay, session: sc.session,
		marks: len(sc.marks), theme: sc.themeName}
	s.session.cores = float64(int(s.session.cores*1000)) / 1000 // it is shown to a tenth of a percent
	if sc.coarse != nil {
		s.over = sc.coarse.over
	}
	if len(sc.found) > 0 {
		s.found = sc.found[0]
	}
	return s
}

// same reports whether the screen holds a scene already, and tells it to stay as it is.
func (m *memo) same(sc *scene, s tcell.Screen) bool {
	k, ok := s.(keeper)
	if !ok || sc.half != nil || sc.typing { // what is open over the view may show what is no part of the key
		m.drawn = frameKey{}
		m.frames++
		return false
	}
	now := frameKeyOf(sc)
	if now == m.drawn && k.Keep(0, now.h) {
		return true
	}
	m.drawn = now
	m.frames++
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
	loops   int
	theme   string
}

// keepRow leaves a lane's row of the screen as it is, if it is what would be drawn. y is its line in the pane.
func (m *memo) keepRow(sc *scene, p pane, y int, l *timeline.Lane) bool {
	k, ok := p.s.(keeper)
	if !ok || sc.half != nil || sc.coarse != nil || sc.cursor != 0 || y == p.h-1 { // the last line has a note on how many there are more
		return false
	}
	key := rowKey{lane: l, t0: sc.t0, t1: sc.t1, w: sc.w, now: -1, presses: sc.presses, finds: len(sc.found), loops: sc.loops.version, theme: sc.themeName}
	if l.Closed == 0 && l.Trigger > trace.TriggerLevel {
		key.now = sc.column(sc.snap.Now)
	}
	if len(sc.found) > 0 {
		key.found = sc.found[0]
	}
	return m.keepLines(k, p.y+y, 1, key)
}

// kept is what stands on a line, and in which frame it was drawn or kept there last.
type kept struct {
	key   any
	frame uint64
}

// keepLines leaves lines as they are when what stands there has the same key as in the frame before this one. Had something
// else been drawn there in between, the frame would tell.
func (m *memo) keepLines(k keeper, y, n int, key any) bool {
	if m.lines == nil {
		m.lines = map[int]kept{}
	}
	if m.covered {
		return false
	}
	was := m.lines[y]
	m.lines[y] = kept{key, m.frames}
	return was.frame+1 == m.frames && was.key == key && k.Keep(y, n)
}

// keepRegion leaves a region as it is when what it depends on, besides its place and what a person did, is the same.
func (m *memo) keepRegion(sc *scene, p pane, on any) bool {
	k, ok := p.s.(keeper)
	if !ok || sc.half != nil || sc.typing || p.x != 0 {
		return false
	}
	return m.keepLines(k, p.y, p.h, regionKey{p.w, p.h, sc.presses, sc.themeName, on})
}

type regionKey struct {
	w, h    int
	presses uint64
	theme   string
	on      any
}
