package attach

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"evviz/probe"
	"evviz/probe/kernel"
	"evviz/probe/look"
	"evviz/trace"
)

// fact is something that was there when the process was looked into: one of its members is set.
type fact struct {
	pid    int
	thread *kernel.Thread
	file   *kernel.File
	reg    *kernel.Reg
}

func (s *Source) known(at int64, f *fact) {
	switch {
	case f.thread != nil:
		s.thread(at, f.pid, f.thread)
	case f.file != nil:
		s.file(at, f.pid, f.file)
	case f.reg != nil:
		r := f.reg
		s.em.Registration(f.pid, f.pid, int32(r.EPFD), int32(r.FD), r.Events, r.Data, r.Queued, at)
	}
}

// thread says which thread there is, and the call that it has been in since before.
func (s *Source) thread(at int64, pid int, t *kernel.Thread) {
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
	if s.em.Call(&s.call) == nil {
		s.blocked[r.TID] = blocked{at, r.Call}
	}
	if s.call.Sys == probe.SysSelect || s.call.Sys == probe.SysPselect6 {
		s.recorder.Sets()
	}
}

func narrow(v uint64) uint32 { return uint32(min(v, 1<<32-1)) }

func (s *Source) file(at int64, pid int, f *kernel.File) {
	if f.FD < 0 {
		return
	}
	x := probe.Fact{FD: int32(f.FD), Unread: -1, Backlog: -1, Flags: f.Flags}
	if f.CloseOnExec {
		x.Flags |= unix.O_CLOEXEC
	}
	switch f.Kind {
	case kernel.KindSocket:
		if f.Socket == nil {
			return
		}
		s.socket(&x, f.Socket)
		s.place(f.Socket.Sock, place{pid, x.FD})
	case kernel.KindPipe:
		x.Type = trace.TypePipe
		if p := f.Pipe; p != nil && p.Reads {
			x.Unread = int64(p.Unread)
		}
	case kernel.KindEpoll:
		x.Type = trace.TypeEpoll
	case kernel.KindEventfd:
		x.Type = trace.TypeEventfd
	case kernel.KindTimerfd:
		x.Type = trace.TypeTimerfd
	case kernel.KindSignalfd:
		x.Type = trace.TypeSignalfd
	case kernel.KindInotify:
		x.Type = trace.TypeInotify
	case kernel.KindUring:
		x.Type = trace.TypeURing
	default:
		x.Type = trace.TypeOther
	}
	s.em.Descriptor(pid, pid, &x, at)
}

func (s *Source) socket(x *probe.Fact, k *kernel.Socket) {
	plain := func(a netip.AddrPort) string {
		if !a.IsValid() {
			return ""
		}
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
	}
	x.Local, x.Peer = plain(k.Local), plain(k.Peer)
	if k.Path != "" {
		x.Local = look.UnixAddress(k.Path)
	}
	if k.PeerPath != "" {
		x.Peer = look.UnixAddress(k.PeerPath)
	}
	switch {
	case k.Listening:
		x.Type, x.Unread, x.Backlog, x.Peer = trace.TypeListener, int64(k.Accept), int64(k.Backlog), ""
		return
	case k.Type == unix.SOCK_STREAM:
		x.Type = trace.TypeStream
	case k.Type == unix.SOCK_SEQPACKET:
		x.Type = trace.TypeSeqpacket
	default:
		x.Type = trace.TypeDatagram
	}
	x.Unread = int64(k.Unread)
	if ok, known := k.Writable(); known {
		x.Room = answer(ok)
	}
	if x.Type == trace.TypeStream {
		x.Finished = answer(k.ReadShut)
	}
}

func answer(b bool) trace.Answer {
	if b {
		return trace.AnswerYes
	}
	return trace.AnswerNo
}
