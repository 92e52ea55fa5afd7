package tui

// eventsView is view 6: the events as text, the whole screen of them, in step with the timeline's cursor. Without a cursor
// it follows the right edge.
type eventsView struct{}

func (v *eventsView) draw(u *ui, f *frame, p pane) { u.drawEventRows(f, p) }

func (v *eventsView) move(u *ui, by int)       { u.stepEvent(by) }
func (v *eventsView) step(*ui, int) bool       { return false }
func (v *eventsView) enter(u *ui)              { u.explainEvent() }
func (v *eventsView) state(*frame, *ui) string { return "" }

// turn goes on by a screen of events, not of time.
func (v *eventsView) turn(u *ui, by int) bool {
	_, _, _, h := u.parts.body.GetRect()
	s := u.frame.snap
	u.freeze()
	i := u.eventAtCursor()
	first, end := s.EventRange()
	for n, looked := 0, 0; n < max(h-2, 1) && looked < maxLooked; looked++ {
		j := i + int64(by)
		if j < first || j >= end {
			break
		}
		i = j
		if e, ok := s.Event(i); ok && u.inList(i, &e) {
			n++
		}
	}
	if e, ok := s.Event(i); ok {
		u.pick(i, e.Time)
	}
	return true
}

func (v *eventsView) click(u *ui, _, y int) {
	_, by, _, _ := u.parts.body.GetRect()
	if row := y - by; row >= 0 && row < len(u.eventRows) && u.eventRows[row] >= 0 {
		if e, ok := u.frame.snap.Event(u.eventRows[row]); ok {
			u.pick(u.eventRows[row], e.Time)
		}
	}
}
