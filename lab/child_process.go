package lab

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"evviz/loop"
	"evviz/show"
	"evviz/trace"
)

// A child of the server is evviz again, with a hidden command: descriptor 3 is what it inherits, descriptor 4 takes its events,
// and standard input only says that the parent lives. Its events come back over the pipe as the clients' do, so its loop has
// a lane beside its parent's.

// startChild starts a child that inherits fd. The loop calls it on its own thread, which is the one that forks.
func (s *Session) startChild(what string, fd int) (loop.ChildProcess, error) {
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
	show.Go(func() {
		defer close(pumped)
		defer src.Close()
		trace.Pump(context.Background(), src, ring)
	})
	undo := show.OnCrash(func() { syscall.Kill(pid, syscall.SIGKILL) })
	ended := make(chan struct{})
	show.Go(func() {
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
