package diagnostics

import (
	"fmt"

	"evviz/timeline"
	"evviz/words"
)

func writeSpin(c *checker) {
	roomReported(c)
	c.each(timeline.IncWritable, func(x subject, i *timeline.Incident) {
		sev, v := c.spin(i)
		c.doubt(c.find(x, i, sev, v, fmt.Sprintf("%s was reported writable %s with nothing written in between: EPOLLOUT is armed and there is nothing to send.", x.name, c.again(i)),
			"write first; arm EPOLLOUT with EPOLL_CTL_MOD only after a short write or EAGAIN, and remove it again when everything is sent."), writings)
	})
}

// roomReported is a line or two of a text that most likely goes on so.
func roomReported(c *checker) {
	if c.lab() || c.s.Stats.Waits > 2 || c.s.Stats.Writes+c.s.Stats.WriteErr+c.s.Stats.WriteAgain > 0 {
		return
	}
	for _, l := range c.s.Lanes {
		if l.RoomOnly && len(l.Incidents) == 0 {
			c.find(subject{l, laneName(l)}, nil, Info, Possible, fmt.Sprintf("%s was reported writable, and nothing was written; if this line repeats, EPOLLOUT is armed with nothing to send and every wait returns at once.", laneName(l)),
				"arm EPOLLOUT only after a short write or EAGAIN, and remove it again when everything is sent.").at(c, 1, l.LastActivity, l.LastActivity)
		}
	}
}

func lostOutput(c *checker) {
	c.each(timeline.IncLostOutput, func(x subject, i *timeline.Incident) {
		sev, v := Warn, Likely
		if i.Sure > 0 {
			sev, v = Critical, Certain
		}
		c.find(x, i, sev, v, fmt.Sprintf("%s: a write was short or got EAGAIN, and %s never sent (%s).", x.name, was(i.Sum), words.Times(i.N)),
			"check the result of every write: keep the unsent bytes, arm EPOLLOUT, and send it when there is room.")
	})
}

func was(n int64) string {
	if n == 1 {
		return "1 byte was"
	}
	return words.Bytes(n) + " were"
}

func stuckOutput(c *checker) {
	c.each(timeline.IncStuckOutput, func(x subject, i *timeline.Incident) {
		o := over(i, c.stall())
		if o.n == 0 {
			return
		}
		s := fmt.Sprintf("%s: a write came back short or with EAGAIN, EPOLLOUT was not registered, and nothing was written for %s", x.name, words.Duration(i.Most))
		if i.Open != 0 {
			s += " so far"
		}
		f := c.find(x, i, Warn, sure(i), s+".", "arm EPOLLOUT with EPOLL_CTL_MOD when a write is short or EAGAIN, and go on writing when it is reported.")
		f.of(o)
	})
}
