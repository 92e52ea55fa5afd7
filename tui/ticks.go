package tui

import "evviz/picture"

// ticks calls at for the multiples of every in [from, to), in order. There are never more than most of them.
func ticks(from, to, every int64, most int, at func(t int64)) {
	if every <= 0 {
		return
	}
	t := from / every * every
	if t < from {
		t = picture.Plus(t, every)
	}
	for range most {
		if t >= to || t < from {
			return
		}
		at(t)
		t = picture.Plus(t, every)
	}
}
