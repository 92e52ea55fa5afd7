//go:build linux

package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The Prep functions fill an entry. Whatever they are given to write to or to read from must stay where it is, and
// reachable, until the completion has been taken; see the package's comment.
//
// A socket on which operations are to be waited for must be a blocking one: on a descriptor with O_NONBLOCK the kernel
// answers EAGAIN instead of waiting.

// PrepAccept accepts one connection. from and size, where not nil, get the address of the peer; they may be used again
// when the completion has come.
func PrepAccept(e *SQE, fd int, from *unix.RawSockaddrAny, size *uint32, flags uint32) {
	e.op, e.fd, e.opFlags = opAccept, int32(fd), flags
	e.addr, e.off = address(unsafe.Pointer(from)), address(unsafe.Pointer(size))
}

// PrepAcceptMany accepts every connection that comes, with a completion for each.
func PrepAcceptMany(e *SQE, fd int, flags uint32) {
	PrepAccept(e, fd, nil, nil, flags)
	e.ioprio = acceptMultishot
}

// PrepRecv receives once into p.
func PrepRecv(e *SQE, fd int, p []byte) {
	e.op, e.fd, e.addr, e.len = opRecv, int32(fd), address(unsafe.Pointer(unsafe.SliceData(p))), uint32(len(p))
}

// PrepRecvMany receives for as long as data comes, each time into a buffer of the group, with a completion for each.
func PrepRecvMany(e *SQE, fd int, group uint16) {
	e.op, e.fd, e.ioprio, e.flags, e.bufGroup = opRecv, int32(fd), recvMultishot, sqeBufferSelect, group
}

// PrepSend sends p, or the beginning of it. A peer that is gone is an error and no signal.
func PrepSend(e *SQE, fd int, p []byte) {
	e.op, e.fd, e.addr, e.len = opSend, int32(fd), address(unsafe.Pointer(unsafe.SliceData(p))), uint32(len(p))
	e.opFlags = unix.MSG_NOSIGNAL
}

// PrepRead reads once into p, from where the descriptor stands.
func PrepRead(e *SQE, fd int, p []byte) {
	e.op, e.fd, e.addr, e.len, e.off = opRead, int32(fd), address(unsafe.Pointer(unsafe.SliceData(p))), uint32(len(p)), ^uint64(0)
}

// PrepPoll completes once when one of the poll events is there.
func PrepPoll(e *SQE, fd int, events uint32) {
	e.op, e.fd, e.opFlags = opPollAdd, int32(fd), pollBits(events)
}

// PrepTimeout completes after so many other completions, or with ETIME when the time is over. It may be used for one
// entry of the ring at a time until that is submitted: the kernel copies the time then.
func (r *Ring) PrepTimeout(e *SQE, d time.Duration, completions uint64) {
	r.ts = timespecOf(d)
	e.op, e.fd, e.addr, e.len, e.off = opTimeout, -1, address(unsafe.Pointer(&r.ts)), 1, completions
}

// PrepCancel cancels the operation that was submitted with this user data. That one completes in any case, with ECANCELED
// or with what it had got by then.
func PrepCancel(e *SQE, userData uint64) {
	e.op, e.fd, e.addr = opAsyncCancel, -1, userData
}
