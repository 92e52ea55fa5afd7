package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"evviz/trace"
)

// Stream is what strace printed, read as it comes and not kept: the memory does not grow with the length of the log. Events
// are handed on in the order of their times within a window of some thousand; what does not fit into it is marked late
// (stracewindow.go has the rule).
//
// What Info says of the clock is settled by the first lines, what it says of missing things grows while the log is read.
//
// Thread rule: one goroutine reads and asks for Info; Close may come from any, and makes a Read that waits for its input
// return as soon as the input itself does.
type Stream struct {
	name   string
	r      *straceReader
	files  []io.Closer
	begun  bool
	first  int64 // time of the first event
	closed atomic.Bool
	live   *liveFeed // nil: what is read is all there
	ticked time.Time // when the window was aged last

	fold    *trace.Folder // nil until the first Read, and where the log does not tell times: how often within what time is not known then
	reading bool          // the first Read has been
	buf     []trace.Event
	end     error
}

// StreamStrace begins to read strace text. name is shown as where it came from. Of the reader the first lines are read at
// once, to see what kind of log it is; an error of theirs is returned.
func StreamStrace(r io.Reader, name string) (*Stream, error) {
	s := newStream([]*input{named(r, name)}, name, nil, nil)
	return s, s.error()
}

// OpenStream finds a log as Open does and begins to read it.
func OpenStream(paths ...string) (*Stream, error) { return openStream(paths, nil, nil, nil) }

// OpenStreamWith is OpenStream with what other tools say of the program's descriptors; with may be nil.
func OpenStreamWith(with *Beside, paths ...string) (*Stream, error) {
	return openStream(paths, nil, with, nil)
}

// EachUnparsed reads a log, found as Open says, and hands on every line that is not understood. It returns how many lines
// there are in all.
func EachUnparsed(path string, each func(Odd)) (lines int64, err error) {
	s, err := openStream([]string{path}, each, nil, nil)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	buf := make([]trace.Event, 1<<12)
	for {
		if _, err = s.Read(context.Background(), buf); err != nil {
			break
		}
	}
	if err == io.EOF {
		err = nil
	}
	return s.r.lines, err
}

// Open reads a log as a whole: a file; standard input, for "-"; or what strace -ff has written, a file for each thread, by
// the name before the numbers (out, where there are out.4711 and out.4712) or by the directory that they are in. One such
// file can be opened alone.
func Open(path string) (*Strace, error) { return OpenStrace(path) }

// IsLogSet says whether a path is no file itself but stands for files that strace -ff has written.
func IsLogSet(path string) bool {
	if st, err := os.Stat(path); err == nil && !st.IsDir() {
		return false
	}
	names, err := logFiles([]string{path})
	return err == nil && len(names) > 0
}

func openStream(paths []string, odds func(Odd), with *Beside, known map[int]bool) (*Stream, error) {
	if len(paths) == 1 && paths[0] == "-" {
		s := newStream([]*input{newInput(os.Stdin, "-", blockOf)}, "-", odds, func(r *straceReader) error { return r.withBeside(with, nil) })
		return s, s.error()
	}
	names, err := logFiles(paths)
	if err != nil {
		return nil, err
	}
	block := blockOf
	if len(names) > 1 {
		block = max(blockOf/len(names), 1<<13)
	}
	var in []*input
	var files []io.Closer
	var logs []*os.File
	shut := func() {
		for _, f := range files {
			f.Close()
		}
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			shut()
			if len(names) > 1 {
				err = fmt.Errorf("open the %d files of strace -ff side by side: %w", len(names), err)
			}
			return nil, err
		}
		files, logs = append(files, f), append(logs, f)
		n := named(f, name)
		n.buf = make([]byte, block)
		in = append(in, n)
	}
	s := newStream(in, strings.Join(paths, " "), odds, func(r *straceReader) error {
		r.kinship.known = known
		return r.withBeside(with, logs)
	})
	s.files = files
	if err := s.error(); err != nil {
		shut()
		return nil, err
	}
	return s, nil
}

// maxLogFiles bounds how many files are read side by side.
const maxLogFiles = 4096

// logFiles are the files that the paths stand for.
func logFiles(paths []string) (names []string, err error) {
	for _, path := range paths {
		st, err := os.Stat(path)
		var found []string
		switch {
		case err == nil && !st.IsDir():
			found = []string{path}
		case err == nil:
			if found, err = numbered(path, ""); err == nil && len(found) == 0 {
				err = fmt.Errorf("open %s: there is no file of strace -ff in this directory (name.4711)", path)
			}
		case errors.Is(err, os.ErrNotExist):
			if found, _ = numbered(filepath.Dir(path), filepath.Base(path)); len(found) > 0 {
				err = nil
			}
		}
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > maxLogFiles {
		return nil, fmt.Errorf("open %s: there are %d files of strace -ff, and at most %d can be read side by side: name fewer of them",
			strings.Join(paths, " "), len(names), maxLogFiles)
	}
	return names, nil
}

// numbered are the files of a directory that are called prefix.NUMBER, or anything.NUMBER.
func numbered(dir, prefix string) (names []string, err error) {
	es, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		base := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))
		if numberOf(e.Name()) != 0 && (prefix == "" || base == prefix) && !e.IsDir() {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names, nil
}

