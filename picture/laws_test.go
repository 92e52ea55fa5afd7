package picture

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"evviz/timeline"
	"evviz/trace"
)

// The laws of the picture, over random traces, windows from 1 ms to 30 min, and every set of glyphs.

// busyTrace is a loop with one connection on which data comes and is read at random, with what is true of it: when something was unread, and
// when the loop worked. Times are ns.
type busyTrace struct {
	events       []trace.Event
	unread, work [][2]int64
	end          int64
}

func drawTrace(t *rapid.T) (b busyTrace) {
	scale := rapid.SampledFrom([]int64{1e3, 1e5, 1e7, 1e9}).Draw(t, "scale")
	at := int64(1e12)
	seq := uint32(0)
	put := func(e trace.Event) {
		seq++
		e.Stream, e.Seq, e.Time = 1, seq, at
		b.events = append(b.events, e)
	}
	wait := func(phase trace.Phase, e trace.Event) {
		e.Kind, e.Phase, e.Inst, e.Aux = trace.Wait, phase, trace.EpollInstance(4), trace.CallEpollWait
		put(e)
	}
	put(trace.Event{Kind: trace.Thread, A: 1, B: 1, Mask: trace.RoleLoop})
	put(trace.Event{Kind: trace.Open, FD: 7, Aux: trace.TypeStream | trace.OriginAccept<<8})
	put(trace.Event{Kind: trace.Register, Inst: trace.EpollInstance(4), FD: 7, Mask: 1})
	for range rapid.IntRange(1, 60).Draw(t, "iterations") {
		wait(trace.PhaseEnter, trace.Event{A: -1, B: -1})
		begun := at
		at += rapid.Int64Range(1, scale).Draw(t, "waits")
		arrived := at
		put(trace.Event{Kind: trace.Arrive, FD: 7, Mask: 1, B: 11, Aux: trace.ArriveObserver})
		at += rapid.Int64Range(0, scale).Draw(t, "delay")
		woke := at
		wait(trace.PhaseExit, trace.Event{A: -1, B: -1, Mask: 1, Dur: at - begun})
		put(trace.Event{Kind: trace.Ready, Inst: trace.EpollInstance(4), FD: 7, Mask: 1, B: 11})
		at += rapid.Int64Range(1, scale).Draw(t, "works")
		put(trace.Event{Kind: trace.Read, Phase: trace.PhaseComplete, FD: 7, A: 4096, B: 10, Inst: 1})
		b.unread = append(b.unread, [2]int64{arrived, at})
		b.work = append(b.work, [2]int64{woke, at})
	}
	wait(trace.PhaseEnter, trace.Event{A: -1, B: -1})
	b.end = at
	return b
}

// shareOf is how much of [a, b) lies in spans.
func shareOf(spans [][2]int64, a, b int64) float64 {
	sum := int64(0)
	for _, s := range spans {
		sum += max(0, min(s[1], b)-max(s[0], a))
	}
	return float64(sum) / float64(b-a)
}

// oldestIn is the greatest age that anything reaches in [a, b).
func oldestIn(spans [][2]int64, a, b int64) (most int64) {
	for _, s := range spans {
		if s[0] < b && s[1] > a {
			most = max(most, min(s[1], b)-s[0])
		}
	}
	return most
}

func (b *busyTrace) snapshot() *timeline.Snapshot {
	tl := timeline.New(timeline.Options{Info: trace.Info{Timed: true, Kinds: trace.Kinds(trace.Wait, trace.Ready, trace.Read, trace.Arrive)}})
	tl.Add(b.events)
	return tl.Snapshot(b.end)
}

// drawWindow is a window that touches the trace.
func (b *busyTrace) drawWindow(t *rapid.T) *Window {
	y, _ := SymbolsNamed(rapid.SampledFrom([]string{"block", "braille", "ascii"}).Draw(t, "symbols"))
	span := rapid.SampledFrom([]int64{1e6, 1e7, 1e8, 1e9, 4e9, 60e9, 1800e9}).Draw(t, "span")
	first := b.events[0].Time
	t0 := first - span/2 + rapid.Int64Range(0, b.end-first+1).Draw(t, "at")
	return &Window{T0: t0, T1: t0 + span, Now: b.end, Cells: rapid.IntRange(20, 200).Draw(t, "cells"), Symbols: &y, Colours: AllColours}
}

