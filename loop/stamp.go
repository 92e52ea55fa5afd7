package loop

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// stamped holds what recvmsg needs, so that a read allocates nothing.
type stamped struct {
	hdr unix.Msghdr
	iov unix.Iovec
	oob [64]byte

	tie trace.Clock // to convert the stamp, which is wall-clock time
}

// retie is how old the tie between the clocks may be, in ns: a wall clock that is being adjusted moves by well under a
// microsecond in that time.
const retie = int64(time.Second)

// stamping reports whether reads ask for receive stamps.
func (b *Behaviour) stamping() bool { return b.Arrival == ArrivalStamp || b.Arrival == ArrivalBoth }

// recv reads with recvmsg and the kernel's receive stamp (SO_TIMESTAMPNS), converted to the monotonic clock; 0
// when there is none. For TCP the stamp is that of the last segment whose bytes this call took (net/ipv4/tcp.c,
// tcp_update_recv_tstamps), so after a read of several segments it is the youngest arrival, not the oldest.
func (s *stamped) recv(fd int, p []byte) (n int, at int64, errno unix.Errno) {
	s.iov.Base = unsafe.SliceData(p)
	s.iov.SetLen(len(p))
	s.hdr = unix.Msghdr{Iov: &s.iov, Iovlen: 1, Control: &s.oob[0]}
	s.hdr.SetControllen(len(s.oob))
	r, _, e := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.hdr)), 0)
	if n, errno = count(r, e); errno != 0 || n <= 0 {
		return n, 0, errno
	}
	const header = unix.SizeofCmsghdr
	if int(s.hdr.Controllen) < header+16 {
		return n, 0, 0
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&s.oob[0]))
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SO_TIMESTAMPNS {
		return n, 0, 0
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&s.oob[header]))
	if now := trace.Now(); now-s.tie.Mono > retie {
		s.tie = trace.ReadClock()
	}
	return n, ts.Nano() - s.tie.Wall + s.tie.Mono, 0
}
