package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"evviz/lab"
	"evviz/scenarios"
)

// The commands that evviz starts itself, each in a process of its own. What they do is in package lab, beside who starts them; here are
// their flags.

// typedByHand gives the error of such a command its exit code.
func typedByHand(err error) error {
	if hand, ok := errors.AsType[*lab.StartedByHand](err); ok {
		return usage("%v", hand)
	}
	if bad := (*scenarios.BadScript)(nil); errors.As(err, &bad) || errors.Is(err, scenarios.ErrUnknown) {
		return &coded{exitUsage, err}
	}
	return err
}

// newClients is the hidden command that the parent starts.
func newClients() *cobra.Command {
	var o lab.ClientOptions
	var script string
	var params []string
	var noLab bool
	c := &cobra.Command{Use: "clients", Hidden: true, Args: cobra.NoArgs, Short: "Run a scenario's clients (started by the lab itself)",
		RunE: func(*cobra.Command, []string) error {
			if o.Target == "" {
				return usage("clients: --target is missing; this command is started by the lab itself")
			}
			ps, err := parseParams(params)
			if err != nil {
				return err
			}
			return typedByHand(lab.RunClients(script, &o, noLab, ps))
		}}
	c.Flags().StringVar(&o.Target, "target", "", "address of the server")
	c.Flags().StringVar(&script, "scenario", "", "story")
	c.Flags().Int64Var(&o.Seed, "seed", 1, "seed")
	c.Flags().IntVar(&o.MaxConns, "max-connections", 0, "limit")
	c.Flags().BoolVar(&o.Remote, "allow-remote", false, "reach other machines")
	c.Flags().BoolVar(&noLab, "no-lab", false, "the server has no settings and no counts")
	c.Flags().StringArrayVar(&params, "param", nil, "value of the story")
	return c
}

func newHand() *cobra.Command {
	var target string
	c := &cobra.Command{Use: "hand", Hidden: true, Args: cobra.NoArgs, Short: "A client that is led by hand (started by the lab itself)",
		RunE: func(*cobra.Command, []string) error { return typedByHand(lab.RunManualClient(target)) }}
	c.Flags().StringVar(&target, "target", "", "address of the server")
	return c
}

func newPeers() *cobra.Command {
	var port uint16
	c := &cobra.Command{Use: "peers", Hidden: true, Args: cobra.NoArgs, Short: "Looks which programs connect (started by the lab itself)",
		RunE: func(*cobra.Command, []string) error { return typedByHand(lab.RunPeers(port)) }}
	c.Flags().Uint16Var(&port, "port", 0, "port of the server")
	return c
}

func newChild() *cobra.Command {
	return &cobra.Command{Use: "child WHAT", Hidden: true, Args: cobra.ExactArgs(1), Short: "A child process of the server (started by the lab itself)",
		RunE: func(_ *cobra.Command, args []string) error { return typedByHand(lab.RunChild(args[0])) }}
}

// newVetScenario is the hidden command that vet starts. Descriptor 3 is where it says how far it is.
func newVetScenario() *cobra.Command {
	var name string
	var params []string
	c := &cobra.Command{Use: "vet-scenario", Hidden: true, Args: cobra.NoArgs, Short: "Load a scenario within limits (started by evviz itself)",
		RunE: func(*cobra.Command, []string) error {
			ps, err := parseParams(params)
			if err != nil {
				return err
			}
			return typedByHand(lab.VetScenario(name, ps))
		}}
	c.Flags().StringVar(&name, "scenario", "", "story")
	c.Flags().StringArrayVar(&params, "param", nil, "value of the story")
	return c
}
