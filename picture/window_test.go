package picture

import (
	"math"
	"testing"
)

// TestWindow: a moment lies in the column that begins there, or before it by no more than rounding; what is out of reach is out of the row.
func TestWindow(t *testing.T) {
	for _, w := range []Window{{T0: at(0), T1: at(7), Cells: 7}, {T0: -5, T1: 1e6, Cells: 97}, {T0: 1, T1: 4, Cells: 180}, {T0: math.MinInt64 / 2, T1: math.MaxInt64 / 2, Cells: 120}} {
		if w.Moment(0) != w.T0 || w.Moment(w.Cells) != w.T1 {
			t.Errorf("%+v: from %d to %d", w, w.Moment(0), w.Moment(w.Cells))
		}
		for i := range w.Cells {
			m := w.Moment(i)
			if m < w.T0 || m >= w.T1 || w.Moment(i+1) < m {
				t.Errorf("%+v: column %d begins at %d", w, i, m)
			}
			if c := w.Column(m); c > i || w.Column(m+1) < i && w.T1-w.T0 >= int64(w.Cells) {
				t.Errorf("%+v: column %d begins at %d, which is in %d", w, i, m, c)
			}
		}
		if w.Column(math.MinInt64) >= 0 || w.Column(math.MaxInt64) < w.Cells {
			t.Errorf("%+v: the ends of time are in it", w)
		}
	}
}
