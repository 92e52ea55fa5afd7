package diagnostics

import (
	"fmt"
	"slices"
	"strings"

	"evviz/timeline"
	"evviz/words"
)

func staleRegistration(c *checker) {
	c.each(timeline.IncStale, func(x subject, i *timeline.Incident) {
		name, lives := x.name, "under another number or in another process"
		if n := int32(i.Most); n >= 0 && n != x.l.FD && x.l.FD >= 0 && x.l.Closed == 0 {
			name, lives = words.FD(n)+words.OfProcess(int64(x.l.Process)), "as "+x.name
		}
		f := c.find(x, i, max(c.spinning(i), Warn), Certain, fmt.Sprintf("%s was reported %s after it had been closed here: the file behind it lives on %s, and its registration with it.", name, c.again(i), lives),
			"EPOLL_CTL_DEL before close, whenever the descriptor may have been duplicated or inherited; open with CLOEXEC so that children do not keep it.")
		if n := int32(i.Most); n >= 0 && i.N > 0 {
			f.FD = n
		}
		if i.Proved == 0 {
			c.unrelated(f)
		}
	})
}

func misdispatch(c *checker) {
	c.each(timeline.IncMisdispatch, func(x subject, i *timeline.Incident) {
		f := c.find(x, i, Warn, Likely, fmt.Sprintf("%s got a number that still had an event in the batch when its former owner was closed, and was used in the same batch (%s): the old event may have gone to the new connection.", x.name, words.Times(i.N)),
			"put a generation beside the number into epoll_data and compare it before an event is handled, or close descriptors only after the batch.")
		c.unrelated(f)
	})
}

func useAfterClose(c *checker) {
	c.eachThread(timeline.IncBadWait, func(lp *timeline.LoopLane, i *timeline.Incident) {
		c.onThread(lp, i, max(c.spinning(i), Warn), Certain, fmt.Sprintf("%s waited on an epoll instance that is closed: %s with EBADF.", words.Thread(lp), words.Count(i.N, "wait failed", "waits failed")),
			"end the loop before its instance is closed: wake it, let it leave, and close then.")
	})
	c.each(timeline.IncClosedUnder, func(x subject, i *timeline.Incident) {
		if x.l.ID == 0 || c.kinshipUnknown() {
			return
		}
		c.find(x, i, Warn, Likely, fmt.Sprintf("epoll instance %s was closed while a thread waited on it: close wakes nobody, so the thread waits on until something that it watched gets ready.", x.name),
			"wake the thread with an eventfd, let it leave its wait, and close the instance then.")
	})
	c.each(timeline.IncBadChange, func(x subject, i *timeline.Incident) {
		c.find(x, i, Warn, Certain, fmt.Sprintf("epoll instance %s was closed when its interest list was to be changed, %s (EBADF).", x.name, words.Times(i.N)),
			"make sure that no thread keeps the number of an instance that is closed: it may be reused.")
	})
	c.each(timeline.IncClosedTarget, func(x subject, i *timeline.Incident) {
		c.find(x, i, Warn, Certain, fmt.Sprintf("%s was already closed when it was to be watched, %s (EBADF): it will not be reported, and the number may be another file's next time.", x.name, words.Times(i.N)),
			"EPOLL_CTL_DEL and then close, by the thread that owns the descriptor; a thread that registers must know that it is still open.")
	})
	c.each(timeline.IncInvalid, func(x subject, i *timeline.Incident) {
		if i.Run < int64(c.set.InvalidRow) {
			if c.s.Stats.Waits == 1 && !c.lab() {
				c.find(x, i, Info, Possible, fmt.Sprintf("%s is not open and in the set that is passed to poll (POLLNVAL); if this line repeats, every poll returns at once.", x.name), "take a descriptor out of the array (or set its fd to -1) before it is closed.")
			}
			return
		}
		c.find(x, i, max(c.spinning(i), Warn), Certain, fmt.Sprintf("%s is closed and still in the set that is passed to poll: POLLNVAL %s, and every poll returns at once.", x.name, c.again(i)),
			"take a descriptor out of the array (or set its fd to -1) before it is closed.")
	})
	c.eachThread(timeline.IncStrayChange, func(lp *timeline.LoopLane, i *timeline.Incident) {
		if i.N < int64(c.set.StrayChanges) && (i.Sure == 0 || c.s.Stats.Events > shortText) { // of one that is closed before our eyes once is enough
			return
		}
		if c.staleToo(lp, i) {
			return // EV18 says what came of it
		}
		which, fds := "", numbersOf(i)
		if len(fds) == 1 {
			which = " (" + fds[0] + ")"
		}
		s := fmt.Sprintf("%s changed the registration of something that was closed or not registered%s, %s (EBADF or ENOENT)", words.Thread(lp), which, words.Times(i.N))
		closed := i.Sure >= i.N
		if closed {
			s = fmt.Sprintf("%s changed the registration of a descriptor%s after it was closed, %s (EBADF): close had taken it out already", words.Thread(lp), which, words.Times(i.N))
		}
		if n := len(fds); n > 1 && int64(n) == i.N && n <= maxNamed { // each once
			all := strings.Join(fds[:n-1], ", ") + " and " + fds[n-1]
			s = fmt.Sprintf("%s changed the registrations of %s, which were closed or not registered (EBADF or ENOENT)", words.Thread(lp), all)
			if closed {
				s = fmt.Sprintf("%s changed the registrations of %s after they were closed (EBADF): close had taken them out already", words.Thread(lp), all)
			}
		}
		c.onThread(lp, i, Info, Certain, s+".", "EPOLL_CTL_DEL before close, and keep track of what is registered.")
	})
	c.each(timeline.IncUnregistered, func(x subject, i *timeline.Incident) {
		c.find(x, i, Info, Certain, fmt.Sprintf("%s is open and was not registered when it was to be watched for something else, %s (EPOLL_CTL_MOD, ENOENT): the program believes it to be registered from an earlier use of the number.", x.name, words.Times(i.N)),
			"forget what is registered for a number when it is closed, and use EPOLL_CTL_ADD for a new descriptor; EPOLL_CTL_ADD when EPOLL_CTL_MOD says ENOENT is a way out that works.")
	})
}

