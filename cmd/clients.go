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
	story  string
	at     *storyAt

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

// clientOptions say where the clients go and what they may do there.
type clientOptions struct {
	target   string // HOST:PORT
	seed     int64
	maxConns int
	remote   bool // other than loopback addresses are allowed
}

// startClients starts them. l is nil when the server is not a lab.
func startClients(script *scenarios.Script, o *clientOptions, l lab) (*clientProcess, error) {
	fail := func(err error) (*clientProcess, error) { return nil, fmt.Errorf("start the clients: %w", err) }
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	var pipes [6]*os.File // read and write ends of events, questions and answers
	started := false
	defer func() {
		for _, f := range pipes {
			if f != nil && !started {
				f.Close()
			}
		}
	}()
	for i := 0; i < len(pipes); i += 2 {
		if pipes[i], pipes[i+1], err = os.Pipe(); err != nil {
			return fail(err)
		}
	}
	events, eventsW, ask, askW, replyR, reply := pipes[0], pipes[1], pipes[2], pipes[3], pipes[4], pipes[5]
	c := &clientProcess{story: script.Name, done: make(chan struct{})}
	if c.at, err = newStoryAt(); err != nil {
		return fail(err)
	}
	defer func() {
		if !started {
			c.at.close()
		}
	}()
	args := []string{"clients", "--target", o.target, "--scenario", script.Name, "--seed", fmt.Sprint(o.seed), "--max-connections", fmt.Sprint(o.maxConns)}
	if l == nil {
		args = append(args, "--no-lab")
	}
	if o.remote {
		args = append(args, "--allow-remote")
	}
	c.cmd = exec.Command(self, append(args, paramArgs(script.Params)...)...)
	c.cmd.ExtraFiles = []*os.File{eventsW, askW, replyR, c.at.file}
	c.cmd.Stdout = io.Discard
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C or Ctrl-Z for the screen is not for them
	life, err := c.cmd.StdinPipe()
	if err != nil {
		return fail(err)
	}
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		life.Close()
		return fail(err)
	}
	if err := c.cmd.Start(); err != nil { // which closes both pipes then
		return fail(err)
	}
	started = true
	// Before the first question can be answered: a scenario may ask that no more descriptors be opened than are now.
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
		c.said, c.err = crashed(strings.TrimSpace(string(b)), c.story, c.at, clientMemory), err
		c.mu.Unlock()
		c.at.close()
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
		case l == nil:
			err = errors.New("this server is not a lab")
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
	return c.said
}

// newClients is the hidden command that the parent starts.
func newClients() *cobra.Command {
	var o clientOptions
	var script string
	var params []string
	var noLab bool
	c := &cobra.Command{Use: "clients", Hidden: true, Args: cobra.NoArgs, Short: "Run a scenario's clients (started by the lab itself)",
		RunE: func(*cobra.Command, []string) error { return runClients(script, &o, noLab, params) }}
	c.Flags().StringVar(&o.target, "target", "", "address of the server")
	c.Flags().StringVar(&script, "scenario", "", "story")
	c.Flags().Int64Var(&o.seed, "seed", 1, "seed")
	c.Flags().IntVar(&o.maxConns, "max-connections", 0, "limit")
	c.Flags().BoolVar(&o.remote, "allow-remote", false, "reach other machines")
	c.Flags().BoolVar(&noLab, "no-lab", false, "the server has no settings and no counts")
	c.Flags().StringArrayVar(&params, "param", nil, "value of the story")
	return c
}

func runClients(name string, o *clientOptions, noLab bool, params []string) error {
	if o.target == "" {
		return usage("clients: --target is missing; this command is started by the lab itself")
	}
	at, err := inheritedStoryAt(6)
	if err != nil {
		return usage("clients: this command is started by the lab itself; see evviz scenarios run")
	}
	ps, err := parseParams(params)
	if err != nil {
		return err
	}
	if err := limitMemory(clientMemory); err != nil {
		return err
	}
	s, err := scenarios.LoadAt(at.position(), name, ps...)
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

	opt := scenarios.Options{Target: o.target, Seed: o.seed, Ring: ring, MaxConns: o.maxConns, AllowRemote: o.remote, Position: at.position()}
	if !noLab {
		far := &farLab{in: json.NewDecoder(bufio.NewReader(os.NewFile(5, "answers"))), out: json.NewEncoder(os.NewFile(4, "questions"))}
		opt.Lab, opt.Observer = far, far
	}
	err = s.Run(ctx, opt)
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
