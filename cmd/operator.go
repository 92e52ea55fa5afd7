package cmd

import (
	"fmt"
	"io"
	"strings"
	"time"

	"evviz/timeline"
)

// operator prints what the server says to its operator (a token's answer, a connection that was given up, a descriptor that
// does not fit), as it says it.
type operator struct {
	w    io.Writer
	feed *timeline.Feed
	seen int64 // moment of the last words that were printed
	n    int   // how many of that moment
}

const listenEvery = 50 * time.Millisecond

// listen prints until stop is closed. What is said after that is left to the last call of tell.
func (o *operator) listen(stop <-chan struct{}) {
	t := time.NewTicker(listenEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			o.tell()
		case <-stop:
			return
		}
	}
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
