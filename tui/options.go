package tui

import (
	"os"
	"time"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
)

// Options say what to show and what can be done to it.
type Options struct {
	Feed     *timeline.Feed
	Lab      Lab      // nil: no lab keys
	Lessons  Lessons  // nil: no lesson is shown
	Recorder Recorder // nil: recording is not possible
	Symbols  string   // auto, block, ascii
	Mouse    bool
	Screen   tcell.Screen             // initialised
	Go       func(func())             // starts a goroutine whose panics give the terminal back
	ModePage func(mode string) string // the page about a mechanism, "" none; nil no pages
	Findings diagnostics.Settings     // thresholds of the rules
	Notes    func() (string, bool)    // a message from outside for the status line, and whether it is bad news
	Stop     <-chan struct{}          // closed from outside: the screen closes
	Jobs     <-chan os.Signal         // SIGTSTP and SIGCONT, as they come; nil: nobody watches for them

	Theme  string                              // a name of Themes, or of Custom; "" terminal
	Custom map[string]Palette                  // themes of the settings file
	Keys   map[string][]string                 // other keys for actions; see CheckKeys
	View   string                              // the view to begin with; "" timeline
	Span   int64                               // ns in the window to begin with; 0 the default
	Saver  Saver                               // nil: nothing is kept that could be saved
	Cost   func() (cores float64, known bool)  // what evviz itself takes of a processor, without the loop that it shows
	Draft  func(path string, p *Picture) error // writes a picture of the screen; nil: cannot
}

const (
	minSpan     = int64(1e6)       // ns
	maxSpan     = int64(30 * 60e9) // ...
	defaultSpan = int64(4 * 1e9)   // ...
)

// firstSpan is how much time the window begins with.
func (o *Options) firstSpan() int64 {
	if o.Span <= 0 {
		return defaultSpan
	}
	return min(max(o.Span, int64(LeastSpan)), maxSpan)
}

// LeastSpan is the shortest window that a whole log is fitted into: lines without times are 1 µs apart, and a dozen of them are to fill it. Zooming
// stops at a millisecond.
const LeastSpan = 10 * time.Microsecond