// numberOf is the thread that a file of strace -ff is about, 0 for any other file.
func numberOf(name string) int {
	n, err := strconv.ParseUint(strings.TrimPrefix(filepath.Ext(name), "."), 10, 31)
	if err != nil || n > maxTID {
		return 0
	}
	return int(n)
}

func named(r io.Reader, name string) *input {
	n := newInput(r, name, blockOf)
	n.alone = numberOf(name)
	return n
}

// firstLines is how many lines are read before Info can say what kind of log it is.
const firstLines = 100

func newStream(in []*input, name string, odds func(Odd), before func(*straceReader) error) *Stream {
	if len(in) == 1 {
		in[0].heads = true
	}
	s := &Stream{name: name, r: newStraceReader(in, odds)}
	if before != nil {
		if err := before(s.r); err != nil {
			s.r.failed = err
			return s
		}
	}
	for range firstLines {
		if s.r.win.ready(false) > 0 || !s.r.step() {
			break
		}
	}
	if s.r.single {
		s.r.clock.settle()
	}
	if w := &s.r.win; len(w.buf) > 0 {
		s.begun, s.first = true, w.buf[0].Time
	}
	return s
}

// error is what reading has failed with.
func (s *Stream) error() error {
	if s.r.failed == nil {
		return nil
	}
	return fmt.Errorf("read %s: %w", s.name, s.r.failed)
}

// Info describes the source as far as it has been read.
func (s *Stream) Info() trace.Info { return s.describe() }

// Unparsed is how many lines were not understood so far, and the first of them.
func (s *Stream) Unparsed() (n int64, first []Odd) { return s.r.unparsed, s.r.first }

// Missed are the first of the lines that look like calls and were not understood so far.
func (s *Stream) Missed() []Odd { return s.r.calls }

// Foreign is what the text is, by what has been read of it so far, when it is another tool's output; nil otherwise.
func (s *Stream) Foreign() *Foreign {
	if len(s.r.in) != 1 {
		return nil
	}
	return ForeignIn(s.r.in[0].head)
}

// Beside is what lines of other tools say of the program's descriptors, as far as they have been read.
func (s *Stream) Beside() *Beside {
	if s.r.beside == nil {
		return &Beside{}
	}
	s.r.beside.join()
	return s.r.beside
}

// Others are the calls that were met so far and are not in the table.
func (s *Stream) Others() []Count { return s.r.em.Others() }

// Lines is how many lines have been read.
func (s *Stream) Lines() int64 { return s.r.lines }

// Path is where it comes from.
func (s *Stream) Path() string { return s.name }

// Read reads lines until there are events, or the log ends. What repeats itself without progress is counted (trace.Repeat).
func (s *Stream) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	if !s.reading {
		if s.reading = true; s.r.clock != nil && s.r.clock.timed() {
			s.fold, s.buf = new(trace.Folder), make([]trace.Event, 1024)
		}
	}
	if s.fold == nil {
		return s.more(ctx, buf)
	}
	quiet := false
	for {
		if n := s.fold.Take(buf, s.end != nil || quiet); n > 0 {
			return n, nil
		}
		if s.end != nil {
			return 0, s.end
		}
		n, err := s.more(ctx, s.buf)
		if quiet = err == errQuiet; quiet {
			continue
		}
		for i := range s.buf[:n] {
			s.fold.Add(&s.buf[i])
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return 0, err
		default:
			s.end = err
		}
	}
}

// more takes events from the window.
func (s *Stream) more(ctx context.Context, buf []trace.Event) (int, error) {
	if s.live != nil {
		return s.takeLive(ctx, buf, s.fold != nil && s.fold.Held() > 0)
	}
	return s.take(ctx, buf)
}

// take reads lines until there are events, or the log ends.
func (s *Stream) take(ctx context.Context, buf []trace.Event) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	w := &s.r.win
	for w.ready(s.r.ended) == 0 || w.ready(s.r.ended) < len(buf) && len(w.buf)-w.out < 2*hold && !s.r.ended {
		if s.closed.Load() {
			return 0, fmt.Errorf("read %s: %w", s.name, os.ErrClosed)
		}
		if s.r.ended {
			if err := s.error(); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		for range 256 {
			if !s.r.step() || len(w.buf)-w.out >= 2*hold {
				break
			}
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	if s.closed.Load() {
		return 0, fmt.Errorf("read %s: %w", s.name, os.ErrClosed)
	}
	return w.take(buf, s.r.ended), nil
}

// Close ends reading.
func (s *Stream) Close() (err error) {
	if s.closed.Swap(true) {
		return nil
	}
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	return err
}
