package diagnostics

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// again words a row: "600 times, up to 250 in a row within 1.2 ms"; without times "600 times, up to 250 in a row".
func (c *checker) again(i *timeline.Incident) string {
	s := words.Times(i.N)
	if !c.timed() && i.Run > 1 && i.Run < i.N {
		return fmt.Sprintf("%s, up to %s in a row", s, words.Number(i.Run))
	}
	if c.timed() && i.RunTime > 0 {
		if i.Run == i.N {
			return s + " in " + words.Duration(i.RunTime)
		}
		return fmt.Sprintf("%s, up to %s in a row within %s", s, words.Number(i.Run), words.Duration(i.RunTime))
	}
	return s
}

func unserviced(c *checker) {
	rearmed(c)
	c.each(timeline.IncUntouched, func(x subject, i *timeline.Incident) {
		what, fix := "a read", "read it until EAGAIN or a short read; while you do not want the data, take EPOLLIN out of the mask with EPOLL_CTL_MOD"
		switch x.l.Kind {
		case timeline.KindListener:
			what, fix = "an accept", "accept until EAGAIN when the listener is reported; while you want no connections, take it out of the set with EPOLL_CTL_MOD"
		case timeline.KindWake:
			fix = "read its 8 bytes when it is reported, or register it with EPOLLET"
		case timeline.KindTimer:
			fix = "read its 8 bytes when it is reported; they say how often it has fired since"
		}
		sev, v := c.spin(i)
		c.doubt(c.find(x, i, sev, v, fmt.Sprintf("%s was reported again %s, without %s in between: it is level-triggered, so every wait returns at once.",
			x.name, c.again(i), what), fix+"."), readings)
	})
}

// leastBuffer is what is no longer the size of a message with a fixed form, bytes.
const leastBuffer = 512

// rearmed is the other way to be told of the same again and again: under any trigger EPOLL_CTL_MOD makes the kernel look once more.
func rearmed(c *checker) {
	c.each(timeline.IncRearmed, func(x subject, i *timeline.Incident) {
		sev, v := c.spin(i)
		if sev == Info {
			return
		}
		c.find(x, i, sev, v, fmt.Sprintf("%s was armed again with EPOLL_CTL_MOD and reported again %s, and nothing was read in between: each MOD makes the kernel look once more, also under EPOLLET.", x.name, c.again(i)),
			"read it before it is armed again; while you do not want the data, leave EPOLLIN out of the mask.")
	})
}

func leftover(c *checker) {
	c.each(timeline.IncLeftover, func(x subject, i *timeline.Incident) {
		if x.l.Kind == timeline.KindListener {
			return // EV12 says it
		}
		if i.N == 1 && i.Sure == 0 {
			return // one may be another message
		}
		sev := Info
		size := x.l.LastRead.Asked
		if i.Run >= int64(c.set.Repeats)-1 && (size == 0 || size < int64(c.set.BigBuffer)) && (i.Sure >= i.N || x.l.Calls.ShortReads > 0 || size >= leastBuffer && x.l.Type == trace.TypeStream) {
			sev = Warn // where no read was ever short, each may have been a message of just that size
		}
		s := fmt.Sprintf("%s: %s for one message, %s of them repeats", x.name, words.Count(i.Run+1, "wakeup"), words.Number(i.Run))
		if i.Sum > 0 {
			s += fmt.Sprintf(" (%s per read)", words.Bytes(i.Sum/i.N))
		}
		if i.N > i.Run {
			s += fmt.Sprintf("; %s in all", words.Count(i.N, "repeat"))
		}
		fix := "read in a loop until a short read or EAGAIN, with a limit for fairness, or use a larger buffer"
		if size > 0 {
			fix += fmt.Sprintf(" than %s", words.Bytes(size))
		}
		c.find(x, i, sev, sure(i), s+".", fix+".")
	})
}

