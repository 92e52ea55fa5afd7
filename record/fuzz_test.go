package record

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// fixSums makes the checksums of a broken file right again, as far as its structure can still be followed: otherwise
// the fuzzer would never get past them.
func fixSums(b []byte) {
	le := binary.LittleEndian
	if len(b) < fileHeaderFixed {
		return
	}
	at := fileHeaderFixed + int(le.Uint32(b[12:])) + 4
	if at < 0 || at > len(b) {
		return
	}
	le.PutUint32(b[at-4:], checksum(b[:at-4]))
	for at+chunkHeaderSize <= len(b) && [8]byte(b[at:]) == chunkMarker {
		body := at + chunkHeaderSize
		for i := range 3 {
			n := int(le.Uint32(b[at+64+4*i:]))
			if n < 0 || n > len(b)-body {
				return
			}
			le.PutUint32(b[at+80+4*i:], checksum(b[body:body+n]))
			body += n
		}
		le.PutUint32(b[at+8:], checksum(b[at+12:at+chunkHeaderSize]))
		at = body
	}
}

// FuzzFile: whatever the bytes, a file opens or is refused with a typed error, is read to its end, and never makes the
// reader panic, hang or hand on more events than its chunks say.
func FuzzFile(f *testing.F) {
	for _, evs := range [][]trace.Event{nil, traces.Session(3), traces.Loop(100, 3, 1), traces.Random(5, 1)} {
		b, err := os.ReadFile(writeFile(f, evs, 40))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, true)
		f.Add(b[:len(b)*2/3], false)
	}
	marked := writeFile(f, traces.Session(3), 40)
	if _, err := AddBookmark(marked, 1, "here"); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(marked)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, true)
	f.Add(b[:len(b)-9], false)
	path := filepath.Join(f.TempDir(), "fuzz.evt")
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if fix {
			b = append([]byte(nil), b...)
			fixSums(b)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := OpenFile(path)
		if err != nil {
			if !errors.Is(err, ErrNotTrace) && !errors.Is(err, ErrNewerVersion) {
				t.Fatal(err)
			}
			return
		}
		defer file.Close()
		most := int64(2 * (file.Chunks() + 1))
		for i := range file.refs {
			most += int64(file.refs[i].events) + int64(file.refs[i].restated)
		}
		buf := make([]trace.Event, 4096)
		pass := func() {
			var n int64
			for {
				k, err := file.Read(context.Background(), buf)
				if err == io.EOF {
					return
				}
				if err != nil || k == 0 {
					t.Fatal(k, err)
				}
				if n += int64(k); n > most {
					t.Fatalf("more than %d events", most)
				}
			}
		}
		if most > 1<<22 {
			return // a header may claim many events; reading them all twice only takes time
		}
		pass()
		first, last := file.Bounds()
		if file.SeekTime(first/2+last/2) == nil {
			// Restating may tell more than was recorded in the chunk's prelude, so only the end is of interest.
			most = 1 << 40
			pass()
		}
		if p := file.PointBefore(first/2+last/2, last/4, 30); file.Jump(p) == nil {
			pass()
		}
		file.Bookmarks()
		file.Summaries()
		file.Damage()
	})
}
