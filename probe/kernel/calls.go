package kernel

import (
	"encoding/binary"
	"net/netip"
)

// Record is what the programs say of one thing that a thread did. Its payload is good as long as the batch that it was read from.
type Record struct {
	Time     uint64 // the kernel's CLOCK_MONOTONIC: the end of a call, or the moment
	Start    uint64 // when the call began, or blocked; 0: neither is known
	TID      uint32 // thread, by the number that the first pid namespace has for it
	RunQueue uint32 // of the time since Start: ready to run, and not running, ns; saturates at 4.3 s
	Call     uint16 // number of the system call on this machine
	Kind     RecordKind
	Flags    uint8
	Result   int32
	Args     [3]uint32
	Payload  []byte
}

// RecordKind is what a record is about.
type RecordKind uint8

// The kinds. What stands in Args depends on the [Class] of the call, and for the others on the kind.
const (
	RecordCall   RecordKind = iota + 1 // a call has returned
	RecordBlock                        // a thread has blocked in a call: its arguments are those of the registers
	RecordFork                         // args: the new thread, its process; payload: its name
	RecordExec                         // args: the number that the thread had before, its process; payload: the program
	RecordExit                         // args: its process; Result: wait status
	RecordArrive                       // TID: the process that has the socket; Start: the socket; Result: bytes unread, or connections not accepted; args: port, state, backlog
	RecordSets                         // a select begins: args: numbers, timeout in ms; payload: three sets of 1,024 bits
)

// Flags of a record.
const (
	RecordCut      = 1 << iota // not all of what the call was about could be read
	RecordOtherABI             // a call of a 32-bit program, whose numbers mean other calls
	RecordSocket               // the payload is a socket
)

const recordBytes = 48

// Records reads the records of a batch. It ends with the batch, or with what is no record: then it returns how many bytes are left.
func Records(batch []byte, take func(*Record)) (left int) {
	var r Record
	order := binary.NativeEndian
	for len(batch) >= recordBytes {
		more := int(order.Uint16(batch[28:]))
		size := (recordBytes + more + 7) &^ 7
		if size > len(batch) || batch[26] == 0 {
			return len(batch)
		}
		r = Record{Time: order.Uint64(batch), Start: order.Uint64(batch[8:]), TID: order.Uint32(batch[16:]), RunQueue: order.Uint32(batch[20:]), Call: order.Uint16(batch[24:]),
			Kind: RecordKind(batch[26]), Flags: batch[27], Result: int32(order.Uint32(batch[32:])),
			Args: [3]uint32{order.Uint32(batch[36:]), order.Uint32(batch[40:]), order.Uint32(batch[44:])}, Payload: batch[recordBytes : recordBytes+more : recordBytes+more]}
		take(&r)
		batch = batch[size:]
	}
	return len(batch)
}

// SocketSeen is the socket that a call was about, as the kernel has it when the call returns.
type SocketSeen struct {
	Sock        Key // tells it from every other socket that is open; it must reach no file and no screen
	Inode       uint64
	Family      int    // AF_*
	Type        uint32 // SOCK_*
	Protocol    int    // IPPROTO_*
	State       int    // TCP_*
	Local, Peer netip.AddrPort
}

const socketSeenBytes = 64

// Socket is the socket of a record's payload; ok is false where there is none.
func (r *Record) Socket() (s SocketSeen, ok bool) {
	if r.Flags&RecordSocket == 0 || len(r.Payload) < socketSeenBytes {
		return s, false
	}
	order, b := binary.NativeEndian, r.Payload
	s = SocketSeen{Sock: Key(order.Uint64(b)), Inode: order.Uint64(b[8:]), Family: int(order.Uint16(b[16:])), Type: uint32(order.Uint16(b[18:])), Protocol: int(order.Uint16(b[20:])),
		State: int(order.Uint16(b[22:]))}
	local, peer := order.Uint16(b[24:]), binary.BigEndian.Uint16(b[26:])
	address := func(b []byte) netip.Addr {
		switch s.Family {
		case 2:
			return netip.AddrFrom4([4]byte(b))
		case 10:
			return netip.AddrFrom16([16]byte(b)).Unmap()
		}
		return netip.Addr{}
	}
	if s.Family == 2 || s.Family == 10 {
		s.Local, s.Peer = netip.AddrPortFrom(address(b[32:48]), local), netip.AddrPortFrom(address(b[48:64]), peer)
	}
	return s, true
}
