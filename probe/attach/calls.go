package attach

import (
	"encoding/binary"
	"strings"

	"evviz/probe"
	"evviz/probe/kernel"
	"evviz/probe/look"
)

// callOf makes a Call of a record. Its memory is the caller's and is used again.
func callOf(c *probe.Call, r *kernel.Record, pid int, at int64) {
	name := look.CallName(int64(r.Call))
	events, set, got := c.Events[:0], c.Set[:0], c.Got[:0]
	*c = probe.Call{PID: pid, TID: int(r.TID), Time: at, Sys: probe.SysByName(name), Name: name, Events: events, Set: set, Got: got}
	if name == "" || r.Flags&kernel.RecordOtherABI != 0 {
		c.Sys, c.Name = probe.SysOther, "a call of a 32-bit program"
		if name == "" {
			c.Name = "an unknown call"
		}
		return
	}
	if r.Kind == kernel.RecordCall {
		c.Ret = int64(r.Result)
		if r.Result < 0 && r.Result > -4096 {
			c.Errno, c.Ret = uint16(-r.Result), -1
		}
	}
	arguments(c, r)
}

func arguments(c *probe.Call, r *kernel.Record) {
	a := func(i int) uint64 { return uint64(r.Args[i]) }
	order := binary.NativeEndian
	done := r.Kind == kernel.RecordCall
	c.Args[0] = a(0)
	switch classOf(int(r.Call)) {
	case kernel.ClassCounter, kernel.ClassIO:
		c.Args[2], c.Args[3], c.Bytes = a(1), a(2), int64(r.Args[1])
		if done && len(r.Payload) == 8 {
			c.Value, c.Known = order.Uint64(r.Payload), true
		}
	case kernel.ClassVector, kernel.ClassMessage:
		if done {
			c.Bytes = int64(r.Args[1])
		}
		c.Args[2], c.Args[3] = a(2), a(2)
	case kernel.ClassEpollWait, kernel.ClassEpollPwait2:
		c.Args[2], c.Args[3] = a(1), a(2)
		c.Nanos = milliseconds(r.Args[2])
		if !done && c.Sys == probe.SysEpollPwait2 {
			c.Nanos = -1 // behind a pointer: known when it returns
		}
		for p := r.Payload; len(p) >= epollEvent; p = p[epollEvent:] {
			c.Events = append(c.Events, probe.EpollEvent{Events: order.Uint32(p), Data: order.Uint64(p[epollEvent-8:])})
		}
	case kernel.ClassEpollCtl:
		c.Args[1], c.Args[2] = a(1), a(2)
		if len(r.Payload) >= epollEvent {
			c.Event = probe.EpollEvent{Events: order.Uint32(r.Payload), Data: order.Uint64(r.Payload[epollEvent-8:])}
		}
	case kernel.ClassPoll, kernel.ClassPpoll:
		if !done {
			c.Args[1], c.Args[2], c.SetCut = a(1), a(2), true
			c.Nanos = milliseconds(r.Args[2])
			if c.Sys == probe.SysPpoll {
				c.Nanos = -1
			}
			return
		}
		c.Args[0], c.Args[1], c.Args[2] = 0, a(0), a(1)
		c.Nanos = milliseconds(r.Args[1])
		c.SetCut = r.Flags&kernel.RecordCut != 0
		for p := r.Payload; len(p) >= 8; p = p[8:] {
			fd, asked, back := int32(order.Uint32(p)), uint32(order.Uint16(p[4:])), uint32(order.Uint16(p[6:]))
			c.Set = append(c.Set, probe.PollFD{FD: fd, Events: asked})
			if back != 0 && c.Errno == 0 && fd >= 0 {
				c.Got = append(c.Got, probe.PollFD{FD: fd, Events: back})
			}
		}
	case kernel.ClassSelect, kernel.ClassPselect6:
		c.SetCut = true
		c.Nanos = -1 // what was asked for has a record before it, but for a call that is older than that
		if done {
			c.Got = membersOf(c.Got, r)
		}
	case kernel.ClassAccept:
		c.Args[3] = a(1)
	case kernel.ClassSleep:
		c.Nanos = timespec(r.Payload)
	case kernel.ClassClockSleep:
		c.Args[1] = a(1)
		if c.Args[1]&timerAbsolute == 0 {
			c.Nanos = timespec(r.Payload)
		}
	case kernel.ClassTimerfdSet:
		c.Args[1] = a(1)
		if len(r.Payload) == 32 {
			c.Every, c.Nanos = timespec(r.Payload), timespec(r.Payload[16:])
		}
	case kernel.ClassPair, kernel.ClassSocketpair:
		c.Args[1] = a(1)
		if len(r.Payload) == 8 {
			c.Pair = [2]int32{int32(order.Uint32(r.Payload)), int32(order.Uint32(r.Payload[4:]))}
		}
	case kernel.ClassIoctl, kernel.ClassSockOpt:
		c.Args[1], c.Args[2] = a(1), a(2)
		if len(r.Payload) == 4 {
			c.Value, c.Known = uint64(order.Uint32(r.Payload)), true
		}
	case kernel.ClassClone3:
		if len(r.Payload) == 8 {
			c.Args[0] = order.Uint64(r.Payload)
		}
	default:
		c.Args[1], c.Args[2] = a(1), a(2)
	}
	if s, ok := r.Socket(); ok {
		if s.Local.IsValid() {
			c.Local = s.Local.String()
		}
		if s.Peer.IsValid() && s.Peer.Port() != 0 {
			c.Peer = s.Peer.String()
		}
	}
}

// Numbers of Linux.
const (
	timerAbsolute            = 1 // TIMER_ABSTIME
	pollIn, pollPri, pollOut = 1, 2, 4
)

// milliseconds is a timeout in ns; -1 none.
func milliseconds(v uint32) int64 {
	if int32(v) < 0 {
		return -1
	}
	return int64(int32(v)) * 1e6
}

// timespec is a struct timespec in ns; 0 where it could not be read.
func timespec(b []byte) int64 {
	if len(b) < 16 {
		return 0
	}
	s := int64(binary.NativeEndian.Uint64(b))
	if s < 0 || s > 1<<33 {
		return 0
	}
	return s*1e9 + int64(binary.NativeEndian.Uint64(b[8:]))
}

// membersOf are the numbers that are in the three sets of a record of select, in the bits of poll.
func membersOf(to []probe.PollFD, r *kernel.Record) []probe.PollFD {
	if len(r.Payload) < 384 {
		return to
	}
	for fd := range min(int(r.Args[0]), 1024) {
		mask := uint32(0)
		for set, bit := range [...]uint32{pollIn, pollOut, pollPri} {
			if r.Payload[set*128+fd/8]>>(fd%8)&1 != 0 {
				mask |= bit
			}
		}
		if mask != 0 {
			to = append(to, probe.PollFD{FD: int32(fd), Events: mask})
		}
	}
	return to
}

// text is a C string.
func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}
