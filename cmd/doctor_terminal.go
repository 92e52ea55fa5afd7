package cmd

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"evviz/internal/spelling"
	"evviz/tui"
)

// examineTerminal says what screen one would get.
func examineTerminal() (w ward) {
	w.Name = "Terminal"
	in, out := term.IsTerminal(0), term.IsTerminal(1)
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err == nil {
		defer tty.Close()
	}
	switch {
	case in && out && err == nil:
		w.ok("terminal", "standard input and output are one")
	case err == nil:
		w.note("terminal", "there is one, but "+redirected(in, out), "the screen needs both; doctor looks at the terminal all the same", "run evviz itself without a pipe or a redirection")
	default:
		w.note("terminal", "none", "the screen cannot open here; --headless, replay --text, replay --screenshot and check need none",
			"evviz --headless --for 5s, or run it where there is a terminal (docker run -it, ssh -t)")
	}
	d := tui.Inspect()
	if d.Err != nil {
		e := examined{What: "TERM", State: stateMissing, Needed: true, Value: or(d.Term, "not set"), Why: d.Err.Error(),
			Mend: "export TERM=xterm-256color, if the terminal is more than it says"}
		if err != nil { // there is no screen to be missed
			e.State, e.Needed = stateNote, false
		}
		w.add(e)
		return w
	}
	switch {
	case d.Term == "":
		w.note("TERM", "not set", "it is taken for xterm-256color, which nearly every terminal understands", "export TERM=xterm-256color")
	case !d.Known:
		w.note("TERM", d.Term, "this machine has no entry for it, so it is taken for xterm-256color",
			"install the entry (package ncurses-term, or infocmp -x on the machine that has it | ssh HERE tic -x -), or export TERM=xterm-256color")
	default:
		w.ok("TERM", d.Term)
	}
	examineColours(&w, &d)
	locale, from := locale()
	switch {
	case d.Symbols == "block":
		w.ok("character set", or(locale, "not set, taken for UTF-8")+from)
		w.ok("symbols", "auto picks "+d.Symbols+": "+d.SymbolsWhy)
	default:
		w.note("character set", or(locale, "not set")+from, "without UTF-8 bars and graphs are drawn with ASCII; everything else is the same",
			"export LC_ALL=C.UTF-8, or --symbols block, where the terminal can show it")
		w.note("symbols", "auto picks "+d.Symbols, d.SymbolsWhy, "")
	}
	if err == nil {
		examineSize(&w, int(tty.Fd()))
		examineSuspend(&w)
	}
	examineAround(&w, &d)
	return w
}

func redirected(in, out bool) string {
	switch {
	case !in && !out:
		return "neither standard input nor output is it"
	case !in:
		return "standard input is not it"
	}
	return "standard output is not it"
}

func examineColours(w *ward, d *tui.Display) {
	truecolor := os.Getenv("COLORTERM")
	switch {
	case os.Getenv("NO_COLOR") != "":
		w.note("colours", "none", "NO_COLOR is set; everything that a colour says is said by a glyph, too", "unset NO_COLOR, to have them")
	case d.Colors >= 1<<24:
		w.ok("colours", "16 million"+ifSet(", COLORTERM=", truecolor))
	case d.Colors >= 256:
		w.note("colours", fmt.Sprintf("%d", d.Colors), "themes are drawn with the nearest of them", "export COLORTERM=truecolor, if the terminal has true colour")
	default:
		w.note("colours", fmt.Sprintf("%d", d.Colors), "themes do not matter with so few; the eight of the terminal are used",
			"export TERM=xterm-256color (in tmux tmux-256color, in screen screen-256color), if the terminal has more")
	}
}

func ifSet(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// locale is the variable that decides the character set: the first of these that is set.
func locale() (value, from string) {
	for _, v := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if s := os.Getenv(v); s != "" {
			return s, " (" + v + ")"
		}
	}
	return "", ""
}

func examineSize(w *ward, fd int) {
	cols, rows, err := term.GetSize(fd)
	size := fmt.Sprintf("%d columns, %d rows", cols, rows)
	switch {
	case err != nil:
		w.note("size", "unknown", err.Error(), "")
	case cols == 0 || rows == 0:
		w.note("size", "0x0", "the terminal does not say how large it is, as a serial line does; 80x24 is assumed", "stty cols 120 rows 36")
	case cols < tui.MinWidth || rows < tui.MinHeight:
		w.note("size", size, fmt.Sprintf("the screen wants %d columns and %d rows at least; until then it says so and draws nothing else", tui.MinWidth, tui.MinHeight), "make the window larger")
	case cols < 80 || rows < 24:
		w.note("size", size, "it works; from 80 columns and 24 rows on everything has its place, and 120x36 is comfortable", "make the window larger")
	default:
		w.ok("size", size)
	}
}

