package loop

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Resolve says how the loop looks names up.
type Resolve uint8

// Ways to look a name up. Blocking is what getaddrinfo does on the thread that calls it: nobody is served meanwhile.
const (
	ResolvePool     Resolve = iota // a worker thread blocks instead, and posts the answer as a task
	ResolveBlocking                // the loop's own thread blocks
	ResolveEvented                 // the query's socket is one more descriptor of the loop
)

// lookupTimeout bounds how long an answer is waited for.
const lookupTimeout = 5 * time.Second

// answer is what a look-up found.
type answer struct {
	name    string
	addrs   []netip.Addr
	ttl     time.Duration
	cached  bool
	problem string // "" when addrs has at least one
}

func (a answer) line() string {
	if a.problem != "" {
		return fmt.Sprintf("error: look up %.80q: %s", a.name, a.problem)
	}
	s := a.name
	for _, x := range a.addrs {
		s += " " + x.String()
	}
	if a.cached {
		s += " (cached)"
	}
	return s
}

// names is what the loop knows of names and how it asks for them. They belong to the first thread of a server.
type names struct {
	server *resolver
	cache  map[string]cachedName
	last   uint16 // id of the last query
	pool   *workers
	sock   *nameSocket

	b       *Behaviour
	tr      *recorder
	kernel  kernel
	block   *blocker
	timers  *timers
	threads *shared
	newRing func(role uint32) *trace.Ring // Config.NewRing, for the workers
}

type cachedName struct {
	addrs []netip.Addr
	until int64
}

// cacheLimit bounds the names kept; when it is reached all are forgotten.
const cacheLimit = 1000

// lookup finds the addresses of a name and calls fn once on the loop's thread, maybe before it returns. drv is who watches the
// socket of an evented look-up.
func (n *names) lookup(drv driver, name string, fn func(answer)) {
	if a, err := netip.ParseAddr(name); err == nil {
		fn(answer{name: name, addrs: []netip.Addr{a}})
		return
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if c, ok := n.cache[name]; ok && n.b.ResolveCache {
		if clock() < c.until {
			fn(answer{name: name, addrs: c.addrs, cached: true})
			return
		}
		delete(n.cache, name)
	}
	if n.server == nil {
		r, err := startResolver(n.threads.guard)
		if err != nil {
			fn(answer{name: name, problem: "start the lab's name server: " + err.Error()})
			return
		}
		n.server = r
		r.delay.Store(int64(n.b.ResolveDelay))
	}
	n.last++
	id := n.last
	q, err := nameQuery(id, name)
	if err != nil {
		fn(answer{name: name, problem: "it is not a name"})
		return
	}
	found := func(a answer) {
		a.name = name
		if a.problem == "" && a.ttl > 0 {
			if n.cache == nil || len(n.cache) >= cacheLimit {
				n.cache = map[string]cachedName{}
			}
			n.cache[name] = cachedName{a.addrs, clock() + int64(a.ttl)}
		}
		fn(a)
	}
	switch n.b.Resolve {
	case ResolveBlocking:
		found(n.lookupBlocking(id, q))
	case ResolveEvented:
		n.lookupEvented(drv, id, q, found)
	default:
		n.lookupPool(id, name, q, found)
	}
}

// changed follows a change of the settings.
func (n *names) changed() {
	if n.server != nil {
		n.server.delay.Store(int64(n.b.ResolveDelay))
	}
	if !n.b.ResolveCache {
		n.cache = nil
	}
}

// end gives everything back. The worker threads and the name server end on their own threads.
func (n *names) end(drv driver) {
	if n.pool != nil {
		n.pool.stop()
		n.pool = nil
	}
	if n.sock != nil {
		n.sock.close(drv)
		n.sock = nil
	}
	if n.server != nil {
		n.server.stop(n.threads.guard)
		n.server = nil
	}
}

// openSocket makes a UDP socket that is connected to the name server, recorded.
func (n *names) openSocket(flags int) (fd int, gen uint32, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|flags, 0)
	if err != nil {
		return -1, 0, fmt.Errorf("socket: %w", err)
	}
	addr := n.server.addr
	peer := n.tr.name(addr.String())
	gen = n.kernel.opened(fd, trace.TypeDatagram, trace.OriginSocket, peer, 0, uint32(unix.SOCK_CLOEXEC|flags))
	t0 := n.tr.Now()
	err = unix.Connect(fd, &unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())})
	t1 := n.tr.tick()
	e := n.tr.Next(trace.Connect, t1)
	e.FD, e.Gen, e.Aux, e.Dur, e.Errno = int32(fd), gen, peer, t1-t0, errnoOf(err)
	if err != nil {
		n.kernel.close(fd, gen, trace.CloseError)
		return -1, 0, fmt.Errorf("connect to the name server: %w", err)
	}
	return fd, gen, nil
}

// sendQuery is one write of a datagram, recorded.
func (n *names) sendQuery(fd int, gen uint32, q []byte) unix.Errno {
	t0 := n.tr.Now()
	written, errno := writeFD(fd, q)
	t1 := n.tr.tick()
	e := n.tr.Next(trace.Write, t1)
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(fd), gen, trace.CallWrite, int64(len(q)), int64(written), t1-t0, uint16(errno)
	return errno
}

// lookupBlocking asks and waits on the loop's own thread. Whoever else wants something of the loop waits too; only the
// end of the loop gets through.
func (n *names) lookupBlocking(id uint16, q []byte) answer {
	fd, gen, err := n.openSocket(0)
	if err != nil {
		return answer{problem: err.Error()}
	}
	defer func() { n.kernel.close(fd, gen, trace.CloseServed) }()
	if errno := n.sendQuery(fd, gen, q); errno != 0 {
		return answer{problem: "send the query: " + errno.Error()}
	}
	buf := make([]byte, 1500)
	end := clock() + int64(lookupTimeout)
	for {
		k, errno := n.block.readStuck(fd, gen, buf, end)
		switch {
		case errno == unix.ECANCELED:
			return answer{problem: "the server is ending"}
		case errno == unix.EAGAIN:
			return answer{problem: fmt.Sprintf("no answer within %v", lookupTimeout)}
		case errno != 0:
			return answer{problem: "read the answer: " + errno.Error()}
		}
		if got, addrs, ttl, problem := readReply(buf[:k]); got == id {
			return answer{addrs: addrs, ttl: ttl, problem: problem}
		}
	}
}
