package diagnostics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Workers is how the processes that looks were taken at share their listeners.
type Workers struct {
	Groups []WorkerGroup // one for each address that is listened on
	Span   int64         // between the looks, ns; 0 there was one
}

// WorkerGroup is an address, and who serves it.
type WorkerGroup struct {
	Address   string
	Listeners []WorkerListener
	Workers   []Worker
	How       Sharing
	Sentence  string // how connections get to the workers, and why one of them has most, where one has
	Uneven    bool   // one of them has more than its share

	lane *timeline.Lane
	top  *Worker
}

// WorkerListener is a socket that listens there.
type WorkerListener struct {
	Processes []int64 // that have it open
	Waiting   int64   // connections to be accepted; -1 unknown
	Backlog   int64   // one more than so many fit; 0 unknown
}

// Worker is a process that has a listener.
type Worker struct {
	PID       int64
	Name      string
	Open      int64    // connections through the address that it has
	Taken     int64    // ... which the look before had not found, those that have ended meanwhile included
	Waits     []string // how it waits for the listener: "epoll fd 8, exclusive", "accept", "poll"; none: it does not now
	CPU       int64    // of its threads between the looks, ns; -1 unknown
	exclusive bool
	plain     bool
	shares    int64 // lane of an instance that others wait on, too
	accepts   bool
	lanes     map[int64]bool // of the listeners that it waits for
	maybe     []int64        // ... and that it would, if it waited on an instance that it shares
}

// Sharing is how several processes share a listener.
type Sharing uint8

// The ways.
const (
	SharedNot       Sharing = iota // one process, or one that waits
	SharedPlain                    // each has an instance that watches the one listener
	SharedExclusive                // ... with EPOLLEXCLUSIVE
	SharedInstance                 // all wait on one instance
	SharedAccept                   // all are in accept, or go there
	SharedReuseport                // each has a listener of its own at the address
	SharedHanded                   // one waits for connections, and others have them
)

var sharingNames = [...]string{"one process waits for it", "a shared listener", "a shared listener with EPOLLEXCLUSIVE", "a shared epoll instance", "a shared listener and blocking accept", "SO_REUSEPORT",
	"one process waits for it, and others have the connections"}

// String is the way in words.
func (s Sharing) String() string { return sharingNames[s] }

// WorkersOf finds out how the processes of a source of looks share their listeners.
func WorkersOf(s *timeline.Snapshot, set Settings) *Workers {
	w := &Workers{}
	if len(s.Threads) == 0 {
		return w
	}
	for i := range s.Threads {
		w.Span = max(w.Span, s.Threads[i].Between)
	}
	groups := map[string][]*timeline.Lane{}
	var order []string
	for _, l := range s.Lanes {
		if l.Kind != timeline.KindListener || l.Look == nil || l.Closed != 0 || l.Local == "" {
			continue
		}
		if groups[l.Local] == nil {
			order = append(order, l.Local)
		}
		groups[l.Local] = append(groups[l.Local], l)
	}
	for _, address := range order {
		if g := groupOf(s, set, address, order, groups[address]); len(g.Workers) > 0 {
			w.Groups = append(w.Groups, g)
		}
	}
	return w
}

