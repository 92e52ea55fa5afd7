package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Live is strace text that is still being written: a pipe that strace writes to, or a file that grows. It hands its events on at most two
// ticks after their line came, whether more come or not. When strace ends, or the file is no longer the one that was opened, it ends.
//
// Thread rule: one goroutine reads, and asks for Foreign; everything else may be called from any. Close makes a Read that waits return.
type Live struct {
	s    *Stream
	feed *liveFeed
	info trace.Info

	last, came      atomic.Int64 // time of the newest event; when it came, by this machine's monotonic clock
	grasped, missed atomic.Int64
}

// tick is how long events are held back so that what is older and comes a little later can be put before them.
const tick = 50 * time.Millisecond

// errQuiet is what reading a live text returns when nothing has come for a tick. It is no end.
var errQuiet = errors.New("nothing has come")

// OpenLive begins to read a text as it is written. path is that of a file to follow; with "" f is a pipe, which ends when its writers do. It
// returns when the first call has come, so that it is known what kind of log it is, or the text has ended; waiting, if it is not nil, is
// called once when that takes a while. Close closes f, too, if it is a file.
func OpenLive(f *os.File, path string, waiting func()) (*Live, error) {
	feed, err := newLiveFeed(f, path)
	if err != nil {
		return nil, err
	}
	name := path
	if name == "" {
		name = "-"
	}
	in := named(feed, name)
	in.heads = true
	l := &Live{s: &Stream{name: name, r: newStraceReader([]*input{in}, nil), live: feed}, feed: feed}
	feed.patience, feed.ctx = tick, context.Background()
	for r := l.s.r; r.grasped == 0; {
		if r.step() {
			continue
		}
		if r.ended {
			break
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
	}
	if err := l.s.error(); err != nil {
		l.Close()
		return nil, err
	}
	if w := &l.s.r.win; len(w.buf) > 0 {
		l.s.begun, l.s.first = true, w.buf[0].Time
	}
	l.info = l.s.describe()
	l.info.Live = true
	l.info.Calls = trace.Share{} // it changes, and this does not: Share has it
	l.info.Missing = l.info.Missing[:min(len(l.info.Missing), 2)]
	return l, nil
}

// Info describes the source as it was when the first call had come.
func (l *Live) Info() trace.Info { return l.info }

// Path is where it comes from.
func (l *Live) Path() string { return l.s.name }

// Read waits for lines until there are events, ctx ends, or the text does.
func (l *Live) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := l.s.Read(ctx, buf)
	if n > 0 {
		newest := l.last.Load()
		for i := range buf[:n] {
			newest = max(newest, buf[i].Time)
		}
		l.came.Store(trace.Now())
		l.last.Store(newest)
	}
	l.grasped.Store(l.s.r.grasped)
	l.missed.Store(l.s.r.missed)
	return n, err
}

// Present is the newest event's time and what has passed since it came, in the clock of the text, which may be any. Where lines have no times
// that is the newest line.
func (l *Live) Present() int64 {
	last := l.last.Load()
	if last == 0 || !l.info.Timed {
		return last
	}
	return last + max(trace.Now()-l.came.Load(), 0)
}

// Share is how many of the lines that look like calls were understood so far.
func (l *Live) Share() trace.Share {
	n := l.grasped.Load()
	return trace.Share{N: n, Of: n + l.missed.Load()}
}

// Foreign is what the text is, by what has come so far, when it is another tool's output.
func (l *Live) Foreign() *Foreign { return l.s.Foreign() }

// Broken says why a file is no longer followed; "" when it is, and of a pipe.
func (l *Live) Broken() string {
	if s := l.feed.broken.Load(); s != nil {
		return *s
	}
	return ""
}

// Close ends reading.
func (l *Live) Close() error {
	l.s.closed.Store(true)
	return l.feed.close()
}

// liveFeed hands on what a file gives, without holding up its reader for longer than it says. A goroutine of its own reads the file.
type liveFeed struct {
	f      *os.File
	path   string // of a file that is followed; "" a pipe
	chunks chan []byte
	end    error // valid when chunks is closed
	broken atomic.Pointer[string]

	wake [2]int // a pipe: closing its end makes the goroutine stop waiting
	quit chan struct{}
	done chan struct{}
	once sync.Once
	shut error

	// The reader's.
	rest     []byte
	patience time.Duration // how long Read waits; 0: until something comes
	ctx      context.Context
}

