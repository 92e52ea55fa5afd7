package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"evviz/figures"
	"evviz/internal/spelling"
	"evviz/scenarios"
)

// lessonNamed finds the lesson that --lesson names.
func (o *labOptions) lessonNamed() error {
	s, err := scenarios.Load(figures.Stories{}, o.lesson)
	if err == nil && s.Group != scenarios.Lessons {
		err = fmt.Errorf("%w: %q is not a lesson", scenarios.ErrUnknown, o.lesson)
	}
	if err != nil {
		if strings.ContainsAny(o.lesson, "./") {
			return usage("--lesson %q: want the number or the name of a lesson; a file goes with --scenario", o.lesson)
		}
		var names []string
		for _, n := range scenarios.NamesOf(scenarios.Lessons) {
			_, rest, _ := strings.Cut(n, "-")
			names = append(names, rest)
		}
		text := fmt.Sprintf("--lesson %q: there is no such lesson; evviz scenarios lists them", o.lesson)
		if n := spelling.Nearest(o.lesson, names); n != "" {
			text += fmt.Sprintf("; did you mean %s?", n)
		}
		return usage("%s", text)
	}
	o.scenario = s.Name
	return nil
}

// changed is a flag of the lab's behaviour that was given on the command line, "" when there is none.
func (o *labOptions) changed(c *cobra.Command) string {
	for _, n := range []string{"mode", "trigger", "preset", "param"} {
		if f := c.Flags().Lookup(n); f != nil && f.Changed {
			return n
		}
	}
	var names []string
	for n := range o.knobs {
		if c.Flags().Changed(n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}
