package timeline

import "testing"

// BenchmarkGauges reads the panel of numbers, with forty buckets, over windows of ten million events, and of fewer.
func BenchmarkGauges(b *testing.B) {
	s := tenMillion().Snapshot(0)
	for _, z := range []struct {
		name   string
		t0, t1 int64
	}{
		{"whole", s.First, s.Now},
		{"half", (s.First + s.Now) / 2, s.Now},
		{"past", s.First, (s.First + s.Now) / 2},
		{"second", s.Now - 1_000_000_000, s.Now},
		{"millisecond", s.Now - 1_000_000, s.Now},
	} {
		b.Run(z.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Gauges(s.Loops[0], z.t0, z.t1, 40)
			}
		})
	}
}
