package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// TestHeadLost: a recording without its first bytes, however many those are and whether they are gone or overwritten, is read
// from the chunks that are whole, and says what is missing.
func TestHeadLost(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "whole.evt")
	evs := traces.Loop(6000, 9, 5)
	w, err := Create(path, trace.Info{Title: "whole", Meta: []trace.Pair{{Key: "k", Value: "v"}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(evs); i += 1000 {
		if err := w.Write(evs[i : i+1000]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := AddBookmark(path, evs[3000].Time, "here"); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := mustOpen(t, path)
	events := func(f *File) (n, lost int64) {
		got := readAll(t, f)
		if err := trace.Validate(got); err != nil {
			t.Error(err)
		}
		for i := range got {
			if got[i].Kind == trace.Lost {
				lost += got[i].A
			}
		}
		return f.Events(), lost
	}
	total, _ := events(whole)
	index := int64(bytes.Index(all, indexMarker[:]))
	last := whole.refs[len(whole.refs)-1].off
	var cuts []int64
	for k := int64(1); k < 300; k++ {
		cuts = append(cuts, k)
	}
	for i := range whole.refs {
		for d := int64(-2); d <= 2; d++ {
			cuts = append(cuts, whole.refs[i].off+d)
		}
		cuts = append(cuts, whole.refs[i].off+chunkHeaderSize, whole.refs[i].off+whole.refs[i].total()/2)
	}
	cuts = append(cuts, index, index+1, index+50)
	cuts = slices.DeleteFunc(cuts, func(k int64) bool { return k > last }) // without a whole chunk it is no recording
	for _, gone := range []bool{true, false} {
		for _, k := range cuts {
			part := all[k:]
			if !gone {
				part = append(make([]byte, k), part...)
			}
			name := filepath.Join(dir, fmt.Sprint("part", gone, k))
			if err := os.WriteFile(name, part, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := OpenFile(name)
			if err != nil {
				t.Errorf("%d bytes, gone %v: %v", k, gone, err)
				continue
			}
			// What can be had: the chunks that begin behind the cut.
			left := total
			for i := range whole.refs {
				if whole.refs[i].off < k {
					left -= int64(whole.refs[i].events)
				}
			}
			n, lost := events(f)
			if n != left || lost != total-left {
				t.Errorf("%d bytes, gone %v: %d events read and %d lost of %d, want %d", k, gone, n, lost, total, left)
			}
			if len(f.Info().Missing) != 1 || f.Info().Title != "" || len(f.Damage()) == 0 || f.Damage()[0].What != "the beginning of the file is lost" {
				t.Errorf("%d bytes, gone %v: %v, %v", k, gone, f.Info(), f.Damage())
			}
			if !f.Closed() {
				t.Errorf("%d bytes: it is said not to be closed", k)
			}
			if m := f.Bookmarks(); len(m) != 1 || m[0].Text != "here" {
				t.Errorf("%d bytes, gone %v: bookmarks %v", k, gone, m)
			}
			f.Close()
			os.Remove(name)
		}
	}
	// A file that has nothing of a recording is none, and a long one is not searched for ever.
	for _, b := range [][]byte{nil, make([]byte, 1000), append(make([]byte, 500), chunkMarker[:]...), all[len(all)-10:]} {
		name := filepath.Join(dir, "none")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := OpenFile(name); !errors.Is(err, ErrNotTrace) {
			t.Errorf("%d bytes: %v, %v", len(b), f, err)
		}
	}
	name := filepath.Join(dir, "huge")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<42); err != nil { // sparse
		t.Fatal(err)
	}
	if f, err := OpenFile(name); !errors.Is(err, ErrNotTrace) {
		t.Errorf("%v, %v", f, err)
	}
}
