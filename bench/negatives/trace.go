package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"evviz/bench/internal/straced"
)

// result is what came of one run.
type result struct {
	log   string
	took  time.Duration
	check straced.Checked
	err   error
}

// run makes one log and has it judged.
func (w *workshop) run(ctx context.Context, r run) (res result) {
	begun := time.Now()
	defer func() { res.took = time.Since(begun) }()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if r.state == looked {
		res.check, res.err = w.look(ctx, r)
		return res
	}
	res.log = filepath.Join(w.dir, r.file())
	if err := w.trace(ctx, r, res.log); err != nil {
		res.err = err
		return res
	}
	return w.judge(ctx, res.log)
}

// judge has a log judged that is there.
func (w *workshop) judge(ctx context.Context, log string) result {
	begun := time.Now()
	c, err := straced.Judge(ctx, w.evviz, log)
	return result{log: log, took: time.Since(begun), check: c, err: err}
}

// trace runs the server under strace, with its load.
func (w *workshop) trace(ctx context.Context, r run, log string) (err error) {
	p, err := w.place(r.server)
	if err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	if r.beside {
		stop, err := straced.BusyLoops(2)
		if err != nil {
			return err
		}
		defer stop()
	}
	var tracer, program *straced.Process
	defer func() {
		err = errors.Join(err, straced.End(program, r.server.quit), straced.End(tracer, syscall.SIGINT))
	}()
	strace := append([]string{"strace", "-o", log}, r.flags.args...)
	if r.state == fromStart {
		if tracer, err = straced.Start(p.dir, append(strace, r.server.argv(p)...)...); err != nil {
			return err
		}
		if err = straced.Up(ctx, p.port, r.server.udp, tracer); err != nil {
			return err
		}
		if program, err = tracer.Tracee(); err != nil {
			return err
		}
	} else {
		if program, err = straced.Start(p.dir, r.server.argv(p)...); err != nil {
			return err
		}
		if err = straced.Up(ctx, p.port, r.server.udp, program); err != nil {
			return err
		}
	}
	return load(ctx, r.server, p, w.light, func() error {
		if r.state == fromStart {
			return nil
		}
		pids := straced.Family(program.PID())
		if r.server.one {
			pids = []int{busiest(pids)}
		}
		for _, pid := range pids {
			strace = append(strace, "-p", strconv.Itoa(pid))
		}
		if tracer, err = straced.Start(p.dir, strace...); err != nil {
			return err
		}
		return straced.Until(ctx, "strace is attached to every thread", tracer, func() bool { return straced.Traced(pids, tracer.PID()) })
	})
}

// place makes a folder for one run of a server, with a free port and its configuration.
func (w *workshop) place(s *server) (place, error) {
	p := place{dir: filepath.Join(w.dir, "run"), www: filepath.Join(w.dir, "www"), bin: s.bin(w), backend: w.backend.port()}
	var err error
	if p.port, err = straced.FreePort(s.udp); err != nil {
		return p, err
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return p, err
	}
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		return p, err
	}
	if s.conf == nil {
		return p, nil
	}
	return p, os.WriteFile(p.conf(), []byte(s.conf(p)), 0o644)
}

// busiest is the process with the most open descriptors: of workers the one that has the connections.
func busiest(pids []int) int {
	best, most := pids[0], 0
	for _, pid := range pids {
		fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if len(fds) > most {
			best, most = pid, len(fds)
		}
	}
	return best
}
