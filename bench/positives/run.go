package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"evviz/bench/internal/straced"
)

// How strace comes to the program.
const (
	fromStart = "start"  // strace starts it
	attached  = "attach" // it waits for its client, with the connection open
	inMidst   = "midst"  // it spins, and does so when strace leaves
)

// flagSet is one way in which people call strace, as it is typed, and in the name of a log.
type flagSet struct{ typed, short string }

var flagSets = []flagSet{{"-f -ttt -T", "T"}, {"-f -tt", "tt"}}

// run is one choice of everything.
type run struct {
	bug   *bug
	state string
	flags flagSet
}

// runs are all of some bugs.
func runs(bugs []*bug) []run {
	var out []run
	for _, b := range bugs {
		for _, state := range []string{fromStart, attached, inMidst} {
			for _, f := range flagSets {
				if state != inMidst || b.spins {
					out = append(out, run{b, state, f})
				}
			}
		}
	}
	return out
}

// String is what -only is held against.
func (r run) String() string {
	return strings.Join([]string{r.bug.stack, r.bug.name, r.state, r.flags.typed}, "/")
}

// file is the name of the run's log.
func (r run) file() string {
	return strings.Join([]string{r.bug.stack, r.bug.name, r.state, r.flags.short}, "-") + ".strace"
}

// result is what came of one run.
type result struct {
	log     string
	counted int64 // by the program; 0: it did not end by itself, or began to count before strace was there
	check   straced.Checked
	err     error
}

// wanted is what the finding's count must be; false: it is not compared.
func (r result) wanted(b *bug) (int64, bool) {
	if r.counted == 0 {
		return 0, false
	}
	return b.counts.wanted(r.counted)
}

// named is true when the bug's rule stands first, above info, with the right count.
func (r result) named(b *bug) bool {
	if r.err != nil || len(r.check.Findings) == 0 {
		return false
	}
	f := r.check.Findings[0]
	want, compared := r.wanted(b)
	return f.ID == b.rule && f.Severity != "info" && (!compared || f.Count == want)
}

// run makes one log and has it judged.
func (w *workshop) run(ctx context.Context, r run) (res result) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	res.log = filepath.Join(w.dir, r.file())
	if res.counted, res.err = w.trace(ctx, r, res.log); res.err != nil {
		return res
	}
	res.check, res.err = straced.Judge(ctx, w.evviz, res.log)
	return res
}

// Of a spin that does not end, so many calls are more than enough; a program that nobody ends does so after endless events.
const (
	enough  = 40 << 10 // bytes of the log
	endless = 1_000_000_000
)

// trace runs the program under strace, with its client, and gives what it counted.
func (w *workshop) trace(ctx context.Context, r run, log string) (counted int64, err error) {
	bin, err := w.build(r.bug)
	if err != nil {
		return 0, err
	}
	dir := filepath.Join(w.dir, "run")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	port, err := straced.FreePort(false)
	if err != nil {
		return 0, err
	}
	n := r.bug.n
	if r.state == inMidst {
		n = endless
	}
	argv := make([]string, len(r.bug.argv))
	for i, a := range r.bug.argv {
		argv[i] = map[string]string{"BIN": bin, "PORT": strconv.Itoa(port), "N": strconv.Itoa(n), "SLOW": strconv.Itoa(w.slow.port())}[a]
		if argv[i] == "" {
			argv[i] = a
		}
	}
	strace := append([]string{"strace", "-o", log}, strings.Fields(r.flags.typed)...)
	client := &guest{addr: fmt.Sprintf("127.0.0.1:%d", port), n: n}
	defer client.close()

	var tracer, program *straced.Process
	defer func() {
		err = errors.Join(err, straced.End(program, 0), straced.End(tracer, syscall.SIGINT))
	}()
	if r.state == fromStart {
		if tracer, err = straced.Start(dir, append(strace, argv...)...); err != nil {
			return 0, err
		}
		if !r.bug.alone { // it may have ended before anybody looks
			err = straced.Up(ctx, port, false, tracer)
		}
		if err == nil {
			err = errors.Join(r.bug.first(client), r.bug.then(client))
		}
		if err != nil {
			program, _ = tracer.Tracee()
			return 0, err
		}
		if err = straced.Ended(ctx, tracer); err != nil {
			program, _ = tracer.Tracee()
			return 0, err
		}
		return countedIn(tracer.Said)
	}

	if program, err = straced.Start(dir, argv...); err != nil {
		return 0, err
	}
	if err := straced.Up(ctx, port, false, program); err != nil {
		return 0, err
	}
	if err := r.bug.first(client); err != nil {
		return 0, err
	}
	if r.state == inMidst {
		if err := r.bug.then(client); err != nil {
			return 0, err
		}
	}
	if tracer, err = straced.Start(dir, append(strace, "-p", strconv.Itoa(program.PID()))...); err != nil {
		return 0, err
	}
	if err := straced.Until(ctx, "strace is attached to every thread", tracer, func() bool {
		return straced.Traced([]int{program.PID()}, tracer.PID())
	}); err != nil {
		return 0, err
	}
	if r.state == inMidst {
		return 0, straced.Until(ctx, "the log holds enough", tracer, func() bool {
			info, err := os.Stat(log)
			return err == nil && info.Size() >= enough
		})
	}
	if err := straced.Settled(ctx, []int{program.PID()}, tracer); err != nil {
		return 0, err
	}
	if err := r.bug.then(client); err != nil {
		return 0, err
	}
	if err := errors.Join(straced.Ended(ctx, program), straced.Ended(ctx, tracer)); err != nil {
		return 0, err
	}
	if r.bug.alone {
		return 0, nil
	}
	return countedIn(program.Said)
}

var countedLine = regexp.MustCompile(`(?m)^counted ([0-9]+)$`)

// countedIn is what a program has printed at its end.
func countedIn(said string) (int64, error) {
	b, err := os.ReadFile(said)
	if err != nil {
		return 0, err
	}
	m := countedLine.FindSubmatch(b)
	if m == nil {
		return 0, fmt.Errorf("the program ended without its count: %s", straced.LastLine(b))
	}
	return strconv.ParseInt(string(m[1]), 10, 64)
}