func undrained(c *checker) {
	c.each(timeline.IncStranded, func(x subject, i *timeline.Incident) {
		o := over(i, c.stall())
		v, sev := Possible, Warn
		full := x.l.LastRead.Result > 0 && x.l.LastRead.Result == x.l.LastRead.Asked
		cut := false
		switch {
		case o.n > 0:
		case i.Forgotten > 0 && i.Sure > 0:
			o, sev = overs{n: i.Forgotten, at: []int64{i.First}}, Info // the trace ended first
		case i.Open != 0 && i.Rested && full && !c.lab() && x.l.Kind == timeline.KindConn && x.l.Type != trace.TypeDatagram && x.l.Type != trace.TypeSeqpacket && !x.l.OnDemand:
			o, cut = overs{n: 1, at: []int64{i.Open}}, true // a full buffer was read once, and the loop went to sleep: nothing else has to be seen
		default:
			return // too early to say
		}
		if i.Sure > 0 && !cut {
			v = Certain
		} else if x.l.LastRead.Result > 0 && x.l.LastRead.Result == x.l.LastRead.Asked {
			v = Likely
		}
		if i.Sure == 0 && (x.l.Whole || full && x.l.LastRead.Asked < leastBuffer) { // each may have been a whole message
			if cut {
				return
			}
			if v = Possible; i.N > 1 {
				sev = Info // it was: had bytes been left, the next turn would have found more than one
			}
		}
		if sev > Info && v == Certain && (i.Open != 0 || i.Forgotten > 0) {
			sev = Critical
		}
		if x.l.OnDemand && (v != Certain || !c.lab()) { // that bytes are there, which both ends in one log show, does not say that somebody wants them
			c.find(x, i, Info, Possible, fmt.Sprintf("%s is not being read: it may have unread data for %s. Its runtime reads when a task asks for it, so this may be back-pressure.", x.name, words.Duration(i.Most)),
				"check whether a task should be reading this connection.")
			return
		}
		if x.l.Kind == timeline.KindTimer {
			f := c.find(x, i, sev, v, fmt.Sprintf("%s repeats, but an expiration %s, so it did not fire again: it is edge-triggered, and the kernel starts a timerfd's next period only when it is read.",
				x.name, c.unreadFor(i)), "read the 8 bytes after every event; they say how often the timer has fired since.")
			f.of(o)
			c.doubt(f, readings)
			return
		}
		call, left, still, past := "read", "data", "has been unread on", "was unread on"
		if x.l.Kind == timeline.KindListener {
			call, left, still, past = "accept", "a connection", "has not been accepted on", "was not accepted on"
		}
		if i.Amount > 1 {
			still, past = strings.Replace(still, "has ", "have ", 1), strings.Replace(past, "was ", "were ", 1)
		}
		switch {
		case i.Amount > 0 && x.l.Kind == timeline.KindListener:
			left = words.Count(i.Amount, "connection")
		case i.Amount > 0:
			left = words.Bytes(i.Amount)
		}
		s := ""
		switch {
		case cut:
			s = fmt.Sprintf("%s %s %s until the end of this log, and the loop gets no further notification: a full buffer of %s was read once, and then the loop went to wait", left, still, x.name, words.Bytes(x.l.LastRead.Asked))
			s = strings.Replace(s, "has been", "may be", 1)
		case i.Open != 0:
			s = fmt.Sprintf("%s %s %s for %s, and the loop gets no further notification", left, still, x.name, words.Duration(c.s.Now-i.Open))
		case i.Forgotten > 0:
			s = fmt.Sprintf("%s %s %s for %s, until it was closed, and the loop got no further notification", left, past, x.name, words.Duration(i.Most))
		default:
			s = fmt.Sprintf("%s %s %s for %s before the loop got another notification", left, past, x.name, words.Duration(i.Most))
		}
		if cut {
			s += "; it is edge-triggered"
		} else {
			s += ": it is edge-triggered and was not drained"
		}
		if i.Proved > 0 {
			s += "; a read that no event had asked for got it in the end"
		}
		if o.n > 1 {
			s += fmt.Sprintf(" (%s so far)", o.times())
		}
		f := c.find(x, i, sev, v, s+".", fmt.Sprintf("%s until EAGAIN (or a short read) after every event, or remember that it is not drained and go on with it before the next wait.", call))
		f.of(o)
		c.doubt(f, readings)
	})
}

// unreadFor says since when, or for how long, something was left unread.
func (c *checker) unreadFor(i *timeline.Incident) string {
	if i.Open != 0 {
		return "has been unread for " + words.Duration(c.s.Now-i.Open)
	}
	return "was left unread for " + words.Duration(i.Most)
}

func starvation(c *checker) {
	c.each(timeline.IncHog, func(x subject, i *timeline.Incident) {
		sev := Info
		if i.Most > int64(c.set.HogReads) {
			sev = Warn
		}
		s := fmt.Sprintf("%s was read %s in a row while others waited", x.name, words.Count(i.Most, "time"))
		if i.Worst > 0 {
			s += fmt.Sprintf(", one of them for %s", words.Duration(i.Worst))
		}
		c.find(x, i, sev, sure(i), s+".", "give each descriptor a budget per iteration (16 reads, or 64 KiB), keep a list of those that have more, and take them in turn.")
	})
}

func wastedRead(c *checker) {
	c.each(timeline.IncWastedRead, func(x subject, i *timeline.Incident) {
		if i.N < int64(c.set.WastedReads) {
			return
		}
		c.find(x, i, Info, Certain, fmt.Sprintf("%s was read %s more after a short read, which on a byte stream proves that nothing is left.",
			x.name, words.Count(i.N, "time")), "stop at a short read; the next arrival brings a new event, also under edge triggering.")
	})
}

// leastMessage is the room for a message, bytes, below which a program wants to know that there is one, or its header, and not what it says.
const leastMessage = 16

