package look

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

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
			path := dir + "fd/" + strconv.Itoa(r.FD)
			link, err := os.Readlink(path)
			r.Stale = err != nil || otherInode(link, path, r.Inode)
			out = append(out, r)
		}
	}
	return out, nil
}

// epollLink is where the link of an epoll instance's descriptor leads.
const epollLink = "anon_inode:[eventpoll]"

// otherInode reports whether a descriptor is another file than that with an inode, by its link in /proc: socket:[4711], pipe:[4711]. Anonymous
// files (eventfd, timerfd, epoll) have one inode all together, which their links do not name.
func otherInode(link, path string, inode uint64) bool {
	if _, ino, ok := strings.Cut(strings.TrimSuffix(link, "]"), ":["); ok {
		if n, err := strconv.ParseUint(ino, 10, 64); err == nil {
			return n != inode
		}
	}
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && st.Ino != inode
}
