package probe

import (
	"strconv"
	"strings"
)

// stamp is the time at the start of a line.
type stamp struct {
	kind  stampKind
	ns    int64
	whole bool // full seconds only
}

type stampKind uint8

const (
	stampNone stampKind = iota
	stampUnix           // -ttt: seconds since 1970
	stampDay            // -t, -tt: time of day
	stampRel            // -r: since the line before
)

// parseStamp reads a time; kind is stampNone for what is none.
func parseStamp(s string) stamp {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return stamp{}
	}
	if len(s) >= 8 && s[2] == ':' && s[5] == ':' {
		h, err1 := strconv.ParseUint(s[:2], 10, 8)
		m, err2 := strconv.ParseUint(s[3:5], 10, 8)
		sec, ok := seconds(s[6:])
		if err1 != nil || err2 != nil || !ok || h > 24 || m > 60 || sec > 61e9 {
			return stamp{}
		}
		return stamp{stampDay, int64(h*3600+m*60)*1e9 + sec, len(s) == 8}
	}
	ns, ok := seconds(s)
	whole := !strings.Contains(s, ".")
	switch {
	case !ok:
		return stamp{}
	case ns >= 1e8*1e9: // 1973; no gap between two lines is that long
		return stamp{stampUnix, ns, whole}
	case whole:
		return stamp{}
	}
	return stamp{kind: stampRel, ns: ns}
}

// clock turns stamps into one time that does not know where it came from.
//
//   - -ttt: the wall clock itself, so it can be tied to other recordings.
//   - -tt: the time of day; which day is not known. It goes on over midnight.
//   - -r: begins at 0.
//   - -t and no time at all: only the order is known. Lines are a step apart, within the second where there is one.
type clock struct {
	kind  stampKind // of the first stamp
	fine  bool      // a stamp was finer than a second
	bare  bool      // a line had none
	now   int64
	day   int64
	began bool
}

// step is how far lines are apart whose times are not known, in ns.
const step = 1000

// at is the moment of a line.
func (c *clock) at(s stamp) int64 {
	if s.kind != stampNone && c.kind == stampNone {
		c.kind = s.kind
	}
	if s.kind != stampNone && !s.whole {
		c.fine = true
	}
	t := c.now
	switch s.kind {
	case stampNone:
		c.bare = true
		t += step
	case stampUnix:
		t = s.ns
	case stampDay:
		t = c.day + s.ns
		if c.began && c.now-t > 12*3600*1e9 && c.day < maxSeconds*1e9 {
			c.day += 24 * 3600 * 1e9
			t = c.day + s.ns
		}
	case stampRel:
		t += s.ns
	}
	if s.whole && t <= c.now {
		t = c.now + step
	}
	if t > 2*maxSeconds*1e9 {
		t = c.now
	}
	c.now, c.began = t, true
	return t
}

// timed says whether times mean anything.
func (c *clock) timed() bool { return c.fine }
