package picture

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestSpanArithmetic holds the sums and products against numbers without a limit.
func TestSpanArithmetic(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	edges := []int64{0, 1, -1, 2, 10, 400, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1, 1 << 62, -1 << 62, 920e15, 1e18}
	pick := func() int64 {
		if rnd.IntN(2) == 0 {
			return edges[rnd.IntN(len(edges))]
		}
		return int64(rnd.Uint64()) >> rnd.IntN(64)
	}
	limited := func(x *big.Int) int64 {
		switch {
		case x.IsInt64():
			return x.Int64()
		case x.Sign() > 0:
			return math.MaxInt64
		}
		return math.MinInt64
	}
	for range 200_000 {
		a, b, c := pick(), pick(), pick()
		x, y := big.NewInt(a), big.NewInt(b)
		if got, want := Plus(a, b), limited(new(big.Int).Add(x, y)); got != want {
			t.Fatalf("%d + %d = %d, want %d", a, b, got, want)
		}
		if got, want := Minus(a, b), limited(new(big.Int).Sub(x, y)); got != want {
			t.Fatalf("%d - %d = %d, want %d", a, b, got, want)
		}
		if b < 0 || c <= 0 {
			continue
		}
		want := limited(new(big.Int).Quo(new(big.Int).Mul(x, y), big.NewInt(c)))
		if got := Scaled(a, b, c); got != want && got != max(want, -math.MaxInt64) {
			t.Fatalf("%d * %d / %d = %d, want %d", a, b, c, got, want)
		}
	}
}
