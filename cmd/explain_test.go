package cmd

import (
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/internal/testkit"
)

// TestExplainFinds: a word finds the rules that speak of it, one of them is shown, several are listed; what is no rule says what comes nearest.
func TestExplainFinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		want []string
		not  string
	}{
		{[]string{"starvation"}, 0, []string{"# EV04 starvation", "## How to fix it"}, "rules speak"},
		{[]string{"Starvation"}, 0, []string{"# EV04 starvation"}, ""},
		{[]string{"edge"}, 0, []string{"rules speak of edge", "\nEV03 et-undrained", "\nEV32 et-flag-lost"}, "## "},
		{[]string{"edge", "drained"}, 0, []string{"# EV03 et-undrained"}, "EV32 "},
		{[]string{"edge drained"}, 0, []string{"# EV03 et-undrained"}, "EV32 "},
		{[]string{"EV99"}, exitUsage, []string{`there is no rule "EV99"`, diagnostics.IDs(), "nearest are", "EV38 no-progress, EV39 cut-message"}, ""},
		{[]string{"0"}, exitUsage, []string{"nearest are EV01 lt-unserviced, EV02 lt-leftover"}, ""},
		{[]string{"starvaton"}, exitUsage, []string{"did you mean starvation?"}, ""},
		{[]string{"lt-lefover"}, exitUsage, []string{"did you mean lt-leftover?"}, ""},
		{[]string{"EV08", "starvation"}, 0, []string{"# EV08 write-spin", "\n# EV04 starvation"}, ""},
		{[]string{"qqqqqqqq"}, exitUsage, []string{"evviz explain lists them"}, "did you mean"},
	} {
		r := run(t, append([]string{"explain"}, c.args...)...)
		said := r.out + r.err
		for _, w := range c.want {
			if !strings.Contains(said, w) {
				t.Errorf("explain %v: want %q in\n%s", c.args, w, said)
			}
		}
		if r.code != c.code || c.not != "" && strings.Contains(said, c.not) {
			t.Errorf("explain %v: exit code %d, want %d, without %q:\n%s", c.args, r.code, c.code, c.not, said)
		}
	}
}

// TestExplainOnTerminal: on a terminal the page is laid out and has no marks of Markdown; with NO_COLOR it has no control sequence either.
func TestExplainOnTerminal(t *testing.T) {
	t.Parallel()
	x := testkit.StartTerminal(t, 70, 60, program(t, "explain", "EV03"))
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	raw := x.Written()
	for _, s := range []string{"# ", "`", "**"} {
		if strings.Contains(raw, s) {
			t.Errorf("the page on a terminal has %q: %s", s, raw)
		}
	}
	if !strings.Contains(raw, sgrBold+"Why it matters"+sgrOff) || !strings.Contains(raw, sgrDim+"read"+sgrOff) {
		t.Errorf("headings are not bold, or code is not dim: %q", raw)
	}
	p := program(t, "explain", "EV03")
	p.Env = append(p.Env, "NO_COLOR=1")
	x = testkit.StartTerminal(t, 70, 60, p)
	x.Exit()
	if raw := x.Written(); strings.Contains(raw, "\x1b") || !strings.Contains(raw, "\nWhy it matters") {
		t.Errorf("with NO_COLOR the page is %q", raw)
	}
}

// TestMarkdown: the forms that a page may have, in 40 columns.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	page := "# Title\n\nA paragraph with `some code` in it that is longer than a line is,\nin two lines.\n\n- one item that is so long that it needs two lines\n- two\n1. first\n\n    code  stays | as it is\n\n```\nfenced `too`\n```\n\n| what | means |\n|---|---|\n| `a\\|b` | a cell that is longer than there is room for here |\n| c | d |\n"
	want := "Title\n\n  A paragraph with `some code` in it that\n  is longer than a line is, in two lines.\n\n  - one item that is so long that it\n    needs two lines\n  - two\n  1. first\n\n      code  stays | as it is\n\n      fenced `too`\n\n  what   means\n  `a|b`  a cell that is longer than there\n         is room for here\n  c      d\n"
	if got := renderMarkdown(page, 41, false); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	styled := renderMarkdown(page, 41, true)
	for _, s := range []string{sgrBold + "Title" + sgrOff, sgrDim + "some code" + sgrOff, sgrBold + "means" + sgrOff, sgrDim + "a|b" + sgrOff + "   a cell"} {
		if !strings.Contains(styled, s) {
			t.Errorf("want %q in\n%q", s, styled)
		}
	}
	for i := range diagnostics.Rules {
		for line := range strings.Lines(renderMarkdown(diagnostics.Rules[i].Page(), 80, false)) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 && !strings.HasPrefix(line, "      ") {
				t.Errorf("%s: a line of %d columns: %s", diagnostics.Rules[i].ID, n, line)
			}
		}
	}
}
