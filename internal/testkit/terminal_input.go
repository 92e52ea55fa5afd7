//go:build linux

package testkit

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/gdamore/tcell/v3/vt"
)

// keyBytes are what a terminal of the xterm family sends for the keys that have a name (ctlseqs, "PC-Style Function Keys").
var keyBytes = map[string]string{"Space": " ", "Enter": "\r", "Tab": "\t", "Shift-Tab": "\x1b[Z", "Esc": "\x1b", "Backspace": "\x7f",
	"Left": "\x1b[D", "Right": "\x1b[C", "Up": "\x1b[A", "Down": "\x1b[B", "PgUp": "\x1b[5~", "PgDn": "\x1b[6~", "Home": "\x1b[H", "End": "\x1b[F"}

// KeyBytes is what a terminal sends for a key as the program's key table writes it; "" for one that is not known here.
func KeyBytes(key string) string {
	if s, ok := keyBytes[key]; ok {
		return s
	}
	if c, ok := strings.CutPrefix(key, "Ctrl-"); ok && len(c) == 1 && c[0] >= 'A' && c[0] <= 'Z' {
		return string(rune(c[0] - 'A' + 1))
	}
	if utf8.RuneCountInString(key) == 1 {
		return key
	}
	return ""
}

// In makes another test the one that fails when the terminal does not show what it should, for a program that several tests
// share. The program still ends with the test that started it.
func (x *Terminal) In(t testing.TB) *Terminal {
	x.t = t
	return x
}

// Press presses keys as the program's key table writes them.
func (x *Terminal) Press(keys ...string) {
	x.t.Helper()
	for _, k := range keys {
		b := KeyBytes(k)
		if b == "" {
			x.t.Fatalf("there is no key %q", k)
		}
		x.Send(b)
	}
}

// Buttons of a mouse as SGR reports number them (ctlseqs, "Extended coordinates").
const (
	MouseLeft  = 0
	WheelUp    = 64
	WheelDown  = 65
	WheelLeft  = 66
	WheelRight = 67
)

// Mouse sends what a terminal sends for a button at a cell counted from 0: for a button that can be held its press and its
// release, for the wheel one report.
func (x *Terminal) Mouse(button, column, row int) {
	x.t.Helper()
	s := fmt.Sprintf("\x1b[<%d;%d;%dM", button, column+1, row+1)
	if button < WheelUp {
		s += fmt.Sprintf("\x1b[<%d;%d;%dm", button, column+1, row+1)
	}
	x.Send(s)
}

// Find is where a text begins on the screen; it waits for it to be there.
func (x *Terminal) Find(text string) (column, row int) {
	x.t.Helper()
	for y, line := range strings.Split(x.Shows(text), "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			return utf8.RuneCountInString(before), y
		}
	}
	x.t.Fatalf("%q is not on one line", text) // Shows would have failed: a text without line breaks is on one line
	return 0, 0
}

// Click clicks the first cell of a text.
func (x *Terminal) Click(text string) {
	x.t.Helper()
	column, row := x.Find(text)
	x.Mouse(MouseLeft, column, row)
}

// Resize gives the terminal another size; the kernel tells the program by SIGWINCH.
func (x *Terminal) Resize(w, h int) {
	x.t.Helper()
	x.mu.Lock()
	x.emu.SetSize(vt.Coord{X: vt.Col(w), Y: vt.Row(h)})
	x.w, x.h = w, h
	x.mu.Unlock()
	if err := pty.Setsize(x.tty, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
		x.t.Fatalf("resize: %v", err)
	}
}

// Spoil wipes what the terminal shows without the program's knowledge, as a message of another program does.
func (x *Terminal) Spoil() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.emu.Write([]byte("\x1b[2J"))
}

// HangUp takes the terminal away, as closing a terminal's window does: the kernel sends SIGHUP to the program, and its reads
// and writes of the terminal fail from then on.
func (x *Terminal) HangUp() { x.tty.Close() }

// Ends reports whether the program ends by itself within a time.
func (x *Terminal) Ends(within time.Duration) bool {
	select {
	case <-x.done:
		return true
	case <-time.After(within):
		return false
	}
}

// Try presses a key, or types a text, of a program that may have ended.
func (x *Terminal) Try(key string) {
	if b := KeyBytes(key); b != "" {
		key = b
	}
	_, _ = x.tty.WriteString(key)
}

// UntilOrEnd waits for the screen to satisfy a condition, or for the program's end; true means that the program lives.
func (x *Terminal) UntilOrEnd(ok func(screen string) bool) bool {
	x.t.Helper()
	for end := time.Now().Add(x.Patience); ; time.Sleep(10 * time.Millisecond) {
		select {
		case <-x.done:
			return false
		default:
		}
		s := x.Screen()
		if ok(s) {
			return true
		}
		if time.Now().After(end) {
			x.t.Fatalf("neither did the program end nor its screen show what it should; it shows:\n%s", s)
		}
	}
}
