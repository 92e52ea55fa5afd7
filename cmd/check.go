package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/export"
	"evviz/probe"
	"evviz/probe/look"
	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

type checkOptions struct {
	json, md, sarif, explain bool
	failOn                   []string
	only                     []string
	set                      []string
	look                     bool
	with, ignore             []string
	baseline, writeBaseline  string
	valid                    bool
}

func newCheck() *cobra.Command {
	o := &checkOptions{}
	c := &cobra.Command{
		Use:   "check FILE|PID|-",
		Short: "Say what is wrong, with evidence: for a recording or what strace printed",
		Long: `check reads a recording (.evt) or what strace printed (- is standard input: paste it) and says what is wrong with the
event loop in it, in full sentences with their numbers. Without times, without the beginning, with lines missing: it
says what it can, with its confidence.

For the number of a process, check looks into that process as evviz snapshot does, and says what is wrong as far as one can
see that without tracing it.

It ends with 0 when there is nothing above info, with 1 when there is (or, with --fail-on, when what is named there was
found), with 2 for a wrong command line and with 3 when the file cannot be read, or when less than 80 % of the lines that look
like calls were understood and nothing that fails was found in the rest.

The rules: evviz explain. Their thresholds (--threshold NAME=VALUE):

` + thresholds(),
		Example: `  strace -f -ttt -T -yy -o log.strace -p PID      and Ctrl-C after a while
  evviz check log.strace
  evviz check --json run.evt | jq '.findings[].sentence'
  evviz check --fail-on EV08,critical run.evt     for CI
  evviz explain EV08`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("check: which file? evviz check FILE, or - for standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if pid, ok := processOf(args[0]); ok {
				return o.process(c, pid)
			}
			return o.run(args[0])
		},
	}
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "print one JSON object (docs/check.md has its fields)")
	f.BoolVar(&o.md, "md", false, "print Markdown, for a bug report")
	f.BoolVar(&o.sarif, "sarif", false, "print SARIF 2.1.0, for a code host")
	f.BoolVar(&o.explain, "explain", false, "with each finding say why it matters, and its possible false positives")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "end with 1 only when one of these was found: rules (EV08), severities (warn: and above)")
	f.StringSliceVar(&o.only, "only", nil, "look for these rules alone")
	f.BoolVar(&o.look, "look", false, "the program still runs: ask the kernel what is unread in the sockets of the findings now")
	withFlag(c, &o.with)
	f.StringArrayVar(&o.ignore, "ignore", nil, "leave out findings of a rule, on anything or on one thing: EV24, EV24@fd=7, EV24@thread=4711, EV24@peer=10.0.0.1:80 (may be repeated)")
	f.StringVar(&o.baseline, "baseline", "", "leave out the findings that stand in this file")
	f.StringVar(&o.writeBaseline, "write-baseline", "", "write the findings of this run to a file for --baseline")
	f.StringArrayVar(&o.set, "threshold", nil, "change a threshold: NAME=VALUE")
	f.BoolVar(&o.valid, "validate", false, "hold the recording itself to the rules that every trace keeps, instead of judging the loop in it")
	c.SetFlagErrorFunc(flagError)
	return c
}

// thresholds lists the settings with what holds when nothing is said.
func thresholds() string {
	set := diagnostics.Default()
	var b strings.Builder
	for i := range diagnostics.Thresholds {
		t := &diagnostics.Thresholds[i]
		fmt.Fprintf(&b, "  %-14s %-7s %s\n", t.Name, t.Get(&set), t.Doc)
	}
	return b.String()
}

// gate says which findings make a check fail.
type gate struct {
	rules map[string]bool
	least diagnostics.Severity
}

func (o *checkOptions) gate() (g gate, err error) {
	g = gate{rules: map[string]bool{}, least: diagnostics.Warn}
	if o.failOn == nil {
		return g, nil
	}
	if len(o.failOn) == 0 {
		return g, usage("--fail-on wants a rule (EV08) or a severity (info, warn, critical)")
	}
	g.least = diagnostics.Critical + 1
	for _, w := range o.failOn {
		if sev, ok := diagnostics.SeverityOf(strings.ToLower(w)); ok {
			g.least = min(g.least, sev)
			continue
		}
		r := diagnostics.RuleOf(w)
		if r == nil {
			return g, usage("--fail-on %q: want a rule (%s; evviz explain lists them) or a severity (info, warn, critical)", w, diagnostics.IDs())
		}
		g.rules[r.ID] = true
	}
	return g, nil
}

