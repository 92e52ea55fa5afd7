package loop

import "testing"

// TestKnobGroups: every setting stands in one group, and every name of a group is a setting.
func TestKnobGroups(t *testing.T) {
	places := map[string]int{}
	for _, g := range KnobGroups {
		for _, n := range g.Names {
			places[n]++
		}
	}
	for i := range Knobs {
		if n := places[Knobs[i].Name]; n != 1 {
			t.Errorf("%s stands in %d groups", Knobs[i].Name, n)
		}
		delete(places, Knobs[i].Name)
	}
	for n := range places {
		t.Errorf("%s is no setting", n)
	}
}