func edgeLost(c *checker) {
	c.each(timeline.IncEdgeLost, func(x subject, i *timeline.Incident) {
		kept, edge := int64(0), 0
		for _, l := range c.s.Lanes {
			if l.Instance != nil {
				kept += l.Instance.EdgeKept
				edge += l.Instance.Edge
			}
		}
		if c.switched(i.First) { // on purpose: the whole loop was switched at that moment
			return
		}
		v := Certain
		if kept == 0 && edge == 0 {
			v = Possible
		} else if kept == 0 {
			v = Likely
		}
		s := fmt.Sprintf("%s was registered with EPOLLET, and a MOD without it made it level-triggered", x.name)
		if n := x.l.Incident(timeline.IncUntouched); n != nil {
			s += fmt.Sprintf("; it was reported again %s since", words.Times(n.N))
		}
		c.find(x, i, Warn, v, s+".", "pass EPOLLET with every EPOLL_CTL_MOD: the mask replaces the old one, flags and all.")
	})
}

// switching is how long a loop may take to register everything again, ns: it is one iteration of it.
const switching = 50_000_000

// switched says whether somebody changed the triggering of the whole loop on purpose at about that time.
func (c *checker) switched(at int64) bool {
	for i, m := range c.s.Modes {
		if i > 0 && m.At <= at+switching && m.At >= at-switching { // the first is how it was started
			return true
		}
	}
	return false
}

func connectOrder(c *checker) {
	c.each(timeline.IncUnconnected, func(x subject, i *timeline.Incident) {
		c.find(x, i, max(c.spinning(i), Warn), Certain, fmt.Sprintf("%s was registered before connect was called: a socket that is not connected reports HUP at once, %s here.", x.name, words.Times(i.N)),
			"call connect first (it returns EINPROGRESS), and register the socket for EPOLLOUT then.")
	})
}

func fdLeak(c *checker) {
	limit := int64(c.set.Leak)
	if c.lab() {
		limit = int64(c.set.LabLeak)
	}
	for _, l := range c.s.Lanes {
		if l.EOFSince == 0 || c.s.Now-l.EOFSince < limit || l.Incident(timeline.IncEOF) != nil {
			continue
		}
		how := ""
		if l.EOFTold {
			how = " (as an event with RDHUP or HUP says; no read has returned 0)"
		}
		f := c.find(subject{l, laneName(l)}, nil, Warn, Likely, fmt.Sprintf("%s: the peer finished %s ago%s, nothing has been written since, and the descriptor is still open.", laneName(l), words.Duration(c.s.Now-l.EOFSince), how),
			"close the descriptor when read returns 0 and everything is written.")
		f.at(c, 1, l.EOFSince, c.s.Now)
		c.doubt(f, closings)
	}
	c.each(timeline.IncKept, func(x subject, i *timeline.Incident) {
		if i.Most < limit || x.l.Incident(timeline.IncEOF) != nil {
			return
		}
		c.find(x, i, Warn, Likely, fmt.Sprintf("%s: the peer had finished %s before the program ended, nothing was written to it since, and only that closed the descriptor.", x.name, words.Duration(i.Most)),
			"close the descriptor when read returns 0 and everything is written.")
	})
	st := &c.s.Stats
	if open := st.Opens - st.Closes; open >= int64(c.set.Growth) && !atLeast(st.Closes, st.Opens, c.set.GrowthClosed) {
		f := &Finding{Rule: c.rule, Severity: Info, Verdict: Possible, FD: -1, Subject: "descriptors",
			Sentence: fmt.Sprintf("%s were opened and %s closed: their number only grows.", words.Count(st.Opens, "descriptor"), words.Number(st.Closes)),
			Fix:      "look for a path on which a descriptor is not closed; evviz's list of lanes shows which are open longest."}
		f.at(c, open, c.s.First, c.s.Last)
		c.doubt(f, closings)
		c.found = append(c.found, f)
	}
}

// staleToo says whether each descriptor that is the matter of an incident has an EV18: it was closed before its registration was taken out.
func (c *checker) staleToo(lp *timeline.LoopLane, i *timeline.Incident) bool {
	for _, m := range i.Moments {
		if !slices.ContainsFunc(c.found, func(f *Finding) bool {
			return f.Rule.ID == "EV18" && int64(f.FD) == m.V && (f.Process == 0 || f.Process == int64(lp.Process))
		}) {
			return false
		}
	}
	return len(i.Moments) > 0 && int64(len(i.Moments)) >= i.N
}

// numbersOf are the descriptors that are the values of an incident's moments, each once.
func numbersOf(i *timeline.Incident) (fds []string) {
	for _, m := range i.Moments {
		if name := words.FD(int32(m.V)); !slices.Contains(fds, name) {
			fds = append(fds, name)
		}
	}
	return fds
}
