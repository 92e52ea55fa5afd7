package screen

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
	"golang.org/x/term"
)

// errReleased is what a terminal says to whoever still wants to draw on it.
var errReleased = errors.New("the terminal has been released")

// tty is the terminal as tcell sees it. It differs from tcell's own in two things: what is typed goes through an inputFilter,
// and it can be taken away from tcell at any time (release), however stuck that is.
//
// The file is one of its own, and not blocking, so that reading and writing have deadlines and nobody else's descriptor is
// changed. It must not be asked for Fd, which would make it block.
type tty struct {
	dev string
	f   *os.File
	in  inputFilter // belongs to the goroutine that reads
	raw [256]byte

	// busy reports whether tcell has events that nobody has taken. As long as it has, Read hands on nothing.
	busy func() bool

	writing  sync.Mutex  // held by whoever writes
	released atomic.Bool // nobody may write any more
	goodbye  string      // what release writes: it leaves all modes that tcell enters

	mu       sync.Mutex
	saved    *term.State   // as the terminal was before Start; nil while it is not ours
	draining bool          // the reader is to end
	failed   bool          // the reader has ended
	hushed   chan struct{} // not nil: the reader is to hand on nothing; it closes the channel when it has seen that
	resized  func()
	stop     chan struct{} // closed when nobody watches for another size any more
	watching sync.WaitGroup
}

// openTTY opens a terminal by its path. Nothing about it is changed before Start.
func openTTY(dev string) (*tty, error) {
	f, err := os.OpenFile(dev, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &tty{dev: dev, f: f}, nil
}

// control runs an ioctl on the terminal.
func (t *tty) control(op string, do func(fd int) error) error {
	c, err := t.f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := c.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("%s of %s: %w", op, t.dev, failed)
	}
	return nil
}

// Start makes the terminal raw, and ours.
func (t *tty) Start() error {
	if t.released.Load() {
		return errReleased
	}
	t.in.reset()
	if err := t.f.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("wait for keys on %s: %w", t.dev, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.control("tcsetattr", func(fd int) (err error) {
		t.saved, err = term.MakeRaw(fd)
		return err
	})
	if err != nil {
		return err
	}
	t.draining, t.failed, t.hushed = false, false, nil
	t.stop = make(chan struct{})
	sizes := make(chan os.Signal, 1)
	notifySizes(sizes)
	stop := t.stop
	t.watching.Add(1)
	go func() {
		defer t.watching.Done()
		defer signal.Stop(sizes)
		for {
			select {
			case <-sizes:
				t.mu.Lock()
				resized := t.resized
				t.mu.Unlock()
				if resized != nil {
					resized()
				}
			case <-stop:
				return
			}
		}
	}()
	return nil
}

// Drain wakes the reader for its end. tcell's own waits here until the terminal has taken all that was written; one that does
// not read never has.
func (t *tty) Drain() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draining = true
	return t.f.SetReadDeadline(time.Now())
}

// Stop makes the terminal as it was before Start, once there is room for what is to be told there afterwards, or release has
// made it.
func (t *tty) Stop() error {
	t.awaitRoom()
	t.mu.Lock()
	err := t.restore()
	if t.stop != nil {
		close(t.stop)
		t.stop = nil
	}
	t.mu.Unlock()
	t.watching.Wait()
	return err
}

// awaitRoom waits until the terminal takes output, or is released. The kernel may have taken the few bytes that leave the screen
// from one that does not read (it keeps small buffers beyond its limit), but nothing longer: a panic could not be told.
func (t *tty) awaitRoom() {
	t.writing.Lock()
	defer t.writing.Unlock()
	c, err := t.f.SyscallConn()
	if err != nil || t.released.Load() {
		return
	}
	_ = c.Write(func(fd uintptr) bool { return takesOutput(int(fd)) })
}

// restore is Stop's and release's. mu is held. A terminal that belongs to another job now is left as that job has it; to
// change it would stop us for good (SIGTTOU).
func (t *tty) restore() error {
	saved := t.saved
	if saved == nil {
		return nil
	}
	t.saved = nil
	return t.control("tcsetattr", func(fd int) error {
		if ofAnotherJob(fd) {
			return nil
		}
		return term.Restore(fd, saved)
	})
}

// release gives the terminal back without tcell: whoever is writing to it is sent away, what it has not read yet is thrown
// away, so that there is room for what leaves the screen's modes, and its settings are as they were. It may be called from
// any goroutine, at any time, and does nothing when the terminal is not ours. Reading goes on: it holds nobody up, and an error
// would be taken for one of the terminal.
func (t *tty) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.saved == nil {
		return
	}
	t.released.Store(true)
	_ = t.f.SetWriteDeadline(time.Now())
	t.writing.Lock()
	defer t.writing.Unlock()
	_ = t.control("tcflush", discardOutput)
	_ = t.f.SetWriteDeadline(time.Now().Add(goodbyeLimit))
	_, _ = t.f.WriteString(t.goodbye)
	_ = t.f.SetWriteDeadline(time.Now())
	_ = t.restore()
}

