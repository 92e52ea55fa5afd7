//go:build linux && (amd64 || arm64)

package kernel

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

// Recorder is what is in the kernel while evviz is attached to processes: programs at tracepoints that write a record for what the threads of
// chosen processes do.
//
// Thread rule: Drain belongs to one goroutine; everything else may be called from any. Nothing is pinned: the programs go with the last
// descriptor, also when this process is killed.
type Recorder struct {
	programs map[string]*ebpf.Program
	maps     map[string]*ebpf.Map
	missing  []string
	clock    clock

	ring     ringMap
	traced   []uint64 // a bit for each process, mapped
	bss      []byte
	stages   []stageView
	mapped   [][]byte
	handOver *ebpf.Program
	tallies  *ebpf.Map

	mu    sync.Mutex
	links map[string]link.Link
}

// RecorderOptions say what is recorded.
type RecorderOptions struct {
	RunQueue bool                 // how long threads were ready to run while no CPU ran them
	Arrivals bool                 // arrivals at sockets
	Exact    bool                 // the beginning of every call: it costs three to six per cent more of a busy server's speed
	Class    func(call int) Class // what is done with a call, by its number
	Ring     int                  // bytes, a power of two; 0: 16 MiB
}

// Class is what a record of a call has beside the three first arguments. The numbers are those of calls.bpf.c.
type Class uint8

// The classes.
const (
	ClassSlow        Class = iota // not recorded unless it blocked for a millisecond
	ClassPlain                    // nothing
	ClassIO                       // args: descriptor, length, flags
	ClassCounter                  // the same; payload: 8 bytes, when 8 were asked for and read
	ClassVector                   // args: descriptor, sum of the lengths, offset
	ClassMessage                  // args: descriptor, sum of the lengths, flags
	ClassEpollWait                // args: descriptor, room, timeout in ms; payload: the events
	ClassEpollPwait2              // the same
	ClassEpollCtl                 // args: descriptor, what, descriptor; payload: the event
	ClassPoll                     // args: members, timeout in ms; payload: the set
	ClassPpoll                    // the same
	ClassSelect                   // args: numbers; payload: the sets that came back
	ClassPselect6                 // the same
	ClassAccept                   // args: descriptor, -, flags; payload: the socket
	ClassConnect                  // args: descriptor; payload: the socket
	ClassBind                     // the same
	ClassSockOpt                  // payload: 4 bytes of the value
	ClassIoctl                    // FIONBIO and FIONREAD; payload: 4 bytes of the value
	ClassPair                     // payload: two descriptors
	ClassSocketpair               // the same
	ClassSleep                    // payload: a timespec
	ClassClockSleep               // args: clock, flags; payload: a timespec
	ClassTimerfdSet               // args: descriptor, flags; payload: an itimerspec
	ClassBlocked                  // recorded if it blocked
	ClassFiles                    // recorded if it blocked, or found no free descriptor
	ClassClone3                   // payload: flags
)

// recorders are the programs at tracepoints, and what is not known without each.
var recorders = []struct {
	name, lacks string
	must        bool
	wanted      func(o *RecorderOptions) bool
}{
	{callsProgOnExit, "", true, nil},
	{callsProgOnSwitch, "", true, nil},
	{callsProgOnFork, "processes and threads that begin later", false, nil},
	{callsProgOnExec, "that a process replaced its program", false, nil},
	{callsProgOnEnd, "when threads end", false, nil},
	{callsProgOnWakeup, "how long threads were ready to run while no CPU ran them", false, func(o *RecorderOptions) bool { return o.RunQueue }},
	{callsProgOnReady, "when data and connections arrive", false, func(o *RecorderOptions) bool { return o.Arrivals }},
	{callsProgOnState, "arrivals at sockets that are made later", false, func(o *RecorderOptions) bool { return o.Arrivals }},
	{callsProgOnEnter, "what select was asked for", false, nil}, // linked when a program uses select
}

