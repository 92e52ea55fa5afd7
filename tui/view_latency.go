package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
	"evviz/timeline"
	"evviz/words"
)

// latencyView is view 4: how long things took, in the window that is shown, as histograms and as a heat map. What had not ended at the right edge of
// the window counts for as long as it had lasted by then.
//
//	 of all descriptors                      count     p50     p90     p99   p99.9     max
//	 arrival to delivered                    1,204    41 µs   ...
//	>arrival to read                         ...                               ≥ 6.5 s  1 still unread
//	── arrival to read ────────────────────┬── over time ─────────────────────────────────
//	 1.0 ms │██████████▌ 412               │ ▄▄▀ ▀    ▄
//	 512 µs │████▏ 160                     │ ▀▀▀▄▄▀▀▄▄▀▀▀▄
//
// Up and Down choose the measure, Tab between all descriptors and the selected one. The rows of the heat map are half octaves, so an eye
// can follow a drift over six powers of ten. A cell of the screen holds two of its rows, one in each half.
type latencyView struct {
	measure timeline.Measure
	lane    bool // of the selected lane, not of all
	chosen  bool // the measure was chosen by a person

	pages  *pages
	status *status
}

// latencyHeads are the columns of the table where there is room for all.
var latencyHeads = []string{"count", "p50", "p90", "p99", "p99.9", "max"}

// measureOrder is the measures as they are listed: the two that together make the third stand before it. The one that is shown first is that
// of the whole way, from arrival to read, where it is known.
var measureOrder = []timeline.Measure{timeline.MeasureDelivered, timeline.MeasureRead, timeline.MeasureFirst, timeline.MeasureServed, timeline.MeasureAnswered, timeline.MeasureGap}