// examineSuspend: Ctrl-Z stops the process group, and only a shell of the same session can wake it.
func examineSuspend(w *ward) {
	sid, _ := unix.Getsid(0)
	parents, err := unix.Getsid(unix.Getppid())
	switch {
	case sid == unix.Getpid():
		w.note("suspend", "Ctrl-Z would stop evviz for good", "it was started without a shell, so nobody would wake it", "start it from a shell")
	case err != nil || parents != sid:
		w.note("suspend", "Ctrl-Z may stop evviz for good", "its parent is not of this session, so there may be nobody to wake it", "start it from a shell")
	default:
		w.ok("suspend", "Ctrl-Z, and fg brings it back")
	}
}

// examineAround is what lies between evviz and the eyes.
func examineAround(w *ward, d *tui.Display) {
	t := os.Getenv("TERM")
	if os.Getenv("TMUX") != "" {
		if d.Colors < 1<<24 && os.Getenv("NO_COLOR") == "" {
			w.note("tmux", "inside it", "tmux passes on true colour only when it knows that the terminal outside has it",
				"in ~/.tmux.conf: set -g default-terminal tmux-256color; set -ga terminal-features ',*:RGB'; then export COLORTERM=truecolor")
		} else {
			w.ok("tmux", "inside it; for the mouse: set -g mouse on")
		}
	}
	if os.Getenv("STY") != "" {
		if !strings.Contains(t, "256color") {
			w.note("screen", "inside it", "screen says TERM=screen, which has 8 colours", "in ~/.screenrc: term screen-256color")
		} else {
			w.ok("screen", "inside it")
		}
	}
	if os.Getenv("SSH_CONNECTION") != "" || os.Getenv("SSH_TTY") != "" {
		if os.Getenv("COLORTERM") == "" && os.Getenv("TMUX") == "" && os.Getenv("STY") == "" && d.Colors < 1<<24 {
			w.note("ssh", "over it", "ssh does not hand COLORTERM on by itself, so true colour is not known here",
				"export COLORTERM=truecolor here, or SendEnv COLORTERM in ~/.ssh/config and AcceptEnv COLORTERM in the server's sshd_config")
		} else {
			w.ok("ssh", "over it; only cells that changed are sent")
		}
	}
}

// examineSettings reads the settings as the lab would.
func examineSettings() (w ward) {
	w.Name = "Settings"
	path := configPath()
	o := &labOptions{}
	c := &cobra.Command{Use: "evviz"}
	o.flags(c)
	cfg, err := settle(c)
	for _, check := range []func() error{
		func() error { return o.looks.check(cfg) },
		func() error { _, err := settings(o.thresholds); return err },
		func() error {
			if _, err := o.behaviour(c, nil); codeOf(err) == exitUsage { // what this kernel lacks is told elsewhere
				return err
			}
			return nil
		},
		func() error { return o.flight.check(c, o.headless) },
		o.limits,
	} {
		if err == nil {
			err = check()
		}
	}
	err = blamed(c, err)
	_, statErr := os.Stat(path)
	fault := "" // no name of a user in a report
	if err != nil {
		fault = strings.ReplaceAll(err.Error(), path, homely(path))
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "EVVIZ_") && (path == "" || !strings.Contains(err.Error(), path)):
		w.needed("environment", "not valid", fault, "unset it, or correct it")
	case err != nil:
		w.needed("settings file", homely(path), fault, "correct it (evviz config --print-default has everything that can stand there), or EVVIZ_CONFIG=/dev/null evviz")
	case path == "":
		w.note("settings file", "nowhere", "there is no home directory", "EVVIZ_CONFIG=/path/to/config.toml")
	case statErr != nil:
		w.ok("settings file", "none, everything is as by default ("+homely(path)+" would be read)")
	default:
		w.ok("settings file", homely(path)+", valid")
	}
	known := []string{"EVVIZ_CONFIG"}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, variableOf(f.Name)) })
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "EVVIZ_") || strings.HasPrefix(name, "EVVIZ_TEST") || slices.Contains(known, name) {
			continue
		}
		mend := "unset " + name
		if n := spelling.Nearest(strings.ToLower(name), lower(known)); n != "" {
			mend += ", or did you mean " + strings.ToUpper(n) + "?"
		}
		w.note("environment", name, "no setting has this name, so it does nothing", mend)
	}
	return w
}

func variableOf(flag string) string {
	return "EVVIZ_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func lower(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strings.ToLower(s))
	}
	return out
}
