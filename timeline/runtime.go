package timeline

import (
	"path"
	"strings"

	"evviz/trace"
)

// Runtime is the library, or the language's runtime, whose loop a thread runs, as far as the events show it: a fix can then name the call to make.
type Runtime uint8

// The runtimes. Of several that a process shows the first in this order is meant: what is further down is what it is built on.
const (
	RuntimeUnknown Runtime = iota
	RuntimeNode
	RuntimeTwisted
	RuntimeAsyncio
	RuntimeEventMachine
	RuntimeNetty
	RuntimeJava
	RuntimeTokio
	RuntimeGo
	RuntimeLibuv
	RuntimeLibevent
	RuntimeLibev
	RuntimePython
	runtimeCount
)

var runtimeNames = [runtimeCount]string{"", "Node.js", "Twisted", "asyncio", "EventMachine", "Netty", "Java", "tokio", "Go", "libuv", "libevent", "libev", "Python"}

// String is its name, "" for unknown.
func (r Runtime) String() string {
	if r < runtimeCount {
		return runtimeNames[r]
	}
	return "runtime?"
}

// runtimeFiles are parts of the names of files that only programs of that runtime open.
var runtimeFiles = []struct {
	part string
	is   Runtime
}{
	{"/asyncio/base_events", RuntimeAsyncio}, {"/asyncio/__pycache__/base_events", RuntimeAsyncio}, {"/_asyncio.cpython-", RuntimeAsyncio}, {"/uvloop/", RuntimeAsyncio},
	{"/twisted/internet/", RuntimeTwisted}, {"rubyeventmachine.so", RuntimeEventMachine},
	{"netty_transport_native", RuntimeNetty}, {"/libjvm.so", RuntimeJava},
	{"/libuv.so", RuntimeLibuv}, {"/libevent-", RuntimeLibevent}, {"/libevent_core", RuntimeLibevent}, {"/libev.so", RuntimeLibev},
	{"/libpython", RuntimePython}, {"/encodings/__init__.py", RuntimePython}, {"/encodings/__pycache__/__init__.", RuntimePython},
}

// runtimeThreads are beginnings of names that runtimes give to threads; the kernel keeps 15 bytes.
var runtimeThreads = []struct {
	begin string
	is    Runtime
}{
	{"asyncio_", RuntimeAsyncio}, {"V8Worker", RuntimeNode}, {"libuv-worker", RuntimeLibuv}, {"tokio-runtime-w", RuntimeTokio},
	{"nioEventLoop", RuntimeNetty}, {"epollEventLoop", RuntimeNetty},
}

// RuntimeOfProgram is the runtime of a program by its file or the name of its main thread; unknown for most, as a name says nothing of what a program is
// built on.
func RuntimeOfProgram(file string) Runtime {
	switch base := path.Base(file); {
	case base == "node", base == "nodejs":
		return RuntimeNode
	case base == "java":
		return RuntimeJava
	case strings.HasPrefix(base, "python") && strings.Trim(base[6:], "0123456789.") == "":
		return RuntimePython
	}
	return RuntimeUnknown
}

// RuntimeOfFile is the runtime that a file belongs to which a program has opened or mapped.
func RuntimeOfFile(file string) Runtime {
	for _, f := range runtimeFiles {
		if strings.Contains(file, f.part) {
			return f.is
		}
	}
	return RuntimeUnknown
}

// RuntimeOfThread is the runtime that names a thread so.
func RuntimeOfThread(name string) Runtime {
	for _, t := range runtimeThreads {
		if strings.HasPrefix(name, t.begin) {
			return t.is
		}
	}
	return RuntimeOfProgram(name)
}

// RuntimeOf is the runtime that names of a program show: its file, its threads, what it has mapped.
func RuntimeOf(names ...string) (is Runtime) {
	for _, name := range names {
		for _, r := range [...]Runtime{RuntimeOfThread(name), RuntimeOfFile(name)} {
			if r != RuntimeUnknown && (is == RuntimeUnknown || r < is) {
				is = r
			}
		}
	}
	return is
}

// runtimes is what processes show of theirs: a bit for each.
type runtimes map[int64]uint32

