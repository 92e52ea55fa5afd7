package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"evviz/scenarios"
	"evviz/trace"
)

// The clients run in a process of their own: evviz again, with a hidden command. So the measured loop is not disturbed, a
// system call trace sees a server alone, and descriptor limits count apart.
//
// Between the two processes there are three pipes. The clients' standard input only says that the parent lives: when it
// ends, however that came about, the clients end. Descriptor 3 carries their Step events. Descriptors 4 and 5 carry
// questions and answers, a line of JSON each, for scenarios that turn the lab's knobs or wait for its counts.

// question is what a scenario asks the lab.
type question struct {
	Set   []scenarios.Knob `json:"set,omitempty"`
	Count string           `json:"count,omitempty"`
	End   bool             `json:"end,omitempty"`
}

// answer is the reply.
type answer struct {
	N   int64  `json:"n,omitempty"`
	Err string `json:"err,omitempty"`
}

// clientProcess is the parent's end.
type clientProcess struct {
	cmd    *exec.Cmd
	life   io.Closer
	source *trace.RawSource
	done   chan struct{}
	undo   func()

	mu   sync.Mutex
	said string
	err  error
}

// lab is what the parent answers from.
type lab interface {
	scenarios.LabSets
	scenarios.LabEnds
	scenarios.Observer
}

func startClients(script *scenarios.Script, target string, seed int64, maxConns int, l lab) (*clientProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	events, eventsW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	ask, askW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	replyR, reply, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	c := &clientProcess{done: make(chan struct{})}
	args := []string{"clients", "--target", target, "--scenario", script.Name, "--seed", fmt.Sprint(seed), "--max-connections", fmt.Sprint(maxConns)}
	for _, p := range script.Params {
		args = append(args, "--param", p.Name+"="+p.Value)
	}
	c.cmd = exec.Command(self, args...)
	c.cmd.ExtraFiles = []*os.File{eventsW, askW, replyR}
	c.cmd.Stdout = io.Discard
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C or Ctrl-Z for the screen is not for them
	life, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	for _, f := range []*os.File{eventsW, askW, replyR} {
		f.Close()
	}
	c.life = life
	c.source = trace.NewRawSource(events, trace.Info{Title: "clients", Live: true, Timed: true, Kinds: trace.Kinds(trace.Step, trace.Name, trace.Thread)})
	c.undo = onCrash(func() { c.cmd.Process.Kill() })
	spawn(func() { serveQuestions(ask, reply, l) })
	spawn(func() {
		b, _ := io.ReadAll(io.LimitReader(stderr, 16<<10))
		io.Copy(io.Discard, stderr)
		err := c.cmd.Wait()
		c.mu.Lock()
		c.said, c.err = strings.TrimSpace(string(b)), err
		c.mu.Unlock()
		close(c.done)
	})
	return c, nil
}

// serveQuestions answers the scenario until its end of the pipe closes.
func serveQuestions(ask io.ReadCloser, reply io.WriteCloser, l lab) {
	defer ask.Close()
	defer reply.Close()
	in, out := json.NewDecoder(ask), json.NewEncoder(reply)
	for {
		var q question
		if in.Decode(&q) != nil {
			return
		}
		var a answer
		var err error
		switch {
		case q.End:
			err = l.End()
		case len(q.Set) > 0:
			err = l.SetAll(q.Set)
		default:
			a.N, err = l.Count(q.Count)
		}
		if err != nil {
			a.Err = err.Error()
		}
		if out.Encode(a) != nil {
			return
		}
	}
}

// stop ends the clients and waits for them.
func (c *clientProcess) stop() {
	c.life.Close()
	select {
	case <-c.done:
	case <-time.After(2 * time.Second):
		c.cmd.Process.Kill()
		<-c.done
	}
	c.undo()
}

// failed is why the scenario ended with an error, "" when it did not.
func (c *clientProcess) failed() string {
	select {
	case <-c.done:
	default:
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		return ""
	}
	if c.said == "" {
		return c.err.Error()
	}
	return strings.TrimPrefix(c.said, "evviz: ")
}

