package tui

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// Run shows the screen until it is asked to stop. It returns when the screen is done with; kept is the last picture when it
// is to be left on the terminal, nil otherwise.
func Run(o Options) (kept *Picture, err error) {
	u := newUI(o)
	err = u.show(u.root, u.newFrame, u.press, u.mouse)
	return u.kept, err
}

// show runs the application with a root that draws the frames that newFrame makes.
func (u *ui) show(root tview.Primitive, newFrame func(w, h int), press func(key string), mouse func(*tcell.EventMouse, tview.MouseAction) (*tcell.EventMouse, tview.MouseAction)) error {
	n := &nudges{tick: tcell.NewEventKey(tcell.KeyNUL, 0, 0), job: tcell.NewEventKey(tcell.KeyNUL, 0, 0), jobs: make(chan func(), 1),
		running: make(chan struct{}), ended: make(chan struct{})}
	u.app.SetScreen(u.screen)
	u.app.EnableMouse(u.opt.Mouse)
	u.app.SetRoot(root, true)
	u.app.SetInputCapture(func(e *tcell.EventKey) *tcell.EventKey {
		if n.handle(e) {
			return nil
		}
		name := keyName(e)
		// A terminal sends Esc and a letter in a hurry as it sends Alt and the letter. Where nobody asked for Alt, it was Esc.
		if letter, alt := strings.CutPrefix(name, "Alt-"); alt && !u.bound(name) {
			press("Esc")
			name = letter
		}
		press(name)
		return nil
	})
	u.app.SetMouseCapture(mouse)
	u.app.SetBeforeDrawFunc(func(s tcell.Screen) bool {
		newFrame(s.Size())
		return false
	})
	ticked := make(chan struct{})
	u.opt.Go(func() {
		defer close(ticked)
		u.nudge(n)
	})
	err := u.app.Run()
	close(n.ended)
	u.quit()
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
func (u *ui) nudge(n *nudges) {
	n.ticking.Store(true)
	u.app.QueueEvent(n.tick)
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
				u.app.QueueEvent(n.tick)
			}
		case sig := <-u.opt.Jobs:
			if do := u.job(sig); do != nil {
				select {
				case n.jobs <- do:
					u.app.QueueEvent(n.job)
				default: // one is on its way
				}
			}
		case <-u.stopping:
			u.app.Stop()
			return
		case <-u.opt.Stop:
			u.app.Stop()
			return
		case <-n.ended:
			return
		}
	}
}
