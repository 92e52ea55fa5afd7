package tui

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/words"
)

// label is the text left of a lane, in w cells. A port that was cut would be another port, so what does not fit is set closer, left out or
// marked as cut.
func (k *style) label(l *timeline.Lane, w int) string {
	if l.Kind == timeline.KindListener {
		if s := "listener " + port(l.Local); len([]rune(s)) <= w {
			return s
		}
		return k.fits("listener", w)
	}
	peer := l.Label
	if l.Peer != "" {
		peer = port(l.Peer)
	}
	s := fmt.Sprintf("fd %-3d %s", l.FD, clean(peer))
	if len([]rune(s)) > w {
		return k.fits(fmt.Sprintf("fd%d %s", l.FD, clean(peer)), w)
	}
	if tr := triggerShort[min(int(l.Trigger), 3)]; tr != "" && l.Registered {
		if pad := w - len([]rune(s)) - len(tr); pad > 0 {
			s += strings.Repeat(" ", min(pad, max(1, 14-len([]rune(s))))) + tr
		}
	}
	return s
}

var triggerShort = [...]string{"", "LT", "ET", "1S"}

// port shortens a loopback address to its port.
func port(addr string) string { return clean(words.Port(addr)) }