// newClients is the hidden command that the parent starts.
func newClients() *cobra.Command {
	var target, script string
	var seed int64
	var params []string
	var maxConns int
	c := &cobra.Command{Use: "clients", Hidden: true, Args: cobra.NoArgs, Short: "Run a scenario's clients (started by the lab itself)",
		RunE: func(*cobra.Command, []string) error { return runClients(script, target, seed, maxConns, params) }}
	c.Flags().StringVar(&target, "target", "", "address of the server")
	c.Flags().StringVar(&script, "scenario", "", "story")
	c.Flags().Int64Var(&seed, "seed", 1, "seed")
	c.Flags().IntVar(&maxConns, "max-connections", 0, "limit")
	c.Flags().StringArrayVar(&params, "param", nil, "value of the story")
	return c
}

func runClients(name, target string, seed int64, maxConns int, params []string) error {
	if target == "" {
		return usage("clients: --target is missing; this command is started by the lab itself")
	}
	ps, err := parseParams(params)
	if err != nil {
		return err
	}
	s, err := scenarios.Load(name, ps...)
	if err != nil {
		return scriptError(err)
	}
	events := os.NewFile(3, "events")
	if _, err := events.Stat(); err != nil {
		return usage("clients: this command is started by the lab itself; see evviz scenarios run")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	spawn(func() { // the parent lives as long as standard input is open
		io.Copy(io.Discard, os.Stdin)
		cancel()
		time.Sleep(time.Second) // a story that does not end by itself
		os.Exit(exitFailure)
	})
	signal.Ignore(syscall.SIGINT, syscall.SIGTSTP)

	ring := trace.NewRing(1, 1<<16)
	merge := trace.NewMerge(trace.Info{}, ring)
	written := make(chan error, 1)
	spawn(func() {
		buf := make([]trace.Event, 1024)
		for {
			n, err := merge.Read(context.Background(), buf)
			if e := trace.WriteRaw(events, buf[:n]); e != nil {
				cancel() // nobody listens any more
				written <- e
				return
			}
			if err != nil {
				written <- nil
				return
			}
		}
	})
	now := ring.Now()
	ring.Name(1<<20, "clients", now)
	e := ring.Next(trace.Thread, now)
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(os.Getpid()), int64(os.Getpid()), uint32(os.Getpid()), trace.RoleClient, 1<<20
	ring.Publish(now)

	far := &farLab{in: json.NewDecoder(bufio.NewReader(os.NewFile(5, "answers"))), out: json.NewEncoder(os.NewFile(4, "questions"))}
	err = s.Run(ctx, scenarios.Options{Target: target, Seed: seed, Lab: far, Observer: far, Ring: ring, MaxConns: maxConns})
	ring.Close()
	if e := <-written; err == nil && e != nil {
		err = e
	}
	return err
}

// farLab is the clients' end of the questions.
type farLab struct {
	mu  sync.Mutex
	in  *json.Decoder
	out *json.Encoder
}

func (f *farLab) ask(q question) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.out.Encode(q); err != nil {
		return 0, fmt.Errorf("ask the lab: %w", err)
	}
	var a answer
	if err := f.in.Decode(&a); err != nil {
		return 0, fmt.Errorf("ask the lab: %w", err)
	}
	if a.Err != "" {
		return 0, errors.New(a.Err)
	}
	return a.N, nil
}

func (f *farLab) Set(name, value string) error {
	return f.SetAll([]scenarios.Knob{{Name: name, Value: value}})
}

func (f *farLab) SetAll(knobs []scenarios.Knob) error {
	_, err := f.ask(question{Set: knobs})
	return err
}

func (f *farLab) End() error {
	_, err := f.ask(question{End: true})
	return err
}

func (f *farLab) Count(what string) (int64, error) { return f.ask(question{Count: what}) }

// scriptError gives the error of a story the exit code that belongs to it.
func scriptError(err error) error {
	var bad *scenarios.BadScript
	if errors.As(err, &bad) || errors.Is(err, scenarios.ErrUnknown) {
		return &coded{exitUsage, err}
	}
	return env(err)
}
