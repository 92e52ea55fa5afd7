//go:build unix

package files

import (
	"crypto/rand"

	"golang.org/x/sys/unix"
)

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
