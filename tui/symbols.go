package tui

import (
	"os"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
)

// newSymbols picks a set: by name, or, for auto, what the terminal can show.
func newSymbols(want string, s tcell.Screen) picture.Symbols {
	y, ok := picture.SymbolsNamed(want)
	if !ok {
		name, _ := autoSymbols(s)
		y, _ = picture.SymbolsNamed(name)
	}
	return y
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
