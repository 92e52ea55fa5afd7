package probe

import (
	"strings"

	"evviz/trace"
)

const (
	solSocket = 1
	soError   = 4
)

// tableSocket: sockets and how they become connections.
var tableSocket = map[Sys]entry{
	// socket(2): family, type with flags, protocol. The result is the socket.
	SysSocket: {name: "socket", kind: trace.Open, fd: -1,
		args: func(_ *thread, e *trace.Event, c *Call) {
			e.FD, e.Aux, e.Mask = -1, trace.OpenAux(socketType(c.Args[1]), trace.OriginSocket), uint32(c.Args[1])&openFlags
		},
		result: func(_ *thread, e *trace.Event, c *Call) { e.FD = c.newFD() }},
	// socketpair(2): the same, and where the two descriptors go.
	SysSocketpair: makesPair("socketpair", trace.OriginPair, func(c *Call) (typ, flags uint32) {
		return socketType(c.Args[1]), uint32(c.Args[1]) & openFlags
	}),

	// bind(2): socket, address. That it worked is seen from the listener's address.
	SysBind: {name: "bind", kind: trace.Sys, fd: 0, result: failed,
		after: func(_ *Emitter, th *thread, c *Call) {
			if f := th.file(int32(c.Args[0])); f != nil && c.Local != "" {
				knownOf(f).bound = c.Local
			}
		}},
	// listen(2): socket, backlog.
	SysListen: {name: "listen", kind: trace.Listen, fd: 0,
		args: func(_ *thread, e *trace.Event, c *Call) { e.A = int64(int32(c.Args[1])) }},

	// accept(2): listener, address, its length, flags. The result is the connection.
	SysAccept:  accepts("accept", trace.CallAccept, noFlags),
	SysAccept4: accepts("accept4", trace.CallAccept4, func(c *Call) uint32 { return uint32(c.Args[3]) }),

	// connect(2): socket, address, its length.
	SysConnect: {name: "connect", kind: trace.Connect, fd: 0, blocks: true},
	// shutdown(2): socket, which direction.
	SysShutdown: {name: "shutdown", kind: trace.Shutdown, fd: 0,
		args: func(_ *thread, e *trace.Event, c *Call) { e.Aux = uint32(c.Args[1]) }},

	// getsockname(2), getpeername(2): socket, address. Nothing happens; what is learnt comes with a restatement.
	SysGetsockname: {name: "getsockname", kind: trace.KindNone, fd: 0, after: addressLearnt},
	SysGetpeername: {name: "getpeername", kind: trace.KindNone, fd: 0, after: addressLearnt},

	// getsockopt(2): socket, level, option, value. SO_ERROR is how the end of a connect is found out, and it is consumed by
	// being asked for.
	SysGetsockopt: {name: "getsockopt", kind: trace.Sys, fd: 0,
		skip: func(c *Call) bool { return c.Args[1] != solSocket || c.Args[2] != soError },
		args: func(_ *thread, e *trace.Event, c *Call) { e.A = soError },
		result: func(_ *thread, e *trace.Event, c *Call) {
			if e.B = c.result(); c.Known && c.Errno == 0 {
				e.B = int64(c.Value)
			}
		}},
	// setsockopt(2): socket, level, option, value.
	SysSetsockopt: {name: "setsockopt", kind: trace.SockOpt, fd: 0,
		args: func(_ *thread, e *trace.Event, c *Call) {
			e.A, e.B, e.Aux = int64(int32(c.Args[1])), int64(int32(c.Args[2])), uint32(c.Value)
		}},
}

func accepts(name string, call uint32, flags func(c *Call) uint32) entry {
	return entry{name: name, kind: trace.Accept, call: call, fd: 0, blocks: true,
		args:   func(_ *thread, e *trace.Event, c *Call) { e.Mask = flags(c) },
		result: func(_ *thread, e *trace.Event, c *Call) { e.A = c.result() },
		after:  func(em *Emitter, th *thread, c *Call) { em.accepted(th, c, flags(c)) }}
}

// accepted tells of a new connection, and has learnt that the socket is a listener.
func (em *Emitter) accepted(th *thread, c *Call, flags uint32) {
	f := th.file(int32(c.Args[0]))
	typ := uint32(trace.TypeUnknown)
	if f != nil {
		typ = sock(f)
	}
	if typ == trace.TypeUnknown {
		for i := range c.FDs {
			if c.FDs[i].FD == int32(c.Ret) {
				typ = c.FDs[i].Type
			}
		}
	}
	if typ == trace.TypeUnknown && strings.Contains(c.Peer, ":") {
		typ = trace.TypeStream // of the families with ports only streams can be accepted
	}
	if f != nil && f.Type == trace.TypeListener {
		knownOf(f).made = typ
	}
	em.opened(th, c, int32(c.Ret), typ, trace.OriginAccept, flags)
}

// makesPair is an entry for a call that makes two descriptors.
func makesPair(name string, from uint32, kind func(c *Call) (typ, flags uint32)) entry {
	return entry{name: name, kind: trace.Open, fd: -1,
		args: func(_ *thread, e *trace.Event, c *Call) {
			typ, flags := kind(c)
			e.FD, e.Aux, e.Mask = -1, trace.OpenAux(typ, from), flags
		},
		result: func(_ *thread, e *trace.Event, c *Call) {
			if c.Errno == 0 {
				e.Kind = trace.KindNone // each of the two has an Open of its own
			}
		},
		after: func(em *Emitter, th *thread, c *Call) {
			typ, flags := kind(c)
			for _, fd := range c.Pair {
				if fd >= 0 {
					em.opened(th, c, fd, typ, from, flags)
				}
			}
		}}
}

func addressLearnt(em *Emitter, th *thread, c *Call) {
	fd := int32(c.Args[0])
	f := th.file(fd)
	if f == nil {
		return
	}
	em.note(th, &FDNote{FD: fd, Type: sock(f), Peer: c.Peer, Local: c.Local}, c.Time)
}

// socketType is the descriptor type of socket(2)'s second argument.
func socketType(v uint64) uint32 {
	switch v & sockTypeMask {
	case 1:
		return trace.TypeStream
	case 2:
		return trace.TypeDatagram
	case 5:
		return trace.TypeSeqpacket
	}
	return trace.TypeOther
}
