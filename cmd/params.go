package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"evviz/scenarios"
)

// paramFlag is --param, for every command that runs a scenario.
func paramFlag(c *cobra.Command, o *labOptions) {
	c.Flags().StringArrayVar(&o.params, "param", nil, "value of the scenario: NAME=VALUE; may be given again for another")
}

// parseParams reads NAME=VALUE; the last one for a name holds.
func parseParams(list []string) (out []scenarios.Param, err error) {
	for _, s := range list {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usage("--param %q: want NAME=VALUE", s)
		}
		out = append(out, scenarios.Param{Name: name, Value: value})
	}
	return out, nil
}
