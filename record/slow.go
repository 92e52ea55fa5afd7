package record

import (
	"context"
	"io"
	"math"
	"sync"
	"time"

	"evviz/trace"
)

// SlowPlan says how a picture lags behind what happens. The zero value plays everything at the pace at which it happens.
type SlowPlan struct {
	From *SlowMoment // slow motion begins; nil: there is none
	To   *SlowMoment // slow motion ends with its event, and the picture stops After that; nil: nowhere
	Pace float64     // of the slow motion, times real time
	Asks bool        // the picture waits at From, for the answer to a question
}

// SlowMoment is a moment that an event decides.
type SlowMoment struct {
	Is    func(*trace.Event) bool
	Nth   int           // which of those events; 1 the first
	After time.Duration // so long after it
}

// Limits of what Slow does.
const (
	slowLag  = int64(500e6) // ns by which the picture is behind at least, so that what comes next is known before it is due
	slowKept = 1 << 20      // events that are kept for it; more of them go through at once
	slowest  = 0.00001      // times real time
	// Slow motion whose end is known takes no less and no more, in ns: what takes microseconds is to be seen, and a busy machine may be late.
	slowLeast, slowMost = 1e9, 10e9
)

// Slow lets the events of a live source through again, by a clock of its own that runs behind: at real time, slower where the plan says, and not
// at all where it stops. What happens is not held up: the source is read through Tap, at its own pace, and Slow keeps what was read there. So a
// picture of it can be stopped or slowed, and what is true at its present is all that it shows.
//
// It is a Source, Pauser, Stepper, Speeder and Positioner. One goroutine reads Tap, one reads Slow; everything else may be called from any.
type Slow struct {
	plan SlowPlan
	now  func() time.Time // a test's; else the machine's

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when Read has to look again
	src     trace.Source  // that Tap was made of
	events  []trace.Event // kept
	next    int           // the first of them that has not been let through
	ended   bool          // the source has no more
	closed  bool
	read    bool // somebody does
	lost    bool // there were more than are kept

	paused bool
	asks   bool // it waits for Answered
	steps  int
	speed  float64
	base   int64     // where the clock was at the moment since; 0 before the first event
	since  time.Time // ...

	seen   [2]int   // events of the plan's moments that came
	at     [3]int64 // the plan's moments; 0 not yet known
	passed int      // so many of them
}

// NewSlow makes one; Tap comes next.
func NewSlow(plan SlowPlan) *Slow {
	return &Slow{plan: plan, now: time.Now, changed: make(chan struct{}), speed: 1}
}

// Tap is a source that keeps for s what is read of src. It is called once, before s is used.
func (s *Slow) Tap(src trace.Source) trace.Source {
	s.src = src
	return &tap{src, s}
}

// tap is a source that is read, and what that is kept for.
type tap struct {
	trace.Source
	slow *Slow
}

// Unwrap is the source that is read.
func (t *tap) Unwrap() trace.Source { return t.Source }

// Read implements trace.Source.
func (t *tap) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := t.Source.Read(ctx, buf)
	t.slow.keep(buf[:n], err != nil)
	return n, err
}

// keep takes events over, and finds the plan's moments among them.
func (s *Slow) keep(events []trace.Event, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next > slowKept/2 {
		s.events = append(s.events[:0], s.events[s.next:]...)
		s.next = 0
	}
	for i := range events {
		e := &events[i]
		if s.base == 0 {
			s.base, s.since = e.Time-slowLag, s.now()
		}
		s.look(e, s.plan.From, 0)
		s.look(e, s.plan.To, 1)
	}
	if len(s.events) > 2*slowKept && !s.read { // nobody lets them through
		s.events, s.lost = s.events[:0], true
	}
	s.events = append(s.events, events...)
	s.ended = s.ended || ended
	s.poke()
}

// The moments of a plan, in their order. One that has not come does not keep the next from coming.
const (
	slowBegins = iota
	slowEnds
	slowStops
)

// look counts an event of one of the plan's moments. A clock that is further already, because the machine was late, goes back: nothing after
// the event has been let through. The caller holds mu.
func (s *Slow) look(e *trace.Event, m *SlowMoment, i int) {
	if m == nil || s.at[i] != 0 || !m.Is(e) {
		return
	}
	if s.seen[i]++; s.seen[i] < max(m.Nth, 1) {
		return
	}
	if i == slowBegins {
		s.at[i] = e.Time - 1 + int64(m.After)
	} else { // what happens at the edge of a picture is not in it yet
		s.at[slowEnds], s.at[slowStops] = e.Time+1, e.Time+1+int64(m.After)
	}
	s.base = min(s.base, s.at[i])
}

// poke makes a waiting Read look again. The caller holds mu.
func (s *Slow) poke() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// tick takes the clock to the present, past the plan's moments. The caller holds mu.
func (s *Slow) tick() {
	now := s.now()
	left := float64(now.Sub(s.since)) // ns of real time
	s.since = now
	if s.base == 0 {
		return
	}
	for left > 0 && !s.paused {
		to := s.base + int64(left*s.speed)
		next := s.upcoming()
		if next < 0 || to < s.at[next] {
			s.base = to
			break
		}
		left -= float64(max(s.at[next]-s.base, 0)) / s.speed
		s.base = max(s.base, s.at[next])
		s.pass(next)
	}
	if s.ended && len(s.events) > 0 { // the clock stands at the end
		last := s.events[len(s.events)-1].Time
		s.base = min(s.base, max(last, s.at[slowStops]))
	}
}