func (g *gate) fails(f *diagnostics.Finding) bool { return f.Severity >= g.least || g.rules[f.Rule.ID] }

// settings are the thresholds of the command line.
func settings(pairs []string) (diagnostics.Settings, error) {
	set := diagnostics.Default()
	return set, setPairs(&set, pairs)
}

func setPairs(set *diagnostics.Settings, pairs []string) error {
	for _, p := range pairs {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return usage("--threshold %q: want NAME=VALUE, for example gap=50ms", p)
		}
		if err := set.Set(name, value); err != nil {
			return usage("--threshold: %v", err)
		}
	}
	return nil
}

func (o *checkOptions) run(path string) error {
	if o.valid {
		if err := o.alone(); err != nil {
			return err
		}
		return o.validate(path)
	}
	return o.judge(path, func(set diagnostics.Settings) (*toJudge, error) { return o.read(path, set) })
}

// rulesOf are the rules that --only names.
func rulesOf(words []string) (map[string]bool, error) {
	rules := map[string]bool{}
	for _, w := range words {
		r := diagnostics.RuleOf(w)
		if r == nil {
			return nil, usage("--only %q: there is no such rule; evviz explain lists them", w)
		}
		rules[r.ID] = true
	}
	return rules, nil
}

// toJudge is what a check is about.
type toJudge struct {
	snapshot *timeline.Snapshot
	confirm  func([]*diagnostics.Finding) error // asks others about what was found; nil: there is nobody to ask
	missed   func(*export.Findings)             // says what was not understood; nil: everything was
	close    func() error
}

// read reads a file to check.
func (o *checkOptions) read(path string, set diagnostics.Settings) (*toJudge, error) {
	with, err := readWith(o.with)
	if err != nil {
		return nil, env(err)
	}
	f, err := openToCheck(path, with)
	if err != nil {
		return nil, env(err)
	}
	s, err := foldOf(f, path, set)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &toJudge{s, func(found []*diagnostics.Finding) error {
		besideOf(f, with).confirm(found)
		if o.look {
			return lookAt(found)
		}
		return nil
	}, func(r *export.Findings) { missedOf(r, f, path) }, f.Close}, nil
}

// foldOf reads a source to its end.
func foldOf(f trace.Source, path string, set diagnostics.Settings) (*timeline.Snapshot, error) {
	feed := timeline.NewFeed(f, timeline.Options{Ledger: true, Limits: set.Limits()})
	if err := feed.Run(context.Background()); err != nil {
		return nil, env(err)
	}
	if x, ok := f.(*probe.Stream); ok {
		if other := x.Foreign(); other != nil {
			return nil, env(fmt.Errorf("%s: %w", path, other))
		}
	}
	s := feed.Snapshot()
	if s.Stats.Events == 0 {
		if err := nothingUnderstood(f, path); err != nil {
			return nil, env(err)
		}
		return nil, env(fmt.Errorf("%s: there is no event in it; want a recording of evviz or what strace printed", path))
	}
	s.Info = f.Info() // what a reader of text has found out about it on the way
	return s, nil
}