// OpenRecorder loads the programs, and attaches none. What a kernel lacks is left out, and Missing says so; the error is a [*Refused] when they
// cannot be loaded at all. It needs Linux 5.15, CAP_BPF and CAP_PERFMON.
func OpenRecorder(opt RecorderOptions) (_ *Recorder, err error) {
	rights := sys.LookRights()
	causes := rights.Causes()
	for _, c := range causes {
		if c.Certain {
			return nil, &Refused{Causes: causes}
		}
	}
	r := &Recorder{programs: map[string]*ebpf.Program{}, maps: map[string]*ebpf.Map{}, links: map[string]link.Link{}, clock: readClock()}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if err := r.load(&opt, rights); err != nil {
		return nil, refused(causes, rights, err)
	}
	return r, r.mapAll()
}

func (r *Recorder) load(opt *RecorderOptions, rights sys.Rights) error {
	spec, err := loadCalls()
	if err != nil {
		return err
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return err
	}
	spec.Maps[callsMapStages].MaxEntries = uint32(cpus)
	spec.Maps[callsMapArrivals].MaxEntries = uint32(cpus)
	if opt.Ring != 0 {
		spec.Maps[callsMapCallRing].MaxEntries = uint32(opt.Ring)
	}
	constant := func(name string, b []byte) error {
		v := spec.Variables[name]
		if v == nil {
			return fmt.Errorf("the object has no constant %s", name)
		}
		data, ok := spec.Maps[v.SectionName].Contents[0].Value.([]byte)
		if !ok || int(v.Offset)+len(b) > len(data) {
			return fmt.Errorf("the object has no place for the constant %s", name)
		}
		data = slices.Clone(data)
		copy(data[v.Offset:], b)
		spec.Maps[v.SectionName].Contents[0].Value = data
		return nil
	}
	word := func(on bool) []byte {
		b := make([]byte, 4)
		if on {
			*(*uint32)(unsafe.Pointer(&b[0])) = 1
		}
		return b
	}
	table := make([]byte, 512)
	for n := range table {
		table[n] = byte(opt.Class(n))
	}
	if err := errors.Join(constant(callsVarWithRunq, word(opt.RunQueue)), constant(callsVarWithEnter, word(opt.Exact)), constant(callsVarClasses, table)); err != nil {
		return err
	}
	at := spec.Variables[callsVarTraced]
	if at == nil {
		return errors.New("the object has no table of processes")
	}
	spec.Maps[at.SectionName].Flags |= unix.BPF_F_MMAPABLE
	offset, section := int(at.Offset), at.SectionName
	clear(spec.Variables)
	for name, m := range spec.Maps {
		if name == ".rodata" {
			m.Flags |= unix.BPF_F_MMAPABLE // as the library has it, which also freezes it: the verifier drops what constants switch off
		}
		if r.maps[name], err = ebpf.NewMap(m); err != nil {
			return fmt.Errorf("map %s: %w", name, err)
		}
	}
	types := btf.NewCache()
	program := func(name string) (*ebpf.Program, error) {
		one := spec.Copy()
		for other := range one.Programs {
			if other != name {
				delete(one.Programs, other)
			}
		}
		c, err := ebpf.NewCollectionWithOptions(one, ebpf.CollectionOptions{Cache: types, MapReplacements: r.maps})
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return c.DetachProgram(name), nil
	}
	for _, h := range recorders {
		if h.wanted != nil && !h.wanted(opt) {
			continue
		}
		p, err := program(h.name)
		switch {
		case err == nil:
			r.programs[h.name] = p
		case h.must:
			return err
		default:
			r.missing = append(r.missing, fmt.Sprintf("%s: this kernel, %s, refuses the program for it", h.lacks, rights.Release))
		}
	}
	if r.handOver, err = program(callsProgHandOver); err != nil {
		return err
	}
	// The library finds out whether the kernel knows this command by loading a program: now, while that is allowed.
	if _, err := r.handOver.Run(&ebpf.RunOptions{CPU: 0, Flags: unix.BPF_F_TEST_RUN_ON_CPU}); err != nil {
		return fmt.Errorf("have records written out: %w", err)
	}
	if opt.Arrivals {
		if p, err := program(callsProgMark); err == nil {
			r.programs[callsProgMark] = p
		} else {
			r.missing = append(r.missing, fmt.Sprintf("arrivals at sockets that were open before: this kernel, %s, refuses the program for it", rights.Release))
		}
	}
	r.tallies = r.maps[callsMapTally]
	size := int(r.maps[section].ValueSize())
	if r.bss, err = r.mmap(r.maps[section], 0, size, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return err
	}
	r.traced = unsafe.Slice((*uint64)(unsafe.Pointer(&r.bss[offset])), 1<<16)
	return nil
}

