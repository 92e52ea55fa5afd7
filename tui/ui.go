package tui

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/diagnostics"
	"evviz/timeline"
)

// Options say what to show and what can be done to it.
type Options struct {
	Feed     *timeline.Feed
	Lab      Lab      // nil: no lab keys
	Lessons  Lessons  // nil: no lesson is shown
	Recorder Recorder // nil: recording is not possible
	Symbols  string   // auto, block, ascii
	Mouse    bool
	Screen   tcell.Screen             // initialised
	Go       func(func())             // starts a goroutine whose panics give the terminal back
	ModePage func(mode string) string // the page about a mechanism, "" none; nil no pages
	Findings diagnostics.Settings     // thresholds of the rules
	Notes    func() (string, bool)    // a message from outside for the status line, and whether it is bad news
	Stop     <-chan struct{}          // closed from outside: the screen closes
	Jobs     <-chan os.Signal         // SIGTSTP and SIGCONT, as they come; nil: nobody watches for them

	Theme  string                              // a name of Themes, or of Custom; "" terminal
	Custom map[string]Palette                  // themes of the settings file
	Keys   map[string][]string                 // other keys for actions; see CheckKeys
	View   string                              // the view to begin with; "" timeline
	Span   int64                               // ns in the window to begin with; 0 the default
	Saver  Saver                               // nil: nothing is kept that could be saved
	Cost   func() (cores float64, known bool)  // what evviz itself takes of a processor, without the loop that it shows
	Draft  func(path string, p *Picture) error // writes a picture of the screen; nil: cannot
}

// ui is the screen's state. It belongs to tview's goroutine; what other goroutines write is behind mu.
type ui struct {
	clock  func() time.Time // a test's; nil: the machine's
	opt    Options
	app    *tview.Application
	screen tcell.Screen
	theme  theme
	sym    symbols
	keys   []key
	frame  *frame

	root  *root
	parts parts

	// what is open over the view; nil nothing
	prompt  *prompt
	chooser *chooser

	place    // what is looked at, and when (moves.go)
	choices  // how it is shown (below)
	pages    // what lies over it (help.go)
	listed   // what was drawn where, for the mouse and the arrows (below)
	judged   // what was found (findings.go)
	replay   // what the source can do besides being read (lesson.go, transport.go)
	memo     // what need not be drawn again (stamp.go)
	coarsely // the overview (coarse.go)
	bodies   [viewCount]body
	half     *half      // nil: this is the whole screen, not half of a split one
	kept     *Picture   // the last screen, when it is to be left on the terminal
	typed    typedLines // for Up on the line that one types on

	stopping chan struct{}
	stopOnce sync.Once
	owed     atomic.Int32 // SIGCONTs that belong to a suspension of ours (suspend_unix.go)

	mu      sync.Mutex
	status  string
	bad     bool
	until   time.Time                // zero: it has not been shown yet
	asked   []func() (string, error) // what a goroutine beside the screen is doing, first, and is to do next
	turning bool                     // another lesson is on its way
	next    *View                    // it has come
	unsaved []timeline.Bookmark      // bookmarks that could not be kept in the trace
	fetch   fetcher                  // of excerpts (fetch.go)
}

// choices are how a person wants to see things.
type choices struct {
	anchor int64 // the other end of what is measured, place.cursor being the one; 0 none
	pane   int   // which pane of the timeline has the arrows: paneLanes, paneFindings, paneEvents
	auto   autoStep
	filter timeline.Filter
	sorted laneOrder
	unfold bool
	loopAt int                 // which loop view 2 is about
	event  int64               // the event that was picked; it counts only while its moment is the cursor's
	laneIs laneName            // who the selected lane is
	marked []timeline.Bookmark // bookmarks that no recording took
	undos  []place
	fitted *timeline.Feed // the lesson whose end was fitted into the window
}

// listed is what was drawn where last.
type listed struct {
	order     []int64           // lanes
	top       int               // first lane shown
	eventRows []int64           // events, -1 an empty row
	findTop   int               // first finding shown
	tabAt     [viewCount][2]int // columns of the tabs
	trackAt   int               // column at which the transport's bar begins
	clicked   [2]int            // where the mouse was clicked last
}

// typedLines are what was typed before.
type typedLines struct{ commands, filters, words []string }

const (
	framesPerSecond = 20
	minSpan         = int64(time.Millisecond)
	maxSpan         = int64(30 * time.Minute)
	defaultSpan     = int64(4 * time.Second)
	statusFor       = 4 * time.Second
)

// firstSpan is how much time the window begins with.
func (o *Options) firstSpan() int64 {
	if o.Span <= 0 {
		return defaultSpan
	}
	return min(max(o.Span, minSpan), maxSpan)
}

