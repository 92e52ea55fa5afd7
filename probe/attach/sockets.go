package attach

import (
	"evviz/probe"
	"evviz/probe/kernel"
)

// place is a descriptor of a process.
type place struct {
	pid int
	fd  int32
}

// places follows which socket is behind which descriptor.
func (s *Source) places(c *probe.Call, r *kernel.Record, pid int, at int64) {
	if c.Errno == 0 && c.Sys == probe.SysClose {
		p := place{pid, int32(r.Args[0])}
		if key, ok := s.keys[p]; ok {
			delete(s.keys, p)
			if s.sockets[key] == p {
				delete(s.sockets, key)
			}
		}
	}
	seen, ok := r.Socket()
	if !ok {
		return
	}
	fd := r.Result
	if c.Sys == probe.SysConnect || c.Sys == probe.SysBind {
		fd = int32(r.Args[0])
	}
	s.place(seen.Sock, place{pid, fd})
	if unread, ok := s.early[seen.Sock]; ok { // a descriptor has data from its accept on
		delete(s.early, seen.Sock)
		s.em.Arrived(pid, int(r.TID), fd, unread, at)
	}
}

func (s *Source) place(key kernel.Key, p place) {
	if old, ok := s.keys[p]; ok && s.sockets[old] == p {
		delete(s.sockets, old)
	}
	s.sockets[key], s.keys[p] = p, key
}

const tcpListen = 10 // TCP_LISTEN

// maxEarly bounds how many sockets are remembered that have data and no descriptor.
const maxEarly = 1 << 16

func (s *Source) arrived(r *kernel.Record, at int64) {
	key := kernel.Key(r.Start)
	p, ok := s.sockets[key]
	if !ok {
		if len(s.early) >= maxEarly {
			clear(s.early) // connections that nobody accepted
		}
		s.early[key] = int64(r.Result)
		return
	}
	s.em.Arrived(p.pid, p.pid, p.fd, int64(r.Result), at)
	if r.Args[1] == tcpListen {
		s.em.Waiting(p.pid, p.pid, p.fd, int64(r.Result), int64(r.Args[2]), at)
	}
}
