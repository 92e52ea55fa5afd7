package record

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"evviz/trace"
	"evviz/world"
)

// Memory is a source whose events are all there: what was read as a whole from a text. It is a Seeker and a Reopener.
//
// Thread rule: one goroutine reads and seeks; Close may come from any.
type Memory struct {
	path   string
	info   trace.Info
	events []trace.Event
	last   int64 // time of the youngest
	err    error // that follows the last event

	next    int
	restate []trace.Event
	closed  atomic.Bool
}

// NewMemory is a source of events in the order in which they are to be read; path is where they came from, and err what Read says
// behind the last of them, nil for io.EOF.
func NewMemory(path string, info trace.Info, events []trace.Event, err error) *Memory {
	m := &Memory{path: path, info: info, events: events, err: err}
	for i := range events {
		if t := events[i].Time; i == 0 || t > m.last {
			m.last = t
		}
	}
	return m
}

// All is every event. The caller does not change them.
func (m *Memory) All() []trace.Event { return m.events }

// Events is how many events there are.
func (m *Memory) Events() int64 { return int64(len(m.events)) }

// Path is where they came from.
func (m *Memory) Path() string { return m.path }

// Info describes the source.
func (m *Memory) Info() trace.Info { return m.info }

// Bounds are the times of the first and the youngest event (CLOCK_MONOTONIC ns), 0 when there is none.
func (m *Memory) Bounds() (first, last int64) {
	if len(m.events) == 0 {
		return 0, 0
	}
	return m.events[0].Time, m.last
}

// SeekTime goes to a moment: Read then re-states the world as it was there and goes on with the first event at or after it. It
// folds what lies before.
func (m *Memory) SeekTime(at int64) error {
	if m.closed.Load() {
		return fmt.Errorf("seek %s: %w", m.path, os.ErrClosed)
	}
	m.next = slices.IndexFunc(m.events, func(e trace.Event) bool { return e.Time >= at && !e.Phase.IsLate() })
	if m.next < 0 {
		m.next = len(m.events)
	}
	m.restate = nil
	if m.next > 0 {
		known := world.NewTracker()
		for i := range m.events[:m.next] {
			known.Add(&m.events[i])
		}
		m.restate = known.Restate(at)
	}
	return nil
}

// Reopen makes a second reader of the same events.
func (m *Memory) Reopen() (trace.Source, error) {
	if m.closed.Load() {
		return nil, fmt.Errorf("open %s again: %w", m.path, os.ErrClosed)
	}
	return &Memory{path: m.path, info: m.info, events: m.events, last: m.last, err: m.err}, nil
}

// Read hands on the next events. It never blocks.
func (m *Memory) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if m.closed.Load() {
		return 0, fmt.Errorf("read %s: %w", m.path, os.ErrClosed)
	}
	if n := copy(buf, m.restate); n > 0 {
		m.restate = m.restate[n:]
		return n, nil
	}
	n := copy(buf, m.events[m.next:])
	if m.next += n; n > 0 {
		return n, nil
	}
	if m.err != nil {
		return 0, m.err
	}
	return 0, io.EOF
}

// Close ends reading.
func (m *Memory) Close() error {
	m.closed.Store(true)
	return nil
}
