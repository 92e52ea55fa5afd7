package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"evviz/loop"
	"evviz/trace"
)

// A child of the server is evviz again, with a hidden command: descriptor 3 is what it inherits, descriptor 4 takes its events,
// and standard input only says that the parent lives. Its events come back over the pipe as the clients' do, so its loop has
// a lane beside its parent's.

// startChild starts a child that inherits fd. The loop calls it on its own thread, which is the one that forks.
func (s *session) startChild(what string, fd int) (loop.ChildProcess, error) {
	fail := func(err error) (loop.ChildProcess, error) {
		return loop.ChildProcess{}, fmt.Errorf("start a child process: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	lifeR, life, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	defer lifeR.Close()
	events, eventsW, err := os.Pipe()
	if err != nil {
		life.Close()
		return fail(err)
	}
	defer eventsW.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		life.Close()
		events.Close()
		return fail(err)
	}
	defer null.Close()
	pid, err := syscall.ForkExec(self, []string{self, "child", what}, &syscall.ProcAttr{Env: os.Environ(), Sys: &syscall.SysProcAttr{Setpgid: true},
		Files: []uintptr{lifeR.Fd(), null.Fd(), null.Fd(), uintptr(fd), eventsW.Fd()}})
	if err != nil {
		life.Close()
		events.Close()
		return fail(os.NewSyscallError("fork", err))
	}
	src := trace.NewRawSource(events, trace.Info{Title: "child", Live: true, Timed: true, Kinds: trace.AllKinds()})
	ring := s.rings.ring()
	pumped := make(chan struct{})
	spawn(func() {
		defer close(pumped)
		defer src.Close()
		trace.Pump(context.Background(), src, ring)
	})
	undo := onCrash(func() { syscall.Kill(pid, syscall.SIGKILL) })
	ended := make(chan struct{})
	spawn(func() {
		defer close(ended)
		for {
			if _, err := syscall.Wait4(pid, nil, 0, nil); err != syscall.EINTR {
				return
			}
		}
	})
	return loop.ChildProcess{PID: pid, Ended: ended, End: func() {
		life.Close()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			syscall.Kill(pid, syscall.SIGKILL)
			<-ended
		}
		undo()
		<-pumped
	}}, nil
}

// parents are events that are for the parent to tell: there is one run, one mode and one set of settings.
func parents(e trace.Event) bool {
	switch e.Kind {
	case trace.Start, trace.Stop, trace.Mode, trace.Knob, trace.Sync:
		return true
	}
	return false
}

func newChild() *cobra.Command {
	return &cobra.Command{Use: "child WHAT", Hidden: true, Args: cobra.ExactArgs(1), Short: "A child process of the server (started by the lab itself)",
		RunE: func(_ *cobra.Command, args []string) error { return runChild(args[0]) }}
}

func runChild(what string) error {
	events := os.NewFile(4, "events")
	if _, err := events.Stat(); err != nil {
		return usage("child: this command is started by the lab itself; see --child")
	}
	ended := make(chan struct{})
	spawn(func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
		time.Sleep(3 * time.Second)
		os.Exit(exitFailure)
	})
	if what == "holds" {
		<-ended
		return nil
	}
	merge := trace.NewMerge(trace.Info{})
	rings := ringMaker{size: 1 << 17, m: merge} // a child that shares its parent's bell may spin until it is ended
	written := make(chan struct{})
	run := func() {
		spawn(func() {
			defer close(written)
			buf := make([]trace.Event, 1024)
			for {
				n, err := merge.Read(context.Background(), buf)
				n = len(slices.DeleteFunc(buf[:n], parents))
				if trace.WriteRaw(events, buf[:n]) != nil || err != nil {
					return
				}
			}
		})
	}
	switch what {
	case "shares":
		ring := rings.ring()
		run()
		now := ring.Now()
		ring.Name(1, "child", now)
		e := ring.Next(trace.Thread, now)
		e.A, e.B, e.Gen, e.Mask, e.Aux = int64(os.Getpid()), int64(os.Getpid()), uint32(os.Getpid()), trace.RoleLoop, 1
		ring.Publish(now)
		loop.ServeShared(3, ring, ended)
		ring.Close()
	case "own":
		b := loop.Default()
		b.Driver, b.Trigger, b.Arrival = trace.DriverEpoll, trace.TriggerLevel, loop.ArrivalOff
		l, err := loop.New(loop.Config{Behaviour: b, Title: "child", Inherited: true, NewRing: func(uint32) *trace.Ring { return rings.ring() }})
		if err != nil {
			return failure(err)
		}
		if err := l.Start(spawn); err != nil {
			return failure(err)
		}
		run()
		<-ended
		if err := l.Stop(); err != nil {
			return failure(err)
		}
	default:
		return usage("child: %q is neither holds, shares nor own", what)
	}
	<-written
	return nil
}
