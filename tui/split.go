package tui

import (
	"os"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/timeline"
)

// SplitOptions say which two runs to show on one screen.
type SplitOptions struct {
	Halves  [2]Half
	Symbols string // auto, braille, block, ascii
	Theme   string // a name of Themes, or of Custom; "" terminal
	Custom  map[string]Palette
	Mouse   bool
	Screen  tcell.Screen    // initialised
	Go      func(func())    // starts a goroutine whose panics give the terminal back
	Stop    <-chan struct{} // closed from outside: the screen closes
	Jobs    <-chan os.Signal
}

// Half is one of two runs under the same traffic. Their clocks must be one.
type Half struct {
	Name  string // what it was started as
	Feed  *timeline.Feed
	Lab   Lab // nil: no lab keys
	Notes func() (string, bool)
}

// half is what a user interface knows of being half of a screen.
type half struct {
	name   string
	above  bool // the row of times is below it
	focus  bool // it has the selection
	lanes  []*timeline.Lane
	folded int
	under  []axisWord // switches of the other half, where both share a row of times
}

// split is two user interfaces with one view: they share the time axis, the freezing and the keys, and differ in their
// timelines. Each draws itself as it would alone, into its part of the screen (split_layout.go).
//
// Everything here belongs to tview's goroutine, as in ui.
type split struct {
	opt    SplitOptions
	halves [2]*ui
	focus  int // which half has the selection
	w, h   int
	cut    int64 // the present of the frame in the runs' clock, the same for both: the later of the two
}

func newSplit(o SplitOptions) *split {
	s := &split{opt: o}
	for i, h := range o.Halves {
		u := newUI(Options{Feed: h.Feed, Lab: h.Lab, Notes: h.Notes, Symbols: o.Symbols, Theme: o.Theme, Custom: o.Custom, Mouse: o.Mouse, Screen: o.Screen, Go: o.Go, Stop: o.Stop, Jobs: o.Jobs})
		u.half = &half{name: h.Name, focus: i == 0}
		u.excerpts.off = true
		u.keyboard.keys = s.table()
		s.halves[i] = u
	}
	a, b := s.halves[0], s.halves[1]
	a.legend.lanes, b.legend.lanes = []*lanes{&a.lanes, &b.lanes}, []*lanes{&a.lanes, &b.lanes}
	s.halves[1].app = s.halves[0].app // one application: what suspends or ends it must be the one that runs
	return s
}

// RunSplit shows two runs until the screen is asked to stop. It returns when the terminal has been given back.
func RunSplit(o SplitOptions) error {
	s := newSplit(o)
	root := &splitRoot{tview.NewBox(), s}
	u := s.halves[0]
	return u.app.run(o.Screen, o.Mouse, root, s, u.keyboard.bound)
}

// DrawSplit draws one frame of two runs at a size, as the screen would; see Draw.
func DrawSplit(o SplitOptions, w, h, colors int, prepare func(press func(key string))) (*Picture, error) {
	return shoot(w, h, colors, func(screen tcell.Screen) (func(), func(string)) {
		o.Screen = screen
		s := newSplit(o)
		return func() {
			s.newFrame(w, h)
			s.draw(screen)
		}, s.press
	}, prepare)
}

// newFrame cuts both timelines at one moment and decides the window, which is one for both.
func (s *split) newFrame(w, h int) {
	s.w, s.h = w, h
	a, b := s.halves[0], s.halves[1]
	live := a.window.frozen == nil
	if live {
		x, y := a.source.feed, b.source.feed
		s.cut = max(x.Present(), y.Present())
		s.frame(a, x.SnapshotAt(s.cut))
		s.frame(b, y.SnapshotAt(s.cut))
	} else {
		s.frame(a, a.window.frozen)
		s.frame(b, b.window.frozen)
	}
	x, y := a.scene.snap, b.scene.snap
	if live {
		// The time axis has one zero: where the earlier of the two began.
		first := min(x.First, y.First)
		if first == 0 {
			first = max(x.First, y.First)
		}
		x.First, y.First = first, first
	}
	for _, u := range s.halves {
		f, span := u.scene.frame, u.window.span
		f.live = live
		if live {
			step := span / stepsPerSpan
			f.t1 = max((s.cut-f.snap.First)/step*step+step, span) + f.snap.First
		} else {
			f.t1 = u.window.right
		}
		f.t0 = f.t1 - span
		u.compose()
	}
	s.arrange()
	s.choose()
}

