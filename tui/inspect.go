package tui

import (
	"io"
	"os"

	"github.com/gdamore/tcell/v2"
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
	if d.Err = dumbTerminal(); d.Err != nil {
		return d
	}
	ti, known, err := terminalEntry()
	d.Known = known
	if d.Err = err; err != nil {
		return d
	}
	s, err := tcell.NewTerminfoScreenFromTtyTerminfo(&nowhere{gone: make(chan struct{})}, ti)
	if err == nil {
		err = s.Init()
	}
	if d.Err = err; err != nil {
		return d
	}
	defer s.Fini()
	d.Colors = s.Colors()
	d.Symbols, d.SymbolsWhy = autoSymbols(s)
	return d
}

// nowhere is a terminal that swallows everything.
type nowhere struct{ gone chan struct{} }

func (n *nowhere) Start() error                { return nil }
func (n *nowhere) Stop() error                 { return nil }
func (n *nowhere) Drain() error                { close(n.gone); return nil }
func (n *nowhere) NotifyResize(func())         {}
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) Close() error                { return nil }
func (n *nowhere) WindowSize() (tcell.WindowSize, error) {
	return tcell.WindowSize{Width: 80, Height: 24}, nil
}

// Read waits for the end, as a terminal waits on which nobody types.
func (n *nowhere) Read([]byte) (int, error) {
	<-n.gone
	return 0, io.EOF
}
