package cmd

import (
	"os"
	"sync"

	"evviz/tui"
)

// openScreen opens the terminal. restore gives it back; it may be called any number of times, and is called when the program
// crashes until undo.
func openScreen() (screen tui.Screen, restore, undo func(), err error) {
	screen, err = tui.OpenTerminal()
	if err != nil {
		return nil, nil, nil, err
	}
	restore = sync.OnceFunc(screen.Fini)
	return screen, restore, onCrash(restore), nil
}

// leave prints the last screen where the screen was, when the person asked for that.
func leave(kept *tui.Picture) {
	if kept != nil {
		kept.ANSI(os.Stdout)
	}
}
