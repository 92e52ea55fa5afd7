// Command negatives holds evviz against healthy servers: make negatives, or go run ./bench/negatives.
//
// Then it looks into each of them with evviz snapshot, which wants no strace, while it is under load and at rest.
//
// It starts each server on loopback, has strace write down its calls in the ways in which people do, sends it a bounded
// load, and gives every log to evviz check. Nothing above info may be said that is not true of the program: what is true is
// in true.tsv, with its proof, and anything else ends the command with 1. What cannot be installed or compiled on this machine
// stands in the table as missing.
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
	"strings"
	"time"

	"evviz/bench/internal/straced"
)

func main() {
	runs := flag.Int("runs", 150, "how many runs; at least as many as it takes for every pair of choices")
	limit := flag.Duration("limit", 40*time.Minute, "no run starts after this time")
	quick := flag.Bool("quick", false, "each server once, attached, -f -ttt -T, with nothing beside it")
	only := flag.String("only", "", "a regular expression: only runs whose name, server/state/flags/beside, fits")
	all := flag.Bool("all", false, "every combination, not only some that hold every pair")
	light := flag.Bool("light", false, "a light load, for logs that are kept")
	dir := flag.String("dir", "", "the folder of the servers and logs; it is made, and removed unless -keep is given (default: a temporary one)")
	keep := flag.Bool("keep", false, "keep the logs")
	again := flag.Bool("again", false, "run no server: judge the logs that an earlier run with -keep left in -dir")
	looks := flag.Bool("looks", false, "no strace: only evviz snapshot of each server, at rest, under load, and beside two busy loops")
	logs := flag.Bool("testdata", false, "make the logs of "+tests+" anew, in /srv/demo unless -dir says where, and nothing else")
	straced.Main("negatives", func(ctx context.Context) (bool, error) {
		return negatives(ctx, options{*runs, *limit, *quick, *only, *all, *light, *dir, *keep, *again, *logs, *looks})
	})
}

// options are the command's flags.
type options struct {
	runs  int
	limit time.Duration
	quick bool
	only  string
	all   bool
	light bool
	dir   string
	keep  bool
	again bool // judge the logs that are there
	logs  bool // make the tests' logs
	looks bool // look only
}

// negatives runs what was chosen and prints the table; false: something was said that is not known to be true, or a run failed.
func negatives(ctx context.Context, o options) (bool, error) {
	fits, err := regexp.Compile(o.only)
	if err != nil {
		return false, fmt.Errorf("-only: %w", err)
	}
	if o.again && o.dir == "" {
		return false, errors.New("-again judges the logs in the folder that -dir names, and there is none")
	}
	known, err := knownTrue("bench/negatives/true.tsv")
	if err != nil {
		return false, fmt.Errorf("%w (run it in the folder of go.mod)", err)
	}
	if _, err := exec.LookPath("strace"); err != nil {
		return false, fmt.Errorf("strace: %w; install it", err)
	}
	if o.logs && o.dir == "" {
		o.dir = "/srv/demo" // the folder's name is in the logs, so it is not one of this machine
	}
	w, err := newWorkshop(ctx, o.dir, o.light || o.logs)
	if err != nil {
		return false, err
	}
	if !o.keep && !o.again {
		defer os.RemoveAll(w.dir)
	}
	defer w.close()

	if o.logs {
		return true, w.keep(ctx)
	}
	var chosen []run
	switch {
	case o.quick:
		for _, s := range servers {
			chosen = append(chosen, run{s, attached, flagSets[2], false})
		}
	case o.all || o.only != "" || o.again:
		chosen = combinations(servers)
	default:
		chosen = pairwise(servers, o.runs)
	}
	if !o.again {
		chosen = append(chosen, lookedRuns(servers)...)
	}
	if o.looks {
		chosen = lookedRuns(servers)
	}
	t := table{out: os.Stdout, known: known}
	if _, err := exec.LookPath("wrk"); err != nil && !o.again {
		t.note("MISSING: wrk; web servers get this program's own load alone")
	}
	missing := map[string]string{}
	begun := time.Now()
	for i, r := range chosen {
		if !fits.MatchString(r.String()) {
			continue
		}
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if time.Since(begun) > o.limit {
			t.note(fmt.Sprintf("%d of %d runs were not made: %s were over", len(chosen)-i, len(chosen), o.limit))
			t.failed++
			break
		}
		if o.again {
			if log := filepath.Join(w.dir, r.file()); exists(log) {
				t.add(r, w.judge(ctx, log))
			}
			continue
		}
		if _, known := missing[r.server.name]; known {
			continue
		}
		if err := w.build(r.server); err != nil {
			missing[r.server.name] = err.Error()
			t.missing(r.server.name, err)
			continue
		}
		t.add(r, w.run(ctx, r))
	}
	t.end(time.Since(begun))
	if t.runs == 0 && ctx.Err() == nil {
		return false, fmt.Errorf("no run was made: -only %q fits none, or everything is missing", o.only)
	}
	if o.keep {
		fmt.Println("logs:", w.dir)
	}
	return t.failed == 0 && t.unknown == 0, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// workshop is the folder that all runs share: certificate, files that are served, compiled servers, logs.
type workshop struct {
	dir, src string
	evviz    string
	light    bool
	built    map[string]error
	backend  *backend
}

func newWorkshop(ctx context.Context, dir string, light bool) (*workshop, error) {
	src, err := filepath.Abs("bench/negatives/testdata/src")
	if err != nil {
		return nil, err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "negatives"); err != nil {
			return nil, err
		}
	}
	w := &workshop{dir: dir, src: src, evviz: filepath.Join(dir, "evviz"), light: light, built: map[string]error{}}
	if err := os.MkdirAll(filepath.Join(dir, "www"), 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // workers that are not root read what they serve
		return nil, err
	}
	for name, text := range map[string]string{"index.html": "hello\n", "big": strings.Repeat("x", bigBody)} {
		if err := os.WriteFile(filepath.Join(dir, "www", name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if err := certificate(dir); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.evviz, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	w.backend, err = newBackend()
	return w, err
}

func (w *workshop) close() { w.backend.close() }

// build makes a server ready to be started, once; an error says what is missing.
func (w *workshop) build(s *server) error {
	if err, done := w.built[s.name]; done {
		return err
	}
	err := s.ready(w)
	w.built[s.name] = err
	return err
}