func cutMessage(c *checker) {
	c.each(timeline.IncCut, func(x subject, i *timeline.Incident) {
		sev, room := Warn, x.l.LastCut.Asked
		if room < leastMessage || i.Sum > 0 { // who asks how long each message was knows what it lost
			sev = Info
		}
		many, rest := words.Count(i.N, "message")+" was longer", "the rest of it is lost"
		if i.N > 1 {
			many, rest = words.Count(i.N, "message")+" were longer", "the rest of each is lost"
		}
		if i.Sum > 0 {
			rest += fmt.Sprintf(" (%s in all)", words.Bytes(i.Sum))
		}
		c.find(x, i, sev, Certain, fmt.Sprintf("%s: %s than the buffer of %s that it was read into (MSG_TRUNC), and the kernel keeps nothing of a message once it is read: %s.",
			x.name, many, words.Bytes(room), rest),
			"use a buffer as large as the longest message (64 KiB for UDP), or ask for the length of the next one first: recv with MSG_PEEK | MSG_TRUNC.")
	})
}

func eofSpin(c *checker) {
	c.each(timeline.IncEOF, func(x subject, i *timeline.Incident) {
		sev, v := c.spin(i)
		c.find(x, i, sev, v, fmt.Sprintf("%s was reported %s after read had returned 0: the peer has finished, and EOF stays readable until the descriptor is closed.",
			x.name, c.again(i)), "close the descriptor when read returns 0; if you still want to write, take EPOLLIN (and EPOLLRDHUP) out of its mask first.")
	})
	c.each(timeline.IncReadEOF, func(x subject, i *timeline.Incident) {
		if x.l.Incident(timeline.IncEOF) != nil || i.Tight == 0 && !c.everyTurn(i) {
			return
		}
		if i.Naps > 0 && (!c.timed() || i.Tight > int64(c.set.SpinWindow)) {
			return // a file that is followed: it is looked at now and then
		}
		sev, v := c.spin(i)
		c.find(x, i, sev, v, fmt.Sprintf("%s was read %s more after read had returned 0, and each read returned 0 again: the peer has finished, and nothing will come.",
			x.name, c.again(i)), "close the descriptor when read returns 0, and take it out of what is read.")
	})
}

func hupSpin(c *checker) {
	c.each(timeline.IncHangup, func(x subject, i *timeline.Incident) {
		sev, v := c.spin(i)
		c.doubt(c.find(x, i, sev, v, fmt.Sprintf("%s was reported with the same hang-up or error %s, and the program did nothing about it.", x.name, c.again(i)),
			hangupFix), actings)
	})
	if c.s.Stats.Waits > 2 {
		return
	}
	for _, l := range c.s.Lanes { // a line or two of a text that most likely goes on so
		if l.HungUp && len(l.Incidents) == 0 {
			c.find(subject{l, laneName(l)}, nil, Info, Possible, fmt.Sprintf("%s was reported with a hang-up or an error; if this line repeats, nobody does anything about it and every wait returns at once.", laneName(l)),
				hangupFix).at(c, 1, l.LastActivity, l.LastActivity)
		}
	}
}

const hangupFix = "close the descriptor, or take it out of the set: with EPOLL_CTL_DEL, or out of poll's array. HUP and ERR are reported whatever the mask says."

func blockingFD(c *checker) {
	// A log without one fcntl or ioctl, and without any call that is of no interest here, was most likely filtered.
	unseen := !c.lab() && c.s.Stats.FlagCalls == 0 && c.s.Info.OtherCalls == 0
	c.each(timeline.IncBlockingFD, func(x subject, i *timeline.Incident) {
		sev, v, tail := Warn, Certain, ""
		if unseen {
			sev, v, tail = Info, Possible, " There is not one fcntl or ioctl in the trace: if strace was run without them (-e trace=...), O_NONBLOCK may have been set all the same."
		}
		if i.Most >= int64(c.set.BlockedCall) {
			sev, v, tail = Critical, Certain, fmt.Sprintf(" One read blocked the whole loop for %s.", words.Duration(i.Most))
		}
		c.find(x, i, sev, v, fmt.Sprintf("%s was accepted without O_NONBLOCK (accept does not inherit it) and is read when it is reported ready: %s.%s",
			x.name, words.Count(i.N, "read"), tail), "accept with accept4(..., SOCK_NONBLOCK|SOCK_CLOEXEC), or set O_NONBLOCK with fcntl before it is registered.")
	})
	c.each(timeline.IncBlockedCall, func(x subject, i *timeline.Incident) {
		o := over(i, int64(c.set.BlockedCall))
		if o.n == 0 || x.l.Incident(timeline.IncBlockingFD) != nil {
			return
		}
		f := c.find(x, i, Critical, Certain, fmt.Sprintf("%s on %s blocked the loop for up to %s although the descriptor is registered.", i.Call, x.name, words.Duration(i.Most)),
			"set O_NONBLOCK on every descriptor that is registered; an event may be out of date when its handler runs.")
		f.of(o)
	})
}
