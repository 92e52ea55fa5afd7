package scenarios

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"net"
	"sync"
	"syscall"
	"time"

	"go.starlark.net/starlark"

	"evviz/trace"
)

// Lab turns the knobs of a lab.
type Lab interface {
	Set(name, value string) error
}

// LabSets is a Lab that turns several knobs at once, between two turns of its loop.
type LabSets interface {
	SetAll(knobs []Knob) error
}

// LabEnds is a Lab that wants to know that a story is over. End is called when every client has come to its end and
// before the connections that they left open are closed; a server that has stopped when End returns does not see that.
type LabEnds interface {
	End() error
}

// Observer answers what the server has counted, for example "accepted": a figure as ParseFigure reads it. What is not
// known yet counts as 0.
type Observer interface {
	Count(what string) (int64, error)
}

// Mortal is an Observer that knows whether the server has ended by itself. A connection that cannot be made because
// of that is no failure of the story: the run ends, too.
type Mortal interface {
	Ended() (bool, error)
}

// Options say where and how a story runs.
type Options struct {
	Target   string // host:port of the server
	Seed     int64
	Lab      Lab      // nil: lab.set is refused
	Observer Observer // nil: lab.wait is refused
	Ring     *trace.Ring

	MaxConns    int // connections that may be open at once; 0: DefaultMaxConns
	MaxClients  int // clients that may be alive at once; 0: DefaultMaxClients
	Position    Position
	AllowRemote bool // connect to other than loopback addresses, the target's too
}

// DefaultMaxConns is how many connections a story may have open at once unless it is told otherwise.
const DefaultMaxConns = 2000

// stepLimit is how much a client may compute between two calls that can wait. Clients run for ever, so their steps as a
// whole cannot be limited; one that computes without end would keep a processor busy and never notice that the run ends.
const stepLimit = 20_000_000

// run is one run of a story. The ring has one producer; the clients take turns at it under mu.
type run struct {
	ctx  context.Context
	opt  Options
	wg   sync.WaitGroup
	stop context.CancelFunc

	mu    sync.Mutex
	next  uint32 // number of the next client
	err   error
	id    uint32                    // the last name id that was given
	inUse map[uint32]bool           // ids that open connections carry
	parts map[string]uint32         // ids of the parts that clients play
	open  map[*net.TCPConn]struct{} // closed when the run ends, whatever the story left open
	count int                       // connections that are open or being made
	alive int                       // clients
	ended bool
}

// opened takes a new connection into the run's care.
func (r *run) opened(c *net.TCPConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[c] = struct{}{}
	if r.ended {
		c.SetDeadline(longAgo)
	}
}

// closed takes a connection out of it.
func (r *run) closed(x *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, is := r.open[x.c]; is {
		r.count--
	}
	delete(r.open, x.c)
	delete(r.inUse, x.local)
}

var longAgo = time.Unix(1, 0)

// interrupt makes the blocking calls of all connections end.
func (r *run) interrupt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	for c := range r.open {
		c.SetDeadline(longAgo)
	}
}

// Run calls main and returns when it and every client that was spawned have ended, or ctx does. The first error of a
// client ends the others; a connection that the server closes or refuses is not an error of the story's text, it raises
// one only where the story does not expect it (see connect and send). A run that ctx ended returns nil.
func (s *Script) Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{ctx: ctx, opt: o, stop: cancel, inUse: map[uint32]bool{}, open: map[*net.TCPConn]struct{}{}}
	defer context.AfterFunc(ctx, r.interrupt)()
	if err := r.spawn(s.main, nil, nil, uint64(o.Seed)); err != nil {
		return err
	}
	r.wg.Wait()
	if e, ok := o.Lab.(LabEnds); ok && ctx.Err() == nil {
		if err := e.End(); err != nil && r.err == nil {
			r.err = err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		c.Close()
	}
	return r.err
}

