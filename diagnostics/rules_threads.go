package diagnostics

import (
	"fmt"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

func herd(c *checker) {
	takenUnseen(c)
	c.each(timeline.IncHerd, func(x subject, i *timeline.Incident) {
		sev := Info
		useful := x.l.Stats.Class[timeline.ClassFresh]
		if i.N >= int64(c.set.HerdLosers) && atLeast(i.N, i.N+useful, c.set.HerdShare) && x.l.Kind != timeline.KindWake {
			sev = Warn
		}
		v := Likely
		if 2*i.Sure >= i.N { // of most of them
			v = Certain
		}
		fix := "register with EPOLLET or EPOLLONESHOT when several threads wait on one instance, or give each thread its own instance"
		if x.l.Kind == timeline.KindListener {
			fix = "register the listener with EPOLLEXCLUSIVE in each instance, or give each worker its own listener with SO_REUSEPORT"
		}
		c.find(x, i, sev, v, fmt.Sprintf("%s: %s woken for an event that another thread had handled or was handling; %s useful.", x.name,
			words.Count(i.N, "time a thread was", "times a thread was"), words.Count(useful, "event was", "events were")), fix+".")
	})
}

// takenUnseen is a herd of which only a loser is seen.
func takenUnseen(c *checker) {
	c.each(timeline.IncNobody, func(x subject, i *timeline.Incident) {
		if i.N < 2 || x.l.Incident(timeline.IncHerd) != nil || c.lab() {
			return
		}
		c.find(x, i, Info, Likely, fmt.Sprintf("%s: %s reported and then accept found nothing: another process, or a thread that is not in the trace, had taken the connection, or its client had gone.", x.name, words.Count(i.N, "time it was", "times it was")),
			"register the listener with EPOLLEXCLUSIVE in each instance, or give each worker its own listener with SO_REUSEPORT.")
	})
}

func imbalance(c *checker) {
	groups := map[string][]*timeline.Lane{} // by address: listeners that share one by SO_REUSEPORT are one queue in parts
	for _, l := range c.s.Lanes {
		if l.Local != "" && l.Kind == timeline.KindListener {
			groups[l.Local] = append(groups[l.Local], l)
		}
	}
	for _, l := range c.s.Lanes {
		group := []*timeline.Lane{l}
		if g, ok := groups[l.Local]; ok && l.Kind == timeline.KindListener {
			group = g
			groups[l.Local] = nil // judged once
		}
		c.shares(group)
	}
}

// shares compares what the workers of a listener, or of several that are one queue in parts, have got.
func (c *checker) shares(group []*timeline.Lane) {
	if len(group) == 0 {
		return
	}
	l := group[0]
	takers := map[int64]int64{} // by thread
	total, handedOn, top := int64(0), int64(0), timeline.Taker{}
	pids := map[int64]bool{}
	for _, g := range group {
		handedOn += g.HandedOn
		for _, t := range g.Takers {
			total += t.N
			pids[t.PID] = true
			if takers[t.TID] += t.N; takers[t.TID] > top.N {
				top = timeline.Taker{PID: t.PID, TID: t.TID, N: takers[t.TID]}
			}
		}
	}
	how := c.listening(group)
	for _, lp := range c.s.Loops {
		_, took := takers[int64(lp.TID)]
		if !took && pids[int64(lp.PID)] && (len(pids) > 1 || c.lab() || len(how.instances) > 1 && how.threads[int64(lp.TID)]) {
			takers[int64(lp.TID)] = 0 // it waited, and got none
		}
	}
	workers := int64(len(takers))
	tooMany := func(n int64) bool {
		return n*workers > int64(c.set.TopWorker)*total || workers == 2 && atLeast(n, total, c.set.TopOfTwo)
	}
	if total < int64(c.set.Imbalance) || !tooMany(top.N) {
		return
	}
	sev := Warn
	if c.instances() == 1 {
		sev = Info // every thread that waits on one instance may run any handler
	}
	if !tooMany(top.N - handedOn) {
		sev = Info // it accepts for others, and serves no more than its share
	}
	why, fix := how.why()
	c.find(subject{l, laneName(l)}, nil, sev, Likely, fmt.Sprintf("%s: thread %d accepted %s of %s among %s%s.", laneName(l), top.TID, words.Number(top.N),
		words.Count(total, "connection"), words.Count(workers, "worker"), why), fix).at(c, total, l.Opened, l.LastActivity)
}

// listening is how threads wait for a listener.
type listening struct {
	threads   map[int64]bool
	instances map[int64]bool
	lanes     map[int64]bool
	shared    bool // some wait for a listener that others wait for, too
	plain     bool // some registration is without EPOLLEXCLUSIVE
}

func (c *checker) listening(group []*timeline.Lane) listening {
	h := listening{map[int64]bool{}, map[int64]bool{}, map[int64]bool{}, false, false}
	for _, lp := range c.s.Loops {
		for _, x := range lp.Listens {
			for _, g := range group {
				if g.ID != x.Lane {
					continue
				}
				h.shared = h.shared || h.lanes[x.Lane] && !h.threads[int64(lp.TID)]
				h.threads[int64(lp.TID)], h.lanes[x.Lane], h.instances[x.Instance] = true, true, true
				h.plain = h.plain || !x.Exclusive
			}
		}
	}
	return h
}

// why says by which mechanism one of them gets the most, as far as the log shows how they wait, and what to do about it.
func (h *listening) why() (why, fix string) {
	fix = "give each worker its own listener with SO_REUSEPORT, or let one thread accept and distribute the connections in turn."
	switch {
	case len(h.threads) < 2:
	case !h.shared && len(h.lanes) > 1:
		return "; each has its own listener, and the kernel chooses one by a hash of the addresses (SO_REUSEPORT), whatever its thread has to do",
			"let one thread accept and distribute the connections in turn, or choose the listener with a BPF program (SO_ATTACH_REUSEPORT_CBPF); from few clients, or through one proxy, the hash never spreads well."
	case !h.shared:
	case len(h.instances) == 1 && !h.instances[0]:
		why = "; they wait on one instance, and the first that wakes takes what there is"
	case !h.plain:
		why = "; each waits for it with EPOLLEXCLUSIVE in its own instance, and the kernel wakes the one that registered it first, as long as that one waits"
	case !h.instances[0]:
		why = "; each waits for it in its own instance, and all are woken for each connection: the quickest takes it (EV14)"
	}
	return why, fix
}

// at fills in a finding that is not about an incident.
func (f *Finding) at(c *checker, n, first, last int64) {
	if first == 0 {
		first = c.s.First
	}
	f.Count, f.First, f.Last, f.Evidence = n, first, max(last, first), []int64{first}
}

// instances is how many epoll instances there are.
func (c *checker) instances() (n int) {
	for _, l := range c.s.Lanes {
		if l.Instance != nil && l.Instance.Waits+l.Instance.Registers > 0 { // a worker that was never woken has one too
			n++
		}
	}
	return n
}

func overlap(c *checker) {
	c.each(timeline.IncOverlap, func(x subject, i *timeline.Incident) {
		f := c.find(x, i, Warn, Certain, fmt.Sprintf("%s was handled by two threads at once, %s: a new event went to one while the other was still at work on the one before.", x.name, words.Times(i.N)),
			"register it with EPOLLONESHOT and arm it again with EPOLL_CTL_MOD when the handler has done everything, or keep every descriptor with one thread.")
		c.unrelated(f)
	})
}

func oneshotDisarmed(c *checker) {
	c.each(timeline.IncDisarmed, func(x subject, i *timeline.Incident) {
		o := over(i, c.stall())
		if o.n == 0 {
			return
		}
		sev, v := Warn, Likely
		unknown := i.Sure == 0 && x.l.LastRead.Result < x.l.LastRead.Asked
		if i.Sure > 0 {
			v = Certain
		} else if unknown {
			v = Possible
		}
		s := fmt.Sprintf("%s is registered with EPOLLONESHOT, was reported, and was not armed again for %s", x.name, words.Duration(i.Most))
		switch {
		case unknown:
			s += "; until then it reports nothing, not even a hang-up (whether anything has arrived is not seen here)"
		case i.Open != 0 || i.Forgotten > 0:
			sev = Critical
			if i.Amount > 0 {
				s += fmt.Sprintf("; %s unread", words.Bytes(i.Amount))
			}
			s += "; the loop gets no further notification, not even of a hang-up"
		}
		f := c.find(x, i, sev, v, s+".", "arm it again with EPOLL_CTL_MOD and the same mask, as its handler's final step.")
		f.of(o)
	})
	c.each(timeline.IncEarlyRearm, func(x subject, i *timeline.Incident) {
		sev := Info
		if x.l.Incident(timeline.IncOverlap) != nil {
			sev = Warn
		}
		c.find(x, i, sev, Certain, fmt.Sprintf("%s was armed again %s before its handler was done with it: another thread may get its next event meanwhile.", x.name, words.Times(i.N)),
			"make EPOLL_CTL_MOD the last thing that the handler does.")
	})
}

func sharedAfterFork(c *checker) {
	c.each(timeline.IncShared, func(x subject, i *timeline.Incident) {
		sev, v := Warn, Certain
		if i.Sure > 0 {
			sev = Critical
		}
		s := fmt.Sprintf("the epoll instance %s is used by two processes in turn (%s): they edit one interest list and take each other's events", x.name, words.Times(i.N))
		if i.Sure > 0 {
			s += fmt.Sprintf("; %s about what the other process had registered", words.Count(i.Sure, "event was", "events were"))
		}
		c.find(x, i, sev, v, s+".", "make a new instance in the child after fork, with epoll_create1(EPOLL_CLOEXEC), and register there what the child serves.")
	})
}

func blindSpot(c *checker) {
	if c.s.Stats.Enters == 0 || c.s.Info.Kinds.Has(trace.Submit) {
		return
	}
	f := &Finding{Rule: c.rule, Severity: Info, Verdict: Certain, FD: -1, Subject: "io_uring",
		Sentence: fmt.Sprintf("io_uring_enter was called %s: operations that go through the ring are not system calls, so reads, writes and accepts made there are not seen, and the rules that need them say nothing about those descriptors.", words.Times(c.s.Stats.Enters)),
		Fix:      "there is nothing to fix: look at what the ring does with a probe in the kernel, or run the program without io_uring to compare."}
	f.at(c, c.s.Stats.Enters, c.s.First, c.s.Last)
	c.found = append(c.found, f)
}
