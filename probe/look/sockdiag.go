package look

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Socket is what the kernel says of a socket of this network namespace, now.
type Socket struct {
	Family        int            // AF_INET, AF_INET6, AF_UNIX
	Type          uint32         // trace.Type*
	Local, Remote netip.AddrPort // Remote is not valid for a listener
	Name          string         // of a unix socket; @ begins an abstract one
	Listening     bool
	State         int    // TCP_* (net/tcp_states.h), also of other families
	RecvQ         uint32 // bytes that nobody has read; connections that nobody has accepted, for a listener
	SendQ         uint32 // bytes that the peer has not acknowledged; the backlog, for a listener
	Inode         uint32 // as in /proc/PID/fd: socket:[inode]
	Peer          uint32 // inode of the other end of a unix socket; 0 none
	Room          trace.Answer
	Finished      trace.Answer
	LastData      int64 // the newest data came so long ago, ns, to the millisecond
	LastHeard     int64 // the newest packet that acknowledges anything, likewise: a FIN came then or before

	timed     bool // LastData and LastHeard are known
	noQueues  bool // RecvQ and SendQ are not known
	noBytes   bool // RecvQ is not 0, and not the number of bytes
	noBacklog bool // SendQ of a listener is not known
}

// sock_diag(7): the request is an inet_diag_req_v2, each answer an inet_diag_msg and attributes (linux/inet_diag.h). Addresses and
// ports are in network order, everything else in the machine's own.
const (
	diagByFamily  = 20 // SOCK_DIAG_BY_FAMILY
	tcpEstab      = 1
	tcpCloseWait  = 8
	tcpLastAck    = 9
	tcpListen     = 10
	tcpClosing    = 11
	allStates     = 0xfff
	netlinkHeader = 16

	inetAnswer  = 72 // inet_diag_msg
	inetInfo    = 2  // INET_DIAG_INFO: tcp_info
	inetMemory  = 7  // INET_DIAG_SKMEMINFO: numbers of 32 bits
	memoryAlloc = 2  // SK_MEMINFO_WMEM_ALLOC
	memorySend  = 3  // SK_MEMINFO_SNDBUF
	memoryQueue = 5  // SK_MEMINFO_WMEM_QUEUED

	unixAnswer   = 16 // unix_diag_msg
	unixName     = 0  // UNIX_DIAG_NAME
	unixPeer     = 2  // UNIX_DIAG_PEER
	unixQueues   = 4  // UNIX_DIAG_RQLEN
	unixMemory   = 5  // UNIX_DIAG_MEMINFO
	unixShutdown = 6  // UNIX_DIAG_SHUTDOWN
	unixShow     = 0x1 | 0x4 | 0x10 | 0x20
)

// Sockets asks the kernel for every TCP socket of the present network namespace (NETLINK_SOCK_DIAG, Linux 3.3). The error
// says what to do when the kernel does not answer.
func Sockets() ([]Socket, error) {
	return dumpAll(func(fd int, out []Socket) ([]Socket, error) {
		out, err := dump(fd, inetRequest(unix.AF_INET, unix.IPPROTO_TCP), tcpSocket, out)
		if err != nil {
			return out, err
		}
		return dump(fd, inetRequest(unix.AF_INET6, unix.IPPROTO_TCP), tcpSocket, out)
	})
}

// everySocket is Sockets with UDP's and those of AF_UNIX. A kernel that does not know one of them leaves it out.
func everySocket() ([]Socket, error) {
	all, err := Sockets()
	if err != nil {
		return nil, err
	}
	return dumpAll(func(fd int, _ []Socket) ([]Socket, error) {
		for _, q := range []struct {
			req []byte
			of  func([]byte) Socket
		}{
			{inetRequest(unix.AF_INET, unix.IPPROTO_UDP), udpSocket}, {inetRequest(unix.AF_INET6, unix.IPPROTO_UDP), udpSocket}, {unixRequest(), unixSocket},
		} {
			if more, err := dump(fd, q.req, q.of, all); err == nil {
				all = more
			}
		}
		return all, nil
	})
}

func dumpAll(ask func(fd int, out []Socket) ([]Socket, error)) ([]Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("ask the kernel for its sockets: %w (is CONFIG_INET_DIAG in this kernel?)", os.NewSyscallError("socket", err))
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2}); err != nil {
		return nil, fmt.Errorf("ask the kernel for its sockets: %w", os.NewSyscallError("setsockopt", err))
	}
	out, err := ask(fd, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the kernel for its sockets: %w", err)
	}
	return out, nil
}

// inetRequest asks for all sockets of a family and protocol.
func inetRequest(family, protocol byte) []byte {
	req := make([]byte, netlinkHeader+56)
	req[16], req[17] = family, protocol
	req[18] = 1<<(inetInfo-1) | 1<<(inetMemory-1)
	binary.NativeEndian.PutUint32(req[20:], allStates)
	return req
}

// unixRequest asks for all sockets of AF_UNIX (unix_diag_req).
func unixRequest() []byte {
	req := make([]byte, netlinkHeader+24)
	req[16] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(req[20:], 1<<32-1)
	binary.NativeEndian.PutUint32(req[28:], unixShow)
	return req
}

// dump sends a request and reads every answer.
func dump(fd int, req []byte, of func([]byte) Socket, out []Socket) ([]Socket, error) {
	order := binary.NativeEndian
	order.PutUint32(req[0:], uint32(len(req)))
	order.PutUint16(req[4:], diagByFamily)
	order.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
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
		var done bool
		if out, done, err = answers(buf[:n], of, out); done || err != nil {
			return out, err
		}
	}
}

