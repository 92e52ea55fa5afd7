package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Socket is what the kernel says of a TCP socket of this machine, now.
type Socket struct {
	Local, Remote netip.AddrPort // Remote is not valid for a listener
	Listening     bool
	RecvQ         uint32 // bytes that nobody has read; connections that nobody has accepted, for a listener
	SendQ         uint32 // bytes that the peer has not acknowledged; the backlog, for a listener
	Inode         uint32 // as in /proc/PID/fd: socket:[inode]
}

// sock_diag(7): the request is an inet_diag_req_v2, each answer an inet_diag_msg (linux/inet_diag.h). Addresses and ports are
// in network order, everything else in the machine's own.
const (
	diagByFamily  = 20 // SOCK_DIAG_BY_FAMILY
	tcpListen     = 10
	allStates     = 0xfff
	diagRequest   = 16 + 56
	diagAnswer    = 72
	netlinkHeader = 16
)

// Sockets asks the kernel for every TCP socket of the present network namespace (NETLINK_SOCK_DIAG, Linux 3.3). The error
// says what to do when the kernel does not answer.
func Sockets() ([]Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("ask the kernel for its sockets: %w (is CONFIG_INET_DIAG in this kernel?)", os.NewSyscallError("socket", err))
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2}); err != nil {
		return nil, fmt.Errorf("ask the kernel for its sockets: %w", os.NewSyscallError("setsockopt", err))
	}
	var out []Socket
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if out, err = dumpSockets(fd, family, out); err != nil {
			return nil, fmt.Errorf("ask the kernel for its sockets: %w", err)
		}
	}
	return out, nil
}

func dumpSockets(fd int, family byte, out []Socket) ([]Socket, error) {
	req := make([]byte, diagRequest)
	order := binary.NativeEndian
	order.PutUint32(req[0:], diagRequest)
	order.PutUint16(req[4:], diagByFamily)
	order.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	req[16], req[17] = family, unix.IPPROTO_TCP
	order.PutUint32(req[20:], allStates)
	if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return out, os.NewSyscallError("sendto", err)
	}
	buf := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return out, os.NewSyscallError("recvfrom", err)
		}
		for b := buf[:n]; len(b) >= netlinkHeader; {
			size := int(order.Uint32(b))
			if size < netlinkHeader || size > len(b) {
				return out, errors.New("an answer of the kernel is cut off")
			}
			switch order.Uint16(b[4:]) {
			case unix.NLMSG_DONE:
				return out, nil
			case unix.NLMSG_ERROR:
				if size >= netlinkHeader+4 {
					if e := int32(order.Uint32(b[netlinkHeader:])); e != 0 {
						return out, os.NewSyscallError("sock_diag", unix.Errno(-e))
					}
				}
				return out, nil
			case diagByFamily:
				if size >= netlinkHeader+diagAnswer {
					out = append(out, socketOf(b[netlinkHeader:size]))
				}
			}
			b = b[min((size+3)&^3, len(b)):]
		}
	}
}

func socketOf(b []byte) Socket {
	addr := func(at, port int) netip.AddrPort {
		ip := netip.AddrFrom4([4]byte(b[at : at+4]))
		if b[0] == unix.AF_INET6 {
			ip = netip.AddrFrom16([16]byte(b[at : at+16])).Unmap()
		}
		return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[port:]))
	}
	order := binary.NativeEndian
	s := Socket{Local: addr(8, 4), Listening: b[1] == tcpListen, RecvQ: order.Uint32(b[56:]), SendQ: order.Uint32(b[60:]), Inode: order.Uint32(b[68:])}
	if !s.Listening {
		s.Remote = addr(24, 6)
	}
	return s
}

// FindSocket finds the socket with the given addresses, as host:port, among those of the kernel; remote "" is a listener.
func FindSocket(all []Socket, local, remote string) (Socket, bool) {
	same := func(a netip.AddrPort, s string) bool {
		if s == "" {
			return true
		}
		b, err := netip.ParseAddrPort(s)
		if err != nil {
			h, p, err := net.SplitHostPort(s)
			if err != nil || h != "" {
				return false
			}
			return fmt.Sprint(a.Port()) == p
		}
		return a.Port() == b.Port() && (a.Addr() == b.Addr().Unmap() || a.Addr().IsUnspecified())
	}
	for _, s := range all {
		if s.Listening == (remote == "") && same(s.Local, local) && (s.Listening || same(s.Remote, remote)) {
			return s, true
		}
	}
	return Socket{}, false
}
