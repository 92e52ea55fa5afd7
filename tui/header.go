package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/trace"
	"evviz/words"
)

// drawHeader says what runs and where, and keeps the honest numbers in sight: what was dropped and what is being recorded.
//
//	evviz  lab · epoll LEVEL · echo 127.0.0.1:4201 · demo              ● REC demo.evt 1.2 MiB   dropped 0
func drawHeader(sc *scene, p pane) {
	t := &sc.theme
	p.fill(0, 0, p.w, ' ', t.bar)

	right := "dropped " + words.Number(sc.snap.Stats.Lost) + " "
	lostStyle := t.bar
	if sc.snap.Stats.Lost > 0 {
		lostStyle = t.warn
	}
	x := p.right(0, right, lostStyle)
	if n, worst := sc.counts(); n > 0 {
		s := fmt.Sprintf(" %c %s ", sc.mark(worst), words.Count(int64(n), "finding"))
		x -= len([]rune(s)) + 1
		p.put(x, 0, s, mix(t.bar, sc.severityStyle(worst)))
	}
	if sc.session.records {
		st := sc.session.rec
		switch {
		case st.Err != nil:
			s := fmt.Sprintf(" RECORDING FAILED: %s ", clean(st.Err.Error()))
			if max := p.w/2 - 2; len([]rune(s)) > max {
				s = string([]rune(s)[:max])
			}
			x -= len([]rune(s)) + 1
			p.put(x, 0, s, t.warn)
		case st.On:
			s := fmt.Sprintf("%c REC %s %s", sc.sym.Rec, clean(base(st.Path)), words.Bytes(st.Bytes))
			if p.w < 90 {
				s = fmt.Sprintf("%c REC", sc.sym.Rec)
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

	if c := sc.snap.Info.Calls; c.Of > 0 {
		s := fmt.Sprintf(" %s of %s understood ", words.Number(c.N), words.Count(c.Of, "call line"))
		if p.w < 100 {
			s = fmt.Sprintf(" %s/%s lines ", words.Number(c.N), words.Number(c.Of))
		}
		style := t.bar
		if !c.Enough() {
			style = t.warn
		}
		x -= len([]rune(s)) + 1
		p.put(x, 0, s, style)
	}

	left := pane{p.s, p.x, p.y, x - 1, 1}
	at := 0
	if sc.half != nil {
		at = drawHalfName(sc, left)
	} else {
		at = left.put(0, 0, " evviz  ", t.bar.Bold(true))
	}
	sep := " " + string(sc.sym.Dot) + " "
	m := sc.mode()
	mode := func() {
		if !m.Known {
			return
		}
		at = left.put(at, 0, sc.fits(trace.DriverNames.Word(m.Driver), left.w-at), t.bar)
		if w := trace.TriggerNames.Word(m.Trigger); w != "" {
			at = left.put(at+1, 0, " "+strings.ToUpper(w)+" ", t.badge)
		} else if m.Driver == trace.DriverSleepPoll {
			at = left.put(at, 0, sc.fits(" "+words.Duration(m.Interval), left.w-at), t.bar)
		}
	}
	if sc.session.inLab {
		serve, addr, scenario := sc.session.lab[0], sc.session.lab[1], sc.session.lab[2]
		at = left.put(at, 0, sc.fits("lab"+sep, left.w-at), t.bar)
		mode()
		at = left.put(at, 0, sc.fits(sep+serve+" ", left.w-at), t.bar)
		at = left.put(at, 0, sc.fits(clean(addr), left.w-at), t.bar.Bold(true))
		if scenario != "" {
			left.put(at, 0, sc.fits(sep+clean(scenario), left.w-at), t.bar)
		}
		return
	}
	at = left.put(at, 0, sc.fits(clean(sc.snap.Info.Title), left.w-at), t.bar)
	if m.Known {
		at = left.put(at, 0, sc.fits(sep, left.w-at), t.bar)
		mode()
	}
	if o := sc.snap.Info.Origin; o != "" && !strings.Contains(sc.snap.Info.Title, clean(base(o))) {
		left.put(at, 0, sc.fits(sep+clean(base(o)), left.w-at), t.bar)
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
