//go:build unix

package record

import (
	"os"
	"syscall"
)

// links is how many names a file has.
func links(st os.FileInfo) uint64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return uint64(sys.Nlink)
	}
	return 1
}
