package probe

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
func parseStamp(s []byte) stamp {
	if len(s) == 0 || !isDigit(s[0]) {
		return stamp{}
	}
	if len(s) >= 8 && s[2] == ':' && s[5] == ':' {
		h, ok1 := decimal(s[:2])
		m, ok2 := decimal(s[3:5])
		sec, _, ok3 := seconds(s[6:])
		if !ok1 || !ok2 || !ok3 || h > 24 || m > 60 || sec > 61e9 {
			return stamp{}
		}
		return stamp{stampDay, (h*3600+m*60)*1e9 + sec, len(s) == 8}
	}
	ns, whole, ok := seconds(s)
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

// seconds reads a decimal number of seconds as ns. whole says that there is no fraction.
func seconds(s []byte) (ns int64, whole, ok bool) {
	i := 0
	for ; i < len(s) && isDigit(s[i]) && i < 11; i++ {
		ns = ns*10 + int64(s[i]-'0')
	}
	if i == 0 || ns > maxSeconds {
		return 0, false, false
	}
	ns *= 1e9
	if i == len(s) {
		return ns, true, true
	}
	if s[i] != '.' || len(s)-i > 10 {
		return 0, false, false
	}
	frac, unit := int64(0), int64(1e9)
	for i++; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false, false
		}
		frac = frac*10 + int64(s[i]-'0')
		unit /= 10
	}
	return ns + frac*unit, unit == 1e9, true
}

// maxSeconds keeps times and durations within what an int64 of nanoseconds holds, with room for sums.
const maxSeconds = 4_000_000_000

// clock turns stamps into one time that does not know where it came from.
//
//   - -ttt: the wall clock itself, so it can be tied to other recordings.
//   - -tt: the time of day; which day is not known. It goes on over midnight.
//   - -r: begins at 0.
//   - -t and no time at all: only the order is known. Lines are a step apart, within the second where there is one.
type clock struct {
	kind  stampKind // of the first stamp
	fine  bool      // a stamp was finer than a second
	now   int64
	day   int64
	began bool
	d     derived
}

// step is how far lines are apart whose times are not known, in ns.
const step = 1000

// at is the moment of a line.
func (c *clock) at(s stamp) int64 {
	if s.kind != stampNone {
		if c.kind == stampNone {
			c.kind = s.kind
		}
		c.fine = c.fine || !s.whole
	}
	t := c.now
	switch s.kind {
	case stampNone:
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
	if s.whole && c.d.rank >= rankCoarse && c.d.reads > 0 {
		t = max(t-1e9, c.now+step) // calls in the text tell it finer; the first was at some moment of its second
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
func (c *clock) timed() bool { return c.fine || c.d.on }

// fits gives the stamp of a text's first line: its beginning may have been cut off, and then its time is that of the line after it.
func (r *straceReader) fits(n *input, l *line) {
	var next line
	for i := range 20 {
		raw, ok := n.peek(i)
		if !ok {
			return
		}
		parsePasted(&next, raw, n.colours)
		if next.what == isUnknown || next.what == isNothing || next.what == isRest {
			continue
		}
		a, b := l.stamp, next.stamp
		if b.kind == stampNone || a.kind == b.kind && (a.kind != stampUnix || max(a.ns-b.ns, b.ns-a.ns) < maxReadGap) {
			return
		}
		l.stamp = b
		if next.tid != 0 && next.stamp.kind != stampNone {
			l.tid = next.tid
		}
		return
	}
}
