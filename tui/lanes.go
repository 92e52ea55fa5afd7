package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// drawLanes draws one row per lane:
//
//	loop    epoll_wait  ░░░░█░░░░▒▒▒▒64x▒▒▒░░░█░░
//	reports 64/s peak   ▁       ▅████████▅     ▁
//	listener :4201        A            A
//	fd 7  :53011 LT         ↓rw        ↓r!!!!!!!w
func (u *ui) drawLanes(f *frame, p pane) {
	u.inks.number(p.s)
	y := 0
	for _, l := range f.snap.Loops {
		if y >= p.h {
			return
		}
		if u.lane == loopLane {
			p.fill(0, y, f.gutter()-1, ' ', u.theme.selected)
		}
		u.drawLoop(f, p, y, l)
		if f.coarse != nil {
			if o := f.coarse.over.Lane(l.Stream, -1); o != nil {
				u.drawCoarse(f, p, y, []*timeline.OverviewLane{o}, false, nil)
			}
		}
		y++
	}
	if p.h >= 9 && len(f.snap.Loops) > 0 {
		u.drawRate(f, p, y, f.snap.Loops[0])
		u.drawCoarse(f, p, y, nil, true, nil)
		y++
	}
	lanes, folded := u.visible(f, p.h-y)
	u.order = u.order[:0]
	for _, l := range lanes {
		u.order = append(u.order, l.ID)
	}
	room := p.h - y
	if folded > 0 {
		room--
	}
	u.scroll(len(lanes), room)
	for i := u.top; i < len(lanes) && i < u.top+room; i++ {
		if u.keepRow(f, p, y, lanes[i]) {
			y++
			continue
		}
		u.drawLane(f, p, y, lanes[i])
		if f.coarse != nil {
			u.drawCoarse(f, p, y, f.coarse.lanes(lanes[i].FD), false, lanes[i])
		}
		y++
	}
	for _, fd := range f.coarse.strangers(f) {
		if y >= p.h {
			break
		}
		p.put(0, y, fmt.Sprintf("fd %d", fd), u.theme.dim)
		u.drawCoarse(f, p, y, f.coarse.lanes(fd), false, nil)
		y++
	}
	hidden := len(lanes) - room
	switch {
	case folded > 0 && hidden > 0:
		p.put(0, y, fmt.Sprintf("  %s more below or above, %s idle folded (f)", words.Number(int64(hidden)), words.Number(int64(folded))), u.theme.dim)
	case folded > 0:
		p.put(0, y, fmt.Sprintf("  %s idle folded (f)", words.Number(int64(folded))), u.theme.dim)
	case hidden > 0 && p.h > 0:
		s := fmt.Sprintf(" +%s lanes, arrows up and down ", words.Number(int64(hidden)))
		p.right(p.h-1, s, u.theme.bar)
	}
	if y == 0 && len(lanes) == 0 && folded == 0 && len(f.snap.Loops) == 0 {
		p.put(2, 1, "no event yet", u.theme.dim)
	} else if len(lanes) == 0 && !u.filter.Empty() {
		p.put(2, y, "no lane matches the filter", u.theme.dim)
	}
	u.drawCursors(f, p, 0)
}

// scroll keeps the selected lane among those shown.
func (u *ui) scroll(n, room int) {
	at := -1
	for i, id := range u.order {
		if id == u.lane {
			at = i
		}
	}
	if at >= 0 && at < u.top {
		u.top = at
	}
	if at >= 0 && at >= u.top+room {
		u.top = at - room + 1
	}
	u.top = max(0, min(u.top, n-room))
}

// visible is which lanes have a row: the listener, every connection that is open or was in the window; when there is not
// room for all, those on which nothing happens in the window are folded away. The rest (wake-fds, epoll instances) only
// show unfolded.
//
// Half of a split screen shows what the split has decided for both.
func (u *ui) visible(f *frame, room int) (out []*timeline.Lane, folded int) {
	if u.half != nil {
		return u.half.lanes, u.half.folded
	}
	t0, t1 := f.seen()
	all := f.snap.Lanes
	if u.sorted != byAge {
		all = slices.Clone(all)
		u.sortLanes(f, all)
	}
	for _, l := range all {
		if !u.present(f, l) || !u.filter.Empty() && !u.filter.Lane(f.snap, l, t0, t1) {
			continue
		}
		out = append(out, l)
	}
	if u.unfold || len(out) <= room {
		return out, 0
	}
	busy := out[:0]
	for _, l := range out {
		if l.Kind != timeline.KindListener && l.ID != u.lane && !u.active(f, l) {
			folded++
			continue
		}
		busy = append(busy, l)
	}
	return busy, folded
}

