package picture

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Loop is the row of a loop, drawn into row, which is the caller's to keep and to hand over again. cells are the loop's in this window.
// A cell is painted as high as the part of its time in which the loop worked; a loop that was ready to run and had no CPU is the second
// colour, above that. Less than half a step of the glyphs, and more than nothing, is a dot. What it does otherwise is the background: waiting, or
// sleep with a z in every third cell.
//
//  1. Where events were dropped nothing else can be said.
//  2. Waiting for a lock, when it took at least half of the cell.
//  3. Work, in the colour of repeated notifications where at least half of the events told nothing new; and ready to run.
//  4. Sleep; waiting.
//
// What has not happened yet is blank.
func (w *Window) Loop(row []Cell, cells []timeline.LoopCell) []Cell {
	row = empty(row, len(cells))
	for i := range cells {
		c, to := &cells[i], &row[i]
		if w.Moment(i) > w.Now {
			break
		}
		width := max(w.Moment(i+1)-w.Moment(i), 1)
		work, ready := c.Dur[timeline.LoopWorking]+c.Dur[timeline.LoopRenotified], c.Dur[timeline.LoopRunnable]
		switch {
		case c.Lost:
			to.set('?', RoleWarn.Ink())
		case c.Dur[timeline.LoopLocked]*2 >= width:
			to.set('L', RoleOld.Ink())
		case work > 0 || ready > 0:
			w.shares(to, c, float64(work)/float64(width), float64(ready)/float64(width))
		case c.Top == timeline.LoopAsleep:
			r := ' '
			if i%3 == 1 || w.Colours == NoColours {
				r = 'z'
			}
			to.set(r, RoleAsleep.Ink())
		case c.Top == timeline.LoopWaiting:
			to.set(w.Symbols.Wait, RoleWaiting.Ink())
		case c.Top == timeline.LoopLocked:
			to.set('L', RoleOld.Ink())
		}
	}
	return row
}

// shares paints the parts of a cell in which a loop worked, and was ready to run.
func (w *Window) shares(to *Cell, c *timeline.LoopCell, work, ready float64) {
	role := RoleWorking
	if c.Reports > 0 && 2*c.Renotify >= c.Reports {
		role = RoleAgain
	}
	part := Role.Part
	if c.Dur[timeline.LoopAsleep] > c.Dur[timeline.LoopWaiting] {
		part = Role.Beside
	}
	n := w.Symbols.Steps()
	low, high := w.Symbols.Height(work), w.Symbols.Height(work+ready)
	switch {
	case high == 0 && ready > work:
		to.set(w.Symbols.Least, part(RoleReady))
	case high == 0:
		to.set(w.Symbols.Least, part(role))
	case low == 0 && high == n:
		r := ' '
		if w.Colours < AllColours {
			r = 'R'
		}
		to.set(r, RoleReady.Ink())
	case low == 0:
		to.set(w.Symbols.Spark[high], part(RoleReady))
	case low == n:
		r := ' '
		if w.Colours < AllColours {
			if r = w.Symbols.Work; role == RoleAgain {
				r = w.Symbols.Again
			}
		}
		to.set(r, role.Ink())
	case high > low:
		to.set(w.Symbols.Spark[low], role.Over())
	default:
		to.set(w.Symbols.Spark[low], part(role))
	}
}

// Busy is the share of the window, up to the present, in which a loop worked. ok is false where nothing is known of it.
func (w *Window) Busy(cells []timeline.LoopCell) (share float64, ok bool) {
	var work, all int64
	for i := range cells {
		d := &cells[i].Dur
		work += d[timeline.LoopWorking] + d[timeline.LoopRenotified]
		for s := range d {
			if timeline.LoopState(s) != timeline.LoopUnknown {
				all += d[s]
			}
		}
	}
	if all <= 0 {
		return 0, false
	}
	return float64(work) / float64(all), true
}

// LoopDoes is what stands in front of a loop's row, in room characters: what it does at the window's edge, and the share of the window in which it worked. Where
// there is room for one, a call that blocks and an end go before the share.
func (w *Window) LoopDoes(l *timeline.LoopLane, m timeline.Mode, cells []timeline.LoopCell, room int) string {
	now := w.LoopNow(l, m, room)
	share, ok := w.Busy(cells)
	if !ok {
		return now
	}
	if w.Order || w.UpToNext && share < 0.01 { // no share is known; and behind the last line of a log nobody knows that the thread works
		if l.State == timeline.LoopWorking && !w.Past() {
			return ""
		}
		return now
	}
	busy := "busy " + words.Percent(share)
	if w.UpToNext {
		busy = "busy " + words.AtLeastPercent(share)
	}
	switch {
	case len([]rune(now))+2+len(busy) <= room:
		return now + "  " + busy
	case len(busy) > room, l.Ended != 0 && l.Ended <= w.Edge(), !w.Past() && l.State == timeline.LoopWaiting && l.In != trace.Wait && l.In != trace.KindNone:
		return now
	}
	return busy
}

// waitName is the call that a mechanism waits in.
var waitName = map[uint32]string{trace.DriverSelect: "select", trace.DriverPoll: "poll", trace.DriverEpoll: "epoll_wait", trace.DriverURing: "uring_enter"}

