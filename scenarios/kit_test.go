package scenarios

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/trace"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// patience bounds every wait of these tests; nothing is asserted about how much of it is used.
const patience = time.Minute

// server is a listener with one goroutine for each connection. serve nil echoes.
type server struct {
	addr string
	mu   sync.Mutex
	n    int
	open map[net.Conn]bool
}

func listen(t *testing.T, serve func(net.Conn)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if serve == nil {
		serve = echo
	}
	s := &server{addr: l.Addr().String(), open: map[net.Conn]bool{}}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.n++
			s.open[c] = true
			s.mu.Unlock()
			wg.Add(1)
			go func() {
				defer wg.Done()
				serve(c)
				c.Close()
				s.mu.Lock()
				delete(s.open, c)
				s.mu.Unlock()
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for c := range s.open {
			c.Close()
		}
		s.mu.Unlock()
		wg.Wait()
	})
	return s
}

// accepted and open are what the server knows of its clients.
func (s *server) counts() (accepted, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n, len(s.open)
}

// echo copies by hand: between two sockets io.Copy would splice through pipes that the net package keeps for later, and the
// hunt for leaked descriptors would find them.
func echo(c net.Conn) { io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c}) }

// until waits for a condition of the server.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s in vain", patience, what)
		}
	}
}

// step is a Step event with its names resolved.
type step struct {
	trace.Event
	local, note string
}

func (s step) what() uint32 { return s.Aux & 0xff }
func (s step) user() uint32 { return s.Aux >> 8 }

// testFigures are the figures that the tests ask for.
type testFigures struct{}

func (testFigures) Has(name string) (run, lane bool) {
	switch name {
	case "waits":
		return true, false
	case "reports", "reads", "bytes_in":
		return true, true
	}
	return false, false
}

func (testFigures) Names() []string { return []string{"waits", "reports", "reads", "bytes_in"} }

// story runs a text against addr and gives back what it recorded.
func story(t *testing.T, ctx context.Context, text string, o Options) ([]step, error) {
	t.Helper()
	s, err := parse(Position{}, testFigures{}, "t", "t.star", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o.Ring = trace.NewRing(1, 1<<16)
	m := trace.NewMerge(trace.Info{Kinds: trace.AllKinds()}, o.Ring)
	err = s.Run(ctx, o)
	o.Ring.Close()
	var evs []trace.Event
	buf := make([]trace.Event, 1024)
	for {
		n, e := m.Read(context.Background(), buf)
		evs = append(evs, buf[:n]...)
		if errors.Is(e, io.EOF) {
			break
		}
	}
	if err := trace.Validate(evs); err != nil {
		t.Errorf("the trace is not valid: %v", err)
	}
	var names trace.Names
	var out []step
	for i := range evs {
		names.Add(&evs[i])
		if e := &evs[i]; e.Kind == trace.Step {
			out = append(out, step{*e, names.Get(1, e.Inst), names.Get(1, e.Gen)})
		}
	}
	return out, err
}

// one runs a text and wants no error.
func one(t *testing.T, text string, o Options) []step {
	t.Helper()
	steps, err := story(t, context.Background(), text, o)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func notes(steps []step) (out []string) {
	for _, s := range steps {
		if s.what() == trace.StepNote {
			out = append(out, s.note)
		}
	}
	return
}
