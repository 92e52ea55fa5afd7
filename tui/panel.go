package tui

import (
	"math"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"evviz/figures"
	"evviz/picture"
	"evviz/timeline"
	"evviz/words"
)

// The panel is the numbers of the window under the headline, each with how it went on in the window; there is one from panelWide columns on. It is
// about the loop that is looked at where there are several.
//
//	wakeups 41.2k/s ▂▃▅▆▅  useful 98 %  ▇▇▇▇▇  busy 71 %  ▅▆▇▆▅  read p50 40 µs  p99 0.42 ms ▁▁▃▁▁  oldest 1.9 s ▂▄▆█  EAGAIN 12/s ▁
const (
	panelWide = 100
	panelHigh = 22
	panelGap  = 2  // between its parts
	mostSpark = 12 // columns of a sparkline, at most
	leastHint = 3  // ... and at least: fewer say nothing
)

// panel keeps what was computed last.
type panel struct {
	snap   *timeline.Snapshot
	loop   uint32
	t0, t1 int64
	n      int
	gauges []figures.Gauge
	memo   *memo
}

// panelItem is a part of the panel: what stands before each value, which gauges, and whose sparkline.
type panelItem struct {
	title  string
	names  []string
	labels []string // before the values, where there are several
	width  []int    // of the values: what changes with every frame must not move what stands behind it
}

var panelItems = []panelItem{
	{"wakeups", []string{"wakeups_per_second"}, []string{""}, []int{7}},
	{"useful", []string{"useful_share"}, []string{""}, []int{5}},
	{"busy", []string{"busy_share"}, []string{""}, []int{5}},
	{"read", []string{"read_p50", "read_p99"}, []string{"p50 ", "p99 "}, []int{7, 9}},
	{"oldest", []string{"oldest_unread"}, []string{""}, []int{9}},
	{"EAGAIN", []string{"eagain_per_second"}, []string{""}, []int{7}},
}

// textWidth is how wide the parts are without their sparklines.
func (it *panelItem) textWidth() int {
	n := utf8.RuneCountInString(it.title)
	for i := range it.names {
		n += 1 + len(it.labels[i]) + it.width[i]
	}
	return n
}

func (b *panel) draw(sc *scene, p pane) {
	stream := uint32(0)
	loop := sc.loop()
	if loop != nil {
		stream = loop.Stream
	}
	if len(sc.snap.Loops) < 2 {
		loop = nil
	}
	snap, t0, t1 := sc.snap, sc.t0, sc.t1
	if b.fresh(sc, stream) {
		snap, t0, t1 = b.snap, b.t0, b.t1
	}
	if b.memo.keepRegion(sc, p, panelKey{snap, stream, t0, t1}) {
		return
	}
	text := 0
	for i := range panelItems {
		text += panelItems[i].textWidth() + panelGap
	}
	spark := min((p.w-2-text)/len(panelItems)-1, mostSpark)
	if spark < leastHint {
		spark = 0
	}
	gap := panelGap
	if text > p.w {
		gap = 1
	}
	b.measure(snap, t0, t1, loop, stream, max(spark, 1))
	x := 1
	for i := range panelItems {
		if x+panelItems[i].textWidth() > p.w {
			break
		}
		x = b.drawItem(sc, p, x, &panelItems[i], spark) + gap
	}
}

type panelKey struct {
	snap   *timeline.Snapshot
	stream uint32
	t0, t1 int64
}

// fresh reports whether the numbers are good for another frame: while time goes on they are new four times a second, which is as fast as they can be
// read. In slow motion that is less time of the trace, and where a lesson stands at its point they are those of the frame.
func (b *panel) fresh(sc *scene, stream uint32) bool {
	if !sc.live || b.snap == nil || b.loop != stream || b.snap.Begin != sc.snap.Begin || b.t1-b.t0 != sc.t1-sc.t0 {
		return false
	}
	age, good := sc.snap.Now-b.snap.Now, sc.replay.every
	return age >= 0 && age < good && sc.t1 >= b.t1 && sc.t1-b.t1 < good
}

// measure computes the gauges of a window, unless they are those that there are.
func (b *panel) measure(s *timeline.Snapshot, t0, t1 int64, loop *timeline.LoopLane, stream uint32, n int) {
	if b.snap == s && b.loop == stream && b.t0 == t0 && b.t1 == t1 && b.n == n {
		return
	}
	b.snap, b.loop, b.t0, b.t1, b.n = s, stream, t0, t1, n
	b.gauges = figures.Panel(s, loop, t0, t1, n)
}

// gauge is the one of a name.
func (b *panel) gauge(name string) *figures.Gauge {
	for i := range b.gauges {
		if b.gauges[i].Name == name {
			return &b.gauges[i]
		}
	}
	return &figures.Gauge{}
}

// drawItem draws a part of the panel from a column on, and returns where it ends.
func (b *panel) drawItem(sc *scene, p pane, x int, it *panelItem, spark int) int {
	t := &sc.theme
	x = p.put(x, 0, it.title, t.dim)
	var last *figures.Gauge
	for i, name := range it.names {
		last = b.gauge(name)
		x = p.put(x+1, 0, it.labels[i], t.dim)
		p.put(x, 0, cut(gaugeValue(last), it.width[i]), sc.valueStyle(last))
		x += it.width[i]
	}
	if spark == 0 {
		return x
	}
	x++
	top := 0.0
	for _, v := range last.Series {
		if !math.IsNaN(v) {
			top = max(top, v)
		}
	}
	if last.Unit == figures.Share {
		top = 1
	}
	for i, v := range last.Series[:min(spark, len(last.Series))] {
		if math.IsNaN(v) || v <= 0 || top <= 0 {
			continue
		}
		steps := sc.sym.Steps()
		h := max(1, min(int(v/top*float64(steps)+0.5), steps))
		p.set(x+i, 0, sc.sym.Spark[h], sc.gaugeStyle(last, v))
	}
	return x + spark
}

// valueStyle is that of a value: what is bad stands out.
func (k *style) valueStyle(g *figures.Gauge) tcell.Style {
	switch {
	case !g.Known:
		return k.theme.dim
	case g.Name == "oldest_unread" && int64(g.Value) >= picture.StaleAfter:
		return k.theme.bad
	case g.Name == "oldest_unread" && int64(g.Value) >= picture.OldAfter, g.Name == "useful_share" && g.Value < 0.5, g.Name == "busy_share" && g.Value > 0.9:
		return k.theme.accept
	}
	return k.theme.bold
}

// gaugeStyle is the colour of a part of a sparkline: that of its age where it is one.
func (k *style) gaugeStyle(g *figures.Gauge, v float64) tcell.Style {
	role := picture.RoleWorking
	switch {
	case g.Unit == figures.Nanos:
		role = picture.FillOf(int64(v)).Role()
	case g.Name == "eagain_per_second":
		return k.theme.eagain
	}
	return k.inks.style[role.Part()]
}

// gaugeValue is a value in words; "-" where there is none.
func gaugeValue(g *figures.Gauge) string {
	if !g.Known {
		return "-"
	}
	if g.Value == 0 && g.Zero != "" {
		return g.Zero
	}
	s := ""
	switch g.Unit {
	case figures.Rate:
		return words.Rate(g.Value) + "/s"
	case figures.Share:
		if g.AtLeast {
			return words.AtLeastPercent(g.Value)
		}
		s = words.Percent(g.Value)
	default:
		s = words.Duration(int64(g.Value))
	}
	if g.AtLeast {
		return ">" + s
	}
	return s
}