func (r *Recorder) mmap(m *ebpf.Map, offset int64, size, prot int) ([]byte, error) {
	page := os.Getpagesize()
	b, err := unix.Mmap(m.FD(), offset, (size+page-1)/page*page, prot, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	r.mapped = append(r.mapped, b)
	return b, nil
}

// mapAll maps the ring and the heads of the stages.
func (r *Recorder) mapAll() error {
	m := r.maps[callsMapCallRing]
	size, page := int(m.MaxEntries()), os.Getpagesize()
	read, err := r.mmap(m, 0, page, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return fmt.Errorf("map the ring of records: %w", err)
	}
	data, err := r.mmap(m, int64(page), page+2*size, unix.PROT_READ)
	if err != nil {
		return fmt.Errorf("map the ring of records: %w", err)
	}
	r.ring = ringMap{(*uint64)(unsafe.Pointer(&read[0])), (*uint64)(unsafe.Pointer(&data[0])), data[page:], uint64(size - 1)}
	for _, name := range []string{callsMapStages, callsMapArrivals} {
		m := r.maps[name]
		each := int(m.ValueSize()+7) &^ 7
		b, err := r.mmap(m, 0, each*int(m.MaxEntries()), unix.PROT_READ)
		if err != nil {
			return fmt.Errorf("map the stages of records: %w", err)
		}
		for cpu := range int(m.MaxEntries()) {
			head := b[cpu*each:]
			r.stages = append(r.stages, stageView{(*uint32)(unsafe.Pointer(&head[0])), (*uint64)(unsafe.Pointer(&head[8])), cpu})
		}
	}
	return nil
}

// stageView is what the reader sees of a stage: how full it is, and how old its first record.
type stageView struct {
	bytes *uint32
	first *uint64
	cpu   int
}

// Missing says in plain words what is not recorded on this kernel, and why.
func (r *Recorder) Missing() []string { return slices.Clone(r.missing) }

// Trace begins or ends the recording of a process, by the number that the kernel's first pid namespace has for it. Processes that it forks are
// recorded, too; threads that it has are.
func (r *Recorder) Trace(pid int, on bool) {
	word, bit := &r.traced[pid>>6&0xffff], uint64(1)<<(pid&63)
	if on {
		atomic.OrUint64(word, bit)
	} else {
		atomic.AndUint64(word, ^bit)
	}
}

// Traced reports whether a process is recorded.
func (r *Recorder) Traced(pid int) bool {
	return atomic.LoadUint64(&r.traced[pid>>6&0xffff])>>(pid&63)&1 != 0
}

// Attach puts the programs to their tracepoints. On an error none is left there.
func (r *Recorder) Attach() error {
	for name := range r.programs {
		if name == callsProgMark || name == callsProgOnEnter {
			continue
		}
		if err := r.link(name); err != nil {
			r.Detach()
			return err
		}
	}
	return nil
}

// Sets begins to record what select is asked for. It costs all programs of the machine some nanoseconds a call.
func (r *Recorder) Sets() error { return r.link(callsProgOnEnter) }

func (r *Recorder) link(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.programs[name]
	if p == nil || r.links[name] != nil {
		return nil
	}
	l, err := link.AttachTracing(link.TracingOptions{Program: p, AttachType: ebpf.AttachTraceRawTp})
	if err != nil {
		return fmt.Errorf("attach %s to its tracepoint: %w", name, err)
	}
	r.links[name] = l
	return nil
}

// Mark has the arrivals at the sockets that a process has open recorded. pid is in the reader's own pid namespace.
func (r *Recorder) Mark(pid int) error {
	p := r.programs[callsProgMark]
	if p == nil {
		return nil
	}
	l, err := sys.IterLink(p.FD(), pid)
	if err != nil {
		return fmt.Errorf("mark the sockets of process %d: %w", pid, err)
	}
	defer unix.Close(l)
	it, err := sys.IterOpen(l)
	if err != nil {
		return fmt.Errorf("mark the sockets of process %d: %w", pid, err)
	}
	defer unix.Close(it)
	buf := make([]byte, 64)
	for {
		n, err := unix.Read(it, buf)
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
	}
}

// Detach takes the programs away from their tracepoints. Each waits until no CPU runs it any more, so it is done at once for all.
func (r *Recorder) Detach() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var wait sync.WaitGroup
	errs := make([]error, 0, len(r.links))
	var mu sync.Mutex
	for _, l := range r.links {
		wait.Go(func() {
			err := l.Close()
			mu.Lock()
			errs = append(errs, err)
			mu.Unlock()
		})
	}
	wait.Wait()
	clear(r.links)
	return errors.Join(errs...)
}

