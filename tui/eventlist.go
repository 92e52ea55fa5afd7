package tui

import (
	"fmt"
	"strings"

	"evviz/diagnostics"
	"evviz/trace"
)

// wideEnough is from how many columns on the findings are listed beside the events.
const wideEnough = 90

// drawBelow draws what stands below the lanes: the findings and the events, or, when there is no room for both, the events.
func (u *ui) drawBelow(f *frame, p pane) {
	if f.w < wideEnough {
		u.drawEvents(f, p)
		return
	}
	left := p
	left.w = p.w*2/5 - 1
	u.drawFindings(f, left)
	right := p
	right.x, right.w = p.x+left.w+1, p.w-left.w-1
	p.set(left.w, 0, u.sym.line, u.theme.dim)
	for y := 1; y < p.h; y++ {
		p.set(left.w, y, u.sym.corner, u.theme.dim)
	}
	u.drawEvents(f, right)
}

// drawEvents lists the newest events up to the right edge of the window, newest at the bottom.
func (u *ui) drawEvents(f *frame, p pane) {
	t := &u.theme
	p.fill(0, 0, p.w, u.sym.line, t.dim)
	p.put(2, 0, " Events ", t.title)
	_, t1 := f.seen()
	first, _ := f.snap.EventRange()
	i := f.snap.EventAt(t1+1) - 1
	for y := p.h - 1; y >= 1 && i >= first; i-- {
		e, ok := f.snap.Event(i)
		if !ok {
			break
		}
		if hidden(&e) {
			continue
		}
		when := seconds(e.Time-f.snap.First, 6)
		what, note := eventLine(f.snap, &e)
		if !f.snap.Info.Timed { // the order is all that is known
			when = diagnostics.Number(int64(i) + 1)
			if e.Dur > 0 {
				note = ""
			}
		}
		x := p.put(0, y, fmt.Sprintf("%12s  ", when), t.dim)
		st := t.text
		switch e.Kind {
		case trace.Renotify, trace.Lost:
			st = t.accept
		case trace.Arrive, trace.Step, trace.Queue, trace.Knob, trace.Register, trace.Open, trace.SockOpt:
			st = t.dim
		}
		x = p.put(x, y, what, st)
		if note != "" {
			p.put(max(x+2, 52), y, note, t.dim)
		}
		y--
	}
}

// hidden are events that only repeat what the line beside them says.
func hidden(e *trace.Event) bool {
	switch e.Kind {
	case trace.Name, trace.Sync, trace.Call:
		return true
	case trace.Wait, trace.Sleep:
		return e.Phase.Base() == trace.PhaseEnter
	}
	return false
}

// text is a string of the trace made safe for the screen.
func text(s string) string { return clean(strings.TrimSpace(s)) }