// user is one client: a Starlark thread with its own random numbers and connections.
type user struct {
	r       *run
	n       uint32
	part    string // which it plays: the function that it runs
	seed    uint64
	spawned uint64 // clients that this one has started
	th      *starlark.Thread
	steps   *steps
	rand    *rand.Rand
}

// breathe gives the client its steps anew; every call that can wait does it.
func (u *user) breathe() { u.steps.allow(stepLimit) }

// childSeed is the seed of a client's k-th child. It follows from who started whom and not from when, so that clients
// that start others at the same time do not change each other's random numbers (the mixing is that of splitmix64).
func childSeed(parent, k uint64) uint64 {
	z := parent + k*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *run) spawn(fn starlark.Callable, args starlark.Tuple, kwargs []starlark.Tuple, seed uint64) error {
	most := r.opt.MaxClients
	if most == 0 {
		most = DefaultMaxClients
	}
	r.mu.Lock()
	if r.alive >= most {
		r.mu.Unlock()
		return fmt.Errorf("spawn: %d clients are alive at once, which is the limit", most)
	}
	r.alive++
	r.next++
	u := &user{r: r, n: r.next, part: fn.Name(), seed: seed, rand: rand.New(rand.NewSource(int64(seed)))}
	r.mu.Unlock()
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		th := &starlark.Thread{Name: fmt.Sprintf("client %d", u.n), Print: func(_ *starlark.Thread, msg string) { u.note(msg) }}
		th.SetLocal("user", u)
		u.th, u.steps = th, newSteps(th, r.opt.Position)
		u.breathe()
		quiet := context.AfterFunc(r.ctx, func() { th.Cancel(errEnded.Error()) })
		_, err := starlark.Call(th, fn, args, kwargs)
		quiet()
		r.mu.Lock()
		r.alive--
		r.mu.Unlock()
		if err != nil && r.ctx.Err() == nil && !errors.Is(err, errEnded) {
			r.mu.Lock()
			if r.err == nil {
				r.err = bad(err)
			}
			r.mu.Unlock()
			r.stop()
		}
	}()
	return nil
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

// maxNames bounds the ids of names; it is more than there are ports, and so connections, on one address.
const maxNames = 1 << 17

// name gives a string an id of the client stream. Ids come round again, but for those that kept says an open connection
// carries: a reader takes a name as it stands at the event.
func (r *run) name(s string, kept bool) uint32 {
	ring := r.opt.Ring
	if ring == nil || s == "" {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for range maxNames {
		if r.id++; r.id > maxNames {
			r.id = 1
		}
		if !r.inUse[r.id] {
			break
		}
	}
	if kept {
		r.inUse[r.id] = true
	}
	ring.Name(r.id, s, ring.Now())
	return r.id
}

// partName is the id of the part that a client plays. There are as many as a scenario has functions, and each keeps its id.
func (u *user) partName() uint32 {
	r := u.r
	r.mu.Lock()
	id, known := r.parts[u.part]
	r.mu.Unlock()
	if known {
		return id
	}
	id = r.name(u.part, true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.parts == nil {
		r.parts = map[string]uint32{}
	}
	r.parts[u.part] = id
	return id
}

func (u *user) note(s string) {
	u.emit(trace.Event{FD: -1, Aux: trace.StepNote, Gen: u.r.name(s, false)})
}

// sleep waits, or ends with the run.
func (u *user) sleep(d time.Duration) error {
	u.breathe()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-u.r.ctx.Done():
		return errEnded
	}
}

// serverEnded says of a connect that failed whether the server had ended by then: the client ends quietly, as at the end of the run, which
// is near. What fails on a connection that there was is a result, and no failure of the story.
func (r *run) serverEnded(err error) bool {
	m, ok := r.opt.Observer.(Mortal)
	if !ok || !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	ended, err := m.Ended()
	return r.ctx.Err() != nil || err == nil && ended
}
