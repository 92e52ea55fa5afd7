package look

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"evviz/probe"
)

// Registrations reads every interest list of a process from /proc/PID/fdinfo (proc(5), Linux 3.8). It needs the same user, or
// CAP_SYS_PTRACE. The kernel holds an instance's mutex meanwhile, so a loop with thousands of entries stands still for milliseconds.
func Registrations(pid int) ([]probe.Registration, error) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	fds, err := os.ReadDir(dir + "fd")
	if err != nil {
		return nil, fmt.Errorf("read the descriptors of process %d: %w", pid, err)
	}
	var out []probe.Registration
	for _, d := range fds {
		if link, err := os.Readlink(dir + "fd/" + d.Name()); err != nil || link != epollLink {
			continue // closed meanwhile, or something else
		}
		b, err := os.ReadFile(dir + "fdinfo/" + d.Name())
		if err != nil {
			continue
		}
		epfd, _ := strconv.Atoi(d.Name())
		for _, r := range probe.ParseRegistrations(b) {
			r.EPFD = epfd
			link, err := os.Readlink(dir + "fd/" + strconv.Itoa(r.FD))
			r.Stale = err != nil || otherInode(link, r.Inode)
			out = append(out, r)
		}
	}
	return out, nil
}

// epollLink is where the link of an epoll instance's descriptor leads.
const epollLink = "anon_inode:[eventpoll]"

// otherInode reports whether a descriptor's link says that it is another file than that with an inode: socket:[4711], pipe:[4711].
func otherInode(link string, inode uint64) bool {
	_, ino, ok := strings.Cut(strings.TrimSuffix(link, "]"), ":[")
	if !ok {
		return false
	}
	n, err := strconv.ParseUint(ino, 10, 64)
	return err == nil && n != inode
}
