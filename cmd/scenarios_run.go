package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/internal/plain"
	"evviz/lab"
	"evviz/record"
	"evviz/scenarios"
	"evviz/show"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui"
	"evviz/words"
)

// runOptions are the flags of scenarios run; those of the lab's knobs come with o.
type runOptions struct {
	o       labOptions
	connect string
	record  string
	json    bool
}

// outcome is one story's run.
type outcome struct {
	Name     string        `json:"name"`
	Title    string        `json:"title"`
	About    string        `json:"about"`
	Result   string        `json:"result"` // met, not met, failed, not judged
	Why      string        `json:"why,omitempty"`
	Expected []lab.Verdict `json:"expected"`
	Question string        `json:"question,omitempty"`
	Answer   string        `json:"answer,omitempty"`
	Claims   []lab.Shown   `json:"claims,omitempty"` // what a lesson says, held against the screen
	Found    []found       `json:"found,omitempty"`  // what the rules found; of the museum it is in broken and fixed
	Finds    string        `json:"finds,omitempty"`  // of a story of the museum: its rule, and what was found
	Broken   *side         `json:"broken,omitempty"`
	Mended   *side         `json:"mended,omitempty"`
	Took     int64         `json:"duration_ns"`

	pictures map[int]*tui.Picture // by view, where a claim is not met

	code int // that the error of a run that could not be made asks for
}

// The results. A story without expectations, or one whose knobs were overridden, is not judged.
const (
	resultMet       = "met"
	resultNotMet    = "not met"
	resultFailed    = "failed"
	resultNotJudged = "not judged"
)

const defaultRunTime = time.Minute

func newScenariosRun() *cobra.Command {
	r := &runOptions{}
	c := &cobra.Command{
		Use:   "run NAME|FILE|lessons|truth|museum ...",
		Short: "Run scenarios without a screen, one after another, and hold each against what it expects",
		Example: `  evviz scenarios run lessons truth
  evviz scenarios run t01 t02 --json
  evviz scenarios run museum                         every mistake that a rule knows, broken and fixed
  evviz scenarios run 9b --trigger level             a flag of the lab: expectations are not judged then
  evviz scenarios run mine.star --connect 127.0.0.1:6379`,
		RunE: func(c *cobra.Command, args []string) error { return r.run(c, args) },
	}
	f := c.Flags()
	f.StringVarP(&r.o.mode, "mode", "m", "", "mechanism, instead of the scenario's")
	f.StringVarP(&r.o.trigger, "trigger", "t", "", "triggering, instead of the scenario's")
	f.StringVarP(&r.o.listen, "listen", "l", "127.0.0.1:0", "address of the server")
	f.DurationVar(&r.o.duration, "for", 0, "end each scenario after this time (default 1m, which is a failure)")
	f.StringVar(&r.connect, "connect", "", "run no server: send the traffic to HOST:PORT")
	f.BoolVar(&r.o.remote, "allow-remote", false, "let --connect and the scenario reach other machines, or --listen be reached by them")
	f.BoolVar(&r.json, "json", false, "print the results as JSON")
	f.StringVar(&r.record, "record", "", "keep a recording of each in this directory: NAME.evt")
	f.BoolVar(&r.o.force, "force", false, "with --record: replace recordings that are there already")
	r.o.memory = memoryFlag(lab.DefaultMemory)
	f.Int64Var(&r.o.seed, "seed", 1, "seed of the scenario's random numbers")
	paramFlag(c, &r.o)
	f.IntVar(&r.o.ring, "ring", 1<<16, "events that a thread may be ahead of its reader before it drops any")
	f.IntVar(&r.o.maxConns, "max-connections", scenarios.DefaultMaxConns, "connections that a scenario may have open at once")
	r.o.knobFlagsBut(c, "connect")
	return c
}