// present reports whether a lane was there in the window and is of a kind that is shown.
func (u *ui) present(f *frame, l *timeline.Lane) bool {
	switch {
	case l.Opened >= f.t1 && l.Opened != 0:
		return false
	case l.Closed != 0 && l.Closed < f.t0:
		return false
	}
	return u.unfold || !u.filter.Empty() || l.Kind == timeline.KindListener || l.Kind == timeline.KindConn
}

// activeIn reports whether anything happened on a lane, or data waited for it, in a window. EAGAIN does not count: asked in
// vain every round is what an idle connection of a polling loop looks like.
func activeIn(l *timeline.Lane, t0, t1 int64) bool {
	if t1 <= t0 || l.WaitedIn(t0, t1) {
		return true
	}
	if l.LastActivity < t0 {
		return false
	}
	c := l.Cells(t0, t1, 1)[0]
	if c.Cover > 0 || c.Lost {
		return true
	}
	for m, k := range c.Counts {
		switch timeline.Mark(m) {
		case timeline.MarkReadAgain, timeline.MarkAcceptAgain, timeline.MarkWriteAgain, timeline.MarkCall:
		default:
			if k > 0 {
				return true
			}
		}
	}
	return false
}

// label is the text left of a lane, in w cells. A port that was cut would be another port, so what does not fit is set closer, left out or
// marked as cut.
func (u *ui) label(l *timeline.Lane, w int) string {
	if l.Kind == timeline.KindListener {
		if s := "listener " + port(l.Local); len([]rune(s)) <= w {
			return s
		}
		return u.fits("listener", w)
	}
	peer := l.Label
	if l.Peer != "" {
		peer = port(l.Peer)
	}
	s := fmt.Sprintf("fd %-3d %s", l.FD, clean(peer))
	if len([]rune(s)) > w {
		return u.fits(fmt.Sprintf("fd%d %s", l.FD, clean(peer)), w)
	}
	if tr := triggerShort[min(int(l.Trigger), 3)]; tr != "" && l.Registered {
		if pad := w - len([]rune(s)) - len(tr); pad > 0 {
			s += strings.Repeat(" ", min(pad, max(1, 14-len([]rune(s))))) + tr
		}
	}
	return s
}

var triggerShort = [...]string{"", "LT", "ET", "1S"}

// port shortens a loopback address to its port.
func port(addr string) string { return clean(words.Port(addr)) }

// waitName is the call that a mechanism waits in.
var waitName = map[uint32]string{trace.DriverSelect: "select", trace.DriverPoll: "poll", trace.DriverEpoll: "epoll_wait", trace.DriverURing: "uring_enter"}

