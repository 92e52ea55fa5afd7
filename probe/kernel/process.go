//go:build linux && (amd64 || arm64)

package kernel

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const pfKthread = 0x200000 // PF_KTHREAD

// lookUp says why a number is not that of a process with descriptors, by /proc. A /proc that hides the processes of others (hidepid), or that
// is another pid namespace's, says nothing about it; then only kill(2) is asked whether there is something, with the signal that is none.
func lookUp(pid int) error {
	if pid <= 0 || pid > 1<<22 {
		return ErrNoProcess
	}
	if unix.Kill(pid, 0) == unix.ESRCH {
		return ErrNoProcess
	}
	if !procIsOurs() {
		return nil
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "Tgid:"); ok {
			if tgid, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && tgid != pid && tgid != 0 {
				return &ErrThread{TID: pid, Process: tgid}
			}
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return judge(string(stat))
}

// judge reads a line of /proc/PID/stat (proc_pid_stat(5)). The name may contain anything, but no ") " follows the last one.
func judge(stat string) error {
	i := strings.LastIndex(stat, ") ")
	if i < 0 {
		return nil
	}
	f := strings.Fields(stat[i+2:])
	if len(f) < 18 {
		return nil
	}
	if flags, err := strconv.ParseUint(f[6], 10, 32); err == nil && flags&pfKthread != 0 {
		return ErrKernelThread
	}
	// A first thread that has ended while others go on is a zombie, too, but the process is none.
	if threads, err := strconv.Atoi(f[17]); err == nil && threads <= 1 && (f[0] == "Z" || f[0] == "X") {
		return ErrZombie
	}
	return nil
}

// procIsOurs reports whether /proc has this process under the number that it has for itself.
func procIsOurs() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}
