package cmd

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"evviz/diagnostics"
	"evviz/docs/modes"
	"evviz/internal/files"
	"evviz/show"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui"
)

// A screencast is a span of a recording as the screen shows it while it is replayed, made without a terminal and without waiting: the time in
// it is the recording's, so the same recording gives the same bytes.

// Limits of a screencast: the most frames, and how long the last one of an animated picture stays.
const (
	mostFrames = 20_000
	lastStays  = 3 * time.Second
)

// screencast writes what --at, --to, --speed and --fps ask for.
func (o *replayOptions) screencast(f recording) error {
	from, to, err := o.played(f)
	if err != nil {
		return err
	}
	w, h, err := sized(o.size)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(o.cast, ".svg") && !strings.HasSuffix(o.cast, ".cast") {
		return usage("--screencast %s: the name must end in .svg (an animated picture) or .cast (an asciicast)", o.cast)
	}
	if o.fps < 1 || o.fps > 60 {
		return usage("--fps %d: want 1 to 60", o.fps)
	}
	length := time.Duration(float64(to-from) / o.speed)
	every := time.Second / time.Duration(o.fps)
	if length/every > mostFrames {
		return usage("--screencast: %v at %d frames a second are more than %d frames; choose a shorter span with --at and --to, a higher --speed or a lower --fps", length.Round(time.Second), o.fps, mostFrames)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	src := &stagedSource{Source: f, goOn: make(chan int64), reached: make(chan struct{}), buf: make([]trace.Event, 4096)}
	feed := timeline.NewFeed(src, timeline.Options{Limits: o.findings.Limits()})
	ended := make(chan error, 1)
	show.Go(func() { ended <- feed.Run(ctx) })
	defer func() { cancel(); <-ended }()
	if err := src.advance(from, ended); err != nil {
		return env(err)
	}
	x := o.looks.options()
	x.Feed, x.Findings, x.ModePage = feed, o.findings, modes.Page
	film, err := tui.NewFilm(x, w, h, 1<<24)
	if err != nil {
		return failure(err)
	}
	defer film.Close()
	for _, k := range strings.Fields(o.keys) {
		film.Press(k)
	}
	for at := time.Duration(0); ; at += every {
		at = min(at, length)
		if err := src.advance(from+int64(float64(at)*o.speed), ended); err != nil {
			return env(err)
		}
		film.Frame(at)
		if at == length {
			break
		}
	}
	o.mark(film, feed.Snapshot(), from, to)
	return o.writeFilm(film, f, from, length)
}

// played is the span of the recording that --at and --to name, in its clock.
func (o *replayOptions) played(f recording) (from, to int64, err error) {
	if err := o.within(f); err != nil {
		return 0, 0, err
	}
	if !f.Info().Timed {
		return 0, 0, usage("--screencast %s: the recording has no times, so nothing in it can be played", o.cast)
	}
	zero := zeroOf(f)
	_, last := f.Bounds()
	from, to = zero+int64(o.at), last
	if o.to > 0 {
		to = min(zero+int64(o.to), last)
	}
	if to <= from {
		return 0, 0, usage("--to %v: it is not after --at %v", o.to, o.at)
	}
	return from, to, nil
}

// mark names the moments that one may want to go to: bookmarks, switches of the mechanism or the triggering, and where findings begin.
func (o *replayOptions) mark(film *tui.Film, s *timeline.Snapshot, from, to int64) {
	put := func(t int64, name string) {
		if t >= from && t <= to {
			film.Mark(time.Duration(float64(t-from)/o.speed), name)
		}
	}
	for _, b := range s.Bookmarks {
		if b.N != 0 {
			put(b.At, "bookmark "+b.Text)
		}
	}
	for _, m := range s.Modes {
		if m.Cause != trace.CauseStart {
			put(m.At, strings.TrimSpace(trace.DriverNames.Word(m.Mode.Driver)+" "+trace.TriggerNames.Word(m.Mode.Trigger)))
		}
	}
	for _, x := range diagnostics.Check(s, o.findings) {
		if x.Severity > diagnostics.Info {
			put(x.First, fmt.Sprintf("%s %s: %s", x.Rule.ID, x.Rule.Name, x.Subject))
		}
	}
}

func (o *replayOptions) writeFilm(film *tui.Film, f recording, from int64, length time.Duration) error {
	var b bytes.Buffer
	var err error
	if strings.HasSuffix(o.cast, ".svg") {
		err = film.SVG(&b, !o.looks.lightGround(), length+lastStays)
	} else {
		info := f.Info()
		began, ok := info.Clock.WallAt(from)
		if !ok {
			began = time.Time{}
		}
		err = film.Cast(&b, info.Title, began, length)
	}
	if err != nil {
		return failure(err)
	}
	if err := files.Write(o.cast, b.Bytes(), 0o666, files.Over{Force: o.force}); err != nil {
		return env(takenName(fmt.Errorf("write %s: %w", o.cast, err)))
	}
	return nil
}

// stagedSource hands on events up to a moment and then waits for a later one, so that a feed can be drawn at exact moments. One goroutine
// reads it; another one advances.
type stagedSource struct {
	trace.Source
	goOn    chan int64    // the next moment
	reached chan struct{} // everything up to the moment is in the feed
	now     atomic.Int64  // the moment; 0 none yet

	buf   []trace.Event // the reader's own
	at, n int
	err   error
	begun bool
}

// Read implements trace.Source.
func (s *stagedSource) Read(ctx context.Context, out []trace.Event) (int, error) {
	if !s.begun {
		s.begun = true
		if err := s.wait(ctx, false); err != nil {
			return 0, err
		}
	}
	for {
		n := 0
		for limit := s.now.Load(); s.at < s.n && n < len(out) && s.buf[s.at].Time <= limit; s.at, n = s.at+1, n+1 {
			out[n] = s.buf[s.at]
		}
		switch {
		case n > 0:
			return n, nil
		case s.at < s.n: // the next one is later
			if err := s.wait(ctx, true); err != nil {
				return 0, err
			}
		case s.err != nil:
			return 0, s.err
		default:
			s.at = 0
			s.n, s.err = s.Source.Read(ctx, s.buf)
		}
	}
}

// wait waits for the next moment. The feed has taken in what it has been given.
func (s *stagedSource) wait(ctx context.Context, reached bool) error {
	if reached {
		select {
		case s.reached <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case t := <-s.goOn:
		s.now.Store(t)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Position implements trace.Positioner: what is open reaches up to the moment.
func (s *stagedSource) Position() int64 { return s.now.Load() }

// advance goes on to a moment and waits until the feed has taken in everything up to it.
func (s *stagedSource) advance(t int64, ended chan error) error {
	select {
	case s.goOn <- t:
	case err := <-ended: // everything has been read
		ended <- err
		s.now.Store(t)
		return err
	}
	select {
	case <-s.reached:
	case err := <-ended:
		ended <- err
		s.now.Store(t)
		return err
	}
	return nil
}
