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

// names is what the loop knows of names and how it asks for them.
type names struct {
	server *resolver
	cache  map[string]cachedName
	last   uint16 // id of the last query
	pool   *workers
	sock   *nameSocket
}

type cachedName struct {
	addrs []netip.Addr
	until int64
}

// cacheLimit bounds the names kept; when it is reached all are forgotten.
const cacheLimit = 1000

// lookup finds the addresses of a name and calls fn once on the loop's thread, maybe before it returns.
func (l *Loop) lookup(name string, fn func(answer)) {
	if a, err := netip.ParseAddr(name); err == nil {
		fn(answer{name: name, addrs: []netip.Addr{a}})
		return
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	d := &l.dns
	if c, ok := d.cache[name]; ok && l.b.ResolveCache {
		if clock() < c.until {
			fn(answer{name: name, addrs: c.addrs, cached: true})
			return
		}
		delete(d.cache, name)
	}
	if d.server == nil {
		r, err := startResolver(l.guard)
		if err != nil {
			fn(answer{name: name, problem: "start the lab's name server: " + err.Error()})
			return
		}
		d.server = r
		r.delay.Store(int64(l.b.ResolveDelay))
	}
	d.last++
	id := d.last
	q, err := nameQuery(id, name)
	if err != nil {
		fn(answer{name: name, problem: "it is not a name"})
		return
	}
	found := func(a answer) {
		a.name = name
		if a.problem == "" && a.ttl > 0 {
			if d.cache == nil || len(d.cache) >= cacheLimit {
				d.cache = map[string]cachedName{}
			}
			d.cache[name] = cachedName{a.addrs, clock() + int64(a.ttl)}
		}
		fn(a)
	}
	switch l.b.Resolve {
	case ResolveBlocking:
		found(l.lookupBlocking(id, q))
	case ResolveEvented:
		l.lookupEvented(id, q, found)
	default:
		l.lookupPool(id, name, q, found)
	}
}

// lookupsChanged follows a change of the settings.
func (l *Loop) lookupsChanged() {
	if l.dns.server != nil {
		l.dns.server.delay.Store(int64(l.b.ResolveDelay))
	}
	if !l.b.ResolveCache {
		l.dns.cache = nil
	}
}

// endLookups gives everything back. The worker threads and the name server end on their own threads.
func (l *Loop) endLookups() {
	d := &l.dns
	if d.pool != nil {
		d.pool.stop()
		d.pool = nil
	}
	if d.sock != nil {
		d.sock.close(l)
		d.sock = nil
	}
	if d.server != nil {
		d.server.stop(l.guard)
		d.server = nil
	}
}

// openNameSocket makes a UDP socket that is connected to the name server, recorded.
func (l *Loop) openNameSocket(flags int) (fd int, gen uint32, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|flags, 0)
	if err != nil {
		return -1, 0, fmt.Errorf("socket: %w", err)
	}
	addr := l.dns.server.addr
	peer := l.tr.name(addr.String())
	gen = l.kernel.opened(fd, trace.TypeDatagram, trace.OriginSocket, peer, 0, uint32(unix.SOCK_CLOEXEC|flags))
	t0 := l.tr.Now()
	err = unix.Connect(fd, &unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())})
	t1 := l.tr.tick()
	e := l.tr.Next(trace.Connect, t1)
	e.FD, e.Gen, e.Aux, e.Dur, e.Errno = int32(fd), gen, peer, t1-t0, errnoOf(err)
	if err != nil {
		l.kernel.close(fd, gen, trace.CloseError)
		return -1, 0, fmt.Errorf("connect to the name server: %w", err)
	}
	return fd, gen, nil
}

// sendQuery is one write of a datagram, recorded.
func (l *Loop) sendQuery(fd int, gen uint32, q []byte) unix.Errno {
	t0 := l.tr.Now()
	n, errno := writeFD(fd, q)
	t1 := l.tr.tick()
	e := l.tr.Next(trace.Write, t1)
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(fd), gen, trace.CallWrite, int64(len(q)), int64(n), t1-t0, uint16(errno)
	return errno
}

// lookupBlocking asks and waits on the loop's own thread. Whoever else wants something of the loop waits too; only the
// end of the loop gets through.
func (l *Loop) lookupBlocking(id uint16, q []byte) answer {
	fd, gen, err := l.openNameSocket(0)
	if err != nil {
		return answer{problem: err.Error()}
	}
	defer func() { l.kernel.close(fd, gen, trace.CloseServed) }()
	if errno := l.sendQuery(fd, gen, q); errno != 0 {
		return answer{problem: "send the query: " + errno.Error()}
	}
	buf := make([]byte, 1500)
	end := clock() + int64(lookupTimeout)
	for {
		n, errno := l.readStuck(fd, gen, buf, end)
		switch {
		case errno == unix.ECANCELED:
			return answer{problem: "the server is ending"}
		case errno == unix.EAGAIN:
			return answer{problem: fmt.Sprintf("no answer within %v", lookupTimeout)}
		case errno != 0:
			return answer{problem: "read the answer: " + errno.Error()}
		}
		if got, addrs, ttl, problem := readReply(buf[:n]); got == id {
			return answer{addrs: addrs, ttl: ttl, problem: problem}
		}
	}
}
