package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"evviz/show"
	"evviz/trace"
	"evviz/tui"
)

// The client by hand runs in a process of its own, as the scenarios' clients do, and for the same reasons: evviz again, with
// a hidden command. Its standard input carries what it is to do, a line of JSON each, and by its end says that the parent
// is gone. Descriptor 3 carries its Step events, descriptor 4 its answers and how it stands.

// manualOrder is one thing to do.
type manualOrder struct{ Do, Text string }

// manualNews is what the client tells: an answer to an order, or, with Reply unset, only how it stands now.
type manualNews struct {
	Reply bool
	Said  string `json:",omitempty"`
	Err   string `json:",omitempty"`
	State tui.ClientState
}

// manualClient is the parent's end.
type manualClient struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	orders *json.Encoder
	source *trace.RawSource
	answer chan manualNews
	read   chan struct{} // everything that it told has been read
	done   chan struct{}
	undo   func()

	mu    sync.Mutex
	state tui.ClientState
}

// manualFor bounds one order: a server that is stuck must not hang the key.
const manualFor = 15 * time.Second

func (s *Session) startManual() (*manualClient, error) {
	fail := func(err error) (*manualClient, error) { return nil, fmt.Errorf("start a client: %w", err) }
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	events, eventsW, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	news, newsW, err := os.Pipe()
	if err != nil {
		events.Close()
		eventsW.Close()
		return fail(err)
	}
	h := &manualClient{cmd: exec.Command(self, "hand", "--target", s.loop.Addr()), answer: make(chan manualNews, 16), read: make(chan struct{}), done: make(chan struct{})}
	h.cmd.ExtraFiles = []*os.File{eventsW, newsW}
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	h.in, err = h.cmd.StdinPipe()
	if err == nil {
		err = h.cmd.Start()
	}
	eventsW.Close()
	newsW.Close()
	if err != nil {
		events.Close()
		news.Close()
		return fail(err)
	}
	h.orders = json.NewEncoder(h.in)
	h.undo = show.OnCrash(func() { h.cmd.Process.Kill() })
	h.source = trace.NewRawSource(events, trace.Info{Title: "client by hand", Live: true, Timed: true, Kinds: trace.Kinds(trace.Step, trace.Name, trace.Thread)})
	ring := s.rings.ring()
	show.Go(func() {
		defer close(h.read)
		trace.Pump(context.Background(), h.source, ring)
	})
	show.Go(func() {
		defer close(h.done)
		defer news.Close()
		in := json.NewDecoder(bufio.NewReader(news))
		for {
			var n manualNews
			if in.Decode(&n) != nil {
				break
			}
			h.mu.Lock()
			h.state = n.State
			h.mu.Unlock()
			if n.Reply {
				h.answer <- n
			}
		}
		h.cmd.Wait()
	})
	return h, nil
}

// Client implements tui.ClientLab. The process is started with the first order.
func (e *control) Client(do, text string) (string, error) {
	s := e.s
	s.mu.Lock()
	h, ended := s.manual, s.ended
	s.mu.Unlock()
	if ended {
		return "", errors.New("the session is over")
	}
	if h == nil {
		var err error
		if h, err = s.startManual(); err != nil {
			return "", err
		}
		s.mu.Lock()
		s.manual, ended = h, s.ended
		s.mu.Unlock()
		if ended {
			s.endManual()
			return "", errors.New("the session is over")
		}
	}
	if err := h.orders.Encode(manualOrder{do, text}); err != nil {
		return "", fmt.Errorf("client: %s: %w", do, err)
	}
	select {
	case n := <-h.answer:
		if n.Err != "" {
			return "", errors.New(n.Err)
		}
		return n.Said, nil
	case <-h.done:
		return "", errors.New("the client's process has ended")
	case <-time.After(manualFor):
		return "", fmt.Errorf("client: %s: no answer within %v", do, manualFor)
	}
}

// ClientState implements tui.ClientLab.
func (e *control) ClientState() tui.ClientState {
	e.s.mu.Lock()
	h := e.s.manual
	e.s.mu.Unlock()
	if h == nil {
		return tui.ClientState{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// endManual ends the client by hand, if there is one.
func (s *Session) endManual() {
	s.mu.Lock()
	h := s.manual
	s.manual = nil
	s.mu.Unlock()
	if h == nil {
		return
	}
	h.in.Close()
	select {
	case <-h.done:
	case <-time.After(2 * time.Second):
		h.cmd.Process.Kill()
		<-h.done
	}
	<-h.read
	h.source.Close()
	h.undo()
}
