package record

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"evviz/trace"
)

// Limits of a Player's speed, as a multiple of real time.
const (
	MinSpeed = 0.1
	MaxSpeed = 100
)

// Player replays a seekable source (a File) at the pace at which it happened, or at another one. It is a Source, Seeker,
// Pauser, Stepper, Speeder and Positioner.
//
// It keeps a clock of its own in the time of the trace, which runs at the chosen speed, stands while paused, and jumps
// when sought; an event is handed on when that clock has reached it. So Position advances also where nothing happens.
// After the last event the player stands at the end, as if paused, until it is sought or closed: Read then blocks.
//
// Seeking backwards begins again: Read returns ErrRewound once, and then hands on everything up to the new position
// without pacing. It begins at the start of the source, so that every count is whole; or, when the source is a Jumper with
// more than wholeEvents events, at a starting point that lies SetLookback before the new position and no more than about
// seekEvents away from it. Begins tells which. Seeking forwards over more events than that does the same.
//
// One goroutine reads; everything else may be called from any.
type Player struct {
	src         trace.Source
	seek        trace.Seeker
	jump        trace.Jumper // nil: the source has one starting point, or is small enough to be read from it
	first, last int64

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when Read has to look again
	closed  bool
	paused  bool
	speed   float64
	base    int64       // position at the moment since
	since   time.Time   // zero while the clock stands
	goal    int64       // where the last seek, or the start, goes to
	chasing bool        // events up to goal are handed on unpaced, and the clock stands at goal meanwhile
	handing bool        // the last events up to goal were handed on, and the reader has not come back yet
	steps   int         // events to let go while paused
	rewind  bool        // Read has to begin again
	ended   bool        // the source has no more
	look    int64       // ns before the goal at which a seek should begin
	most    int64       // events that a seek may hand on, if they are taken in fast enough
	cost    float64     // ns that an event takes from the file to the reader and in it, as the last seeks went
	sought  time.Time   // when the seek in progress began; zero: none is measured
	handsOn int64       // events that it has handed on
	start   trace.Point // where to begin again
	begins  int64       // where it began last
	handed  int64       // time of the newest event handed on
	bounded bool        // bound is known
	bound   int64       // time of the first event that the reader has not taken in

	// the reading goroutine's own
	buf   []trace.Event
	at, n int
}

const (
	wholeEvents = 300_000        // a source of so many events is always read from its start
	seekEvents  = 130_000        // events that a seek hands on at most
	seekLeast   = 20_000         // ... and, where they are taken in slowly, at least
	seekTime    = 18_000_000     // ns that a seek may take
	seekCost    = 300            // ns that an event takes until that was measured
	lookDefault = 10_000_000_000 // ns
)

// NewPlayer makes a player that stands at the beginning of src and runs as soon as it is read. src should be a Seeker;
// one that is not can only be replayed forwards.
func NewPlayer(src trace.Source) *Player {
	p := &Player{src: src, speed: 1, changed: make(chan struct{}), buf: make([]trace.Event, 4096)}
	if s, ok := src.(trace.Seeker); ok {
		p.seek = s
		p.first, p.last = s.Bounds()
	}
	if j, ok := src.(trace.Jumper); ok && j.Events() > wholeEvents {
		p.jump = j
	}
	p.look, p.most, p.cost, p.begins = lookDefault, seekEvents, seekCost, p.first
	p.base, p.goal, p.handed, p.chasing = p.first, p.first, p.first, true
	return p
}

// Unwrap is the source that is replayed.
func (p *Player) Unwrap() trace.Source { return p.src }

// Info describes the source.
func (p *Player) Info() trace.Info { return p.src.Info() }

// Bounds are the source's.
func (p *Player) Bounds() (first, last int64) { return p.first, p.last }

// poke makes a waiting Read look again. The caller holds mu.
func (p *Player) poke() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// position is where the clock stands. The caller holds mu.
func (p *Player) position() int64 {
	pos := p.base
	if !p.since.IsZero() {
		pos += int64(float64(time.Since(p.since)) * p.speed)
	}
	if p.seek != nil {
		pos = min(pos, max(p.last, p.base))
	}
	return pos
}

// setClock moves the clock, and lets it run when it may.
func (p *Player) setClock(pos int64) {
	p.base, p.since = pos, time.Time{}
	if !p.paused && !p.ended && !p.chasing {
		p.since = time.Now()
	}
}

// Position is where the player is, in the time of the trace (CLOCK_MONOTONIC ns): the clock, but never later than the first event
// that the reader has not taken in yet. Otherwise data would seem to wait because its read has not been handed on.
func (p *Player) Position() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bounded && !p.chasing && !p.ended {
		return min(p.position(), p.bound)
	}
	return p.position()
}

// Pause stops the player or lets it go on.
func (p *Player) Pause(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on == p.paused {
		return
	}
	pos := p.position()
	p.paused = on
	p.steps = 0
	p.setClock(pos)
	p.poke()
}

// Paused reports whether Pause is on. At the end a player stands without being paused.
func (p *Player) Paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

// Step lets n more events go while paused.
func (p *Player) Step(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused && n > 0 && !p.ended {
		p.steps += n
		p.poke()
	}
}

// SetSpeed changes the pace: x times real time, kept between MinSpeed and MaxSpeed.
func (p *Player) SetSpeed(x float64) {
	if math.IsNaN(x) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	pos := p.position()
	p.speed = min(max(x, MinSpeed), MaxSpeed)
	p.setClock(pos)
	p.poke()
}

// Speed is the multiple of real time.
func (p *Player) Speed() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.speed
}

