package cmd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"evviz/diagnostics"
	"evviz/docs/modes"
	"evviz/export"
	"evviz/probe/look"
	"evviz/show"
	"evviz/timeline"
	"evviz/tui"
	"evviz/tui/screen"
)

type snapshotOptions struct {
	json, all, screen bool
	watch             time.Duration
	record            string
	via               string
	rules             map[string]bool // of --only
	hints             []string        // what to type to see more
	force             bool
	failOn            []string
	only              []string
	set               []string
	looks
}

// apart is how far the two looks of a snapshot lie apart: what was under way at the first is over at the second, unless the machine is very
// busy.
const apart = 100 * time.Millisecond

func newSnapshot() *cobra.Command {
	o := &snapshotOptions{}
	c := &cobra.Command{
		Use:   "snapshot PID...",
		Short: "Look into a running program: what its event loops watch, what waits there, and which call each thread is in",
		Long: `snapshot shows what a running program watches at this moment, without tracing it: every epoll instance with its registrations (descriptor,
kind, address, events, trigger, whether it is armed and on the ready list, unread bytes), the sets that threads have passed to poll and
select, accept queues against their backlog, and the call that each thread is in. The program is not stopped and none of its descriptors is
taken.

Then it says what is wrong, as far as that needs no time: data that no wait will return, a registration of a closed descriptor, a full
accept queue, a descriptor that may block. Where something may have been just under way a second look follows after 100 ms, and
only what both have found is said.

It ends with 0 when there is nothing above info, with 1 when there is (or, with --fail-on, when what is named there was found), with 2
for a wrong command line and with 3 when the process cannot be looked into.`,
		Example: `  evviz snapshot 4711
  evviz snapshot --json $(pgrep -x redis-server) | jq '.processes[].instances'
  evviz snapshot --watch 1s 4711
  evviz snapshot --record before.evt 4711       and later: evviz replay before.evt, evviz compare before.evt after.evt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("snapshot: which process? evviz snapshot PID")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if !o.screen {
				return o.run(args) // without a screen nothing is asked of the settings
			}
			cfg, err := settle(c, "theme", "symbols", "span", "no-mouse", "threshold") // the view is what this command is about
			if err != nil {
				return err
			}
			if err := o.looks.check(cfg); err != nil {
				return err
			}
			return o.run(args)
		},
	}
	o.looks.flags(c)
	c.Flags().Lookup("view").DefValue, o.view = "registered", "registered"
	f := c.Flags()
	f.StringVar(&o.via, "via", "auto", "how to look: auto (BPF where it may be loaded, else proc), or proc (/proc and sock_diag)")
	f.BoolVar(&o.screen, "screen", false, "show it on the screen (view 3, registered fds), looking again every second")
	f.BoolVar(&o.json, "json", false, "print one JSON object; with --watch one for each look, a line each")
	f.BoolVar(&o.all, "all", false, "show every registration, however many there are")
	f.DurationVar(&o.watch, "watch", 0, "look again and again, so far apart, until Ctrl-C")
	f.StringVar(&o.record, "record", "", "write what was found to a recording")
	f.BoolVar(&o.force, "force", false, "with --record: replace a recording that is there already")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "end with 1 only when one of these was found: rules (EV03), severities (warn: and above)")
	f.StringSliceVar(&o.only, "only", nil, "look for these rules alone")
	f.StringArrayVar(&o.set, "threshold", nil, "change a threshold: NAME=VALUE")
	c.SetFlagErrorFunc(flagError)
	return c
}

// processOf says whether a word of a command line that wants a file is the number of a process, and no file.
func processOf(word string) (pid int, ok bool) {
	n, err := strconv.Atoi(word)
	if err != nil || n <= 0 || n > 1<<22 {
		return 0, false
	}
	if _, err := os.Lstat(word); err == nil {
		return 0, false
	}
	return n, true
}

// process is evviz check PID: what a snapshot finds wrong, in the forms of check.
func (o *checkOptions) process(c *cobra.Command, pid int) error {
	var bad error
	c.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "json", "md", "sarif", "explain", "fail-on", "only", "ignore", "threshold", "baseline", "write-baseline":
		default:
			bad = usage("--%s is about a file, and %d is a process", f.Name, pid)
		}
	})
	if bad != nil {
		return bad
	}
	return o.judge(strconv.Itoa(pid), func(set diagnostics.Settings) (*toJudge, error) {
		s, err := looked(look.New(pid), look.Plan{Every: apart, Looks: 2, Again: true}, set)
		return &toJudge{snapshot: s}, err
	})
}

// pidsOf reads process numbers.
func pidsOf(command string, args []string) (pids []int, err error) {
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil || n <= 0 || n > math.MaxInt32 {
			return nil, usage("%s %q: want the number of a process (pgrep, ps and ss -p know it)", command, a)
		}
		pids = append(pids, n)
	}
	return pids, nil
}

func (o *snapshotOptions) run(args []string) error {
	pids, err := pidsOf("snapshot", args)
	if err != nil {
		return err
	}
	if o.watch < 0 || o.watch > 0 && o.watch < 10*time.Millisecond {
		return usage("--watch %v: want 10ms or more", o.watch)
	}
	if o.via != "auto" && o.via != "proc" {
		return oneOf("--via", o.via, []string{"auto", "proc"})
	}
	g, err := (&checkOptions{failOn: o.failOn}).gate()
	if err != nil {
		return err
	}
	if o.rules, err = rulesOf(o.only); err != nil {
		return err
	}
	set, err := settings(o.set)
	if err != nil {
		return err
	}
	if o.screen {
		return o.show(pids, set)
	}
	plan := look.Plan{Every: apart, Looks: 2, Again: true}
	if o.watch > 0 {
		plan = look.Plan{Every: o.watch}
	} else {
		// What is made is printed and then over: collecting it would take longer than all the rest for a process with many registrations.
		debug.SetMemoryLimit(512 << 20)
		debug.SetGCPercent(-1)
	}
	src, line, err := o.open(pids, plan, set)
	if err != nil {
		return err
	}
	defer src.Close()
	if o.watch > 0 {
		return o.watched(src, line, set)
	}
	line.Start(context.Background())
	if err := line.End(0); err != nil {
		return env(err)
	}
	found, err := o.print(line.Feed.Snapshot(), set)
	if err != nil {
		return err
	}
	for _, x := range found {
		if g.fails(x) {
			return quiet(exitFailure)
		}
	}
	return nil
}

// looker looks in the way that the command line asks for.
func (o *snapshotOptions) looker(pids []int) *look.Looker {
	if o.via == "proc" {
		return look.NewByProc(pids...)
	}
	return look.New(pids...)
}

// open takes the first look, and begins the recording when there is to be one.
func (o *snapshotOptions) open(pids []int, p look.Plan, set diagnostics.Settings) (*look.Source, *show.Line, error) {
	l := o.looker(pids)
	src, err := look.Open(l, p)
	if err != nil {
		return nil, nil, env(err)
	}
	if why := l.Refused(); why != nil {
		for _, c := range why.Causes {
			o.hints = append(o.hints, forBPF(c, "evviz snapshot "+strings.Trim(fmt.Sprint(pids), "[]")))
		}
	}
	line := show.NewLine(src, &show.LineOptions{Record: true, Findings: set, Picture: timeline.Options{Ledger: !o.screen}})
	if o.record != "" {
		start := line.Tee.Start
		if o.force {
			start = line.Tee.StartOver
		}
		if err := start(o.record); err != nil {
			src.Close()
			return nil, nil, env(err)
		}
		giveToUser(o.record)
	}
	if p.Looks == 0 {
		if err := l.DropRights(); err != nil {
			src.Close()
			return nil, nil, env(errors.Join(err, line.End(0)))
		}
	}
	return src, line, nil
}

func (o *snapshotOptions) print(s *timeline.Snapshot, set diagnostics.Settings) ([]*diagnostics.Finding, error) {
	found := diagnostics.Check(s, set)
	if len(o.only) > 0 {
		found = slices.DeleteFunc(found, func(f *diagnostics.Finding) bool { return !o.rules[f.Rule.ID] })
	}
	w := export.WatchedOf(s, found)
	w.Hints = o.hints
	var err error
	switch {
	case o.json && o.watch > 0:
		err = w.JSONLine(stdout)
	case o.json:
		err = w.JSON(stdout)
	default:
		err = w.Text(stdout, o.all)
	}
	if err != nil {
		return nil, failure(fmt.Errorf("write the result: %w", err))
	}
	return found, nil
}

// giveToUser makes a file that sudo has made the user's who called sudo. What cannot be given stays root's.
func giveToUser(path string) {
	uid, err1 := strconv.Atoi(os.Getenv("SUDO_UID"))
	gid, err2 := strconv.Atoi(os.Getenv("SUDO_GID"))
	if os.Geteuid() == 0 && err1 == nil && err2 == nil {
		os.Lchown(path, uid, gid)
	}
}

// watched looks until Ctrl-C, or until the processes have ended.
func (o *snapshotOptions) watched(src *look.Source, line *show.Line, set diagnostics.Settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	line.Start(ctx)
	tick := time.NewTicker(min(o.watch/4, 100*time.Millisecond))
	defer tick.Stop()
	for last := int64(0); ; {
		done, err := line.Feed.Ended()
		if s := line.Feed.Snapshot(); s.Last != last && len(s.Threads) > 0 {
			last = s.Last
			if _, err := o.print(s, set); err != nil {
				src.Close()
				return errors.Join(err, line.End(0))
			}
		}
		if done || ctx.Err() != nil {
			src.Close()
			err = errors.Join(err, line.End(0))
			if err != nil {
				return env(err)
			}
			if why := src.Ended(); why != nil {
				say("%v", why)
			}
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// show puts the looks on a screen, one a second.
func (o *snapshotOptions) show(pids []int, set diagnostics.Settings) error {
	every := o.watch
	if every == 0 {
		every = time.Second
	}
	code, err := show.Run(0, func() (show.Shown, error) {
		src, line, err := o.open(pids, look.Plan{Every: every}, set)
		if err != nil {
			return nil, err
		}
		v := &shownLooks{snapshotOptions: o, src: src, line: line}
		var ctx context.Context
		ctx, v.cancel = context.WithCancel(context.Background())
		line.Start(ctx)
		return v, nil
	})
	if errors.Is(err, screen.ErrNoTerminal) {
		return env(fmt.Errorf("%w (without --screen, evviz snapshot prints a table)", err))
	}
	return ended(code, err)
}

// shownLooks is a process that is looked at again and again, on a screen.
type shownLooks struct {
	*snapshotOptions
	src    *look.Source
	line   *show.Line
	cancel context.CancelFunc
}

// Draw implements show.Shown.
func (v *shownLooks) Draw(t *show.Terminal) (*tui.Picture, error) {
	x := v.looks.options()
	t.Put(&x)
	v.line.Put(&x, v.notes)
	x.ModePage = modes.Page
	return tui.Run(x)
}

// notes says that the process has ended.
func (v *shownLooks) notes() (string, bool) {
	if why := v.src.Ended(); why != nil {
		return why.Error(), true
	}
	return "", false
}

// Failed implements show.Shown: a process that has ended is no failure.
func (v *shownLooks) Failed() error {
	if done, err := v.line.Feed.Ended(); done {
		return err
	}
	return nil
}

// Stop implements show.Shown.
func (v *shownLooks) Stop(uint32) error {
	v.cancel()
	v.src.Close()
	return v.line.End(0)
}

// Say implements show.Shown.
func (v *shownLooks) Say() {
	if why := v.src.Ended(); why != nil {
		say("%v", why)
	}
}
