package tui

import (
	"fmt"
	"unicode/utf8"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// How old data must be for its bar to change colour. A sleep of a quarter of a second is within the first colour.
const (
	oldAfter   = int64(400e6)
	staleAfter = int64(1500e6)
)

// drawLane draws a connection's or the listener's row. The rules, in the order in which they are applied, so that a later
// one draws over an earlier one:
//
//  0. A cell in which the descriptor is registered edge-triggered is dashed, oneshot dotted; level leaves it blank.
//  1. A cell is filled while data waits in the kernel, from its arrival to the read that drains it, in the colour of the
//     data's age at that place. The length of the bar is the delay; its height is how much waits, where that is known: a
//     full cell is the most in this window, and each eighth less is half as much.
//  2. A cell in which the descriptor was reported again for what was known is filled in the colour of nagging.
//  3. Each cell shows the glyph of the one mark that matters most in it (timeline has the precedence). When a cell has
//     both a read and a write, or a read and an EAGAIN after it, the second letter goes into the next cell if that is
//     empty, so that "rw" reads as it would at a finer zoom; not when the cell shows the end of the connection.
//  4. A run of nagging cells says how many reports it stands for ("64x"), so that what takes 0.2 ms is as visible as
//     what takes 200.
//  5. A stranded bar says how much is stranded and that nobody will be told.
//  6. A bar that is still open ends in an arrow.
func (x *lanes) drawLane(sc *scene, p pane, y int, l *timeline.Lane) {
	t, g, n := &sc.theme, sc.gutter(), sc.cells()
	st := t.text
	if l.Closed != 0 {
		st = t.dim
	}
	if l.ID == sc.row {
		p.fill(0, y, g-1, ' ', t.selected)
		st = t.selected
	}
	end := p.put(0, y, sc.label(l, g-1), st)
	if of := sc.threadLabel(l.Thread); of != "" && end+1+utf8.RuneCountInString(of) < g {
		whose := t.dim
		if l.ID == sc.row {
			whose = st
		}
		p.put(end+1, y, of, whose)
	}
	if w := sc.worst(l.ID); w != nil {
		p.set(g-1, y, sc.mark(w.Severity), sc.severityStyle(w.Severity))
	}

	cells := x.cache.cells(sc.frame, l)
	line := p.inked(y, &sc.inks)
	fills, glyphs := x.rowBuffer.row(n)
	cell := (sc.t1 - sc.t0) / int64(n)
	lastFilled := -1
	most := int64(0)
	for i := range cells {
		most = max(most, cells[i].Level)
	}
	for i := range cells {
		c := &cells[i]
		end := min(sc.moment(i+1), sc.snap.Now)
		if sc.t0+int64(i)*cell > sc.snap.Now {
			break
		}
		if c.Lost {
			line.set(g+i, '?', inkWarn)
			continue
		}
		// What the second pass draws over is not drawn first: a dense row would cost twice.
		covered := sc.sym.glyph(c.Top) != 0 || c.Counts[timeline.MarkArrive] > 0
		switch {
		case covered:
		case c.Trigger == trace.TriggerEdge:
			line.set(g+i, sc.sym.edge, inkWait)
		case c.Trigger == trace.TriggerOneshot:
			line.set(g+i, sc.sym.once, inkWait)
		}
		if c.Cover > 0 && c.Since > 0 {
			fills[i] = fillFresh
			switch a := end - c.Since; {
			case a >= staleAfter:
				fills[i] = fillStale
			case a >= oldAfter:
				fills[i] = fillOld
			}
			if !covered {
				r, k := ' ', inkFill+ink(fills[i])
				if t.mono {
					r = sc.sym.fill[fills[i]-fillFresh]
				} else if h := sc.level(c.Level, most); h != 0 {
					r, k = h, inkHeight+ink(fills[i])
				}
				line.set(g+i, r, k)
			}
			lastFilled = i
		}
		if c.Counts[timeline.MarkRenotify] > 0 {
			fills[i] = fillAgain
			if !covered {
				line.set(g+i, ' ', inkFill+ink(fillAgain))
			}
		}
	}

	for i := range cells {
		c := &cells[i]
		if c.Lost {
			continue
		}
		r := sc.sym.glyph(c.Top)
		if r == 0 && c.Counts[timeline.MarkArrive] > 0 {
			r = sc.sym.arrive
		}
		if r != 0 {
			glyphs[i] = r
		}
		second := rune(0)
		if c.Counts[timeline.MarkRead] > 0 && c.Counts[timeline.MarkRenotify] == 0 {
			if c.Counts[timeline.MarkWrite] > 0 {
				second = 'w'
			} else if c.Counts[timeline.MarkReadAgain] > 0 {
				second = 'E'
			}
		}
		if c.Counts[timeline.MarkRecvDone] > 0 && c.Counts[timeline.MarkSendDone] > 0 {
			second = 'S'
		}
		if c.Top == timeline.MarkClose || c.Top == timeline.MarkReset {
			second = 0 // behind the end it would be after it
		}
		if second != 0 && i+1 < n && glyphs[i+1] == 0 && cells[i+1].Top == timeline.MarkNone && fills[i+1] == fillNone {
			glyphs[i+1] = second
			line.set(g+i+1, second, inkMark+ink(timeline.MarkWrite))
		}
		if r != 0 {
			k := inkMark + ink(c.Top)
			if fills[i] != fillNone {
				k = inkOn + ink(fills[i])
			}
			line.set(g+i, r, k)
		}
	}
	drawRefused(sc, p, g, y, l, cells)
	drawCounts(sc, p, g, y, cells, fills)
	drawStranded(sc, p, g, y, l, cells, fills)
	drawMoments(sc, p, y, l, glyphs, fills)
	if l.Pending && lastFilled >= 0 && sc.t0+int64(lastFilled+1)*cell >= sc.snap.Now-cell {
		p.set(g+lastFilled, y, sc.sym.goesOn, on(t.fillStyle(fills[lastFilled])))
	}
}

// drawRefused says beside its end that a connection was turned away, and why: it has no other life to show.
func drawRefused(sc *scene, p pane, g, y int, l *timeline.Lane, cells []timeline.Cell) {
	s := map[uint32]string{trace.CloseRefused: "refused: number over the limit", trace.CloseShed: "shed: no descriptors left"}[l.CloseWhy]
	at := sc.column(l.Closed) + 1
	if s == "" || l.Closed < sc.t0 || at+len(s) > len(cells) {
		return
	}
	p.put(g+at, y, s, sc.theme.bad)
}

// rowBuffer is room for what a row keeps of its cells while it is drawn.
type rowBuffer struct {
	fills  []fill
	glyphs []rune
}

// row is room for so many cells, with nothing in it.
func (b *rowBuffer) row(n int) ([]fill, []rune) {
	if cap(b.fills) < n {
		b.fills, b.glyphs = make([]fill, n), make([]rune, n)
	}
	fills, glyphs := b.fills[:n], b.glyphs[:n]
	clear(fills)
	clear(glyphs)
	return fills, glyphs
}

// drawCounts writes into each run of nagging cells how many reports it stands for. The report that began it told news,
// but the message it was about is the same, so it is counted too: 64 reports, 63 of them re-notifications.
func drawCounts(sc *scene, p pane, g, y int, cells []timeline.Cell, fills []fill) {
	for i := 0; i < len(cells); {
		if cells[i].Counts[timeline.MarkRenotify] == 0 {
			i++
			continue
		}
		j, reports := i, 0
		// Two cells without a report inside the run are only the handler at work between two reports.
		for gap := 0; j < len(cells) && gap <= 2; j++ {
			if cells[j].Counts[timeline.MarkRenotify] == 0 {
				gap++
				continue
			}
			gap = 0
		}
		for j > i && cells[j-1].Counts[timeline.MarkRenotify] == 0 {
			j--
		}
		for k := i; k < j; k++ {
			reports += int(cells[k].Counts[timeline.MarkReport])
		}
		if i > 0 && cells[i-1].Counts[timeline.MarkReport] > 0 && cells[i-1].Since != 0 && cells[i-1].Since == cells[i].Since {
			reports += int(cells[i-1].Counts[timeline.MarkReport])
		}
		s := fmt.Sprintf("%dx", reports)
		if reports > 1 && len(s) <= j-i {
			p.put(g+i+(j-i-len(s))/2, y, s, on(sc.theme.again))
		} else if reports > 1 && j < len(cells) {
			// Too narrow to hold the number: it goes beside the block where there is room.
			free := true
			for k := j; k < j+len(s) && k < len(cells); k++ {
				free = free && cells[k].Top == timeline.MarkNone && fills[k] == fillNone
			}
			if free && j+len(s) <= len(cells) {
				p.put(g+j, y, s, sc.theme.accept)
			}
		}
		i = j
	}
}

func drawStranded(sc *scene, p pane, g, y int, l *timeline.Lane, cells []timeline.Cell, fills []fill) {
	begin, end := -1, -1
	for i := len(cells) - 1; i >= 0; i-- {
		if cells[i].Stranded && cells[i].Cover > 0 {
			if end < 0 {
				end = i + 1
			}
			begin = i
		} else if end >= 0 {
			break
		}
	}
	if begin < 0 {
		return
	}
	// What rescued it: a MOD makes the kernel look again, and that report is the MOD's own doing.
	if !l.Stranded && end < len(cells) {
		for i := max(end-1, begin); i <= end; i++ {
			if s := "re-armed "; cells[i].Counts[timeline.MarkModify]+cells[i].Counts[timeline.MarkRearmed] > 0 && end-len(s) > begin {
				end -= len(s)
				for k, r := range s {
					p.set(g+end+k, y, r, on(sc.theme.fillStyle(fills[end+k])))
				}
				break
			}
		}
	}
	var texts []string
	if l.Unread > 0 && l.Stranded {
		texts = []string{words.Bytes(l.Unread) + " left, nobody told again", words.Bytes(l.Unread) + " left", words.Bytes(l.Unread)}
	} else {
		texts = []string{"left here, nobody told again", "stranded"}
	}
	for _, s := range texts {
		if len(s)+3 > end-begin {
			continue
		}
		at := begin + 1 + (end-begin-len(s)-2)/2
		free := true
		for i := at; i < at+len(s); i++ {
			free = free && sc.sym.glyph(cells[i].Top) == 0
		}
		if !free {
			continue
		}
		for i, r := range s {
			p.set(g+at+i, y, r, on(sc.theme.fillStyle(fills[at+i])))
		}
		return
	}
}

// level is the block whose height stands for how much waits, against the most that did; 0 for a full cell.
func (k *style) level(n, most int64) rune {
	if n <= 0 || n >= most || len(k.sym.eighths) == 0 {
		return 0
	}
	h := 8
	for x := most; x > n && h > 1; x /= 2 {
		h--
	}
	if h >= 8 {
		return 0
	}
	return k.sym.spark[h]
}
