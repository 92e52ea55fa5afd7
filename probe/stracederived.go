package probe

import (
	"bytes"

	"evviz/trace"
)

// Times that stand in the text itself. Where lines have no stamp, or one of full seconds, calls that ask for the time tell it: between two
// of them lies what stands between their lines. A wait that expired has lasted as long as it was to last, and so has a sleep; of a select
// what was left of its time is known. The program's clock is set against nothing: what matters is how far two readings are apart.
type derived struct {
	rank    clockRank
	off     [clockCount]int64 // what makes a reading a time of ours
	known   [clockCount]bool
	reads   int // readings of the rank
	expired int // waits and sleeps whose length is known otherwise
	open    int // calls since the last reading that may have lasted, and nothing says how long
	from    [clockCount]bool
	wall    trace.Clock
	settled bool
	on      bool // the times mean something
}

// clockRank says how fine a clock is.
type clockRank uint8

const (
	rankNone    clockRank = iota
	rankSeconds           // time(2)
	rankCoarse            // a tick of the kernel, 1 to 10 ms
	rankFine
)

// clockID is a clock that a call can ask for.
type clockID uint8

const (
	clockNone clockID = iota
	clockRealtime
	clockMonotonic
	clockRaw
	clockBoottime
	clockTAI
	clockDay // gettimeofday
	clockRealtimeCoarse
	clockMonotonicCoarse
	clockSeconds // time
	clockCount
)

var clockNames = map[string]clockID{"CLOCK_REALTIME": clockRealtime, "CLOCK_MONOTONIC": clockMonotonic, "CLOCK_MONOTONIC_RAW": clockRaw,
	"CLOCK_BOOTTIME": clockBoottime, "CLOCK_TAI": clockTAI, "CLOCK_REALTIME_COARSE": clockRealtimeCoarse,
	"CLOCK_MONOTONIC_COARSE": clockMonotonicCoarse, "0": clockRealtime, "1": clockMonotonic, "0x1": clockMonotonic}

func (id clockID) rank() clockRank {
	switch id {
	case clockNone:
		return rankNone
	case clockSeconds:
		return rankSeconds
	case clockRealtimeCoarse, clockMonotonicCoarse:
		return rankCoarse
	}
	return rankFine
}

// call is which call asks for the clock.
func (id clockID) call() string {
	switch id {
	case clockDay:
		return "gettimeofday"
	case clockSeconds:
		return "time"
	}
	return "clock_gettime"
}

// maxOpenCalls is after how many calls that may have lasted a reading says nothing any more; maxReadGap how far two readings may be
// apart, in ns: more is another machine, or a clock that was set.
const (
	maxOpenCalls = 16
	maxReadGap   = 30 * 24 * 3600 * 1e9
)

// clockCall says whether a call's name is one that asks for the time.
func clockCall(name []byte) bool {
	switch string(name) {
	case "clock_gettime", "clock_gettime64", "gettimeofday", "time":
		return true
	}
	return false
}

// reading is what a call that asks for the time was told: text is "arguments) = result".
func reading(name, text []byte) (id clockID, v int64) {
	if namedArguments(text) {
		text = dropNames(text)
	}
	items := list{text}
	it, ok := items.next()
	if !ok {
		return clockNone, 0
	}
	switch string(name) {
	case "time":
		sec := returned(text)
		if at := bytes.LastIndex(text, []byte("= ")); at >= 0 {
			n, _ := decimal(bytes.TrimSpace(firstWord(text[at+2:])))
			if n > 0 && n < maxSeconds {
				return clockSeconds, n * 1e9
			}
		}
		return clockNone, int64(sec)
	case "gettimeofday":
		if v, ok = micros(it); ok {
			return clockDay, v
		}
	default:
		if id = clockNames[string(it)]; id == clockNone {
			return clockNone, 0
		}
		if it, ok = items.next(); ok && it[0] == '{' {
			if v, ok = timespec(it); ok && v > 0 {
				return id, v
			}
		}
	}
	return clockNone, 0
}

