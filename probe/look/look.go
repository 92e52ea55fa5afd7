package look

import (
	"errors"
	"fmt"
	"slices"

	"evviz/internal/sys"
	"evviz/probe/kernel"
	"evviz/trace"
)

// Looker looks into processes, again and again. It keeps what need not be found out twice.
//
// Thread rule: everything belongs to one goroutine.
type Looker struct {
	proc   procLooker
	kernel *kernelLooker // nil: BPF programs cannot be loaded, or are not to be
	why    *kernel.Refused
	pids   []int
	seen   map[int]string // the names of those that were looked at
}

// New makes a looker for processes. No process is looked at yet. It looks by BPF where this process may load its programs, and by /proc
// elsewhere; Close gives the programs back.
func New(pids ...int) *Looker {
	l := &Looker{pids: slices.Clone(pids), seen: map[int]string{}}
	r, err := kernel.Open()
	if err != nil {
		if !errors.As(err, &l.why) {
			l.why = &kernel.Refused{Errno: err}
		}
		return l
	}
	l.kernel = &kernelLooker{reader: r}
	l.proc.files.next = 1 << 28 // apart from those of the kernel's looker, where both are needed
	return l
}

// NewByProc is New without BPF.
func NewByProc(pids ...int) *Looker { return &Looker{pids: slices.Clone(pids), seen: map[int]string{}} }

// Close gives back what the looker has loaded.
func (l *Looker) Close() error {
	if l.kernel == nil {
		return nil
	}
	return l.kernel.reader.Close()
}

// DropRights takes every capability from this process, once what wants them has been loaded: what parses foreign bytes, and draws, has none
// then. Where the looker needs them for each look (by /proc, and on kernels before 5.19) nothing is dropped. What it no longer sees of other
// users' processes are the sets of poll and select, which stand in their memory.
func (l *Looker) DropRights() error {
	if l.kernel == nil || !sys.LookRights().ReadsAfterDropping() {
		return nil
	}
	return sys.DropCapabilities()
}

// way is how it looks, in words.
func (l *Looker) way() string {
	if l.kernel != nil {
		return "BPF iterators"
	}
	return "/proc and sock_diag"
}

// Refused is why BPF is not used, nil where it is, or is not to be.
func (l *Looker) Refused() *kernel.Refused { return l.why }

// Look is one look at all of them. A process that has ended meanwhile, or cannot be looked into, is left out and missing; when none is left
// the error is a *Refusal that says why.
func (l *Looker) Look() (*Moment, error) {
	process, missed := l.proc.process, &l.proc.missing
	l.proc.again()
	if l.kernel != nil {
		l.kernel.again()
		process, missed = l.kernel.process, &l.kernel.missing
	}
	m := &Moment{Time: trace.Now()}
	var refusal error
	var byProc []*ProcessMoment
	for _, pid := range l.pids {
		p, err := process(pid)
		if errors.Is(err, errHidden) {
			missed.add(fmt.Sprintf("what is on the ready lists of process %d", pid), errHidden.Error()+"; it was looked at by /proc")
			if p, err = l.proc.process(pid); err == nil {
				byProc = append(byProc, p)
			}
		}
		switch {
		case err == nil:
			m.Processes = append(m.Processes, p)
			l.seen[pid] = p.Name
			continue
		case errors.Is(err, ErrEnded) && l.seen[pid] != "":
			err = &Refusal{PID: pid, Name: l.seen[pid], Why: "the process has ended", Err: ErrEnded}
		case errors.Is(err, ErrEnded):
		default:
			missed.add(fmt.Sprintf("process %d", pid), err.Error())
		}
		if refusal == nil || errors.Is(refusal, ErrEnded) && !errors.Is(err, ErrEnded) {
			refusal = err // what is said when nothing is left: rather why one could not be looked into than that one has ended
		}
	}
	if len(m.Processes) == 0 {
		return nil, refusal
	}
	if l.kernel == nil {
		byProc = m.Processes
	} else {
		for _, x := range l.proc.missing {
			missed.add(x.What, x.Why)
		}
	}
	l.proc.targets(byProc)
	for _, p := range m.Processes {
		if p.Bits == 32 {
			missed.add(fmt.Sprintf("the calls of process %d", p.PID), "it is a 32-bit program: its calls have other numbers")
		}
	}
	switch {
	case l.why != nil:
		missed.add(onlyBPF, l.why.Error())
	case l.kernel == nil:
		missed.add(onlyBPF, "/proc and sock_diag do not show it")
	}
	m.Missing = *missed
	return m, nil
}

// onlyBPF is what /proc and sock_diag do not show.
const onlyBPF = "what is on the ready list, and what lies in pipes"

// Process is the process with a number in the moment, nil if it is not in it.
func (m *Moment) Process(pid int) *ProcessMoment {
	for _, p := range m.Processes {
		if p.PID == pid {
			return p
		}
	}
	return nil
}

// File is the descriptor with a number, nil if there is none.
func (p *ProcessMoment) File(fd int32) *FileMoment {
	i, ok := slices.BinarySearchFunc(p.Files, fd, func(f FileMoment, fd int32) int { return int(f.FD - fd) })
	if !ok {
		return nil
	}
	return &p.Files[i]
}

// Suspect reports whether the moment has something that a second look can tell from what was just under way: unread data, connections that
// nobody has accepted, a wait for room that is there, a registration of a closed number, a thread that runs.
func (m *Moment) Suspect() bool {
	for _, p := range m.Processes {
		for i := range p.Files {
			if f := &p.Files[i]; f.Unread > 0 && f.Type != trace.TypeOther {
				return true
			}
		}
		for i := range p.Regs {
			r := &p.Regs[i]
			f := p.File(int32(r.FD))
			if f == nil || r.Stale {
				return true
			}
			if r.Armed() && r.Level() && r.Events&pollOut != 0 && f.Room == trace.AnswerYes {
				return true
			}
		}
		for i := range p.Threads {
			if p.Threads[i].Doing == trace.DoingRunning {
				return true
			}
			for _, x := range p.Threads[i].Set {
				if f := p.File(x.FD); f != nil && x.Events&pollOut != 0 && f.Room == trace.AnswerYes {
					return true
				}
			}
		}
	}
	return false
}

const pollOut = 0x4
