// Command positives holds evviz against planted bugs: make positives, or go run ./bench/positives.
//
// It runs small programs of several stacks (libevent, libev, asyncio, Python's selectors, node, EventMachine, Go), each with one
// bug, under strace, from their start, attached before the bug shows, and attached in the midst of it. evviz check must name the
// bug first and above info. A program counts how often its bug shows and ends after so many times, so the count of the finding is
// held against what the kernel gave. Anything else ends the command with 1. What cannot be compiled or run on this machine stands
// in the table as missing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"evviz/bench/internal/straced"
)

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "a regular expression: only runs whose name, stack/bug/state/flags, fits")
	flag.StringVar(&o.dir, "dir", "", "the folder of the programs and logs; it is made, and removed unless -keep is given (default: a temporary one)")
	flag.BoolVar(&o.keep, "keep", false, "keep the logs")
	flag.BoolVar(&o.logs, "testdata", false, "make the logs of "+tests+" anew, in /srv/planted unless -dir says where, and nothing else")
	straced.Main("positives", func(ctx context.Context) (bool, error) { return positives(ctx, o) })
}

// options are the command's flags.
type options struct {
	only, dir  string
	keep, logs bool
}

// positives makes the runs that were chosen and prints the table; false: a bug was not named first, its count is wrong, or a run failed.
func positives(ctx context.Context, o options) (bool, error) {
	fits, err := regexp.Compile(o.only)
	if err != nil {
		return false, fmt.Errorf("-only: %w", err)
	}
	if _, err := exec.LookPath("strace"); err != nil {
		return false, fmt.Errorf("strace: %w; install it", err)
	}
	if o.logs && o.dir == "" {
		o.dir = "/srv/planted" // the folder's name is in the logs, so it is not one of this machine
	}
	w, err := newWorkshop(ctx, o.dir)
	if err != nil {
		return false, err
	}
	if !o.keep {
		defer os.RemoveAll(w.dir)
	}
	defer w.slow.close()
	if o.logs {
		return true, w.keep(ctx)
	}
	t := table{out: os.Stdout}
	begun := time.Now()
	gone := map[string]bool{}
	for _, r := range runs(bugs) {
		if !fits.MatchString(r.String()) || gone[r.bug.stack] {
			continue
		}
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if _, err := w.build(r.bug); err != nil {
			gone[r.bug.stack] = true
			t.missing(r.bug.stack, err)
			continue
		}
		t.add(r, w.run(ctx, r))
	}
	if t.runs == 0 {
		return false, fmt.Errorf("no run was made: -only %q fits none, or everything is missing", o.only)
	}
	t.end(time.Since(begun))
	if o.keep {
		fmt.Println("logs:", w.dir)
	}
	return t.named == t.runs, nil
}

// workshop is the folder that all runs share: compiled programs and logs.
type workshop struct {
	dir, src string
	evviz    string
	slow     *slow
	built    map[string]built
}

// built is where the program of a source is, or why it is not.
type built struct {
	bin string
	err error
}

func newWorkshop(ctx context.Context, dir string) (*workshop, error) {
	src, err := filepath.Abs("bench/positives/testdata/src")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(src); err != nil {
		return nil, fmt.Errorf("%w (run it in the folder of go.mod)", err)
	}
	if dir == "" {
		dir, err = os.MkdirTemp("", "positives")
	} else {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, src: src, evviz: filepath.Join(dir, "evviz"), built: map[string]built{}}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.evviz, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, straced.LastLine(out))
	}
	w.slow, err = newSlow()
	return w, err
}

// build makes a bug's program ready, once for all bugs of its source.
func (w *workshop) build(b *bug) (string, error) {
	is, done := w.built[b.src]
	if !done {
		is.bin, is.err = b.ready(w.src, w.dir)
		w.built[b.src] = is
	}
	return is.bin, is.err
}

// tests is where the logs are that go test reads.
const tests = "diagnostics/testdata/positive"

// largestKept is how many bytes a log of the tests may have.
const largestKept = 100 << 10

// kept are the runs whose logs the tests have, one of each stack.
var kept = map[string]bool{
	"libevent/out/start/-f -ttt -T":                true,
	"libev/eof/attach/-f -tt":                      true,
	"asyncio/child/attach/-f -ttt -T":              true,
	"selectors/unread/attach/-f -ttt -T":           true,
	"node/spawn/attach/-f -tt":                     true,
	"eventmachine-select/select/attach/-f -ttt -T": true,
	"eventmachine-epoll/sleep/attach/-f -tt":       true,
	"go/unread/start/-f -tt":                       true,
}

// keep makes the tests' logs anew, with a table of what their programs counted.
func (w *workshop) keep(ctx context.Context) error {
	var want []byte
	for _, r := range runs(bugs) {
		if !kept[r.String()] {
			continue
		}
		res := w.run(ctx, r)
		if res.err != nil {
			return fmt.Errorf("%s: %w", r, res.err)
		}
		count, compared := res.wanted(r.bug)
		b, err := os.ReadFile(res.log)
		switch {
		case err != nil:
			return err
		case !compared:
			return fmt.Errorf("%s: nothing was counted", r)
		case len(b) > largestKept:
			return fmt.Errorf("%s: the log has %d bytes, more than %d", r, len(b), largestKept)
		}
		if err := os.WriteFile(filepath.Join(tests, r.file()), b, 0o644); err != nil {
			return err
		}
		fmt.Println(filepath.Join(tests, r.file()), len(b))
		want = fmt.Appendf(want, "%s\t%s\t%d\n", r.file(), r.bug.rule, count)
	}
	if len(want) == 0 {
		return errors.New("no log was made")
	}
	return os.WriteFile(filepath.Join(tests, "expected.tsv"), want, 0o644)
}
