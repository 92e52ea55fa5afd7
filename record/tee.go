package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"evviz/trace"
	"evviz/world"
)

// Tee is a Source that passes the events of another one on and records them when asked. The disk is written to by a
// goroutine of its own, so nobody who reads, or asks for the state of things, ever waits for it. It remembers at all times what
// is open and named, so that a recording that begins late still tells it. Bookmarks that are set go with the events.
//
// Read belongs to one goroutine; everything else may be called from any.
type Tee struct {
	// Go starts the goroutine that flushes, so that a panic in it can be handled; nil means a plain go. Set before Start.
	Go func(func())

	src trace.Source

	create   func(path string, force bool) (f *os.File, made bool, err error)
	patience time.Duration // with a disk that takes nothing

	mu      sync.Mutex // never held while a disk is waited for
	tracker *world.Tracker
	now     int64              // time of the newest event passed on
	rec     *recording         // nil: none is on
	opening bool               // the file of one is being made
	last    *spool             // of the last recording; nil there was none
	done    Status             // what that came to, while none is on
	own     []trace.Event      // bookmarks, to be passed on before anything else
	wake    context.CancelFunc // makes a Read of the source return for them
	marked  int64              // number of the last bookmark
	markSeq uint32             // of the last event of stream 0
	ended   bool               // the source has no more
}

// Status says how a recording goes.
type Status struct {
	On      bool
	Path    string // of this recording, or the last one
	Bytes   int64  // in the file
	Events  int64  // recorded; while the recording is on, those that are on their way to the disk, too
	Dropped int64  // events that could not be written
	Slow    bool   // the disk has taken nothing for seconds, and something waits for it
	Err     error  // what ended the recording, if an error did
}

// NewTee makes a Tee that records nothing yet.
func NewTee(src trace.Source) *Tee {
	return &Tee{src: src, tracker: world.NewTracker(), create: createFile, patience: spoolPatience}
}

// Unwrap is the source that the Tee reads, for whoever looks for a Seeker, Pauser, Stepper, Speeder or Positioner.
func (t *Tee) Unwrap() trace.Source { return t.src }

// Info describes the source.
func (t *Tee) Info() trace.Info { return t.src.Info() }

// Read passes events on. An error of the recording is not an error of Read: see Status.
func (t *Tee) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := t.next(ctx, buf)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wake = nil
	t.ended = errors.Is(err, io.EOF)
	if errors.Is(err, trace.ErrRewound) {
		// What comes now re-states the world of an earlier moment.
		t.tracker, t.now = world.NewTracker(), 0
	}
	for i := range buf[:n] {
		t.tracker.Add(&buf[i])
		t.now = max(t.now, buf[i].Time)
	}
	if r := t.rec; r != nil && !r.closing {
		_ = r.w.Write(buf[:n]) // an error is the spool's, and ends the recording from there
	}
	return n, err
}

// next reads the source, or hands out bookmarks as soon as there are any.
func (t *Tee) next(ctx context.Context, buf []trace.Event) (int, error) {
	for {
		inner, cancel := context.WithCancel(ctx)
		t.mu.Lock()
		if len(t.own) > 0 && len(buf) > 0 {
			n := copy(buf, t.own)
			t.own = t.own[n:]
			for i := range buf[:n] {
				buf[i].Time = max(buf[i].Time, t.now) // other events may have gone by meanwhile
			}
			t.mu.Unlock()
			cancel()
			return n, nil
		}
		t.wake = cancel
		t.mu.Unlock()
		n, err := t.src.Read(inner, buf)
		woken := inner.Err() != nil && ctx.Err() == nil
		cancel()
		if n > 0 || !woken || !errors.Is(err, context.Canceled) {
			return n, err
		}
	}
}

// recording is a recording that is on, or being closed.
type recording struct {
	w       *Writer
	s       *spool
	path    string
	made    bool // the file was not there before
	closing bool // nothing more is written to w
}

// status is how it stands. The Tee's mu is held.
func (r *recording) status() Status {
	wrote, _, slow, _ := r.s.state()
	return Status{On: true, Path: r.path, Bytes: wrote, Events: r.w.Events(), Dropped: r.w.Dropped(), Slow: slow}
}

