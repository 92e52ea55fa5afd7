package look

import (
	"errors"
	"slices"

	"evviz/trace"
)

// Looker looks into processes, again and again. It keeps what need not be found out twice.
//
// Thread rule: everything belongs to one goroutine.
type Looker struct {
	proc procLooker
	pids []int
}

// New makes a looker for processes. No process is looked at yet.
func New(pids ...int) *Looker { return &Looker{pids: slices.Clone(pids)} }

// Look is one look at all of them. A process that has ended meanwhile is left out; when none is left, or the first look finds one that
// cannot be looked into, the error is a *Refusal that says why.
func (l *Looker) Look() (*Moment, error) {
	l.proc.again()
	m := &Moment{Time: trace.Now()}
	var refusal error
	for _, pid := range l.pids {
		p, err := l.proc.process(pid)
		switch {
		case err == nil:
			m.Processes = append(m.Processes, p)
		case errors.Is(err, ErrEnded):
			refusal = err
		default:
			return nil, err
		}
	}
	if len(m.Processes) == 0 {
		return nil, refusal
	}
	m.Missing = l.proc.missing
	return m, nil
}

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
