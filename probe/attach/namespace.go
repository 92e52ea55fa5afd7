package attach

import (
	"errors"
	"fmt"
	"os"
)

// errNested says where it does not work: programs in the kernel know processes by the numbers of the first pid namespace.
var errNested = errors.New("attach: evviz runs in another PID namespace than the machine (a container), where processes have other numbers than in the kernel; run it on the host, or in a container with --pid=host")

// inNamespace reports whether this process is in a pid namespace that is not the machine's first, whose inode is PROC_PID_INIT_INO
// (include/linux/proc_ns.h).
func inNamespace() (bool, error) {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return false, fmt.Errorf("attach: %w", err)
	}
	return link != "pid:[4026531836]", nil
}
