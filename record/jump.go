package record

import (
	"fmt"
	"math"
	"os"

	"evviz/trace"
)

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

// PointBefore chooses a place to begin at. See Jumper.
func (t *File) PointBefore(goal, lookback, most int64) trace.Point {
	if len(t.refs) == 0 {
		return trace.Point{}
	}
	from := goal - lookback
	for i, upTo := t.holds(goal), goal; ; i, upTo = i-1, math.MaxInt64 {
		c := &t.refs[i]
		at := max(c.first, from)
		end := c.eventsTo(upTo)
		if n := end - c.eventsTo(at); n > most {
			at = c.first + int64(float64(c.last-c.first)*(float64(end-most)/float64(c.events)))
		} else if most -= n + chunkCost; i > 0 && from < c.first && from <= t.refs[i-1].last && most > 0 {
			continue
		}
		return trace.Point{Chunk: i, Inside: at > c.first, Time: at, Before: int64(c.before) + c.eventsTo(at)}
	}
}

// Jump makes the next Read begin at a point. See Jumper.
func (t *File) Jump(p trace.Point) error {
	if t.isClosed() {
		return fmt.Errorf("go to chunk %d of %s: %w", p.Chunk, t.path, os.ErrClosed)
	}
	t.rewind()
	if p.Whole() || p.Chunk < 0 || p.Chunk >= len(t.refs) {
		return nil
	}
	t.next, t.last, t.jumped = p.Chunk, t.refs[p.Chunk].first, true
	if p.Inside {
		t.last, t.seeking, t.target = p.Time, true, p.Time
	}
	return nil
}
