package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"evviz/internal/files"
)

// spool brings what a Writer writes to a file, on a goroutine of its own: a disk that takes its time, or nothing at all any
// more (a network file system whose server is gone), holds up that goroutine and nobody else. What waits for the disk is
// bounded; a chunk for which there is no room is refused (errNoRoom), and the Writer goes on without it.
type spool struct {
	f    *os.File
	fd   uintptr     // its number, while it is open
	info fs.FileInfo // as it was opened
	path string      // as it was opened
	tick func()      // called every flushEvery on the spool's goroutine, as long as the disk keeps up
	fail func()      // called once on that goroutine, when nothing can be written any more

	limit int64 // bytes that may wait

	mu     sync.Mutex // never held while the disk is waited for
	queue  []piece    // the first is being written
	queued int64      // bytes in queue
	wrote  int64      // bytes in the file
	events int64      // in the file
	moved  time.Time  // when the disk last took something, or was last given something to do
	now    string     // its path, which may have become another by the end
	err    error
	over   bool          // nothing more is coming
	work   chan struct{} // something was put into queue, or over was set
	took   chan struct{} // closed, and made anew, when the disk has taken something
	done   chan struct{} // closed when the file is closed
}

// piece is what one call of Write brought.
type piece struct {
	b      []byte
	events int64 // if it is a chunk
}

const (
	// flushEvery is how long a silent source's last events may stay out of the file.
	flushEvery = time.Second
	// spoolBytes is room for about a minute of the busiest recordings.
	spoolBytes = 32 << 20
	// spoolPatience is how long a disk may take nothing before nobody waits for it any longer.
	spoolPatience = 5 * time.Second
	// slowAfter is how long it may take nothing before that is said.
	slowAfter = 2 * time.Second
)

var (
	// errNoRoom: so much waits for the disk already that this is left out.
	errNoRoom = errors.New("the disk is too slow: what waits for it has no more room")
	// ErrGone: the file that is recorded to was removed, or replaced by another, meanwhile.
	ErrGone = errors.New("the file was removed or replaced while it was recorded to, and what was in it is lost")
)

func newSpool(f *os.File, path string) (*spool, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, bareErr(err)
	}
	return &spool{f: f, fd: f.Fd(), info: info, path: path, now: path, limit: spoolBytes, moved: time.Now(),
		work: make(chan struct{}, 1), took: make(chan struct{}), done: make(chan struct{})}, nil
}

// Write takes a copy of b and returns at once. The error is that of an earlier call, or errNoRoom.
func (s *spool) Write(b []byte) (int, error) {
	p := piece{b: append([]byte(nil), b...)}
	var h chunkHeader
	if len(b) >= chunkHeaderSize && h.parse(b) == nil {
		p.events = int64(h.events)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return 0, s.err
	case s.over:
		return 0, os.ErrClosed
	case p.events > 0 && s.queued+int64(len(b)) > s.limit: // what is left comes once, at the end
		return 0, errNoRoom
	}
	if len(s.queue) == 0 {
		s.moved = time.Now()
	}
	s.queue = append(s.queue, p)
	s.queued += int64(len(b))
	s.rouse()
	return len(b), nil
}

