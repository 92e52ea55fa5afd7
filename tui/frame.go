package tui

import (
	"evviz/trace"
)

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
	if u.window.frozen == nil && u.course.over(u.source.feed) {
		u.window.closeTo(snap)
	}
	f := u.window.show(snap, w, h)
	sc.frame = f
	u.selected.reselect(snap)
	u.selected.follow(snap)
	f.found, f.whole = u.checker.findings(snap)
	f.coarse = u.overview.of(f)
	u.overview.drawn = true
	if u.views.at == viewFindings && f.findingOf(u.selected.finding) == nil && len(f.found) > 0 { // view 5 is always about one
		u.selected.finding = keyOf(f.found[0])
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

// session asks those around the screen.
func (u *ui) session() (t session) {
	t.message, t.bad = u.status.message()
	if u.notes != nil {
		t.notes, t.alarm = u.notes()
	}
	if u.cost != nil {
		t.cores, t.costs = u.cost()
	}
	if t.records = u.recording.recorder != nil; t.records {
		t.rec = u.recording.recorder.Status()
	}
	if t.inLab = u.controls.lab != nil; t.inLab {
		t.lab[0], t.lab[1], t.lab[2] = u.controls.lab.Describe()
	}
	t.lesson = u.course.lessons != nil
	feed := u.source.feed
	if t.ended, _ = feed.Ended(); t.ended {
		_, t.moment = feed.Source().(trace.Positioner)
	}
	_, t.share = feed.Whole()
	return t
}

// replay is how a replay stands.
func (r *source) replay() (y replay) {
	y.pauses, y.seeks, y.speeds = r.pauser != nil, r.seeker != nil, r.speeder != nil
	y.paused, y.over = r.paused(), r.over()
	y.at, y.placed = r.position()
	if y.seeks {
		y.lo, y.hi = r.seeker.Bounds()
	}
	if y.speeds {
		y.speed = r.speeder.Speed()
	}
	return y
}
