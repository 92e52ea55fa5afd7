package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"evviz/internal/spelling"
)

// shells are what completion can be had for, with how it is switched on for good.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion() *cobra.Command {
	c := &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print what makes Tab complete commands, flags and their values in your shell",
		Long: `completion prints a script for a shell. With it Tab completes commands, flags, and the values of flags: modes, scenarios,
lessons, themes (those of your settings file, too), rules, settings of the server. The values come from evviz itself, so
the script stays valid when evviz is updated.

bash, with the package bash-completion; for this shell, and for every new one:

  source <(evviz completion bash)
  mkdir -p ~/.local/share/bash-completion/completions
  evviz completion bash > ~/.local/share/bash-completion/completions/evviz

zsh, where "autoload -U compinit; compinit" stands in ~/.zshrc; for this shell, and for every new one:

  source <(evviz completion zsh)
  evviz completion zsh > "${fpath[1]}/_evviz"

fish; for this shell, and for every new one:

  evviz completion fish | source
  evviz completion fish > ~/.config/fish/completions/evviz.fish

PowerShell; for this shell (put it into $PROFILE for every new one):

  evviz completion powershell | Out-String | Invoke-Expression`,
		Example:   "  source <(evviz completion bash)\n  evviz --mode <Tab>",
		ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("completion: for which shell? bash, zsh, fish or powershell")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			switch args[0] {
			case "bash":
				err = c.Root().GenBashCompletionV2(stdout, true)
			case "zsh":
				err = c.Root().GenZshCompletion(stdout)
			case "fish":
				err = c.Root().GenFishCompletion(stdout, true)
			case "powershell":
				err = c.Root().GenPowerShellCompletionWithDesc(stdout)
			default:
				s := fmt.Sprintf("there is no completion for %q: bash, zsh, fish or powershell", args[0])
				if n := spelling.Nearest(args[0], shells); n != "" {
					s += fmt.Sprintf("; did you mean %s?", n)
				}
				return usage("%s", s)
			}
			if err != nil {
				return failure(fmt.Errorf("write the script: %w", err))
			}
			return nil
		},
	}
	c.SetFlagErrorFunc(flagError)
	return c
}
