package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/diagnostics"
	"evviz/internal/testkit"
	"evviz/lab"
	"evviz/loop"
	"evviz/scenarios"
)

// completes is what Tab offers behind words, without descriptions, and the directive.
func completes(t *testing.T, c *exec.Cmd) (values []string, directive string) {
	t.Helper()
	r := finish(t, c)
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	for _, l := range lines[:len(lines)-1] {
		v, _, _ := strings.Cut(l, "\t")
		values = append(values, v)
	}
	return values, lines[len(lines)-1]
}

// The directives, as __complete prints them.
const (
	filesToo    = ":0"
	noMoreFiles = ":4"
	goesOn      = ":6" // the word goes on behind what is offered
	byEnding    = ":8"
	folders     = ":16"
)

func TestCompletion(t *testing.T) {
	t.Parallel()
	settings := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(settings, []byte("[themes.sunset]\nbase = \"dark\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line      string // what comes before Tab, words separated by blanks; "" at the end is an empty word
		want      string // all of these are offered
		not       string // and none of these
		directive string
	}{
		{"--mode |ep", "epoll epoll-lt epoll-et", "poll", noMoreFiles},
		{"--trigger |", "level edge oneshot", "", noMoreFiles},
		{"--scenario |", "demo none 09b-edge " + scenarios.NamesOf(scenarios.Museum)[0] + " " + scenarios.NamesOf(scenarios.Truth)[0], "", filesToo},
		{"--lesson |09", "09a-level 09b-edge", "demo 10a-deferred-level", noMoreFiles},
		{"--theme |", "dark light terminal colour-blind sunset", "", noMoreFiles},
		{"replay --theme |s", "sunset", "dark", noMoreFiles},
		{"compare --theme |", "dark sunset", "", noMoreFiles},
		{"--view |", "timeline iteration registered latency findings events", "", noMoreFiles},
		{"--symbols |", "auto braille block ascii", "", noMoreFiles},
		{"--preset |", "article", "", noMoreFiles},
		{"--reads |", "1 0 short drain", "", noMoreFiles},
		{"--serve |", "echo commands delay", "", noMoreFiles},
		{"--on-eof |", "close ignore leak", "", noMoreFiles},
		{"scenarios run --on-eof |l", "leak", "close", noMoreFiles},
		{"--threshold |st", "stall=", "gap=", goesOn},
		{"check --threshold |", "stall= gap=", "", goesOn},
		{"check --fail-on |", "info warn critical EV01 EV39 write-spin", "", noMoreFiles},
		{"check --fail-on |EV08,cr", "EV08,critical", "EV08,warn", noMoreFiles},
		{"check --only |", "EV01 EV39", "critical", noMoreFiles},
		{"--save-on |w", "warn write-spin", "EV01", noMoreFiles},
		{"compare --scenario |com", "compare", "demo", filesToo},
		{"compare |epoll:", "epoll:level epoll:edge epoll:oneshot", "poll", filesToo},
		{"compare --keep |", "", "", folders},
		{"--scenario sweep --param |", "active=", "", goesOn},
		{"--record |", "evt", "", byEnding},
		{"replay |", "evt strace", "", byEnding},
		{"replay x.evt |", "", "", noMoreFiles},
		{"replay --screenshot |", "svg txt ans", "", byEnding},
		{"check |", "evt strace", "", byEnding},
		{"explain |", "EV01 EV39 write-spin", "", noMoreFiles},
		{"explain EV01 |EV3", "EV30 EV39", "EV01", noMoreFiles},
		{"scenarios show |", "demo 01-blocking", "museum", noMoreFiles},
		{"scenarios run |", "demo 01-blocking lessons truth museum", "", filesToo},
		{"completion |", "bash zsh fish powershell", "", noMoreFiles},
		{"|", "replay check compare doctor explain completion", "clients hand child peers man", noMoreFiles},
		{"--interval |", "250ms", "", noMoreFiles},
	} {
		t.Run(c.line, func(t *testing.T) {
			given, typed, _ := strings.Cut(c.line, "|")
			args := append(append([]string{"__complete"}, strings.Fields(given)...), typed)
			p := program(t, args...)
			p.Env = append(p.Env, "EVVIZ_CONFIG="+settings)
			got, directive := completes(t, p)
			has := map[string]bool{}
			for _, v := range got {
				has[v] = true
				if directive != byEnding && !strings.HasPrefix(v, typed) {
					t.Errorf("%q does not begin with %q", v, typed)
				}
			}
			for _, w := range strings.Fields(c.want) {
				if !has[w] {
					t.Errorf("%s is not offered: %v", w, got)
				}
			}
			for _, w := range strings.Fields(c.not) {
				if has[w] {
					t.Errorf("%s is offered", w)
				}
			}
			if directive != c.directive {
				t.Errorf("the directive is %s, want %s", directive, c.directive)
			}
		})
	}
}

// TestCompletionOfEveryFlag: no flag is without, and none that takes a few words offers nothing.
func TestCompletionOfEveryFlag(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Name == "version" || f.Value.Type() == "bool" || c.Hidden || f.Hidden {
				return
			}
			complete, ok := c.GetFlagCompletionFunc(f.Name)
			if !ok {
				t.Errorf("%s --%s: nothing is said of what completes it", c.CommandPath(), f.Name)
				return
			}
			got, _ := complete(c, nil, "")
			if k, is := loop.FindKnob(f.Name); is && len(lab.KnobChoices(k)) > 0 && len(got) < 2 {
				t.Errorf("%s --%s takes %v, and %v is offered", c.CommandPath(), f.Name, lab.KnobChoices(k), got)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
	for _, w := range ruleWords(true) {
		if w, _, _ = strings.Cut(w, "\t"); diagnostics.RuleOf(w) == nil {
			if _, ok := diagnostics.SeverityOf(w); !ok {
				t.Errorf("%s is offered for --fail-on and is neither rule nor severity", w)
			}
		}
	}
}

// TestCompletionScripts: each shell's script is one that the shell reads, where it is there to be asked.
func TestCompletionScripts(t *testing.T) {
	for _, s := range shells {
		r := run(t, "completion", s)
		if r.code != 0 || !strings.Contains(r.out, "__complete") {
			t.Errorf("%s: exit code %d, %s", s, r.code, r.err)
		}
	}
	if r := run(t, "completion", "bahs"); r.code != 2 || !strings.Contains(r.err, "did you mean bash?") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r := run(t, "completion"); r.code != 2 || !strings.Contains(r.err, "which shell") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	c := exec.Command(testkit.Need(t, "bash"), "-n")
	c.Stdin = strings.NewReader(run(t, "completion", "bash").out)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("bash: %v: %s", err, out)
	}
}
