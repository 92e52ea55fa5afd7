package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/trace"
	"evviz/words"
)

// drawHeader says what runs and where, and keeps the honest numbers in sight: what was lost and what is being recorded.
//
//	evviz  lab · epoll LEVEL · echo 127.0.0.1:4201 · demo              ● REC demo.evt 1.2 MiB   lost 0
func (u *ui) drawHeader(f *frame, p pane) {
	t := &u.theme
	p.fill(0, 0, p.w, ' ', t.bar)

	right := "lost " + words.Number(f.snap.Stats.Lost) + " "
	lostStyle := t.bar
	if f.snap.Stats.Lost > 0 {
		lostStyle = t.warn
	}
	x := p.right(0, right, lostStyle)
	if n, worst := f.counts(); n > 0 {
		s := fmt.Sprintf(" %c %s ", u.mark(worst), words.Count(int64(n), "finding"))
		x -= len([]rune(s)) + 1
		p.put(x, 0, s, mix(t.bar, u.severityStyle(worst)))
	}
	if r := u.opt.Recorder; r != nil {
		st := r.Status()
		switch {
		case st.Err != nil:
			s := fmt.Sprintf(" RECORDING FAILED: %s ", clean(st.Err.Error()))
			if max := p.w/2 - 2; len([]rune(s)) > max {
				s = string([]rune(s)[:max])
			}
			x -= len([]rune(s)) + 1
			p.put(x, 0, s, t.warn)
		case st.On:
			s := fmt.Sprintf("%c REC %s %s", u.sym.rec, clean(base(st.Path)), words.Bytes(st.Bytes))
			if p.w < 90 {
				s = fmt.Sprintf("%c REC", u.sym.rec)
			}
			style := mix(t.bar, t.rec)
			if st.Slow || st.Dropped > 0 {
				s += ": slow disk"
				if st.Dropped > 0 {
					s += ", dropped " + words.Number(st.Dropped)
				}
				style = t.warn
			}
			x -= len([]rune(s)) + 2
			p.put(x, 0, s, style)
		}
	}

	left := pane{p.s, p.x, p.y, x - 1, 1}
	at := 0
	if u.half != nil {
		at = u.drawHalfName(f, left)
	} else {
		at = left.put(0, 0, " evviz  ", t.bar.Bold(true))
	}
	sep := " " + string(u.sym.dot) + " "
	m := f.snap.Mode
	mode := func() {
		if !m.Known {
			return
		}
		at = left.put(at, 0, u.fits(trace.DriverNames.Word(m.Driver), left.w-at), t.bar)
		if w := trace.TriggerNames.Word(m.Trigger); w != "" {
			at = left.put(at+1, 0, " "+strings.ToUpper(w)+" ", t.mode)
		} else if m.Driver == trace.DriverSleepPoll {
			at = left.put(at, 0, u.fits(" "+words.Duration(m.Interval), left.w-at), t.bar)
		}
	}
	if u.opt.Lab != nil {
		serve, addr, scenario := u.opt.Lab.Describe()
		at = left.put(at, 0, u.fits("lab"+sep, left.w-at), t.bar)
		mode()
		at = left.put(at, 0, u.fits(sep+serve+" ", left.w-at), t.bar)
		at = left.put(at, 0, u.fits(clean(addr), left.w-at), t.bar.Bold(true))
		if scenario != "" {
			left.put(at, 0, u.fits(sep+clean(scenario), left.w-at), t.bar)
		}
		return
	}
	at = left.put(at, 0, u.fits(clean(f.snap.Info.Title), left.w-at), t.bar)
	if m.Known {
		at = left.put(at, 0, u.fits(sep, left.w-at), t.bar)
		mode()
	}
	if o := f.snap.Info.Origin; o != "" && !strings.Contains(f.snap.Info.Title, clean(base(o))) {
		left.put(at, 0, u.fits(sep+clean(base(o)), left.w-at), t.bar)
	}
}

// mix is the first style's background with the second one's foreground.
func mix(back, fore tcell.Style) tcell.Style {
	_, b, _ := back.Decompose()
	f, _, a := fore.Decompose()
	return tcell.StyleDefault.Background(b).Foreground(f).Attributes(a)
}

func base(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}