func groupOf(s *timeline.Snapshot, set Settings, address string, all []string, lanes []*timeline.Lane) WorkerGroup {
	g := WorkerGroup{Address: address, lane: lanes[0]}
	alive := looked{}
	for i := range s.Threads {
		alive[int64(s.Threads[i].PID)] = true
	}
	workers := map[int64]*Worker{}
	worker := func(pid int64) *Worker {
		x := workers[pid]
		if x == nil {
			x = &Worker{PID: pid, CPU: -1, lanes: map[int64]bool{}}
			workers[pid] = x
		}
		return x
	}
	for _, l := range lanes {
		x := WorkerListener{Waiting: l.Look.Unread, Backlog: l.Look.Backlog}
		for _, pid := range alive.of(l) {
			x.Processes = append(x.Processes, pid)
			worker(pid)
		}
		g.Listeners = append(g.Listeners, x)
		for i := range l.Look.Regs {
			g.registered(s, alive, l, &l.Look.Regs[i], worker)
		}
		for i := range s.Threads {
			if t := &s.Threads[i]; t.Lane == l.ID && strings.HasPrefix(t.Call, "accept") {
				x := worker(int64(t.PID))
				x.accepts, x.lanes[l.ID] = true, true
				x.wait(t.Call)
			}
		}
	}
	g.connections(s, alive, all, worker)
	for i := range s.Threads {
		t := &s.Threads[i]
		x := workers[int64(t.PID)]
		if x == nil {
			continue
		}
		if t.TID == t.PID {
			x.Name = t.Name
		}
		if t.CPU >= 0 {
			x.CPU = max(x.CPU, 0) + t.CPU
		}
	}
	for _, x := range workers {
		g.Workers = append(g.Workers, *x)
	}
	slices.SortFunc(g.Workers, func(a, b Worker) int { return cmp.Compare(a.PID, b.PID) })
	g.sharing(lanes)
	g.say(set)
	return g
}

// looked are the processes that were looked at and have not ended.
type looked map[int64]bool