// stories are the names that the arguments stand for.
func (r *runOptions) stories(args []string) ([]*scenarios.Script, error) {
	if len(args) == 0 {
		return nil, usage("scenarios run: which? a name, a file, lessons, truth or museum; evviz scenarios lists them")
	}
	ps, err := parseParams(r.o.params)
	if err != nil {
		return nil, err
	}
	var out []*scenarios.Script
	for _, a := range args {
		names := []string{a}
		if a == scenarios.Lessons || a == scenarios.Truth || a == scenarios.Museum {
			names = scenarios.NamesOf(a)
		}
		for _, n := range names {
			s, err := lab.LoadStory(n, ps...)
			if err != nil {
				o := labOptions{scenario: n}
				return nil, o.scenarioError(err)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

func (r *runOptions) run(c *cobra.Command, args []string) error {
	list, err := r.stories(args)
	if err != nil {
		return err
	}
	switch {
	case r.o.duration < 0:
		return usage("--for %v: a time cannot be negative", r.o.duration)
	case r.o.maxConns < 1:
		return usage("--max-connections %d: want 1 at least", r.o.maxConns)
	case r.o.force && r.record == "":
		return usage("--force goes with --record: it replaces the recordings that are there")
	case r.o.remote && r.connect == "" && !c.Flags().Changed("listen"):
		return usage("--allow-remote goes with --connect or --listen")
	}
	if r.connect != "" {
		if err := scenarios.Allowed(r.connect, r.o.remote); err != nil {
			return usage("--connect: %v", err)
		}
	}
	if err := r.o.reachable(); err != nil {
		return err
	}
	overridden := r.o.changed(c)
	if r.connect != "" && overridden != "" && overridden != "param" {
		return usage("--%s is a setting of the lab's own server, and --connect uses another", overridden)
	}
	for _, s := range list { // everything is checked before anything starts
		o := r.o
		if _, err := o.behaviour(c, s); err != nil && codeOf(err) == exitUsage {
			return err
		}
	}
	if r.record != "" {
		if err := os.MkdirAll(r.record, 0o700); err != nil {
			return env(fmt.Errorf("keep the recordings: %w; choose another directory for --record", err))
		}
	}
	sigs, undo := show.WatchSignals()
	defer undo()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	show.Go(func() {
		select {
		case s := <-sigs:
			cancel(quiet(show.SignalCode(s)))
			show.EndAtNext(sigs, nil)
		case <-ctx.Done():
		}
	})
	var done []outcome
	for _, s := range list {
		var x outcome
		switch {
		case r.connect != "":
			x = r.runAgainst(ctx, s)
		case s.Finds != "" && (overridden == "" || overridden == "param"):
			x = r.exhibit(ctx, c, s)
		default:
			x = r.runInLab(ctx, c, s, overridden)
		}
		if ctx.Err() != nil {
			break
		}
		done = append(done, x)
		if !r.json {
			x.print(stdout)
		}
	}
	if r.json {
		if err := plain.WriteJSON(stdout, done); err != nil {
			return failure(err)
		}
	} else if len(done) > 1 {
		table(stdout, done)
		exhibits(stdout, done)
	}
	if q := quiet(0); errors.As(context.Cause(ctx), &q) {
		return q
	}
	for _, x := range done {
		if x.code == exitEnv {
			return quiet(exitEnv)
		}
	}
	for _, x := range done {
		if x.Result == resultNotMet || x.Result == resultFailed {
			return quiet(exitFailure)
		}
	}
	return nil
}

func newOutcome(s *scenarios.Script) outcome {
	return outcome{Name: s.Name, Title: s.Title, About: strings.Join(strings.Fields(s.About), " "), Result: resultNotJudged, Expected: []lab.Verdict{}}
}

// runInLab runs a story in a lab of its own and holds it against what it expects.
func (r *runOptions) runInLab(ctx context.Context, c *cobra.Command, script *scenarios.Script, overridden string) (x outcome) {
	x = newOutcome(script)
	t0 := time.Now()
	defer func() { x.Took = int64(time.Since(t0)) }()
	var slow *record.Slow
	if len(script.Claims) > 0 {
		slow = record.NewSlow(lab.SlowOf(script))
	}
	snap, late, err := r.inLab(ctx, c, script, script.Name, slow)
	switch {
	case err != nil:
		x.Result, x.Why, x.code = resultFailed, err.Error(), codeOf(err)
		return x
	case len(script.Expect) == 0:
		x.Why = "it expects nothing"
		return x
	case overridden != "":
		x.Why = "--" + overridden + " was given: its expectations hold for its own settings only"
		return x
	}
	x.Expected = lab.Judge(script.Expect, snap)
	x.Found = shortly(diagnostics.Check(snap, diagnostics.Default()))
	x.Result = resultNotMet
	if _, all := lab.MetAll(x.Expected); all {
		x.Result = resultMet
	}
	if slow != nil {
		x.hold(script, slow)
	}
	if q := script.Ask; q != nil {
		x.Question, x.Answer = q.Ask, lab.Answer(q, snap, "")
	}
	if late != "" {
		x.Result, x.Why = resultFailed, late
	}
	return x
}

// hold holds the claims of a lesson against the screen.
func (x *outcome) hold(script *scenarios.Script, slow *record.Slow) {
	list, pictures, err := lab.Claims(script, slow, diagnostics.Default())
	if err != nil {
		x.Result, x.Why = resultFailed, err.Error()
		return
	}
	x.Claims = list
	for i := range list {
		if !list[i].Met {
			x.Result = resultNotMet
			x.pictures = pictures
		}
	}
}

// inLab runs a story in a lab of its own, recorded under label when that is wanted, and returns what it left behind; late says that it had to be ended.
func (r *runOptions) inLab(ctx context.Context, c *cobra.Command, script *scenarios.Script, label string, slow *record.Slow) (snap *timeline.Snapshot, late string, err error) {
	o := r.o // modes that a story sets must not reach the next one
	b, err := o.behaviour(c, script)
	if err != nil {
		return nil, "", err
	}
	run := o.options(b, script)
	run.EndsWithStory, run.Slow = true, slow
	if r.record != "" {
		run.Record = filepath.Join(r.record, label+".evt")
	}
	s, err := lab.Begin(run)
	if err != nil {
		if s != nil {
			s.Stop(trace.StopError)
		}
		return nil, "", notStarted(err)
	}
	limit := o.duration
	if limit == 0 {
		limit = defaultRunTime
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	why := uint32(trace.StopAsked)
	_, clients := s.Traffic()
	select {
	case <-s.Loop().Done():
	case <-clients.Done():
	case <-timer.C:
		why = trace.StopTime
		if o.duration == 0 {
			late = fmt.Sprintf("did not end within %v", limit)
		}
	case <-ctx.Done():
		why = trace.StopSignal
	}
	_, failed := s.FailedTraffic()
	if err := s.Stop(why); err != nil {
		return nil, late, err
	}
	if failed != "" {
		return nil, late, errors.New(failed)
	}
	return s.Feed.Snapshot(), late, nil
}

// runAgainst sends a story's traffic to a server that is not ours.
func (r *runOptions) runAgainst(ctx context.Context, script *scenarios.Script) (x outcome) {
	x = newOutcome(script)
	t0 := time.Now()
	defer func() { x.Took = int64(time.Since(t0)) }()
	if r.o.duration > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, r.o.duration)
		defer stop()
	}
	c, err := lab.StartClients(script, &lab.ClientOptions{Target: r.connect, Seed: r.o.seed, MaxConns: r.o.maxConns, Remote: r.o.remote}, nil)
	if err != nil {
		x.Result, x.Why = resultFailed, err.Error()
		return x
	}
	stop := context.AfterFunc(ctx, c.Stop)
	var conns, failed, sent, received int64
	buf := make([]trace.Event, 1024)
	for {
		n, err := c.Source.Read(context.Background(), buf)
		for i := range buf[:n] {
			e := &buf[i]
			if e.Kind != trace.Step {
				continue
			}
			switch trace.StepOf(e).What() {
			case trace.StepConnect:
				if e.Errno != 0 {
					failed++
				} else {
					conns++
				}
			case trace.StepSend:
				sent += max(e.B, 0)
			case trace.StepReceive:
				received += max(e.B, 0)
			}
		}
		if err != nil {
			break
		}
	}
	c.Source.Close()
	if stop() {
		c.Stop()
	}
	<-c.Done()
	if why := c.Failed(); why != "" {
		x.Result, x.Why = resultFailed, why
		return x
	}
	x.Why = fmt.Sprintf("%s is not a lab; %d connections, %d failed to connect, %s sent, %s received", r.connect, conns, failed, words.Bytes(sent), words.Bytes(received))
	return x
}

// print tells one run: its title, what it says of itself, and what it expected and got.
func (x *outcome) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", x.Name, plain.Lines(x.Title))
	if x.About != "" {
		fmt.Fprintf(w, "  %s\n", plain.Lines(x.About))
	}
	x.printSides(w)
	a, b := len("figure"), len("expected")
	for i := range x.Expected {
		a, b = max(a, utf8.RuneCountInString(x.Expected[i].Figure)), max(b, len(x.Expected[i].Want))
	}
	if len(x.Expected) > 0 {
		fmt.Fprintf(w, "  %-*s  %*s  got\n", a, "figure", b, "expected")
	}
	for i := range x.Expected {
		v := &x.Expected[i]
		fmt.Fprintf(w, "  %-*s  %*s  %s", a, v.Figure, b, v.Want, v.Words())
		if !v.Met {
			fmt.Fprintf(w, "  NOT MET (%s)", v.Place)
			if v.Unknown != "" {
				fmt.Fprintf(w, ": %s", v.Unknown)
			}
		}
		fmt.Fprintln(w)
	}
	x.printClaims(w)
	if x.Question != "" {
		fmt.Fprintf(w, "  question: %s\n  answer: %s\n", plain.Lines(x.Question), plain.Lines(x.Answer))
	}
	fmt.Fprintf(w, "  %s", x.Result)
	if x.Why != "" {
		fmt.Fprintf(w, ": %s", plain.Lines(x.Why))
	}
	fmt.Fprint(w, "\n\n")
}

// printClaims says which claims the screen did not bear out, and what it showed.
func (x *outcome) printClaims(w io.Writer) {
	if len(x.Claims) == 0 {
		return
	}
	met := 0
	for i := range x.Claims {
		c := &x.Claims[i]
		if c.Met {
			met++
			continue
		}
		fmt.Fprintf(w, "  %q: the screen does not show %q  NOT MET (%s)\n", plain.Lines(c.Phrase), plain.Lines(c.Shows), c.Place)
	}
	fmt.Fprintf(w, "  the screen shows %d of %s\n", met, words.Count(int64(len(x.Claims)), "claim"))
	for _, v := range slices.Sorted(maps.Keys(x.pictures)) {
		fmt.Fprintf(w, "  view %d where the lesson stops:\n%s", v, x.pictures[v].Text())
	}
}

// table is the end: a line for each story.
func table(w io.Writer, list []outcome) {
	n := 0
	for _, x := range list {
		if x.Finds == "" {
			n = max(n, utf8.RuneCountInString(x.Name))
		}
	}
	for _, x := range list {
		if x.Finds != "" { // exhibits has it
			continue
		}
		score := ""
		if len(x.Expected) > 0 {
			met, _ := lab.MetAll(x.Expected)
			score = fmt.Sprintf("%d of %d", met, len(x.Expected))
		}
		fmt.Fprintf(w, "%-*s  %-10s  %8s  %6.1f s\n", n, x.Name, x.Result, score, float64(x.Took)/1e9)
	}
}
