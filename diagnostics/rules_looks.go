package diagnostics

import (
	"fmt"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// What a look into the kernel shows needs no time, but for one thing: what is under way at that moment. A report that was just taken has left
// the ready list, and its data are about to be read. So a second look is asked, and only what both have found is said.

// twoLooks is how far apart two looks lie at least to tell what stays from what is under way, ns. It is less than the pause that the source
// makes, and more than a thread that could run is kept waiting for a CPU.
const twoLooks = 50_000_000

// looksOnly says that the source tells what it finds in the kernel, and nothing that happens.
func (c *checker) looksOnly() bool {
	return c.s.Info.Kinds.Has(trace.InCall) && !c.s.Info.Kinds.Has(trace.Wait)
}

// stays says whether something has been so since a look that lies far enough back.
func stays(since, at int64) bool { return since != 0 && at-since >= twoLooks }

// eachLook visits the registrations of every open lane that was looked at.
func (c *checker) eachLook(visit func(x subject, k *timeline.Look, r *timeline.RegLook)) {
	for _, l := range c.s.Lanes {
		if l.Look == nil || l.Closed != 0 {
			continue
		}
		for i := range l.Look.Regs {
			visit(subject{l, laneName(l)}, l.Look, &l.Look.Regs[i])
		}
	}
}

// lookAt finishes a finding about a lane that was looked at.
func (c *checker) lookAt(f *Finding, l *timeline.Lane, since int64) *Finding {
	if since == 0 {
		since = l.Look.At
	}
	if f.pid == 0 {
		f.pid = int64(l.Table)
	}
	f.at(c, 1, since, l.Look.At)
	return f
}

// waiters are the threads that were in a wait on an instance, or with a set, and the name of the instance in words.
func (c *checker) waiters(r *timeline.RegLook) (out []*timeline.ThreadLook) {
	for i := range c.s.Threads {
		t := &c.s.Threads[i]
		if t.Waits() && (r.Instance != 0 && t.Lane == r.Instance || r.Thread != 0 && t.TID == r.Thread) {
			out = append(out, t)
		}
	}
	return out
}

// resting says whether every thread of a process has slept since a look: nobody is at work on what is unread.
func (c *checker) resting(pid int64, since int64) bool {
	any := false
	for i := range c.s.Threads {
		t := &c.s.Threads[i]
		if pid != 0 && int64(t.PID) != pid {
			continue
		}
		if any = true; t.Since == 0 || t.Since > since {
			return false
		}
	}
	return any
}

// elsewhere is a thread of a process that was in none of its rests when it was looked at last: it runs, or is in a call that has to do with
// something else, and may own what is unread. nil: all of them wait for events, or on a futex.
func (c *checker) elsewhere(pid int64) *timeline.ThreadLook {
	for i := range c.s.Threads {
		t := &c.s.Threads[i]
		if pid != 0 && int64(t.PID) != pid || t.Waits() && t.Doing == trace.DoingWaiting {
			continue
		}
		switch t.Call {
		case "futex", "rt_sigtimedwait", "io_uring_enter", "accept", "accept4", "restart_syscall":
			if t.Doing == trace.DoingWaiting {
				continue // the rest of a worker that has nothing to do
			}
		}
		if t.Doing == trace.DoingWaiting && t.Lane != 0 {
			if l := c.s.Lane(t.Lane); l != nil && l.Kind != timeline.KindConn && t.Call == "read" {
				continue // of a signalfd, an eventfd, a pipe, the terminal
			}
		}
		return t
	}
	return nil
}

// inWords says what a thread was doing.
func inWords(t *timeline.ThreadLook) string {
	if t.Call == "" || t.Doing == trace.DoingRunning {
		return t.Doing.String()
	}
	return "in " + t.Call
}

// fullOne is an open connection of the same process without room to write: what is unread on another may wait for it. nil: there is none.
func (c *checker) fullOne(l *timeline.Lane) *timeline.Lane {
	for _, o := range c.s.Lanes {
		if o != l && o.Look != nil && o.Closed == 0 && o.Table == l.Table && o.Kind == timeline.KindConn && o.Look.Room == timeline.No {
			return o
		}
	}
	return nil
}

// lookedFor is how long something is known to be so, in words.
func lookedFor(since, at int64) string { return words.Duration(at - since) }

// unreadOf says what waits on a lane.
func unreadOf(l *timeline.Lane) string {
	if l.Kind == timeline.KindListener {
		return words.Count(l.Look.Unread, "connection")
	}
	return words.Bytes(l.Look.Unread)
}

// onDemand is the mask of runtimes that register everything at once, edge-triggered, and read when a task asks.
func onDemand(mask uint32) bool {
	const in, out, rdhup, edge = 0x1, 0x4, 0x2000, 1 << 31
	return mask&(in|out|rdhup|edge) == in|out|rdhup|edge
}

func strandedLook(c *checker) {
	c.eachLook(func(x subject, k *timeline.Look, r *timeline.RegLook) {
		if !r.Edge() || !r.Armed || r.Stale || !stays(r.LeftSince, k.At) {
			return
		}
		if x.l.Kind == timeline.KindWake || x.l.Kind == timeline.KindTimer {
			return // one that wakes a loop need not be read: each write is reported anew
		}
		sev, v := Critical, Certain
		waits, how := c.waiters(r), "it is not on the ready list"
		if r.Queued == timeline.Unknown {
			// A wait would have returned at once had it been on the ready list, which is not known.
			slept := false
			for _, t := range waits {
				slept = slept || t.Since != 0 && t.Since <= r.LeftSince
			}
			if !slept {
				return
			}
			sev, v, how = Warn, Likely, "a thread has been in a wait for it all the while, which did not return"
		}
		why := ""
		switch busy, full := c.elsewhere(int64(x.l.Table)), c.fullOne(x.l); {
		case onDemand(r.Mask) && x.l.Kind != timeline.KindListener:
			why = "It is registered as runtimes do that read when a task asks for it, so this may be back-pressure."
		case full != nil:
			why = fmt.Sprintf("%s has no room to write, so this may be back-pressure.", laneName(full))
		case busy != nil && busy.Doing == trace.DoingRunning && k.At-k.UnreadSince >= c.stall():
			sev, v = Warn, Likely // a loop that runs has had time for it
		case busy != nil:
			why = fmt.Sprintf("Thread %d (%s) is %s and may be at work on it.", busy.TID, busy.Name, inWords(busy))
		}
		s := fmt.Sprintf("%s holds %s, unread for %s or longer, and no wait will return it: it is edge-triggered, and %s. The next notification comes when more arrives.",
			x.name, unreadOf(x.l), lookedFor(min(k.UnreadSince, r.LeftSince), k.At), how)
		fix := "read until EAGAIN after every notification; or keep track of what was not drained and go on reading it without waiting."
		if x.l.Kind == timeline.KindListener {
			s = fmt.Sprintf("%s holds %s, not accepted for %s or longer, and no wait will return it: it is edge-triggered, and %s. The next notification comes with another connection.",
				x.name, unreadOf(x.l), lookedFor(min(k.UnreadSince, r.LeftSince), k.At), how)
			fix = "accept until EAGAIN after every notification."
		}
		if why != "" {
			sev, v = Info, Possible
			s = fmt.Sprintf("%s holds %s, unread for %s or longer, and is not on the ready list. %s", x.name, unreadOf(x.l), lookedFor(min(k.UnreadSince, r.LeftSince), k.At), why)
			fix = "check whether a task should be reading this connection."
		}
		c.lookAt(c.find(x, nil, sev, v, s, fix), x.l, r.LeftSince)
	})
}

func disarmedLook(c *checker) {
	c.eachLook(func(x subject, k *timeline.Look, r *timeline.RegLook) {
		if !r.Oneshot() || r.Armed || r.Stale || k.Unread <= 0 || k.UnreadSince == 0 || !stays(max(r.LeftSince, k.UnreadSince), k.At) {
			return
		}
		since := max(r.LeftSince, k.UnreadSince)
		sev, v, who := Warn, Certain, "every thread of the process has been waiting for something else all the while"
		switch busy := c.elsewhere(int64(x.l.Table)); {
		case busy != nil:
			sev, v, who = Info, Possible, fmt.Sprintf("thread %d, %s, may be at work on it", busy.TID, inWords(busy))
		case !c.resting(int64(x.l.Table), since):
			v, who = Likely, "every thread of the process is waiting for something else"
		}
		c.lookAt(c.find(x, nil, sev, v, fmt.Sprintf("%s holds %s, unread for %s or longer, and its oneshot registration has fired and was not armed again: no wait will return it (%s).",
			x.name, unreadOf(x.l), lookedFor(min(k.UnreadSince, since), k.At), who),
			"arm it again with EPOLL_CTL_MOD when its handler is done, on every path."), x.l, since)
	})
}

func staleLook(c *checker) {
	c.eachLook(func(x subject, k *timeline.Look, r *timeline.RegLook) {
		if !r.Stale || !stays(r.StaleSince, k.At) {
			return
		}
		inst := c.s.Lane(r.Instance)
		name := "the epoll instance"
		if inst != nil {
			name = "the instance " + laneName(inst)
		}
		more := ""
		if k.Unread > 0 {
			more = fmt.Sprintf(" It holds %s, so that every level-triggered wait reports it.", unreadOf(x.l))
			if r.Edge() {
				more = fmt.Sprintf(" It holds %s.", unreadOf(x.l))
			}
		}
		lives := "under no number that is known: another process has it, or a call that has not returned"
		if x.l.FD >= 0 {
			lives = "as " + x.name
		}
		sev, v := Warn, Certain
		if inst != nil && inst.Look != nil && inst.Look.Inherited && len(c.waiters(r)) == 0 {
			sev, v = Info, Possible // it came with a fork, and this process does not use it
		}
		f := c.find(x, nil, sev, v, fmt.Sprintf("%s watches a file that was registered as fd %d, and that number was closed: the file lives on %s, and so does its registration. EPOLL_CTL_DEL on fd %d does not reach it.%s",
			name, r.FD, lives, r.FD, more), "remove a descriptor from its instance with EPOLL_CTL_DEL before it is closed, as long as a duplicate (dup, fork) may be open; to get rid of this one, close the duplicate or the instance.")
		f.FD = r.FD
		if inst != nil && f.pid == 0 {
			f.pid = int64(inst.Table)
		}
		c.lookAt(f, x.l, r.StaleSince)
	})
}

func writableLook(c *checker) {
	c.eachLook(func(x subject, k *timeline.Look, r *timeline.RegLook) {
		if r.Stale || !stays(r.RoomSince, k.At) || x.l.Kind == timeline.KindListener {
			return
		}
		waits := c.waiters(r)
		busy, share := false, 0.0
		for _, t := range waits {
			busy = busy || t.Since == 0
		}
		for i := range c.s.Threads {
			if t := &c.s.Threads[i]; t.Between > 0 && c.mayServe(t, r, waits) {
				share = max(share, float64(t.CPU)/float64(t.Between))
				busy = busy || share > 0.5
			}
		}
		if !busy {
			return // nobody is woken by it
		}
		s := fmt.Sprintf("%s is registered for %s, level-triggered, and has room with nothing to send, for %s or longer: every wait returns at once.",
			x.name, inMask(r), lookedFor(r.RoomSince, k.At))
		if share >= 0.1 {
			s += fmt.Sprintf(" The thread used %.0f %% of a CPU between the looks.", min(share, 1)*100)
		}
		v, sev := Likely, Warn
		f := c.find(x, nil, sev, v, s, "write first; arm EPOLLOUT with EPOLL_CTL_MOD only after a short write or EAGAIN, and remove it again when everything is sent.")
		if r.Thread != 0 {
			f.Fix = "write first; ask for POLLOUT only after a short write or EAGAIN, and leave it out again when everything is sent."
		}
		c.lookAt(f, x.l, r.RoomSince)
	})
}

// mayServe says whether a thread is the one that a registration wakes: it waits there, or nobody does at this moment and it is of the same
// process.
func (c *checker) mayServe(t *timeline.ThreadLook, r *timeline.RegLook, waits []*timeline.ThreadLook) bool {
	if r.Thread != 0 {
		return t.TID == r.Thread
	}
	for _, w := range waits {
		if w == t {
			return true
		}
	}
	inst := c.s.Lane(r.Instance)
	return len(waits) == 0 && inst != nil && int64(t.PID) == int64(inst.Table)
}

// inMask is EPOLLOUT in the words of what waits.
func inMask(r *timeline.RegLook) string {
	if r.Thread != 0 {
		return "POLLOUT"
	}
	return "EPOLLOUT"
}

func blockingLook(c *checker) {
	c.eachLook(func(x subject, k *timeline.Look, r *timeline.RegLook) {
		if x.l.Nonblock != timeline.No || r.Stale || r.Mask&^(1<<28|1<<29|1<<30|1<<31) == 0 && !r.Oneshot() {
			return
		}
		call := "read"
		switch {
		case r.Thread != 0:
			return // poll with descriptors that may block is how small programs wait for one of two
		case x.l.Kind == timeline.KindListener:
			call = "accept"
		case x.l.Type != trace.TypeStream && x.l.Type != trace.TypeSeqpacket:
			return
		}
		why := "an event may be out of date when its handler runs"
		if r.Edge() {
			why = "with EPOLLET it has to be drained until EAGAIN, which never comes"
		}
		f := c.find(x, nil, Warn, Likely, fmt.Sprintf("%s is registered and has no O_NONBLOCK: %s blocks the whole loop when there is nothing (%s).", x.name, call, why),
			"set O_NONBLOCK with fcntl before it is registered; accept4(..., SOCK_NONBLOCK|SOCK_CLOEXEC) does it for connections. Calls with MSG_DONTWAIT need none.")
		for i := range c.s.Threads {
			if t := &c.s.Threads[i]; t.Lane == x.l.ID && !t.Waits() && t.Call != "" && stays(t.Since, k.At) {
				f.Severity, f.Verdict = Critical, Certain
				f.Sentence += fmt.Sprintf(" Thread %d is in %s on it for %s or longer.", t.TID, t.Call, lookedFor(t.Since, k.At))
			}
		}
		c.lookAt(f, x.l, 0)
	})
}

func closingLook(c *checker) {
	limit := int64(c.set.Leak)
	for _, l := range c.s.Lanes {
		k := l.Look
		if k == nil || l.Closed != 0 || k.Finished != timeline.Yes || k.FinishedSince == 0 || k.At-k.FinishedSince < limit || l.Kind != timeline.KindConn {
			continue
		}
		if l.Type != trace.TypeStream || l.Peer == "" {
			continue // a pair whose other end was closed on purpose
		}
		eof := ""
		if k.Unread > 0 {
			eof = fmt.Sprintf("; %s was never read", words.Bytes(k.Unread))
		}
		name, sev, v := laneName(l), Warn, Likely
		if !c.accepted(l) {
			sev, v = Info, Possible // a pool of connections to servers notices at its next request
		}
		c.lookAt(c.find(subject{l, name}, nil, sev, v, fmt.Sprintf("%s: the peer finished %s ago or longer (CLOSE_WAIT), and the descriptor is still open%s.", name, lookedFor(k.FinishedSince, k.At), eof),
			"close the descriptor when read returns 0 and everything is written."), l, k.FinishedSince)
	}
}

// waitedFor says whether any thread was in a wait on an instance.
func (c *checker) waitedFor(inst *timeline.Lane) bool {
	for i := range c.s.Threads {
		if t := &c.s.Threads[i]; t.Waits() && t.Lane == inst.ID {
			return true
		}
	}
	return false
}

// accepted says whether a connection came through a listener that is seen.
func (c *checker) accepted(l *timeline.Lane) bool {
	var all []string
	for _, o := range c.s.Lanes {
		if o.Kind == timeline.KindListener && o.Look != nil && o.Closed == 0 {
			all = append(all, o.Local)
		}
	}
	return listenerOf(l.Local, all) != ""
}

func backlogLook(c *checker) {
	for _, l := range c.s.Lanes {
		k := l.Look
		if k == nil || l.Closed != 0 || l.Kind != timeline.KindListener || k.Backlog <= 0 || k.Unread <= k.Backlog {
			continue
		}
		name := laneName(l)
		who := ""
		if len(k.Regs) == 0 {
			who = " No instance watches it."
		}
		c.lookAt(c.find(subject{l, name}, nil, Warn, Certain, fmt.Sprintf("the accept queue of %s is full: %s, and no more than %s fit. Further connections wait for the client's SYN to be sent again, and may time out.%s",
			name, words.Count(k.Unread, "connection waits", "connections wait"), words.Number(k.Backlog+1), who),
			"accept until EAGAIN, and more often; a larger backlog (listen, net.core.somaxconn) only lets more wait."), l, k.UnreadSince)
	}
}

// stuckLook: something is registered and ready, and every thread that could take it is in another call.
func stuckLook(c *checker) {
	type waiting struct {
		lane  *timeline.Lane
		since int64
		n     int
	}
	ready := map[uint32]*waiting{} // by process
	c.eachLook(func(x subject, k *timeline.Look, r *timeline.RegLook) {
		const in = 0x1 | 0x2 | 0x40
		if r.Stale || r.Thread != 0 || !r.Armed || r.Mask&in == 0 || !stays(k.UnreadSince, k.At) || r.Edge() && r.Queued != timeline.Yes ||
			x.l.Kind != timeline.KindConn && x.l.Kind != timeline.KindListener || len(c.waiters(r)) > 0 {
			return
		}
		if inst := c.s.Lane(r.Instance); inst != nil && inst.Look != nil && (inst.Look.Inherited || len(inst.Look.Holders) > 1 && c.waitedFor(inst)) {
			return // it came with a fork: another process may be the one that uses it
		}
		pid := x.l.Table
		if inst := c.s.Lane(r.Instance); inst != nil {
			pid = inst.Table
		}
		w := ready[pid]
		if w == nil {
			w = &waiting{x.l, k.UnreadSince, 0}
			ready[pid] = w
		}
		if w.n++; k.UnreadSince < w.since {
			w.lane, w.since = x.l, k.UnreadSince
		}
	})
	for i := range c.s.Threads {
		t := &c.s.Threads[i]
		w := ready[uint32(t.PID)]
		if w == nil || t.TID != t.PID || t.Waits() || t.Call == "" || !stays(t.Since, t.At) || !c.resting(int64(t.PID), t.At-twoLooks) {
			continue
		}
		elsewhere := false
		for j := range c.s.Threads {
			o := &c.s.Threads[j]
			elsewhere = elsewhere || o.PID == t.PID && o.Waits()
		}
		if elsewhere {
			continue // another thread has the loop
		}
		on := ""
		if l := c.s.Lane(t.Lane); l != nil {
			on = " on " + laneName(l)
		} else if t.FD >= 0 {
			on = fmt.Sprintf(" on fd %d", t.FD)
		}
		f := &Finding{Rule: c.rule, Severity: Warn, Verdict: Likely, FD: t.FD, Thread: int64(t.TID), Process: int64(w.lane.Process), pid: int64(t.PID), Subject: fmt.Sprintf("thread %d", t.TID),
			Sentence: fmt.Sprintf("thread %d (%s) is in %s%s for %s or longer, and in no wait, while something waits on %s, %s first.", t.TID, t.Name, t.Call, on, lookedFor(t.Since, t.At),
				words.Count(int64(w.n), "descriptor"), laneName(w.lane)),
			Fix: "find out what the call waits for; what may take long belongs into another thread, or needs a timeout."}
		f.at(c, 1, t.Since, t.At)
		c.found = append(c.found, f)
	}
}
