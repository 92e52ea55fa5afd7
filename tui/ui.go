package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// ui is the screen: its parts by name, and what goes through several of them. It belongs to tview's goroutine; a part that other
// goroutines reach has a lock of its own.
//
// A key goes to what is open over the view (dialog), else to the action that it is bound to (keyboard), and the key table says
// which part does it. A frame goes the other way: the window takes a snapshot, the parts are put together into a scene, and the
// regions of the layout draw that.
type ui struct {
	app  *app
	half *half    // nil: this is the whole screen, not half of a split one
	kept *Picture // the last screen, when it is to be left on the terminal

	// what is shown
	scene     scene
	layout    layout
	root      *root
	style     style
	loops     loopLabels
	memo      memo
	tabs      tabs
	transport transport

	// what it is made of
	source   source
	window   window
	excerpts excerpts
	overview overviews
	checker  checker
	notes    func() (string, bool)              // messages from outside; nil none
	cost     func() (cores float64, known bool) // what evviz itself takes; nil unknown
	mode     func(mode string) string           // the page about a mechanism; nil no pages

	// what a person looks at, and how
	views    views
	selected selection
	lanes    lanes
	events   events
	findings findings
	lower    lowerPanes // the lists of the two, below the lanes
	pages    pages
	steps    stepper
	history  history
	first    int64 // ns in the window to begin with

	// what a person does
	keyboard  keyboard
	clicked   [2]int // where the mouse was clicked last
	dialog    dialog
	commands  commandLine
	controls  controls
	recording recording
	bookmarks bookmarks
	course    course
	draft     func(path string, p *Picture) error // writes a picture of the screen; nil: cannot
	status    status
	worker    worker
}

func newUI(o Options) *ui {
	if o.Findings == (diagnostics.Settings{}) {
		o.Findings = diagnostics.Default()
	}
	if o.Go == nil {
		o.Go = func(f func()) { go f() }
	}
	u := &ui{app: newApp(o.Go, o.Stop, o.Jobs), draft: o.Draft, first: o.firstSpan(), mode: o.ModePage, notes: o.Notes, cost: o.Cost}
	start := func(f func()) { u.worker.start(f) }
	sc := &u.scene

	u.style.screen, u.style.custom = o.Screen, o.Custom
	u.style.setTheme(o.Theme)
	u.style.setSymbols(o.Symbols)
	sc.style, sc.loops = &u.style, &u.loops
	u.worker.start, u.worker.status = o.Go, &u.status

	u.source.open(o.Feed)
	u.excerpts.src, u.excerpts.start = &u.source, start
	u.overview.src, u.overview.start = &u.source, start
	u.window = window{viewport: viewport{span: u.first}, scene: sc, src: &u.source, excerpts: &u.excerpts, worker: &u.worker, status: &u.status, jumps: u.remember}
	u.steps = stepper{scene: sc, src: &u.source, window: &u.window, worker: &u.worker, status: &u.status}
	u.checker = checker{src: &u.source, settings: o.Findings}

	u.pages.scene, u.pages.status = sc, &u.status
	u.lanes.scene, u.lanes.selected, u.lanes.window, u.lanes.memo = sc, &u.selected, &u.window, &u.memo
	u.events = events{scene: sc, selected: &u.selected, window: &u.window, src: &u.source, status: &u.status, steps: &u.steps}
	u.findings = findings{scene: sc, selected: &u.selected, window: &u.window, status: &u.status}
	u.lower = lowerPanes{findings: &u.findings, events: &u.events, memo: &u.memo}
	u.views.pages = &u.pages
	if v, err := viewOf(o.View); err == nil {
		u.views.at = v
	}

	u.keyboard = keyboard{keys: rebind(table(), o.Keys), can: u.can}
	u.commands.ui = u
	u.controls = controls{lab: o.Lab, scene: sc, worker: &u.worker, status: &u.status, dialog: &u.dialog}
	u.recording = recording{recorder: o.Recorder, saver: o.Saver, worker: &u.worker}
	u.bookmarks = bookmarks{scene: sc, src: &u.source, window: &u.window, worker: &u.worker, status: &u.status, dialog: &u.dialog, lasts: u.recording.lasts}
	u.course = course{lessons: o.Lessons, worker: &u.worker}
	u.tabs.views = &u.views
	u.transport.window = &u.window
	u.regions()
	u.bodies()
	return u
}