func (u *ui) drawLoop(f *frame, p pane, y int, l *timeline.LoopLane) {
	t, g, n := &u.theme, f.gutter(), f.cells()
	name := "loop"
	switch {
	case len(f.snap.Loops) < 2:
	case l.Name != "":
		name = cut(text(l.Name), 8)
	case l.TID != 0:
		name = cut(fmt.Sprintf("t%d", l.TID), 8)
	}
	x := p.put(0, y, name, t.bold)
	what := l.State.String()
	switch {
	case l.Ended != 0:
		what = "ended"
	case l.State == timeline.LoopWaiting && l.In != trace.Wait && l.In != trace.KindNone:
		what = "in " + strings.ToLower(l.In.String()) // a call that blocks
		if on := fmt.Sprintf(" %d", l.InFD); l.InFD >= 0 && l.In != trace.Accept && len(what)+len(on) <= g-10 {
			what += on
		}
	case f.snap.Mode.Known && l.State == timeline.LoopWaiting:
		if what = waitName[f.snap.Mode.Driver]; len(what) > g-10 {
			what = "waiting"
		}
	case l.State == timeline.LoopLocked:
		what = "locked out"
	case l.State == timeline.LoopRenotified:
		what = "again" // the legend's words, shortened to what a narrow screen has room for
	}
	p.put(max(x+1, 9), y, cut(what, g-10), t.dim)
	cells := u.loopCells(f, l, n)
	now := f.snap.Now
	for i := range cells {
		c := &cells[i]
		x := g + i
		if f.moment(i) > now {
			break
		}
		switch {
		case c.Lost:
			p.set(x, y, '?', t.warn)
		case c.Renotify > 0:
			p.set(x, y, u.sym.again, t.again)
		case c.Dur[timeline.LoopLocked] > 0 && c.Dur[timeline.LoopLocked]*2 >= c.Dur[timeline.LoopWorking]:
			p.set(x, y, 'L', t.old)
		case c.Dur[timeline.LoopWorking] > 0:
			st := t.working
			r := ' '
			if t.mono || st == (tcell.Style{}) || u.screen.Colors() < 256 {
				r = u.sym.work
			}
			p.set(x, y, r, st)
		case c.Top == timeline.LoopAsleep:
			r := ' '
			if i%3 == 1 || t.mono {
				r = 'z'
			}
			p.set(x, y, r, t.asleep)
		case c.Top == timeline.LoopWaiting:
			p.set(x, y, u.sym.wait, t.waiting)
		case c.Top == timeline.LoopLocked:
			p.set(x, y, 'L', t.old)
		}
	}
}

// drawRate is how often the loop was told something, or, where it asks instead of being told, how often it asked in vain.
func (u *ui) drawRate(f *frame, p pane, y int, l *timeline.LoopLane) {
	t, g := &u.theme, f.gutter()
	asks := f.snap.Mode.Known && f.snap.Mode.Driver == trace.DriverSleepPoll
	count := func(c *timeline.LoopCell) uint32 {
		if asks {
			return c.Eagain
		}
		return c.Reports
	}
	per := 1
	if u.sym.dots { // braille has two columns of dots to a cell
		per = 2
	}
	cells := u.loopCells(f, l, per*f.cells())
	var peak uint32
	for i := range cells {
		peak = max(peak, count(&cells[i]))
	}
	name := "reports"
	if asks {
		name = "EAGAIN"
	}
	p.put(0, y, name, t.dim)
	if peak == 0 {
		return
	}
	p.put(9, y, cut(fmt.Sprintf("%d/cell", peak), g-10), t.dim)
	style := func(c *timeline.LoopCell) tcell.Style {
		if asks || c.Renotify*2 > c.Reports {
			return t.eagain
		}
		return t.good
	}
	if per == 2 {
		for i := 0; i+1 < len(cells); i += 2 {
			a, b := &cells[i], &cells[i+1]
			if r := dots(height(count(a), peak), height(count(b), peak)); r != 0x2800 {
				p.set(g+i/2, y, r, style(map[bool]*timeline.LoopCell{true: a, false: b}[count(a) >= count(b)]))
			}
		}
		return
	}
	top := len(u.sym.spark) - 1
	for i := range cells {
		if k := count(&cells[i]); k > 0 {
			p.set(g+i, y, u.sym.spark[max(1, int(k)*top/int(peak))], style(&cells[i]))
		}
	}
}

// height is how many of four dots a count gets: one at least when there is something.
func height(k, peak uint32) int {
	if k == 0 {
		return 0
	}
	return max(1, int(k)*4/int(peak))
}

// dots is the braille character with two columns of so many dots, from below (Unicode, block U+2800).
func dots(left, right int) rune {
	r := rune(0x2800)
	for i, bit := range []rune{0x40, 0x04, 0x02, 0x01} {
		if i < left {
			r |= bit
		}
	}
	for i, bit := range []rune{0x80, 0x20, 0x10, 0x08} {
		if i < right {
			r |= bit
		}
	}
	return r
}

func cut(s string, w int) string {
	r := []rune(s)
	if w < 0 {
		w = 0
	}
	if len(r) > w {
		r = r[:w]
	}
	return string(r)
}