const maxRuntimes = 1 << 12

func (x *runtimes) shows(pid int64, r Runtime) {
	if r != RuntimeUnknown {
		x.mark(pid, 1<<r)
	}
}

func (x *runtimes) mark(pid int64, bit uint32) {
	if _, known := (*x)[pid]; !known && len(*x) >= maxRuntimes {
		return
	}
	if *x == nil {
		*x = runtimes{}
	}
	(*x)[pid] |= bit
}

// Go's runtime sends its own threads SIGURG (tgkill) to preempt them, and one of them sleeps for 20 µs at a time while others are at work; it registers
// what it watches as demandMask. Others do either.
const (
	showsPreemption = 1 << 30
	showsDemand     = 1 << 31
	sigURG          = 23
	goNap           = 20_000
	goRoom          = 128 // events that its poller has room for
)

// GoPoller is the Call of an incident on an instance that has as much room for events as the poller of Go's runtime.
const GoPoller = "as Go's poller"

// runtime takes what an event says about the runtime of its process.
func (t *Timeline) runtime(s *stream, e *trace.Event) {
	pid := s.who.PID
	switch e.Kind {
	case trace.Exec:
		if e.Errno == 0 {
			delete(t.runs, pid)
			t.runs.shows(pid, RuntimeOfProgram(t.names.now(s.id, e.Aux)))
		}
	case trace.Open:
		if trace.OpenOf(e).From() == trace.OriginOpen && e.FD >= 0 && e.A != 0 {
			t.runs.shows(pid, RuntimeOfFile(t.names.now(s.id, uint32(e.A))))
		}
	case trace.Fork:
		if was := t.runs[pid]; was != 0 && e.A > 0 && e.Errno == 0 && len(t.runs) < maxRuntimes {
			t.runs[e.A] |= was
		}
	case trace.Signal:
		if v := trace.SignalOf(e); e.Aux == sigURG && v.Code() == siTkill && v.From() == pid {
			t.runs.mark(pid, showsPreemption)
		}
	case trace.Sleep:
		if e.A == goNap {
			t.runs.mark(pid, showsPreemption)
		}
	case trace.Register:
		if e.Mask&^(bitErr|bitHup) == demandMask {
			t.runs.mark(pid, showsDemand)
		}
	}
}

// of is the runtime of a thread's loop.
func (x *runtimes) of(lp *loopB, names uint32) Runtime {
	bits := (*x)[lp.s.who.PID] | names
	if bits&showsPreemption != 0 && bits&showsDemand != 0 {
		bits |= 1 << RuntimeGo
	}
	for r := RuntimeUnknown + 1; r < runtimeCount; r++ {
		if bits&(1<<r) != 0 {
			if !r.waitsSo(lp) {
				return RuntimeUnknown
			}
			return r
		}
	}
	return RuntimeUnknown
}

// waitsSo says whether a thread waits as loops of a runtime do: a program may have its own loop besides what it is linked with, and then the
// runtime's calls are no help. What is known is the room that each has for events.
func (r Runtime) waitsSo(lp *loopB) bool {
	room := int64(0)
	for _, in := range lp.s.watch.waits {
		if !in.set() {
			room = max(room, in.stats.MaxEvents)
		}
	}
	set := lp.s.watch.set != nil
	switch r {
	case RuntimeNode, RuntimeLibuv:
		return room == 1024
	case RuntimeLibevent:
		return set || room >= 32 && room <= 4096 && room&(room-1) == 0
	case RuntimeGo:
		return room == goRoom
	case RuntimeAsyncio:
		return room != 1023 // of select.epoll, when nobody says how much
	}
	return true
}

// runtimes are those of all loops, in their order.
func (t *Timeline) runtimes() []Runtime {
	names := map[int64]uint32{}
	for _, lp := range t.loops {
		if r := RuntimeOfThread(lp.s.who.Name.Text); r != RuntimeUnknown {
			names[lp.s.who.PID] |= 1 << r
		}
	}
	out := make([]Runtime, len(t.loops))
	for i, lp := range t.loops {
		out[i] = t.runs.of(lp, names[lp.s.who.PID])
	}
	return out
}