// painted is how high a cell is painted, in shares of it, and whether it is a dot.
func painted(w *Window, c Cell) (share float64, dot bool) {
	full := c.Ink < Ink(RoleCount) && c.Rune == ' '
	if full {
		return 1, false
	}
	if c.Ink < 2*Ink(RoleCount) {
		return 0, false
	}
	if c.Rune == w.Symbols.Least && c.Rune != w.Symbols.Spark[1] {
		return 0, true
	}
	for h, r := range w.Symbols.Spark {
		if h > 0 && r == c.Rune {
			return float64(h) / float64(w.Symbols.Steps()), h == 1 && c.Rune == w.Symbols.Least
		}
	}
	return 0, c.Rune == w.Symbols.Least
}

// TestInkIsShare: a cell is painted as high as the share of its time in which the state held, to half a step; a dot stands for more than
// nothing and less than that.
func TestInkIsShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawTrace(t)
		s, w := b.snapshot(), b.drawWindow(t)
		lane := s.Lanes[0]
		bare := make([]timeline.Cell, 0, w.Cells)
		for _, c := range lane.Cells(w.T0, w.T1, w.Cells) {
			c.Counts, c.Top, c.Trigger, c.Level = [timeline.MarkCount]uint32{}, 0, 0, -1 // letters are another law, and so are amounts
			bare = append(bare, c)
		}
		half := 0.5/float64(w.Symbols.Steps()) + 1e-6
		hold := func(what string, row []Cell, spans [][2]int64) {
			for i, c := range row {
				a, z := w.Moment(i), w.Moment(i+1)
				if a > w.Now {
					break
				}
				want := shareOf(spans, a, z)
				got, dot := painted(w, c)
				switch {
				case c.Rune == w.Symbols.GoesOn:
				case want == 0 && (got != 0 || dot):
					t.Fatalf("%s: cell %d is painted (%q), and nothing was there", what, i, c.Rune)
				case math.Abs(got-want) > half && !dot:
					t.Fatalf("%s: cell %d is %.3f high (%q), want %.3f", what, i, got, c.Rune, want)
				case want > 1e-9 && want < half-1e-5 && !dot && got == 0:
					t.Fatalf("%s: cell %d of a share of %.5f shows nothing", what, i, want)
				case dot && want > half+1.0/float64(w.Symbols.Steps()):
					t.Fatalf("%s: cell %d of a share of %.5f is a dot", what, i, want)
				}
			}
		}
		hold("unread", w.Lane(nil, &timeline.Lane{}, bare), b.unread)
		loop := s.Loops[0].Cells(w.T0, w.T1, w.Cells)
		for i := range loop {
			loop[i].Reports, loop[i].Renotify = 0, 0
		}
		hold("working", w.Loop(nil, loop), b.work)
	})
}

// TestColourIsAge: a cell has the colour of the greatest age that anything unread reaches in it, and a cell that merges two the older of
// theirs: so the same data have the same colour at every zoom.
func TestColourIsAge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawTrace(t)
		s, w := b.snapshot(), b.drawWindow(t)
		lane := s.Lanes[0]
		fine := lane.Cells(w.T0, w.T1, 2*w.Cells)
		for i, c := range lane.Cells(w.T0, w.T1, w.Cells) {
			if want := oldestIn(b.unread, w.Moment(i), w.Moment(i+1)); c.Cover > 0 && math.Abs(float64(c.Oldest-want)) > 2 {
				t.Fatalf("cell %d is %d ns old, want %d", i, c.Oldest, want)
			}
			if both := max(fine[2*i].Oldest, fine[2*i+1].Oldest); math.Abs(float64(c.Oldest-both)) > 2 {
				t.Fatalf("cell %d is %d ns old, its halves %d and %d", i, c.Oldest, fine[2*i].Oldest, fine[2*i+1].Oldest)
			}
		}
	})
}

// TestLettersCanBeRead: a letter stands for a call of its own cell or the one or two before it; a cell with more than three has none.
func TestLettersCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawTrace(t)
		s, w := b.snapshot(), b.drawWindow(t)
		cells := s.Lanes[0].Cells(w.T0, w.T1, w.Cells)
		for i := range cells {
			cells[i].Level = -1 // an amount is written in letters, too
		}
		row := w.Lane(nil, s.Lanes[0], cells)
		for i, c := range row {
			if c.Rune != 'r' {
				continue
			}
			n := cells[i].Counts[timeline.MarkRead]
			if n > 1 {
				t.Fatalf("cell %d has a letter for %d reads", i, n)
			}
			if n == 0 && (i == 0 || cells[i-1].Counts[timeline.MarkRead] == 0) && (i < 2 || cells[i-2].Counts[timeline.MarkRead] == 0) {
				t.Fatalf("cell %d has a letter, and no read is near", i)
			}
		}
	})
}
