package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"evviz/bench/internal/straced"
)

// looked is the state of a run in which nothing is traced: evviz snapshot looks into the server.
const looked = "looks"

// lookedRuns look into every server, with nothing beside it and beside two busy loops.
func lookedRuns(servers []*server) (runs []run) {
	for _, s := range servers {
		for _, beside := range []bool{false, true} {
			runs = append(runs, run{s, looked, flagSet{name: "(snapshot)", short: "snapshot"}, beside})
		}
	}
	return runs
}

// look starts a server and looks into it again and again, from when it has connections until they are closed. What all looks have found is
// counted together, each finding once.
func (w *workshop) look(ctx context.Context, r run) (all straced.Checked, err error) {
	p, err := w.place(r.server)
	if err != nil {
		return all, err
	}
	defer os.RemoveAll(p.dir)
	if r.beside {
		stop, err := straced.BusyLoops(2)
		if err != nil {
			return all, err
		}
		defer stop()
	}
	program, err := straced.Start(p.dir, r.server.argv(p)...)
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, straced.End(program, r.server.quit)) }()
	if err := straced.Up(ctx, p.port, r.server.udp, program); err != nil {
		return all, err
	}
	over, ended := make(chan struct{}), make(chan error, 1)
	begun := false
	err = load(ctx, r.server, p, w.light, func() error {
		begun = true
		go func() { ended <- w.looks(ctx, program.PID(), over, &all) }()
		return nil
	})
	close(over)
	if begun {
		err = errors.Join(err, <-ended)
	}
	return all, err
}

// looks looks until over is closed, and once more then.
func (w *workshop) looks(ctx context.Context, pid int, over <-chan struct{}, all *straced.Checked) error {
	for last := false; ; {
		c, err := straced.Look(ctx, w.evviz, straced.Family(pid))
		if err != nil {
			return err
		}
		all.Events++ // looks, here
		for _, f := range c.Findings {
			if !slices.ContainsFunc(all.Findings, func(o straced.Finding) bool { return o.ID == f.ID && o.Severity == f.Severity }) {
				all.Findings = append(all.Findings, f)
			}
		}
		if last {
			return nil
		}
		select {
		case <-over:
			last = true
		case <-time.After(20 * time.Millisecond):
		}
	}
}
