package tui

import (
	"errors"
	"fmt"
	"os"

	"github.com/gdamore/tcell/v2"
	"github.com/gdamore/tcell/v2/terminfo"
	_ "github.com/gdamore/tcell/v2/terminfo/x/xterm" // the entry to fall back to, without a look at the machine's database
	"golang.org/x/term"
)

// ErrNoTerminal is why the screen cannot open. The text says what to do instead.
var ErrNoTerminal = errors.New("no usable terminal")

// Screen is an open terminal. Only this package knows what it is made of.
type Screen = tcell.Screen

// OpenTerminal makes the screen, initialised, or says why there is none. An unknown TERM is treated as xterm-256color,
// which nearly every terminal understands; TERM=dumb really cannot show a screen.
func OpenTerminal() (Screen, error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return nil, fmt.Errorf("%w: standard input or output is not one; use --headless to run without a screen", ErrNoTerminal)
	}
	if err := dumbTerminal(); err != nil {
		return nil, err
	}
	tty, err := tcell.NewDevTty()
	if err != nil {
		return nil, fmt.Errorf("%w: open /dev/tty: %v; use --headless to run without a screen", ErrNoTerminal, err)
	}
	ti, _, err := terminalEntry()
	if err != nil {
		return nil, fmt.Errorf("%w: %v; use --headless to run without a screen", ErrNoTerminal, err)
	}
	s, err := tcell.NewTerminfoScreenFromTtyTerminfo(tty, ti)
	if err != nil {
		return nil, fmt.Errorf("%w: TERM=%q: %v; set TERM, or use --headless to run without a screen", ErrNoTerminal, os.Getenv("TERM"), err)
	}
	d := newDiffScreen(s)
	if err := d.Init(); err != nil {
		return nil, fmt.Errorf("%w: %v; use --headless to run without a screen", ErrNoTerminal, err)
	}
	return d, nil
}

// dumbTerminal refuses TERM=dumb, which an editor's shell buffer or a plain serial line says of itself.
func dumbTerminal() error {
	if os.Getenv("TERM") != "dumb" {
		return nil
	}
	return fmt.Errorf("%w: TERM=dumb cannot move the cursor; use --headless to run without a screen, or set TERM to what your terminal is, for example xterm-256color", ErrNoTerminal)
}

// terminalEntry is the description of the terminal that TERM names, or xterm-256color's when there is none.
func terminalEntry() (ti *terminfo.Terminfo, known bool, err error) {
	if ti, err = tcell.LookupTerminfo(os.Getenv("TERM")); err == nil {
		return ti, true, nil
	}
	ti, err = terminfo.LookupTerminfo("xterm-256color")
	return ti, false, err
}

// A locale whose character set is none that the screen can write (ISO-8859-15, say) gets ASCII and not a refusal.
func init() { tcell.SetEncodingFallback(tcell.EncodingFallbackASCII) }
