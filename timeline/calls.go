package timeline

import (
	"slices"

	"evviz/trace"
)

// Calls is what single calls came to, of the whole run or of one lane. It is counted while events are folded, so it is known however
// long a run is and however few of its events are kept.
type Calls struct {
	FullReads, ShortReads      int64 // reads that got all they asked for, and less of it but something
	ReadErr, WriteErr          int64 // failed otherwise than by EAGAIN and EINTR
	LongestAccept, LongestRead int64 // ns
	MostReads                  int64 // between two waits or sleeps of one thread
	MostAtOnce                 int64 // handlers of one descriptor that ran at the same time
	Threads                    int64 // that got an event
}

// Pauses are the longest times of the threads of a run, ns.
type Pauses struct {
	Wait        int64 // a wait for readiness
	Gap         int64 // from the end of a wait to the begin of the next one of the same thread, or to its last call
	MostInBatch int64 // events that one wait returned
}

// callCount counts the calls of one lane, or of all.
type callCount struct {
	pub    Calls
	turns  []readTurn
	told   []uint32 // streams that got an event
	inside []uint32 // streams that are in a handler of it
}

// readTurn is how often a thread read in one of its turns.
type readTurn struct {
	stream, turn uint32
	n            int64
}

// maxCallers bounds the threads that are told apart on one lane.
const maxCallers = 1 << 12

// lasted is how long a call took, 0 when that is not told: one that a Repeat stands for was no longer than the one in full.
func (w weight) lasted(e *trace.Event) int64 {
	if w.folded {
		return 0
	}
	return e.Dur
}

func failed(e *trace.Event) bool { return e.Errno != 0 && e.Errno != eAGAIN && e.Errno != eINTR }

// read counts a read that has ended, the nth of its thread in this turn.
func (c *callCount) read(e *trace.Event, n int64, w weight) {
	c.pub.LongestRead = max(c.pub.LongestRead, w.lasted(e))
	c.pub.MostReads = max(c.pub.MostReads, n)
	switch {
	case e.B > 0 && e.B == e.A:
		c.pub.FullReads += w.times
	case e.B > 0:
		c.pub.ShortReads += w.times
	case failed(e):
		c.pub.ReadErr += w.times
	}
}

// nth counts the reads of a thread in one of its turns.
func (c *callCount) nth(stream, turn uint32) int64 {
	for i := range c.turns {
		r := &c.turns[i]
		if r.stream == stream {
			if r.turn != turn {
				r.turn, r.n = turn, 0
			}
			r.n++
			return r.n
		}
	}
	if len(c.turns) < maxCallers {
		c.turns = append(c.turns, readTurn{stream, turn, 1})
	}
	return 1
}

func (c *callCount) write(e *trace.Event, w weight) {
	if failed(e) {
		c.pub.WriteErr += w.times
	}
}

func (c *callCount) accept(e *trace.Event, w weight) {
	c.pub.LongestAccept = max(c.pub.LongestAccept, w.lasted(e))
}

func (c *callCount) report(stream uint32) {
	if n := len(c.told); n > 0 && c.told[n-1] == stream || slices.Contains(c.told, stream) || n >= maxCallers {
		return
	}
	c.told = append(c.told, stream)
	c.pub.Threads = int64(len(c.told))
}

func (c *callCount) enter(stream uint32) {
	if !slices.Contains(c.inside, stream) && len(c.inside) < maxCallers {
		c.inside = append(c.inside, stream)
	}
	c.pub.MostAtOnce = max(c.pub.MostAtOnce, int64(len(c.inside)))
}

func (c *callCount) leave(stream uint32) {
	if i := slices.Index(c.inside, stream); i >= 0 {
		c.inside = slices.Delete(c.inside, i, i+1)
	}
}

// threadCalls is what a thread remembers between its calls.
type threadCalls struct {
	turn   uint32 // grows with each wait and sleep that ends
	reads  int64  // in this turn
	waited int64  // end of its newest wait; 0: there was none
}

// counted notes the end of a Repeat: where in it the newest wait ended is made up.
func (c *threadCalls) counted(at int64) {
	if c.waited != 0 {
		c.waited = at
	}
}

// callKinds are the calls between two waits, tellKinds all that say something here.
var (
	callKinds = trace.Kinds(trace.Sleep, trace.Read, trace.Write, trace.Accept, trace.Connect)
	tellKinds = callKinds | trace.Kinds(trace.Wait, trace.Ready, trace.TimerSet, trace.TimerFire)
)

// runCalls counts the calls of all threads.
type runCalls struct {
	callCount
	pauses Pauses
	timers map[uint32]*periods
}

// event counts an event of a watched thread.
func (c *runCalls) event(s *stream, e *trace.Event, w weight) {
	if !tellKinds.Has(e.Kind) {
		return
	}
	enter := e.Phase.Base() == trace.PhaseEnter
	th := &s.calls
	// A gap that no wait ends any more, because the run does, was as long as its calls.
	until, here := e.Time, callKinds.Has(e.Kind)
	if e.Kind == trace.Wait {
		until, here = e.Start(), e.Phase.Base() != trace.PhaseExit
	}
	if here && th.waited != 0 && !w.folded {
		c.pauses.Gap = max(c.pauses.Gap, until-th.waited)
	}
	switch e.Kind {
	case trace.Wait:
		if enter {
			return
		}
		th.waited, th.reads = e.Time, 0
		th.turn++
		c.pauses.Wait = max(c.pauses.Wait, w.lasted(e))
		if e.Errno == 0 {
			c.pauses.MostInBatch = max(c.pauses.MostInBatch, int64(e.Mask))
		}
	case trace.Sleep:
		if !enter {
			th.reads = 0
			th.turn++
		}
	case trace.Read:
		if !enter {
			th.reads++
			c.read(e, th.reads, w)
		}
	case trace.Write:
		if !enter {
			c.write(e, w)
		}
	case trace.Accept:
		c.accept(e, w)
	case trace.Ready:
		c.report(e.Stream)
	case trace.TimerSet, trace.TimerFire:
		c.timer(e)
	}
}

// periods follows a timer that repeats.
type periods struct {
	every       int64 // ns between two expirations, as the first arming says
	first, last int64 // when the first and the newest expiration were due
	n           int64 // periods that have passed between them
	times       int64 // ... and those that the newest expiration stands for
}

func (c *runCalls) timer(e *trace.Event) {
	p := c.timers[e.Aux]
	if e.Kind == trace.TimerFire {
		if p == nil {
			return
		}
		if p.first == 0 {
			p.first = e.A
		}
		p.n += p.times
		p.last, p.times = e.A, max(int64(e.Mask), 1)
		return
	}
	if p != nil || len(c.timers) >= maxTimers {
		return
	}
	every := e.B
	if every == 0 {
		every = e.A - e.Time // armed anew by hand each time: the first wait is the period that was meant
	}
	if c.timers == nil {
		c.timers = map[uint32]*periods{}
	}
	c.timers[e.Aux] = &periods{every: every}
}

// drift is how much later than its first period foretells a timer was last due, the worst of all, ns. ok is false when none repeated.
func (c *runCalls) drift() (d int64, ok bool) {
	for _, p := range c.timers {
		if p.n > 0 {
			ok, d = true, max(d, p.last-p.first-p.n*p.every)
		}
	}
	return d, ok
}
