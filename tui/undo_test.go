package tui

import "testing"

// TestUndoSelectsWhatWasSelected: after u, the selected finding and lane belong to the moment that is shown again, so that Enter explains what one sees.
func TestUndoSelectsWhatWasSelected(t *testing.T) {
	u, frame := replayAt(t, 15.5)
	u.press("n")
	settled(t, u, frame)
	finding, row, right := u.selected.finding, u.selected.row, u.window.right
	u.press("n")
	settled(t, u, frame)
	if u.selected.finding == finding {
		t.Fatal("there is one finding only: this tests nothing")
	}
	u.press("u")
	settled(t, u, frame)
	if u.window.right != right || u.selected.finding != finding || u.selected.row != row {
		t.Errorf("undo shows the moment of %+v on lane %d, and %+v on lane %d is selected", finding, row, u.selected.finding, u.selected.row)
	}
}
