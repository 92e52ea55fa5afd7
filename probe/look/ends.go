package look

import (
	"net/netip"
	"os"
	"strconv"
)

// Owner is a process that has a socket open.
type Owner struct {
	PID, Parent int
	Name        string // as /proc/PID/comm has it, at most 15 bytes; from outside
}

// End is the client's end of a TCP connection: a socket of this machine.
type End struct {
	Address netip.AddrPort
	Inode   uint32
}

// ClientsOf finds the processes that have the other ends of the connections to a TCP port, where those are sockets of this network namespace
// connected over loopback. known says which need not be looked for. Of an end that several processes have, one is told. Ends of processes that
// have closed them meanwhile, or whose /proc/PID/fd this process may not read, are missing.
//
// It asks for all TCP sockets (sock_diag(7)), and, where one is new, reads the links in /proc/PID/fd until it has found all: some milliseconds on
// a machine with some hundred processes.
func ClientsOf(port uint16, known func(End) bool) (map[End]Owner, error) {
	all, err := Sockets()
	if err != nil {
		return nil, err
	}
	wanted := map[string]End{}
	for i := range all {
		s := &all[i]
		if s.Listening || s.Inode == 0 || s.Remote.Port() != port || !s.Remote.Addr().Unmap().IsLoopback() {
			continue
		}
		if e := (End{netip.AddrPortFrom(s.Local.Addr().Unmap(), s.Local.Port()), s.Inode}); !known(e) {
			wanted["socket:["+strconv.FormatUint(uint64(s.Inode), 10)+"]"] = e
		}
	}
	out := make(map[End]Owner, len(wanted))
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	for _, d := range entries {
		if len(wanted) == 0 {
			break
		}
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		dir := "/proc/" + d.Name() + "/"
		fds, err := os.ReadDir(dir + "fd")
		if err != nil {
			continue // it has ended, or is another user's
		}
		var owner *Owner
		for _, fd := range fds {
			link, err := os.Readlink(dir + "fd/" + fd.Name())
			if err != nil {
				continue
			}
			e, ok := wanted[link]
			if !ok {
				continue
			}
			if owner == nil {
				st, err := statOf(dir + "stat")
				if err != nil {
					break
				}
				owner = &Owner{pid, st.parent, st.name}
			}
			out[e] = *owner
			delete(wanted, link)
		}
	}
	return out, nil
}
