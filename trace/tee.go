package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Tee is a Source that passes the events of another one on and records them when asked. It remembers at all times what
// is open and named, so that a recording that begins late still tells it. Bookmarks that are set go with the events.
//
// Read belongs to one goroutine; everything else may be called from any.
type Tee struct {
	// Go starts the goroutine that flushes, so that a panic in it can be handled; nil means a plain go. Set before Start.
	Go func(func())

	src Source

	mu      sync.Mutex
	tracker *Tracker
	w       *Writer
	now     int64 // time of the newest event passed on
	path    string
	kept    os.FileInfo  // of the file of the last recording, once it was closed
	done    RecordStatus // what the last recording came to, while none is on
	stop    chan struct{}
	idle    sync.WaitGroup
	own     []Event            // bookmarks, to be passed on before anything else
	wake    context.CancelFunc // makes a Read of the source return for them
	marked  int64              // number of the last bookmark
	markSeq uint32             // of the last event of stream 0
	ended   bool               // the source has no more
}

// RecordStatus says how a recording goes.
type RecordStatus struct {
	On      bool
	Path    string // of this recording, or the last one
	Bytes   int64  // in the file
	Events  int64  // recorded
	Dropped int64  // events that could not be written
	Err     error  // what ended the recording, if an error did
}

// flushEvery is how long a silent source's last events may stay out of the file.
const flushEvery = time.Second

// NewTee makes a Tee that records nothing yet.
func NewTee(src Source) *Tee { return &Tee{src: src, tracker: NewTracker()} }

// Unwrap is the source that the Tee reads, for whoever looks for a Seeker, Pauser, Stepper, Speeder or Positioner.
func (t *Tee) Unwrap() Source { return t.src }

// Info describes the source.
func (t *Tee) Info() Info { return t.src.Info() }

// Read passes events on. An error of the recording is not an error of Read: see Status.
func (t *Tee) Read(ctx context.Context, buf []Event) (int, error) {
	n, err := t.next(ctx, buf)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wake = nil
	t.ended = errors.Is(err, io.EOF)
	if errors.Is(err, ErrRewound) {
		// What comes now re-states the world of an earlier moment.
		t.tracker, t.now = NewTracker(), 0
	}
	for i := range buf[:n] {
		t.tracker.Add(&buf[i])
		t.now = max(t.now, buf[i].Time)
	}
	if t.w != nil {
		t.check(t.w.Write(buf[:n]))
	}
	return n, err
}

// next reads the source, or hands out bookmarks as soon as there are any.
func (t *Tee) next(ctx context.Context, buf []Event) (int, error) {
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

// check ends the recording after an error. The caller holds mu.
func (t *Tee) check(err error) {
	if err != nil && t.w != nil {
		_ = t.finish(err)
	}
}

// finish closes the file and keeps its figures. The caller holds mu.
func (t *Tee) finish(cause error) error {
	t.kept, _ = t.w.file.Stat()
	err := t.w.Close()
	if cause == nil {
		cause = err
	}
	t.done = RecordStatus{Path: t.path, Bytes: t.w.Bytes(), Events: t.w.Events(), Dropped: t.w.Dropped(), Err: cause}
	t.w = nil
	close(t.stop)
	return cause
}

// Start begins a recording. It fails when one is on already.
func (t *Tee) Start(path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.w != nil {
		return fmt.Errorf("record to %s: already recording to %s", path, t.path)
	}
	w, err := Create(path, t.src.Info())
	if err != nil {
		return err
	}
	w.Restate(t.tracker.Restate(t.now))
	t.w, t.path, t.done = w, path, RecordStatus{}
	t.stop = make(chan struct{})
	t.idle.Add(1)
	flush, stop := t.flush, t.stop
	run := func() { flush(w, stop) }
	if t.Go != nil {
		t.Go(run)
	} else {
		go run()
	}
	return nil
}

// flush brings events to the file while the source is silent.
func (t *Tee) flush(w *Writer, stop chan struct{}) {
	defer t.idle.Done()
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		t.mu.Lock()
		if t.w == w {
			t.check(w.Flush())
		}
		t.mu.Unlock()
	}
}

// Stop ends the recording and returns its error, if it had one. Without a recording it does nothing.
func (t *Tee) Stop() error {
	t.mu.Lock()
	if t.w == nil {
		err := t.done.Err
		t.mu.Unlock()
		return err
	}
	err := t.finish(nil)
	t.mu.Unlock()
	t.idle.Wait()
	return err
}

// Status says how the recording goes, or went.
func (t *Tee) Status() RecordStatus {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.w == nil {
		return t.done
	}
	return RecordStatus{On: true, Path: t.path, Bytes: t.w.Bytes(), Events: t.w.Events(), Dropped: t.w.Dropped()}
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