func firstWord(s []byte) []byte {
	if i := bytes.IndexByte(s, ' '); i >= 0 {
		return s[:i]
	}
	return s
}

// micros reads a struct timeval of a moment, with or without names.
func micros(s []byte) (ns int64, ok bool) {
	ns, ok = timeval(s)
	return ns, ok && ns > 0
}

// timeval reads a struct timeval.
func timeval(s []byte) (ns int64, ok bool) {
	if len(s) == 0 || s[0] != '{' {
		return 0, false
	}
	if ns, ok = timespec(s); ok && !bytes.Contains(s, []byte("tv_")) {
		sec := ns / 1e9 * 1e9
		ns = sec + (ns-sec)*1000
	}
	return ns, ok
}

// read is the moment of a line that tells what a clock showed.
func (c *clock) read(s stamp, id clockID, v int64) int64 {
	d, rank := &c.d, id.rank()
	t := c.at(s)
	if rank < d.rank || c.fine {
		return t
	}
	if rank > d.rank { // what coarser clocks said is not needed any more
		d.rank, d.reads = rank, 0
		d.known, d.from = [clockCount]bool{}, [clockCount]bool{}
	}
	if is := v + d.off[id]; d.known[id] && is-t < maxReadGap && t-is < 1e9 {
		t = max(t, is)
		c.now = t
	} else {
		d.off[id], d.known[id] = t-v, true
	}
	d.from[id] = true
	d.reads++
	d.open = 0
	if d.wall.Wall == 0 && (id == clockRealtime || id == clockDay) {
		d.wall = trace.Clock{Mono: t, Wall: v}
	}
	return t
}

// spent takes a call that can wait: it has lasted ns, or nobody knows how long (-1).
func (c *clock) spent(start, ns int64) {
	if c.fine {
		return
	}
	d := &c.d
	switch {
	case ns < 0:
		if d.open++; d.open > maxOpenCalls && !d.settled {
			d.on = false
		}
	case ns > 0:
		d.expired++
		if end := start + ns; end > c.now && end < 2*maxSeconds*1e9 {
			c.now = end
		}
	}
}

// settle decides, after the first lines, whether the times mean something: from two readings on, or where every wait says how long it
// lasted.
func (c *clock) settle() {
	d := &c.d
	if d.settled {
		return
	}
	d.settled = true
	d.on = !c.fine && d.open <= maxOpenCalls && (d.reads >= 2 && d.rank >= rankCoarse || d.expired > 0 && d.open == 0 && c.kind == stampNone && d.reads == 0)
}

// derivedFrom says what the times were derived from, "" where they were not.
func (c *clock) derivedFrom() string {
	d := &c.d
	if !d.on || c.fine {
		return ""
	}
	seen := ""
	for id := clockNone + 1; id < clockCount; id++ {
		if d.from[id] && seen != id.call() {
			if seen != "" {
				return "clock_gettime and gettimeofday"
			}
			seen = id.call()
		}
	}
	return seen
}

// lasted is how long a call that waits has lasted, as far as its result tells: -1 where it does not.
func (p *parser) lasted(c *Call) int64 {
	en := &table[c.Sys]
	timeout := int64(-1)
	switch c.Sys {
	case SysEpollWait, SysEpollPwait:
		timeout = millis(3)(c)
	case SysPoll:
		timeout = millis(2)(c)
	default:
		timeout = c.Nanos
	}
	switch {
	case en.kind == trace.Sleep:
		if c.Errno == 0 && c.Nanos >= 0 && !(c.Sys == SysClockNanosleep && c.Args[1]&timerAbstime != 0) {
			return c.Nanos
		}
		return -1
	case timeout == 0 || c.Errno != 0 && seen(c.Errno) != eINTR:
		return 0
	case timeout < 0:
		return -1
	case c.Errno == 0 && c.Ret == 0:
		return timeout
	case p.left >= 0 && p.left <= timeout:
		return timeout - p.left
	}
	return -1
}
