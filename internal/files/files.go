// Package files opens files whose names come from outside: from a flag, a setting, a line that somebody typed, the time. What
// stands at such a name may be dear to somebody, may be in use, or may be no file at all; nothing that is there is written
// over unless that was asked for, and nothing that is there (a named pipe, a device) makes evviz wait.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Errors of this package; what it returns wraps them or the system's.
var (
	// ErrBusy: another program, or another recording of this one, writes to the file.
	ErrBusy = errors.New("another evviz is writing to it")
	// ErrNotRegular: a directory, a named pipe, a device, a socket.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge: the file holds more than is believed.
	ErrTooLarge = errors.New("the file is too large")
)

// Exists is the error for a file that is there and is not written over. It is an fs.ErrExist.
type Exists struct {
	Kind        string // what evviz would have written: "a recording"; "" nothing that can be told from other files
	Replaceable bool   // it may be replaced when that is asked for
}

func (e *Exists) Error() string {
	switch {
	case e.Kind == "":
		return "the file is there already"
	case e.Replaceable:
		return "the file is there already and holds " + e.Kind
	}
	return "the file is there already and is not " + e.Kind
}

// Is makes an Exists an fs.ErrExist.
func (e *Exists) Is(target error) bool { return target == fs.ErrExist }

// Over says which files that are there may be written over. The zero Over: none but empty ones.
type Over struct {
	Kind  string                 // see Exists
	Ours  func(head []byte) bool // reports whether a file that begins so is of that kind; nil: every file is
	Force bool                   // those of that kind are replaced
}

// headSize is how much of a file Ours gets to see.
const headSize = 64

// Create makes a file, or opens one that is there and may be written over, and empties it. The file is locked (flock) until
// it is closed, and was before anything of it was lost, so two that write to one name do not destroy each other's work.
// made reports that the file was not there before.
func Create(path string, perm fs.FileMode, over Over) (f *os.File, made bool, err error) {
	for range 10 { // the file may come and go meanwhile
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if err == nil {
			if err = Lock(f); err != nil {
				f.Close() // and is left to whoever has it by now
				return nil, false, err
			}
			return f, true, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, false, bare(err)
		}
		f, err = reuse(path, over)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, false, err
		}
		if st, e := os.Lstat(path); e == nil && st.Mode()&fs.ModeSymlink != 0 {
			return nil, false, fmt.Errorf("a symbolic link that leads nowhere: %w", ErrNotRegular)
		}
	}
	return nil, false, bare(err)
}

// reuse opens a file that is there and empties it, if that may be.
func reuse(path string, over Over) (*os.File, error) {
	f, err := openRegular(path, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*os.File, error) {
		f.Close()
		return nil, bare(err)
	}
	var is *Exists
	if err := over.may(f); errors.As(err, &is) && !is.Replaceable {
		return fail(err) // whoever has it
	}
	if err := Lock(f); err != nil {
		return fail(err)
	}
	if err := over.may(f); err != nil { // it may have been written to before it was locked
		return fail(err)
	}
	if st, err := f.Stat(); err != nil {
		return fail(err)
	} else if st.Size() == 0 {
		return f, nil
	}
	if err := f.Truncate(0); err != nil {
		return fail(err)
	}
	return f, nil
}

// may is nil for a file that may be written over, and else says why not.
func (o *Over) may(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return bare(err)
	}
	if st.Size() == 0 {
		return nil
	}
	head := make([]byte, headSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return bare(err)
	}
	if o.Ours != nil && !o.Ours(head[:n]) {
		return &Exists{Kind: o.Kind}
	}
	if !o.Force {
		return &Exists{Kind: o.Kind, Replaceable: true}
	}
	return nil
}

// Write makes a file with all of its content, or replaces one that may be written over by another with the same name, which
// is never seen half written. When that fails, what was there is there still.
func Write(path string, data []byte, perm fs.FileMode, over Over) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, made, err := Create(path, perm, Over{Kind: over.Kind, Ours: over.Ours})
		if err != nil {
			return err
		}
		return fill(f, path, made, data)
	case err != nil:
		return bare(err)
	}
	old, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	err = over.may(old)
	old.Close()
	if err != nil {
		return err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return bare(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return bare(err)
	}
	tmp := f.Name()
	if err := f.Chmod(st.Mode().Perm()); err != nil {
		Discard(f, tmp)
		return bare(err)
	}
	if err := fill(f, tmp, true, data); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		var l *os.LinkError
		if errors.As(err, &l) {
			err = l.Err
		}
		return err
	}
	return nil
}

// fill writes all of a file and closes it. One that was made for this and cannot be filled is taken away again.
func fill(f *os.File, path string, made bool, data []byte) error {
	_, err := f.Write(data)
	if err != nil {
		if made {
			Discard(f, path)
		} else {
			f.Close()
		}
		return bare(err)
	}
	if err := f.Close(); err != nil {
		return bare(err)
	}
	return nil
}

// Discard closes a file that was made and is not wanted after all, and removes it, if it has that name still.
func Discard(f *os.File, path string) {
	st, err := f.Stat()
	f.Close()
	if now, e := os.Lstat(path); err == nil && e == nil && os.SameFile(st, now) {
		os.Remove(path)
	}
}

// Own makes a file under a name of evviz's own choosing: base.ext, or base-2.ext and so on where that is taken. create makes it,
// and returns an fs.ErrExist for a name that is.
func Own(base, ext string, create func(path string) error) (path string, err error) {
	for i := 1; i <= 1000; i++ {
		path = base + ext
		if i > 1 {
			path = fmt.Sprintf("%s-%d%s", base, i, ext)
		}
		if err = create(path); !errors.Is(err, fs.ErrExist) && !errors.Is(err, ErrBusy) {
			break
		}
	}
	return path, err
}

// Open opens a regular file for reading. What is none is refused, and does not make it wait.
func Open(path string) (*os.File, error) { return openRegular(path, os.O_RDONLY) }

func openRegular(path string, how int) (*os.File, error) {
	st, err := os.Stat(path) // first: merely to open a device may do something
	if err != nil {
		return nil, bare(err)
	}
	if err := regular(st); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, how|syscall.O_NONBLOCK, 0) // it may be a named pipe by now
	if err != nil {
		return nil, bare(err)
	}
	if st, err = f.Stat(); err == nil {
		err = regular(st)
	}
	if err != nil {
		f.Close()
		return nil, bare(err)
	}
	return f, nil
}

func regular(st fs.FileInfo) error {
	switch m := st.Mode(); {
	case m.IsRegular():
		return nil
	case m.IsDir():
		return fmt.Errorf("a directory: %w", ErrNotRegular)
	case m&fs.ModeNamedPipe != 0:
		return fmt.Errorf("a named pipe: %w", ErrNotRegular)
	case m&fs.ModeDevice != 0:
		return fmt.Errorf("a device: %w", ErrNotRegular)
	}
	return ErrNotRegular
}

// Read reads a regular file as a whole, up to a limit (bytes). The null device is an empty file.
func Read(path string, limit int64) ([]byte, error) {
	if st, err := os.Stat(path); err == nil && null(st) {
		return nil, nil
	}
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, bare(err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return b, nil
}

// bare strips operation and path from an error of os: the caller says both in its own words.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
