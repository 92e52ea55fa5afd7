package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/internal/spelling"
)

func newExplain() *cobra.Command {
	c := &cobra.Command{
		Use:     "explain [RULE ...]",
		Short:   "Explain a rule: what the kernel does, why it matters, how to fix it",
		Example: "  evviz explain            all rules, a line each\n  evviz explain EV08\n  evviz explain write-spin",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				var b strings.Builder
				for i := range diagnostics.Rules {
					r := &diagnostics.Rules[i]
					fmt.Fprintf(&b, "%s %-19s %s\n", r.ID, r.Name, r.Says)
				}
				_, err := io.WriteString(stdout, b.String())
				return err
			}
			var pages []string
			for _, a := range args {
				r := diagnostics.RuleOf(a)
				if r == nil {
					var words []string
					for i := range diagnostics.Rules {
						words = append(words, strings.ToLower(diagnostics.Rules[i].ID), diagnostics.Rules[i].Name)
					}
					s := fmt.Sprintf("there is no rule %q", a)
					if n := spelling.Nearest(a, words); n != "" {
						if r := diagnostics.RuleOf(n); r != nil && strings.EqualFold(r.ID, n) {
							n = r.ID
						}
						s += fmt.Sprintf("; did you mean %s?", n)
					}
					return usage("%s; evviz explain lists them", s)
				}
				pages = append(pages, strings.TrimRight(r.Page(), "\n"))
			}
			_, err := fmt.Fprintln(stdout, strings.Join(pages, "\n\n"))
			return err
		},
	}
	c.SetFlagErrorFunc(flagError)
	return c
}