// upcoming is the plan's next moment, -1 when none is known. The caller holds mu.
func (s *Slow) upcoming() int {
	for i := s.passed; i < len(s.at); i++ {
		if s.at[i] != 0 {
			return i
		}
	}
	return -1
}

// pass is what happens at one of the plan's moments. The caller holds mu.
func (s *Slow) pass(i int) {
	s.passed = i + 1
	switch i {
	case slowBegins:
		if s.plan.Pace > 0 {
			s.speed = s.plan.Pace
		}
		if n := s.at[slowEnds] - s.at[slowBegins]; n > 0 {
			s.speed = min(max(min(s.speed, float64(n)/slowLeast), float64(n)/slowMost, slowest), 1)
		}
		s.asks, s.paused = s.plan.Asks, s.plan.Asks
	case slowEnds:
		s.speed = 1
	case slowStops:
		s.speed, s.paused, s.steps = 1, true, 0
	}
}

// Read lets the events through that are due, and blocks until there is one.
func (s *Slow) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s.mu.Lock()
		s.read = true
		s.tick()
		n, wait := s.due(buf)
		over := s.closed || s.ended && s.next == len(s.events)
		changed := s.changed
		s.mu.Unlock()
		switch {
		case n > 0:
			return n, nil
		case over:
			return 0, io.EOF
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
	}
}

// due copies what may go through, or says how long to wait. The caller holds mu.
func (s *Slow) due(buf []trace.Event) (n int, wait time.Duration) {
	wait = time.Hour
	if s.closed {
		return 0, wait
	}
	for n < len(buf) && s.next < len(s.events) {
		e := &s.events[s.next]
		switch {
		case e.Time <= s.base || len(s.events)-s.next > slowKept:
		case s.paused && s.steps > 0:
			s.steps--
			s.base = e.Time
		default:
			if !s.paused {
				gap := float64(e.Time-s.base) / s.speed
				wait = time.Duration(min(max(gap, float64(time.Millisecond)/4), float64(50*time.Millisecond)))
			}
			return n, wait
		}
		buf[n] = *e
		n++
		s.next++
	}
	return n, wait
}

// Info describes the source.
func (s *Slow) Info() trace.Info { return s.src.Info() }

// Unwrap is the source that is slowed.
func (s *Slow) Unwrap() trace.Source { return s.src }

// Close ends Read with io.EOF. The source that is read through Tap is not closed.
func (s *Slow) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.poke()
	return nil
}

// Position is where the clock is (CLOCK_MONOTONIC ns), but never later than the first event that has not been let through yet.
func (s *Slow) Position() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	if s.next < len(s.events) {
		return min(s.base, s.events[s.next].Time)
	}
	return s.base
}

// Pause stops the clock or lets it go on, which also ends the waiting for an answer.
func (s *Slow) Pause(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	s.paused, s.steps = on, 0
	if !on {
		s.asks = false
	}
	s.poke()
}

// Paused reports whether the clock stands, because of Pause or of the plan.
func (s *Slow) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	return s.paused
}

// Asks reports whether the picture waits for an answer; Pause(false) ends that.
func (s *Slow) Asks() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	return s.asks
}

// Halted is the moment at which the plan has stopped the picture, 0 while it has not.
func (s *Slow) Halted() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	if s.passed <= slowStops {
		return 0
	}
	return s.at[slowStops]
}

// From is the moment at which slow motion begins, 0 as long as the picture has not come there.
func (s *Slow) From() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tick(); s.passed > slowBegins || s.ended && s.next == 0 { // in the end everything is known
		return s.at[slowBegins]
	}
	return 0
}

// To is the moment at which the plan stops the picture, 0 as long as it is not known.
func (s *Slow) To() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[slowStops]
}

// Until is up to where the picture is of one piece: to the end of the slow motion while that lasts, then to where it stops. 0 as long as that is not
// known.
func (s *Slow) Until() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tick(); s.passed <= slowEnds {
		return s.at[slowEnds]
	}
	return s.at[slowStops]
}

// Step lets n more events through while the clock stands.
func (s *Slow) Step(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tick(); s.paused && n > 0 {
		s.steps += n
		s.poke()
	}
}

// SetSpeed changes the pace, times real time, until the plan's next moment.
func (s *Slow) SetSpeed(x float64) {
	if math.IsNaN(x) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	s.speed = min(max(x, slowest), MaxSpeed)
	s.poke()
}

// Slowest is the smallest pace.
func (s *Slow) Slowest() float64 { return slowest }

// Speed is the pace.
func (s *Slow) Speed() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	return s.speed
}

// AtEnd reports whether everything has been let through.
func (s *Slow) AtEnd() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended && s.next == len(s.events)
}

// Stop is a source of everything up to the moment at which the plan stops the picture, and of all there is where it does not; at is that moment.
// It is for what has been read as a whole. ok is false when there were more events than are kept.
func (s *Slow) Stop() (src trace.Source, at int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read || s.lost || len(s.events) > slowKept {
		return nil, 0, false
	}
	list := s.events
	if at = s.at[slowStops]; at == 0 {
		for i := range list {
			at = max(at, list[i].Time)
		}
	}
	var until []trace.Event
	for i := range list {
		if list[i].Time <= at {
			until = append(until, list[i])
		}
	}
	return &standing{NewMemory("", s.src.Info(), until, nil), at}, at, true
}

// standing is a source whose present is a moment.
type standing struct {
	*Memory
	at int64
}

// Position is what open spans reach up to.
func (s *standing) Position() int64 { return s.at }
