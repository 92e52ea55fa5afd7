package tui

import (
	"fmt"
	"slices"

	"evviz/picture"
	"evviz/timeline"
	"evviz/words"
)

// laneOptions are which lanes a person wants to see, and in which order.
type laneOptions struct {
	filter timeline.Filter
	sorted picture.Order
	unfold bool // idle lanes, and those of other kinds, too
}

// lanes are the rows of the timeline: the loops, the listeners, the connections.
type lanes struct {
	laneOptions
	order []int64 // what was drawn last
	top   int     // first lane shown
	cache cellCache
	row   []picture.Cell // room for the cells of a row
	uses  []picture.Used // by line: which entries of the legend occur there


	scene    *scene
	selected *selection
	window   *window
	memo     *memo
}

// setFilter shows what a filter lets through.
func (x *lanes) setFilter(s string) error {
	f, err := timeline.ParseFilter(s)
	if err != nil {
		return err
	}
	x.filter, x.top = f, 0
	return nil
}

// used is which entries of the legend occur in the rows that were drawn last.
func (x *lanes) used() (u picture.Used) {
	for _, of := range x.uses {
		u |= of
	}
	return u
}

// paint puts the row that was drawn last on a line, and keeps what it uses. A line that stays as it is keeps that, too.
func (x *lanes) paint(sc *scene, p pane, y int, rows *picture.Window) {
	p.paint(sc.gutter(), y, x.row, &sc.inks)
	if y < len(x.uses) {
		x.uses[y] = rows.Uses(x.row)
	}
}

// use adds to what a line uses.
func (x *lanes) use(y int, u picture.Used) {
	if y < len(x.uses) {
		x.uses[y] |= u
	}
}

// forget begins anew: the source is another one.
func (x *lanes) forget() { x.order, x.top = nil, 0 }

// draw draws one row per lane:
//
//	loop    epoll_wait  ░░░░█░░░░▒▒▒▒64x▒▒▒░░░█░░
//	reports 64/s peak   ▁       ▅████████▅     ▁
//	listener :4201        A            A
//	fd 7  :53011 LT         ↓rw        ↓r!!!!!!!w
func (x *lanes) draw(sc *scene, p pane) {
	sc.inks.number(p.s)
	if len(x.uses) != p.h {
		x.uses = make([]picture.Used, max(p.h, 0))
	}
	y := 0
	defer func() { clear(x.uses[min(y, len(x.uses)):]) }()
	for _, l := range sc.snap.Loops {
		if y >= p.h {
			return
		}
		if sc.row == loopRow(l.Stream) {
			p.fill(0, y, sc.gutter()-1, ' ', sc.theme.selected)
		}
		x.drawLoop(sc, p, y, l)
		if sc.coarse != nil {
			if o := sc.coarse.over.Lane(l.Stream, -1); o != nil {
				drawCoarse(sc, p, y, []*timeline.OverviewLane{o}, false, nil)
				x.use(y, picture.UsedOverview)
			}
		}
		y++
	}
	if l := sc.loop(); p.h >= 9 && l != nil {
		x.drawRate(sc, p, y, l)
		drawCoarse(sc, p, y, nil, true, nil)
		y++
	}
	lanes, folded := x.visible(sc, p.h-y)
	x.order = x.order[:0]
	for _, l := range lanes {
		x.order = append(x.order, l.ID)
	}
	room := p.h - y
	if folded > 0 {
		room--
	}
	x.scroll(sc.row, len(lanes), room)
	for i := x.top; i < len(lanes) && i < x.top+room; i++ {
		if x.memo.keepRow(sc, p, y, lanes[i]) {
			y++
			continue
		}
		x.drawLane(sc, p, y, lanes[i])
		if sc.coarse != nil {
			drawCoarse(sc, p, y, sc.coarse.lanes(number{lanes[i].Table, lanes[i].FD}), false, lanes[i])
			x.use(y, picture.UsedOverview)
		}
		y++
	}
	for _, n := range sc.coarse.strangers(sc.frame) {
		if y >= p.h {
			break
		}
		p.put(0, y, picture.NumberOf(sc.coarse.process(n), n.fd), sc.theme.dim)
		drawCoarse(sc, p, y, sc.coarse.lanes(n), false, nil)
		y++
	}
	hidden := len(lanes) - room
	switch {
	case folded > 0 && hidden > 0:
		p.put(0, y, fmt.Sprintf("  %s more below or above, %s idle folded (f)", words.Number(int64(hidden)), words.Number(int64(folded))), sc.theme.dim)
	case folded > 0:
		p.put(0, y, fmt.Sprintf("  %s idle folded (f)", words.Number(int64(folded))), sc.theme.dim)
	case hidden > 0 && p.h > 0:
		s := fmt.Sprintf(" +%s lanes, arrows up and down ", words.Number(int64(hidden)))
		p.right(p.h-1, s, sc.theme.bar)
	}
	if y == 0 && len(lanes) == 0 && folded == 0 && len(sc.snap.Loops) == 0 {
		p.put(2, 1, "no event yet", sc.theme.dim)
	} else if len(lanes) == 0 && !sc.filter.Empty() {
		p.put(2, y, "no lane matches the filter", sc.theme.dim)
	}
	drawCursors(sc, p, 0)
}

