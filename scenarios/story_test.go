package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"evviz/trace"
)

// TestMistakes: what is wrong with a story is found before it runs, with file, line and column.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, pos, says string }{
		{"misspelt name", "def main():\n    c = conect()\n", "x.star:2:9", "conect"},
		{"syntax", "def main(:\n", "x.star:1:", "got"},
		{"no main", "title = \"x\"\n", "x.star:1:1", "main"},
		{"main with arguments", "def main(a):\n    pass\n", "x.star:1:", "no arguments"},
		{"network at the top", "c = connect()\ndef main():\n    pass\n", "x.star:1:", "inside main"},
		{"endless top", "def f():\n    while True:\n        pass\nf()\ndef main():\n    pass\n", "x.star:", "steps"},
		{"title", "title = 7\ndef main():\n    pass\n", "x.star:1:1", "string"},
		{"knobs", "knobs = [1]\ndef main():\n    pass\n", "x.star:1:1", "dict"},
		{"knob value", "knobs = {\n  \"reads\": [1],\n}\ndef main():\n    pass\n", "x.star:2:3", "reads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(Position{}, testFigures{}, "x", "x.star", []byte(c.text))
			var bad *BadScript
			if !errors.As(err, &bad) {
				t.Fatalf("%v is no *BadScript", err)
			}
			if !strings.HasPrefix(bad.Text, c.pos) || !strings.Contains(bad.Text, c.says) {
				t.Errorf("said %q, want it to begin with %s and to say %q", bad.Text, c.pos, c.says)
			}
		})
	}
	if _, err := Load(testFigures{}, "nowhere"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "demo") {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := Load(testFigures{}, filepath.Join(t.TempDir(), "none.star")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestBuiltIn: every story that comes with the program can be loaded, has something to say about itself, and names its
// knobs as flags are named.
func TestBuiltIn(t *testing.T) {
	names := Names()
	if want := []string{"big-message", "burst", "compare", "demo", "idle", "surge", "sweep", "trickle"}; !reflect.DeepEqual(names, want) {
		t.Errorf("stories: %v, want %v", names, want)
	}
	for _, n := range names {
		s, err := Load(testFigures{}, n)
		if err != nil {
			t.Fatal(err)
		}
		if s.Title != n || len(s.About) < 20 {
			t.Errorf("%s calls itself %q and says %q", n, s.Title, s.About)
		}
		for _, k := range s.Knobs {
			if !regexp.MustCompile(`^[a-z-]+$`).MatchString(k.Name) || k.Value == "" || !strings.HasPrefix(k.Pos, n+".star:") {
				t.Errorf("%s: knob %+v", n, k)
			}
		}
	}
}

func TestKnobs(t *testing.T) {
	s, err := parse(Position{}, testFigures{}, "x", "x.star", []byte("knobs = {\"read_size\": 7, \"rdhup\": True, \"work\": \"cpu:1ms\"}\ndef main():\n    pass\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.Knobs)
	if want := "[{read-size 7 x.star:1:10} {rdhup true x.star:1:26} {work cpu:1ms x.star:1:41}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestSteps: each step is recorded with the client's own address, which is the server's peer.
func TestSteps(t *testing.T) {
	var mu sync.Mutex
	peers := map[string]bool{}
	s := listen(t, func(c net.Conn) {
		mu.Lock()
		peers[c.RemoteAddr().String()] = true
		mu.Unlock()
		echo(c)
	})
	steps := one(t, `
def main():
    c = connect()
    n = c.send(100000)
    m = c.receive(100000)
    k = c.send("hello")
    c.receive(5)
    c.half_close()
    end = c.receive(1)
    c.close()
    note("%d %d %d %d" % (n, m, k, end))
`, Options{Target: s.addr})
	var whats []string
	for _, s := range steps {
		whats = append(whats, trace.StepNames.Word(s.what()))
		if s.what() == trace.StepNote {
			continue
		}
		mu.Lock()
		if !peers[s.local] {
			t.Errorf("%s has local address %q, the server saw %v", trace.StepNames.Word(s.what()), s.local, peers)
		}
		mu.Unlock()
		if s.FD < 0 || s.Errno != 0 || s.user() != 1 {
			t.Errorf("step %+v", s.Event)
		}
	}
	if got := strings.Join(whats, " "); got != "connect send receive send receive half-close receive close note" {
		t.Errorf("steps: %s", got)
	}
	if got := notes(steps); len(got) != 1 || got[0] != "100000 100000 5 0" {
		t.Errorf("results: %v", got)
	}
}

// TestUnhappySteps: what a server does to its clients is a result of the step, not an error of the story.
func TestUnhappySteps(t *testing.T) {
	closing := listen(t, func(c net.Conn) { c.Read(make([]byte, 1)) })
	got := notes(one(t, `
def main():
    c = connect()
    c.send(1)
    note("end of file: %d" % c.receive(10))
    short = False
    for i in range(1000):
        if c.send(65536) < 65536:
            short = True
            break
    note("short: %s" % short)
    c.close()
`, Options{Target: closing.addr}))
	if fmt.Sprint(got) != "[end of file: 0 short: True]" {
		t.Errorf("notes: %v", got)
	}

	silent := listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	got = notes(one(t, `
def main():
    c = connect()
    note("timeout: %d" % c.receive(10, timeout="20ms"))
    c.reset()
`, Options{Target: silent.addr}))
	if fmt.Sprint(got) != "[timeout: 0]" {
		t.Errorf("notes: %v", got)
	}
}

// TestErrorsHaveAPlace: an error while a story runs says where in the story.
func TestErrorsHaveAPlace(t *testing.T) {
	s := listen(t, nil)
	for _, c := range []struct{ text, says string }{
		{"def main():\n    fail(\"on purpose\")\n", "on purpose"},
		{"def main():\n    connect().send(-1)\n", "send"},
		{"def main():\n    sleep(\"soon\")\n", "soon"},
		{"def main():\n    lab.set(\"reads\", 1)\n", "not a lab"},
		{"def f():\n    fail(\"in another client\")\ndef main():\n    spawn(f)\n", "in another client"},
	} {
		_, err := story(t, context.Background(), c.text, Options{Target: s.addr})
		if err == nil || !regexp.MustCompile(`^t\.star:2:\d+: `).MatchString(err.Error()) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
	_, err := story(t, context.Background(), "def main():\n    connect()\n", Options{Target: "127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "connect to 127.0.0.1:1") {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestSeed: random numbers are the same in every run with the same seed, whatever the clients' order, and others with
// another.
func TestSeed(t *testing.T) {
	text := `
def one(n):
    note("%d:%d" % (n, random(1, 1000000)))
def main():
    for n in range(20):
        spawn(one, n)
`
	run := func(seed int64) map[string]bool {
		out := map[string]bool{}
		for _, n := range notes(one(t, text, Options{Seed: seed})) {
			out[n] = true
		}
		return out
	}
	a, b, c := run(1), run(1), run(2)
	if len(a) != 20 || !reflect.DeepEqual(a, b) {
		t.Errorf("two runs with one seed differ:\n%v\n%v", a, b)
	}
	if reflect.DeepEqual(a, c) {
		t.Error("another seed gave the same numbers")
	}
}

// TestCancel: the end of a run ends clients in every kind of call, quickly and without an error, and closes what they
// left open.
func TestCancel(t *testing.T) {
	release := make(chan struct{}) // until then the server reads nothing, so that a sender gets stuck
	s := listen(t, func(c net.Conn) { <-release; io.Copy(io.Discard, c) })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := story(t, ctx, `
def sender():
    c = connect()
    while True:
        c.send(1000000)
def waiter():
    connect().receive(1)
def sleeper():
    connect()
    sleep(3600)
def spinner():
    while True:
        pass
def main():
    spawn(sender)
    spawn(waiter)
    spawn(sleeper)
    spawn(spinner)
    sleep("1h")
`, Options{Target: s.addr})
		done <- err
	}()
	until(t, "three clients", func() bool { n, _ := s.counts(); return n == 3 })
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("a run that was ended says %v", err)
		}
	case <-time.After(patience):
		close(release)
		t.Fatal("the run did not end")
	}
	close(release)
	until(t, "their connections to close", func() bool { _, open := s.counts(); return open == 0 })
}

// fakeLab records what a story asks of a lab.
type fakeLab struct {
	mu    sync.Mutex
	sets  []string
	count int64
}

func (f *fakeLab) Set(name, value string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if name == "bad" {
		return errors.New("no such knob")
	}
	f.sets = append(f.sets, name+"="+value)
	return nil
}

func (f *fakeLab) Count(what string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if what != "accepted" {
		return 0, errors.New("not counted")
	}
	f.count++
	return f.count, nil
}

func TestLab(t *testing.T) {
	lab := &fakeLab{}
	got := notes(one(t, "def main():\n    lab.set(\"reads\", \"drain\")\n    lab.set(\"read_size\", 7)\n    note(\"%d\" % lab.wait(\"accepted\", 5))\n",
		Options{Lab: lab, Observer: lab}))
	if fmt.Sprint(got, lab.sets) != "[5] [reads=drain read_size=7]" {
		t.Errorf("%v %v", got, lab.sets)
	}
	for _, text := range []string{"def main():\n    lab.set(\"bad\", 1)\n", "def main():\n    lab.wait(\"nonsense\", 1)\n"} {
		if _, err := story(t, context.Background(), text, Options{Lab: lab, Observer: lab}); err == nil {
			t.Errorf("%q went well", text)
		}
	}
}

// TestHundredClients: a hundred at once, every byte accounted for at both ends.
func TestHundredClients(t *testing.T) {
	s := listen(t, nil)
	steps := one(t, `
def client(n):
    c = connect()
    for i in range(5):
        k = random(1, 5000)
        if c.send(k) != k or c.receive(k) != k:
            fail("cut short")
    c.close()
def main():
    for n in range(100):
        spawn(client, n)
`, Options{Target: s.addr, Seed: 3})
	var sent, received int64
	users := map[uint32]bool{}
	for _, st := range steps {
		switch st.what() {
		case trace.StepSend:
			sent += st.B
		case trace.StepReceive:
			received += st.B
		}
		users[st.user()] = true
	}
	if sent == 0 || sent != received || len(users) != 100 {
		t.Errorf("sent %d, received %d, by %d clients", sent, received, len(users))
	}
}
