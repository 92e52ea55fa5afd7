package look

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/probe/kernel"
	"evviz/trace"
)

// ticksPerSecond is USER_HZ, which is 100 on every architecture that Go runs on.
const ticksPerSecond = 100

// threads looks at the threads of a process.
func threads(p *ProcessMoment, main procStat, m *missing) {
	dir := fmt.Sprintf("/proc/%d/task/", p.PID)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // it has ended: the caller finds out
	}
	var tids []int
	for _, d := range entries {
		if n, err := strconv.Atoi(d.Name()); err == nil {
			tids = append(tids, n)
		}
	}
	slices.Sort(tids)
	for _, tid := range tids {
		own := dir + strconv.Itoa(tid) + "/"
		st, err := statOf(own + "stat")
		if err != nil {
			continue
		}
		t := ThreadMoment{TID: tid, Name: st.name, Doing: doing(st.state), Call: unknownCall, CPU: st.ticks * 1e9 / ticksPerSecond, Switches: -1, Voluntary: -1, Involuntary: -1}
		if b, err := os.ReadFile(own + "schedstat"); err == nil {
			f := strings.Fields(string(b))
			if len(f) >= 3 {
				if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
					t.CPU = n
				}
				if n, err := strconv.ParseInt(f[2], 10, 64); err == nil {
					t.Switches = n
				}
			}
		}
		if st.ticks > 0 { // the kernel itself divides what it has measured in this ratio (cputime_adjust)
			t.System = int64(float64(t.CPU) * float64(st.system) / float64(st.ticks))
		}
		t.Voluntary, t.Involuntary = switches(own + "status")
		b, err := os.ReadFile(own + "syscall")
		switch {
		case err == nil:
			p.Inside = true
			if t.call(string(b)); p.Bits == 32 {
				t.Call = unknownCall
			} else {
				t.Set, t.HasSet = setOf(p.PID, &t)
				t.Timeout = timeoutOf(p.PID, &t)
			}
		case errors.Is(err, os.ErrPermission):
			m.add("the calls that threads are in", fmt.Sprintf("/proc/%d/task/TID/syscall may not be read (it wants CAP_SYS_PTRACE, or the same user and kernel.yama.ptrace_scope 0)", p.PID))
		case errors.Is(err, os.ErrNotExist):
			m.add("the calls that threads are in", "this kernel has no /proc/PID/syscall (CONFIG_HAVE_ARCH_TRACEHOOK)")
		}
		p.Threads = append(p.Threads, t)
	}
}

// Numbers of ThreadMoment.Call that are no call.
const (
	noCall      = -1 // it was in the program's own code, or waits in the kernel for something else, as for a page
	unknownCall = -2
)

// call reads what /proc/PID/syscall says: "running", "-1 SP PC", or the number, six arguments, SP and PC.
func (t *ThreadMoment) call(s string) {
	f := strings.Fields(s)
	if len(f) == 0 || f[0] == "running" {
		return
	}
	n, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		return
	}
	if t.Call = n; n < 0 {
		t.Call = noCall
		return
	}
	for i := range t.Args {
		if i+1 < len(f) {
			t.Args[i], _ = strconv.ParseUint(strings.TrimPrefix(f[i+1], "0x"), 16, 64)
		}
	}
}

// doing reads the letter for a task's state (proc(5)).
func doing(state byte) trace.Doing {
	switch state {
	case 'R':
		return trace.DoingRunning
	case 'S', 'I':
		return trace.DoingWaiting
	case 'D':
		return trace.DoingBlocked
	case 'T':
		return trace.DoingStopped
	case 't':
		return trace.DoingTraced
	case 'Z', 'X':
		return trace.DoingEnded
	}
	return trace.DoingUnknown
}

// CallName is how the manual names the system call with a number on this architecture; "" where that is not known.
func CallName(n int64) string { return callNames[n] }

// callName is how the manual names the call with a number; its number where that is not known, and "" for none.
func callName(n int64) string {
	if n < 0 {
		return ""
	}
	if s := callNames[n]; s != "" {
		return s
	}
	return "call " + strconv.FormatInt(n, 10)
}

// maxSet bounds how many entries of a set are read.
const maxSet = 1 << 16