// ended is what it came to; err is what the end of it came to. The Tee's mu is held.
func (r *recording) ended(err error) Status {
	wrote, events, _, _ := r.s.state()
	st := Status{Path: r.s.named(), Bytes: wrote, Events: events, Dropped: r.w.Dropped() + r.w.Events() - events, Err: err}
	if err == nil && st.Dropped > 0 {
		st.Err = fmt.Errorf("record to %s: the disk was too slow, and %d of %d events are missing from the recording", st.Path, st.Dropped, st.Dropped+events)
	}
	return st
}

// Start begins a recording to a new file. It fails when one is on already, and for a file that is there (fs.ErrExist).
func (t *Tee) Start(path string) error { return t.start(path, false) }

// StartOver is Start, but a recording that is there already is replaced.
func (t *Tee) StartOver(path string) error { return t.start(path, true) }

func (t *Tee) start(path string, force bool) error {
	t.mu.Lock()
	r, opening := t.rec, t.opening
	if r == nil && !opening {
		t.opening = true
	}
	t.mu.Unlock()
	switch {
	case opening:
		return fmt.Errorf("record to %s: another recording is being started", path)
	case r != nil:
		return fmt.Errorf("record to %s: already recording to %s", path, r.path)
	}
	// Until the lock is taken again a disk is waited for: by whoever wants the recording, and by nobody else.
	type opened struct {
		r   *recording
		err error
	}
	ch := make(chan opened, 1)
	t.spawn(func() {
		r, err := t.open(path, force)
		ch <- opened{r, err}
	})
	var o opened
	timer := time.NewTimer(t.patience)
	defer timer.Stop()
	select {
	case o = <-ch:
	case <-timer.C:
		o.err = fmt.Errorf("create %s: the disk has not answered for %v", path, t.patience)
		t.spawn(func() { // nobody waits for it any longer
			if o := <-ch; o.err == nil {
				drop(o.r.s.f, path, o.r.made)
			}
		})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opening = false
	if o.err != nil {
		return o.err
	}
	o.r.w.Restate(t.tracker.Restate(t.now))
	t.rec, t.done = o.r, Status{}
	t.spawn(o.r.s.run)
	return nil
}

func (t *Tee) spawn(f func()) {
	if t.Go != nil {
		t.Go(f)
	} else {
		go f()
	}
}

// open makes the file and writes its header. A file that was made and cannot even take that is removed again.
func (t *Tee) open(path string, force bool) (*recording, error) {
	f, made, err := t.create(path, force)
	if err != nil {
		return nil, err
	}
	s, err := newSpool(f, path) // first: it has to see the file as it was made, whatever somebody does to it who sees the header
	var w *Writer
	if err == nil {
		w, err = newWriter(f, path, t.src.Info())
	}
	if err != nil {
		drop(f, path, made)
		return nil, err
	}
	r := &recording{w: w, s: s, path: path, made: made}
	w.w, s.wrote = s, w.bytes
	s.tick, s.fail = func() { t.flush(r) }, func() { t.failed(r) }
	return r, nil
}

// flush brings events to the file while the source is silent. It is called on the spool's goroutine.
func (t *Tee) flush(r *recording) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rec == r && !r.closing {
		_ = r.w.Flush() // an error is the spool's, and comes from there
	}
}

// failed ends a recording that can no longer be written. It is called on the spool's goroutine.
func (t *Tee) failed(r *recording) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rec != r || r.closing { // or else Stop tells
		return
	}
	_, _, _, err := r.s.state()
	t.rec, t.done, t.last = nil, r.ended(err), r.s
}

// Stop ends the recording and returns its error, if it had one. Without a recording it does nothing. It waits for the disk,
// but only as long as that takes something now and then.
func (t *Tee) Stop() error {
	t.mu.Lock()
	r := t.rec
	if r == nil {
		err := t.done.Err
		t.mu.Unlock()
		return err
	}
	if !r.closing {
		r.closing = true
		_ = r.w.Close() // an error is the spool's
		r.s.finish()
	}
	t.mu.Unlock()
	err := r.s.wait(t.patience)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rec == r {
		t.rec, t.done, t.last = nil, r.ended(err), r.s
	}
	return t.done.Err
}

// Status says how the recording goes, or went. It never waits for a disk.
func (t *Tee) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rec == nil {
		return t.done
	}
	return t.rec.status()
}

// Close ends the recording and closes the source.
func (t *Tee) Close() error {
	rec := error(nil)
	if t.Status().On {
		rec = t.Stop()
	}
	if err := t.src.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return rec
}
