package lab

import (
	"context"
	"io"

	"evviz/show"
	"evviz/trace"
)

// pour writes the events of a process of the lab's to the pipe that the lab reads, until their source has ended or nobody reads any more; then it
// sends why it ended: nil for the source's end. Of the functions, which may be nil, but leaves some events out, and broken is called when nobody reads.
func pour(src trace.Source, to io.Writer, but func([]trace.Event) []trace.Event, broken func()) <-chan error {
	over := make(chan error, 1)
	show.Go(func() {
		buf := make([]trace.Event, 1024)
		for {
			n, end := src.Read(context.Background(), buf)
			evs := buf[:n]
			if but != nil {
				evs = but(evs)
			}
			if err := trace.WriteRaw(to, evs); err != nil {
				if broken != nil {
					broken()
				}
				over <- err
				return
			}
			if end != nil {
				over <- nil
				return
			}
		}
	})
	return over
}