// setOf reads the set that a thread waits for in poll, ppoll, select or pselect6, out of its memory (process_vm_readv(2)). The kernel writes
// there only when the call returns. ok is false when it is in none of them, or the memory may not be read.
func setOf(pid int, t *ThreadMoment) (set []SetMember, ok bool) {
	switch callName(t.Call) {
	case "poll", "ppoll":
		n := t.Args[1]
		if n == 0 {
			return nil, true
		}
		if n > maxSet {
			return nil, false
		}
		b := make([]byte, n*8)
		if !readMemory(pid, t.Args[0], b) {
			return nil, false
		}
		for ; len(b) >= 8; b = b[8:] {
			if fd := int32(binary.NativeEndian.Uint32(b)); fd >= 0 {
				set = append(set, SetMember{fd, uint32(binary.NativeEndian.Uint16(b[4:]))})
			}
		}
		return set, true
	case "select", "pselect6":
		n := t.Args[0]
		if n > maxSet {
			return nil, false
		}
		asked := map[int32]uint32{}
		for i, bit := range []uint32{unix.POLLIN, unix.POLLOUT, unix.POLLPRI} {
			if t.Args[1+i] == 0 || n == 0 {
				continue
			}
			words := make([]byte, (n+63)/64*8)
			if !readMemory(pid, t.Args[1+i], words) {
				return nil, false
			}
			for fd := range int32(n) {
				if binary.NativeEndian.Uint64(words[fd/64*8:])>>(fd%64)&1 != 0 {
					asked[fd] |= bit
				}
			}
		}
		for fd, events := range asked {
			set = append(set, SetMember{fd, events})
		}
		slices.SortFunc(set, func(a, b SetMember) int { return int(a.FD - b.FD) })
		return set, true
	}
	return nil, false
}

// readMemory fills b from a process's memory.
func readMemory(pid int, at uint64, b []byte) bool {
	local := []unix.Iovec{{Base: unsafe.SliceData(b)}}
	local[0].SetLen(len(b))
	n, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: uintptr(at), Len: len(b)}}, 0)
	return err == nil && n == len(b)
}

// switches are the voluntary and involuntary context switches of a thread; -1 unknown.
func switches(path string) (voluntary, involuntary int64) {
	b, err := os.ReadFile(path)
	if err != nil {
		return -1, -1
	}
	voluntary, involuntary = -1, -1
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "voluntary_ctxt_switches":
			voluntary = n
		case "nonvoluntary_ctxt_switches":
			involuntary = n
		}
	}
	return voluntary, involuntary
}

// TimeoutOf is the timeout of the wait that a thread of a process is in (ns), -1 for none, 0 where it is in no wait or that cannot be read.
func TimeoutOf(pid int, t *kernel.Thread) int64 {
	return timeoutOf(pid, &ThreadMoment{Call: int64(t.Call), Args: t.Args})
}

// timeoutOf is the timeout of the wait that a thread is in (ns), -1 for none, 0 where it is in no wait or that cannot be read.
func timeoutOf(pid int, t *ThreadMoment) int64 {
	ms := func(arg uint64) int64 {
		if n := int64(int32(arg)); n >= 0 {
			return n * 1e6
		}
		return -1
	}
	pointed := func(at uint64, unit int64) int64 {
		if at == 0 {
			return -1
		}
		var b [16]byte
		if !readMemory(pid, at, b[:]) {
			return 0
		}
		s, part := int64(binary.NativeEndian.Uint64(b[:])), int64(binary.NativeEndian.Uint64(b[8:]))
		if s < 0 || part < 0 || part >= 1e9 || s > 1<<32 {
			return 0
		}
		return s*1e9 + part*unit
	}
	switch callName(t.Call) {
	case "epoll_wait", "epoll_pwait":
		return ms(t.Args[3])
	case "poll":
		return ms(t.Args[2])
	case "epoll_pwait2":
		return pointed(t.Args[3], 1)
	case "ppoll":
		return pointed(t.Args[2], 1)
	case "pselect6":
		return pointed(t.Args[4], 1)
	case "select":
		return pointed(t.Args[4], 1000)
	}
	return 0
}
