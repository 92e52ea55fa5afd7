package cmd

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/diagnostics"
	"evviz/figures"
	"evviz/lab"
	"evviz/loop"
	"evviz/scenarios"
	"evviz/trace"
	"evviz/tui"
)

// What Tab offers for a value is said here, once for each name of a flag, since a name means the same in every command that
// has it. A value may have a description behind a tab. A flag that is not here offers nothing, rather than the files of the
// folder; a test asks every flag.

// valueOf is what completes the value of a flag.
type valueOf func(c *cobra.Command, typed string) ([]string, cobra.ShellCompDirective)

const (
	noFiles = cobra.ShellCompDirectiveNoFileComp
	noSpace = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
)

// flagValues are the flags whose values are no setting of the server.
func flagValues() map[string]valueOf {
	rules := listed(func() []string { return ruleWords(true) })
	return map[string]valueOf{
		"mode":           wordsOf(func() []string { return lab.ModeWords() }),
		"trigger":        wordsOf(func() []string { return trace.TriggerNames[1:] }),
		"preset":         wordsOf(func() []string { return []string{"article\tthe tutorial's polling server"} }),
		"scenario":       scenarioValues,
		"lesson":         wordsOf(func() []string { return storyWords(scenarios.Lessons) }),
		"param":          paramValues,
		"text":           wordsOf(func() []string { return []string{"lines\tfor people", "raw\tevery field; can be read back"} }),
		"theme":          wordsOf(themeWords),
		"symbols":        wordsOf(func() []string { return tui.SymbolSets }),
		"view":           wordsOf(func() []string { return tui.ViewNames() }),
		"threshold":      thresholdValues,
		"fail-on":        rules,
		"save-on":        rules,
		"only":           listed(func() []string { return ruleWords(false) }),
		"listen":         wordsOf(func() []string { return []string{"127.0.0.1:4201\tthe usual one", "127.0.0.1:0\ta free port"} }),
		"size":           wordsOf(func() []string { return []string{"80x24", "120x36", "200x50"} }),
		"speed":          wordsOf(func() []string { return []string{"0.1", "0.5", "1", "2", "10", "100"} }),
		"record":         filesOf("evt"),
		"with":           anyFile,
		"ignore":         wordsOf(func() []string { return ruleWords(false) }),
		"baseline":       filesOf("json"),
		"write-baseline": filesOf("json"),
		"screencast":     filesOf("svg", "cast"),
		"fps":            wordsOf(func() []string { return []string{"5", "10", "20"} }),
		"screenshot":     filesOf("svg", "txt", "ans"),
	}
}

// wordsOf offers a list.
func wordsOf(list func() []string) valueOf {
	return func(*cobra.Command, string) ([]string, cobra.ShellCompDirective) { return list(), noFiles }
}

// listed offers what may follow a comma.
func listed(list func() []string) valueOf {
	return func(_ *cobra.Command, typed string) (out []string, _ cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		for _, w := range list() {
			out = append(out, before+w)
		}
		return out, noFiles
	}
}

