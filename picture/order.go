package picture

import (
	"cmp"
	"slices"

	"evviz/timeline"
)

// Order is how the lanes are sorted.
type Order int

// The orders. Listeners stay first in all but the last two.
const (
	ByAge Order = iota
	ByActivity
	ByFD
	ByFindings
	OrderCount
)

var orderNames = [OrderCount]string{"age", "activity", "descriptor", "findings"}

// OrderNames are the names of the orders, by number.
func OrderNames() []string { return slices.Clone(orderNames[:]) }

// String is the name of an order.
func (o Order) String() string { return orderNames[o] }

// Sort sorts a list that is the caller's own and stands by age. What happened after now does not count; weight is how much was found of a
// lane, by its ID, and asked only where that is the order. The orders are stable, so that equal lanes do not dance.
func (o Order) Sort(lanes []*timeline.Lane, now int64, weight func(id int64) int) {
	var by func(a, b *timeline.Lane) int
	switch o {
	case ByActivity:
		by = func(a, b *timeline.Lane) int { return -cmp.Compare(min(a.LastActivity, now), min(b.LastActivity, now)) }
	case ByFD:
		by = func(a, b *timeline.Lane) int { return cmp.Or(cmp.Compare(a.FD, b.FD), cmp.Compare(a.ID, b.ID)) }
	case ByFindings:
		by = func(a, b *timeline.Lane) int { return -cmp.Compare(weight(a.ID), weight(b.ID)) }
	default:
		return
	}
	slices.SortStableFunc(lanes, by)
}
