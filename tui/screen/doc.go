// Package screen is the terminal: it opens it and gives it back whatever happens, reads what is typed, and sends what has changed.
//
// It knows tcell and nothing of evviz. [Open] makes a [Diff] on the terminal: tview draws every frame as a whole, and only the cells that
// differ from what the terminal shows are sent, in one write. What is typed comes through a filter that lets nothing through which
// tcell could not end. The terminal can be taken from all of it at any time, by any goroutine.
package screen