func newUI(o Options) *ui {
	if o.Findings == (diagnostics.Settings{}) {
		o.Findings = diagnostics.Default()
	}
	u := &ui{opt: o, app: tview.NewApplication(), screen: o.Screen, place: place{span: o.firstSpan()}, stopping: make(chan struct{})}
	if u.opt.Go == nil {
		u.opt.Go = func(f func()) { go f() }
	}
	if v, err := viewOf(o.View); err == nil {
		u.view = v
	}
	u.setTheme(o.Theme)
	u.sym = newSymbols(o.Symbols, o.Screen)
	u.keys = rebind(table(), o.Keys)
	u.bodies = [viewCount]body{&timelineView{}, &iterationView{}, &interestsView{}, &latencyView{}, &findingsView{}, &eventsView{}}
	u.abilities()
	u.layout()
	return u
}

// say puts a sentence into the status line for a few seconds.
func (u *ui) say(format string, a ...any) { u.tell(false, fmt.Sprintf(format, a...)) }

func (u *ui) tell(bad bool, s string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status, u.bad, u.until = clean(strings.TrimSpace(s)), bad, time.Time{}
}

// now is the wall clock, by which it is decided for how long a message is shown.
func (u *ui) now() time.Time {
	if u.clock != nil {
		return u.clock()
	}
	return time.Now()
}

// message is what is to be shown for a while. That begins when it is asked for first, which is with the next frame: a busy machine
// may draw that late.
func (u *ui) message() (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch now := u.now(); {
	case u.until.IsZero():
		u.until = now.Add(statusFor)
	case now.After(u.until):
		u.status, u.bad = "", false
	}
	return u.status, u.bad
}

// ask runs something of the lab beside the screen and tells what came of it. What is asked for in a hurry is done one
// after the other, in the order of the keys: "t" and then "m" must not end as "m" and then "t".
func (u *ui) ask(f func() (string, error)) {
	u.mu.Lock()
	u.asked = append(u.asked, f)
	first := len(u.asked) == 1
	u.mu.Unlock()
	if first {
		u.opt.Go(u.answer)
	}
}

// answering reports whether something that was asked for is still being done.
func (u *ui) answering() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.asked) > 0
}

// answer runs what was asked for until nothing is left.
func (u *ui) answer() {
	for {
		u.mu.Lock()
		f := u.asked[0]
		u.mu.Unlock()
		s, err := f()
		switch {
		case err != nil:
			u.tell(true, err.Error())
		case s != "": // what has nothing to tell must not wipe what a later key has told meanwhile
			u.tell(false, s)
		}
		u.mu.Lock()
		u.asked = u.asked[1:]
		done := len(u.asked) == 0
		u.mu.Unlock()
		if done {
			return
		}
	}
}

func (u *ui) cycleTrigger() { u.ask(u.opt.Lab.CycleTrigger) }
func (u *ui) cycleMode()    { u.ask(u.opt.Lab.CycleMode) }

func (u *ui) cycleTriggerOne() {
	l := u.selected()
	if l == nil || l.Closed != 0 || l.Kind != timeline.KindConn && l.Kind != timeline.KindListener {
		u.say("T: select an open connection or the listener first, with the arrows up and down")
		return
	}
	lab := u.opt.Lab
	u.ask(func() (string, error) { return lab.CycleTriggerOf(l.FD, l.Gen) })
}

func (u *ui) toggleRecord() {
	r := u.opt.Recorder
	if st := r.Status(); st.On {
		u.ask(func() (string, error) {
			err := r.Stop()
			return fmt.Sprintf("recorded %d events to %s", r.Status().Events, st.Path), err
		})
		return
	}
	u.startRecording("")
}

// startRecording begins a recording; "" leaves its name to the Recorder.
func (u *ui) startRecording(path string) {
	r := u.opt.Recorder
	u.ask(func() (string, error) {
		err := r.Start(path)
		return "recording to " + r.Status().Path, err
	})
}

func (u *ui) quit() { u.stopOnce.Do(func() { close(u.stopping) }) }

// quitKeep quits and leaves the last screen on the terminal.
func (u *ui) quitKeep() {
	u.kept = u.picture()
	u.quit()
}

// picture is the screen as it would be drawn now: a line that was open in the last frame may have been closed by the key that asks for
// it. It is nil before the first frame.
func (u *ui) picture() *Picture {
	f := u.frame
	if f == nil {
		return nil
	}
	u.arrange(f)
	p, err := shoot(f.w, f.h, u.screen.Colors(), func(s tcell.Screen) (func(), func(string)) {
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
