package files

import (
	"os"

	"golang.org/x/sys/unix"
)

// Unnamed opens a new file that no name leads to: nobody else can open it, or put a link in its place, in a directory that
// everybody writes to, too, and it is gone with its last descriptor, however the program ends.
func Unnamed(dir string) (fd int, err error) {
	fd, err = unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == unix.EOPNOTSUPP || err == unix.EISDIR { // the file system (FUSE, some network ones), or a kernel before 3.11
		fd, err = unlinked(dir)
	}
	if err != nil {
		return -1, os.NewSyscallError("openat "+dir, err)
	}
	return fd, nil
}
