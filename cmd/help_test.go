package cmd

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/loop"
)

// everyCommand are the commands that people see.
func everyCommand() (out []*cobra.Command) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		c.InitDefaultHelpFlag()
		out = append(out, c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
	return out
}

// TestHelpGroups: every flag stands in one group, every name of a group is a flag, and each command's help and manual page have all its
// flags once.
func TestHelpGroups(t *testing.T) {
	t.Parallel()
	groups := map[string]int{}
	for _, g := range flagGroups {
		for _, f := range g.flags {
			groups[f]++
		}
	}
	flags := map[string]bool{"version": true}
	for _, c := range everyCommand() {
		help, page := helpText(c, 100), manPage(c)
		c.Flags().VisitAll(func(f *pflag.Flag) {
			flags[f.Name] = true
			n := strings.Count(help, "--"+f.Name+" ") + strings.Count(help, "--"+f.Name+"[") + strings.Count(help, "--"+f.Name+"\n")
			if f.Hidden {
				return
			}
			if groups[f.Name] != 1 {
				t.Errorf("%s --%s stands in %d groups, want 1", c.CommandPath(), f.Name, groups[f.Name])
			}
			if n == 0 {
				t.Errorf("%s --help does not list --%s", c.CommandPath(), f.Name)
			}
			if !strings.Contains(page, roffText("--"+f.Name)+"\\fP") {
				t.Errorf("the manual page of %s does not list --%s", c.CommandPath(), f.Name)
			}
		})
		if c.Flags().HasAvailableFlags() && strings.Contains(help, "\nFlags:\n") == (strings.Contains(help, "\nMore:\n") || strings.Contains(help, "\nThe screen:\n")) {
			t.Errorf("the help of %s has neither one list of flags nor groups:\n%s", c.CommandPath(), help)
		}
	}
	for name := range groups {
		if !flags[name] {
			t.Errorf("a group of --help has --%s, which is no flag", name)
		}
	}
}

// TestHelpWidth: no line of a help is wider than the terminal, but for what is written out to be copied.
func TestHelpWidth(t *testing.T) {
	t.Parallel()
	for _, c := range everyCommand() {
		for _, width := range []int{60, 80, 110} {
			copied := c.Long + c.Example + c.UseLine()
			for line := range strings.Lines(helpText(c, width)) {
				line = strings.TrimRight(line, "\n")
				if len([]rune(line)) > width && !strings.Contains(copied, strings.TrimSpace(line)) {
					t.Errorf("%s --help at %d columns has a line of %d: %s", c.CommandPath(), width, len([]rune(line)), line)
				}
			}
		}
	}
}

// TestSwitches: a setting that is true or false is a flag that stands alone, --no-NAME where it is true by itself; the older form with a
// value works, and nothing that help shows asks for a word.
func TestSwitches(t *testing.T) {
	t.Parallel()
	def := loop.Default()
	for i := range loop.Knobs {
		k := &loop.Knobs[i]
		v := k.Get(&def)
		if v != "true" && v != "false" {
			continue
		}
		other := map[string]string{"true": "false", "false": "true"}[v]
		written := "--" + k.Name
		if v == "true" {
			written = "--no-" + k.Name
			if offDocs[k.Name] == "" {
				t.Errorf("--no-%s has no description", k.Name)
			}
		}
		for _, args := range [][]string{{written}, {"--" + k.Name + "=" + other}, {written + "=true"}} {
			o := &labOptions{}
			c := &cobra.Command{}
			o.flags(c)
			if err := c.ParseFlags(args); err != nil {
				t.Fatalf("%v: %v", args, err)
			}
			b, err := o.behaviour(c, nil)
			if err != nil && !strings.Contains(err.Error(), "sleep-poll") {
				t.Fatalf("%v: %v", args, err)
			}
			if got := k.Get(&b); err == nil && got != other {
				t.Errorf("%v: %s is %s, want %s", args, k.Name, got, other)
			}
			passed := slices.DeleteFunc(passedOn(c), func(s string) bool { return s == "--"+k.Name+"="+other })
			if len(passed) > 0 {
				t.Errorf("%v: compare passes on %v besides", args, passed)
			}
		}
		help := helpText(newRoot(), 200)
		if !strings.Contains(help, "      "+written+" ") || strings.Contains(help, written+" WORD") || strings.Contains(help, written+"[") {
			t.Errorf("--help does not have %s as a flag that stands alone", written)
		}
	}
	if r := run(t, "--split", "true"); r.code != exitUsage || !strings.Contains(r.err, "a switch needs no value (--split)") {
		t.Errorf("--split true: exit code %d, %s", r.code, r.err)
	}
}