// scroll keeps the selected lane among those shown.
func (x *lanes) scroll(row int64, n, room int) {
	at := -1
	for i, id := range x.order {
		if id == row {
			at = i
		}
	}
	if at >= 0 && at < x.top {
		x.top = at
	}
	if at >= 0 && at >= x.top+room {
		x.top = at - room + 1
	}
	x.top = max(0, min(x.top, n-room))
}

// visible is which lanes have a row: the listener, every connection that is open or was in the window; when there is not
// room for all, those on which nothing happens in the window are folded away. What a wait reported and of which the kind is not
// known has a row, too. The rest (wake-fds, epoll instances) only show unfolded.
//
// Half of a split screen shows what the split has decided for both.
func (x *lanes) visible(sc *scene, room int) (out []*timeline.Lane, folded int) {
	if sc.half != nil {
		return sc.half.lanes, sc.half.folded
	}
	t0, t1 := sc.seen()
	all := sc.snap.Lanes
	if sc.sorted != picture.ByAge {
		all = slices.Clone(all)
		sc.sort(sc.frame, all)
	}
	for _, l := range all {
		if !sc.present(sc.frame, l) || !sc.filter.Empty() && !sc.filter.Lane(sc.snap, l, t0, t1) {
			continue
		}
		out = append(out, l)
	}
	if sc.unfold || len(out) <= room {
		return out, 0
	}
	busy := out[:0]
	for _, l := range out {
		if l.Kind != timeline.KindListener && l.ID != sc.row && !x.cache.active(sc.frame, l) {
			folded++
			continue
		}
		busy = append(busy, l)
	}
	return busy, folded
}

// present reports whether a lane was there in the window and is of a kind that is shown.
func (c *laneOptions) present(f *frame, l *timeline.Lane) bool {
	switch {
	case l.Opened >= f.t1 && l.Opened != 0:
		return false
	case l.Closed != 0 && l.Closed < f.t0:
		return false
	}
	return c.unfold || !c.filter.Empty() || l.Kind == timeline.KindListener || l.Kind == timeline.KindConn || l.Reported()
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

// needs is how many rows the lanes would like.
func (x *lanes) needs(sc *scene) int {
	lanes, folded := x.visible(sc, 1<<20)
	n := len(sc.snap.Loops) + len(lanes)
	if len(sc.snap.Loops) > 0 {
		n++
	}
	if folded > 0 {
		n++
	}
	return n
}

// move goes through the loops and the lanes.
func (x *lanes) move(by int) {
	sc := x.scene
	var list []int64
	if sc.half == nil && sc.frame != nil {
		for _, l := range sc.snap.Loops {
			list = append(list, loopRow(l.Stream))
		}
	}
	loops := len(list)
	list = append(list, x.order...)
	if len(list) == 0 {
		return
	}
	at := slices.Index(list, x.selected.row)
	switch {
	case at >= 0:
		at = min(max(at+by, 0), len(list)-1)
	case by < 0:
		at = len(list) - 1
	case len(list) > loops:
		at = loops // the first press selects the first lane; the loops are above it
	default:
		at = 0
	}
	x.selected.choose(list[at], sc.snap)
	x.selected.letGo(sc.frame)
}

// click selects the lane under the mouse, from the lanes' corner; in the picture itself, the moment too.
func (x *lanes) click(at, y, h int) {
	sc := x.scene
	x.selected.pane = paneLanes
	if g := sc.gutter(); sc.half == nil && at >= g {
		x.window.pick(min(sc.moment(at-g), sc.snap.Now))
	}
	if loops := sc.snap.Loops; y < len(loops) {
		x.selected.choose(loopRow(loops[y].Stream), sc.snap)
		return
	}
	row := y - len(sc.snap.Loops)
	if h >= 9 && len(sc.snap.Loops) > 0 {
		row-- // the rate
	}
	if i := row + x.top; row >= 0 && i < len(x.order) {
		x.selected.choose(x.order[i], sc.snap)
		x.selected.letGo(sc.frame)
	}
}
