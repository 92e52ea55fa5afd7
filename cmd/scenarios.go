package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"evviz/scenarios"
)

func newScenarios() *cobra.Command {
	c := &cobra.Command{Use: "scenarios", Short: "List or show the built-in client traffic", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return listScenarios() }}
	c.AddCommand(
		&cobra.Command{Use: "list", Short: "List the built-in scenarios", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return listScenarios() }},
		&cobra.Command{Use: "show NAME", Short: "Print a built-in scenario, to be changed and run as a file", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				b, err := scenarios.Source(args[0])
				if err != nil {
					_, err = scenarios.Load(strings.TrimSuffix(args[0], ".star"))
					if err == nil {
						err = fmt.Errorf("%s is not a built-in scenario", args[0])
					}
					return scriptError(err)
				}
				os.Stdout.Write(b)
				return nil
			}},
	)
	return c
}

func listScenarios() error {
	for _, n := range scenarios.Names() {
		s, err := scenarios.Load(n)
		if err != nil {
			return err
		}
		fmt.Printf("%-12s %s\n", n, strings.Join(strings.Fields(s.About), " "))
	}
	return nil
}
