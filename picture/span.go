package picture

import (
	"math"
	"math/bits"
)

// Times of a recording are its own: a machine whose clock was set jumps by decades, and a damaged file may hold any number. A
// sum of two of them, and a product of one with a number of columns, may be more than an int64 holds (292 years of nanoseconds).
// These are sums and products that end at the greatest or the smallest number then, so that what is far apart is drawn far
// apart.

// Plus is a + b.
func Plus(a, b int64) int64 {
	switch c := a + b; {
	case a > 0 && b > 0 && c < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && c >= 0:
		return math.MinInt64
	default:
		return c
	}
}

// Minus is a - b.
func Minus(a, b int64) int64 {
	switch c := a - b; {
	case a >= 0 && b < 0 && c < 0:
		return math.MaxInt64
	case a < 0 && b > 0 && c >= 0:
		return math.MinInt64
	default:
		return c
	}
}

// Scaled is a * b / c, towards 0; b is not negative, c is positive.
func Scaled(a, b, c int64) int64 {
	u := uint64(a)
	if a < 0 {
		u = -u
	}
	hi, lo := bits.Mul64(u, uint64(b))
	q := uint64(math.MaxInt64)
	if hi < uint64(c) {
		if x, _ := bits.Div64(hi, lo, uint64(c)); x < q {
			q = x
		}
	}
	if a < 0 {
		return -int64(q)
	}
	return int64(q)
}
