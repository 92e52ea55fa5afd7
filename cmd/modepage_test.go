package cmd

import (
	"testing"

	"evviz/docs/modes"
	"evviz/loop"
	"evviz/trace"
)

// TestEveryModeHasAPage: the help of the screen has a page for every mechanism that --mode takes.
func TestEveryModeHasAPage(t *testing.T) {
	for _, d := range loop.Drivers {
		if name := trace.DriverNames.Word(d); len(modes.Page(name)) < 200 {
			t.Errorf("docs/modes/%s.md is missing, or says next to nothing", name)
		}
	}
}
