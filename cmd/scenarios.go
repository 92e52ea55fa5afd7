package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"evviz/figures"
	"evviz/lab"
	"evviz/scenarios"
)

func newScenarios() *cobra.Command {
	c := &cobra.Command{Use: "scenarios", Short: "List, show or run the lessons, truth cases, the museum of bugs and client traffic", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return listScenarios() }}
	c.AddCommand(
		&cobra.Command{Use: "list", Short: "List the built-in scenarios", Args: noArgs, RunE: func(*cobra.Command, []string) error { return listScenarios() }},
		&cobra.Command{Use: "show NAME", Short: "Print a built-in scenario, to be changed and run as a file", Args: oneName,
			RunE: func(_ *cobra.Command, args []string) error {
				b, err := scenarios.Source(args[0])
				if err != nil {
					_, err = lab.LoadStory(strings.TrimSuffix(args[0], ".star"))
					if err == nil {
						err = fmt.Errorf("%s is not a built-in scenario", args[0])
					}
					return scriptError(err)
				}
				stdout.Write(b)
				return nil
			}},
		newScenariosRun(),
	)
	return c
}

// groupTitles are the headings of the list.
var groupTitles = map[string]string{
	scenarios.Lessons: "Lessons, in their order (evviz --lesson N, or --scenario NAME)",
	scenarios.Truth:   "Truth cases: counts that a real kernel gives",
	scenarios.Museum:  "The museum: each mistake and its fix (evviz scenarios run museum)",
	scenarios.Traffic: "Traffic",
}

func listScenarios() error {
	for i, g := range scenarios.Groups {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprintln(stdout, groupTitles[g])
		for _, n := range scenarios.NamesOf(g) {
			s, err := scenarios.Load(figures.Stories{}, n)
			if err != nil {
				return err
			}
			what := strings.Join(strings.Fields(s.About), " ")
			if g == scenarios.Lessons || g == scenarios.Museum {
				what = s.Title
			}
			fmt.Fprintf(stdout, "  %-22s %s\n", n, what)
		}
	}
	return nil
}

// oneName wants the name of a scenario.
func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("scenarios show: which? evviz scenarios lists them")
	}
	return nil
}
