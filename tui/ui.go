package tui

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// Options say what to show and what can be done to it.
type Options struct {
	Feed     *timeline.Feed
	Lab      Lab      // nil: no lab keys
	Lessons  Lessons  // nil: no lesson is shown
	Recorder Recorder // nil: recording is not possible
	RecordTo func() string
	Symbols  string // auto, block, ascii
	Mouse    bool
	Screen   tcell.Screen             // initialised
	Go       func(func())             // starts a goroutine whose panics give the terminal back
	ModePage func(mode string) string // the page about a mechanism, "" none; nil no pages
	Findings diagnostics.Settings     // thresholds of the rules
	Notes    func() (string, bool)    // a message from outside for the status line, and whether it is bad news
	Stop     <-chan struct{}          // closed from outside: the screen closes
}

// ui is the screen's state. It belongs to tview's goroutine; what other goroutines write is behind mu.
type ui struct {
	opt    Options
	app    *tview.Application
	screen tcell.Screen
	theme  theme
	sym    symbols
	keys   []key
	frame  *frame

	flex  *tview.Flex
	root  *root
	parts struct{ header, narration, axis, lanes, detail, events, legend, footer, help, card *region }

	// view
	span    int64 // ns in the window
	frozen  *timeline.Snapshot
	right   int64 // right edge while frozen
	lane    int64 // selected lane, by its identity; 0 none
	top     int   // first lane shown
	rows    int   // rows that the lanes have needed so far
	unfold  bool
	helpOn  bool
	pageOn  bool // what helpOn shows is the page about the mechanism
	helpTop int

	judged    judgement
	finding   findingKey // selected; zero none
	findingOn bool       // what helpOn shows is the page about a finding
	order     []int64    // lanes as drawn last, for moving the selection
	half      *half      // nil: this is the whole screen, not half of a split one

	pauser  trace.Pauser
	stepper trace.Stepper
	speeder trace.Speeder
	seeker  trace.Seeker
	atEnd   interface{ AtEnd() bool }

	stopping chan struct{}
	stopOnce sync.Once

	mu      sync.Mutex
	status  string
	bad     bool
	until   time.Time
	asked   []func() (string, error) // what a goroutine beside the screen is doing, first, and is to do next
	turning bool                     // another lesson is on its way
	next    *View                    // it has come
}

const (
	framesPerSecond = 20
	minSpan         = int64(time.Millisecond)
	maxSpan         = int64(30 * time.Minute)
	defaultSpan     = int64(4 * time.Second)
	statusFor       = 4 * time.Second
)

func newUI(o Options) *ui {
	if o.Findings == (diagnostics.Settings{}) {
		o.Findings = diagnostics.Default()
	}
	u := &ui{opt: o, app: tview.NewApplication(), screen: o.Screen, span: defaultSpan, stopping: make(chan struct{})}
	if u.opt.Go == nil {
		u.opt.Go = func(f func()) { go f() }
	}
	u.theme = newTheme(o.Screen.Colors())
	u.sym = newSymbols(o.Symbols, o.Screen)
	u.keys = table()
	u.abilities()
	u.layout()
	return u
}

// say puts a sentence into the status line for a few seconds.
func (u *ui) say(format string, a ...any) { u.tell(false, fmt.Sprintf(format, a...)) }

func (u *ui) tell(bad bool, s string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status, u.bad, u.until = clean(strings.TrimSpace(s)), bad, time.Now().Add(statusFor)
}

