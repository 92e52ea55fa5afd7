package screen

import "github.com/rivo/uniseg"

// RuneWidth is how many cells a character takes.
func RuneWidth(r rune) int {
	switch {
	case r < 0x1100, r >= 0x2190 && r < 0x2200, r >= 0x2500 && r < 0x25a0, r >= 0x2800 && r < 0x2900: // arrows, boxes, blocks, braille
		return 1
	}
	if w := uniseg.StringWidth(string(r)); w == 2 {
		return 2
	}
	return 1
}
