package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"evviz/internal/plain"
	"evviz/internal/sys"
	"evviz/tui"
	"evviz/words"
)

// state is how something that the doctor looked at stands.
type state string

const (
	stateOK      state = "ok"
	stateNote    state = "note"    // evviz runs, and this is worth knowing
	stateMissing state = "missing" // something does not work without it
)

// examined is one thing that the doctor looked at.
type examined struct {
	What   string `json:"what"`
	State  state  `json:"state"`
	Needed bool   `json:"needed,omitempty"` // missing, and the lab or a replay cannot run without it
	Value  string `json:"value"`
	Why    string `json:"why,omitempty"`
	Fix    string `json:"fix,omitempty"`  // the command or setting that fixes it
	Mend   string `json:"mend,omitempty"` // the same: its deprecated name
}

// ward is a group of them.
type ward struct {
	Name   string     `json:"name"`
	Checks []examined `json:"checks"`
}

func (w *ward) ok(what, value string) { w.add(examined{What: what, State: stateOK, Value: value}) }
func (w *ward) note(what, value, why, fix string) {
	w.add(examined{what, stateNote, false, value, why, fix, fix})
}
func (w *ward) missing(what, value, why, fix string) {
	w.add(examined{what, stateMissing, false, value, why, fix, fix})
}
func (w *ward) needed(what, value, why, fix string) {
	w.add(examined{what, stateMissing, true, value, why, fix, fix})
}
func (w *ward) add(e examined) { w.Checks = append(w.Checks, e) }

// checkup is all of it. Its JSON form is for bug reports: it has no host name, no user name and no address in it.
type checkup struct {
	Version string `json:"evviz"`
	Go      string `json:"go"`
	System  string `json:"system"`
	Runs    bool   `json:"runs"` // the lab and a replay can run
	Groups  []ward `json:"groups"`
}

func newDoctor() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what works on this machine, what does not, why, and how to fix it",
		Long: `doctor looks at the terminal, the settings file, the limits, the kernel, what is needed to observe other programs, and the
current folder. What the kernel can do is tried, not guessed from its version. Each line is

  ok        it works
  note      evviz runs, and this is worth knowing
  MISSING   something does not work without it

and, unless it is ok, why, and the command or setting that fixes it. Nothing is changed on the machine.

It ends with 0 when the lab and a replay can run, and with 3 when something that they need is missing. Without any terminal
they can (--headless, --text, --screenshot), so that is a note.`,
		Example: "  evviz doctor\n  evviz doctor --json > report.json     for a bug report: no names, no addresses",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			r := examine()
			var err error
			if asJSON {
				err = r.json(os.Stdout)
			} else {
				err = r.text(os.Stdout)
			}
			if err != nil {
				return failure(fmt.Errorf("write the result: %w", err))
			}
			if !r.Runs {
				return quiet(exitEnv)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, for a bug report")
	c.SetFlagErrorFunc(flagError)
	return c
}

// examine looks at everything. None of it lasts, and none of it depends on another's result, so that a machine on which
// much is missing yields a whole report.
func examine() *checkup {
	r := &checkup{Version: version(), Go: platform(), System: system(), Runs: true}
	r.Groups = []ward{examineTerminal(), examineSettings(), examineLimits(), examineKernel(), examineNetwork(), examineObserving(), examineLooking(), examineFiles()}
	for _, g := range r.Groups {
		for _, e := range g.Checks {
			r.Runs = r.Runs && !e.Needed
		}
	}
	return r
}

func system() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + sys.Linux{}.Release() + " " + unix.ByteSliceToString(u.Machine[:])
}

func (r *checkup) json(w io.Writer) error {
	return plain.WriteJSON(w, r)
}

// marks stand before the word, which says the same.
type marks struct{ ok, note, missing string }

func (r *checkup) text(w io.Writer) error {
	m := marks{"+", "!", "x"}
	if tui.Inspect().Symbols == "block" {
		m = marks{"✓", "!", "✗"}
	}
	paint := func(_, s string) string { return s }
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		paint = func(colour, s string) string { return "\x1b[" + colour + "m" + s + "\x1b[0m" }
	}
	var b strings.Builder
	fmt.Fprintf(&b, "evviz %s, %s, %s\n", r.Version, r.Go, r.System)
	notes, lacks := int64(0), []string{}
	for _, g := range r.Groups {
		fmt.Fprintf(&b, "\n%s\n", paint("1", g.Name))
		for _, e := range g.Checks {
			mark, word, colour := m.ok, "ok     ", "32"
			switch e.State {
			case stateNote:
				mark, word, colour = m.note, "note   ", "33"
				notes++
			case stateMissing:
				mark, word, colour = m.missing, "MISSING", "31"
				lacks = append(lacks, e.What)
			}
			fmt.Fprintf(&b, "  %s  %-19s %s\n", paint(colour, mark+" "+word), e.What, plain.Lines(e.Value))
			for _, line := range wrap(plain.Lines(e.Why), 88) {
				fmt.Fprintf(&b, "%33s%s\n", "", line)
			}
			if e.Fix != "" {
				fmt.Fprintf(&b, "%33s%s %s\n", "", paint("1", "fix:"), plain.Lines(e.Fix))
			}
		}
	}
	b.WriteString("\n")
	switch {
	case !r.Runs:
		var needed []string
		for _, g := range r.Groups {
			for _, e := range g.Checks {
				if e.Needed {
					needed = append(needed, e.What)
				}
			}
		}
		fmt.Fprintf(&b, "evviz cannot do all its work here: %s.\n", strings.Join(needed, ", "))
	case len(lacks) > 0:
		fmt.Fprintf(&b, "The lab and replay can run here. Missing, for what needs it: %s.\n", strings.Join(lacks, ", "))
	case notes > 0:
		fmt.Fprintf(&b, "The lab and replay can run here, with %s.\n", words.Count(notes, "note"))
	default:
		b.WriteString("The lab and replay can run here.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks a text into lines of at most so many characters.
func wrap(s string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// homely writes ~ for the home directory: a report may be shown to others, and the user's name is none of its matter.
func homely(path string) string {
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		if rest, ok := strings.CutPrefix(path, home); ok && (rest == "" || rest[0] == '/') {
			return "~" + rest
		}
	}
	return path
}
