package tui

import (
	"fmt"
	"slices"
	"time"

	"github.com/gdamore/tcell/v2"

	"evviz/tui/screen"
)

// Film is a screen without a terminal that is drawn again and again: a recording of what a person would see. Its frames follow from the feed
// and the keys alone: a sentence of the moment is shown for its time in the film, however fast the film is made.
type Film struct {
	w, h   int
	ui     *ui
	sim    tcell.SimulationScreen
	shown  paletteScreen
	at     time.Duration // of the frame being drawn
	frames []filmFrame
	marks  []filmMark
}

// filmFrame is a frame: rows that did not change are those of the frame before.
type filmFrame struct {
	at   time.Duration
	rows []*filmRow
}

// filmRow is a row of cells; a frame's rows are compared by address.
type filmRow struct{ cells []filmCell }

// filmCell is a character with its looks; "" is the right half of a wide one.
type filmCell struct {
	text  string
	style tcell.Style
}

// filmMark names a moment of the film.
type filmMark struct {
	at   time.Duration
	name string
}

// NewFilm begins a film of a feed at a size, with the given number of colours (0 for none).
func NewFilm(o Options, w, h, colors int) (*Film, error) {
	sim := tcell.NewSimulationScreen("UTF-8")
	if err := sim.Init(); err != nil {
		return nil, fmt.Errorf("make a film: %w", err)
	}
	sim.SetSize(w, h)
	f := &Film{w: w, h: h, sim: sim, shown: paletteScreen{screen.NewDiff(sim), colors}}
	o.Screen = f.shown
	f.ui = newUI(o)
	f.ui.status.clock = func() time.Time { return time.Unix(0, 0).Add(f.at) }
	f.draw()
	return f, nil
}

// Close ends the film. What has been drawn can still be written.
func (f *Film) Close() { f.sim.Fini() }

// Press presses a key.
func (f *Film) Press(key string) {
	f.ui.press(key)
	f.draw()
}

func (f *Film) draw() {
	f.shown.Clear()
	f.ui.newFrame(f.w, f.h)
	f.ui.root.SetRect(0, 0, f.w, f.h)
	f.ui.root.Draw(f.shown)
	f.shown.Show()
}

// Frame draws the feed as it stands now, as what is seen at a moment of the film. Moments do not go back.
func (f *Film) Frame(at time.Duration) {
	f.at = at
	f.draw()
	cells, w, h := f.sim.GetContents()
	next := filmFrame{at, make([]*filmRow, h)}
	var before []*filmRow
	if n := len(f.frames); n > 0 {
		before = f.frames[n-1].rows
	}
	same := len(before) == h
	for y := range next.rows {
		row := &filmRow{make([]filmCell, w)}
		for x := range row.cells {
			c := &cells[y*w+x]
			row.cells[x] = filmCell{string(c.Runes), c.Style}
		}
		if before != nil && slices.Equal(row.cells, before[y].cells) {
			row = before[y]
		} else {
			same = false
		}
		next.rows[y] = row
	}
	if !same {
		f.frames = append(f.frames, next)
	}
}

// Mark gives a moment of the film a name, by which a player can go there. Marks may come in any order.
func (f *Film) Mark(at time.Duration, name string) {
	f.marks = append(f.marks, filmMark{at, clean(name)})
}

// marksInOrder are the marks as they come.
func (f *Film) marksInOrder() []filmMark {
	m := slices.Clone(f.marks)
	slices.SortStableFunc(m, func(a, b filmMark) int { return int(min(max(a.at-b.at, -1), 1)) })
	return m
}
