package loop

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// workers are the threads that look names up for the loop: each blocks where the loop must not, and posts what it found.
// A worker records on a ring of its own when it begins a task and when it is done; its system calls are not recorded.
type workers struct {
	pid   int
	tasks *tasks // where what is found is posted
	jobs  chan job
	idle  atomic.Int64 // workers that wait for a job, less the jobs that are queued
	n     int          // loop's thread only
	last  int64
	over  atomic.Bool
	gone  sync.WaitGroup
}

// job is one name to be looked up.
type job struct {
	id    int64
	name  string
	query []byte
	qid   uint16
	at    int64
	found func(answer)
}

// Bounds of the pool.
const (
	maxWorkers = 4
	maxJobs    = 256
)

// workerPatience is how long a worker's read lasts before it looks whether the loop has ended.
const workerPatience = 50 * time.Millisecond

// lookupPool hands a query to a worker; a new one is started when all are at work.
func (n *names) lookupPool(qid uint16, name string, q []byte, found func(answer)) {
	w := n.pool
	if w == nil {
		w = &workers{pid: n.block.reach.pid, tasks: &n.threads.tasks, jobs: make(chan job, maxJobs)}
		n.pool = w
	}
	w.last++
	select {
	case w.jobs <- job{w.last, name, q, qid, clock(), found}:
	default:
		found(answer{problem: "too many look-ups are under way"})
		return
	}
	if w.idle.Add(-1) < 0 && w.n < maxWorkers {
		w.n++
		tr, number := n.newRing(trace.RoleWorker), w.n
		w.idle.Add(1)
		w.gone.Add(1)
		server := n.server.addr
		n.threads.guard(func() {
			w.run(tr, number, &unix.SockaddrInet4{Addr: server.Addr().As4(), Port: int(server.Port())})
		})
	}
}

func (w *workers) stop() {
	w.over.Store(true)
	close(w.jobs)
	w.gone.Wait()
}

func (w *workers) run(tr *trace.Ring, n int, server unix.Sockaddr) {
	runtime.LockOSThread()
	defer w.gone.Done()
	defer tr.Close()
	const threadName, taskName = 1, 2
	now := tr.Now()
	tr.Name(threadName, fmt.Sprintf("worker %d", n), now)
	e := tr.Next(trace.Thread, now)
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(w.pid), int64(unix.Gettid()), uint32(w.pid), trace.RoleWorker, threadName
	tr.Publish(tr.Now())
	for j := range w.jobs {
		t0 := tr.Now()
		tr.Name(taskName, "look up "+j.name, t0)
		e := tr.Next(trace.Task, t0)
		e.Phase, e.A, e.Aux, e.B = trace.PhaseEnter, j.id, taskName, max(t0-j.at, 0)
		tr.Publish(t0)
		a := w.ask(server, j)
		t1 := tr.Now()
		e = tr.Next(trace.Task, t1)
		e.Phase, e.A, e.Aux, e.B, e.Dur = trace.PhaseExit, j.id, taskName, max(t0-j.at, 0), t1-t0
		tr.Publish(tr.Now())
		w.idle.Add(1)
		w.tasks.post("name found", func(*Loop) { j.found(a) }, false)
	}
}

// ask is a look-up the simple way: a socket, a query, a wait.
func (w *workers) ask(server unix.Sockaddr, j job) answer {
	fail := func(what string, err error) answer { return answer{problem: fmt.Sprintf("%s: %v", what, err)} }
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fail("socket", err)
	}
	defer unix.Close(fd)
	tv := unix.NsecToTimeval(int64(workerPatience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return fail("setsockopt", err)
	}
	if err := unix.Connect(fd, server); err != nil {
		return fail("connect to the name server", err)
	}
	if _, err := unix.Write(fd, j.query); err != nil {
		return fail("send the query", err)
	}
	buf := make([]byte, 1500)
	for end := trace.Now() + int64(lookupTimeout); trace.Now() < end; {
		if w.over.Load() {
			return answer{problem: "the server is ending"}
		}
		n, errno := readBlocking(fd, buf)
		if errno == unix.EAGAIN || errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return fail("read the answer", errno)
		}
		if got, addrs, ttl, problem := readReply(buf[:n]); got == j.qid {
			return answer{addrs: addrs, ttl: ttl, problem: problem}
		}
	}
	return answer{problem: fmt.Sprintf("no answer within %v", lookupTimeout)}
}
