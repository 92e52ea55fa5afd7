package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"evviz/diagnostics"
	"evviz/docs/modes"
	"evviz/export"
	"evviz/probe/attach"
	"evviz/probe/kernel"
	"evviz/probe/look"
	"evviz/show"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui"
	"evviz/tui/screen"
)

type attachOptions struct {
	headless   bool
	json       bool
	duration   time.Duration
	record     string
	force      bool
	noArrivals bool
	exact      bool
	set        []string
	flight     flightOptions
	looks
}

func newAttach() *cobra.Command {
	o := &attachOptions{}
	c := &cobra.Command{
		Use:   "attach PID|NAME...",
		Short: "Watch a running program's event loops, live, from outside",
		Long: `attach shows what the loops of a running program do while they do it: what they wait for, which events they get, what they read and leave
unread, and what is wrong with it. The program may be in any language; it is not stopped, not changed, and none of its descriptors is taken. It costs
a few per cent of its speed.

Programs of evviz are put to tracepoints of the kernel: that needs CAP_BPF and CAP_PERFMON, or root. evviz gives these rights up as soon as the programs are in
place. A name stands for all processes of that name; of a master and its workers all are shown. Children are followed.

On the screen r records, S saves the last seconds, q detaches.`,
		Example: `  sudo evviz attach $(pidof redis-server)
  sudo evviz attach nginx
  sudo evviz attach 4711 --headless --for 10s --record run.evt      then: evviz check run.evt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("attach: which process? evviz attach PID, or evviz attach NAME")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := settle(c, "theme", "symbols", "view", "span", "no-mouse", "threshold", "keep", "save-on")
			if err != nil {
				return err
			}
			if err := o.flight.check(c, o.headless); err != nil {
				return err
			}
			if o.headless {
				return o.run(args)
			}
			if err := o.looks.check(cfg); err != nil {
				return err
			}
			return o.run(args)
		},
	}
	o.looks.flags(c)
	f := c.Flags()
	f.BoolVar(&o.headless, "headless", false, "run without a screen and print a summary at the end")
	f.BoolVar(&o.json, "json", false, "with --headless: print the summary as JSON")
	f.DurationVar(&o.duration, "for", 0, "detach after this time (default: when the program ends or you quit)")
	f.StringVar(&o.record, "record", "", "record to this file from the beginning")
	f.BoolVar(&o.force, "force", false, "with --record: replace a recording that is there already")
	f.BoolVar(&o.noArrivals, "no-arrivals", false, "do not record when data and connections arrive: one or two per cent less of a busy server's speed")
	f.BoolVar(&o.exact, "exact", false, "record how long every call takes, also those that do not block: three to six per cent more of a busy server's speed")
	o.flight.flags(c)
	f.StringArrayVar(&o.set, "threshold", nil, "change a threshold: NAME=VALUE")
	c.SetFlagErrorFunc(flagError)
	return c
}

// targets finds the processes that the words of a command line mean, and a title for them.
func targets(command string, args []string) (pids []int, title string, err error) {
	var names []string
	for _, a := range args {
		if n, err := strconv.Atoi(a); err == nil {
			if n <= 0 || n > 1<<22 {
				return nil, "", usage("%s %q: want the number of a process, or a name (pgrep, ps and ss -p know them)", command, a)
			}
			family, err := look.Family(n)
			if err != nil {
				return nil, "", env(err)
			}
			pids = append(pids, family...)
		} else {
			found, err := look.Named(a)
			if err != nil {
				return nil, "", env(err)
			}
			pids = append(pids, found...)
		}
	}
	slices.Sort(pids)
	pids = slices.Compact(pids)
	if len(pids) == 0 {
		return nil, "", env(fmt.Errorf("%s: no process is called %s", command, strings.Join(args, " or ")))
	}
	for _, pid := range pids[:min(len(pids), 1)] {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		names = append(names, strings.TrimSpace(string(b))+" "+strconv.Itoa(pid))
	}
	title = "attached, " + strings.Join(names, ", ")
	if more := len(pids) - 1; more > 0 {
		title += fmt.Sprintf(" and %d more", more)
	}
	return pids, title, nil
}

func (o *attachOptions) run(args []string) error {
	if o.duration < 0 {
		return usage("--for %v: a time cannot be negative", o.duration)
	}
	set, err := settings(o.set)
	if err != nil {
		return err
	}
	pids, title, err := targets("attach", args)
	if err != nil {
		return err
	}
	opt := attach.Options{PIDs: pids, Title: title, Arrivals: !o.noArrivals, RunQueue: true, Exact: o.exact}
	if o.headless {
		return o.count(opt, set)
	}
	code, err := show.Run(o.duration, func() (show.Shown, error) {
		v, err := o.open(opt, set, timeline.Options{})
		if err != nil {
			return nil, err
		}
		v.start()
		return v, nil
	})
	if errors.Is(err, screen.ErrNoTerminal) {
		return env(fmt.Errorf("%w (--headless needs none)", err))
	}
	return ended(code, err)
}

// attached is a program that is shown while it runs.
type attached struct {
	*attachOptions
	src    *attach.Source
	line   *show.Line
	ctx    context.Context
	cancel context.CancelFunc
}

func (o *attachOptions) open(opt attach.Options, set diagnostics.Settings, picture timeline.Options) (*attached, error) {
	src, err := attach.Open(opt)
	if err != nil {
		var refused *kernel.Refused
		if errors.As(err, &refused) {
			hints := []string{}
			for _, c := range refused.Causes {
				hints = append(hints, forBPF(c, "evviz attach "+strings.Trim(fmt.Sprint(opt.PIDs), "[]")))
			}
			return nil, env(fmt.Errorf("attach: %w\n%s", err, strings.Join(hints, "\n")))
		}
		return nil, env(err)
	}
	v := &attached{attachOptions: o, src: src, line: show.NewLine(src, &show.LineOptions{Record: true, Flight: o.flight.options(), Findings: set, Picture: picture})}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	if o.record != "" {
		start := v.line.Tee.Start
		if o.force {
			start = v.line.Tee.StartOver
		}
		if err := start(o.record); err != nil {
			src.Close()
			return nil, env(err)
		}
		giveToUser(o.record)
	}
	if err := src.DropRights(); err != nil {
		src.Close()
		return nil, env(errors.Join(err, v.line.End(0)))
	}
	return v, nil
}

func (v *attached) start() { v.line.Start(v.ctx) }

// count runs without a screen.
func (o *attachOptions) count(opt attach.Options, set diagnostics.Settings) error {
	// Before there is a recording that a signal would leave open.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	v, err := o.open(opt, set, timeline.Options{Ledger: true})
	if err != nil {
		return err
	}
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	v.start()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if done, _ := v.line.Feed.Ended(); done {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	if err := v.Stop(trace.StopTime); err != nil {
		return env(err)
	}
	s := v.line.Feed.Snapshot()
	if o.json {
		err = export.SummaryJSON(stdout, s, set)
	} else {
		err = export.Summary(stdout, s, set)
	}
	if err != nil {
		return failure(fmt.Errorf("write the summary: %w", err))
	}
	v.Say()
	return nil
}

// Draw implements show.Shown.
func (v *attached) Draw(t *show.Terminal) (*tui.Picture, error) {
	x := v.looks.options()
	t.Put(&x)
	v.line.Put(&x, v.notes)
	x.ModePage = modes.Page
	return tui.Run(x)
}

func (v *attached) notes() (string, bool) {
	if why := v.src.Ended(); why != nil {
		return why.Error(), true
	}
	if done, err := v.line.Feed.Ended(); done && err != nil {
		return err.Error(), true
	}
	return "", false
}

// Failed implements show.Shown: a program that has ended is no failure.
func (v *attached) Failed() error {
	if done, err := v.line.Feed.Ended(); done {
		return err
	}
	return nil
}

// Stop implements show.Shown.
func (v *attached) Stop(uint32) error {
	v.src.Close()
	err := v.line.End(10 * time.Second)
	v.cancel()
	return err
}

// Say implements show.Shown.
func (v *attached) Say() {
	if why := v.src.Ended(); why != nil {
		say("%v", why)
	}
}
