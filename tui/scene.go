package tui

import (
	"evviz/picture"
	"evviz/timeline"
)

// scene is what is to be shown, and all that a view or a region knows of the screen when it draws: a snapshot and the window of time,
// what is selected in it, which colours and glyphs there are, and what goes on around it. It is put together for each frame (ui.compose), and
// who draws only reads it.
type scene struct {
	*frame // nil before the first
	*style
	viewport          // which time is looked at
	anchor      int64 // the other end of what is measured
	selection         // what is selected in it
	laneOptions       // which lanes have a row
	view        viewID
	replay      replay
	session     session
	loops       *loopLabels
	marks       []timeline.Bookmark // in order of time
	half        *half               // nil: this is the whole screen, not half of a split one
	presses     uint64              // counts what a person did
	typing      bool                // a line to type on is open, or a list to choose from
	tabbed      bool                // the tabs are drawn: the scale, and whether it is the present, stand there
	body        rect
}

// rect is where something lies on the screen.
type rect struct{ x, y, w, h int }

// newFrame takes a snapshot, or the frozen one, decides which time of it is shown, and puts the scene together.
func (u *ui) newFrame(w, h int) {
	u.takeOver()
	if u.window.arrived() {
		u.memo.touched()
	}
	sc := &u.scene
	shown := sc.frame != nil && !sc.small
	if u.window.frozen == nil && u.source.onItsWay(shown) && sc.w == w && sc.h == h {
		u.compose() // what is open over the view may have changed
		return
	}
	snap := u.window.snapshot()
	u.course.follow(u, snap)
	if u.window.frozen == nil && !u.course.stands(snap) && u.course.over(u.source.feed) {
		u.window.span, u.window.begin, u.window.cursor = u.first, 0, 0
		u.window.closeTo(snap)
	}
	f := u.window.show(snap, w, h)
	sc.frame = f
	u.selected.reselect(snap)
	u.selected.follow(snap)
	f.found, f.whole = u.checker.findings(snap)
	f.problems = u.checker.problems(f)
	f.coarse = u.overview.of(f)
	u.overview.drawn = true
	if u.views.at == viewFindings && f.findingOf(u.selected.finding) == nil && len(f.problems) > 0 { // view 5 is always about one
		u.selected.finding = keyOf(f.problems[0].Findings[0])
	}
	u.window.goRound()
	u.update()
	u.autoStep()
	u.compose()
}

// update makes the scene say again what a person has chosen: where the window is, what is selected, which lanes are shown.
func (u *ui) update() {
	sc := &u.scene
	sc.viewport, sc.anchor, sc.selection, sc.laneOptions, sc.view = u.window.viewport, u.window.anchor, u.selected, u.lanes.laneOptions, u.views.at
	sc.half, sc.presses, sc.typing = u.half, u.memo.presses, u.dialog.open()
}

// compose puts the scene of the present frame together, and gives the regions their places.
func (u *ui) compose() {
	u.selected.follow(u.scene.snap)
	u.loops.update(u.scene.snap.Loops)
	u.update()
	sc := &u.scene
	sc.marks = u.bookmarks.all(sc.snap)
	sc.replay = u.source.replay()
	sc.replay.round = u.window.round
	sc.session = u.session()
	if sc.small || u.half != nil { // a split screen has a layout of its own
		return
	}
	u.layout.arrange(sc.w, sc.h, optionalRows{lesson: sc.session.lesson, replay: sc.replay.speeds, legend: sc.view == viewTimeline, offered: u.dialog.offers()})
	sc.tabbed = u.layout.tabs.rect().h > 0
	sc.body = u.layout.body.rect()
}

// rows is what the rows of the timeline are drawn in.
func (sc *scene) rows() picture.Window {
	w := sc.columns()
	w.Symbols, w.Colours = &sc.sym, sc.colours()
	return w
}
