package testkit

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v3/vt" // tcell v3 is in go.mod for this emulator alone; its API is marked unstable, so only this file and terminal.go use it
)

// Emulated is what a terminal shows that has been sent so many bytes and nothing else, one line a row.
func Emulated(t testing.TB, w, h int, sent []byte) string {
	t.Helper()
	emu := vt.NewMockTerm(vt.MockOptSize{X: vt.Col(w), Y: vt.Row(h)}, vt.MockOptColors(1<<24))
	if err := emu.Start(); err != nil {
		t.Fatal(err)
	}
	defer emu.Stop()
	emu.Write(sent)
	return shownBy(emu, w, h)
}

func shownBy(emu vt.MockTerm, w, h int) string {
	var b strings.Builder
	for y := 0; y < h; y++ {
		var line strings.Builder
		for c := 0; c < w; c++ {
			s := emu.GetCell(vt.Coord{X: vt.Col(c), Y: vt.Row(y)}).C
			if s == "" {
				s = " "
			}
			line.WriteString(s)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
