package picture

import (
	"fmt"
	"testing"

	"evviz/timeline"
)

// TestOrder: each order, and that lanes that are equal in it stay as they are.
func TestOrder(t *testing.T) {
	weights := map[int64]int{3: 2, 4: 5}
	for o, want := range map[Order]string{ByAge: "[1 2 3 4]", ByActivity: "[2 4 1 3]", ByFD: "[4 1 2 3]", ByFindings: "[4 3 1 2]"} {
		lanes := []*timeline.Lane{{ID: 1, FD: 5, LastActivity: 10}, {ID: 2, FD: 6, LastActivity: 90}, {ID: 3, FD: 7, LastActivity: 10}, {ID: 4, FD: 3, LastActivity: 50}}
		o.Sort(lanes, 40, func(id int64) int { return weights[id] })
		var ids []int64
		for _, l := range lanes {
			ids = append(ids, l.ID)
		}
		if got := fmt.Sprint(ids); got != want {
			t.Errorf("by %v: %v, want %v", o, got, want)
		}
	}
	if names := OrderNames(); len(names) != int(OrderCount) || names[ByFD] != ByFD.String() {
		t.Errorf("%q", names)
	}
}
