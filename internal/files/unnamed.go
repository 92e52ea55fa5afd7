package files

import (
	"crypto/rand"
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

// unlinked is Unnamed where every file has a name at first: one that nobody can guess, and that is taken away at once.
func unlinked(dir string) (int, error) {
	for {
		name := dir + "/.evviz-" + rand.Text()
		fd, err := unix.Open(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		if err == unix.EEXIST {
			continue
		}
		if err == nil {
			if err = unix.Unlink(name); err != nil {
				unix.Close(fd)
			}
		}
		return fd, err
	}
}
