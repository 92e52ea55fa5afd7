package cmd

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/export"
	"evviz/probe/look"
	"evviz/timeline"
)

type workersOptions struct {
	json  bool
	every time.Duration
	set   []string
}

func newWorkers() *cobra.Command {
	o := &workersOptions{}
	c := &cobra.Command{
		Use:   "workers PID|NAME...",
		Short: "Show how the processes of a server share its connections, and say why one of them has most",
		Long: `workers looks twice at the processes of a server, master and workers, and shows for each address that they listen on: who has how
many connections, how many came between the looks, how each of them waits for connections (its own epoll instance, with EPOLLEXCLUSIVE or
without, an instance that is shared, accept, SO_REUSEPORT), and the accept queues. One sentence says how the kernel deals connections
out among workers that share so, and why one of them has most, where one has.

For a PID, all processes belong to it that run the same program as its parents, children and siblings. A NAME is that of the program or
of the process. One's own processes can be looked at without any privilege.

It ends with 0, with 2 for a wrong command line and with 3 when a process cannot be looked into.`,
		Example: "  evviz workers nginx\n  evviz workers $(cat /run/gunicorn.pid)",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("workers: of which server? evviz workers PID, or evviz workers NAME")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return o.run(args) },
	}
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.DurationVar(&o.every, "between", time.Second, "time between the two looks")
	f.StringArrayVar(&o.set, "threshold", nil, "change a threshold: NAME=VALUE (imbalance, top-worker, top-of-two)")
	c.SetFlagErrorFunc(flagError)
	return c
}

func (o *workersOptions) run(args []string) error {
	if o.every < 10*time.Millisecond {
		return usage("--between %v: want 10ms or more", o.every)
	}
	set, err := settings(o.set)
	if err != nil {
		return err
	}
	pids, err := serverOf(args)
	if err != nil {
		return env(err)
	}
	s, err := looked(look.New(pids...), look.Plan{Every: o.every, Looks: 2}, set)
	if err != nil {
		return err
	}
	w := export.WorkersOf(s, set)
	if o.json {
		err = w.JSON(stdout)
	} else {
		err = w.Text(stdout)
	}
	if err != nil {
		return failure(fmt.Errorf("write the result: %w", err))
	}
	return nil
}

// serverOf finds the processes that words of a command line mean.
func serverOf(args []string) (pids []int, err error) {
	for _, a := range args {
		var more []int
		if n, nerr := strconv.Atoi(a); nerr == nil {
			more, err = look.Family(n)
		} else if more, err = look.Named(a); err == nil && len(more) == 0 {
			err = fmt.Errorf("no process is named %q (ps -e shows the names)", a)
		}
		if err != nil {
			return nil, err
		}
		for _, pid := range more {
			if !slices.Contains(pids, pid) {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

// looked takes the looks of a plan, and returns what they have found.
func looked(l *look.Looker, p look.Plan, set diagnostics.Settings) (*timeline.Snapshot, error) {
	src, err := look.Open(l, p)
	if err != nil {
		return nil, env(err)
	}
	defer src.Close()
	feed := timeline.NewFeed(src, timeline.Options{Ledger: true, Limits: set.Limits()})
	if err := feed.Run(context.Background()); err != nil {
		return nil, env(err)
	}
	return feed.Snapshot(), nil
}
