package diagnostics

import (
	"fmt"

	"evviz/timeline"
	"evviz/words"
)

func acceptExhausted(c *checker) {
	c.each(timeline.IncShed, func(x subject, i *timeline.Incident) {
		fails := x.l.Stats.Counts[timeline.MarkAcceptErr]
		sev := Warn
		if c.lab() {
			sev = Info // there it is the cure of a spin
		}
		c.find(x, i, sev, Certain, fmt.Sprintf("%s has no descriptors left: accept failed %s, and %s then accepted with a descriptor kept in reserve, only to be closed (libuv does so, others keep /dev/null open for it): their clients are turned away.",
			x.name, words.Times(max(fails, i.N)), words.Count(i.N, "connection was", "connections were")),
			"raise the limit of descriptors (RLIMIT_NOFILE), and look for descriptors that are never closed; the reserve only keeps the loop from spinning.")
	})
	c.each(timeline.IncExhausted, func(x subject, i *timeline.Incident) {
		if x.l.Incident(timeline.IncShed) != nil {
			return
		}
		fails := max(x.l.Stats.Counts[timeline.MarkAcceptErr], i.N)
		c.find(x, i, max(c.spinning(i), Warn), Certain, fmt.Sprintf("accept on %s failed %s for want of descriptors, and the listener was reported again %s: the connection stays in the queue, so every wait returns at once.",
			x.name, words.Times(fails), c.again(i)), exhaustedFix).Count = fails
	})
	c.each(timeline.IncStarved, func(x subject, i *timeline.Incident) {
		if x.l.Incident(timeline.IncExhausted) != nil || x.l.Incident(timeline.IncShed) != nil {
			return
		}
		if i.Tight == 0 {
			if c.lab() || x.l.Incident(timeline.IncDeaf) != nil {
				return // what came of it is said below
			}
			sev := Warn
			if x.l.LastRead.Errno == 0 {
				sev = Info // it went on
			}
			c.find(x, i, sev, Certain, fmt.Sprintf("accept on %s failed %s for want of descriptors (EMFILE or its likes).", x.name, words.Times(i.N)), exhaustedFix)
			return
		}
		c.find(x, i, max(c.spinning(i), Warn), Certain, fmt.Sprintf("accept on %s failed %s for want of descriptors and was tried again at once, %s in a row: it fails so even with an empty queue, because it takes the number first.",
			x.name, words.Times(i.N), words.Times(i.Run)), exhaustedFix)
	})
	c.each(timeline.IncDeaf, func(x subject, i *timeline.Incident) {
		o := over(i, c.stall())
		if o.n == 0 {
			return
		}
		s := fmt.Sprintf("%s is edge-triggered, its last accept failed for want of descriptors", x.name)
		if i.Amount > 0 {
			s += fmt.Sprintf(" and %s", words.Count(i.Amount, "connection waited", "connections waited"))
		}
		sev, v := Critical, Certain
		if i.Sure < i.N {
			sev, v = Warn, Likely // it may have emptied the queue: accept fails so even then
		}
		f := c.find(x, i, sev, v, fmt.Sprintf("%s: the loop gets no notification of the queue until the next connection comes (%s so far).", s, words.Duration(i.Most)), exhaustedFix)
		f.of(o)
	})
}

const exhaustedFix = "raise the limit of descriptors (RLIMIT_NOFILE); keep one in reserve to close, accept and close with; and stop accepting for a while instead of trying again at once."

func acceptBehind(c *checker) {
	c.each(timeline.IncOneAccept, func(x subject, i *timeline.Incident) {
		if i.N < int64(c.set.SingleAccepts) || !c.lab() && !c.timed() {
			return // that more waited follows from waits that did not sleep, which only times show
		}
		v := Certain
		if !c.lab() {
			v = Likely
		}
		c.find(x, i, Info, v, fmt.Sprintf("%s: one connection was accepted per event while more waited, so %s came where one was enough.", x.name, words.Count(i.N, "event")),
			"accept in a loop until EAGAIN, with a limit for fairness.")
	})
	c.each(timeline.IncOverflow, func(x subject, i *timeline.Incident) {
		c.find(x, i, Warn, Certain, fmt.Sprintf("%s: up to %s waited to be accepted, more than the backlog holds; the kernel drops the next ones, and their clients try again after a second.",
			x.name, words.Count(i.Most, "connection")), "accept until EAGAIN at every event and as soon as you can, and raise the backlog of listen (and net.core.somaxconn).")
	})
	c.each(timeline.IncSlowConnect, func(x subject, i *timeline.Incident) {
		o := over(i, int64(c.set.LateConnect))
		if o.n == 0 || x.l.Incident(timeline.IncOverflow) != nil {
			return
		}
		f := c.find(x, i, Warn, Likely, fmt.Sprintf("%s: %s needed up to %s to connect: the backlog was full and their first SYN was dropped.",
			x.name, o.atLeast()+words.Count(o.n, "client"), words.Duration(i.Most)), "accept until EAGAIN at every event and as soon as you can, and raise the backlog of listen (and net.core.somaxconn).")
		f.of(o)
	})
}
