package show

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"evviz/diagnostics"
	"evviz/internal/files"
	"evviz/record"
	"evviz/timeline"
	"evviz/words"
)

const (
	maxFlights  = 16 // files that findings may save in a run
	aftermath   = time.Second
	flightEvery = 250 * time.Millisecond
	flightSays  = 6 * time.Second // how long the screen shows what was saved

	flightRetry    = 2 * time.Second // after which a file that could not be written is tried again
	flightPatience = 5 * time.Second // with a disk that does not answer, at the end
)

// FlightOptions say how the last seconds are kept, and when they are saved.
type FlightOptions struct {
	Keep   time.Duration                   // how far back it reaches; 0: nothing is kept
	Bytes  int64                           // of memory that it may take
	Wanted func(*diagnostics.Finding) bool // which findings have it saved; nil: none, only somebody who asks
	Saved  *atomic.Int32                   // the files that findings had saved in this run, over all its lines; nil: of this line alone
	Dir    string                          // where files go; "" the working directory
}

// findingKey tells findings apart: a rule speaks once about each thing.
type findingKey struct {
	rule    string
	lane    int64
	thread  int64
	subject string
}

// FlightRecorder saves the last seconds of a session when a finding asks for it, or somebody does. Everything may be called
// from any goroutine.
type FlightRecorder struct {
	flight *record.Flight
	feed   *timeline.Feed
	set    diagnostics.Settings
	wanted func(*diagnostics.Finding) bool // which findings have it saved; nil: none
	saved  *atomic.Int32
	dir    string                       // where files go; "" here
	tell   func(words string, bad bool) // says what was saved, when somebody listens to that
	stop   chan struct{}
	done   chan struct{}

	mu      sync.Mutex // guards the rest
	started bool
	seen    map[findingKey]bool
	due     *diagnostics.Finding // the most severe of those that wait for their aftermath
	dueAt   time.Time
	full    bool  // that maxFlights were saved was told
	failed  error // the last attempt to save what a finding asked for; nil it went well, or there was none
	said    string
	saidBad bool
	saidAt  time.Time
}

// newFlightRecorder makes one for a line; nothing is looked at before start.
func newFlightRecorder(o *FlightOptions, f *record.Flight, feed *timeline.Feed, set diagnostics.Settings) *FlightRecorder {
	saved := o.Saved
	if saved == nil {
		saved = &atomic.Int32{}
	}
	return &FlightRecorder{flight: f, feed: feed, set: set, wanted: o.Wanted, saved: saved, dir: o.Dir,
		stop: make(chan struct{}), done: make(chan struct{}), seen: map[findingKey]bool{}}
}

// start begins to look for findings, four times a second.
func (r *FlightRecorder) start() {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.started = true
	r.mu.Unlock()
	Go(func() {
		defer close(r.done)
		if r.wanted == nil {
			<-r.stop
			return
		}
		t := time.NewTicker(flightEvery)
		defer t.Stop()
		for {
			select {
			case <-r.stop:
				return
			case now := <-t.C:
				r.look(now)
			}
		}
	})
}

