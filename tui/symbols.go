package tui

import (
	"os"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"evviz/internal/plain"
	"evviz/timeline"
)

// symbols are the glyphs. The ASCII set is for terminals that cannot show the others (LANG=C, the Linux console).
type symbols struct {
	wait, work, again rune    // fills of the loop's lane
	fill              [3]rune // fills of a waiting bar without colours, by age
	arrive, goesOn    rune
	line, corner      rune
	rec, dot, mark    rune
	found             rune   // where a finding happened
	flag              rune   // a bookmark
	cursor, anchor    rune   // lines through the lanes
	half, lower       rune   // halves of a cell, for two colours in one
	eighths           []rune // of a cell, from the left
	shade             []rune // from few to many, for heat maps without colours
	edge, once        rune   // an edge-triggered or oneshot lane on which nothing happens; a level-triggered one is blank
	play, still       rune
	more              rune // text was cut here
	done, todo        rune // of a bar that fills
	dots              bool // graphs may be drawn with braille
	above             rune // mark of what belongs to the row above it
	spark             []rune
	left, right       string
}

var blockSymbols = symbols{wait: '░', work: '█', again: '▒', fill: [3]rune{'░', '▒', '▓'}, arrive: '↓', goesOn: '▸', line: '─', corner: '│',
	rec: '●', dot: '·', mark: '▾', above: '▴', found: '◆', flag: '◊', cursor: '│', anchor: '┊', half: '▀', lower: '▄', eighths: []rune("▏▎▍▌▋▊▉"),
	shade: []rune(" ·░▒▓█"), edge: '╌', once: '┈', play: '▶', still: '■', more: '…', done: '━', todo: '─', spark: []rune(" ▁▂▃▄▅▆▇█"), left: "←", right: "→"}

var asciiSymbols = symbols{wait: '.', work: '#', again: '%', fill: [3]rune{'-', '=', '#'}, arrive: 'v', goesOn: '>', line: '-', corner: '|',
	rec: '*', dot: '-', mark: 'v', above: '^', found: '*', flag: 'b', cursor: '|', anchor: ':', half: 0,
	shade: []rune(" .:+#@"), edge: '-', once: '.', play: '>', still: '=', more: '~', done: '=', todo: '-', spark: []rune(" .:-=+*#%"), left: "<", right: ">"}

// newSymbols picks a set: by name, or, for auto, what the terminal can show.
func newSymbols(want string, s tcell.Screen) symbols {
	switch want {
	case "ascii":
		return asciiSymbols
	case "block":
		return blockSymbols
	case "braille":
		y := blockSymbols
		y.dots = true
		return y
	}
	if name, _ := autoSymbols(s); name == "ascii" {
		return asciiSymbols
	}
	return blockSymbols
}

// autoSymbols is the name of the set that auto means on a screen, and why.
func autoSymbols(s tcell.Screen) (name, why string) {
	if os.Getenv("TERM") == "linux" && !strings.Contains(strings.ToUpper(os.Getenv("LANG")), "UTF") {
		return "ascii", "the Linux console without UTF-8 in LANG"
	}
	for _, r := range []rune{'░', '↓', '▸', '▅', '─'} {
		//lint:ignore SA1019 it answers what is asked here: whether the locale's character set has the rune
		if !s.CanDisplay(r, false) {
			return "ascii", "the locale's character set is " + s.CharacterSet() + ", which has no block characters"
		}
	}
	return "block", "the locale's character set is " + s.CharacterSet()
}

// glyph is the letter of a mark; 0 for marks that a lane does not show. The legend and the help page are made from it.
func (y *symbols) glyph(m timeline.Mark) rune {
	switch m {
	case timeline.MarkArrive:
		return y.arrive
	case timeline.MarkRenotify:
		return '!'
	case timeline.MarkRead:
		return 'r'
	case timeline.MarkReadAgain, timeline.MarkAcceptAgain, timeline.MarkWriteAgain:
		return 'E'
	case timeline.MarkReadEOF:
		return '0'
	case timeline.MarkReadErr, timeline.MarkWriteErr, timeline.MarkAcceptErr:
		return '#'
	case timeline.MarkReset:
		return 'X'
	case timeline.MarkWrite:
		return 'w'
	case timeline.MarkRecvDone:
		return 'R'
	case timeline.MarkSendDone:
		return 'S'
	case timeline.MarkAccept:
		return 'A'
	case timeline.MarkOpen:
		return '+'
	case timeline.MarkClose:
		return 'x'
	case timeline.MarkModify, timeline.MarkRearmed:
		return 'm'
	case timeline.MarkConnect:
		return 'c'
	}
	return 0
}

// style is the colour of a mark's glyph on an empty cell.
func (t *theme) style(m timeline.Mark) tcell.Style {
	switch m {
	case timeline.MarkReadAgain, timeline.MarkAcceptAgain, timeline.MarkWriteAgain:
		return t.eagain
	case timeline.MarkAccept, timeline.MarkRenotify:
		return t.accept
	case timeline.MarkReadErr, timeline.MarkWriteErr, timeline.MarkAcceptErr, timeline.MarkReset, timeline.MarkClose:
		return t.bad
	case timeline.MarkRead, timeline.MarkWrite, timeline.MarkRecvDone, timeline.MarkSendDone:
		return t.bold
	case timeline.MarkModify, timeline.MarkRearmed:
		return t.good
	}
	return t.dim
}

// clean makes text from outside harmless, as every export does, and takes out besides what has no width: a cell would be drawn
// twice.
func clean(s string) string {
	s = plain.Text(s)
	thin := func(r rune) bool { return r >= 0x7f && uniseg.StringWidth(string(r)) == 0 }
	if strings.IndexFunc(s, thin) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if thin(r) {
			return '?'
		}
		return r
	}, s)
}
