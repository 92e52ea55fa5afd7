package screen

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

// Open makes the screen, initialised, or says why there is none. An unknown TERM is treated as xterm-256color,
// which nearly every terminal understands; TERM=dumb really cannot show a screen. Fini gives the terminal back; release does
// it at once, without waiting for whatever draws or reads, and afterwards the screen shows nothing any more. Both may be
// called by any goroutine.
func Open() (s Screen, release func(), err error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return nil, nil, fmt.Errorf("%w: standard input or output is not one; use --headless to run without a screen", ErrNoTerminal)
	}
	return open()
}

// OpenBeside is Open where standard input is what is shown: keys come from the terminal that controls the process.
func OpenBeside() (s Screen, release func(), err error) {
	if !term.IsTerminal(int(os.Stdout.Fd())) {
		return nil, nil, fmt.Errorf("%w: standard output is not one", ErrNoTerminal)
	}
	return open()
}

func open() (s Screen, release func(), err error) {
	if err := dumbTerminal(); err != nil {
		return nil, nil, err
	}
	ti, _, err := terminalEntry()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v; use --headless to run without a screen", ErrNoTerminal, err)
	}
	t, err := openTTY("/dev/tty")
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v; use --headless to run without a screen", ErrNoTerminal, err)
	}
	d, err := newTerminalScreen(t, ti)
	if err != nil {
		t.release() // it may have been made raw already
		t.Close()
		return nil, nil, err
	}
	return d, t.release, nil
}

// newTerminalScreen is the screen on a terminal, initialised.
func newTerminalScreen(t *tty, ti *terminfo.Terminfo) (*Diff, error) {
	s, err := tcell.NewTerminfoScreenFromTtyTerminfo(t, ti)
	if err != nil {
		return nil, fmt.Errorf("%w: TERM=%q: %v; set TERM, or use --headless to run without a screen", ErrNoTerminal, os.Getenv("TERM"), err)
	}
	t.goodbye = goodbye(ti)
	t.busy = s.HasPendingEvent
	d := NewDiff(s)
	d.release, d.hush = t.release, t.hush
	if err := d.Init(); err != nil {
		return nil, fmt.Errorf("%w: %v; use --headless to run without a screen", ErrNoTerminal, err)
	}
	return d, nil
}

// goodbye leaves all modes that tcell enters; CAN first, for a sequence that was cut off.
func goodbye(ti *terminfo.Terminfo) string {
	s := "\x18"
	if ti.Mouse != "" || ti.XTermLike {
		s += "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l"
	}
	if ti.XTermLike {
		s += "\x1b[?2026l\x1b[?9001l\x1b[<u\x1b[>4;0m\x1b[23;2t"
	}
	return s + ti.ShowCursor + ti.ResetFgBg + ti.AttrOff + ti.ExitKeypad + ti.EnableAutoMargin + ti.Clear + ti.ExitCA
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
