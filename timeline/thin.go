package timeline

// thinning says which of what is forgotten leaves a point: at first each, and whenever the points have become too many, every second one of before.
// So they lie evenly over all that is forgotten, however long that becomes.
type thinning struct{ each, n int }

// point says whether the next one leaves a point.
func (x *thinning) point() bool {
	x.n++
	return x.each <= 1 || (x.n-1)%x.each == 0
}

// thinned adds a point, and drops every other one when there are too many.
func thinned[T any](x *thinning, points []T, p T, most int) []T {
	if len(points) >= most {
		x.each = 2 * max(x.each, 1)
		few := make([]T, 0, most)
		for i := 0; i < len(points); i += 2 {
			few = append(few, points[i])
		}
		if points = few; (x.n-1)%x.each != 0 {
			return points
		}
	}
	return append(points, p)
}
