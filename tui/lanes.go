package tui

import (
	"slices"

	"evviz/picture"
	"evviz/timeline"
	"evviz/words"
)

// laneOptions are which lanes a person wants to see, and in which order.
type laneOptions struct {
	filter timeline.Filter
	sorted picture.Order
	unfold bool              // idle and closed lanes, and those of other kinds, too
	pins   map[laneName]bool // at the top, and never folded
}

// lanes are the rows of the timeline: the loops, the listeners, the connections (lane_rows.go), as far as there is room for them.
type lanes struct {
	laneOptions
	rows  laneRows  // what was drawn last
	shown []laneRow // by line
	top   int       // first row shown, of those that scroll
	cache cellCache
	row   []picture.Cell // room for the cells of a row
	uses  []picture.Used // by line: which entries of the legend occur there

	scene    *scene
	selected *selection
	window   *window
	memo     *memo
	status   *status
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
	x.uses[y] = rows.Uses(x.row)
}

// forget begins anew: the source is another one.
func (x *lanes) forget() { x.rows, x.shown, x.top = laneRows{}, nil, 0 }

// draw draws one row per lane:
//
//	loop    epoll_wait  ░░░░█░░░░▒▒▒▒64x▒▒▒░░░█░░
//	events  4.2k/s      ▁       ▅████████▅     ▁
//	listener :4201        A            A
//	fd 7  :53011 LT         ↓rw        ↓r!!!!!!!w
//	203 closed, 38 idle   x  x    x
func (x *lanes) draw(sc *scene, p pane) {
	sc.inks.number(p.s)
	if len(x.uses) != p.h {
		x.uses = make([]picture.Used, max(p.h, 0))
	}
	x.rows = x.rowsOf(sc, p.h)
	list, fixed := x.rows.list, min(x.rows.fixed, p.h)
	rest := list[x.rows.fixed:]
	room := p.h - fixed
	x.scroll(sc.row, rest, room)
	x.shown = append(x.shown[:0], list[:fixed]...)
	x.shown = append(x.shown, rest[x.top:min(x.top+room, len(rest))]...)
	for y := range x.shown {
		x.drawRow(sc, p, y)
	}
	clear(x.uses[len(x.shown):])
	if hidden := len(rest) - room; hidden > 0 && p.h > 0 {
		p.right(p.h-1, " +"+words.Number(int64(hidden))+" rows, arrows up and down ", sc.theme.bar)
	}
	switch {
	case len(list) == 0 && sc.filter.Empty() && sc.snap.EventCount() > 0:
		p.put(2, 1, "no loop and no connection yet", sc.theme.dim)
	case len(list) == 0 && sc.filter.Empty():
		p.put(2, 1, "no event yet", sc.theme.dim)
	case len(rest) == 0 && !sc.filter.Empty():
		p.put(2, len(x.shown), "no lane matches the filter", sc.theme.dim)
	}
	drawCursors(sc, p, 0)
}

// drawRow draws the row of a line.
func (x *lanes) drawRow(sc *scene, p pane, y int) {
	r := &x.shown[y]
	overview := func(lanes []*timeline.OverviewLane, all bool, of *timeline.Lane) {
		if sc.coarse != nil {
			drawCoarse(sc, p, y, lanes, all, of)
			x.uses[y] |= picture.UsedOverview
		}
	}
	switch r.kind {
	case rowLoop:
		if sc.row == r.id() {
			p.fill(0, y, sc.gutter()-1, ' ', sc.theme.selected)
		}
		x.drawLoop(sc, p, y, r.loop)
		if sc.coarse != nil {
			if o := sc.coarse.over.Lane(r.loop.Stream, -1); o != nil {
				overview([]*timeline.OverviewLane{o}, false, nil)
			}
		}
	case rowRate:
		x.uses[y] = 0
		x.drawRate(sc, p, y, r.loop)
		overview(nil, true, nil)
	case rowLane:
		if x.memo.keepRow(sc, p, y, r.lane) {
			return
		}
		x.drawLane(sc, p, y, r.lane)
		if sc.coarse != nil {
			overview(sc.coarse.lanes(number{r.lane.Table, r.lane.FD}), false, r.lane)
		}
	case rowUnheld:
		x.uses[y] = 0
		p.put(0, y, picture.NumberOf(sc.coarse.process(r.number), r.number.fd), sc.theme.dim)
		overview(sc.coarse.lanes(r.number), false, nil)
	case rowFolded:
		x.drawFolded(sc, p, y)
	case rowThreads:
		x.uses[y] = 0
		p.put(0, y, cut(threadsText(sc, x.rows.threads), sc.gutter()-1), sc.theme.dim)
	}
}

// threadsText is how many threads are folded, and the call that they are in where it is the same.
func threadsText(sc *scene, threads []*timeline.LoopLane) string {
	rows, same := sc.rows(), true
	first, _ := rows.InCall(threads[0])
	for _, l := range threads {
		call, _ := rows.InCall(l)
		same = same && call == first
	}
	s := words.Count(int64(len(threads)), "thread")
	if same {
		return s + " in " + text(first) + " (f)"
	}
	return s + " in other calls (f)"
}

// drawFolded draws the row of the lanes that are folded: how many they are, and where they began and ended.
func (x *lanes) drawFolded(sc *scene, p pane, y int) {
	r := &x.rows
	text := ""
	if r.closed > 0 {
		text = words.Number(int64(r.closed)) + " closed"
	}
	if r.idle > 0 && text != "" {
		text += ", "
	}
	if r.idle > 0 {
		text += words.Number(int64(r.idle)) + " idle"
	}
	p.put(0, y, cut(text+" (f)", sc.gutter()-1), sc.theme.dim)
	rows := sc.rows()
	x.row = rows.Ends(x.row, r.folded)
	x.paint(sc, p, y, &rows)
}

// scroll keeps the selected row among those shown.
func (x *lanes) scroll(row int64, list []laneRow, room int) {
	at := slices.IndexFunc(list, func(r laneRow) bool { return row != 0 && r.id() == row })
	if at >= 0 && at < x.top {
		x.top = at
	}
	if at >= 0 && at >= x.top+room {
		x.top = at - room + 1
	}
	x.top = max(0, min(x.top, len(list)-room))
}

// needs is how many rows the lanes would like.
func (x *lanes) needs(sc *scene) int { return len(x.rowsOf(sc, 1<<20).list) }

// move goes through the loops and the lanes.
func (x *lanes) move(by int) {
	sc := x.scene
	var list []int64
	loops := 0
	for i := range x.rows.list {
		r := &x.rows.list[i]
		if id := r.id(); id > 0 || id < 0 && sc.half == nil {
			list = append(list, id)
			if id < 0 && loops == i {
				loops++
			}
		}
	}
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
func (x *lanes) click(at, y int) {
	sc := x.scene
	x.selected.pane = paneLanes
	if g := sc.gutter(); sc.half == nil && at >= g {
		x.window.pick(min(sc.moment(at-g), sc.snap.Now))
	}
	if y < 0 || y >= len(x.shown) {
		return
	}
	switch r := &x.shown[y]; r.kind {
	case rowFolded, rowThreads:
		x.unfold = true
	case rowLoop, rowLane:
		x.selected.choose(r.id(), sc.snap)
		if r.kind == rowLane {
			x.selected.letGo(sc.frame)
		}
	}
}
