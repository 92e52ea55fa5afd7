package record

import (
	"cmp"
	"fmt"
	"os"

	"evviz/trace"
)

// Reopen makes a second reader with a descriptor of its own. It sees what this one saw when it was opened.
func (t *File) Reopen() (trace.Source, error) { return t.again() }

func (t *File) again() (*File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, fmt.Errorf("open %s again: %w", t.path, os.ErrClosed)
	}
	// By descriptor: meanwhile the name may lead to another file, or to none.
	f, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", t.f.Fd()))
	if err != nil {
		if f, err = sameFile(t.path, t.f); err != nil {
			return nil, err
		}
	}
	c := &File{f: f, path: t.path, size: t.size, info: t.info, version: t.version, sound: t.sound, ended: t.ended, index: t.index, end: t.end, tail: t.tail, cutMs: t.cutMs, dec: newBlockDecoder()}
	c.refs = make([]chunkRef, len(t.refs))
	for i := range t.refs {
		r := &t.refs[i] // but for checked, which belongs to the goroutine that reads t
		c.refs[i] = chunkRef{off: r.off, chunkHeader: r.chunkHeader, gap: r.gap, hasGap: r.hasGap}
	}
	c.rewind()
	return c, nil
}

// sameFile opens a file by its name and refuses another one that has the name by now.
func sameFile(path string, was *os.File) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s again: %w", path, bareErr(err))
	}
	a, err := f.Stat()
	b, err2 := was.Stat()
	if err != nil || err2 != nil || !os.SameFile(a, b) {
		f.Close()
		return nil, fmt.Errorf("open %s again: it was replaced by another file meanwhile", path)
	}
	return f, nil
}

// Reopen opens what has been recorded: everything up to now while a recording is on, the whole of it after it was
// stopped. Without a recording it asks the source. It may wait for the disk.
func (t *Tee) Reopen() (trace.Source, error) {
	t.mu.Lock()
	r := t.rec
	if r == nil || r.closing {
		last, err := t.last, t.done.Err
		t.mu.Unlock()
		if r != nil {
			last, err = r.s, r.s.wait(t.patience)
		}
		if last == nil {
			return trace.Reopen(t.src)
		}
		f, e := last.reopen()
		if e != nil {
			return nil, cmp.Or(err, e)
		}
		c, e := openTrace(f, last.named())
		if e != nil {
			f.Close()
			return nil, e
		}
		return c, nil
	}
	_ = r.w.Flush() // an error is the spool's, and comes below
	info := t.src.Info()
	info.Live = false
	if info.Origin == "" {
		info.Origin = r.path
	}
	// The writer knows where its chunks are, so nothing has to be searched.
	c := &File{path: r.path, size: r.w.bytes, info: info, refs: append([]chunkRef(nil), r.w.chunks...), dec: newBlockDecoder()}
	t.mu.Unlock()
	if err := r.s.until(c.size, t.patience); err != nil {
		return nil, fmt.Errorf("read what was recorded: %w", err)
	}
	f, err := r.s.reopen()
	if err != nil {
		return nil, err
	}
	c.f = f
	c.findGaps() // of what the disk was too slow for
	c.rewind()
	return c, nil
}
