package show

import (
	"context"
	"errors"
	"fmt"
	"time"

	"evviz/diagnostics"
	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui"
)

// Line is the way of a source's events to whoever looks at them: Source, Tee, Flight, Feed. It is driven by one goroutine, from Start until
// the source ends; whatever else is done to its parts may come from any.
type Line struct {
	Tee    *record.Tee     // nil: it cannot be recorded
	Flight *FlightRecorder // nil: nothing is kept
	Feed   *timeline.Feed
	Cost   *Cost // what evviz itself takes of the processors meanwhile

	findings diagnostics.Settings
	fed      chan struct{} // closed when the feed has read everything; nil until Start
}

// LineOptions say what a line has.
type LineOptions struct {
	Record bool // there is a Tee
	// Wrap, when not nil, is put behind the Tee: whoever is held up there, because nobody reads what it prints, holds up no recording of
	// what it has been given.
	Wrap     func(trace.Source) trace.Source
	Flight   FlightOptions
	Picture  timeline.Options     // what the timeline may keep
	Findings diagnostics.Settings // thresholds of the rules
	Loops    func() (used int64, known bool)
}

// NewLine makes a line behind a source. Nothing is read before Start, so that a recording can begin with the first event.
func NewLine(src trace.Source, o *LineOptions) *Line {
	l := &Line{findings: o.Findings, Cost: &Cost{loops: o.Loops}}
	if o.Record {
		l.Tee = record.NewTee(src)
		l.Tee.Go = Go
		src = l.Tee
	}
	if o.Wrap != nil {
		src = o.Wrap(src)
	}
	o.Picture.Limits = o.Findings.Limits()
	if o.Flight.Keep == 0 {
		l.Feed = timeline.NewFeed(src, o.Picture)
		return l
	}
	kept := record.NewFlight(src, o.Flight.Keep, o.Flight.Bytes)
	l.Feed = timeline.NewFeed(kept, o.Picture)
	l.Flight = newFlightRecorder(&o.Flight, kept, l.Feed, o.Findings)
	return l
}

// Start begins to read. Whoever wants it to end early ends ctx, or the source.
func (l *Line) Start(ctx context.Context) {
	l.Flight.start()
	fed := make(chan struct{})
	l.fed = fed
	Go(func() {
		defer close(fed)
		l.Feed.Run(ctx)
	})
}

// End is called when the source ends: it waits, up to a limit (0: for as long as it takes), until everything has been read, closes the
// recording and saves what a finding still waits to have saved. A line that was not started can be ended, too.
func (l *Line) End(limit time.Duration) error {
	var errs []error
	if l.fed != nil {
		var late <-chan time.Time
		if limit > 0 {
			t := time.NewTimer(limit)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-l.fed:
		case <-late:
			errs = append(errs, fmt.Errorf("the last events could not be read within %v", limit))
		}
	}
	if l.Tee != nil {
		if st := l.Tee.Status(); st.On {
			errs = append(errs, l.Tee.Stop())
		} else {
			errs = append(errs, st.Err)
		}
	}
	return errors.Join(append(errs, l.Flight.end())...)
}

// Put gives a screen the line's parts. first are notes that matter more than the flight recorder's.
func (l *Line) Put(to *tui.Options, first func() (string, bool)) {
	v := l.View(first)
	to.Feed, to.Recorder, to.Saver, to.Notes, to.Cost, to.Findings = v.Feed, v.Recorder, v.Saver, v.Notes, v.Cost, l.findings
}

// View is the line as a screen that is open already takes it.
func (l *Line) View(first func() (string, bool)) tui.View {
	v := tui.View{Feed: l.Feed, Notes: l.Flight.orNotes(first), Cost: l.Cost.Read}
	if l.Tee != nil {
		v.Recorder = recorder{l.Tee}
	}
	if l.Flight != nil {
		v.Saver = l.Flight
	}
	return v
}