// judge says what is wrong with it.
func (o *checkOptions) judge(path string, open func(diagnostics.Settings) (*toJudge, error)) error {
	forms := 0
	for _, b := range []bool{o.json, o.md, o.sarif} {
		if b {
			forms++
		}
	}
	if forms > 1 {
		return usage("--json, --md and --sarif are different forms: choose one")
	}
	g, err := o.gate()
	if err != nil {
		return err
	}
	only, err := rulesOf(o.only)
	if err != nil {
		return err
	}
	ignore, err := ignoredOf(o.ignore)
	if err != nil {
		return err
	}
	var old map[known]bool
	if o.baseline != "" {
		if old, err = readBaseline(o.baseline); err != nil {
			return err
		}
	}
	set, project, err := projectSettings(path, o.set)
	if err != nil {
		return err
	}
	x, err := open(set)
	if err != nil {
		return err
	}
	if x.close != nil {
		defer x.close()
	}
	s := x.snapshot
	found := diagnostics.Check(s, set)
	if len(only) > 0 {
		kept := found[:0]
		for _, x := range found {
			if only[x.Rule.ID] {
				kept = append(kept, x)
			}
		}
		found = kept
	}
	if x.confirm != nil {
		if err := x.confirm(found); err != nil {
			return env(err)
		}
	}
	found, left := without(found, ignore)
	if o.writeBaseline != "" {
		if err := writeBaseline(o.writeBaseline, found); err != nil {
			return env(err)
		}
	}
	var base *export.Baseline
	if o.baseline != "" {
		n := len(found)
		found = slices.DeleteFunc(found, func(f *diagnostics.Finding) bool { return old[keyOf(f)] })
		base = &export.Baseline{File: o.baseline, Count: int64(n - len(found))}
	}
	found = diagnostics.Together(found)
	r := export.FindingsOf(s, found)
	r.Ignored, r.Baseline, r.Thresholds = append(r.Ignored, left...), base, project
	if x.missed != nil {
		x.missed(r)
	}
	switch {
	case o.json:
		err = r.JSON(stdout)
	case o.md:
		err = r.Markdown(stdout)
	case o.sarif:
		err = r.SARIF(stdout, path)
	default:
		err = r.Text(stdout, o.explain)
	}
	if err != nil {
		return failure(fmt.Errorf("write findings: %w", err))
	}
	for _, x := range found {
		if g.fails(x) {
			return quiet(exitFailure)
		}
	}
	if !r.Calls.Enough() {
		return quiet(exitEnv)
	}
	return nil
}

// lookAt asks the kernel about the findings.
func lookAt(found []*diagnostics.Finding) error {
	all, err := look.Sockets()
	if err != nil {
		return err
	}
	lists := map[int64][]probe.Registration{}
	registered := func(pid int64, fd int32) *probe.Registration {
		list, asked := lists[pid]
		if !asked {
			list, _ = look.Registrations(int(pid)) // it may have ended, or be somebody else's
			lists[pid] = list
		}
		for i := range list {
			if list[i].FD == int(fd) {
				return &list[i]
			}
		}
		return nil
	}
	diagnostics.Confirm(found, diagnostics.Looks{
		Queue: func(local, remote string) (int64, bool) {
			k, ok := look.FindSocket(all, local, remote)
			return int64(k.RecvQ), ok
		},
		Interest: func(pid int64, fd int32) (armed, stale, ok bool) {
			if r := registered(pid, fd); r != nil {
				return r.Armed(), r.Stale, true
			}
			return false, false, false
		},
		Level: func(pid int64, fd int32) (level, ok bool) {
			if r := registered(pid, fd); r != nil && !r.Stale {
				return r.Level(), true
			}
			return false, false
		},
		Runtime: func(pid int64) timeline.Runtime { return timeline.RuntimeOf(probe.Program(int(pid))...) }})
	return nil
}

// openToCheck opens what is read once, from its beginning to its end: strace text is not kept in memory.
func openToCheck(path string, with *probe.Beside) (trace.Source, error) {
	if looksLikeText(path) {
		return record.OpenText(path)
	}
	if looksLikeStrace(path) {
		return probe.OpenStreamWith(with, path)
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() && !st.IsDir() { // a pipe: only text comes that way
		return probe.OpenStreamWith(with, path)
	}
	f, err := record.OpenFile(path)
	if errors.Is(err, record.ErrNotTrace) {
		if x := probe.ForeignIn(firstText(path)); x != nil {
			return nil, fmt.Errorf("%s: %w", path, x)
		}
		return nil, fmt.Errorf("%s is neither a recording of evviz nor what strace printed", path)
	}
	if err != nil {
		return nil, err
	}
	tellTrouble(f)
	return f, nil
}
