package tui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/diagnostics"
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
	legend    legend
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
	pressed   int64  // the moment at which its button was pressed in the timeline; 0 it is not
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

	u.pages.scene, u.pages.status, u.pages.dialog = sc, &u.status, &u.dialog
	u.lanes.scene, u.lanes.selected, u.lanes.window, u.lanes.memo, u.lanes.status = sc, &u.selected, &u.window, &u.memo, &u.status
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
	u.course = course{lessons: o.Lessons, worker: &u.worker, dialog: &u.dialog}
	u.tabs.views = &u.views
	u.legend = legend{memo: &u.memo, lanes: []*lanes{&u.lanes}}
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
	l.panel = region((&panel{memo: &u.memo}).draw)
	l.body = region(func(sc *scene, p pane) { u.views.body().draw(sc, p) })
	l.axis, l.lanes, l.detail = region(drawAxis), region(u.lanes.draw), region(drawDetail)
	l.events = region(u.lower.draw)
	l.legend, l.honesty, l.transport = region(u.legend.draw), region(drawHonesty), region(u.transport.draw)
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
	case sc.small:
		l.page.SetRect(x, y, w, h)
		l.page.Draw(s)
		return
	}
	u.memo.covered = u.pages.shown() || u.dialog.list != nil || u.dialog.quiz != nil
	for _, g := range l.stack() {
		if _, _, _, h := g.GetRect(); h > 0 {
			g.Draw(s)
		}
	}
	if u.pages.shown() {
		l.page.SetRect(x, y, w, h)
		l.page.Draw(s)
	}
	if u.dialog.list != nil {
		u.dialog.list.draw(sc, pane{s, x, y, w, h})
	} else if u.dialog.quiz != nil {
		u.dialog.quiz.draw(sc, pane{s, x, y, w, h})
	}
	if u.memo.covered && u.dialog.line != nil { // a small screen has the box all over it
		l.footer.Draw(s)
		l.offered.Draw(s)
	}
}

// Run shows the screen until it is asked to stop. It returns when the screen is done with; kept is the last picture when it
// is to be left on the terminal, nil otherwise.
func Run(o Options) (kept *Picture, err error) {
	u := newUI(o)
	err = u.app.run(o.Screen, o.Mouse, u.root, u, u.keyboard.bound)
	return u.kept, err
}
