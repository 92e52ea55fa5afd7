//go:build linux

package sys

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ring is an io_uring instance. It belongs to one thread.
type Ring struct {
	k        Kernel
	fd       int
	features uint32

	rings, sqeMem []byte // mapped
	sqHead        *uint32
	sqTail        *uint32
	sqMask        uint32
	sqes          []SQE
	tail          uint32 // of the submission ring, as far as it has been filled

	cqHead *uint32
	cqTail *uint32
	cqMask uint32
	cqes   []CQE

	// What io_uring_enter and a timeout entry point at. It lies in the Ring, and so on the heap, because the kernel follows
	// addresses inside it that Go does not know to be addresses.
	arg getEventsArg
	ts  timespec
}

// NewRing makes an instance with room for so many unsubmitted entries and so many completions, both rounded up to a power
// of two. An error is an *Unsupported.
func NewRing(k Kernel, entries, completions uint32) (*Ring, error) {
	p := new(Params)
	fd, errno := -1, unix.EINVAL
	for _, flags := range []uint32{setupCQSize | setupClamp | setupSubmitAll, setupCQSize | setupClamp} {
		*p = Params{Flags: flags, CQEntries: completions}
		if fd, errno = k.Setup(entries, p); errno != unix.EINVAL {
			break
		}
	}
	if errno != 0 {
		return nil, refused(k, "io_uring_setup", errno)
	}
	r := &Ring{k: k, fd: fd, features: p.Features}
	if missing := featSingleMmap | featNoDrop | featFastPoll; p.Features&uint32(missing) != uint32(missing) {
		unix.Close(fd)
		return nil, &Unsupported{What: "io_uring", MinKernel: minKernel,
			Why: "of this kernel is too old: it is " + k.Release() + ", and " + minKernel + " or newer is needed, where sockets are waited for without a helper thread"}
	}
	if err := r.mapRings(p); err != nil {
		unix.Close(fd)
		r.unmap()
		return nil, refused(k, "mmap", err.(unix.Errno))
	}
	return r, nil
}

func (r *Ring) mapRings(p *Params) (err error) {
	size := max(p.sq.array+p.SQEntries*4, p.cq.cqes+p.CQEntries*uint32(unsafe.Sizeof(CQE{})))
	const prot, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	if r.rings, err = unix.Mmap(r.fd, offSQRing, int(size), prot, flags); err != nil {
		return err
	}
	if r.sqeMem, err = unix.Mmap(r.fd, offSQEs, int(p.SQEntries)*int(unsafe.Sizeof(SQE{})), prot, flags); err != nil {
		return err
	}
	at := func(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[off])) }
	r.sqHead, r.sqTail, r.sqMask = at(p.sq.head), at(p.sq.tail), *at(p.sq.ringMask)
	r.cqHead, r.cqTail, r.cqMask = at(p.cq.head), at(p.cq.tail), *at(p.cq.ringMask)
	r.sqes = unsafe.Slice((*SQE)(unsafe.Pointer(&r.sqeMem[0])), p.SQEntries)
	r.cqes = unsafe.Slice((*CQE)(unsafe.Pointer(&r.rings[p.cq.cqes])), p.CQEntries)
	// The submission ring holds indices of entries; each place always means the entry of the same number.
	for i := range p.SQEntries {
		*at(p.sq.array + 4*i) = i
	}
	r.tail = *r.sqTail
	return nil
}

// FD is the descriptor of the instance. Whoever closes it calls Unmap.
func (r *Ring) FD() int { return r.fd }

// TakesTimeout reports whether Enter can limit its wait by itself. Where it cannot, a timeout entry must be submitted.
func (r *Ring) TakesTimeout() bool { return r.features&featExtArg != 0 }

// Next is the next free submission entry, cleared; nil when the ring is full and has to be submitted first.
func (r *Ring) Next() *SQE {
	if r.tail-atomic.LoadUint32(r.sqHead) == uint32(len(r.sqes)) {
		return nil
	}
	e := &r.sqes[r.tail&r.sqMask]
	r.tail++
	*e = SQE{}
	return e
}

// Unsubmitted is how many entries the kernel has not taken yet.
func (r *Ring) Unsubmitted() int { return int(r.tail - atomic.LoadUint32(r.sqHead)) }

// Submit hands the entries to the kernel and does not wait. It returns how many the kernel took.
func (r *Ring) Submit() (int, unix.Errno) {
	atomic.StoreUint32(r.sqTail, r.tail)
	n, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.Unsubmitted()), 0, 0, 0, 0)
	return result(n, errno)
}

// Enter hands the entries to the kernel and waits until at least one completion is there, or the time is over: negative
// for ever, zero not at all. A positive time needs TakesTimeout.
//
// When entries were taken their number is the result whatever came of the wait: the kernel then hides ETIME and EINTR.
func (r *Ring) Enter(timeout time.Duration) (int, unix.Errno) {
	atomic.StoreUint32(r.sqTail, r.tail)
	submit, fd := uintptr(r.Unsubmitted()), uintptr(r.fd)
	switch {
	case timeout == 0:
		n, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, fd, submit, 0, enterGetEvents, 0, 0)
		return result(n, errno)
	case timeout < 0 || !r.TakesTimeout():
		n, _, errno := syscall.Syscall6(unix.SYS_IO_URING_ENTER, fd, submit, 1, enterGetEvents, 0, 0)
		return result(n, errno)
	}
	r.ts = timespecOf(timeout)
	r.arg = getEventsArg{ts: address(unsafe.Pointer(&r.ts))}
	n, _, errno := syscall.Syscall6(unix.SYS_IO_URING_ENTER, fd, submit, 1, enterGetEvents|enterExtArg,
		uintptr(unsafe.Pointer(&r.arg)), unsafe.Sizeof(r.arg))
	return result(n, errno)
}

// Ready is how many completions are there to be taken.
func (r *Ring) Ready() int { return int(atomic.LoadUint32(r.cqTail) - *r.cqHead) }

// Take takes the oldest completion. Its place is the kernel's again.
func (r *Ring) Take() (CQE, bool) {
	head := *r.cqHead // nobody else writes it
	if head == atomic.LoadUint32(r.cqTail) {
		return CQE{}, false
	}
	c := r.cqes[head&r.cqMask]
	atomic.StoreUint32(r.cqHead, head+1)
	return c, true
}

// Unmap gives the shared memory back. Operations that are still in flight keep writing to their own buffers.
func (r *Ring) Unmap() { r.unmap() }

func (r *Ring) unmap() {
	for _, m := range []*[]byte{&r.rings, &r.sqeMem} {
		if *m != nil {
			unix.Munmap(*m)
			*m = nil
		}
	}
	r.sqes, r.cqes = nil, nil
}

// Close closes the instance and gives its memory back.
func (r *Ring) Close() error {
	err := unix.Close(r.fd)
	r.unmap()
	return os.NewSyscallError("close", err)
}

func result(n uintptr, errno syscall.Errno) (int, unix.Errno) {
	if errno != 0 {
		return -1, errno
	}
	return int(n), 0
}

func address(p unsafe.Pointer) uint64 { return uint64(uintptr(p)) }

func timespecOf(d time.Duration) timespec {
	return timespec{int64(d / time.Second), int64(d % time.Second)}
}