// filesOf offers files that end in one of these.
func filesOf(endings ...string) valueOf {
	return func(*cobra.Command, string) ([]string, cobra.ShellCompDirective) {
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}

func storyWords(groups ...string) (out []string) {
	for _, g := range groups {
		for _, n := range scenarios.NamesOf(g) {
			if s, err := scenarios.Load(figures.Stories{}, n); err == nil {
				n += "\t" + s.Title
			}
			out = append(out, n)
		}
	}
	return out
}

// scenarioValues are all stories; a file may be one, too.
func scenarioValues(*cobra.Command, string) ([]string, cobra.ShellCompDirective) {
	return append(storyWords(scenarios.Groups...), "none\tno clients"), cobra.ShellCompDirectiveDefault
}

// paramValues are what the scenario of the line leaves open.
func paramValues(c *cobra.Command, _ string) (out []string, _ cobra.ShellCompDirective) {
	names := c.Flags().Args() // of scenarios run
	if f := c.Flags().Lookup("scenario"); f != nil {
		names = []string{f.Value.String()}
	}
	for _, n := range names {
		if s, err := scenarios.Load(figures.Stories{}, n); err == nil {
			for _, p := range s.Params {
				out = append(out, p.Name+"=\tnow "+p.Value)
			}
		}
	}
	return out, noSpace
}

func thresholdValues(*cobra.Command, string) (out []string, _ cobra.ShellCompDirective) {
	set := diagnostics.Default()
	for i := range diagnostics.Thresholds {
		t := &diagnostics.Thresholds[i]
		out = append(out, t.Name+"=\t"+t.Get(&set)+": "+t.Doc)
	}
	return out, noSpace
}

// ruleWords are the rules, and the severities where those may stand, too.
func ruleWords(severities bool) (out []string) {
	if severities {
		out = append(out, "info\tand above", "warn\tand above", "critical")
	}
	for i := range diagnostics.Rules {
		r := &diagnostics.Rules[i]
		out = append(out, r.ID+"\t"+r.Says, r.Name+"\t"+r.ID)
	}
	return out
}

// themeWords are the themes, those of the settings file among them if it can be read.
func themeWords() []string {
	names := slices.Collect(maps.Keys(tui.Themes))
	if cfg, err := readConfig(); err == nil {
		for n := range cfg.themes {
			if !slices.Contains(names, n) {
				names = append(names, n+"\tof the settings file")
			}
		}
	}
	slices.Sort(names)
	return names
}

// knobWords are what a setting of the server can be: the few words that it takes, or what its description begins with and it
// takes, and its default.
func knobWords(k *loop.Knob) []string {
	if c := lab.KnobChoices(k); c != nil {
		return c
	}
	def := loop.Default()
	out := []string{}
	if v := k.Get(&def); v != "" {
		out = append(out, v)
	}
	_, list, _ := strings.Cut(k.Doc, ": ")
	for w := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ' ' || r == ',' }) {
		b := loop.Default()
		if k.Set(&b, w) == nil && k.Get(&b) == w && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// beginning leaves what begins with what was typed. Endings of files are no values and stay.
func beginning(typed string) func([]string, cobra.ShellCompDirective) ([]string, cobra.ShellCompDirective) {
	return func(list []string, d cobra.ShellCompDirective) ([]string, cobra.ShellCompDirective) {
		if d&cobra.ShellCompDirectiveFilterFileExt == 0 {
			list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !strings.HasPrefix(s, typed) })
		}
		return list, d
	}
}

// completeFlags gives every flag of a command, and of those below it, what Tab offers for its value.
func completeFlags(c *cobra.Command) {
	values := flagValues()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			v, ok := values[f.Name]
			if f.Value.Type() == "string" && f.Name == "keep" || c.Name() == "run" && f.Name == "record" { // directories, here
				v, ok = func(*cobra.Command, string) ([]string, cobra.ShellCompDirective) {
					return nil, cobra.ShellCompDirectiveFilterDirs
				}, true
			}
			if k, is := loop.FindKnob(f.Name); is && !ok {
				v, ok = wordsOf(func() []string { return knobWords(k) }), true
			}
			if !ok {
				v = wordsOf(func() []string { return nil })
			}
			c.RegisterFlagCompletionFunc(f.Name, func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
				return beginning(typed)(v(c, typed))
			})
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(c)
	none := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return nil, noFiles }
	recordings := func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, noFiles
		}
		return []string{"evt", "strace", "log", "txt"}, cobra.ShellCompDirectiveFilterFileExt
	}
	args := map[string]cobra.CompletionFunc{
		"evviz":         none,
		"evviz replay":  recordings,
		"evviz check":   recordings,
		"evviz config":  none,
		"evviz doctor":  none,
		"evviz version": none,
		"evviz man": func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		"evviz explain": func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return ruleWords(false), noFiles
		},
		"evviz scenarios":      none,
		"evviz scenarios list": none,
		"evviz scenarios show": func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, noFiles
			}
			return storyWords(scenarios.Groups...), noFiles
		},
		"evviz scenarios run": func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			groups := []string{scenarios.Lessons + "\tall of them", scenarios.Truth + "\tall of them", scenarios.Museum + "\tevery mistake and its fix"}
			return append(groups, storyWords(scenarios.Groups...)...), cobra.ShellCompDirectiveDefault
		},
		"evviz compare": func(_ *cobra.Command, _ []string, typed string) (out []string, _ cobra.ShellCompDirective) {
			for _, m := range lab.ModeWords() {
				out = append(out, m)
				if mode, _, ok := strings.Cut(typed, ":"); ok && mode == m {
					for _, t := range trace.TriggerNames[1:] {
						out = append(out, m+":"+t)
					}
				}
			}
			return out, cobra.ShellCompDirectiveDefault
		},
	}
	var give func(c *cobra.Command)
	give = func(c *cobra.Command) {
		if f, ok := args[c.CommandPath()]; ok {
			c.ValidArgsFunction = func(c *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
				return beginning(typed)(f(c, given, typed))
			}
		}
		for _, sub := range c.Commands() {
			give(sub)
		}
	}
	give(c)
}

// anyFile offers the files of the folder.
func anyFile(*cobra.Command, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}