// LoopNow is what a loop does at the window's edge, in a word or two for room characters in front of its row. m is the mode that the source ran in
// then. Which call it is in is known of the present only.
func (w *Window) LoopNow(l *timeline.LoopLane, m timeline.Mode, room int) string {
	state, in := l.State, l.In
	if w.Past() {
		state, in = l.StateAt(w.Edge()), trace.Wait
	}
	if call, ok := w.InCall(l); ok && (state == timeline.LoopUnknown || in == trace.Sys) {
		return "in " + call
	}
	switch {
	case l.Ended != 0 && l.Ended <= w.Edge():
		return "ended"
	case state == timeline.LoopWaiting && in != trace.Wait && in != trace.KindNone:
		what := "in " + strings.ToLower(in.String()) // a call that blocks
		if on := fmt.Sprintf("(%d)", l.InFD); l.InFD >= 0 && in != trace.Accept && len(what)+len(on) <= room {
			what += on
		}
		return what
	case m.Known && state == timeline.LoopWaiting:
		if what := waitName[m.Driver]; len(what) <= room {
			return what
		}
		return "waiting"
	case state == timeline.LoopLocked:
		return "for a lock"
	case state == timeline.LoopRenotified:
		return "repeats"
	}
	return state.String()
}

// InCall is the call that a thread is in at the window's edge and has not come back from since, where that is no rest of its loop.
func (w *Window) InCall(l *timeline.LoopLane) (call string, ok bool) {
	return l.Stuck, l.Stuck != "" && l.StuckAt <= w.Edge()
}

// Elsewhere reports whether a thread has no loop as far as the window shows: it is in one call the whole time that is known of it, and has
// never waited for descriptors.
func (w *Window) Elsewhere(l *timeline.LoopLane) bool {
	_, in := w.InCall(l)
	return in && !l.Owns && l.Waits == 0 && len(l.Incidents) == 0 && l.StateAt(w.T0) == timeline.LoopUnknown && l.StateAt(w.Edge()) == timeline.LoopUnknown
}

// Rate is what the row below a loop counts.
type Rate uint8

// A loop that asks instead of being woken has no events to count, but calls that found nothing.
const (
	RateReports Rate = iota // events that waits returned
	RateEagain              // calls that ended in EAGAIN
)

// RateOf is what is counted in a mode.
func RateOf(m timeline.Mode) Rate {
	if m.Known && m.Driver == trace.DriverSleepPoll {
		return RateEagain
	}
	return RateReports
}

// PerSecond is how often it happens in a cell with so many, to be written in front of the row.
func (w *Window) PerSecond(n uint32) string {
	return words.Rate(float64(n)*1e9/float64(max(w.T1-w.T0, 1))*float64(w.Cells)) + "/s"
}

// String is what stands in front of the row.
func (r Rate) String() string {
	if r == RateEagain {
		return "EAGAIN"
	}
	return "events"
}

func (r Rate) of(c *timeline.LoopCell) uint32 {
	if r == RateEagain {
		return c.Eagain
	}
	return c.Reports
}

// Peak is the most in a cell.
func (r Rate) Peak(cells []timeline.LoopCell) (peak uint32) {
	for i := range cells {
		peak = max(peak, r.of(&cells[i]))
	}
	return peak
}

// role is EAGAIN's where that is counted, or where most events were repeated notifications.
func (r Rate) role(c *timeline.LoopCell) Role {
	if r == RateEagain || c.Renotify*2 > c.Reports {
		return RoleEagain
	}
	return RoleGood
}

// RateCells is how many cells of a loop a row of the rate is drawn from: braille has two columns of dots to a cell.
func (w *Window) RateCells() int {
	if w.Symbols.Dots {
		return 2 * w.Cells
	}
	return w.Cells
}

// Rate is the row of a rate as a graph up to its peak, drawn into row, which is the caller's to keep and to hand over again. cells are the
// loop's in this window, RateCells of them.
func (w *Window) Rate(row []Cell, r Rate, cells []timeline.LoopCell) []Cell {
	row = empty(row, w.Cells)
	peak := r.Peak(cells)
	switch {
	case peak == 0:
	case w.Symbols.Dots:
		for i := 0; i+1 < len(cells) && i/2 < len(row); i += 2 {
			a, b := &cells[i], &cells[i+1]
			left, right := r.of(a), r.of(b)
			if left < right {
				a = b
			}
			if left|right != 0 {
				row[i/2].set(dots(height(left, peak), height(right, peak)), r.role(a).Ink())
			}
		}
	default:
		top := len(w.Symbols.Spark) - 1
		for i := range min(len(cells), len(row)) {
			if n := r.of(&cells[i]); n > 0 {
				row[i].set(w.Symbols.Spark[max(1, int(n)*top/int(peak))], r.role(&cells[i]).Ink())
			}
		}
	}
	return row
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
	for i, bit := range [...]rune{0x40, 0x04, 0x02, 0x01} {
		if i < left {
			r |= bit
		}
	}
	for i, bit := range [...]rune{0x80, 0x20, 0x10, 0x08} {
		if i < right {
			r |= bit
		}
	}
	return r
}
