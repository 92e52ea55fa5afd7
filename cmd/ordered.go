package cmd

import (
	"context"
	"errors"
	"io"
	"slices"

	"evviz/trace"
)

// mostOrdered bounds how many events are put in order in memory (64 bytes each). A larger recording is read as it is.
const mostOrdered = 4 << 20

// inOrder gives the events of a recording in the order of their times. A recording has them in the order in which they
// became known: a stream whose thread was not run for more than the merge holds back comes in late. A screen can only
// insert what is late; who reads a finished recording need not.
func inOrder(src trace.Source) (trace.Source, error) {
	o := &ordered{Source: src}
	buf := make([]trace.Event, 4096)
	for {
		n, err := src.Read(context.Background(), buf)
		o.evs = append(o.evs, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(o.evs) > mostOrdered {
			return o, nil
		}
	}
	o.whole = true
	slices.SortStableFunc(o.evs, func(a, b trace.Event) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return 0
	})
	for i := range o.evs {
		o.evs[i].Phase = o.evs[i].Phase.Base()
	}
	return o, nil
}

// ordered is a source whose first events have been read, and put in order when that was all.
type ordered struct {
	trace.Source
	evs   []trace.Event
	next  int
	whole bool
}

func (o *ordered) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n := copy(buf, o.evs[o.next:])
	o.next += n
	switch {
	case n > 0:
		return n, nil
	case o.whole:
		return 0, io.EOF
	}
	o.evs = nil
	o.next = 0
	return o.Source.Read(ctx, buf)
}
