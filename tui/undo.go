package tui

// place is where one looks. Undo goes back to earlier ones.
type place struct {
	view    viewID
	row     int64      // that is selected
	finding findingKey // that is selected, and explained
	viewport
	sought int64 // where a replay was; 0 it was none
}

const maxUndo = 100

// history is the places before the jumps, the newest last.
type history struct{ places []place }

// add puts a place on the list, unless it is there already.
func (h *history) add(p place) {
	if n := len(h.places); n > 0 && h.places[n-1] == p {
		return
	}
	if len(h.places) >= maxUndo {
		h.places = append(h.places[:0], h.places[1:]...)
	}
	h.places = append(h.places, p)
}

// take is the newest place, which it takes off the list.
func (h *history) take() (p place, ok bool) {
	n := len(h.places)
	if n == 0 {
		return place{}, false
	}
	p = h.places[n-1]
	h.places = h.places[:n-1]
	return p, true
}

// remember puts the present place on the list of undo. It is called before each jump.
func (u *ui) remember() {
	p := place{view: u.views.at, row: u.selected.row, finding: u.selected.finding, viewport: u.window.viewport}
	if f := u.scene.frame; u.source.seeker != nil && f != nil {
		p.sought = u.source.here(f.snap)
	}
	u.history.add(p)
}

// undo goes back to where the view was before the last jump.
func (u *ui) undo() {
	p, ok := u.history.take()
	if !ok {
		u.status.say("nothing to undo")
		return
	}
	u.views.at, u.window.viewport = p.view, p.viewport
	f := u.scene.frame
	if f != nil {
		u.selected.choose(p.row, f.snap)
	}
	u.selected.finding = p.finding
	u.source.lookBack(p.span)
	if p.sought != 0 && f != nil && p.sought != u.source.here(f.snap) && p.frozen == nil {
		u.window.seek(p.sought)
	}
	u.window.readPast()
}
