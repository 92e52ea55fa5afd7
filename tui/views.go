package tui

import (
	"fmt"
	"strings"
)

// viewID is one of the six views.
type viewID int

// The views, in the order of their keys.
const (
	viewTimeline viewID = iota
	viewIteration
	viewInterests
	viewLatency
	viewFindings
	viewEvents
	viewCount
)

var viewNames = [viewCount]string{"Timeline", "Iteration", "Interests", "Latency", "Findings", "Events"}

// ViewNames are the names that --view and the ":" line take.
func ViewNames() (out []string) {
	for _, v := range viewNames {
		out = append(out, strings.ToLower(v))
	}
	return out
}

// body is what a view puts between the narration and the legend, and what the keys do there.
//
// Its methods run on the goroutine that draws. draw is a pure function of the frame and of what is selected; the others
// change only what is selected, never the frame.
type body interface {
	draw(u *ui, f *frame, p pane)
	move(u *ui, by int)           // Up and Down
	turn(u *ui, by int) bool      // PgUp and PgDn; false: they move through time
	step(u *ui, by int) bool      // . and ,; false: to the next event
	enter(u *ui)                  // Enter
	click(u *ui, x, y int)        // relative to the body
	state(f *frame, u *ui) string // what the tabs say beside the name, "" nothing
}

// show1 goes to a view; where one was stays as it is.
func (u *ui) show1(v viewID) {
	if u.helpOn {
		u.helpOn = false
	}
	u.view = v
}

func (u *ui) body() body { return u.bodies[u.view] }

// vertical is Up and Down: on a page they scroll, elsewhere they select.
func (u *ui) vertical(by int) {
	if u.helpOn {
		u.helpTop = max(0, u.helpTop+by)
		return
	}
	if u.frame != nil {
		u.body().move(u, by)
	}
}

// enter explains what is selected.
func (u *ui) enter() {
	if u.helpOn || u.frame == nil {
		return
	}
	u.body().enter(u)
}

// viewOf finds a view by its name or number.
func viewOf(s string) (viewID, error) {
	for v, name := range viewNames {
		if strings.EqualFold(name, s) || s == fmt.Sprint(v+1) {
			return viewID(v), nil
		}
	}
	return 0, fmt.Errorf("there is no view %q: timeline, iteration, interests, latency, findings, events", s)
}
