package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// interestsView is view 3: what is registered, as it stood at the snapshot's present.
//
//	fd   kind        peer           registered   mode     armed  unread   for      events  repeats classes of its events
//	7    connection  :53011         IN           level    yes    63 KiB   1.2 s    64      63      untouched 98 %
//
// O sorts by the next column; Enter explains a line.
type interestsView struct {
	column int
	top    int
	order  []int64
	many   bool // the source has several processes
	ready  bool // the ready list was looked at

	selected *selection
	pages    *pages
	status   *status
}

// column is a column of the table: what stands in it, and how it sorts.
type column struct {
	name  string
	width int
	least int // the screen's width from which on it is shown
	right bool
	cell  func(f *frame, l *timeline.Lane) (string, func(t *theme) tcell.Style)
	less  func(a, b *timeline.Lane) int
	many  bool // only where the source has several processes
	ready bool // only where the ready list was looked at
}

func plainCell(s string) (string, func(*theme) tcell.Style) { return s, nil }

// dimCell is for what is not known, or was not seen.
func dimCell(s string) (string, func(*theme) tcell.Style) {
	return s, func(t *theme) tcell.Style { return t.dim }
}

func amount(n int64, unit func(int64) string) string {
	if n < 0 {
		return ""
	}
	return unit(n)
}

var columns = []column{
	{"fd", 5, 0, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		s := fmt.Sprint(l.FD)
		switch {
		case l.FD < 0:
			s = "?"
		case l.Numbered == timeline.NumberGuessed:
			s += "?"
		}
		if l.FDs > 1 {
			s += fmt.Sprintf(" x%d", l.FDs)
		}
		return plainCell(s)
	}, func(a, b *timeline.Lane) int { return cmp.Compare(a.FD, b.FD) }, false, false},
	{"process", 8, 0, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		return plainCell(fmt.Sprint(l.Process))
	}, func(a, b *timeline.Lane) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.FD, b.FD))
	}, true, false},
	{"kind", 10, 84, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		if l.Label != "" && l.Kind != timeline.KindListener {
			return plainCell(clean(l.Label))
		}
		return plainCell(l.Kind.String())
	}, func(a, b *timeline.Lane) int { return cmp.Compare(a.Kind, b.Kind) }, false, false},
	{"peer", 13, 0, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		if l.Peer != "" {
			return plainCell(port(l.Peer))
		}
		return plainCell(port(l.Local))
	}, func(a, b *timeline.Lane) int { return cmp.Compare(a.Peer+a.Local, b.Peer+b.Local) }, false, false},
	{"registered", 12, 52, false, func(f *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		if !l.Registered {
			if !registers(f, l) {
				return plainCell("")
			}
			if !words.RegistrationSeen(f.snap, l) {
				return dimCell("not seen")
			}
			return dimCell("unregistered")
		}
		if l.Before { // its events tell that it is registered; for what nobody has seen
			return dimCell("not seen")
		}
		if l.Interest&^modeBits == 0 { // errors and hang-ups are reported all the same
			return plainCell("nothing")
		}
		return plainCell(trace.PollString(l.Interest &^ modeBits))
	}, func(a, b *timeline.Lane) int { return cmp.Compare(a.Interest, b.Interest) }, false, false},
	{"mode", 8, 0, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		if !l.Registered {
			return plainCell("")
		}
		if l.Before {
			return plainCell("")
		}
		s := trace.TriggerNames.Word(l.Trigger)
		if l.Interest&exclusiveBit != 0 { // EPOLLEXCLUSIVE
			s = strings.TrimSpace(picture.TriggerShort(l.Trigger) + " excl")
		}
		return plainCell(s)
	}, func(a, b *timeline.Lane) int { return cmp.Compare(a.Trigger, b.Trigger) }, false, false},
	{"armed", 5, 62, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		switch {
		case !l.Registered:
			return plainCell("")
		case l.Before:
			return plainCell("")
		case l.Armed:
			return plainCell("yes")
		}
		return "no", func(t *theme) tcell.Style { return t.bad }
	}, func(a, b *timeline.Lane) int { return cmp.Compare(b2i(a.Armed), b2i(b.Armed)) }, false, false},
	{"ready", 5, 62, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		switch queued(l) {
		case timeline.Yes:
			return plainCell("yes")
		case timeline.No:
			return "no", func(t *theme) tcell.Style { return t.dim }
		}
		return plainCell("")
	}, func(a, b *timeline.Lane) int { return cmp.Compare(queued(a), queued(b)) }, false, true},
	{"unread", 11, 0, true, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		unit := words.Bytes
		if l.Kind == timeline.KindListener {
			unit = func(n int64) string { return words.Number(n) + " conn" }
		}
		s := amount(l.Unread, unit)
		if l.Unread < 0 && !l.Pending && l.Drain == timeline.DrainEmpty { // that is all that is known
			s = l.Drain.String()
		}
		if l.Unread > 0 {
			return s, func(t *theme) tcell.Style { return t.bold }
		}
		return s, func(t *theme) tcell.Style { return t.dim }
	}, func(a, b *timeline.Lane) int { return -cmp.Compare(a.Unread, b.Unread) }, false, false},
	{"for", 8, 56, true, func(f *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		if !l.Pending || !f.snap.Info.Timed {
			return plainCell("")
		}
		s := words.Duration(f.snap.Now - l.PendingSince)
		if f.snap.Now <= l.PendingSince {
			s = "now"
		}
		if l.Stranded {
			return s, func(t *theme) tcell.Style { return t.warn }
		}
		return plainCell(s)
	}, func(a, b *timeline.Lane) int { return cmp.Compare(pendingSince(a), pendingSince(b)) }, false, false},
	{"events", 7, 94, true, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		return plainCell(blank(l.Stats.Counts[timeline.MarkReport]))
	}, func(a, b *timeline.Lane) int {
		return -cmp.Compare(a.Stats.Counts[timeline.MarkReport], b.Stats.Counts[timeline.MarkReport])
	}, false, false},
	{"repeats", 7, 94, true, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		n := l.Stats.Counts[timeline.MarkRenotify]
		if n > 0 {
			return blank(n), func(t *theme) tcell.Style { return t.accept }
		}
		return plainCell("")
	}, func(a, b *timeline.Lane) int {
		return -cmp.Compare(a.Stats.Counts[timeline.MarkRenotify], b.Stats.Counts[timeline.MarkRenotify])
	}, false, false},
	{"classes of its events", 30, 120, false, func(_ *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		return plainCell(shares(l))
	}, func(a, b *timeline.Lane) int { return -cmp.Compare(freshShare(a), freshShare(b)) }, false, false},
	{"last", 24, 150, false, func(f *frame, l *timeline.Lane) (string, func(*theme) tcell.Style) {
		if l.LastActivity == 0 || !f.snap.Info.Timed {
			return plainCell("")
		}
		if f.snap.Now <= l.LastActivity {
			return dimCell("now")
		}
		return words.Duration(f.snap.Now-l.LastActivity) + " ago", func(t *theme) tcell.Style { return t.dim }
	}, func(a, b *timeline.Lane) int { return -cmp.Compare(a.LastActivity, b.LastActivity) }, false, false},
}

