package tui

import (
	"fmt"
	"strings"

	"evviz/diagnostics"
	"evviz/trace"
)

// drawAxis is the line of times: what a cell is worth, whether this is the present, and where the mode was switched.
func (u *ui) drawAxis(f *frame, p pane) {
	t := &u.theme
	g := f.gutter()
	label := fmt.Sprintf("%s, %s a cell", diagnostics.Duration(u.span), diagnostics.Duration(u.span/int64(f.cells())))
	if len(label) > g-1 {
		label = diagnostics.Duration(u.span)
	}
	if !f.snap.Info.Timed {
		label = "order, no times"
		if len(label) > g-1 {
			label = "no times"
		}
	}
	if _, _, _, tabs := u.parts.tabs.GetRect(); tabs == 0 || u.half != nil || !f.snap.Info.Timed {
		p.put(0, 0, label, t.dim) // else the tabs say it
	}
	n := f.cells()
	state, st := "", t.text
	if _, _, _, tabs := u.parts.tabs.GetRect(); tabs == 0 || u.half != nil {
		state, st = u.liveness(f)
	}
	room := n - len([]rune(state))
	every := tickEvery(u.span, n)
	dec := decimals(every)
	first := f.snap.First
	busy := 0
	for tick := (f.t0 - first + every - 1) / every * every; tick+first < f.t1; tick += every {
		if tick < 0 || !f.snap.Info.Timed {
			continue
		}
		x := f.column(tick + first)
		s := seconds(tick, dec)
		if x < busy || x+len(s) > room {
			continue
		}
		p.put(g+x, 0, s, t.dim)
		busy = x + len(s) + 2
	}
	u.drawSwitches(f, p, room)
	u.drawFlags(f, p, room)
	p.put(g+room, 0, state, st)
}

// drawSwitches marks on a line of times where the mode was switched.
func (u *ui) drawSwitches(f *frame, p pane, room int) {
	g, mark := f.gutter(), u.sym.mark
	if u.half != nil && u.half.above {
		mark = u.sym.above
	}
	for _, m := range f.snap.Modes {
		if m.At < f.t0 || m.At >= f.t1 || m.Cause != trace.CauseSwitch {
			continue
		}
		s := string(mark) + strings.TrimSpace(trace.DriverNames.Word(m.Mode.Driver)+" "+strings.ToUpper(trace.TriggerNames.Word(m.Mode.Trigger)))
		if x := f.column(m.At); x+len([]rune(s)) <= room {
			p.put(g+x, 0, s+" ", u.theme.good)
		}
	}
}

// drawFlags marks the bookmarks and the cursor on the line of times.
func (u *ui) drawFlags(f *frame, p pane, room int) {
	if u.half != nil {
		return
	}
	g := f.gutter()
	for _, m := range u.allMarks() {
		x := f.column(m.At)
		if m.At < f.t0 || m.At >= f.t1 || x >= room {
			continue
		}
		p.set(g+x, 0, u.sym.flag, u.theme.bold)
		if words := clean(m.Text); x+2+len([]rune(words)) < room {
			p.put(g+x+1, 0, words+" ", u.theme.bold)
		}
	}
	if u.cursor != 0 && u.cursor >= f.t0 && u.cursor < f.t1 && f.snap.Info.Timed {
		s := " " + seconds(u.cursor-f.snap.First, 6) + " "
		x := min(max(f.column(u.cursor)-len(s)/2, 0), max(room-len(s), 0))
		p.put(g+x, 0, s, u.theme.selected)
	}
}

// tickEvery is the distance of two labels: 1, 2 or 5 times a power of ten, at least 10 columns apart.
func tickEvery(span int64, cells int) int64 {
	want := span * 10 / int64(max(cells, 1))
	d := int64(1000)
	for {
		for _, k := range []int64{1, 2, 5} {
			if d*k >= want {
				return d * k
			}
		}
		d *= 10
	}
}
