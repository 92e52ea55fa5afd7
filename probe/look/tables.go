package look

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// tablesOf reads the sockets of a process's network namespace from /proc/PID/net (proc(5)), for a namespace in which sock_diag cannot be
// asked. It says neither a backlog nor whether there is room.
func tablesOf(pid int) map[uint64]*Socket {
	all := map[uint64]*Socket{}
	for _, t := range []struct {
		file   string
		family int
		typ    uint32
	}{{"tcp", unix.AF_INET, trace.TypeStream}, {"tcp6", unix.AF_INET6, trace.TypeStream}, {"udp", unix.AF_INET, trace.TypeDatagram}, {"udp6", unix.AF_INET6, trace.TypeDatagram}} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, t.file))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if s, ok := tableLine(line, t.family, t.typ); ok {
				all[uint64(s.Inode)] = &s
			}
		}
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/unix", pid))
	if err != nil {
		return all
	}
	for line := range strings.Lines(string(b)) {
		if s, ok := unixLine(line); ok {
			all[uint64(s.Inode)] = &s
		}
	}
	return all
}

// tableLine reads a line such as
//
//	0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5311 1 ...
func tableLine(line string, family int, typ uint32) (s Socket, ok bool) {
	f := strings.Fields(line)
	if len(f) < 10 || !strings.HasSuffix(f[0], ":") {
		return s, false
	}
	local, ok1 := tableAddress(f[1])
	remote, ok2 := tableAddress(f[2])
	state, err1 := strconv.ParseUint(f[3], 16, 8)
	inode, err2 := strconv.ParseUint(f[9], 10, 32)
	sent, received, split := strings.Cut(f[4], ":")
	tx, err3 := strconv.ParseUint(sent, 16, 32)
	rx, err4 := strconv.ParseUint(received, 16, 32)
	if !ok1 || !ok2 || !split || err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return s, false
	}
	s = Socket{Family: family, Type: typ, Local: local, State: int(state), RecvQ: uint32(rx), SendQ: uint32(tx), Inode: uint32(inode)}
	if typ == trace.TypeDatagram {
		s.Remote, s.noBytes = remote, rx > 0 // memory, as in udpSocket
		return s, true
	}
	if s.Listening = s.State == tcpListen; s.Listening {
		s.Type, s.noBacklog = trace.TypeListener, true
		return s, true
	}
	s.Remote, s.Finished = remote, trace.AnswerNo
	switch s.State {
	case tcpCloseWait, tcpLastAck, tcpClosing:
		s.Finished = trace.AnswerYes
		if s.RecvQ > 0 {
			s.RecvQ--
		}
	}
	return s, true
}

// tableAddress reads an address: words of 32 bits in the machine's order, and a port.
func tableAddress(w string) (a netip.AddrPort, ok bool) {
	host, port, _ := strings.Cut(w, ":")
	b, err := hex.DecodeString(host)
	p, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(b)%4 != 0 {
		return a, false
	}
	for i := 0; i < len(b); i += 4 { // each was printed as a number, and stands in memory in network order
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	addr, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(addr.Unmap(), uint16(p)), ok
}

// unixLine reads a line such as
//
//	0000000000000000: 00000002 00000000 00010000 0001 01 20741 /run/x
func unixLine(line string) (s Socket, ok bool) {
	f := strings.Fields(line)
	if len(f) < 7 || !strings.HasSuffix(f[0], ":") {
		return s, false
	}
	flags, err1 := strconv.ParseUint(f[3], 16, 32)
	typ, err2 := strconv.ParseUint(f[4], 16, 16)
	inode, err3 := strconv.ParseUint(f[6], 10, 32)
	if err1 != nil || err2 != nil || err3 != nil {
		return s, false
	}
	s = Socket{Family: unix.AF_UNIX, Inode: uint32(inode), noQueues: true}
	if len(f) > 7 {
		s.Name = unixTableName(line)
	}
	switch {
	case flags&0x10000 != 0: // __SO_ACCEPTCON
		s.Type, s.Listening = trace.TypeListener, true
	case typ == unix.SOCK_STREAM:
		s.Type = trace.TypeStream
	case typ == unix.SOCK_SEQPACKET:
		s.Type = trace.TypeSeqpacket
	default:
		s.Type = trace.TypeDatagram
	}
	return s, true
}

// unixTableName is what stands behind seven fields and a blank: a name may have blanks itself.
func unixTableName(line string) string {
	for range 7 {
		line = strings.TrimLeft(line, " ")
		_, line, _ = strings.Cut(line, " ")
	}
	return strings.TrimSuffix(line, "\n")
}