// queued says whether a lane is on the ready list of an instance that watches it.
func queued(l *timeline.Lane) timeline.Tri {
	if l.Look == nil {
		return timeline.Unknown
	}
	on := timeline.Unknown
	for i := range l.Look.Regs {
		if q := l.Look.Regs[i].Queued; q == timeline.Yes || on == timeline.Unknown {
			on = q
		}
	}
	return on
}

// registers reports whether a lane that is not known to be registered is known not to be. Operations of a completion queue are no
// registrations; what Go's runtime registers is its own affair and not seen; an epoll instance has registrations and is none.
func registers(f *frame, l *timeline.Lane) bool {
	switch f.snap.Mode.Driver {
	case trace.DriverURing, trace.DriverGo:
		return false
	}
	return l.Kind != timeline.KindEpoll
}

// Bits of an interest that say how and not for what.
const (
	edgeBit      = 1 << 31
	oneshotBit   = 1 << 30
	wakeupBit    = 1 << 29
	exclusiveBit = 1 << 28
	modeBits     = edgeBit | oneshotBit | wakeupBit | exclusiveBit
)

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pendingSince sorts what waits longest first, and what does not wait last.
func pendingSince(l *timeline.Lane) int64 {
	if !l.Pending {
		return 1<<63 - 1
	}
	return l.PendingSince
}

// blank writes a number, and nothing for none.
func blank(n int64) string {
	if n == 0 {
		return ""
	}
	return words.Number(n)
}

// shares says what a lane's reports were worth, the largest class first.
func shares(l *timeline.Lane) string {
	all := int64(0)
	type part struct {
		c timeline.Class
		n int64
	}
	var parts []part
	for c, n := range l.Stats.Class {
		if n > 0 {
			all += n
			parts = append(parts, part{timeline.Class(c), n})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return -cmp.Compare(a.n, b.n) })
	var out []string
	for _, p := range parts {
		out = append(out, fmt.Sprintf("%s %d %%", p.c, (p.n*100+all/2)/all))
	}
	return strings.Join(out, ", ")
}

func freshShare(l *timeline.Lane) float64 {
	all := int64(0)
	for _, n := range l.Stats.Class {
		all += n
	}
	if all == 0 {
		return -1
	}
	return -float64(l.Stats.Class[timeline.ClassFresh]) / float64(all)
}

// rowsOf are the lanes that the table shows: what is open and of interest.
func (v *interestsView) rowsOf(sc *scene) []*timeline.Lane {
	var out []*timeline.Lane
	t0, t1 := sc.seen()
	for _, l := range sc.snap.Lanes {
		if l.Closed != 0 || !sc.filter.Empty() && !sc.filter.Lane(sc.snap, l, t0, t1) {
			continue
		}
		if !l.Registered && l.Kind == timeline.KindOther && !sc.unfold && sc.filter.Empty() {
			continue
		}
		out = append(out, l)
	}
	if c := &columns[v.column]; c.less != nil {
		slices.SortStableFunc(out, c.less)
	}
	return out
}