func (v *latencyView) draw(sc *scene, p pane) {
	t := &sc.theme
	if !v.chosen { // the whole way, or else the first that is known
		for _, m := range slices.Concat([]timeline.Measure{timeline.MeasureServed}, measureOrder) {
			if d := sc.snap.Delays(m); d.Known && d.Count > 0 {
				v.measure = m
				break
			}
		}
	}
	lane := sc.selected()
	if !v.lane {
		lane = nil
	}
	of := "all descriptors"
	if lane != nil {
		of = clean(sc.label(lane, 40))
	}
	if s := sc.selected(); s != nil {
		of += " (Tab: " + map[bool]string{true: "all", false: picture.LaneNumber(s)}[v.lane] + ")"
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	p.put(1, 0, "of "+of, t.bar.Bold(true))
	heads, wide := latencyHeads, 10
	switch {
	case p.w < 50:
		heads, wide = []string{"p50", "max"}, 9
	case p.w < 80: // the names of the measures need 22 columns, to be told from each other
		heads, wide = []string{"p50", "p99", "max"}, 9
	case p.w < 90:
		wide = 9
	}
	from := max(min(p.w-wide*len(heads)-1, 40), 10)
	for i, h := range heads {
		p.put(from+i*wide, 0, fmt.Sprintf("%*s", wide, h), t.bar)
	}
	y := 1
	for _, m := range measureOrder {
		if y >= p.h {
			return
		}
		st := t.text
		if m == v.measure {
			st = t.selected
			p.fill(0, y, p.w, ' ', st)
			p.set(0, y, sc.sym.GoesOn, st)
		}
		p.put(2, y, sc.fits(m.String(), from-3), st.Bold(true))
		d := v.delays(sc, lane, m)
		switch {
		case !d.Known:
			p.put(from+2, y, sc.fits("unknown: "+clean(d.Why), p.w-from-3), st)
		case d.Count == 0:
			p.put(from+2, y, "none in this window", st)
		default:
			figures := map[string]string{"count": words.Number(d.Count), "p50": words.AtLeast(d.P50, d.Least.P50), "p90": words.AtLeast(d.P90, d.Least.P90),
				"p99": words.AtLeast(d.P99, d.Least.P99), "p99.9": words.AtLeast(d.P999, d.Least.P999), "max": words.AtLeast(d.Max, d.Least.Max)}
			for i, h := range heads {
				s := figures[h]
				if sc.sym.Line == '-' { // plain ASCII
					s = strings.Replace(s, "≥ ", ">=", 1)
				}
				p.put(from+(i+1)*wide-len([]rune(s)), y, s, st)
			}
			if d.Unfinished > 0 {
				p.put(from+len(heads)*wide+2, y, sc.fits(words.Unfinished(m, d.Unfinished), p.w-from-len(heads)*wide-3), st)
			}
		}
		y++
	}
	p.y, p.h = p.y+y, p.h-y
	if p.h < 3 {
		return
	}
	left := p
	if p.w >= 90 {
		left.w = min(max(p.w/3, 36), 60)
		right := p
		right.x, right.w = p.x+left.w+1, p.w-left.w-1
		v.drawHeat(sc, right, lane)
		for y := 1; y < p.h; y++ {
			p.set(left.w, y, sc.sym.Corner, t.dim)
		}
		p.set(left.w, 0, sc.sym.Line, t.dim)
	} else if p.h >= 12 {
		left.h = p.h / 2
		below := p
		below.y, below.h = p.y+left.h, p.h-left.h
		v.drawHeat(sc, below, lane)
	}
	v.drawHistogram(sc, left, lane)
}

// delays are those of the window: of a lane, or with nil of all.
func (v *latencyView) delays(sc *scene, lane *timeline.Lane, m timeline.Measure) timeline.Delays {
	if lane != nil {
		return sc.snap.LaneDelaysIn(lane, m, sc.t0, sc.t1)
	}
	return sc.snap.DelaysIn(nil, m, sc.t0, sc.t1)
}

// drawHistogram draws the distribution, the long delays on top as in the heat map.
func (v *latencyView) drawHistogram(sc *scene, p pane, lane *timeline.Lane) {
	t := &sc.theme
	p.fill(0, 0, p.w, sc.sym.Line, t.dim)
	d := v.delays(sc, lane, v.measure)
	title := " " + v.measure.String()
	if d.Unfinished > 0 {
		title += ", " + words.Unfinished(v.measure, d.Unfinished)
	}
	p.put(2, 0, cut(title+" ", p.w-3), t.title)
	if len(d.Bars) == 0 {
		return
	}
	rows := p.h - 1
	lows, counts, open := octaves(d.Bars, rows)
	most := int64(1)
	for _, n := range counts {
		most = max(most, n)
	}
	room := p.w - 20
	for i := range counts {
		y := 1 + len(counts) - 1 - i
		p.put(0, y, fmt.Sprintf("%9s ", words.Duration(lows[i])), t.dim)
		w := float64(counts[i]) / float64(most) * float64(max(room, 1))
		end := sc.bar(p, 10, y, w, t.fresh)
		if counts[i] > 0 {
			n := words.Number(counts[i])
			if open[i] > 0 {
				n += " (" + words.Unfinished(v.measure, open[i]) + ")"
			}
			p.put(end+1, y, sc.fits(n, p.w-end-1), t.text)
		}
	}
}

// octaves puts the pieces of a distribution together into at most so many rows, each a power of two or a root of it.
func octaves(bars []timeline.LatencyBar, rows int) (lows, counts, unfinished []int64) {
	if len(bars) == 0 || rows < 1 {
		return nil, nil, nil
	}
	step := 1.4142135623730951
	lo, hi := max(bars[0].Low, 1), max(bars[len(bars)-1].High, 1)
	for {
		lows = lows[:0]
		for x := float64(floorOctave(lo)); ; x *= step {
			lows = append(lows, int64(x))
			if x*step > float64(hi) || len(lows) > rows {
				break
			}
		}
		if len(lows) <= rows || len(lows) == 1 {
			break
		}
		step *= step
	}
	counts, unfinished = make([]int64, len(lows)), make([]int64, len(lows))
	i := 0
	for _, b := range bars {
		for i+1 < len(lows) && lows[i+1] <= b.Low {
			i++
		}
		counts[i] += b.Count
		unfinished[i] += b.Unfinished
	}
	return lows, counts, unfinished
}

// floorOctave is the greatest power of two that is not above n.
func floorOctave(n int64) int64 {
	p := int64(1)
	for p <= n/2 {
		p *= 2
	}
	return p
}

// drawHeat draws the window: time to the right, long delays above, colour by how many.
func (v *latencyView) drawHeat(sc *scene, p pane, lane *timeline.Lane) {
	t := &sc.theme
	p.fill(0, 0, p.w, sc.sym.Line, t.dim)
	g := 10
	cols, lines := p.w-g, p.h-2
	if cols < 8 || lines < 2 {
		return
	}
	rows := lines
	double := sc.sym.Half != 0 && len(t.heat) > 0
	if double {
		rows *= 2
	}
	var h timeline.HeatMap
	t0, t1 := sc.t0, sc.t1
	if lane != nil && v.measure != timeline.MeasureGap {
		h = sc.snap.LaneHeat(lane, v.measure, t0, t1, cols, rows)
	} else {
		h = sc.snap.Heat(v.measure, t0, t1, cols, rows)
	}
	title := " over time: " + words.Count(h.Total, "delay") + " "
	if h.Since > t0 {
		kept := "coarser"
		if lane != nil {
			kept = "not kept"
		}
		title += "(" + kept + " before " + seconds(h.Since-sc.snap.First, 1) + " s) "
	}
	p.put(2, 0, cut(title, p.w-3), t.title)
	n := h.Rows()
	if n == 0 {
		p.put(g, 2, "nothing was measured in this window", t.dim)
		return
	}
	for line := range lines {
		y := p.h - 2 - line
		if double {
			a, b := 2*line, 2*line+1
			if a >= n {
				break
			}
			p.put(0, y, fmt.Sprintf("%9s ", words.Duration(h.Bounds[a])), t.dim)
			for x := range cols {
				below, above := h.At(x, a), uint32(0)
				if b < n {
					above = h.At(x, b)
				}
				if below == 0 && above == 0 {
					continue
				}
				heatCell(sc.style, p, g+x, y, above, below, h.Max)
			}
			continue
		}
		if line >= n {
			break
		}
		p.put(0, y, fmt.Sprintf("%9s ", words.Duration(h.Bounds[line])), t.dim)
		for x := range cols {
			if k := h.At(x, line); k > 0 {
				p.set(g+x, y, sc.sym.Shade[1+step(k, h.Max, len(sc.sym.Shade)-1)], sc.heatStyle(k, h.Max))
			}
		}
	}
	every := tickEvery(t1-t0, cols)
	busy := 0
	if !sc.snap.Info.Timed {
		return
	}
	ticks(max(picture.Minus(t0, sc.snap.First), 0), picture.Minus(t1, sc.snap.First), every, cols, func(at int64) {
		x := int(float64(picture.Plus(at, sc.snap.First)-t0) / float64(t1-t0) * float64(cols))
		s := seconds(at, decimals(every))
		if x >= busy && x+len(s) <= cols {
			p.put(g+x, p.h-1, s, t.dim)
			busy = x + len(s) + 2
		}
	})
}

// decimals is how many a label needs when labels are so far apart.
func decimals(every int64) int {
	dec := 0
	for e := every; e < 1e9 && dec < 6; e *= 10 {
		dec++
	}
	return dec
}

// step is the place of a count on a scale of so many steps, by its logarithm: one and a thousand are both seen.
func step(k, most uint32, steps int) int {
	bits := func(n uint32) (b int) {
		for ; n > 0; n >>= 1 {
			b++
		}
		return b
	}
	if most <= 1 || steps <= 1 {
		return 0
	}
	return min((bits(k)-1)*(steps-1)/max(bits(most)-1, 1), steps-1)
}

// heatStyle is the colour of a count.
func (k *style) heatStyle(n, most uint32) tcell.Style {
	if len(k.theme.heat) == 0 {
		return k.theme.text
	}
	return k.theme.heat[step(n, most, len(k.theme.heat))]
}

// heatCell draws two rows of the map in one cell, each in a colour of its own.
func heatCell(k *style, p pane, x, y int, above, below, most uint32) {
	switch {
	case below == 0:
		p.set(x, y, k.sym.Half, k.heatStyle(above, most))
	case above == 0:
		p.set(x, y, k.sym.Lower, k.heatStyle(below, most))
	default:
		fg, _, _ := k.heatStyle(above, most).Decompose()
		bg, _, _ := k.heatStyle(below, most).Decompose()
		p.set(x, y, k.sym.Half, tcell.StyleDefault.Foreground(fg).Background(bg))
	}
}

func (v *latencyView) state(*scene) string { return "" }

func (v *latencyView) move(_ *scene, by int) {
	v.chosen = true
	for i, m := range measureOrder {
		if m == v.measure {
			v.measure = measureOrder[min(max(i+by, 0), len(measureOrder)-1)]
			return
		}
	}
}

// tab goes between all descriptors and the selected one.
func (v *latencyView) tab(sc *scene, _ int) {
	if sc.selected() == nil {
		v.status.say("select a descriptor first, in view 1 or 3")
		v.lane = false
		return
	}
	v.lane = !v.lane
}

func (v *latencyView) turn(*scene, int) bool { return false }
func (v *latencyView) step(*scene, int) bool { return false }
func (v *latencyView) enter(*scene)          { v.pages.words(words.ExplainMeasure(v.measure)) }

func (v *latencyView) click(_ *scene, _, y int) {
	if i := y - 1; i >= 0 && i < len(measureOrder) {
		v.chosen = true
		v.measure = measureOrder[i]
	}
}
