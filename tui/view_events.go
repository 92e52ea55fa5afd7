package tui

// eventsView is view 6: the events as text, the whole screen of them, in step with the timeline's cursor. Without a cursor
// it follows the right edge.
type eventsView struct {
	events *events
	pages  *pages
}

func (v *eventsView) draw(sc *scene, p pane) { v.events.drawRows(sc, p) }
func (v *eventsView) state(*scene) string    { return "" }
func (v *eventsView) move(_ *scene, by int)  { v.events.step(by) }
func (v *eventsView) step(*scene, int) bool  { return false }
func (v *eventsView) enter(*scene)           { v.pages.explainEvent(v.events.here()) }

// turn goes on by a screen of events, not of time.
func (v *eventsView) turn(sc *scene, by int) bool {
	v.events.turn(by, max(sc.body.h-2, 1))
	return true
}

func (v *eventsView) click(_ *scene, _, y int) { v.events.click(y) }
