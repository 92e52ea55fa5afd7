package tui

import (
	"strings"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// drawHalfName begins a half's header: a mark when the half has the selection, and what the half was started as.
func drawHalfName(sc *scene, p pane) int {
	t := &sc.theme
	name := " " + clean(sc.half.name) + " "
	if switched(sc.snap) {
		name = " was" + name
	}
	if sc.half.focus {
		return p.put(0, 0, " "+string(sc.sym.GoesOn)+name, t.selected) + 1
	}
	return p.put(0, 0, "  "+name, t.bar.Bold(true)) + 1
}

// switched reports whether a run still is what it was started as.
func switched(s *timeline.Snapshot) bool {
	for _, m := range s.Modes {
		if m.Cause == trace.CauseSwitch {
			return true
		}
	}
	return false
}

// names is what the contrast calls the halves: as they were started, as they run now once they were switched, and by their
// place when that does not tell them apart.
func (s *split) names() (out [2]string) {
	for i, u := range s.halves {
		out[i] = u.half.name
		if m := u.scene.snap.ModeAt(u.scene.t1); switched(u.scene.snap) && m.Known {
			out[i] = strings.TrimSpace(trace.DriverNames.Word(m.Driver) + " " + strings.ToUpper(trace.TriggerNames.Word(m.Trigger)))
		}
	}
	if out[0] == out[1] {
		place := [2]string{"above", "below"}
		if s.wide() {
			place = [2]string{"left", "right"}
		}
		out[0], out[1] = out[0]+" "+place[0], out[1]+" "+place[1]
	}
	return out
}

// drawContrast says in words what differs between the halves in the window, as far as both have come.
func (s *split) drawContrast(p pane) {
	a, b := &s.halves[0].scene, &s.halves[1].scene
	t := &s.halves[0].style.theme
	p.fill(0, 0, p.w, s.halves[0].style.sym.Line, t.dim)
	names := s.names()
	t0, t1 := max(a.t0, a.snap.First), min(a.t1, a.snap.Now, b.snap.Now)
	text := diagnostics.Contrast(diagnostics.Side{Name: names[0], Snap: a.snap}, diagnostics.Side{Name: names[1], Snap: b.snap}, t0, t1, p.w-3)
	p.put(1, 0, " "+clean(text)+" ", t.bold)
}
