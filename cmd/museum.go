package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/internal/plain"
	"evviz/lab"
	"evviz/scenarios"
)

// side is one run of a story of the museum, with the mistake or with the cure, and what the rules found in it.
type side struct {
	Found  *found  `json:"found"` // of the story's own rule, the gravest; null: the rule is silent
	Others []found `json:"others"`
	Took   int64   `json:"duration_ns"`
}

// found is a finding in short.
type found struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Verdict  string `json:"verdict"`
	Count    int64  `json:"count"`
	Sentence string `json:"sentence"`

	grave diagnostics.Severity
}

func (f *found) String() string {
	if f == nil {
		return "silent"
	}
	return fmt.Sprintf("%s, %s, %d", f.Severity, f.Verdict, f.Count)
}

// exhibit runs a story of the museum with its mistake and with its cure. It is met when the rule that it names finds the
// mistake, and of the cure nothing is found above info, nor anything by that rule that is as grave as of the mistake.
// A --param mended=... asks for one of the two alone.
func (r *runOptions) exhibit(ctx context.Context, c *cobra.Command, script *scenarios.Script) (x outcome) {
	x = newOutcome(script)
	x.Finds = script.Finds
	t0 := time.Now()
	defer func() { x.Took = int64(time.Since(t0)) }()
	fail := func(why string) outcome {
		x.Result, x.Why = resultFailed, why
		return x
	}
	if diagnostics.RuleOf(script.Finds) == nil {
		return fail(fmt.Sprintf("there is no rule %s; evviz explain lists them", script.Finds))
	}
	ps, err := parseParams(r.o.params)
	if err != nil {
		return fail(err.Error())
	}
	sides := []bool{false, true}
	for _, q := range ps {
		if q.Name == scenarios.Mended { // the story was loaded with it, so it is one of the two
			v, _ := strconv.ParseBool(q.Value)
			sides = []bool{v}
		}
	}
	for _, mended := range sides {
		s, err := lab.LoadStory(script.Name, append(ps[:len(ps):len(ps)], scenarios.Param{Name: scenarios.Mended, Value: fmt.Sprint(mended)})...)
		if err != nil {
			return fail(err.Error())
		}
		at := time.Now()
		label := s.Name
		if mended {
			label += "-mended"
		}
		snap, late, err := r.inLab(ctx, c, s, label, nil)
		if err != nil {
			x.code = codeOf(err)
			return fail(fmt.Sprintf("%s=%v: %v", scenarios.Mended, mended, err))
		}
		if late != "" {
			return fail(fmt.Sprintf("%s=%v: %s", scenarios.Mended, mended, late))
		}
		set := diagnostics.Default()
		if mended { // a machine that others use too may be slow
			set = set.Patient(10)
		}
		y := sideOf(script.Finds, diagnostics.Check(snap, set))
		y.Took = int64(time.Since(at))
		if mended {
			x.Mended = y
		} else {
			x.Broken = y
		}
	}
	x.Result, x.Why = x.judged()
	return x
}

// sideOf sorts what was found: the gravest of the rule, and all others.
func sideOf(rule string, list []*diagnostics.Finding) *side {
	y := &side{Others: []found{}}
	for _, f := range list { // what matters most comes first
		z := foundOf(f)
		if f.Rule.ID == rule {
			if y.Found == nil {
				y.Found = &z
			}
			continue
		}
		y.Others = append(y.Others, z)
	}
	return y
}

func foundOf(f *diagnostics.Finding) found {
	return found{f.Rule.ID, f.Rule.Name, f.Severity.String(), f.Verdict.String(), f.Count, f.Sentence, f.Severity}
}

func shortly(list []*diagnostics.Finding) (out []found) {
	for _, f := range list {
		out = append(out, foundOf(f))
	}
	return out
}

// judged is the result of a story that was run both ways.
func (x *outcome) judged() (result, why string) {
	limit := diagnostics.Warn
	if x.Broken != nil {
		b := x.Broken.Found
		if b == nil {
			return resultNotMet, x.Finds + " did not find the mistake"
		}
		limit = min(limit, b.grave)
	}
	if x.Mended == nil {
		return resultMet, ""
	}
	if m := x.Mended.Found; m != nil && m.grave >= limit {
		return resultNotMet, fmt.Sprintf("%s is not silent on the fixed run: %s", x.Finds, m.Sentence)
	}
	if i := slices.IndexFunc(x.Mended.Others, func(f found) bool { return f.grave > diagnostics.Info }); i >= 0 {
		f := &x.Mended.Others[i]
		return resultNotMet, fmt.Sprintf("%s %s of the fixed run: %s", f.ID, f.Severity, f.Sentence)
	}
	return resultMet, ""
}

// printSides tells what was found, both ways.
func (x *outcome) printSides(w io.Writer) {
	for _, y := range []struct {
		word string
		s    *side
	}{{"broken", x.Broken}, {"fixed", x.Mended}} {
		if y.s == nil {
			continue
		}
		if f := y.s.Found; f != nil {
			fmt.Fprintf(w, "  %s: %s %s (%s, %s): %s\n", y.word, f.ID, f.Name, f.Severity, f.Verdict, plain.Lines(f.Sentence))
		} else {
			fmt.Fprintf(w, "  %s: %s is silent\n", y.word, x.Finds)
		}
		for i := range y.s.Others {
			f := &y.s.Others[i]
			fmt.Fprintf(w, "    also %s %s (%s, %s): %s\n", f.ID, f.Name, f.Severity, f.Verdict, plain.Lines(f.Sentence))
		}
	}
}

// exhibits is the museum's table: a line for each story that was run both ways.
func exhibits(w io.Writer, list []outcome) {
	rows := [][]string{{"rule", "", "broken (severity, verdict, count)", "fixed", "result", "took"}}
	for i := range list {
		x := &list[i]
		if x.Finds == "" {
			continue
		}
		mistake, cure := "-", "-"
		if x.Broken != nil {
			mistake = x.Broken.Found.String()
		}
		if x.Mended != nil {
			cure = x.Mended.Found.String()
		}
		name := ""
		if rule := diagnostics.RuleOf(x.Finds); rule != nil {
			name = rule.Name
		}
		rows = append(rows, []string{x.Finds, name, mistake, cure, x.Result, fmt.Sprintf("%.1f s", float64(x.Took)/1e9)})
	}
	if len(rows) == 1 {
		return
	}
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, r := range rows {
		for i, c := range r[:len(r)-1] {
			fmt.Fprintf(w, "%-*s  ", width[i], c)
		}
		fmt.Fprintf(w, "%*s\n", width[len(r)-1], r[len(r)-1])
	}
}
