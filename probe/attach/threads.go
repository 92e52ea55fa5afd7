package attach

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"evviz/probe"
	"evviz/probe/kernel"
	"evviz/trace"
)

// blocked is the call that a thread is in.
type blocked struct {
	at   int64
	call uint16
}

// askedSet is what a select was asked for.
type askedSet struct {
	set   []probe.PollFD
	cut   bool
	nanos int64 // timeout; -1 none
}

// pidOf is the process of a thread; ok is false where nobody knows. A thread that began while the programs were being put in place is not among
// those that were there, and its beginning may have been missed: the kernel still says whose it is while it lives.
func (s *Source) pidOf(tid uint32) (pid int, ok bool) {
	if pid, ok := s.who[tid]; ok {
		return pid, true
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		if number, is := strings.CutPrefix(line, "Tgid:"); is {
			pid, err := strconv.Atoi(strings.TrimSpace(number))
			if err != nil || !s.alive[pid] {
				return 0, false
			}
			s.who[tid] = pid
			return pid, true
		}
	}
	return 0, false
}

// wantSets has what select is asked for recorded. Where that is not possible, it is asked once.
func (s *Source) wantSets() {
	if !s.setsWanted {
		s.setsWanted = true
		s.recorder.Sets()
	}
}

// called makes a Call of a record, and events of that.
func (s *Source) called(r *kernel.Record, pid int, at int64) {
	c := &s.call
	callOf(c, r, pid, at)
	if r.Kind == kernel.RecordBlock {
		if classOf(int(r.Call)) == kernel.ClassSlow {
			s.blocked[r.TID] = blocked{at, r.Call}
			return // it is told when it has returned, if it took long
		}
		c.Phase = trace.PhaseEnter
		s.blocked[r.TID] = blocked{at, r.Call}
	} else {
		b, in := s.blocked[r.TID]
		delete(s.blocked, r.TID)
		switch {
		case in && b.call == r.Call:
			c.Phase, c.Dur = trace.PhaseExit, at-b.at
			if classOf(int(r.Call)) == kernel.ClassSlow {
				c.Phase = trace.PhaseComplete
			}
		case r.Start != 0:
			c.Dur = at - s.at(int64(r.Start))
		}
	}
	if set, ok := s.sets[r.TID]; ok && (c.Sys == probe.SysSelect || c.Sys == probe.SysPselect6) {
		c.Set, c.SetCut, c.Nanos = append(c.Set, set.set...), set.cut, set.nanos
		if r.Kind == kernel.RecordCall {
			delete(s.sets, r.TID)
		}
	} else if c.Sys == probe.SysSelect || c.Sys == probe.SysPselect6 {
		s.wantSets() // from the next one on
	}
	if s.em.Call(c) != nil {
		return // it contradicts itself
	}
	if r.Kind != kernel.RecordCall {
		return
	}
	if r.RunQueue > 0 {
		s.em.Delayed(pid, int(r.TID), int64(r.RunQueue), at)
	}
	s.places(c, r, pid, at)
}
