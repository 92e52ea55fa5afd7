package trace

import (
	"fmt"
	"os"
)

// Point is a place at which reading can begin without what came before: the beginning of a source, or of a chunk.
type Point struct {
	Chunk  int   // number, from 0; 0 is the beginning
	Time   int64 // CLOCK_MONOTONIC ns, least time of what is read from there
	Before int64 // events before it
}

// Jumper is a seekable source with many starting points. What it says may be asked by any goroutine; Jump is called by
// the one that reads.
type Jumper interface {
	Seeker
	// Events is how many there are.
	Events() int64
	// EventsBefore is about how many events lie before the moment t.
	EventsBefore(t int64) int64
	// PointBefore is the youngest point that is lookback (ns) before goal, or the oldest from which no more than about
	// most events lead to goal. It is never younger than goal.
	PointBefore(goal, lookback, most int64) Point
	// Jump makes the next Read begin at p: with what re-states the world there, and then with every event from there on.
	Jump(p Point) error
}

// chunkCost is how many events could be decoded in the time that opening a chunk takes: many small ones cost, too.
const chunkCost = 256

// holds is the last chunk that begins at or before t; 0 when none does. The walk looks at 128 bytes a chunk, which is a
// millisecond for a day of recording.
func (t *File) holds(at int64) int {
	for i := len(t.refs) - 1; i > 0; i-- {
		if t.refs[i].first <= at {
			return i
		}
	}
	return 0
}

// eventsTo is about how many events of the chunk come before the moment t, as if they were spread evenly.
func (c *chunkRef) eventsTo(t int64) int64 {
	switch {
	case t <= c.first:
		return 0
	case t >= c.last:
		return int64(c.events)
	}
	return int64(float64(c.events) * (float64(t-c.first) / float64(c.last-c.first)))
}

// EventsBefore is about how many events lie before a moment. See Jumper.
func (t *File) EventsBefore(at int64) int64 {
	if len(t.refs) == 0 {
		return 0
	}
	c := &t.refs[t.holds(at)]
	return int64(c.before) + c.eventsTo(at)
}

// PointBefore chooses a chunk to begin at. See Jumper.
func (t *File) PointBefore(goal, lookback, most int64) Point {
	if len(t.refs) == 0 {
		return Point{}
	}
	i := t.holds(goal)
	have := t.refs[i].eventsTo(goal)
	for i > 0 && goal-t.refs[i].first < lookback {
		if have += int64(t.refs[i-1].events) + chunkCost; have > most {
			break
		}
		i--
	}
	c := &t.refs[i]
	return Point{Chunk: i, Time: c.first, Before: int64(c.before)}
}

// Jump makes the next Read begin at a chunk. See Jumper.
func (t *File) Jump(p Point) error {
	if t.isClosed() {
		return fmt.Errorf("go to chunk %d of %s: %w", p.Chunk, t.path, os.ErrClosed)
	}
	t.rewind()
	if p.Chunk <= 0 || p.Chunk >= len(t.refs) {
		return nil
	}
	t.next, t.last, t.jumped = p.Chunk, t.refs[p.Chunk].first, true
	return nil
}
