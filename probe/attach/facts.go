package attach

import (
	"evviz/probe"
	"evviz/probe/kernel"
	"evviz/probe/look"
	"evviz/trace"
)

// fact is something that was there when the process was looked into: one of its members is set.
type fact struct {
	pid     int
	thread  *kernel.Thread
	timeout int64 // of the wait that the thread is in, as look.TimeoutOf has it
	file    *kernel.File
	reg     *kernel.Reg
}

func (s *Source) known(at int64, f *fact) {
	switch {
	case f.thread != nil:
		s.thread(at, f)
	case f.file != nil:
		s.file(at, f.pid, f.file)
	case f.reg != nil:
		r := f.reg
		s.em.Registration(f.pid, f.pid, int32(r.EPFD), int32(r.FD), r.Events, r.Data, r.Queued, at)
	}
}

// thread says which thread there is, and the call that it has been in since before.
func (s *Source) thread(at int64, f *fact) {
	pid, t := f.pid, f.thread
	if t.Worker {
		return
	}
	s.em.Began(pid, t.TID, 0, t.Name, at)
	if t.Call < 0 || t.Compat || t.State != "S" && t.State != "D" {
		return
	}
	if _, in := s.blocked[uint32(t.TID)]; in {
		return // its record came first
	}
	class := classOf(t.Call)
	if class == kernel.ClassSlow {
		return
	}
	r := kernel.Record{TID: uint32(t.TID), Call: uint16(t.Call), Kind: kernel.RecordBlock, Args: [3]uint32{narrow(t.Args[0]), narrow(t.Args[2]), narrow(t.Args[3])}}
	switch class {
	case kernel.ClassEpollCtl, kernel.ClassPlain, kernel.ClassPoll, kernel.ClassPpoll:
		r.Args[1], r.Args[2] = narrow(t.Args[1]), narrow(t.Args[2])
	}
	callOf(&s.call, &r, pid, at)
	s.call.Phase = trace.PhaseEnter
	if f.timeout != 0 {
		s.call.Nanos = f.timeout
	}
	if class == kernel.ClassSelect || class == kernel.ClassPselect6 { // what it has when it returns is what was left
		s.sets[r.TID] = askedSet{nil, true, s.call.Nanos}
	}
	if s.em.Call(&s.call) == nil {
		s.blocked[r.TID] = blocked{at, r.Call}
	}
}

func narrow(v uint64) uint32 { return uint32(min(v, 1<<32-1)) }

func (s *Source) file(at int64, pid int, f *kernel.File) {
	if f.FD < 0 {
		return
	}
	x := look.Describe(f)
	if f.Socket != nil {
		s.place(f.Socket.Sock, place{pid, x.FD})
	}
	known := probe.Fact{FD: x.FD, Type: x.Type, Flags: x.Flags, Unread: x.Unread, Backlog: x.Backlog, Room: x.Room, Finished: x.Finished}
	known.Local, known.Peer = x.Addresses()
	s.em.Descriptor(pid, pid, &known, at)
}
