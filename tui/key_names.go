package tui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

var namedKeys = map[tcell.Key]string{tcell.KeyLeft: "Left", tcell.KeyRight: "Right", tcell.KeyUp: "Up", tcell.KeyDown: "Down",
	tcell.KeyPgUp: "PgUp", tcell.KeyPgDn: "PgDn", tcell.KeyHome: "Home", tcell.KeyEnd: "End", tcell.KeyEnter: "Enter", tcell.KeyTab: "Tab",
	tcell.KeyBacktab: "Shift-Tab", tcell.KeyEscape: "Esc", tcell.KeyBackspace: "Backspace", tcell.KeyBackspace2: "Backspace",
	tcell.KeyDelete: "Delete", tcell.KeyInsert: "Insert"}

func keyExists(name string) bool {
	if utf8.RuneCountInString(name) == 1 || name == "Space" {
		return true
	}
	for _, n := range namedKeys {
		if n == name {
			return true
		}
	}
	for i := 1; i <= 12; i++ {
		if name == fmt.Sprintf("F%d", i) {
			return true
		}
	}
	if c, ok := strings.CutPrefix(name, "Ctrl-"); ok {
		return len(c) == 1 && c[0] >= 'A' && c[0] <= 'Z' && !strings.ContainsAny(c, "HIM") // those are Backspace, Tab and Enter
	}
	c, ok := strings.CutPrefix(name, "Alt-")
	return ok && utf8.RuneCountInString(c) == 1
}

// keyName is the table's name of a key press.
func keyName(e *tcell.EventKey) string {
	k := e.Key()
	if k == tcell.KeyRune {
		switch {
		case e.Modifiers()&tcell.ModAlt != 0:
			return "Alt-" + string(e.Rune())
		case e.Rune() == ' ':
			return "Space"
		}
		return string(e.Rune())
	}
	if n, ok := namedKeys[k]; ok {
		return n
	}
	if k >= tcell.KeyF1 && k <= tcell.KeyF12 {
		return fmt.Sprintf("F%d", k-tcell.KeyF1+1)
	}
	if k >= tcell.KeyCtrlA && k <= tcell.KeyCtrlZ {
		return "Ctrl-" + string(rune('A'+k-tcell.KeyCtrlA))
	}
	return ""
}
