package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/diagnostics"
	"evviz/export"
	"evviz/internal/plain"
	"evviz/internal/spelling"
	"evviz/internal/sys"
	"evviz/lab"
	"evviz/loop"
	"evviz/scenarios"
	"evviz/timeline"
)

// compareOptions are the flags of evviz compare. The lab's own flags among them go to every run.
type compareOptions struct {
	lab           labOptions
	repeat        int
	json, csv, md bool
	keep          string
	sweep         string
	args          []string // of every run

	screen     bool
	looks      looks
	shot, size string // with --screen: the picture, and how large it is
}

// defaultModes are compared when none is named.
var defaultModes = []string{"sleep-poll", "select", "poll", "epoll-lt", "epoll-et", "io-uring"}

// runLimit is how long one run may take beyond what --for says.
const runLimit = time.Minute

func newCompare() *cobra.Command {
	o := &compareOptions{}
	c := &cobra.Command{
		Use:   "compare [MODE[:TRIGGER][,SETTING=VALUE]... ...] | FILE FILE",
		Short: "Run the same traffic through several modes, or compare two recordings",
		Long: `compare runs the same traffic through several modes, in rounds, and puts their figures side by side: medians, and the lowest and
highest run below them. Each run is a separate lab in a separate process. The last line names the most responsive, the laziest,
the busiest and the most wasteful, as far as the spread of the runs allows it.

A mode may carry a trigger and settings: epoll:edge, sleep-poll,interval=20ms, epoll:level,threads=4,listeners=exclusive. The lab's
settings as flags go for all. Given two recordings instead it compares those, and says what appeared and what went.

With --screen it runs two modes at the same time, under the same traffic, and shows both on one screen.`,
		Example: `  evviz compare
  evviz compare poll epoll:level epoll:edge --scenario compare --repeat 5
  evviz compare sleep-poll,interval=1ms sleep-poll,interval=100ms --md
  evviz compare --sweep active=1..100% poll epoll
  evviz compare --screen select epoll:edge
  evviz compare before.evt after.evt`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	f := c.Flags()
	f.StringVarP(&o.lab.scenario, "scenario", "s", "compare", "client traffic: "+strings.Join(scenarios.Names(), ", ")+", or a file")
	f.StringVar(&o.lab.preset, "preset", "", "settings of a well-known server: article")
	f.DurationVar(&o.lab.duration, "for", 0, "end each run after this time, for a scenario that does not end by itself")
	f.Int64Var(&o.lab.seed, "seed", 1, "seed of the scenario's random numbers")
	f.IntVar(&o.lab.ring, "ring", 1<<16, "events that a thread may be ahead of its reader before it drops any")
	paramFlag(c, &o.lab)
	o.lab.knobFlags(c)
	f.IntVarP(&o.repeat, "repeat", "n", 3, "runs of each mode")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.BoolVar(&o.csv, "csv", false, "print comma-separated values, a line for each figure of each mode")
	f.BoolVar(&o.md, "md", false, "print a Markdown table")
	f.StringVar(&o.sweep, "sweep", "", "compare at several values of a scenario's param, and say where modes cross: active=1..100%, connections=10..1000")
	f.StringVar(&o.keep, "keep", "", "keep the recordings in this directory")
	f.BoolVar(&o.lab.force, "force", false, "with --keep: replace recordings that are there already; with --screenshot: the picture")
	o.screenFlags(f)
	return c
}

func (o *compareOptions) run(c *cobra.Command, args []string) error {
	forms := 0
	for _, f := range []bool{o.json, o.csv, o.md} {
		if f {
			forms++
		}
	}
	if forms > 1 {
		return usage("choose one of --json, --csv and --md")
	}
	if err := o.checkScreenFlags(c); err != nil {
		return err
	}
	if o.lab.force && o.keep == "" && o.shot == "" {
		return usage("--force goes with --keep and --screenshot: it replaces what is there")
	}
	modes, files, err := sortArgs(args)
	switch {
	case err != nil:
		return err
	case len(modes) > 0 && len(files) > 0:
		return usage("compare modes (%s) or two recordings (%s), not both at once", modes[0], files[0])
	case o.screen && len(files) > 0:
		return usage("--screen shows two modes that run, not recordings; look at one with: evviz replay %s", files[0])
	case o.screen:
		return o.runScreen(c, modes)
	case len(files) > 0:
		return o.files(c, files)
	}
	return o.modes(c, modes)
}

// isMode says whether a word names a mode, with or without more behind it.
func isMode(word string) bool {
	return slices.Contains(lab.ModeWords(), word[:strings.IndexAny(word+",", ",:")])
}

// sortArgs tells modes from files.
func sortArgs(args []string) (modes, files []string, err error) {
	for _, a := range args {
		_, stat := os.Stat(a)
		switch {
		case isMode(a):
			modes = append(modes, a)
		case stat == nil || strings.ContainsRune(a, '/') || strings.HasSuffix(a, ".evt"):
			files = append(files, a)
		default:
			word := a[:strings.IndexAny(a+",", ",:")]
			s := fmt.Sprintf("%q is not a mode (%s) and not a file", word, strings.Join(lab.ModeWords(), ", "))
			if n := spelling.Nearest(word, lab.ModeWords()); n != "" {
				s += fmt.Sprintf("; did you mean %s?", n)
			}
			return nil, nil, usage("%s", s)
		}
	}
	return modes, files, nil
}

// variant is one column: a name, and the flags that make the lab run so.
type variant struct {
	name string
	args []string
	lab  *labOptions // what args say
	b    loop.Behaviour
}

// variant reads MODE[:TRIGGER][,SETTING=VALUE]... and checks it the way the run itself will.
func (o *compareOptions) variant(spec string, script *scenarios.Script) (variant, error) {
	parts := strings.Split(spec, ",")
	mode, trigger, has := strings.Cut(parts[0], ":")
	v := variant{name: spec, args: append([]string{"--mode", mode}, o.args...)}
	if has {
		v.args = append(v.args, "--trigger", trigger)
	}
	for _, p := range parts[1:] {
		k, val, ok := strings.Cut(p, "=")
		k = strings.ReplaceAll(k, "_", "-")
		if _, known := loop.FindKnob(k); !ok || !known {
			var names []string
			for i := range loop.Knobs {
				names = append(names, loop.Knobs[i].Name)
			}
			s := fmt.Sprintf("%s: %q is not SETTING=VALUE", spec, p)
			if ok {
				s = fmt.Sprintf("%s: there is no setting %q", spec, k)
			}
			if n := spelling.Nearest(k, names); n != "" && !known {
				s += fmt.Sprintf("; did you mean %q?", n)
			}
			return v, usage("%s", s)
		}
		v.args = append(v.args, "--"+k+"="+val)
	}
	lab := &labOptions{}
	c := &cobra.Command{Use: "lab"}
	lab.flags(c)
	if err := c.ParseFlags(v.args); err != nil {
		return v, usage("%s: %v", spec, err)
	}
	b, err := lab.behaviour(c, script)
	if err != nil {
		return v, &coded{codeOf(err), fmt.Errorf("%s: %w", spec, err)}
	}
	v.lab, v.b = lab, b
	return v, nil
}

// passedOn are the flags that a run gets as they were given.
func passedOn(c *cobra.Command) (out []string) {
	own := []string{"repeat", "json", "csv", "md", "keep", "sweep", "scenario", "param", "screen", "listen", "allow-remote", "record", "force", "symbols", "no-mouse", "theme", "screenshot", "size"}
	c.Flags().Visit(func(f *pflag.Flag) {
		if _, off := f.Value.(*offValue); !off && !slices.Contains(own, f.Name) { // what it has set is passed on
			out = append(out, "--"+f.Name+"="+f.Value.String())
		}
	})
	return out
}

// variants are the columns of a comparison of modes. A mode of the default list that this kernel lacks is left out, one
// that was named is an error.
func (o *compareOptions) variants(specs []string, script *scenarios.Script) ([]variant, error) {
	named := len(specs) > 0
	if !named {
		specs = defaultModes
	}
	var out []variant
	seen := map[string]int{}
	for _, s := range specs {
		v, err := o.variant(s, script)
		if u := (*sys.Unsupported)(nil); !named && errors.As(err, &u) {
			say("left out: %v", err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if seen[s]++; seen[s] > 1 { // the same twice is a good question: it shows the spread
			v.name = fmt.Sprintf("%s #%d", s, seen[s])
		}
		out = append(out, v)
	}
	return out, nil
}

func (o *compareOptions) modes(c *cobra.Command, specs []string) error {
	switch {
	case o.repeat < 1 || o.repeat > 1000:
		return usage("--repeat %d: want a number from 1 to 1000", o.repeat)
	case o.lab.duration < 0:
		return usage("--for %v: a time cannot be negative", o.lab.duration)
	case o.lab.scenario == "none":
		return usage("--scenario none: without clients there is nothing to compare")
	}
	ps, err := parseParams(o.lab.params)
	if err != nil {
		return err
	}
	if o.sweep != "" {
		return o.runSweep(c, specs, ps)
	}
	script, err := lab.LoadStory(o.lab.scenario, ps...)
	if err != nil {
		return o.lab.scenarioError(err)
	}
	o.args = append(passedOn(c), "--scenario", o.lab.scenario)
	for _, p := range o.lab.params {
		o.args = append(o.args, "--param", p)
	}
	vs, err := o.variants(specs, script)
	if err != nil {
		return err
	}
	r, err := newRuns(o.keep, o.lab.force, o.lab.duration+runLimit)
	if err != nil {
		return env(err)
	}
	defer r.close()
	columns, err := r.all(vs, o.repeat)
	if err != nil {
		return err
	}
	cmp := &export.Comparison{Title: fmt.Sprintf("scenario %s, seed %d, %s; medians, below them lowest..highest", script.Title, o.lab.seed, o.runs()), Columns: columns}
	return o.print(cmp)
}

// report is a result that can be written in every form.
type report interface {
	WriteText(io.Writer) error
	WriteJSON(io.Writer) error
	WriteCSV(io.Writer) error
	WriteMarkdown(io.Writer) error
}

// print writes a result in the form that was asked for.
func (o *compareOptions) print(r report) error {
	switch {
	case o.json:
		return r.WriteJSON(stdout)
	case o.csv:
		return r.WriteCSV(stdout)
	case o.md:
		return r.WriteMarkdown(stdout)
	}
	return r.WriteText(stdout)
}

// runs is how often each mode ran, in words.
func (o *compareOptions) runs() string {
	if o.repeat == 1 {
		return "one run each, so no variance"
	}
	return fmt.Sprintf("%d runs each", o.repeat)
}

// files compares two recordings.
func (o *compareOptions) files(c *cobra.Command, paths []string) error {
	if len(paths) != 2 {
		return usage("compare two recordings, not %d", len(paths))
	}
	var extra string
	c.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"json", "csv", "md"}, f.Name) {
			extra = f.Name
		}
	})
	if extra != "" {
		return usage("--%s is for runs; two recordings are compared as they are", extra)
	}
	var shots []*timeline.Snapshot
	cmp := &export.Comparison{}
	for i, p := range paths {
		s, err := fold(p)
		if err != nil {
			return env(err)
		}
		shots = append(shots, s)
		name := filepath.Base(p)
		if i == 1 && name == cmp.Columns[0].Name { // before/run.evt and after/run.evt
			cmp.Columns[0].Name, name = paths[0], p
		}
		col := export.Column{Name: plain.Lines(name)}
		col.Add(s)
		cmp.Columns = append(cmp.Columns, col)
	}
	if export.LooksOnly(shots[0]) && export.LooksOnly(shots[1]) {
		return o.printLooks(export.WatchedOfBoth(shots[0], shots[1], diagnostics.Default()), cmp.Columns[0].Name, cmp.Columns[1].Name)
	}
	changes := export.Changes(shots[0], shots[1])
	switch {
	case o.json:
		return cmp.WriteFilesJSON(stdout, changes)
	case o.csv:
		return cmp.WriteCSV(stdout)
	case o.md:
		if err := cmp.WriteMarkdown(stdout); err != nil {
			return err
		}
		_, err := io.WriteString(stdout, "\n"+strings.ReplaceAll(export.ChangesText(changes), "\n", "\n\n")+"\n")
		return err
	}
	return cmp.WriteFilesText(stdout, changes)
}

// printLooks prints what lies between two snapshots of a running program.
func (o *compareOptions) printLooks(c *export.WatchedChange, before, after string) error {
	switch {
	case o.json:
		return c.JSON(stdout)
	case o.csv:
		return c.CSV(stdout)
	case o.md:
		if _, err := io.WriteString(stdout, "```\n"); err != nil {
			return err
		}
		defer io.WriteString(stdout, "```\n")
	}
	return c.Text(stdout, before, after)
}
