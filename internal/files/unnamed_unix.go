//go:build unix && !linux

package files

import "os"

// Unnamed opens a new file that no name leads to any more: it is gone with its last descriptor, however the program ends.
func Unnamed(dir string) (fd int, err error) {
	if fd, err = unlinked(dir); err != nil {
		return -1, os.NewSyscallError("open "+dir, err)
	}
	return fd, nil
}