func newLiveFeed(f *os.File, path string) (*liveFeed, error) {
	d := &liveFeed{f: f, path: path, chunks: make(chan []byte), quit: make(chan struct{}), done: make(chan struct{})}
	if err := unix.Pipe2(d.wake[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("follow %s: %w", f.Name(), os.NewSyscallError("pipe2", err))
	}
	go d.pump()
	return d, nil
}

// Read gives what has come, or errQuiet.
func (d *liveFeed) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		var late <-chan time.Time
		if d.patience > 0 {
			t := time.NewTimer(d.patience)
			defer t.Stop()
			late = t.C
		}
		select {
		case b, ok := <-d.chunks:
			if !ok {
				return 0, d.end
			}
			d.rest = b
		case <-late:
			return 0, errQuiet
		case <-d.ctx.Done():
			return 0, errQuiet
		case <-d.quit:
			return 0, os.ErrClosed
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	d.patience = tick // there is something to hand on now
	return n, nil
}

// pump reads the file until it ends, breaks, or is closed.
func (d *liveFeed) pump() {
	defer close(d.done)
	defer close(d.chunks)
	fd := int(d.f.Fd())
	at := int64(0)
	for {
		if !d.wait(fd) {
			d.end = os.ErrClosed
			return
		}
		b := make([]byte, 1<<15)
		n, err := unix.Read(fd, b)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
			continue
		case err != nil:
			d.end = os.NewSyscallError("read", err)
			return
		case n > 0:
			at += int64(n)
			select {
			case d.chunks <- b[:n]:
			case <-d.quit:
				d.end = os.ErrClosed
				return
			}
			continue
		case d.path == "":
			d.end = io.EOF
			return
		}
		if why := d.changed(at); why != "" {
			why = d.path + " " + why + " while it was followed: what is shown ends there; start again to see what it has now"
			d.broken.Store(&why)
			d.end = io.EOF
			return
		}
		if !d.pause() {
			d.end = os.ErrClosed
			return
		}
	}
}

// wait waits until the pipe has something to read; a file has always. It is false when the feed was closed.
func (d *liveFeed) wait(fd int) bool {
	if d.path != "" {
		return !d.closed(0)
	}
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(d.wake[0]), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(p, -1)
		if err == unix.EINTR {
			continue
		}
		return p[1].Revents == 0
	}
}

// pause waits until it is worth while to look at a file again. It is false when the feed was closed.
func (d *liveFeed) pause() bool { return !d.closed(int(tick / time.Millisecond)) }

// closed reports whether the feed was closed, or is within some milliseconds.
func (d *liveFeed) closed(within int) bool {
	p := []unix.PollFd{{Fd: int32(d.wake[0]), Events: unix.POLLIN}}
	n, _ := unix.Poll(p, within) // a signal makes it look early, which does no harm
	return n > 0
}

// changed says what has happened to the file, when it is no longer the one that was read up to at.
func (d *liveFeed) changed(at int64) string {
	open, err := d.f.Stat()
	if err != nil {
		return ""
	}
	if open.Size() < at {
		return "was truncated"
	}
	named, err := os.Stat(d.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "was removed"
	case err == nil && !os.SameFile(open, named):
		return "was replaced by another file"
	}
	return ""
}

func (d *liveFeed) close() error {
	d.once.Do(func() {
		close(d.quit)
		unix.Close(d.wake[1])
		<-d.done
		unix.Close(d.wake[0])
		if d.f != os.Stdin {
			d.shut = d.f.Close()
		}
	})
	return d.shut
}

// takeLive waits for lines until some events may go. held says that what was handed on before is held elsewhere for what follows it: then
// it returns errQuiet when nothing does.
func (s *Stream) takeLive(ctx context.Context, buf []trace.Event, held bool) (int, error) {
	w := &s.r.win
	for {
		if s.closed.Load() {
			return 0, fmt.Errorf("read %s: %w", s.name, os.ErrClosed)
		}
		if n := w.take(buf, s.r.ended); n > 0 {
			return n, nil
		}
		if s.r.ended {
			if err := s.error(); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s.live.ctx, s.live.patience = ctx, tick
		if len(w.buf) == w.out && !held {
			s.live.patience = 0
		}
		quiet := false
		for range 256 {
			if quiet = !s.r.step(); quiet || time.Since(s.ticked) >= tick {
				break
			}
		}
		if now := time.Now(); now.Sub(s.ticked) >= tick {
			w.age()
			s.ticked = now
		}
		if quiet && held && len(w.buf) == w.out && !s.r.ended {
			return 0, errQuiet
		}
	}
}
