package trace

import (
	"context"
	"io"
	"math"
	"sync"
	"time"
)

// holdBack is how long the merge waits for a slower ring before it hands on younger events of the others, in ns.
const holdBack = int64(10 * time.Millisecond)

// Merge is a Source over rings: it hands their events on in time order.
//
// Each ring promises with its watermark that nothing older will come. A producer that sits in a system call cannot keep
// promising, so the merge waits at most 10 ms; an event that comes later still is handed on, marked PhaseLate. It ends
// when every ring is closed and empty.
type Merge struct {
	info Info

	mu     sync.Mutex // guards rings and stop against Add and Close
	rings  []*Ring
	closed bool
	stop   chan struct{}

	released int64 // time of the youngest event handed on
	late     uint64
}

// NewMerge makes a merge that describes itself with info.
func NewMerge(info Info, rings ...*Ring) *Merge {
	return &Merge{info: info, rings: rings, stop: make(chan struct{})}
}

// Add brings in another ring. It may be called while Read runs.
func (m *Merge) Add(r *Ring) {
	m.mu.Lock()
	m.rings = append(m.rings, r)
	m.mu.Unlock()
}

// Info describes the source.
func (m *Merge) Info() Info { return m.info }

// Present is now: rings are filled in this process, by this machine's monotonic clock (ns).
func (m *Merge) Present() int64 { return Now() }

// Lost is how many events the rings have dropped so far.
func (m *Merge) Lost() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var n uint64
	for _, r := range m.rings {
		n += r.Lost()
	}
	return n
}

// Close makes Read return io.EOF; events that were not read are gone.
func (m *Merge) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		close(m.stop)
	}
	return nil
}

// Read fills buf with the oldest events that are safe to hand on. See Source.
func (m *Merge) Read(ctx context.Context, buf []Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	var tick *time.Timer
	for {
		n, done := m.take(buf)
		if n > 0 {
			return n, nil
		}
		if done {
			return 0, io.EOF
		}
		if tick == nil {
			tick = time.NewTimer(pollEvery)
			defer tick.Stop()
		} else {
			tick.Reset(pollEvery)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-m.stop:
			return 0, io.EOF
		case <-tick.C:
		}
	}
}

// head is what a ring offers during one take.
type head struct {
	r       *Ring
	at, end uint64
	next    int64 // time of the first event on offer
}

func (m *Merge) take(buf []Event) (n int, done bool) {
	m.mu.Lock()
	rings := m.rings
	m.mu.Unlock()

	// The clock is read before the rings: an event that is published after this moment carries a later time.
	now := nanotime()
	safe := int64(math.MaxInt64)
	done = true
	heads := make([]head, 0, 8)
	for _, r := range rings {
		r.reveal(now - holdBack)
		closed := r.closed.Load() // before published: what was emitted before Close is seen
		mark := r.watermark.Load()
		h := head{r: r, at: r.head.Load(), end: r.published.Load()}
		if !closed {
			done = false
			if mark < safe {
				safe = mark
			}
		}
		if h.at < h.end {
			h.next = r.slots[h.at&r.mask].Time
			heads = append(heads, h)
		} else if closed {
			if n == len(buf) {
				done = false // come again for what this ring may have lost at its end
				continue
			}
			if k := r.pending.Swap(0); k > 0 {
				// The loss lies between the ring's last event and its end. It is told as of now, not as of the end: the
				// other rings may still have events from before that, which would all be late.
				at := m.released
				if at == 0 {
					at = r.watermark.Load()
				}
				buf[n] = Event{Time: at, Seq: r.pendSeq.Load() + 1, Stream: r.stream, Kind: Lost, A: int64(k), Aux: LostRing}
				m.released = at
				n++
			}
		}
	}
	if n > 0 {
		return n, false
	}
	if len(heads) > 0 {
		done = false
	}
	if h := now - holdBack; h > safe || safe == math.MaxInt64 {
		if safe != math.MaxInt64 {
			safe = h
		}
	}

	for n < len(buf) && len(heads) > 0 {
		best, second := 0, int64(math.MaxInt64)
		for i := 1; i < len(heads); i++ {
			if heads[i].next < heads[best].next {
				best = i
			}
		}
		for i := range heads {
			if i != best && heads[i].next < second {
				second = heads[i].next
			}
		}
		if heads[best].next > safe {
			break
		}
		h := &heads[best]
		for n < len(buf) && h.at < h.end {
			e := &h.r.slots[h.at&h.r.mask]
			if e.Time > second || e.Time > safe {
				break
			}
			buf[n] = *e
			if e.Time < m.released {
				buf[n].Phase |= PhaseLate
				m.late++
			} else {
				m.released = e.Time
			}
			n++
			h.at++
		}
		h.r.head.Store(h.at)
		if h.at < h.end {
			h.next = h.r.slots[h.at&h.r.mask].Time
		} else {
			heads = append(heads[:best], heads[best+1:]...)
		}
	}
	return n, done && n == 0 && len(heads) == 0
}