// frame gives a half its snapshot. A live one becomes the half's own copy, so that its zero and its present can be those of
// both; what the copy points to is shared and never changed.
func (s *split) frame(u *ui, snap *timeline.Snapshot) {
	if snap != u.window.frozen {
		c := *snap
		c.Now = min(c.Now, s.cut) // an event may have come after the moment of the cut
		snap = &c
	}
	u.scene.frame = &frame{snap: snap, w: s.w, h: s.h, small: s.small()}
}

func (s *split) active() *ui { return s.halves[s.focus] }
func (s *split) other() *ui  { return s.halves[1-s.focus] }

// share gives the other half the view of the active one.
func (s *split) share() {
	a, b := &s.active().window, &s.other().window
	s.other().lanes.unfold = s.active().lanes.unfold
	b.span = a.span
	switch {
	case a.frozen == nil:
		b.frozen = nil
	case b.frozen == nil && b.scene.frame != nil:
		b.frozen = b.scene.snap
	}
	b.right = a.right
}

// switchHalf moves the selection to the other half, there to the connection that corresponds.
func (s *split) switchHalf() {
	a, b := s.active(), s.other()
	if a.pages.shown() {
		return
	}
	b.selected.row = 0
	if a.scene.frame != nil && b.scene.frame != nil {
		from, to := conns(a.scene.snap), conns(b.scene.snap)
		for i, l := range from {
			if l.ID == a.selected.row && i < len(to) {
				b.selected.choose(to[i].ID, b.scene.snap)
			}
		}
	}
	a.selected.row, b.lanes.top = 0, a.lanes.top
	s.focus = 1 - s.focus
	a.half.focus, b.half.focus = false, true
}

func (s *split) press(name string) { s.active().press(name) }

// sharedKeys act on the view of both halves, ownKeys on the half with the selection. The others of the ordinary screen need
// a recording, a replay or a page of their own.
var (
	sharedKeys = map[string]bool{"pause": true, "zoom-in": true, "zoom-out": true, "fit": true, "back": true, "forward": true,
		"page-back": true, "page-forward": true, "begin": true, "end": true, "fold": true, "escape": true}
	ownKeys = map[string]bool{"trigger": true, "mode": true, "up": true, "down": true, "help": true, "suspend": true, "redraw": true, "quit": true}
)

// table is the ordinary key table, with every action made one on both halves or on the one with the selection.
func (s *split) table() (out []key) {
	tab := key{"other-half", []string{"Tab"}, "Tab other half", "focus the other half; t, m and the arrows up and down act on the half with the focus", "",
		func(*ui) { s.switchHalf() }}
	for _, k := range table() {
		do := k.do
		switch name := k.Name; {
		case sharedKeys[name]:
			k.do = func(u *ui) { do(u); s.share() }
		case name == "trigger" || name == "mode":
			k.Help += " (of the half with the focus)"
		case !ownKeys[name]:
			continue
		}
		out = append(out, k)
		if k.Name == "pause" {
			out = append(out, tab)
		}
	}
	return out
}

// mouse: the wheel zooms, a press selects. The event is handed on: without it tview would go on with none.
func (s *split) mouse(e *tcell.EventMouse, a tview.MouseAction) (*tcell.EventMouse, tview.MouseAction) {
	switch a {
	case tview.MouseScrollUp:
		s.press("+")
	case tview.MouseScrollDown:
		s.press("-")
	case tview.MouseLeftDown:
		x, y := e.Position()
		for i, u := range s.halves {
			if u.layout.lanes.InRect(x, y) && !s.small() && !s.active().pages.shown() {
				if i != s.focus {
					s.switchHalf()
				}
				u.touched()
				r := u.layout.lanes.rect()
				u.lanes.click(x-r.x, y-r.y)
			}
		}
	}
	return e, a
}
