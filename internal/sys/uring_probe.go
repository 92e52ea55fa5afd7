//go:build linux

package sys

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Features is what the kernel's io_uring can do beyond what is needed anyway.
type Features struct {
	Timeout   bool         // io_uring_enter takes a timeout
	Multishot *Unsupported // why accept and recv cannot go on for many completions; nil: they can
}

var probed struct {
	mu sync.Mutex
	f  *Features
}

// Probe finds out what the running kernel can do. What worked once is remembered; a refusal is asked about again, since
// somebody may lift it.
func Probe(k Kernel) (*Features, error) {
	if k != (Linux{}) {
		return probeKernel(k)
	}
	probed.mu.Lock()
	defer probed.mu.Unlock()
	if probed.f != nil {
		return probed.f, nil
	}
	f, err := probeKernel(k)
	if err == nil {
		probed.f = f
	}
	return f, err
}

// needed are the operations without which there is no server.
var needed = map[int]string{opAccept: "accept", opRecv: "recv", opSend: "send", opRead: "read", opTimeout: "timeout",
	opPollAdd: "poll", opAsyncCancel: "cancel"}

func probeKernel(k Kernel) (*Features, error) {
	r, err := NewRing(k, 8, 16)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := new(probe)
	if errno := k.Register(r.fd, registerProbe, unsafe.Pointer(p), uint32(len(p.ops))); errno != 0 {
		return nil, refused(k, "io_uring_register", errno)
	}
	for op, name := range needed {
		if op >= int(p.opsLen) || p.ops[op].flags&1 == 0 {
			return nil, &Unsupported{What: "io_uring", MinKernel: minKernel,
				Why: fmt.Sprintf("of this kernel has no %s operation: it is %s, and %s or newer is needed", name, k.Release(), minKernel)}
		}
	}
	return &Features{Timeout: r.TakesTimeout(), Multishot: r.tryMultishot()}, nil
}

// tryMultishot lets one recv and one accept go on for many, on sockets of its own.
func (r *Ring) tryMultishot() *Unsupported {
	old := func(errno unix.Errno) *Unsupported {
		return &Unsupported{What: "multishot recv", MinKernel: "6.0", Errno: errno,
			Why: "is not in this kernel: it is " + r.k.Release() + ", and 6.0 or newer is needed"}
	}
	b, err := r.NewBuffers(0, 2, 64)
	if err != nil {
		return err.(*Unsupported)
	}
	defer b.Unmap()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return old(unix.EMFILE)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	lis, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return old(unix.EMFILE)
	}
	defer unix.Close(lis)
	// A name of no bytes lets the kernel choose one that is in no directory.
	if unix.Bind(lis, &unix.SockaddrUnix{}) != nil || unix.Listen(lis, 1) != nil {
		return old(unix.EINVAL)
	}
	PrepRecvMany(r.Next(), ends[0], b.group)
	accept := r.Next()
	PrepAcceptMany(accept, lis, unix.SOCK_CLOEXEC)
	accept.UserData = 1
	unix.Write(ends[1], []byte{1})
	if _, errno := r.Enter(0); errno != 0 {
		return old(errno)
	}
	var bad *Unsupported
	received := false
	take := func() {
		for c, ok := r.Take(); ok; c, ok = r.Take() {
			switch {
			case c.Res < 0 && c.Res != -int32(unix.ECANCELED) && c.UserData < 2:
				bad = old(unix.Errno(-c.Res))
			case c.UserData == 0 && c.Res == 1 && c.More():
				received = true
			}
		}
	}
	take()
	// Nothing may be in flight when the buffers go.
	for i := range uint64(2) {
		e := r.Next()
		PrepCancel(e, i)
		e.UserData = 2
	}
	r.Submit()
	for range 4 {
		r.Enter(0)
		take()
		if r.Ready() == 0 && received {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if bad == nil && !received {
		bad = old(0)
	}
	return bad
}
