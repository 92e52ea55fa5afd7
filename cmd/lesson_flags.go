package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"evviz/scenarios"
)

// lessonNamed finds the lesson that --lesson names.
func (o *labOptions) lessonNamed() error {
	if strings.ContainsAny(o.lesson, "./") {
		return usage("--lesson %q: want the number or the name of a lesson; a file goes with --scenario", o.lesson)
	}
	name, err := scenarios.Lesson(o.lesson)
	if err != nil {
		return usage("--lesson: %s", strings.TrimPrefix(err.Error(), scenarios.ErrUnknown.Error()+": "))
	}
	o.scenario = name
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
