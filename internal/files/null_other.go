//go:build !linux

package files

import (
	"io/fs"
	"os"
)

// null reports whether a file is the system's null device.
func null(st fs.FileInfo) bool {
	device, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(st, device)
}