// answers reads what one recvfrom has brought. done says that no more comes.
func answers(b []byte, of func([]byte) Socket, out []Socket) (_ []Socket, done bool, err error) {
	order := binary.NativeEndian
	for len(b) >= netlinkHeader {
		size := int(order.Uint32(b))
		if size < netlinkHeader || size > len(b) {
			return out, true, errors.New("an answer of the kernel is cut off")
		}
		switch order.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return out, true, nil
		case unix.NLMSG_ERROR:
			if size >= netlinkHeader+4 {
				if e := int32(order.Uint32(b[netlinkHeader:])); e != 0 {
					return out, true, os.NewSyscallError("sock_diag", unix.Errno(-e))
				}
			}
			return out, true, nil
		case diagByFamily:
			if s := of(b[netlinkHeader:size]); s.Family != 0 {
				out = append(out, s)
			}
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return out, false, nil
}

// attributes visits the netlink attributes that follow an answer.
func attributes(b []byte, visit func(kind uint16, value []byte)) {
	order := binary.NativeEndian
	for len(b) >= 4 {
		n := int(order.Uint16(b))
		if n < 4 || n > len(b) {
			return
		}
		visit(order.Uint16(b[2:])&^(1<<15|1<<14), b[4:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

func inetSocket(b []byte) (s Socket) {
	if len(b) < inetAnswer {
		return s
	}
	addr := func(at, port int) netip.AddrPort {
		ip := netip.AddrFrom4([4]byte(b[at : at+4]))
		if b[0] == unix.AF_INET6 {
			ip = netip.AddrFrom16([16]byte(b[at : at+16])).Unmap()
		}
		return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[port:]))
	}
	order := binary.NativeEndian
	s = Socket{Family: int(b[0]), State: int(b[1]), Local: addr(8, 4), Listening: b[1] == tcpListen, RecvQ: order.Uint32(b[56:]), SendQ: order.Uint32(b[60:]), Inode: order.Uint32(b[68:])}
	if !s.Listening {
		s.Remote = addr(24, 6)
	}
	return s
}

func tcpSocket(b []byte) Socket {
	s := inetSocket(b)
	if s.Family == 0 {
		return s
	}
	if s.Type = trace.TypeStream; s.Listening {
		s.Type = trace.TypeListener
		return s
	}
	s.Finished = trace.AnswerNo
	switch s.State {
	case tcpCloseWait, tcpLastAck, tcpClosing:
		s.Finished = trace.AnswerYes
		if s.RecvQ > 0 {
			s.RecvQ-- // the FIN has a number of its own
		}
	}
	order := binary.NativeEndian
	attributes(b[inetAnswer:], func(kind uint16, v []byte) {
		switch {
		case kind == inetInfo && len(v) >= 60:
			s.timed = true
			s.LastData, s.LastHeard = int64(order.Uint32(v[52:]))*1e6, int64(order.Uint32(v[56:]))*1e6
		case kind == inetMemory && len(v) >= 4*(memoryQueue+1):
			// sk_stream_is_writeable (include/net/sock.h): as much is free as half of what is queued. While it connects there is no room.
			queued, size := int64(order.Uint32(v[4*memoryQueue:])), int64(order.Uint32(v[4*memorySend:]))
			s.Room = trace.AnswerNo
			if size-queued >= queued>>1 && s.State != 2 && s.State != 3 { // SYN_SENT, SYN_RECV
				s.Room = trace.AnswerYes
			}
		}
	})
	return s
}

func udpSocket(b []byte) Socket {
	s := inetSocket(b)
	s.Type, s.Listening = trace.TypeDatagram, false
	s.noBytes = s.RecvQ > 0 // the memory of the packets: sk_rmem_alloc (udp_diag_get_info)
	if s.Family != 0 {
		s.Room = trace.AnswerYes
	}
	return s
}

func unixSocket(b []byte) (s Socket) {
	if len(b) < unixAnswer {
		return s
	}
	order := binary.NativeEndian
	s = Socket{Family: unix.AF_UNIX, State: int(b[2]), Inode: order.Uint32(b[4:]), Listening: b[2] == tcpListen}
	switch {
	case s.Listening:
		s.Type = trace.TypeListener
	case b[1] == unix.SOCK_STREAM:
		s.Type = trace.TypeStream
	case b[1] == unix.SOCK_SEQPACKET:
		s.Type = trace.TypeSeqpacket
	case b[1] == unix.SOCK_DGRAM:
		s.Type = trace.TypeDatagram
	}
	if s.Type == trace.TypeStream && s.State == tcpEstab {
		s.Finished = trace.AnswerNo
	}
	attributes(b[unixAnswer:], func(kind uint16, v []byte) {
		switch {
		case kind == unixName && len(v) > 0 && v[0] == 0:
			s.Name = "@" + string(v[1:])
		case kind == unixName:
			s.Name = strings.TrimRight(string(v), "\x00")
		case kind == unixPeer && len(v) >= 4:
			s.Peer = order.Uint32(v)
		case kind == unixQueues && len(v) >= 8:
			s.RecvQ, s.SendQ = order.Uint32(v), order.Uint32(v[4:])
			s.noBytes = s.RecvQ > 0 && s.Type == trace.TypeDatagram // of the first packet: unix_inq_len
		case kind == unixMemory && len(v) >= 4*(memoryQueue+1) && !s.Listening:
			// unix_writable (net/unix/af_unix.c): a quarter of the buffer at most is in use.
			if s.Room = trace.AnswerNo; int64(order.Uint32(v[4*memoryAlloc:]))<<2 <= int64(order.Uint32(v[4*memorySend:])) {
				s.Room = trace.AnswerYes
			}
		case kind == unixShutdown && len(v) >= 1 && v[0]&1 != 0 && !s.Listening:
			s.Finished = trace.AnswerYes
		}
	})
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
