package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"evviz/scenarios"
	"evviz/show"
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

// ClientProcess is the parent's end of a scenario's clients.
type ClientProcess struct {
	cmd    *exec.Cmd
	life   io.Closer
	Source *trace.RawSource // what they emit
	done   chan struct{}
	undo   func()
	story  string
	at     *storyAt

	mu   sync.Mutex
	said string
	err  error
}

// answers is what the parent answers from.
type answers interface {
	scenarios.LabSets
	scenarios.LabEnds
	scenarios.Observer
}

// ClientOptions say where the clients go and what they may do there.
type ClientOptions struct {
	Target   string // HOST:PORT
	Seed     int64
	MaxConns int
	Remote   bool // other than loopback addresses are allowed
}

// StartClients starts them. l is nil when the server is not a lab.
func StartClients(script *scenarios.Script, o *ClientOptions, l answers) (*ClientProcess, error) {
	fail := func(err error) (*ClientProcess, error) { return nil, fmt.Errorf("start the clients: %w", err) }
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
	c := &ClientProcess{story: script.Name, done: make(chan struct{})}
	if c.at, err = newStoryAt(); err != nil {
		return fail(err)
	}
	defer func() {
		if !started {
			c.at.close()
		}
	}()
	args := []string{"clients", "--target", o.Target, "--scenario", script.Name, "--seed", fmt.Sprint(o.Seed), "--max-connections", fmt.Sprint(o.MaxConns)}
	if l == nil {
		args = append(args, "--no-lab")
	}
	if o.Remote {
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
	c.Source = trace.NewRawSource(events, trace.Info{Title: "clients", Live: true, Timed: true, Kinds: trace.Kinds(trace.Step, trace.Name, trace.Thread)})
	c.undo = show.OnCrash(func() { c.cmd.Process.Kill() })
	show.Go(func() { serveQuestions(ask, reply, l) })
	show.Go(func() {
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
func serveQuestions(ask io.ReadCloser, reply io.WriteCloser, l answers) {
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

// Done is closed when they have ended.
func (c *ClientProcess) Done() <-chan struct{} { return c.done }

// Stop ends the clients and waits for them.
func (c *ClientProcess) Stop() {
	c.life.Close()
	select {
	case <-c.done:
	case <-time.After(2 * time.Second):
		c.cmd.Process.Kill()
		<-c.done
	}
	c.undo()
}

// Failed is why the scenario ended with an error, "" when it did not.
func (c *ClientProcess) Failed() string {
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