// regions builds the layout.
func (u *ui) regions() {
	region := func(draw func(sc *scene, p pane)) *region { return newRegion(&u.scene, draw) }
	l := &u.layout
	l.header, l.tabs, l.card = region(drawHeader), region(u.tabs.draw), region(u.course.drawCard)
	l.narration = region((&narration{}).draw)
	l.body = region(func(sc *scene, p pane) { u.views.body().draw(sc, p) })
	l.axis, l.lanes, l.detail = region(drawAxis), region(u.lanes.draw), region(drawDetail)
	l.events = region(u.lower.draw)
	l.legend, l.honesty, l.transport = region((&legend{&u.memo}).draw), region(drawHonesty), region(u.transport.draw)
	l.footer, l.offered = region((&footer{&u.keyboard, &u.dialog, &u.memo}).draw), region(u.dialog.drawOffered)
	l.page = region(u.pages.draw)
	u.root = &root{tview.NewBox(), u}
}

// bodies makes the views.
func (u *ui) bodies() {
	u.views.bodies = [viewCount]body{
		u.timeline(),
		&iterationView{window: &u.window, selected: &u.selected, steps: &u.steps, src: &u.source, pages: &u.pages, status: &u.status},
		&interestsView{selected: &u.selected, pages: &u.pages, status: &u.status},
		&latencyView{pages: &u.pages, status: &u.status},
		&findingsView{findings: &u.findings, views: &u.views, window: &u.window, status: &u.status},
		&eventsView{events: &u.events, pages: &u.pages},
	}
}

// timeline makes view 1.
func (u *ui) timeline() *timelineView {
	return &timelineView{layout: &u.layout, lanes: &u.lanes, events: &u.events, findings: &u.findings, lower: &u.lower, window: &u.window, selected: &u.selected, pages: &u.pages}
}

// root is the layout as tview sees it: the regions, with a page in their place while one is open.
type root struct {
	*tview.Box
	ui *ui
}

// Draw implements tview.Primitive.
func (r *root) Draw(s tcell.Screen) {
	u := r.ui
	sc, l := &u.scene, &u.layout
	x, y, w, h := r.GetRect()
	switch {
	case sc.frame == nil || u.memo.same(sc, s):
		return
	case sc.small || u.pages.shown() && !u.dialog.open():
		l.page.SetRect(x, y, w, h)
		l.page.Draw(s)
		return
	case u.dialog.list != nil:
		u.dialog.draw(sc, pane{s, x, y, w, h})
		return
	}
	for _, g := range l.stack() {
		if _, _, _, h := g.GetRect(); h > 0 {
			g.Draw(s)
		}
	}
}

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
		return "evviz: " + m, pageLines(u.mode(m), w)
	}
	return u.keyboard.page(sc, w)
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

// nextOrder is O: the next order of the lanes, or the next column of the interests.
func (u *ui) nextOrder() {
	if v, ok := u.views.body().(*interestsView); ok {
		v.nextColumn(&u.scene)
		return
	}
	u.lanes.sorted = (u.lanes.sorted + 1) % laneOrders
	u.status.say("lanes by %s", orderNames[u.lanes.sorted])
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

// quitKeep quits and leaves the last screen on the terminal.
func (u *ui) quitKeep() {
	u.kept = u.picture()
	u.app.quit()
}

// picture is the screen as it would be drawn now: a line that was open in the last frame may have been closed by the key that asks for
// it. It is nil before the first frame.
func (u *ui) picture() *Picture {
	f := u.scene.frame
	if f == nil {
		return nil
	}
	u.compose()
	p, err := shoot(f.w, f.h, u.style.screen.Colors(), func(s tcell.Screen) (func(), func(string)) {
		return func() {
			u.root.SetRect(0, 0, f.w, f.h)
			u.root.Draw(s)
		}, func(string) {}
	}, nil)
	if err != nil {
		return nil
	}
	return p
}

// screenshot is ":screenshot FILE".
func (u *ui) screenshot(path string) error {
	if u.draft == nil {
		return fmt.Errorf("screenshot: not here")
	}
	if path = strings.TrimSpace(path); path == "" {
		return fmt.Errorf("screenshot: which file?")
	}
	p := u.picture()
	u.worker.do(func() (string, error) { return "wrote " + path, u.draft(path, p) })
	return nil
}

// Run shows the screen until it is asked to stop. It returns when the screen is done with; kept is the last picture when it
// is to be left on the terminal, nil otherwise.
func Run(o Options) (kept *Picture, err error) {
	u := newUI(o)
	err = u.app.run(o.Screen, o.Mouse, u.root, u, u.keyboard.bound)
	return u.kept, err
}