// of are those that have a lane open.
func (a looked) of(l *timeline.Lane) (pids []int64) {
	for _, h := range l.Look.Holders {
		if pid := int64(h.Process); a[pid] && !slices.Contains(pids, pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (x *Worker) wait(how string) {
	if !slices.Contains(x.Waits, how) {
		x.Waits = append(x.Waits, how)
	}
}

// registered takes a registration of a listener.
func (g *WorkerGroup) registered(s *timeline.Snapshot, alive looked, l *timeline.Lane, r *timeline.RegLook, worker func(int64) *Worker) {
	if r.Stale {
		return
	}
	if r.Thread != 0 {
		for i := range s.Threads {
			if t := &s.Threads[i]; t.TID == r.Thread {
				x := worker(int64(t.PID))
				x.plain, x.lanes[l.ID] = true, true
				x.wait(t.Call)
			}
		}
		return
	}
	inst := s.Lane(r.Instance)
	if inst == nil || inst.Look == nil || !r.Armed {
		return
	}
	how := fmt.Sprintf("epoll fd %d", inst.FD)
	holders := alive.of(inst)
	for _, pid := range holders {
		x := worker(pid)
		if len(holders) > 1 {
			if x.shares = inst.ID; !waitsOn(s, pid, inst) {
				x.maybe = append(x.maybe, l.ID) // it has the instance since a fork, which does not say that it uses it
				continue
			}
		}
		x.lanes[l.ID] = true
		if r.Exclusive() {
			x.exclusive = true
			x.wait(how + ", exclusive")
		} else {
			x.plain = true
			x.wait(how)
		}
	}
}

// connections counts those that came through the address, which is one of all that are listened on.
func (g *WorkerGroup) connections(s *timeline.Snapshot, alive looked, all []string, worker func(int64) *Worker) {
	first := map[int64]int64{} // when a process was looked at first: its threads are the last that a look finds
	for i := range s.Threads {
		if t := &s.Threads[i]; first[int64(t.PID)] == 0 || t.First < first[int64(t.PID)] {
			first[int64(t.PID)] = t.First
		}
	}
	for _, l := range s.Lanes {
		k := l.Look
		if k == nil || l.Kind != timeline.KindConn || l.Type != trace.TypeStream || listenerOf(l.Local, all) != g.Address || l.Peer == "" && !strings.HasPrefix(g.Address, "/") && !strings.HasPrefix(g.Address, "@") {
			continue
		}
		for _, pid := range alive.of(l) {
			x := worker(pid)
			if l.Closed == 0 {
				x.Open++
			}
			if k.First > first[pid] {
				x.Taken++
			}
		}
	}
}

// listenerOf is the address, of those that are listened on, through which a connection came by its own; "" none of them. As in the kernel the
// one that fits closest takes it (compute_score, net/ipv4/inet_hashtables.c): the address itself, then every address of its family, and
// [::] takes IPv4 where nothing else does.
func listenerOf(own string, all []string) (at string) {
	best := 0
	i := strings.LastIndexByte(own, ':')
	for _, address := range all {
		j, score := strings.LastIndexByte(address, ':'), 0
		switch {
		case address == own:
			score = 3
		case i < 0 || j < 0 || own[i:] != address[j:]:
		case address[:j] == "0.0.0.0" && !strings.HasPrefix(own, "["):
			score = 2
		case address[:j] == "[::]":
			score = 1
		}
		if score > best {
			at, best = address, score
		}
	}
	return at
}

// waitsOn says whether a thread of a process was in a wait on an instance.
func waitsOn(s *timeline.Snapshot, pid int64, inst *timeline.Lane) bool {
	return slices.ContainsFunc(s.Threads, func(t timeline.ThreadLook) bool { return int64(t.PID) == pid && t.Lane == inst.ID && t.Waits() })
}

// sharing finds out how the workers share.
func (g *WorkerGroup) sharing(lanes []*timeline.Lane) {
	waiting, own := 0, map[int64]bool{}
	exclusive, plain, accepts, instances := 0, 0, 0, map[int64]int{}
	for i := range g.Workers {
		x := &g.Workers[i]
		if x.Open > 0 || x.Taken > 0 {
			for _, id := range x.maybe {
				x.lanes[id] = true
			}
		}
		if len(x.lanes) == 0 {
			if x.shares != 0 {
				x.Waits = nil
			}
			continue
		}
		waiting++
		for id := range x.lanes {
			own[id] = true
		}
		switch {
		case x.shares != 0:
			instances[x.shares]++
		case x.accepts:
			accepts++
		case x.exclusive:
			exclusive++
		case x.plain:
			plain++
		}
	}
	switch {
	case len(lanes) > 1 && len(own) > 1:
		g.How = SharedReuseport
	case waiting == 1 && g.handed():
		g.How = SharedHanded
	case waiting <= 1:
		g.How = SharedNot
	case len(instances) > 0:
		g.How = SharedInstance
	case accepts > 0 && plain == 0 && exclusive == 0:
		g.How = SharedAccept
	case exclusive > 0 && plain == 0:
		g.How = SharedExclusive
	default:
		g.How = SharedPlain
	}
}

// handed says whether who waits for connections has none of them, but for what it may be handing on at this moment.
func (g *WorkerGroup) handed() bool {
	total := int64(0)
	for i := range g.Workers {
		total += g.Workers[i].Open
	}
	return total > 0 && g.waiter().Open*10 <= total
}

// why says how connections get to the workers (kernel/sched/wait.c, fs/eventpoll.c: ep_ptable_queue_proc, ep_poll; net/core/sock_reuseport.c).
func (s Sharing) why() (why, spread string) {
	switch s {
	case SharedPlain:
		return "each has its own epoll instance, and every connection wakes all of them that wait: it goes to the one that calls accept first, and the others are woken for nothing",
			"who is first depends on the order in which they are woken, the last that registered first, and on free CPUs; to spread them, give each worker a listener with SO_REUSEPORT; EPOLLEXCLUSIVE only spares the others the wakeup"
	case SharedExclusive:
		return "they watch one listener with EPOLLEXCLUSIVE: for each connection the kernel wakes one of those that wait, beginning with the one that registered first, so a worker that keeps up gets all of them and the others get what comes while it is busy",
			"as long as it keeps up nothing is wrong; to spread them all the same, give each worker a listener with SO_REUSEPORT"
	case SharedInstance:
		return "they wait on one epoll instance: the kernel wakes the one that went to wait last, so a worker that is quickly back gets most",
			"to spread them, give each worker an instance, and a listener with SO_REUSEPORT"
	case SharedAccept:
		return "they wait in accept on one listener: the kernel wakes them in turn", "a worker that has more keeps its connections longer"
	case SharedReuseport:
		return "each has its own listener (SO_REUSEPORT), and the kernel chooses one by a hash of the addresses and ports, whether that worker is busy or not",
			"with few clients, or long connections, a hash spreads unevenly; more connections, or handing them on, evens it out"
	case SharedHanded:
		return "", "hand each connection to the worker that has fewest; or let every worker watch the listener."
	}
	return "", ""
}

// say words it.
func (g *WorkerGroup) say(set Settings) {
	total, serving := int64(0), int64(0)
	for i := range g.Workers {
		x := &g.Workers[i]
		total += x.Open
		if g.How == SharedHanded && len(x.lanes) > 0 {
			continue // it deals them out
		}
		if len(x.lanes) > 0 || x.Open > 0 || x.Taken > 0 {
			serving++
		}
		if g.top == nil || x.Open > g.top.Open {
			g.top = x
		}
	}
	why, spread := g.How.why()
	if (serving <= 1 || len(g.Workers) == 1) && g.How != SharedHanded {
		g.Sentence = fmt.Sprintf("%s is served by process %d alone.", g.Address, g.top.PID)
		if n := len(g.Workers); n > 1 {
			g.Sentence = fmt.Sprintf("%s: process %d is the only one of %d that waits for connections now; the others have the listener open and do not watch it.", g.Address, g.waiter().PID, n)
		}
		return
	}
	tooMany := g.top.Open*serving > int64(set.TopWorker)*total || serving == 2 && atLeast(g.top.Open, total, set.TopOfTwo)
	switch {
	case serving == 1:
		g.Sentence = fmt.Sprintf("%s: process %d has all of %s.", g.Address, g.top.PID, words.Count(total, "connection"))
	case total < int64(set.Imbalance):
		g.Sentence = fmt.Sprintf("%s: %s among %s: too few to say who gets most.", g.Address, words.Count(total, "connection"), words.Count(serving, "worker"))
	case !tooMany:
		g.Sentence = fmt.Sprintf("%s: %s among %s, and none has more than its share (the most: %s, process %d).", g.Address, words.Count(total, "connection"), words.Count(serving, "worker"), words.Number(g.top.Open), g.top.PID)
	default:
		g.Uneven = true
		g.Sentence = fmt.Sprintf("%s: process %d has %s of %s among %s.", g.Address, g.top.PID, words.Number(g.top.Open), words.Count(total, "connection"), words.Count(serving, "worker"))
		if g.How == SharedNot {
			g.Sentence += fmt.Sprintf(" Process %d is the only one that waits for connections now: the others have the listener open and do not watch it.", g.waiter().PID)
			return
		}
	}
	if g.How == SharedHanded {
		g.Sentence += fmt.Sprintf(" Process %d alone waits for connections now, and has %s of them: it hands them on, or the workers take turns.", g.waiter().PID, words.Number(g.waiter().Open))
		return
	}
	if why != "" {
		g.Sentence += " How they share it: " + why + "."
		if g.Uneven {
			g.Sentence += " " + strings.ToUpper(spread[:1]) + spread[1:] + "."
		}
	}
}

// waiter is who waits for connections, where it is one.
func (g *WorkerGroup) waiter() *Worker {
	for i := range g.Workers {
		if len(g.Workers[i].lanes) > 0 {
			return &g.Workers[i]
		}
	}
	return g.top
}

// imbalanceLook is EV15 for looks.
func imbalanceLook(c *checker) {
	w := WorkersOf(c.s, c.set)
	for i := range w.Groups {
		g := &w.Groups[i]
		if !g.Uneven {
			continue
		}
		sev := Warn
		if g.How == SharedExclusive || g.How == SharedInstance {
			sev = Info // who keeps up may have them all
		}
		_, fix := g.How.why()
		c.lookAt(c.find(subject{g.lane, laneName(g.lane)}, nil, sev, Likely, g.Sentence, cmp.Or(fix, "let every worker watch the listener, or hand connections on.")), g.lane, 0)
	}
}