// goodbyeLimit is how long release may take to write what leaves the screen's modes.
const goodbyeLimit = 200 * time.Millisecond

// NotifyResize is called by tcell with what is to be done when the terminal has another size.
func (t *tty) NotifyResize(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resized = do
}

// WindowSize is the terminal's size; one that does not know it has 80 columns and 25 rows.
func (t *tty) WindowSize() (size tcell.WindowSize, err error) {
	err = t.control("ioctl TIOCGWINSZ", func(fd int) (err error) {
		size.Width, size.Height, err = term.GetSize(fd)
		return err
	})
	for _, d := range []struct {
		n      *int
		env    string
		normal int
	}{{&size.Width, "COLUMNS", 80}, {&size.Height, "LINES", 25}} {
		if *d.n == 0 {
			if _, e := fmt.Sscan(os.Getenv(d.env), d.n); e != nil || *d.n < 1 {
				*d.n = d.normal
			}
		}
	}
	return size, err
}

// hushFor bounds how long hush waits: on a machine that is so busy nobody types.
const hushFor = 10 * time.Second

// hush makes the reader hand on nothing more, and waits until it has seen that. The goroutine that reads puts each piece into a channel of
// ten, whose other end tcell leaves first when it is suspended: in the middle of what was pasted it would wait for room for ever, and
// the end of the screen for it.
func (t *tty) hush() {
	t.mu.Lock()
	if t.saved == nil || t.failed {
		t.mu.Unlock()
		return // nobody reads
	}
	if t.hushed == nil {
		t.hushed = make(chan struct{})
		_ = t.f.SetReadDeadline(time.Now())
	}
	hushed := t.hushed
	t.mu.Unlock()
	limit := time.NewTimer(hushFor)
	defer limit.Stop()
	select {
	case <-hushed:
	case <-limit.C:
	}
}

// hushing reports whether the reader is to hand on nothing.
func (t *tty) hushing() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hushed == nil {
		return false
	}
	select {
	case <-t.hushed:
	default:
		close(t.hushed)
	}
	return true
}

// Read waits for what is typed. It returns without anything when it is to be silent.
func (t *tty) Read(p []byte) (n int, err error) {
	defer func() {
		if err != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.failed = true
			if t.hushed != nil {
				select {
				case <-t.hushed:
				default:
					close(t.hushed)
				}
			}
		}
	}()
	for {
		switch {
		case t.ends():
			return 0, os.ErrDeadlineExceeded
		case t.hushing():
			time.Sleep(time.Millisecond)
			return 0, nil
		}
		for t.busy != nil && t.busy() && !t.ends() && !t.hushing() {
			time.Sleep(time.Millisecond)
		}
		if t.hushing() || t.ends() {
			continue
		}
		if n := t.in.next(p); n > 0 {
			return n, nil
		}
		n, err := t.fill()
		now := time.Now()
		t.in.feed(t.raw[:n], now)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && !t.ends():
			t.in.expire(now)
		default:
			return 0, err
		}
	}
}

// fill reads until the filter's limit is over.
func (t *tty) fill() (int, error) {
	at, held := t.in.limit()
	if !t.wake(at) || !held {
		return t.f.Read(t.raw[:])
	}
	n, err := t.f.Read(t.raw[:])
	if errors.Is(err, os.ErrDeadlineExceeded) && t.readable() && t.wake(time.Time{}) {
		return t.f.Read(t.raw[:]) // it has come in time; it was we who were late
	}
	return n, err
}

// wake sets the moment at which a read ends. It reports false, and leaves it, when the reader is to come back now.
func (t *tty) wake(at time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.draining || t.hushed != nil
	if !now {
		_ = t.f.SetReadDeadline(at)
	}
	return !now
}

func (t *tty) ends() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining
}

// readable reports whether something has been typed that was not read.
func (t *tty) readable() bool {
	ready := false
	_ = t.control("poll", func(fd int) (err error) {
		ready, err = hasInput(fd)
		return err
	})
	return ready
}

// Write writes to the terminal, and waits for as long as that does not read.
func (t *tty) Write(p []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.released.Load() {
		return 0, errReleased
	}
	return t.f.Write(p)
}

// Close closes the file.
func (t *tty) Close() error { return t.f.Close() }
