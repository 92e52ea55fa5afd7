package loop

import (
	"testing"

	"evviz/trace"
)

// TestMeaning: the table names settings that exist, and every setting means something somewhere.
func TestMeaning(t *testing.T) {
	for name := range onlyIn {
		if _, ok := FindKnob(name); !ok {
			t.Errorf("there is no setting %q", name)
		}
	}
	for i := range Knobs {
		any := false
		for _, d := range Drivers {
			any = any || Means(Knobs[i].Name, d)
		}
		if !any {
			t.Errorf("%s means nothing anywhere", Knobs[i].Name)
		}
	}
	if Means("reads", trace.DriverURing) || !Means("reads", trace.DriverEpoll) || Means("hold", trace.DriverGo) {
		t.Error("reads are for those who ask, and mode go registers nothing itself")
	}
}