// AtEnd reports whether every event was handed on.
func (p *Player) AtEnd() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// SeekTime goes to the moment t (CLOCK_MONOTONIC ns), kept within Bounds. It returns at once; Read does the work.
func (p *Player) SeekTime(t int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return os.ErrClosed
	}
	if p.seek == nil {
		return errors.New("this source cannot seek")
	}
	t = min(max(t, p.first), p.last)
	switch {
	case t < p.position(), p.rewind, p.jump != nil && p.jump.EventsBefore(t)-p.jump.EventsBefore(p.handed) > p.budget():
		p.rewind, p.ended, p.start = true, false, trace.Point{}
		if p.jump != nil {
			p.start = p.jump.PointBefore(t, p.look+p.look/4, p.budget())
		}
	}
	p.steps = 0
	p.goal, p.chasing = t, !p.ended // at the end there is nothing left to hand on
	p.setClock(t)
	p.poke()
	return nil
}

// budget is how many events a seek may hand on. The caller holds mu.
func (p *Player) budget() int64 {
	return min(max(int64(seekTime/p.cost), seekLeast), p.most)
}

// measure learns from a seek that has come to its end what an event costs. The caller holds mu.
func (p *Player) measure() {
	if !p.sought.IsZero() && p.handsOn >= seekLeast/2 {
		cost := max(float64(time.Since(p.sought))/float64(p.handsOn), 1)
		p.cost += (cost - p.cost) / 2
	}
	p.sought = time.Time{}
}

// SetLookback says how much before its goal (ns) a view wants to see everything after a seek. It begins a quarter earlier,
// because what is going on at the beginning is not known; and later where there are too many events.
func (p *Player) SetLookback(ns int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look = min(max(ns, 0), math.MaxInt64/4)
}

// Begins is the moment at which what has been handed on begins (CLOCK_MONOTONIC ns): the first of Bounds, or, after a
// seek, a later one.
func (p *Player) Begins() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begins
}

// Seeking reports that events up to the goal of a seek are still being handed on: it ends when the reader has taken the
// last of them in and comes back for more.
func (p *Player) Seeking() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rewind || p.chasing || p.handing
}

// Close ends Read with io.EOF and closes the source.
func (p *Player) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.poke()
	p.mu.Unlock()
	return p.src.Close()
}

// Read hands on the events that are due, and blocks until there is one. See Source and Player.
func (p *Player) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return 0, io.EOF
		}
		if p.handing {
			p.handing = false
			p.measure()
		}
		if p.rewind {
			p.rewind = false
			start := p.start
			p.at, p.n, p.begins = 0, 0, p.first
			if !start.Whole() {
				p.begins = start.Time
			}
			p.handed, p.bounded = p.begins, false
			p.sought, p.handsOn = time.Now(), 0
			p.mu.Unlock()
			err := error(nil)
			if !start.Whole() {
				err = p.jump.Jump(start)
			} else {
				err = p.seek.SeekTime(p.first)
			}
			if err != nil {
				return 0, p.readErr(err)
			}
			return 0, trace.ErrRewound
		}
		ended := p.ended
		p.mu.Unlock()

		if p.at == p.n && !ended {
			n, err := p.src.Read(ctx, p.buf)
			p.at, p.n = 0, n
			if n == 0 {
				if err != nil && err != io.EOF {
					return 0, p.readErr(err)
				}
				p.mu.Lock()
				if !p.rewind {
					pos := max(p.handed, p.position())
					p.ended, p.chasing = true, false
					p.measure()
					p.setClock(pos)
				}
				p.mu.Unlock()
				continue
			}
		}

		p.mu.Lock()
		if p.rewind || p.closed { // asked for since the look above
			p.mu.Unlock()
			continue
		}
		n, wait := 0, time.Hour
		if p.at < p.n {
			n, wait = p.due(buf)
		}
		changed := p.changed
		p.mu.Unlock()
		if n > 0 {
			return n, nil
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
	}
}

// readErr says io.EOF for the error that the source's Read gives because Close closed it.
func (p *Player) readErr(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return io.EOF
	}
	return err
}

// due copies what may go, or says how long to wait. The caller holds mu.
func (p *Player) due(buf []trace.Event) (int, time.Duration) {
	avail := p.buf[p.at:p.n]
	limit := min(len(buf), len(avail))
	n := 0
	if !p.bounded || avail[0].Time > p.bound { // an event that came late does not turn the clock back
		p.bounded, p.bound = true, avail[0].Time
	}
	if p.chasing {
		for n < limit && avail[n].Time <= p.goal {
			n++
		}
		if n == limit {
			return p.hand(buf, n), 0
		}
		if p.chasing, p.handing = false, n > 0; n == 0 {
			p.measure()
		}
		p.setClock(p.goal)
		p.bound = max(p.bound, p.goal) // Seeking says that the reader is still at it
	}
	if p.paused {
		// Only what is stepped, even if it has the time of the event before it: a step is one event.
		k := min(p.steps, limit-n)
		p.steps -= k
		n = p.hand(buf, n+k)
		if k > 0 {
			p.setClock(max(p.handed, p.base))
		}
		return n, time.Hour
	}
	now := p.position()
	for n < limit && avail[n].Time <= now {
		n++
	}
	var wait time.Duration
	if n == 0 {
		gap := float64(avail[0].Time-now) / p.speed
		wait = time.Duration(min(max(gap, float64(time.Millisecond)/4), float64(time.Hour)))
	}
	return p.hand(buf, n), wait
}

// hand copies n events into buf.
func (p *Player) hand(buf []trace.Event, n int) int {
	copy(buf, p.buf[p.at:p.at+n])
	p.handsOn += int64(n)
	for i := range buf[:n] {
		p.handed = max(p.handed, buf[i].Time)
	}
	p.at += n
	return n
}
