//go:build linux

package sys

import "unsafe"

// The structures and numbers of include/uapi/linux/io_uring.h that are used here.

// Params is struct io_uring_params.
type Params struct {
	SQEntries, CQEntries, Flags, sqThreadCPU, sqThreadIdle, Features, wqFD uint32
	_                                                                      [3]uint32
	sq                                                                     sqOffsets
	cq                                                                     cqOffsets
}

type sqOffsets struct {
	head, tail, ringMask, ringEntries, flags, dropped, array, _ uint32
	_                                                           uint64
}

type cqOffsets struct {
	head, tail, ringMask, ringEntries, overflow, cqes, flags, _ uint32
	_                                                           uint64
}

// SQE is one operation that is handed to the kernel. The Prep functions fill it.
type SQE struct {
	op       uint8
	flags    uint8
	ioprio   uint16
	fd       int32
	off      uint64 // also addr2
	addr     uint64
	len      uint32
	opFlags  uint32
	UserData uint64 // comes back with the completion
	bufGroup uint16
	_        uint16
	_        int32
	_        [2]uint64
}

// CQE is one completion.
type CQE struct {
	UserData uint64
	Res      int32 // result, or an error number made negative
	Flags    uint32
}

// Flags of a completion. The upper 16 bits are the number of the buffer when FlagBuffer is set.
const (
	FlagBuffer = 1 << 0 // the data is in a provided buffer
	FlagMore   = 1 << 1 // the operation goes on: more completions will come
)

// Buffer is the number of the provided buffer that the data is in.
func (c *CQE) Buffer() (id int, ok bool) { return int(c.Flags >> 16), c.Flags&FlagBuffer != 0 }

// More reports whether the operation goes on.
func (c *CQE) More() bool { return c.Flags&FlagMore != 0 }

// Compile-time proof of the sizes.
const (
	_ = uint(120 - unsafe.Sizeof(Params{}))
	_ = uint(unsafe.Sizeof(Params{}) - 120)
	_ = uint(64 - unsafe.Sizeof(SQE{}))
	_ = uint(unsafe.Sizeof(SQE{}) - 64)
	_ = uint(16 - unsafe.Sizeof(CQE{}))
	_ = uint(unsafe.Sizeof(CQE{}) - 16)
)

// Operations, by number (enum io_uring_op).
const (
	opNop         = 0
	opPollAdd     = 6
	opTimeout     = 11
	opAccept      = 13
	opAsyncCancel = 14
	opRead        = 22
	opSend        = 26
	opRecv        = 27
)

// Flags of io_uring_setup.
const (
	setupCQSize    = 1 << 3
	setupClamp     = 1 << 4
	setupSubmitAll = 1 << 7 // 5.18: an entry that is wrong does not hold back those behind it
)

// Features that io_uring_setup tells.
const (
	featSingleMmap = 1 << 0 // 5.4
	featNoDrop     = 1 << 1 // 5.5: completions that find no room are kept
	featFastPoll   = 1 << 5 // 5.7: sockets are waited for without a helper thread
	featExtArg     = 1 << 8 // 5.11: io_uring_enter takes a timeout
)

const (
	enterGetEvents = 1 << 0
	enterExtArg    = 1 << 3

	sqeBufferSelect = 1 << 5

	acceptMultishot = 1 << 0 // 5.19, in ioprio
	recvMultishot   = 1 << 1 // 6.0, in ioprio

	registerProbe    = 8
	registerPbufRing = 22 // 5.19

	offSQRing = 0
	offSQEs   = 0x10000000
)

// getEventsArg is struct io_uring_getevents_arg.
type getEventsArg struct {
	sigmask   uint64
	sigmaskSz uint32
	_         uint32
	ts        uint64
}

// timespec is struct __kernel_timespec.
type timespec struct{ sec, nsec int64 }

// probe is struct io_uring_probe with room for every operation.
type probe struct {
	lastOp, opsLen uint8
	_              uint16
	_              [3]uint32
	ops            [256]struct {
		op    uint8
		_     uint8
		flags uint16
		_     uint32
	}
}

// bufReg is struct io_uring_buf_reg.
type bufReg struct {
	addr    uint64
	entries uint32
	group   uint16
	flags   uint16
	_       [3]uint64
}

// buf is struct io_uring_buf. In the first one of a ring the last field is the ring's tail.
type buf struct {
	addr uint64
	len  uint32
	id   uint16
	tail uint16
}
