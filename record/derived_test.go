package record

import (
	"testing"

	"evviz/trace"
)

// TestDerivedIsKept: that times were derived is part of a header, and only where it is so.
func TestDerivedIsKept(t *testing.T) {
	for _, derived := range []bool{false, true} {
		var again trace.Info
		keys := 0
		eachKey(&trace.Info{Timed: true, Derived: derived}, func(k, v string) {
			if k == keyDerived {
				keys++
			}
			if err := setKey(&again, k, v); err != nil {
				t.Error(err)
			}
		})
		if again.Derived != derived || keys > 0 != derived {
			t.Errorf("derived %v became %v, with %d keys", derived, again.Derived, keys)
		}
		if derived && again.Facts().Has(trace.KnowsDurations) {
			t.Error("a derived time is no measured duration")
		}
	}
}
