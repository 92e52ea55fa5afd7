package lab

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"evviz/show"
	"evviz/trace"
	"evviz/tui"
)

// SplitScreen is two labs at once, each with a server, clients and a timeline of its own, one above the other.
type SplitScreen struct {
	Names [2]string
	Labs  [2]*Options
	For   time.Duration    // ends them; 0: a person does
	Looks tui.SplitOptions // the parts that a person chooses
}

// Run runs them; see show.Run for what is returned.
func (o *SplitScreen) Run() (code int, err error) {
	return show.Run(o.For, func() (show.Shown, error) { return o.start() })
}

// Picture runs them for their time without a terminal, and is what the screen shows at its end. code is what a signal asks for that came
// before.
func (o *SplitScreen) Picture(w, h int) (p *tui.Picture, code int, err error) {
	sigs, undo := show.WatchSignals()
	defer undo()
	v, err := o.start()
	if err != nil {
		return nil, 0, errors.Join(&show.NotStarted{Err: err}, v.Stop(trace.StopError))
	}
	over := time.NewTimer(o.For)
	defer over.Stop()
	select {
	case sig := <-sigs:
		return nil, show.SignalCode(sig), v.Stop(trace.StopSignal)
	case <-over.C:
	}
	if err := v.Failed(); err != nil {
		return nil, 0, errors.Join(err, v.Stop(trace.StopError))
	}
	p, err = tui.DrawSplit(v.options(), w, h, 1<<24, nil)
	return p, 0, errors.Join(err, v.Stop(trace.StopTime))
}

// start starts both. What has been started is there also when that fails.
func (o *SplitScreen) start() (*shownPair, error) {
	v := &shownPair{SplitScreen: o}
	for i, lab := range o.Labs {
		s, err := New(lab)
		if err != nil {
			return v, fmt.Errorf("%s: %w", o.Names[i], err)
		}
		v.sessions = append(v.sessions, s)
	}
	// The clients last, and one right after the other: that is as much at the same time as two processes can be started.
	for _, s := range v.sessions {
		s.startFeed()
	}
	for _, s := range v.sessions {
		if err := s.startClients(); err != nil {
			return v, err
		}
	}
	return v, nil
}

// shownPair is two labs while they are shown, or as many of them as have been started.
type shownPair struct {
	*SplitScreen
	sessions []*Session
}

func (v *shownPair) Draw(t *show.Terminal) (*tui.Picture, error) {
	o := v.options()
	t.PutSplit(&o)
	return nil, tui.RunSplit(o)
}

// options are the screen's.
func (v *shownPair) options() tui.SplitOptions {
	o := v.Looks
	for i, s := range v.sessions {
		o.Halves[i] = tui.Half{Name: v.Names[i], Feed: s.Feed, Lab: &control{s}, Notes: s.notes}
	}
	return o
}

func (v *shownPair) Failed() error {
	for i, s := range v.sessions {
		if err := s.failure(); err != nil {
			return fmt.Errorf("%s: %w", v.Names[i], err)
		}
	}
	return nil
}

// Stop ends both at once, each as a lab alone would end.
func (v *shownPair) Stop(why uint32) error {
	errs := make([]error, len(v.sessions))
	var both sync.WaitGroup
	for i, s := range v.sessions {
		both.Add(1)
		show.Go(func() {
			defer both.Done()
			errs[i] = s.Stop(why)
		})
	}
	both.Wait()
	return errors.Join(errs...)
}

func (v *shownPair) Say() {}
