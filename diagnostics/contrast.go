package diagnostics

import (
	"strings"

	"evviz/timeline"
	"evviz/trace"
)

// Side is one of two runs that are compared, by the name that the sentence gives it.
type Side struct {
	Name string
	Snap *timeline.Snapshot
}

// Contrast says in one sentence how two runs differ in the window [t0, t1) of the clock that they share. Only what is known
// of both is said, the most telling first, as much as fits into so many characters; 0 is no limit.
//
//   - How long a message was kept waiting: the time that data waited on connections, by the clients' sends. Where a loop is
//     faster than the observer some waits are not seen, so the mean may be too short, never too long.
//   - Asked in vain: calls that found nothing, and waits that brought nothing.
//   - Told what was known: only where both are told by level; elsewhere nothing could repeat itself.
//   - Rested: the share of the loops' time asleep or waiting.
func Contrast(a, b Side, t0, t1 int64, limit int) string {
	window := "in these " + Duration(t1-t0) + ": "
	sides := [2]contrasted{contrastOf(a, t0, t1), contrastOf(b, t0, t1)}
	if t1 <= t0 || !sides[0].seen || !sides[1].seen {
		return "nothing to compare yet"
	}
	for _, s := range sides {
		if s.w.Gaps > 0 {
			return window + "events of " + s.name + " are missing, so nothing is compared"
		}
	}
	var clauses [2][]string
	both := func(known func(*contrasted) bool, say func(*contrasted) string) {
		if known(&sides[0]) && known(&sides[1]) {
			clauses[0], clauses[1] = append(clauses[0], say(&sides[0])), append(clauses[1], say(&sides[1]))
		}
	}
	both(func(c *contrasted) bool { return c.sends > 0 && c.waited > 0 },
		func(c *contrasted) string { return "kept a message waiting " + Duration(c.waited/c.sends) })
	both(func(c *contrasted) bool { return c.calls }, func(c *contrasted) string {
		if n := c.w.Again() + c.w.Timeouts; n > 0 {
			return "asked " + times(n) + " in vain"
		}
		return "never asked in vain"
	})
	both(func(c *contrasted) bool { return c.level }, func(c *contrasted) string {
		if c.w.Renotify > 0 {
			return "was told " + times(c.w.Renotify) + " what it knew"
		}
		return "was told nothing twice"
	})
	both(func(c *contrasted) bool { return c.calls && c.all > 0 },
		func(c *contrasted) string { return "rested " + Percent(float64(c.rest)/float64(c.all)) })
	if len(clauses[0]) == 0 {
		return window + "nothing is known of both"
	}
	for n := len(clauses[0]); ; n-- {
		s := window + sides[0].name + " " + list(clauses[0][:n]) + "; " + sides[1].name + " " + list(clauses[1][:n])
		if n == 1 || limit <= 0 || len([]rune(s)) <= limit {
			return s
		}
	}
}

// contrasted is what one side did in the window.
type contrasted struct {
	name          string
	w             timeline.WindowStats
	seen          bool // something is known of the window
	calls, level  bool // its calls are seen, all the time; it was told by level, all the time
	sends, waited int64
	rest, all     int64
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
		c.sends += int64(w.Counts[timeline.MarkStepSend])
	}
	d := &c.w.Time
	c.rest = d[timeline.LoopWaiting] + d[timeline.LoopAsleep]
	c.all = c.rest + d[timeline.LoopWorking] + d[timeline.LoopRenotified] + d[timeline.LoopLocked]
	return c
}

// list joins clauses the way a sentence does.
func list(c []string) string {
	if n := len(c); n > 1 {
		return strings.Join(c[:n-1], ", ") + " and " + c[n-1]
	}
	return c[0]
}
