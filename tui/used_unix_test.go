//go:build unix

package tui

import "syscall"

// used is the processor time that this process has taken, ns.
func used() int64 {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}
