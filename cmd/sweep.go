package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"evviz/export"
	"evviz/lab"
	"evviz/scenarios"
)

// sweepRange is what --sweep says: a param of the scenario, and the values that it takes.
type sweepRange struct {
	name, unit string
	values     []int
}

// parseSweep reads NAME=LO..HI, with or without a per cent sign. The values go up as 1, 2, 5, 10, 20 ..., with both ends
// among them.
func parseSweep(s string) (r sweepRange, err error) {
	bad := func() error {
		return usage("--sweep %q: want NAME=LO..HI with whole numbers from 1, for example active=1..100%% or connections=10..1000", s)
	}
	name, span, ok := strings.Cut(s, "=")
	from, to, ok2 := strings.Cut(span, "..")
	if !ok || !ok2 || name == "" {
		return r, bad()
	}
	r.name = name
	if t := strings.TrimSuffix(to, "%"); t != to {
		r.unit, to, from = "%", t, strings.TrimSuffix(from, "%")
	}
	lo, err1 := strconv.Atoi(from)
	hi, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || lo < 1 || hi <= lo || hi > 1_000_000 || r.unit == "%" && hi > 100 {
		return r, bad()
	}
	r.values = []int{lo}
	for ten := 1; ten <= hi; ten *= 10 {
		for _, k := range []int{1, 2, 5} {
			if v := k * ten; v > lo && v < hi {
				r.values = append(r.values, v)
			}
		}
	}
	r.values = append(r.values, hi)
	return r, nil
}

// runSweep compares at every value. All values take part in a round, so that what changes on the machine meanwhile meets
// all of them.
func (o *compareOptions) runSweep(c *cobra.Command, specs []string, ps []scenarios.Param) error {
	sw, err := parseSweep(o.sweep)
	if err != nil {
		return err
	}
	if !c.Flags().Changed("scenario") {
		o.lab.scenario = "sweep"
	}
	if len(specs) == 0 {
		specs = []string{"poll", "epoll-lt"}
	}
	common := append(passedOn(c), "--scenario", o.lab.scenario)
	for _, p := range o.lab.params {
		common = append(common, "--param", p)
	}
	out := &export.Sweep{Param: sw.name, Unit: sw.unit}
	var all []variant
	for _, v := range sw.values {
		script, err := lab.LoadStory(o.lab.scenario, append(ps, scenarios.Param{Name: sw.name, Value: strconv.Itoa(v)})...)
		if err != nil {
			return o.lab.scenarioError(err)
		}
		o.args = append(append([]string{}, common...), fmt.Sprintf("--param=%s=%d", sw.name, v))
		vs, err := o.variants(specs, script)
		if err != nil {
			return err
		}
		step := export.SweepStep{Value: v}
		for _, x := range vs {
			step.Columns = append(step.Columns, export.Column{Name: x.name})
			x.name = fmt.Sprintf("%s at %s=%d%s", x.name, sw.name, v, sw.unit)
			all = append(all, x)
		}
		out.Steps = append(out.Steps, step)
		out.Title = fmt.Sprintf("scenario %s, %s swept, seed %d, %s; CPU time of the loop per message: medians, below them lowest..highest",
			script.Title, sw.name, o.lab.seed, o.runs())
	}
	r, err := newRuns(o.keep, o.lab.force, o.lab.duration+runLimit)
	if err != nil {
		return env(err)
	}
	defer r.close()
	columns, err := r.all(all, o.repeat)
	if err != nil {
		return err
	}
	for i, col := range columns {
		n := len(out.Steps[0].Columns)
		to := &out.Steps[i/n].Columns[i%n]
		to.Runs, to.Lost = col.Runs, col.Lost
	}
	return o.print(out)
}
