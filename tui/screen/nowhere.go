package screen

import (
	"io"

	"github.com/gdamore/tcell/v2"
)

// Nowhere is the screen that Open would open, but on a terminal that swallows everything: what can be known of a terminal
// without touching it. known says that there is a description of TERM.
func Nowhere() (s tcell.Screen, known bool, err error) {
	if err := dumbTerminal(); err != nil {
		return nil, false, err
	}
	ti, known, err := terminalEntry()
	if err != nil {
		return nil, known, err
	}
	s, err = tcell.NewTerminfoScreenFromTtyTerminfo(&nowhere{gone: make(chan struct{})}, ti)
	if err == nil {
		err = s.Init()
	}
	return s, known, err
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
