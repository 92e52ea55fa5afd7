package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"evviz/export"
	"evviz/internal/files"
	"evviz/show"
	"evviz/timeline"
)

// runs makes the runs of a comparison, one at a time: each is evviz again, headless, with a recording.
type runs struct {
	dir   string // where recordings are kept; "" nowhere
	force bool   // replace what is kept there from another time
	limit time.Duration
	sigs  <-chan os.Signal
	undo  func()
}

func newRuns(keep string, force bool, limit time.Duration) (*runs, error) {
	r := &runs{dir: keep, force: force, limit: limit}
	if keep != "" {
		if err := os.MkdirAll(keep, 0o700); err != nil {
			return nil, fmt.Errorf("keep the recordings: %w", err)
		}
	}
	r.sigs, r.undo = show.WatchSignals()
	return r, nil
}

func (r *runs) close() { r.undo() }

// all runs every variant once in each round. A round begins one variant later than the round before, so that no mode
// always runs first, or always after the same other.
func (r *runs) all(vs []variant, repeat int) ([]export.Column, error) {
	out := make([]export.Column, len(vs))
	for i, v := range vs {
		out[i].Name = v.name
	}
	for round := range repeat {
		for k := range vs {
			i := (k + round) % len(vs)
			say("round %d of %d: %s", round+1, repeat, vs[i].name)
			s, err := r.one(vs[i], fmt.Sprintf("%02d-%s-%d.evt", i+1, fileName(vs[i].name), round+1))
			if err != nil {
				return nil, err
			}
			out[i].Add(s)
		}
	}
	return out, nil
}

// fileName makes a variant's name fit for a file.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, s)
	return s[:min(len(s), 40)]
}

// one makes a run and folds its recording, which is kept under that name, or in a file that has none: then nothing of it is left
// when it is closed, nor when this process is killed.
func (r *runs) one(v variant, name string) (*timeline.Snapshot, error) {
	args := append(v.args[:len(v.args):len(v.args)], "--headless", "--listen", "127.0.0.1:0", "--record")
	path := filepath.Join(r.dir, name)
	var open []*os.File
	if r.dir == "" {
		fd, err := files.Unnamed(os.TempDir())
		if err != nil {
			return nil, env(fmt.Errorf("make room for the recordings: %w; TMPDIR says where", err))
		}
		f := os.NewFile(uintptr(fd), "recording")
		defer f.Close()
		open, path = []*os.File{f}, fmt.Sprintf("/proc/self/fd/%d", fd)
		args = append(args, "/proc/self/fd/3")
	} else {
		args = append(args, path)
	}
	if r.force {
		args = append(args, "--force")
	}
	if err := r.child(v, args, open); err != nil {
		return nil, err
	}
	s, err := fold(path)
	if err != nil {
		return nil, failure(fmt.Errorf("%s: %w", v.name, err))
	}
	return s, nil
}

// child runs evviz, with descriptors from 3 on, to its end, which comes with the scenario's, with --for, with our end, or after the limit.
//
// The kernel kills it when the thread that started it ends, so that thread must live as long as the child does: it is the
// goroutine's own until then.
func (r *runs) child(v variant, args []string, open []*os.File) error {
	self, err := os.Executable()
	if err != nil {
		return env(fmt.Errorf("start a run: %w", err))
	}
	var said limited
	c := exec.Command(self, args...)
	c.Stdout, c.Stderr, c.ExtraFiles = io.Discard, &said, open
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.WaitDelay = 5 * time.Second
	started, done := make(chan error, 1), make(chan error, 1)
	show.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			done <- c.Wait()
		}
	})
	if err := <-started; err != nil {
		return env(fmt.Errorf("start a run: %w", err))
	}
	undo := show.OnCrash(func() { c.Process.Kill() })
	defer undo()
	limit := time.NewTimer(r.limit)
	defer limit.Stop()
	end := func() {
		c.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			c.Process.Kill()
			<-done
		}
	}
	select {
	case err = <-done:
	case sig := <-r.sigs:
		over := make(chan struct{})
		defer close(over)
		show.EndAtNext(r.sigs, over)
		end()
		return quiet(show.SignalCode(sig))
	case <-limit.C:
		end()
		return failure(fmt.Errorf("%s: the run had not ended after %v; for a scenario that does not end by itself give --for", v.name, r.limit))
	}
	if err == nil {
		return nil
	}
	why := lastLine(said.b)
	if why == "" {
		why = err.Error()
	}
	code := exitFailure
	if n := c.ProcessState.ExitCode(); n == exitUsage || n == exitEnv {
		code = n
	}
	return &coded{code, fmt.Errorf("%s: %s", v.name, why)}
}

// limited keeps the last of what is written to it.
type limited struct{ b []byte }

func (l *limited) Write(p []byte) (int, error) {
	l.b = append(l.b, p...)
	if n := len(l.b) - 16<<10; n > 0 {
		l.b = append(l.b[:0], l.b[n:]...)
	}
	return len(p), nil
}

// lastLine is what a run said last, without the name that it says first.
func lastLine(b []byte) string {
	s := strings.TrimSpace(string(b))
	s = s[strings.LastIndexByte(s, '\n')+1:]
	return strings.TrimPrefix(s, "evviz: ")
}

// fold reads a recording into a timeline.
func fold(path string) (*timeline.Snapshot, error) {
	rec, err := openRecording(path)
	if err != nil {
		return nil, err
	}
	defer rec.Close()
	src, err := inOrder(rec)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	// Every connection counts for fairness, so closed ones are kept; the list of events is not looked at.
	feed := timeline.NewFeed(src, timeline.Options{MaxClosed: 1 << 20, MaxEvents: 1})
	if err := feed.Run(context.Background()); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	tellTrouble(rec)
	return feed.Snapshot(), nil
}
