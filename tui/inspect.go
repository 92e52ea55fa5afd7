package tui

import (
	"os"

	"evviz/tui/screen"
)

// Display is what the screen would have on this terminal. It is found by making the screen with a terminal that swallows
// what is written to it, so it is what the screen itself would find, and the real terminal sees nothing of it.
type Display struct {
	Term       string // the environment's TERM
	Known      bool   // there is an entry for it; else xterm-256color's is used
	Colors     int    // 0, 8, 16, 256 or 1<<24
	Symbols    string // what --symbols auto picks: block or ascii
	SymbolsWhy string
	Err        error // why no screen can open with these settings
}

// The smallest screen that is drawn.
const (
	MinWidth  = minWidth
	MinHeight = minHeight
)

// Inspect looks at TERM, COLORTERM, NO_COLOR and the locale.
func Inspect() Display {
	d := Display{Term: os.Getenv("TERM")}
	s, known, err := screen.Nowhere()
	d.Known = known
	if d.Err = err; err != nil {
		return d
	}
	defer s.Fini()
	d.Colors = s.Colors()
	d.Symbols, d.SymbolsWhy = autoSymbols(s)
	return d
}