// maxAge is how old a record may become in a stage before it is sent for, ns. The programs themselves send what is 5 ms old when the next comes.
const maxAge = 10_000_000

// HandOver has stages written out that are older than maxAge, or all. What is under way on a CPU is left for the next time.
func (r *Recorder) HandOver(all bool) error {
	now := uint64(monotonic() - r.clock.monotonic)
	asked := map[int]bool{}
	for _, s := range r.stages {
		if asked[s.cpu] || atomic.LoadUint32(s.bytes) == 0 {
			continue
		}
		if first := atomic.LoadUint64(s.first); !all && now-first < maxAge && first < now {
			continue
		}
		asked[s.cpu] = true
		if _, err := r.handOver.Run(&ebpf.RunOptions{CPU: uint32(s.cpu), Flags: unix.BPF_F_TEST_RUN_ON_CPU}); err != nil {
			return fmt.Errorf("have records of CPU %d written out: %w", s.cpu, err)
		}
	}
	return nil
}

// Drain hands everything that is in the ring to take, a batch of records at a time: see [Records]. The bytes are good during the call. It
// reports whether there was something.
func (r *Recorder) Drain(take func(batch []byte)) bool { return r.ring.drain(take) }

// Tally is how many records were made, and how many of them found no room in the ring.
func (r *Recorder) Tally() (made, lost uint64, err error) {
	var each []callsCounts
	if err := r.tallies.Lookup(uint32(0), &each); err != nil {
		return 0, 0, fmt.Errorf("ask how many records were made: %w", err)
	}
	for _, c := range each {
		made, lost = made+c.Made, lost+c.Lost
	}
	return made, lost, nil
}

// Offset is what the clock of this process is ahead of the clock of the records, ns.
func (r *Recorder) Offset() int64 { return r.clock.monotonic }

// Close detaches and unloads.
func (r *Recorder) Close() error {
	err := r.Detach()
	for _, b := range r.mapped {
		err = errors.Join(err, unix.Munmap(b))
	}
	r.mapped, r.stages, r.traced = nil, nil, nil
	for _, p := range r.programs {
		err = errors.Join(err, p.Close())
	}
	if r.handOver != nil {
		err = errors.Join(err, r.handOver.Close())
	}
	for _, m := range r.maps {
		if m != nil {
			err = errors.Join(err, m.Close())
		}
	}
	r.programs, r.maps, r.handOver = nil, nil, nil
	return err
}

// ringMap is the reader's end of a ring buffer (kernel/bpf/ringbuf.c): each record has a header of 8 bytes, whose first word is the length with
// two bits, busy and discarded. The data is mapped twice, so no record has two pieces.
type ringMap struct {
	read, written *uint64
	data          []byte
	mask          uint64
}

const (
	ringBusy      = 1 << 31
	ringDiscarded = 1 << 30
	ringHeader    = 8
)

func (r *ringMap) drain(take func([]byte)) (some bool) {
	at := atomic.LoadUint64(r.read)
	for {
		end := atomic.LoadUint64(r.written)
		if at >= end {
			return some
		}
		for at < end {
			place := at & r.mask
			head := atomic.LoadUint32((*uint32)(unsafe.Pointer(&r.data[place])))
			if head&ringBusy != 0 {
				return some
			}
			n := uint64(head &^ (ringBusy | ringDiscarded))
			if head&ringDiscarded == 0 {
				take(r.data[place+ringHeader : place+ringHeader+n])
				some = true
			}
			at += (n + ringHeader + 7) &^ 7
			atomic.StoreUint64(r.read, at)
		}
	}
}