func (v *interestsView) draw(sc *scene, p pane) {
	t := &sc.theme
	rows := v.rowsOf(sc)
	v.many = slices.ContainsFunc(rows, func(l *timeline.Lane) bool { return l.Process != 0 })
	v.ready = slices.ContainsFunc(rows, func(l *timeline.Lane) bool { return queued(l) != timeline.Unknown })
	head := fmt.Sprintf(" %s as of %s s", words.Count(int64(len(rows)), "descriptor"), seconds(sc.snap.Now-sc.snap.First, 3))
	if !sc.snap.Info.Timed {
		head = " " + words.Count(int64(len(rows)), "descriptor")
	}
	p.put(0, 0, head+", sorted by "+columns[v.column].name+" (O: the next column)", t.dim)
	p.fill(0, 1, p.w, ' ', t.bar)
	shown := v.shown(p.w)
	for _, g := range shown {
		st := t.bar
		if g.column == v.column {
			st = t.tab
		}
		name := columns[g.column].name
		if columns[g.column].right {
			name = fmt.Sprintf("%*s", g.width, name)
		}
		p.put(g.x, 1, cut(name, g.width), st)
	}
	v.order = v.order[:0]
	for _, l := range rows {
		v.order = append(v.order, l.ID)
	}
	room := p.h - 2
	at := slices.Index(v.order, sc.row)
	if at >= 0 {
		v.top = max(min(v.top, at), at-room+1)
	}
	v.top = max(0, min(v.top, len(rows)-room))
	for y := 0; y < room && v.top+y < len(rows); y++ {
		l := rows[v.top+y]
		base := t.text
		if l.ID == sc.row {
			base = t.selected
			p.fill(0, y+2, p.w, ' ', base)
		}
		if w := sc.worst(l.ID); w != nil {
			p.set(0, y+2, sc.mark(w.Severity), mix(base, sc.severityStyle(w.Severity)))
		}
		for _, g := range shown {
			c := &columns[g.column]
			s, style := c.cell(sc.frame, l)
			st := base
			if style != nil && l.ID != sc.row {
				st = style(t)
			}
			if c.right {
				s = fmt.Sprintf("%*s", g.width, s)
			}
			p.put(g.x, y+2, sc.fits(s, g.width), st)
		}
	}
	if len(rows) == 0 {
		p.put(2, 3, "no descriptor is known to be open", t.dim)
	}
	if more := len(rows) - v.top - room; more > 0 {
		p.right(0, fmt.Sprintf(" %d more ", more), t.dim)
	}
}

// placed is a column on the screen.
type placed struct{ column, x, width int }

// shown is which columns a width has room for, and where. Words may be cut, and take what room is left; numbers may not.
func (v *interestsView) shown(w int) (out []placed) {
	x := 2
	for i := range columns {
		c := &columns[i]
		width := c.width
		if room := w - x; width > wordsLeast && !c.right {
			width = max(min(width, room), wordsLeast)
		}
		if c.many && !v.many || c.ready && !v.ready || w < c.least || x+width > w {
			continue
		}
		out = append(out, placed{i, x, width})
		x += width + 1
	}
	return out
}

// wordsLeast is the least width of a column of words that may be cut.
const wordsLeast = 20

// nextColumn sorts by the next column that is shown.
func (v *interestsView) nextColumn(sc *scene) {
	shown := v.shown(sc.body.w)
	if len(shown) == 0 { // the screen is too small for any
		return
	}
	i := slices.IndexFunc(shown, func(g placed) bool { return g.column > v.column })
	v.column = shown[max(i, 0)].column
	v.status.say("by %s", columns[v.column].name)
}

func (v *interestsView) state(*scene) string { return "" }

func (v *interestsView) move(sc *scene, by int) {
	if len(v.order) == 0 {
		return
	}
	at := slices.Index(v.order, sc.row)
	if at < 0 && by < 0 {
		at = len(v.order)
	}
	v.selected.choose(v.order[min(max(at+by, 0), len(v.order)-1)], sc.snap)
}

func (v *interestsView) turn(sc *scene, by int) bool {
	v.move(sc, by*max(sc.body.h-3, 1))
	return true
}

func (v *interestsView) step(*scene, int) bool { return false }
func (v *interestsView) enter(*scene)          { v.pages.explainLane() }

// click selects a line, or sorts by the column whose name was clicked.
func (v *interestsView) click(sc *scene, x, y int) {
	switch row := y - 2; {
	case row == -1:
		for _, g := range v.shown(sc.body.w) {
			if x >= g.x && x <= g.x+g.width {
				v.column = g.column
			}
		}
	case row >= 0 && v.top+row < len(v.order):
		v.selected.choose(v.order[v.top+row], sc.snap)
	}
}