func (u *ui) message() (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if time.Now().After(u.until) {
		return "", false
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

// answer runs what was asked for until nothing is left.
func (u *ui) answer() {
	for {
		u.mu.Lock()
		f := u.asked[0]
		u.mu.Unlock()
		s, err := f()
		if err != nil {
			s = err.Error()
		}
		u.tell(err != nil, s)
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

func (u *ui) selected() *timeline.Lane {
	if u.frame == nil {
		return nil
	}
	for _, l := range u.frame.snap.Lanes {
		if l.ID == u.lane {
			return l
		}
	}
	return nil
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
	path := u.opt.RecordTo()
	u.ask(func() (string, error) { return "recording to " + path, r.Start(path) })
}

// toggleFreeze stops taking snapshots, or takes them again. A replay stands still instead: its events can wait.
func (u *ui) toggleFreeze() {
	if u.pauser != nil {
		if u.frozen != nil {
			u.thaw()
			u.pauser.Pause(false)
			return
		}
		u.pauser.Pause(!u.pauser.Paused())
		return
	}
	if u.frozen != nil {
		u.thaw()
		return
	}
	u.freeze()
}

func (u *ui) freeze() {
	if u.frozen == nil && u.frame != nil {
		u.frozen, u.right = u.frame.snap, u.frame.t1
	}
}

func (u *ui) thaw() { u.frozen = nil }

func (u *ui) escape() {
	switch {
	case u.helpOn:
		u.helpOn, u.findingOn = false, false
	case u.finding != (findingKey{}):
		u.finding = findingKey{}
	default:
		u.thaw()
	}
}

// zooms are the spans that + and - step through: 1, 2, 5 times a power of ten, from a millisecond to minutes.
var zooms = func() (z []int64) {
	for d := minSpan; d <= int64(10*time.Second); d *= 10 {
		z = append(z, d, 2*d, 4*d)
	}
	z = append(z, int64(60*time.Second), int64(2*time.Minute), int64(5*time.Minute), int64(10*time.Minute), maxSpan)
	return z
}()

func (u *ui) zoom(by int) {
	i := 0
	for i < len(zooms)-1 && zooms[i] < u.span {
		i++
	}
	if by < 0 && zooms[i] > u.span {
		i++ // the span lies between two steps
	}
	i = min(max(i+by, 0), len(zooms)-1)
	if f := u.frame; f != nil && u.frozen != nil {
		// keep the middle of what is looked at
		mid := f.t0 + u.span/2
		u.right = mid + zooms[i]/2
	}
	u.span = zooms[i]
}

func (u *ui) fit() {
	f := u.frame
	if f == nil {
		return
	}
	whole := max(f.snap.Now-f.snap.First, minSpan)
	u.freeze()
	u.span = min(whole+whole/50, maxSpan)
	u.right = f.snap.First + u.span
}

func (u *ui) pan(dir int) { u.move(int64(dir) * u.span / 8) }

func (u *ui) move(by int64) {
	if u.frame == nil {
		return
	}
	u.freeze()
	lo, hi := u.frame.snap.First+u.span/8, u.frame.snap.Now+u.span/8
	u.right = min(max(u.right+by, lo), max(hi, lo))
}

// page moves by a screen; a replay seeks there, so that it plays on from that moment.
func (u *ui) page(dir int) {
	if u.seeker != nil {
		u.seek(u.frame.snap.Now + int64(dir)*u.span)
		return
	}
	u.move(int64(dir) * u.span)
}

func (u *ui) seek(t int64) {
	u.thaw()
	lo, hi := u.seeker.Bounds()
	t = min(max(t, lo), hi)
	u.ask(func() (string, error) { return fmt.Sprintf("at %s s", seconds(t-lo, 3)), u.seeker.SeekTime(t) })
}

func (u *ui) home() {
	if u.seeker != nil {
		lo, _ := u.seeker.Bounds()
		u.seek(lo)
		return
	}
	if u.frame != nil {
		u.freeze()
		u.right = u.frame.snap.First + u.span
	}
}

func (u *ui) end() {
	if u.seeker != nil {
		_, hi := u.seeker.Bounds()
		u.seek(hi)
		return
	}
	u.thaw()
}

func (u *ui) step() {
	u.thaw()
	if u.stepper == nil {
		return
	}
	if u.pauser != nil && !u.pauser.Paused() {
		u.pauser.Pause(true)
		return
	}
	u.stepper.Step(1)
}

// speeds are the steps of < and >.
var speeds = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100}

func (u *ui) speed(by int) {
	now := u.speeder.Speed()
	i := 0
	for i < len(speeds)-1 && speeds[i] < now-1e-9 {
		i++
	}
	i = min(max(i+by, 0), len(speeds)-1)
	u.speeder.SetSpeed(speeds[i])
	u.say("speed %gx", speeds[i])
}

func (u *ui) selectLane(by int) {
	if u.helpOn {
		u.helpTop = max(0, u.helpTop+by)
		return
	}
	if len(u.order) == 0 {
		return
	}
	at := -1
	for i, id := range u.order {
		if id == u.lane {
			at = i
		}
	}
	if at < 0 && by < 0 {
		at = len(u.order)
	}
	u.lane = u.order[min(max(at+by, 0), len(u.order)-1)]
}

func (u *ui) quit() { u.stopOnce.Do(func() { close(u.stopping) }) }

// suspend gives the terminal back and stops the process as Ctrl-Z does everywhere; SIGCONT brings the screen back.
func (u *ui) suspend() {
	u.app.Suspend(func() { syscall.Kill(0, syscall.SIGSTOP) })
}

// Run shows the screen until it is asked to stop. It returns when the terminal has been given back.
func Run(o Options) error {
	u := newUI(o)
	return u.show(u.root, u.newFrame, u.press, u.mouse)
}

// show runs the application with a root that draws the frames that newFrame makes.
func (u *ui) show(root tview.Primitive, newFrame func(w, h int), press func(key string), mouse func(*tcell.EventMouse, tview.MouseAction) (*tcell.EventMouse, tview.MouseAction)) error {
	u.app.SetScreen(u.screen)
	u.app.EnableMouse(u.opt.Mouse)
	u.app.SetRoot(root, true)
	u.app.SetInputCapture(func(e *tcell.EventKey) *tcell.EventKey {
		press(keyName(e))
		return nil
	})
	u.app.SetMouseCapture(mouse)
	u.app.SetBeforeDrawFunc(func(s tcell.Screen) bool {
		newFrame(s.Size())
		return false
	})
	// This goroutine is the only one that queues updates, and it stops the application itself: an update queued while
	// tview ends would wait for ever.
	ticked := make(chan struct{})
	u.opt.Go(func() {
		defer close(ticked)
		tick := time.NewTicker(time.Second / framesPerSecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				u.app.QueueUpdateDraw(func() {})
			case <-u.stopping:
				u.app.Stop()
				return
			case <-u.opt.Stop:
				u.app.Stop()
				return
			}
		}
	})
	err := u.app.Run()
	u.quit()
	<-ticked
	return err
}

func (u *ui) mouse(e *tcell.EventMouse, a tview.MouseAction) (*tcell.EventMouse, tview.MouseAction) {
	switch a {
	case tview.MouseScrollUp:
		u.zoom(-1)
	case tview.MouseScrollDown:
		u.zoom(1)
	case tview.MouseLeftDown:
		u.click(e.Position())
	default:
		return nil, a
	}
	return nil, a
}
