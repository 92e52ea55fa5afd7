package record

import (
	"bytes"
	"fmt"
	"os"

	"evviz/internal/files"
)

// createFile makes the file of a recording, readable by its owner alone: what a trace tells is its owner's business. Nothing that is
// there is written over but, with force, a recording; one that was never closed is one, too.
func createFile(path string, force bool) (f *os.File, made bool, err error) {
	f, made, err = files.Create(path, 0o600, files.Over{Kind: "a recording of evviz", Force: force,
		Ours: func(head []byte) bool { return bytes.HasPrefix(head, fileMagic[:]) }})
	if err != nil {
		return nil, false, fmt.Errorf("create %s: %w", path, err)
	}
	if st, err := f.Stat(); err == nil && st.Mode().Perm()&0o077 != 0 {
		_ = f.Chmod(0o600)
	}
	return f, made, nil
}

// drop closes a file that createFile has opened and that is not wanted after all.
func drop(f *os.File, path string, made bool) {
	if made {
		files.Discard(f, path)
	} else {
		f.Close()
	}
}