// end is called when the source has ended: it looks for the last time and saves what still waits. The error is that of a
// finding whose file could not be written, however often that was tried.
func (r *FlightRecorder) end() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	running := r.started
	r.started = false
	r.mu.Unlock()
	if !running {
		return nil
	}
	close(r.stop)
	over := make(chan struct{})
	Go(func() {
		defer close(over)
		<-r.done
		if r.wanted != nil {
			r.look(time.Now())
			r.lookAgain(time.Now(), true)
		}
	})
	t := time.NewTimer(flightPatience)
	defer t.Stop()
	select {
	case <-over:
	case <-t.C:
		return fmt.Errorf("save the last seconds: the disk has not answered for %v", flightPatience)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// look checks the session as it stands and saves when it is time to.
func (r *FlightRecorder) look(now time.Time) { r.lookAgain(now, false) }

// lookAgain does it; the last time it saves what waits, whether it is time or not.
func (r *FlightRecorder) lookAgain(now time.Time, last bool) {
	found := diagnostics.Check(r.feed.Snapshot(), r.set)
	r.mu.Lock()
	for _, f := range found {
		k := findingKey{f.Rule.ID, f.Lane, f.Thread, f.Subject}
		if r.wanted != nil && !r.wanted(f) || r.seen[k] {
			continue
		}
		r.seen[k] = true
		if r.due == nil {
			r.due, r.dueAt = f, now.Add(aftermath)
		} else if f.Severity > r.due.Severity {
			r.due = f
		}
	}
	f := r.due
	if f == nil || !last && now.Before(r.dueAt) {
		r.mu.Unlock()
		return
	}
	r.due = nil
	full := r.full
	r.mu.Unlock()
	if r.saved.Add(1) > maxFlights {
		r.saved.Add(-1)
		if !full {
			r.mu.Lock()
			r.full = true
			r.mu.Unlock()
			r.say(fmt.Sprintf("%s: not saved, %d files were saved in this run already", f.Short(), maxFlights), true)
		}
		return
	}
	words, err := r.Save(f.Rule.ID)
	r.mu.Lock()
	again := r.failed != nil && err != nil && cause(r.failed) == cause(err) // the file's name is another one each time
	r.failed = err
	if err != nil {
		// Another time there may be room. By then the moment of the finding may no longer be kept; what is has to do.
		if r.due == nil || r.due.Severity < f.Severity {
			r.due = f
		}
		r.dueAt = now.Add(flightRetry)
	}
	r.mu.Unlock()
	switch {
	case err == nil:
		r.say(f.Short()+": "+words, false)
	case again:
		r.saved.Add(-1)
	default:
		r.saved.Add(-1)
		r.say(fmt.Sprintf("%s: %v; this is tried again every %v", f.Short(), err, flightRetry), true)
	}
}

// cause is what an error says of why, without what was attempted.
func cause(err error) string {
	for e := err; e != nil; e = errors.Unwrap(e) {
		err = e
	}
	return err.Error()
}

// Save writes what is kept to a new file named by the moment and by why ("" nothing), and says in words what was saved.
func (r *FlightRecorder) Save(why string) (string, error) {
	if r == nil {
		return "", errors.New("flight recorder is off; start with --keep 30s")
	}
	base := "evviz-" + time.Now().Format("20060102-150405")
	if why != "" {
		base += "-" + why
	}
	var st record.Status
	path, err := files.Own(filepath.Join(r.dir, base), ".evt", func(path string) (err error) {
		st, err = r.flight.Save(path)
		return err
	})
	if err != nil {
		return "", err
	}
	kept := r.flight.Status()
	saved := fmt.Sprintf("saved the last %s, %s, to %s", words.Duration(int64(kept.Span)), words.Count(st.Events, "event"), path)
	if kept.Limited {
		saved += fmt.Sprintf(" (not %s: memory for it is used up)", words.Duration(int64(kept.Keep)))
	}
	return saved, nil
}

// say tells what happened to whoever listens, and keeps it for Notes.
func (r *FlightRecorder) say(words string, bad bool) {
	r.mu.Lock()
	r.said, r.saidBad, r.saidAt = words, bad, time.Now()
	tell := r.tell
	r.mu.Unlock()
	if tell != nil {
		tell(words, bad)
	}
}

// Listen makes fn hear what is said from now on.
func (r *FlightRecorder) Listen(fn func(words string, bad bool)) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell = fn
}

// Notes is what was saved in the last seconds, for a screen, and whether that is bad news; "" nothing.
func (r *FlightRecorder) Notes() (string, bool) {
	if r == nil {
		return "", false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.saidAt) > flightSays {
		return "", false
	}
	return r.said, r.saidBad
}

// orNotes puts a flight recorder's words behind those of a session, which matter more.
func (r *FlightRecorder) orNotes(first func() (string, bool)) func() (string, bool) {
	if r == nil {
		return first
	}
	return func() (string, bool) {
		if s, bad := first(); s != "" {
			return s, bad
		}
		return r.Notes()
	}
}
