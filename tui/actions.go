package tui

import (
	"evviz/picture"
	"evviz/timeline"
	"evviz/trace"
)

// What keys do that goes through several parts of the screen, or depends on what is open or shown. What a single part does the key table
// asks of that part.

// press runs the action of a key. What is open for typing, or a list to choose from, gets it first. A key whose ability is
// missing says so instead.
func (u *ui) press(name string) {
	u.touched()
	always := name == "Ctrl-C" || name == "Ctrl-Z" || name == "Ctrl-L" // also in the middle of a word
	if u.dialog.open() && !always {
		u.dialog.press(name)
		return
	}
	if k := u.keyboard.of(name); k != nil {
		u.run(k, name)
	}
}

// touched is called before anything that a person does: what is drawn may be different after it.
func (u *ui) touched() {
	u.memo.touched()
	u.update()
}

// run does an action, or says why not. as is what asked for it.
func (u *ui) run(k *key, as string) {
	if !u.keyboard.available(k) {
		u.status.say("%s: %s", as, missing[k.When])
		return
	}
	k.do(u)
}

// can reports whether what a key needs is there.
func (u *ui) can(when string) bool {
	switch when {
	case "lab":
		return u.controls.lab != nil
	case "scenarios":
		_, ok := u.controls.lab.(ScenarioLab)
		return ok
	case "knobs":
		_, ok := u.controls.lab.(KnobLab)
		return ok
	case "client":
		_, ok := u.controls.lab.(ClientLab)
		return ok
	case "saver":
		return u.recording.saver != nil
	case "record":
		return u.recording.recorder != nil
	case "replay":
		return u.source.speeder != nil
	case "pace":
		return u.source.speeder != nil || u.steps.auto.on
	case "lesson":
		return u.course.lessons != nil
	case "in-lesson":
		return u.course.present()
	case "page":
		return u.mode != nil && u.mechanism() != ""
	}
	return true
}

// mechanism is what runs, "" when that is not known.
func (u *ui) mechanism() string {
	if f := u.scene.frame; f != nil && f.snap.Mode.Known {
		return trace.DriverNames.Word(f.snap.Mode.Driver)
	}
	return ""
}

// modePage is the page about the mechanism, of the keys while that is not known.
func (u *ui) modePage(sc *scene, w int) (string, []helpLine) {
	if m := u.mechanism(); m != "" {
		return m, pageLines(u.mode(m), w)
	}
	return u.keyboard.page(sc, w)
}

// search is /: on a page it looks for a word, elsewhere it filters.
func (u *ui) search() {
	if u.pages.shown() {
		u.pages.search()
		return
	}
	u.commands.askFilter()
}

// vertical is Up and Down: on a page they scroll, elsewhere they select.
func (u *ui) vertical(by int) {
	if u.pages.shown() {
		u.pages.scroll(by)
		return
	}
	if u.scene.frame != nil {
		u.views.body().move(&u.scene, by)
	}
}

// sideways is Left and Right.
func (u *ui) sideways(dir int) {
	if !u.pages.shown() {
		u.window.sideways(dir)
	}
}

// page is PgUp and PgDn: a page scrolls, some views do, and elsewhere they move through time.
func (u *ui) page(dir int) {
	f := u.scene.frame
	switch {
	case f == nil:
	case u.pages.shown():
		u.pages.scroll(dir * max(f.h-4, 1))
	case !u.views.body().turn(&u.scene, dir):
		u.window.page(dir)
	}
}

// step is "." and ",".
func (u *ui) step(by int) {
	switch {
	case u.scene.frame == nil || u.pages.shown() || u.views.body().step(&u.scene, by):
	case by > 0 && u.window.cursor == 0 && u.window.frozen == nil && u.source.stepper != nil:
		u.steps.replay()
	default:
		u.events.step(by)
	}
}

// toggleAuto is a: it steps by itself, which is of view 2.
func (u *ui) toggleAuto() {
	if u.steps.auto.on {
		u.steps.stop()
		return
	}
	if u.views.at != viewIteration {
		u.views.show(viewIteration)
	}
	u.steps.start()
}

// autoStep makes the step that is due. It is called once a frame. Steps of another view would be events or findings, so that
// leaving view 2 ends it.
func (u *ui) autoStep() {
	if u.views.at != viewIteration {
		u.steps.stop()
	}
	if u.steps.due() {
		u.touched()
		u.step(1)
	}
}

// enter explains what is selected.
func (u *ui) enter() {
	if !u.pages.shown() && u.scene.frame != nil {
		u.views.body().enter(&u.scene)
	}
}

// nextPane is Tab: the view's own panes, or the next view.
func (u *ui) nextPane(by int) {
	t, ok := u.views.body().(interface{ tab(sc *scene, by int) })
	if !ok || u.scene.frame == nil {
		u.views.next(by)
		return
	}
	t.tab(&u.scene, by)
}

// nextOrder is O: the next order of the lanes, or the next column of view 3.
func (u *ui) nextOrder() {
	if v, ok := u.views.body().(*interestsView); ok {
		v.nextColumn(&u.scene)
		return
	}
	u.lanes.sorted = (u.lanes.sorted + 1) % picture.OrderCount
	u.status.say("lanes by %s", u.lanes.sorted.String())
}

// escape closes or gives up one thing at a time, what is nearest to the eye first.
func (u *ui) escape() {
	switch w := &u.window; {
	case u.pages.shown():
		u.pages.close()
	case u.steps.auto.on:
		u.steps.stop()
	case w.anchor != 0:
		w.anchor = 0
	case w.cursor != 0:
		w.cursor = 0
	case u.selected.finding != (findingKey{}):
		u.selected.finding = findingKey{}
	case w.frozen != nil:
		w.thaw()
	case !u.lanes.filter.Empty():
		u.lanes.filter = timeline.Filter{}
		u.status.say("the filter is off")
	}
}
