package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// gotoCommand is ":goto TIME|PERCENT".
func (w *window) gotoCommand(s string) error {
	f := w.scene.frame
	if f == nil {
		return nil
	}
	first, last := f.snap.First, w.src.last(f.snap)
	if w.src.seeker != nil {
		first, last = w.src.seeker.Bounds()
	}
	at := int64(0)
	switch {
	case strings.HasSuffix(s, "%"):
		x, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
		if err != nil || !(x >= 0 && x <= 100) { // NaN is neither
			return fmt.Errorf("goto %s: want 0%% to 100%%", s)
		}
		at = first + int64(float64(last-first)*x/100)
	default:
		d, err := time.ParseDuration(s)
		if err != nil {
			x, e := strconv.ParseFloat(s, 64)
			if e != nil || x != x || x > 1e9 || x < -1e9 {
				return fmt.Errorf("goto %s: want a time like 12.5, 500ms or 1m30s, or a share like 40%%", s)
			}
			d = time.Duration(x * 1e9)
		}
		at = first + int64(d)
		if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
			here := w.cursor
			if here == 0 {
				_, here = f.seen()
			}
			at = here + int64(d)
		}
	}
	if at < first || at > last {
		return fmt.Errorf("goto %s: it goes from 0 to %s s", s, seconds(last-first, 3))
	}
	if w.src.seeker != nil {
		w.leap(at)
		return nil
	}
	w.goTo(at)
	w.cursor = at
	return nil
}
