package tui

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// app is the application while it runs: tview's loop, the ticker that makes it draw, and what ends or suspends it.
type app struct {
	tview *tview.Application
	start func(func()) // starts a goroutine
	stop  <-chan struct{}
	jobs  <-chan os.Signal

	stopping chan struct{}
	stopOnce sync.Once
	owed     atomic.Int32 // SIGCONTs that belong to a suspension of ours (suspend_unix.go)
}

const framesPerSecond = 20

func newApp(start func(func()), stop <-chan struct{}, jobs <-chan os.Signal) *app {
	return &app{tview: tview.NewApplication(), start: start, stop: stop, jobs: jobs, stopping: make(chan struct{})}
}

// quit ends the application.
func (a *app) quit() { a.stopOnce.Do(func() { close(a.stopping) }) }

// handler is who draws the frames and takes the keys: a screen, or two halves of one.
type handler interface {
	newFrame(w, h int)
	press(key string)
	mouse(*tcell.EventMouse, tview.MouseAction) (*tcell.EventMouse, tview.MouseAction)
}

// run runs the application with a root that draws the frames that its handler makes. bound tells which keys have a meaning.
func (a *app) run(s tcell.Screen, mouse bool, root tview.Primitive, by handler, bound func(key string) bool) error {
	n := &nudges{tick: tcell.NewEventKey(tcell.KeyNUL, 0, 0), job: tcell.NewEventKey(tcell.KeyNUL, 0, 0), jobs: make(chan func(), 1),
		running: make(chan struct{}), ended: make(chan struct{})}
	a.tview.SetScreen(s)
	a.tview.EnableMouse(mouse)
	a.tview.SetRoot(root, true)
	a.tview.SetInputCapture(func(e *tcell.EventKey) *tcell.EventKey {
		if n.handle(e) {
			return nil
		}
		name := keyName(e)
		// A terminal sends Esc and a letter in a hurry as it sends Alt and the letter. Where nobody asked for Alt, it was Esc.
		if letter, alt := strings.CutPrefix(name, "Alt-"); alt && !bound(name) {
			by.press("Esc")
			name = letter
		}
		by.press(name)
		return nil
	})
	a.tview.SetMouseCapture(by.mouse)
	a.tview.SetBeforeDrawFunc(func(s tcell.Screen) bool {
		by.newFrame(s.Size())
		return false
	})
	ticked := make(chan struct{})
	a.start(func() {
		defer close(ticked)
		a.nudge(n)
	})
	err := a.tview.Run()
	close(n.ended)
	a.quit()
	<-ticked
	return err
}

// nudges are what another goroutine wants of tview's: to draw, and to do a job. They are events that only their address tells
// from keys, and there is no more than one of each on the way, so that nobody ever waits for tview, which may be waiting for a
// terminal that does not read, or have ended.
type nudges struct {
	tick, job *tcell.EventKey
	ticking   atomic.Bool   // a tick is on its way
	jobs      chan func()   // what to do when a job is on its way
	running   chan struct{} // closed when tview handles events
	ended     chan struct{} // closed when it does no more
	began     bool          // running is closed; tview's goroutine's
}

// handle reports whether an event was a nudge. tview draws after it.
func (n *nudges) handle(e *tcell.EventKey) bool {
	switch e {
	case n.tick:
		n.ticking.Store(false)
		if !n.began {
			n.began = true
			close(n.running)
		}
	case n.job:
		(<-n.jobs)()
	default:
		return false
	}
	return true
}

// nudge makes tview draw, and stops it. Before it handles events it must not be stopped: it would open a terminal of its own.
func (a *app) nudge(n *nudges) {
	n.ticking.Store(true)
	a.tview.QueueEvent(n.tick)
	select {
	case <-n.running:
	case <-n.ended:
		return
	}
	tick := time.NewTicker(time.Second / framesPerSecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if !n.ticking.Swap(true) {
				a.tview.QueueEvent(n.tick)
			}
		case sig := <-a.jobs:
			if do := a.job(sig); do != nil {
				select {
				case n.jobs <- do:
					a.tview.QueueEvent(n.job)
				default: // one is on its way
				}
			}
		case <-a.stopping:
			a.tview.Stop()
			return
		case <-a.stop:
			a.tview.Stop()
			return
		case <-n.ended:
			return
		}
	}
}
