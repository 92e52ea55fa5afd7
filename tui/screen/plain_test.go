package screen

import (
	"testing"

	"github.com/gdamore/tcell/v2"
)

// TestPlain: what is not ASCII is drawn as what comes nearest, and nothing is combined with it.
func TestPlain(t *testing.T) {
	sim := tcell.NewSimulationScreen("UTF-8")
	d := NewDiff(sim)
	if err := d.Init(); err != nil {
		t.Fatal(err)
	}
	defer d.Fini()
	d.Plain(true)
	got := ""
	for i, r := range []rune("aµ·→≥…é世─") {
		d.SetContent(i, 0, r, []rune{'\u0301'}, tcell.StyleDefault)
		c, comb, _, _ := d.GetContent(i, 0)
		if r > 0x7e && len(comb) > 0 {
			t.Errorf("%q is combined with %q", c, comb)
		}
		got += string(c)
	}
	if got != "au->>~??-" {
		t.Errorf("%q", got)
	}
}
