package tui

import (
	"evviz/diagnostics"
	"evviz/timeline"
)

// drawNarration says in words what happens in the window. A message of the moment takes its place for a few seconds.
func (u *ui) drawNarration(f *frame, p pane) {
	if s, bad := u.message(); s != "" {
		st := u.theme.mode
		if bad {
			st = u.theme.warn
		}
		p.put(0, 0, " "+u.fits(s, p.w-2)+" ", st)
		return
	}
	if u.anchor != 0 && u.cursor != 0 {
		p.put(1, 0, u.fits(clean(u.measured()), p.w-2), u.theme.bold)
		return
	}
	if u.opt.Notes != nil {
		if s, bad := u.opt.Notes(); s != "" {
			st := u.theme.dim
			if bad {
				st = u.theme.warn
			}
			p.put(0, 0, " "+u.fits(clean(s), p.w-2)+" ", st)
			return
		}
	}
	t0, t1 := f.seen()
	h := diagnostics.Hint{}
	if u.opt.Lab != nil && (u.half == nil || u.half.focus) {
		h.Trigger = "t"
	}
	lead := ""
	if f.coarse != nil && (f.t0 < f.snap.Begin || u.frozen != nil) { // the rest of the window is shades
		lead = "in what is held: "
	}
	p.put(1, 0, u.fits(lead+clean(diagnostics.Sentence(u.narrate(f, t0, t1, h), p.w-2-len(lead))), p.w-1), u.theme.bold)
}

// narrated is what was said last, and of what.
type narrated struct {
	snap    *timeline.Snapshot
	t0      int64
	w       int
	presses uint64
	words   []string
}

// narrate says what happens in the window. While time goes on in one window the words are good for a moment (findEvery):
// nobody can read faster, and they cost as much as the rest of the frame.
func (u *ui) narrate(f *frame, t0, t1 int64, h diagnostics.Hint) []string {
	n := &u.said
	fresh := n.snap == f.snap || n.snap != nil && f.live && n.snap.Begin == f.snap.Begin && f.snap.Now >= n.snap.Now && f.snap.Now-n.snap.Now < findEvery
	if !fresh || n.t0 != t0 || n.w != f.w || n.presses != u.presses || u.half != nil {
		*n = narrated{f.snap, t0, f.w, u.presses, diagnostics.Narrate(f.snap, t0, t1, h)}
	}
	return n.words
}
