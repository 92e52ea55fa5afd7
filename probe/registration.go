package probe

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
)

// Registration is an entry of an interest list as the kernel has it now.
type Registration struct {
	EPFD, FD int    // numbers at the time of EPOLL_CTL_ADD
	Events   uint32 // ERR and HUP are always in it
	Data     uint64
	Inode    uint64 // of the file that is watched
	Stale    bool   // FD means another file now, or none
}

// Armed says whether the registration can report anything: EPOLLONESHOT clears the event bits when it has fired, and leaves
// only flags (fs/eventpoll.c, EP_PRIVATE_BITS).
func (r *Registration) Armed() bool { return r.Events&^uint32(privateBits) != 0 }

// Level says whether the registration is level-triggered: EPOLLET is one of the bits that stay.
func (r *Registration) Level() bool { return r.Events&(1<<31) == 0 }

const privateBits = 1<<28 | 1<<29 | 1<<30 | 1<<31 // EXCLUSIVE, WAKEUP, ONESHOT, ET

// ParseRegistrations reads the lines of an epoll instance in /proc/PID/fdinfo, such as
//
//	tfd:        5 events:       19 data:                5  pos:0 ino:3211b1d sdev:9
func ParseRegistrations(b []byte) (out []Registration) {
	sc := bufio.NewScanner(bytes.NewReader(b))
	for sc.Scan() {
		// A value may stand apart from its name, or not.
		fields := strings.Fields(strings.ReplaceAll(sc.Text(), ":", ": "))
		if len(fields) < 2 || fields[0] != "tfd:" {
			continue
		}
		var r Registration
		for i := 0; i+1 < len(fields); i += 2 {
			base := 16
			if fields[i] == "tfd:" {
				base = 10
			}
			n, err := strconv.ParseUint(fields[i+1], base, 64)
			if err != nil {
				continue
			}
			switch fields[i] {
			case "tfd:":
				r.FD = int(n)
			case "events:":
				r.Events = uint32(n)
			case "data:":
				r.Data = n
			case "ino:":
				r.Inode = n
			}
		}
		out = append(out, r)
	}
	return out
}
