package scenarios

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"net"
	"slices"
	"sync"
	"time"

	"go.starlark.net/starlark"

	"evviz/trace"
)

// Lab turns the knobs of a lab.
type Lab interface {
	Set(name, value string) error
}

// Observer answers how many of something the server has counted, for example "accepted".
type Observer interface {
	Count(what string) (int64, error)
}

// Options say where and how a story runs.
type Options struct {
	Target   string // host:port of the server
	Seed     int64
	Lab      Lab      // nil: lab.set is refused
	Observer Observer // nil: lab.wait is refused
	Ring     *trace.Ring
}

// run is one run of a story. The ring has one producer; the clients take turns at it under mu.
type run struct {
	ctx  context.Context
	opt  Options
	wg   sync.WaitGroup
	mu   sync.Mutex
	next uint32 // number of the next client
	err  error
	stop context.CancelFunc
	ids  uint32
	open []*net.TCPConn // closed when the run ends, whatever the story left open
}

func (r *run) opened(c *net.TCPConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) >= 1024 && len(r.open)&(len(r.open)-1) == 0 {
		r.open = slices.DeleteFunc(r.open, func(c *net.TCPConn) bool { return fdOf(c) < 0 })
	}
	r.open = append(r.open, c)
}

// Run calls main and returns when it and every client that was spawned have ended, or ctx does. The first error of a
// client ends the others; a connection that the server closes or refuses is not an error of the story's text, it raises
// one only where the story does not expect it (see connect and send). A run that ctx ended returns nil.
func (s *Script) Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{ctx: ctx, opt: o, stop: cancel, ids: 1}
	r.spawn(s.main, nil, nil)
	r.wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		c.Close()
	}
	return r.err
}

// user is one client: a Starlark thread with its own random numbers and connections.
type user struct {
	r    *run
	n    uint32
	rand *rand.Rand
}

func (r *run) spawn(fn starlark.Callable, args starlark.Tuple, kwargs []starlark.Tuple) {
	r.mu.Lock()
	r.next++
	u := &user{r: r, n: r.next, rand: rand.New(rand.NewSource(r.opt.Seed<<16 + int64(r.next)))}
	r.mu.Unlock()
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		th := &starlark.Thread{Name: fmt.Sprintf("client %d", u.n), Print: func(_ *starlark.Thread, msg string) { u.note(msg) }}
		th.SetLocal("user", u)
		ended := make(chan struct{})
		go func() {
			select {
			case <-r.ctx.Done():
				th.Cancel("the run has ended")
			case <-ended:
			}
		}()
		_, err := starlark.Call(th, fn, args, kwargs)
		close(ended)
		if err != nil && r.ctx.Err() == nil && !errors.Is(err, errEnded) {
			r.mu.Lock()
			if r.err == nil {
				r.err = bad(err)
			}
			r.mu.Unlock()
			r.stop()
		}
	}()
}

// errEnded ends a client quietly when the run ends under it.
var errEnded = errors.New("the run has ended")

// emit records a step of a client.
func (u *user) emit(e trace.Event) {
	ring := u.r.opt.Ring
	if ring == nil {
		return
	}
	u.r.mu.Lock()
	defer u.r.mu.Unlock()
	p := ring.Next(trace.Step, ring.Now())
	e.Time, e.Seq, e.Stream, e.Kind = p.Time, p.Seq, p.Stream, trace.Step
	e.Aux |= u.n << 8
	*p = e
	ring.Publish(e.Time)
}

// name gives a string an id of the client stream.
func (r *run) name(s string) uint32 {
	ring := r.opt.Ring
	if ring == nil || s == "" {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.ids
	if r.ids++; r.ids > 1<<15 {
		r.ids = 1 // ids may be given anew; a reader takes the name as it stands at the event
	}
	ring.Name(id, s, ring.Now())
	return id
}

func (u *user) note(s string) {
	u.emit(trace.Event{FD: -1, Aux: trace.StepNote, Gen: u.r.name(s)})
}

// sleep waits, or ends with the run.
func (u *user) sleep(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-u.r.ctx.Done():
		return errEnded
	}
}
