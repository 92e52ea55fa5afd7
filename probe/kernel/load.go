//go:build linux && (amd64 || arm64)

package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

// options leave out what a kernel has, as if it were older. Tests use them.
type options struct {
	withoutLoop       bool // as before 5.17
	withoutOneProcess bool // as before 6.1
	ring              int  // bytes; 0: as in the object
}

// objects are what the kernel has of us. Nothing is pinned: they go with the last descriptor, also when this process is killed.
type objects struct {
	files, threads *ebpf.Program // nil: missing
	ring, passes   *ebpf.Map
	lists          bool // files goes through interest lists
	missing        []string
}

func (o *objects) close() (err error) {
	for _, p := range []*ebpf.Program{o.files, o.threads} {
		if p != nil {
			err = errors.Join(err, p.Close())
		}
	}
	for _, m := range []*ebpf.Map{o.ring, o.passes} {
		if m != nil {
			err = errors.Join(err, m.Close())
		}
	}
	return err
}

func open(opt options) (_ *Reader, err error) {
	rights := sys.LookRights()
	causes := rights.Causes()
	for _, c := range causes {
		if c.Certain {
			return nil, &Refused{Causes: causes}
		}
	}
	r := &Reader{}
	defer func() {
		if err != nil {
			r.objects.close()
		}
	}()
	if err := r.objects.load(opt, rights); err != nil {
		return nil, refused(causes, rights, err)
	}
	if err := r.tryLink(opt); err != nil {
		return nil, refused(causes, rights, err)
	}
	r.clock = readClock()
	if r.ring, err = ringbuf.NewReader(r.objects.ring); err != nil {
		return nil, fmt.Errorf("map the ring that the programs write to: %w", err)
	}
	return r, nil
}

// load asks for one program after another, so that each that the kernel takes is there.
func (o *objects) load(opt options, rights sys.Rights) error {
	spec, err := loadState()
	if err != nil {
		return err
	}
	types := btf.NewCache() // of the kernel's structures: megabytes, for loading only
	if opt.ring != 0 {
		spec.Maps[stateMapRing].MaxEntries = uint32(opt.ring)
	}
	delete(spec.Maps, ".bss") // it and its variables are there for the names of types
	for name, v := range spec.Variables {
		if v.SectionName == ".bss" {
			delete(spec.Variables, name)
		}
	}
	if o.ring, err = ebpf.NewMap(spec.Maps[stateMapRing]); err != nil {
		return err
	}
	if o.passes, err = ebpf.NewMap(spec.Maps[stateMapPasses]); err != nil {
		return err
	}
	var why error
	o.lists = !opt.withoutLoop
	if o.lists {
		o.files, err = o.program(spec, types, stateProgFiles, true)
		o.lists = err == nil
		why = err
	}
	if !o.lists {
		if o.files, err = o.program(spec, types, stateProgFiles, false); err == nil {
			o.miss("interest lists, and how many bytes lie in the queues of UDP and AF_UNIX sockets", "bpf_loop, which came with Linux 5.17", why, rights)
		} else {
			o.miss("descriptors and interest lists", "an iterator over descriptors, which came with Linux 5.8", err, rights)
			why = err
		}
	}
	if o.threads, err = o.program(spec, types, stateProgThreads, false); err != nil {
		o.miss("threads and the calls that they are in", "bpf_task_pt_regs, which came with Linux 5.15", err, rights)
		if o.files == nil {
			return why
		}
	}
	return nil
}

func (o *objects) miss(what, needs string, err error, rights sys.Rights) {
	said := ""
	if e := errnoOf(err); e != 0 {
		said = " (" + unix.ErrnoName(e) + ")"
	}
	o.missing = append(o.missing, fmt.Sprintf("%s: this kernel, %s, refuses the program for it%s; it needs %s", what, rights.Release, said, needs))
}

// program loads one program with the maps that there are.
func (o *objects) program(all *ebpf.CollectionSpec, types *btf.Cache, name string, loop bool) (*ebpf.Program, error) {
	spec := all.Copy()
	for other := range spec.Programs {
		if other != name {
			delete(spec.Programs, other)
		}
	}
	if err := setConstant(spec, stateVarWithLoop, loop); err != nil {
		return nil, err
	}
	c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{
		Cache:           types,
		MapReplacements: map[string]*ebpf.Map{stateMapRing: o.ring, stateMapPasses: o.passes},
	})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.DetachProgram(name), nil
}

// setConstant puts a constant of the programs into the map of constants, and forgets that it is a variable: variables the library maps into
// memory, where their map stays until the garbage collector comes.
func setConstant(spec *ebpf.CollectionSpec, name string, on bool) error {
	v := spec.Variables[name]
	if v == nil {
		return fmt.Errorf("the object has no constant %s", name)
	}
	m := spec.Maps[v.SectionName]
	if m == nil || len(m.Contents) != 1 {
		return fmt.Errorf("the object has no map for the constant %s", name)
	}
	data, ok := m.Contents[0].Value.([]byte)
	if !ok || int(v.Offset)+4 > len(data) {
		return fmt.Errorf("the object's map has no place for the constant %s", name)
	}
	data = slices.Clone(data) // copies of a spec share it
	var value uint32
	if on {
		value = 1
	}
	binary.NativeEndian.PutUint32(data[v.Offset:], value)
	m.Contents[0].Value = data
	clear(spec.Variables)
	return nil
}

// tryLink makes a link and lets go of it: what loads may still not be linked, and whether one process can be named is found by trying.
func (r *Reader) tryLink(opt options) error {
	p := r.objects.files
	if p == nil {
		p = r.objects.threads
	}
	r.oneProcess = !opt.withoutOneProcess
	link, err := -1, error(nil)
	if r.oneProcess {
		link, err = sys.IterLink(p.FD(), unix.Getpid())
		r.oneProcess = err == nil
	}
	if !r.oneProcess {
		link, err = sys.IterLink(p.FD(), 0)
	}
	if err != nil {
		return err
	}
	return unix.Close(link)
}

// refused makes the error of what was looked at before bpf(2) was asked. The library's own sentence would name a cause that it guesses. What
// is neither the kernel's answer nor a lack of the kernel is a fault of this program, and is left as it is.
func refused(causes []sys.Cause, rights sys.Rights, err error) error {
	e := errnoOf(err)
	r := &Refused{Causes: causes, Log: verifierLog(err)}
	switch {
	case e == unix.ENOSYS:
		r.Causes = append([]sys.Cause{{Kind: sys.CauseNoBPF}}, causes...)
	case e == 0 && !errors.Is(err, ebpf.ErrNotSupported):
		return fmt.Errorf("load the BPF programs: %w", err)
	case len(causes) > 0:
	case e == 0:
		r.Causes = []sys.Cause{{Kind: sys.CauseLacking, Detail: rights.Release}}
	default:
		r.Causes = []sys.Cause{{Kind: sys.CauseOther, Detail: unix.ErrnoName(e)}}
	}
	if e != 0 {
		r.Errno = e
	}
	return r
}

func verifierLog(err error) string {
	var v *ebpf.VerifierError
	if errors.As(err, &v) {
		return strings.Join(v.Log, "\n")
	}
	return ""
}

func errnoOf(err error) unix.Errno {
	var e unix.Errno
	if errors.As(err, &e) {
		return e
	}
	return 0
}