func (s *spool) rouse() {
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// run is the spool's goroutine.
func (s *spool) run() {
	defer close(s.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	due := false // a tick has come
	for {
		select {
		case <-tick.C:
			due = true
		default:
		}
		if due {
			due = false
			if err := s.look(); err != nil {
				s.broken(err, 0)
				return
			}
			if s.tick != nil {
				s.tick()
			}
		}
		s.mu.Lock()
		var p piece
		if len(s.queue) > 0 {
			p = s.queue[0]
		}
		at, over := s.wrote, s.over
		s.mu.Unlock()
		if p.b == nil {
			if over {
				s.end()
				return
			}
			select {
			case <-s.work:
			case <-tick.C:
				due = true
			}
			continue
		}
		n, err := s.f.Write(p.b)
		if err == nil && n < len(p.b) {
			err = io.ErrShortWrite
		}
		if err != nil {
			// Half a chunk would only look like damage.
			if s.f.Truncate(at) == nil {
				n = 0
			}
			s.broken(fmt.Errorf("write %s: %w", s.path, bareErr(err)), int64(n))
			return
		}
		s.mu.Lock()
		s.queue = s.queue[1:]
		s.queued -= int64(len(p.b))
		s.wrote += int64(n)
		s.events += p.events
		s.moved = time.Now()
		s.announce()
		s.mu.Unlock()
	}
}

// announce wakes whoever waits for the disk. The caller holds mu.
func (s *spool) announce() {
	close(s.took)
	s.took = make(chan struct{})
}

// broken ends the spool with an error; n bytes more are in the file.
func (s *spool) broken(err error, n int64) {
	s.mu.Lock()
	s.err, s.queue, s.queued = err, nil, 0
	s.wrote += n
	s.announce()
	s.mu.Unlock()
	s.f.Close()
	if s.fail != nil {
		s.fail()
	}
}

// end closes the file in good order.
func (s *spool) end() {
	err := s.look()
	path := s.name()
	if e := s.f.Close(); err == nil && e != nil {
		err = fmt.Errorf("close %s: %w", s.path, bareErr(e))
	}
	s.mu.Lock()
	s.err, s.now = err, path
	s.announce()
	s.mu.Unlock()
}

// look says when the file has no name any more. One that never had any (it was handed down as a descriptor) is not missed.
func (s *spool) look() error {
	if links(s.info) == 0 {
		return nil
	}
	now, err := s.f.Stat()
	if err == nil && (links(now) == 0 || strings.HasPrefix(filepath.Base(s.name()), ".nfs")) { // which NFS makes of a removed file
		return fmt.Errorf("write %s: %w", s.path, ErrGone)
	}
	return nil
}

// name is where the file is found now: it may have been moved.
func (s *spool) name() string {
	if now, err := os.Stat(s.path); err == nil && os.SameFile(now, s.info) {
		return s.path
	}
	moved, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s.fd))
	if err != nil {
		return s.path
	}
	if now, err := os.Stat(moved); err != nil || !os.SameFile(now, s.info) {
		return s.path
	}
	return moved
}

// finish says that nothing more is coming.
func (s *spool) finish() {
	s.mu.Lock()
	s.over = true
	s.rouse()
	s.mu.Unlock()
}

// until waits until so many bytes are in the file, as long as the disk takes something now and then.
func (s *spool) until(bytes int64, patience time.Duration) error {
	begun := time.Now()
	for {
		s.mu.Lock()
		err, have, took, moved, left := s.err, s.wrote >= bytes, s.took, s.moved, s.queued
		s.mu.Unlock()
		if have || err != nil {
			return err
		}
		if moved.Before(begun) {
			moved = begun
		}
		still := patience - time.Since(moved)
		if still <= 0 {
			return fmt.Errorf("write %s: the disk has taken nothing for %v, and %d bytes wait for it", s.path, patience, left)
		}
		t := time.NewTimer(still)
		select {
		case <-took:
		case <-s.done:
		case <-t.C:
		}
		t.Stop()
	}
}

// wait waits until the file is closed, as long as the disk takes something now and then.
func (s *spool) wait(patience time.Duration) error {
	s.mu.Lock()
	all := s.wrote + s.queued
	s.mu.Unlock()
	if err := s.until(all, patience); err != nil {
		return err
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
		return fmt.Errorf("close %s: the disk has not answered for %v", s.path, patience)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// state is how it stands, without waiting for anything.
func (s *spool) state() (wrote, events int64, slow bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrote, s.events, len(s.queue) > 0 && time.Since(s.moved) > slowAfter, s.err
}

// named is where the file is: where it was opened, or, at the end, where it has been moved to.
func (s *spool) named() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// reopen opens the file for reading. It may have been moved, and closed since.
func (s *spool) reopen() (*os.File, error) {
	for _, path := range []string{fmt.Sprintf("/proc/self/fd/%d", s.fd), s.named()} {
		f, err := files.Open(path)
		if err != nil {
			continue
		}
		if now, err := f.Stat(); err == nil && os.SameFile(now, s.info) { // the number may be another file's by now
			return f, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("open %s again: it is not there any more, or was replaced by another file", s.path)
}
