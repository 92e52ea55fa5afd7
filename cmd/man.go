package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/internal/files"
	"evviz/tui"
)

// manDate stands on the pages. It is fixed, so that the same program writes the same pages on every day; it is changed with
// a release.
const manDate = "2026-11-23"

// manMark begins a page, so that a page of an earlier version is known and can be replaced.
const manMark = ".\\\" Made by evviz man"

func newMan() *cobra.Command {
	return &cobra.Command{Use: "man [DIR]", Short: "Write the manual pages into a directory (default: the current one)", Hidden: true,
		Long: `man writes the manual pages, one for each command, made from the commands themselves. To install them for yourself:

  evviz man ~/.local/share/man/man1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("man: one directory, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			pages := manPages()
			ours := files.Over{Kind: "a manual page of evviz", Force: true, Ours: func(head []byte) bool { return strings.HasPrefix(string(head), manMark) }}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return env(err)
			}
			for name, text := range pages {
				path := filepath.Join(dir, name)
				if err := files.Write(path, text, 0o644, ours); err != nil {
					return env(fmt.Errorf("write the manual page %s: %w; choose another directory", path, err))
				}
			}
			say("wrote %d pages to %s; read one with: man -l %s", len(pages), dir, filepath.Join(dir, "evviz.1"))
			return nil
		}}
}

// manPages are the pages by file name.
//
// cobra has a generator of its own (cobra/doc). It takes every text for Markdown, which the texts of these commands are not (their
// indented lines would run together), and brings three modules into the program; this is shorter than what it would take to
// get around that.
func manPages() map[string][]byte {
	root := newRoot()
	root.InitDefaultVersionFlag()
	pages := map[string][]byte{}
	var write func(c *cobra.Command)
	write = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		pages[manName(c)+".1"] = []byte(manPage(c))
		for _, sub := range c.Commands() {
			write(sub)
		}
	}
	write(root)
	return pages
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage is the page of one command.
func manPage(c *cobra.Command) string {
	c.InitDefaultHelpFlag()
	var r roff
	fmt.Fprintf(&r.b, manMark+"; make docs rewrites it.\n.TH %q 1 %s evviz \"User Commands\"\n", strings.ToUpper(roffText(manName(c))), roffText(manDate))
	r.section("NAME")
	fmt.Fprintf(&r.b, "%s \\- %s\n", roffText(manName(c)), roffText(c.Short))
	r.section("SYNOPSIS")
	fmt.Fprintf(&r.b, "\\fB%s\\fP%s\n", roffText(c.CommandPath()), roffText(strings.TrimPrefix(c.UseLine(), c.CommandPath())))
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			fmt.Fprintf(&r.b, ".br\n\\fB%s\\fP%s\n", roffText(sub.CommandPath()), roffText(strings.TrimPrefix(sub.UseLine(), sub.CommandPath())))
		}
	}
	r.section("DESCRIPTION")
	r.plain(or(c.Long, c.Short+"."))
	r.section("OPTIONS")
	groups := groupsOf(c)
	for _, g := range groups {
		if len(groups) > 1 {
			fmt.Fprintf(&r.b, ".SS %s\n", roffText(g.title))
		}
		for _, f := range g.flags {
			r.flag(f)
		}
	}
	if c.Example != "" {
		r.section("EXAMPLES")
		r.plain(c.Example)
	}
	if !c.HasParent() {
		r.common()
	}
	var also []string
	if c.HasParent() {
		also = append(also, manName(c.Parent()))
	}
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			also = append(also, manName(sub))
		}
	}
	if !c.HasParent() {
		also = append(also, "strace")
	}
	r.section("SEE ALSO")
	for i, name := range also {
		comma := ","
		if i == len(also)-1 {
			comma = ""
		}
		fmt.Fprintf(&r.b, ".BR %s (1)%s\n", roffText(name), comma)
	}
	return r.b.String()
}

// common are the sections that are about evviz as a whole.
func (r *roff) common() {
	r.section("KEYS")
	r.text("On the screen. Each can be given another key in the settings file, by its name in brackets, which is a command of the : line, too.")
	for _, a := range tui.Actions() {
		r.item(strings.Join(a.Keys, ", "), a.Help+" ["+a.Name+"]")
	}
	r.section("EXIT STATUS")
	for _, x := range []struct{ code, means string }{
		{"0", "All is well; evviz check found nothing above info."},
		{"1", "Findings (check), expectations that were not met (scenarios run), or something failed while it ran."},
		{"2", "A flag, a name, a script or a setting is wrong. Nothing was started."},
		{"3", "The environment lacks something, or a file cannot be read or written. evviz doctor says what is missing."},
		{"70", "A mistake in evviz itself. The terminal is restored, and what happened is printed."},
		{"128+N", "Signal N ended it: 130 Ctrl-C from outside, 143 SIGTERM. A recording is ended in order first."},
	} {
		r.item(x.code, x.means)
	}
	r.section("ENVIRONMENT")
	r.item("EVVIZ_NAME", "The value of the flag --name where the flag is not written: EVVIZ_THEME=light, EVVIZ_NO_MOUSE=true. Goes before the settings file.")
	for _, x := range []struct{ name, means string }{
		{"EVVIZ_CONFIG", "The settings file; it must be there then."},
		{"XDG_CONFIG_HOME", "Where evviz/config.toml is looked for (default ~/.config)."},
		{"TERM, COLORTERM", "What the terminal is. Without an entry for TERM it is taken for xterm-256color. COLORTERM=truecolor promises true colour."},
		{"NO_COLOR", "When it is not empty nothing has a colour. Every colour is doubled by a glyph."},
		{"LC_ALL, LC_CTYPE, LANG", "The first that is set says the character set; without UTF-8 the screen is drawn with ASCII."},
	} {
		r.item(x.name, x.means)
	}
	r.section("FILES")
	r.item("~/.config/evviz/config.toml", "Settings: looks, what is kept, thresholds of the findings, keys, themes. evviz config --print-default prints one that changes nothing. It can set: "+strings.Join(slices.Sorted(slices.Values(settable)), ", ")+".")
	r.item("evviz-DATE-TIME.evt", "A recording that the key r made, in the current folder. It holds counts, never what was sent, and only its owner can read it.")
	r.item("evviz-DATE-TIME-RULE.evt", "What --save-on saved when that rule found something.")
}

// roff writes the few requests that are needed of it (man(7)).
type roff struct{ b strings.Builder }

func (r *roff) section(name string) { fmt.Fprintf(&r.b, ".SH %s\n", name) }
func (r *roff) text(s string)       { fmt.Fprintf(&r.b, ".PP\n%s\n", roffText(s)) }
func (r *roff) item(tag, s string) {
	fmt.Fprintf(&r.b, ".TP\n\\fB%s\\fP\n%s\n", roffText(tag), roffText(s))
}

// flag is a flag with its value and default.
func (r *roff) flag(f *pflag.Flag) {
	tag := "\\fB" + roffText("--"+f.Name) + "\\fP"
	if f.Shorthand != "" {
		tag = "\\fB" + roffText("-"+f.Shorthand) + "\\fP, " + tag
	}
	switch what := valueWord(f); {
	case f.NoOptDefVal != "" && what != "":
		tag += "[=\\fI" + roffText(what) + "\\fP]"
	case what != "":
		tag += " \\fI" + roffText(what) + "\\fP"
	}
	fmt.Fprintf(&r.b, ".TP\n%s\n%s\n", tag, roffText(flagDoc(f)))
}

// plain is a text as it is written for a terminal: paragraphs, and indented lines that stay as they are.
func (r *roff) plain(s string) {
	block, begun := false, false
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\n")
		empty := strings.TrimSpace(line) == ""
		switch indented := strings.HasPrefix(line, "  "); {
		case empty:
			begun = false
			if block {
				r.b.WriteString("\n")
			}
			continue
		case indented && !block:
			r.b.WriteString(".PP\n.nf\n.RS 4\n")
			block = true
		case !indented && block:
			r.b.WriteString(".RE\n.fi\n")
			block, begun = false, false
		}
		if !block && !begun {
			r.b.WriteString(".PP\n")
			begun = true
		}
		r.b.WriteString(roffText(strings.TrimPrefix(line, "  ")) + "\n")
	}
	if block {
		r.b.WriteString(".RE\n.fi\n")
	}
}

// roffText makes a line that means itself: a hyphen is what is typed, and a dot at the beginning is no request.
func roffText(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "←", `\(<-`, "→", `\(->`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
