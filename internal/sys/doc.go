// Package sys is two corners of the kernel for which golang.org/x/sys has the numbers of the system calls and nothing more.
//
// One is io_uring (uring*.go): setup, the two shared rings, submission entries, completions, provided buffers, and the question what this
// kernel can do. The headings below are about it.
//
// The other is what loading BPF programs takes: [LookRights] looks at what this process may do, [Rights.Causes] says what forbids it,
// [DropCapabilities] gives everything back, and [IterLink] runs an iterator over one process. The types of these compile on every system,
// since errors hold them; all else is Linux's.
//
// # Threads
//
// A Ring belongs to one thread at a time; nothing in it is locked. The kernel is the other side: it reads the submission
// ring only while io_uring_enter runs (there is no kernel thread that polls it), and writes the completion ring whenever it
// likes. So the tails and heads are read and written atomically, everything else is plain memory.
//
// # Memory that the kernel writes to
//
// From the moment an operation is submitted until its completion has been taken, the kernel may write to its buffer, also
// after the program has forgotten about it and even while the ring is being closed. Such memory must neither move nor be
// used for something else. The rings and the provided buffers are mapped, outside Go's heap. Buffers of single operations
// may be Go memory: what lives on the heap does not move (stacks do, so a buffer must not live on one; whatever is
// reachable from a heap object is safe), and the caller keeps it reachable until the completion has come. The kernel does
// not count as a reference.
//
// # What is not supported
//
// is a value, Unsupported, that says in one sentence what the kernel lacks. It is found by trying, not by comparing version
// numbers: distributions carry features back, and sandboxes take them away.
package sys
