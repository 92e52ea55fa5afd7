package diagnostics

import (
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Side is one of two runs that are compared, by the name that the sentence gives it.
type Side struct {
	Name string
	Snap *timeline.Snapshot
}

// Contrast says in one sentence how two runs differ in the window [t0, t1) of the clock that they share. Only what is known
// of both is said, the most telling first, as much as fits into so many characters; 0 is no limit.
//
//   - How long a message was kept waiting: the time that data waited on connections, by the messages that were sent in the window or
//     waited at its beginning. Where a loop is faster than the observer some waits are not seen, so the mean may be too
//     short, never too long.
//   - Calls without a result: calls that found nothing, and waits that brought nothing.
//   - Repeated notifications: only where both are level-triggered; elsewhere nothing repeats.
//   - Idle: the share of the loops' time asleep or waiting.
func Contrast(a, b Side, t0, t1 int64, limit int) string {
	window := "in these " + words.Duration(t1-t0) + ": "
	sides := [2]contrasted{contrastOf(a, t0, t1), contrastOf(b, t0, t1)}
	if t1 <= t0 || !sides[0].seen || !sides[1].seen {
		return "nothing to compare yet"
	}
	for _, s := range sides {
		if s.w.Gaps > 0 {
			return window + "events of " + s.name + " are missing, so nothing is compared"
		}
	}
	// The names stand in the first clause; in those after it the first figure is the first one's.
	var clauses []string
	both := func(known func(*contrasted) bool, before string, say func(*contrasted) string, under string) {
		a, b := &sides[0], &sides[1]
		switch {
		case !known(a) || !known(b):
		case len(clauses) == 0:
			clauses = append(clauses, before+say(a)+under+a.name+", "+say(b)+under+b.name)
		default:
			clauses = append(clauses, before+say(a)+", "+say(b))
		}
	}
	both(func(c *contrasted) bool { return c.messages > 0 && c.waited > 0 },
		"a message waited ", func(c *contrasted) string { return words.Duration(c.waited / c.messages) }, " under ")
	often := func(n int64) string {
		if n == 0 {
			return "none"
		}
		return words.Number(n)
	}
	both(func(c *contrasted) bool { return c.calls },
		"calls without a result: ", func(c *contrasted) string { return often(c.w.Again() + c.w.Timeouts) }, " under ")
	both(func(c *contrasted) bool { return c.level },
		"repeated notifications: ", func(c *contrasted) string { return often(c.w.Renotify) }, " under ")
	both(func(c *contrasted) bool { return c.calls && c.all > 0 },
		"idle ", func(c *contrasted) string { return words.Percent(float64(c.rest) / float64(c.all)) }, " under ")
	if len(clauses) == 0 {
		return window + "nothing is known of both"
	}
	return Sentence(append([]string{window + clauses[0]}, clauses[1:]...), limit)
}

// contrasted is what one side did in the window.
type contrasted struct {
	name         string
	w            timeline.WindowStats
	seen         bool  // something is known of the window
	calls, level bool  // its calls are seen, all the time; it was level-triggered, all the time
	messages     int64 // that were sent in the window or waited at its beginning
	waited       int64
	rest, all    int64
}

func contrastOf(side Side, t0, t1 int64) contrasted {
	s := side.Snap
	c := contrasted{name: side.Name, w: s.Window(t0, t1), seen: s.EventCount() > 0 && t1 > s.First && t0 <= s.Now, calls: true, level: true}
	mode := func(m timeline.Mode) {
		c.calls = c.calls && m.Known && m.Driver != trace.DriverGo
		c.level = c.level && m.Known && (m.Driver == trace.DriverSelect || m.Driver == trace.DriverPoll ||
			m.Driver == trace.DriverEpoll && m.Trigger == trace.TriggerLevel)
	}
	mode(c.w.Mode)
	for i, m := range s.Modes { // each lasts until the next begins
		if m.At < t1 && (i+1 == len(s.Modes) || s.Modes[i+1].At > t0) {
			mode(m.Mode)
		}
	}
	for _, l := range s.Lanes {
		if l.Kind != timeline.KindConn || l.Opened >= t1 || l.Closed != 0 && l.Closed < t0 {
			continue
		}
		w := l.Window(t0, t1)
		c.waited += w.Waited
		c.messages += int64(w.Counts[timeline.MarkStepSend])
		if _, _, waits := l.WaitingAt(t0); waits {
			c.messages++
		}
	}
	d := &c.w.Time
	c.rest = d[timeline.LoopWaiting] + d[timeline.LoopAsleep]
	c.all = c.rest + d[timeline.LoopWorking] + d[timeline.LoopRenotified] + d[timeline.LoopLocked] + d[timeline.LoopRunnable]
	return c
}
