//go:build linux

package sys

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Buffers are a ring of buffers from which the kernel picks one for each completion (IORING_REGISTER_PBUF_RING, 5.19). The
// memory is mapped, page-aligned as the kernel wants it, and outside Go's heap.
type Buffers struct {
	mem   []byte // the ring of descriptions
	data  []byte
	bufs  []buf
	size  int
	group uint16
	tail  uint16
}

// NewBuffers makes count buffers, a power of two up to 32768, of size bytes, and hands them all to the kernel.
func (r *Ring) NewBuffers(group uint16, count, size int) (*Buffers, error) {
	const prot, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_ANONYMOUS | unix.MAP_PRIVATE
	b := &Buffers{size: size, group: group}
	var err error
	if b.mem, err = unix.Mmap(-1, 0, count*int(unsafe.Sizeof(buf{})), prot, flags); err == nil {
		b.data, err = unix.Mmap(-1, 0, count*size, prot, flags)
	}
	if err != nil {
		b.Unmap()
		return nil, refused(r.k, "mmap", err.(unix.Errno))
	}
	b.bufs = unsafe.Slice((*buf)(unsafe.Pointer(&b.mem[0])), count)
	reg := &bufReg{addr: address(unsafe.Pointer(&b.mem[0])), entries: uint32(count), group: group}
	if errno := r.k.Register(r.fd, registerPbufRing, unsafe.Pointer(reg), 1); errno != 0 {
		b.Unmap()
		if errno == unix.EINVAL {
			return nil, &Unsupported{What: "a ring of provided buffers", MinKernel: "5.19", Errno: errno,
				Why: "is not in this kernel: it is " + r.k.Release() + ", and 5.19 or newer is needed"}
		}
		return nil, refused(r.k, "io_uring_register", errno)
	}
	for i := range count {
		b.Give(i)
	}
	return b, nil
}

// Group is the number by which an entry asks for a buffer from here.
func (b *Buffers) Group() uint16 { return b.group }

// Bytes is buffer id. It is the program's from the completion that names it until Give.
func (b *Buffers) Bytes(id int) []byte { return b.data[id*b.size : (id+1)*b.size : (id+1)*b.size] }

// Give hands a buffer to the kernel.
func (b *Buffers) Give(id int) {
	at := &b.bufs[int(b.tail)&(len(b.bufs)-1)]
	at.addr, at.len, at.id = address(unsafe.Pointer(&b.data[id*b.size])), uint32(b.size), uint16(id)
	b.tail++
	// The tail is the last half-word of the first description. There is no atomic store of 16 bits, so the id beside it is
	// written again, with the value that it has.
	first := &b.bufs[0]
	pair := [2]uint16{first.id, b.tail}
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&first.id)), *(*uint32)(unsafe.Pointer(&pair)))
}

// Unmap gives the memory back, when the ring is closed and nothing is in flight.
func (b *Buffers) Unmap() {
	for _, m := range []*[]byte{&b.mem, &b.data} {
		if *m != nil {
			unix.Munmap(*m)
			*m = nil
		}
	}
}
