package tui

import (
	"fmt"
	"slices"
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

var viewNames = [viewCount]string{"Timeline", "Iteration", "Registered", "Latency", "Findings", "Events"}

// formerNames are those that views had before, which still work.
var formerNames = []string{viewInterests: "interests"}

// ViewNames are the names that --view and the ":" line take.
func ViewNames() (out []string) {
	for _, v := range viewNames {
		out = append(out, strings.ToLower(v))
	}
	return out
}

// body is what a view puts between the narration and the legend, and what the keys do there.
//
// Its methods run on the goroutine that draws. draw and state are pure functions of the scene; the others change what is selected, or
// which time is looked at, through the components that the view was given, and never the scene.
type body interface {
	draw(sc *scene, p pane)
	state(sc *scene) string      // what the tabs say beside the name, "" nothing
	move(sc *scene, by int)      // Up and Down
	turn(sc *scene, by int) bool // PgUp and PgDn; false: they move through time
	step(sc *scene, by int) bool // . and ,; false: to the next event
	enter(sc *scene)             // Enter
	click(sc *scene, x, y int)   // from the body's corner
}

// views are the six, and which one is shown.
type views struct {
	at     viewID
	bodies [viewCount]body
	pages  *pages
}

// show goes to a view; where one was stays as it is.
func (v *views) show(id viewID) {
	v.pages.close()
	v.at = id
}

// next goes so many views on.
func (v *views) next(by int) { v.show((v.at + viewID(by) + viewCount) % viewCount) }

// body is that of the view that is shown.
func (v *views) body() body { return v.bodies[v.at] }

// HasView reports whether a view has a name or a number, also one that it had before.
func HasView(s string) bool {
	_, err := viewOf(s)
	return err == nil
}

// viewOf finds a view by its name or number.
func viewOf(s string) (viewID, error) {
	for v, name := range viewNames {
		if strings.EqualFold(name, s) || s == fmt.Sprint(v+1) {
			return viewID(v), nil
		}
	}
	if v := viewID(slices.Index(formerNames, strings.ToLower(s))); v >= 0 && s != "" {
		return v, nil
	}
	return 0, fmt.Errorf("there is no view %q: %s", s, strings.Join(ViewNames(), ", "))
}
