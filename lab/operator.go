package lab

import (
	"fmt"
	"io"
	"strings"
	"time"

	"evviz/show"
	"evviz/timeline"
)

// operator prints what the server says to its operator (a token's answer, a connection that was given up, a descriptor that
// does not fit), as it says it.
type operator struct {
	w    io.Writer
	feed *timeline.Feed
	seen int64 // moment of the last words that were printed
	n    int   // how many of that moment

	enough, silent chan struct{} // closed when it is to end, and when it has
}

const listenEvery = 50 * time.Millisecond

// listen begins to print. end must be called.
func listen(w io.Writer, feed *timeline.Feed) *operator {
	o := &operator{w: w, feed: feed, enough: make(chan struct{}), silent: make(chan struct{})}
	show.Go(func() {
		defer close(o.silent)
		t := time.NewTicker(listenEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				o.tell()
			case <-o.enough:
				return
			}
		}
	})
	return o
}

// end prints what has been said meanwhile, and no more. Once is enough.
func (o *operator) end() {
	close(o.enough)
	<-o.silent
	o.tell()
}

func (o *operator) tell() {
	at := 0
	for _, b := range o.feed.Snapshot().Bookmarks {
		if b.N != 0 || b.At < o.seen {
			continue
		}
		if b.At > o.seen {
			at = 0
		}
		if at++; b.At == o.seen && at <= o.n {
			continue
		}
		o.seen, o.n = b.At, at
		fmt.Fprintf(o.w, "server: %s\n", printable(b.Text))
	}
}

// printable replaces what a terminal would obey.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
