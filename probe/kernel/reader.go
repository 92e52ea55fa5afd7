//go:build linux && (amd64 || arm64)

package kernel

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

// Reader holds the loaded programs. They do nothing while no Read is under way.
//
// Thread rule: everything may be called from any goroutine; one Read at a time runs, others wait.
type Reader struct {
	mu      sync.Mutex // one ring, one pass
	objects objects
	ring    *ringbuf.Reader
	record  ringbuf.Record
	closed  bool

	clock      clock
	oneProcess bool // a link can be made for one process (Linux 6.1)
}

// Open loads the programs, which takes tens of milliseconds. What a kernel lacks is left out, and
// Missing says so. The error is a [*Refused] when they cannot be loaded at all.
//
// It needs Linux 5.15, CAP_BPF and CAP_PERFMON. Once it has returned, Read needs neither any more since Linux 5.19:
// [sys.DropCapabilities] may follow.
func Open() (*Reader, error) { return open(options{}) }

// Missing says in plain words which facts this kernel does not give, and why. A State has none of them.
func (r *Reader) Missing() []string { return slices.Clone(r.objects.missing) }

// Close unloads the programs. It waits for a Read that is under way.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.ring.Close()
	return errors.Join(err, r.objects.close())
}

// Read makes one pass over a process, by its number in the reader's own pid namespace: descriptors and interest lists first, then threads.
// The process may be any user's; it is not stopped, and nothing of it is locked. A thousand registrations take about a millisecond of the
// reader's time.
//
// errors.Is finds ErrNoProcess (also when it ends meanwhile), ErrZombie and ErrKernelThread, errors.As finds [*ErrThread]. A process that
// ends during the pass leaves a state of what there was, or one of these errors.
func (r *Reader) Read(pid int) (*State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fail := func(err error) (*State, error) { return nil, fmt.Errorf("read process %d: %w", pid, err) }
	if r.closed {
		return fail(os.ErrClosed)
	}
	if err := lookUp(pid); err != nil {
		return fail(err)
	}
	b := newBuilder(pid, monotonic())
	b.lists, b.clock = r.objects.lists, r.clock
	for r.drain(nil) > 0 { // what a pass that failed has left
	}
	if err := r.objects.passes.Put(uint32(0), statePass{Pid: uint32(pid)}); err != nil {
		return fail(fmt.Errorf("give the programs its number: %w", err))
	}
	for _, p := range []*ebpf.Program{r.objects.files, r.objects.threads} {
		if p == nil {
			continue
		}
		if err := r.run(p, pid, b); errors.Is(err, unix.ESRCH) {
			return fail(ErrNoProcess)
		} else if err != nil {
			return fail(err)
		}
	}
	var after statePass
	if err := r.objects.passes.Lookup(uint32(0), &after); err != nil {
		return fail(fmt.Errorf("ask the programs what was lost: %w", err))
	}
	b.lost += int(after.Torn)
	s := b.state(monotonic())
	if len(s.Threads) == 0 && (r.objects.threads != nil || len(s.Files) == 0) {
		if err := lookUp(pid); err != nil {
			return fail(err)
		}
		return fail(ErrNoProcess)
	}
	return s, nil
}

// run goes through the process once with one program. The program answers "again" when the ring is full, which read(2) says as EAGAIN.
func (r *Reader) run(p *ebpf.Program, pid int, b *builder) error {
	if !r.oneProcess {
		pid = 0
	}
	link, err := sys.IterLink(p.FD(), pid)
	if err != nil {
		return err
	}
	defer unix.Close(link)
	it, err := sys.IterOpen(link)
	if err != nil {
		return err
	}
	defer unix.Close(it)
	buf := make([]byte, 64) // the programs write to the ring only
	for idle := 0; ; {
		n, err := unix.Read(it, buf)
		got := r.drain(b)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			// Also said after a million objects without output (MAX_ITER_OBJECTS).
			if idle++; got > 0 {
				idle = 0
			} else if idle > 1000 {
				return errors.New("the kernel's iterator makes no progress: its program finds no room in an empty ring")
			}
		case err != nil:
			return os.NewSyscallError("read of a BPF iterator", err)
		case n == 0:
			return nil
		}
	}
}

// drain takes what is in the ring, and returns how many records that were.
func (r *Reader) drain(b *builder) (n int) {
	r.ring.SetDeadline(longAgo)
	for {
		if err := r.ring.ReadInto(&r.record); err != nil {
			if b != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				b.lost++ // a ring that is not understood
			}
			return n
		}
		n++
		if b != nil {
			b.add(r.record.RawSample)
		}
	}
}

var longAgo = time.Unix(1, 0)

func monotonic() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail with this clock
	return ts.Nano()
}
