//go:build linux

package testkit

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/gdamore/tcell/v3/vt" // see emulated.go
)

// Terminal is a program running on a pty, with an emulator that knows what its screen shows.
type Terminal struct {
	t    testing.TB
	Cmd  *exec.Cmd
	tty  *os.File
	done chan struct{}
	err  error

	// Patience is how long Until waits; giveUp unless it is changed.
	Patience time.Duration

	frozen sync.Mutex // held while nothing is read from the program
	thaw   func()

	mu   sync.Mutex
	emu  vt.MockTerm
	w, h int
	raw  []byte
}

// StartTerminal runs a program on a terminal of w columns and h rows. It is ended when the test is.
func StartTerminal(t testing.TB, w, h int, cmd *exec.Cmd) *Terminal {
	t.Helper()
	emu := vt.NewMockTerm(vt.MockOptSize{X: vt.Col(w), Y: vt.Row(h)}, vt.MockOptColors(1<<24))
	if err := emu.Start(); err != nil {
		t.Fatal(err)
	}
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)})
	if err != nil {
		t.Fatalf("start on a terminal: %v", err)
	}
	x := &Terminal{t: t, Cmd: cmd, tty: tty, done: make(chan struct{}), emu: emu, w: w, h: h, Patience: giveUp}
	go func() {
		buf := make([]byte, 1<<15)
		for {
			x.thawed()
			n, err := tty.Read(buf)
			x.mu.Lock()
			x.emu.Write(buf[:n])
			if x.raw = append(x.raw, buf[:n]...); len(x.raw) > 1<<20 {
				x.raw = x.raw[len(x.raw)-1<<19:]
			}
			x.mu.Unlock()
			if err != nil {
				break // EIO: the program has closed the terminal
			}
		}
		x.err = cmd.Wait()
		close(x.done)
	}()
	t.Cleanup(func() {
		select {
		case <-x.done:
		default:
			cmd.Process.Kill()
			<-x.done
		}
		tty.Close()
		emu.Stop()
	})
	return x
}

// thawed waits while the terminal is frozen.
func (x *Terminal) thawed() {
	x.frozen.Lock()
	defer x.frozen.Unlock()
}

// Send types.
func (x *Terminal) Send(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.tty, keys); err != nil {
		x.t.Fatalf("type %q: %v", keys, err)
	}
}

// Screen is what the terminal shows, one line a row.
func (x *Terminal) Screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return shownBy(x.emu, x.w, x.h)
}

// Written is the newest part of what the program has written, escape sequences and all.
func (x *Terminal) Written() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.raw)
}

// Until waits for the screen to satisfy a condition.
func (x *Terminal) Until(what string, ok func(screen string) bool) string {
	x.t.Helper()
	for end := time.Now().Add(x.Patience); ; time.Sleep(10 * time.Millisecond) {
		s := x.Screen()
		if ok(s) {
			return s
		}
		if time.Now().After(end) {
			x.t.Fatalf("the screen never showed %s; it shows:\n%s", what, s)
		}
	}
}

// Shows waits for a text.
func (x *Terminal) Shows(text string) string {
	x.t.Helper()
	return x.Until(fmt.Sprintf("%q", text), func(s string) bool { return strings.Contains(s, text) })
}

// Exit waits for the program's end and returns its exit code, 128+n for a signal.
func (x *Terminal) Exit() int {
	x.t.Helper()
	select {
	case <-x.done:
	case <-time.After(giveUp):
		x.t.Fatalf("the program did not end; the screen shows:\n%s", x.Screen())
	}
	st := x.Cmd.ProcessState.Sys().(syscall.WaitStatus)
	if st.Signaled() {
		return 128 + int(st.Signal())
	}
	return st.ExitStatus()
}

// Restored reports whether the program has left the alternate screen and shown the cursor again.
func (x *Terminal) Restored() bool {
	s := x.Written()
	return strings.LastIndex(s, "\x1b[?1049l") > strings.LastIndex(s, "\x1b[?1049h") && strings.LastIndex(s, "\x1b[?25h") > strings.LastIndex(s, "\x1b[?25l")
}
