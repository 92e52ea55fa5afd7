// Package kernel reads a running process by BPF programs: what its descriptors are, what lies unread behind them, what its epoll instances
// watch, and which system call each thread is in. It knows what the kernel has, and nothing of events or findings.
//
//	r, err := kernel.Open()          // loads the programs; *Refused says what is missing
//	sys.DropCapabilities()           // what follows needs none
//	s, err := r.Read(pid)            // one pass: 0.2 ms, and a millisecond for each thousand registrations
//	for _, reg := range s.Regs { ... }
//
// # How it works
//
// Two iterators (bpf_iter) go through the threads of the process and through the files of its tables. They run while the reader reads from
// their descriptor, in the reader's own context; each object that they are shown they describe in a record, which goes into a ring buffer.
//
//	state.bpf.c    the programs, in C; kernel.h has what they know of the kernel's structures
//	state_*.go .o  made from them by `make kernel`; go build needs no compiler for C
//	load.go        which of them this kernel takes, and why not
//	reader.go      a pass: link, read, empty the ring
//	records.go     records to a State; what is not understood is counted
//	process.go     what /proc says before the programs are asked: no such process, a thread, a zombie
//	state.go       what comes out
//
// # What it does to the process
//
// Nothing. It is not stopped, no lock that it needs is taken, no file of it is opened a second time, its memory is not read. That is why
// two easier ways are not taken: reading /proc/PID/fdinfo of an epoll descriptor holds the instance's mutex, so that a loop with thousands of
// registrations stands still for milliseconds; and pidfd_getfd(2) makes a duplicate, which keeps a socket open that the process has closed,
// so that its peer sees no EOF.
//
// The price is that the facts of one pass are of different moments, each with its own time, between State.Time and State.End. An entry that
// is added to or removed from an interest list during the pass is in it or not; turning the tree for it may hide a neighbour from this one
// pass. What must be certain is asked twice.
//
// # Numbers
//
// Numbers of processes and threads are the reader's own, also inside a pid namespace. Inodes and devices are as stat(2) says them. Times are
// nanoseconds of CLOCK_MONOTONIC, those of a start of CLOCK_BOOTTIME. A [Key] is an address in the kernel: it joins facts, also those of
// two processes, and formats as a word, so that it does not get onto a screen or into a file.
//
// # What it takes
//
// CAP_BPF and CAP_PERFMON (or root) in the machine's first user namespace, for processes of any user; a kernel that describes its structures
// (/sys/kernel/btf/vmlinux). Linux 5.15 gives descriptors and threads, 5.17 (bpf_loop) interest lists and the bytes of UDP and AF_UNIX queues; since 6.1 the
// iterators go through one process only, before that they pass over all others. [Reader.Missing] says what there is not.
//
// With both capabilities a program can read all of the kernel's memory. Who has called Open should drop them.
package kernel
