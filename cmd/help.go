package cmd

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"evviz/loop"
)

// useHelp gives a command, and those below it, the help of this file: flags in groups, texts as wide as the terminal.
func useHelp(root *cobra.Command) {
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { io.WriteString(c.OutOrStdout(), helpText(c, helpWidth())) })
}

// Widths of help, columns: what is used where it is not known, and the most that reads well.
const (
	usualHelp = 100
	widest    = 110
)

// helpWidth is how wide help may be: as the terminal, also where a pager or head stands between.
func helpWidth() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		return min(n, widest)
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr, os.Stdin} {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w >= 40 {
			return min(w, widest)
		}
	}
	return usualHelp
}

// helpText is what --help prints.
func helpText(c *cobra.Command, width int) string {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	var b strings.Builder
	b.WriteString(reflow(cmp.Or(c.Long, c.Short+"."), width))
	heading := func(s string) { fmt.Fprintf(&b, "\n%s:\n", s) }
	heading("Usage")
	if c.Runnable() {
		fmt.Fprintf(&b, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n", c.CommandPath())
	}
	if c.Example != "" {
		heading("Examples")
		b.WriteString(strings.TrimRight(c.Example, "\n") + "\n")
	}
	if c.HasAvailableSubCommands() {
		heading("Commands")
		long := 0
		for _, s := range c.Commands() {
			if s.IsAvailableCommand() {
				long = max(long, len(s.Name()))
			}
		}
		for _, s := range c.Commands() {
			if s.IsAvailableCommand() {
				hang(&b, fmt.Sprintf("  %-*s  ", long, s.Name()), s.Short, width)
			}
		}
	}
	for _, g := range groupsOf(c) {
		heading(g.title)
		long := 0
		for _, f := range g.flags {
			if n := len(flagTag(f)); n <= longestTag {
				long = max(long, n)
			}
		}
		for _, f := range g.flags {
			hang(&b, fmt.Sprintf("  %-*s  ", long, flagTag(f)), flagDoc(f), width)
		}
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s COMMAND --help says more about a command.\n", c.CommandPath())
	}
	return b.String()
}

// longestTag is from which width on a flag has its description below it rather than beside it.
const longestTag = 30

// shownGroup is a group as far as a command has its flags.
type shownGroup struct {
	title string
	flags []*pflag.Flag
}

// groupsOf are the flags of a command that are not hidden. One of a few has them all in one.
func groupsOf(c *cobra.Command) (out []shownGroup) {
	var all []*pflag.Flag
	byName := map[string]*pflag.Flag{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Deprecated == "" {
			byName[f.Name] = f
			all = append(all, f)
		}
	})
	few := len(all) <= fewFlags
	for _, g := range flagGroups {
		s := shownGroup{title: g.title}
		for _, name := range g.flags {
			if f := byName[name]; f != nil {
				s.flags = append(s.flags, f)
				delete(byName, name)
			}
		}
		switch {
		case len(s.flags) == 0:
		case few && len(out) > 0:
			out[0].flags = append(out[0].flags, s.flags...)
		case few:
			s.title = "Flags"
			out = append(out, s)
		default:
			out = append(out, s)
		}
	}
	return out
}

// fewFlags is up to how many flags need no groups.
const fewFlags = 8

// flagTag is a flag as it is written, with a word for its value.
func flagTag(f *pflag.Flag) string {
	s := "    --" + f.Name
	if f.Shorthand != "" {
		s = "-" + f.Shorthand + ", --" + f.Name
	}
	if v := valueWord(f); v != "" {
		if f.NoOptDefVal != "" {
			return s + "[=" + v + "]"
		}
		return s + " " + v
	}
	return s
}

// valueWord stands for the value of a flag; "" where it stands alone.
func valueWord(f *pflag.Flag) string {
	if f.Value.Type() == "bool" {
		return ""
	}
	if w := valueWords[f.Name]; w != "" {
		return w
	}
	switch f.Value.Type() {
	case "duration":
		return "TIME"
	case "int", "int64", "float64":
		return "N"
	}
	if k, ok := loop.FindKnob(f.Name); ok {
		def := loop.Default()
		v := k.Get(&def)
		if _, err := strconv.Atoi(v); err == nil {
			return "N"
		}
		if _, err := time.ParseDuration(v); err == nil {
			return "TIME"
		}
	}
	return "WORD"
}

// flagDoc is what a flag does, and its default.
func flagDoc(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "0", "0s", "false", "[]", "true", "-1":
		return f.Usage
	}
	if strings.Contains(f.Usage, "(default") {
		return f.Usage
	}
	return f.Usage + " (default " + f.DefValue + ")"
}

// hang writes a text behind a tag, its further lines below its beginning.
func hang(b *strings.Builder, tag, text string, width int) {
	indent := len(tag)
	if indent > longestTag+6 {
		b.WriteString(strings.TrimRight(tag, " ") + "\n")
		indent = 12
		tag = strings.Repeat(" ", indent)
	}
	for i, line := range wrapped(text, max(width-indent, 20)) {
		if i > 0 {
			tag = strings.Repeat(" ", indent)
		}
		b.WriteString(tag + line + "\n")
	}
}

// wrapped breaks a text at blanks.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for w := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = w
		case len([]rune(line))+1+len([]rune(w)) > width:
			lines = append(lines, line)
			line = w
		default:
			line += " " + w
		}
	}
	return append(lines, line)
}

// reflow makes the paragraphs of a text as wide as can be. What is indented stays as it is.
func reflow(text string, width int) string {
	var b, paragraph strings.Builder
	flush := func() {
		if paragraph.Len() > 0 {
			b.WriteString(strings.Join(wrapped(paragraph.String(), width), "\n") + "\n")
			paragraph.Reset()
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, " ") {
			flush()
			b.WriteString(line + "\n")
			continue
		}
		paragraph.WriteString(line + " ")
	}
	flush()
	return b.String()
}
