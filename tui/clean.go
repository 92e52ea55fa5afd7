package tui

import (
	"strings"

	"github.com/rivo/uniseg"

	"evviz/internal/plain"
	"evviz/words"
)

// clean makes text from outside harmless, as every export does, and takes out besides what has no width: a cell would be drawn
// twice.
func clean(s string) string { return wide(plain.Text(s)) }

// wide is the part of clean that only a screen needs: a '?' for each character without a width.
func wide(s string) string {
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

// port shortens a loopback address to its port.
func port(addr string) string { return clean(words.Port(addr)) }
