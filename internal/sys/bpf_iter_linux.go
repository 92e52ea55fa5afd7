package sys

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Commands and attributes of bpf(2), linux/bpf.h.
const (
	bpfLinkCreate = 28 // BPF_LINK_CREATE
	bpfIterCreate = 33 // BPF_ITER_CREATE
	bpfTraceIter  = 28 // BPF_TRACE_ITER
)

type linkCreateIter struct {
	program, target, attach, flags uint32
	info                           unsafe.Pointer
	infoLen, _                     uint32
}

// iterTask is bpf_iter_link_info.task (Linux 6.1): one thread, or one process, by the number that the caller has for it.
type iterTask struct{ tid, pid, pidfd uint32 }

// IterLink links an iterator program over tasks, or over their files, and returns the link's descriptor. With a pid the iterator goes
// through the threads of that process only, which takes Linux 6.1; older ones answer E2BIG. With 0 it goes through every task of the
// caller's pid namespace. No capability is needed for it (since 5.19, or with kernel.unprivileged_bpf_disabled=0): those were asked for when
// the program was loaded.
func IterLink(program, pid int) (link int, err error) {
	attr := &linkCreateIter{program: uint32(program), attach: bpfTraceIter}
	task := &iterTask{pid: uint32(pid)}
	if pid != 0 {
		attr.info, attr.infoLen = unsafe.Pointer(task), uint32(unsafe.Sizeof(*task))
	}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, bpfLinkCreate, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
	if errno != 0 {
		return -1, os.NewSyscallError("bpf(BPF_LINK_CREATE)", errno)
	}
	return int(fd), nil
}

// IterOpen makes a descriptor of a link; each read(2) from it runs the program for some objects, and reads end when it has seen all.
func IterOpen(link int) (fd int, err error) {
	attr := &struct{ link, flags uint32 }{link: uint32(link)}
	n, _, errno := unix.Syscall(unix.SYS_BPF, bpfIterCreate, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
	if errno != 0 {
		return -1, os.NewSyscallError("bpf(BPF_ITER_CREATE)", errno)
	}
	return int(n), nil
}
