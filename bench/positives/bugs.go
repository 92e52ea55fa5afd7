package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"

	"evviz/bench/internal/straced"
)

// bug is one program with one mistake, and the rule that must name it first.
type bug struct {
	stack, name string
	needs       []straced.Need
	src         string   // in testdata/src
	libs        []string // what a C program is linked with
	argv        []string // BIN, PORT, N and SLOW stand for the program, its port, how often, and the port of the slow server
	probe       []string // a command that fails when a library of a script is missing
	rule        string
	n           int                // how often the bug shows before the program ends; the program counts
	counts      counting           // what of that the finding counts
	spins       bool               // it shows again and again without a client, so it can be attached to in its midst
	alone       bool               // it shows from the program's start, without a client
	first, then func(*guest) error // the client's part before strace is attached, and behind it
}

// counting says which number of the finding is held against the program's own.
type counting int

const (
	notCounted counting = iota // the finding's count is of something else
	every                      // each time
	repeats                    // each time but the first, which is no repeat
)

// wanted is the finding's count when the program counted n; false: it is not compared.
func (c counting) wanted(n int64) (int64, bool) {
	switch c {
	case every:
		return n, true
	case repeats:
		return n - 1, true
	}
	return 0, false
}

// guest is the client of one run.
type guest struct {
	addr  string
	n     int
	conns []net.Conn
}

func (g *guest) connect() error {
	c, err := net.DialTimeout("tcp", g.addr, straced.Patience)
	if err != nil {
		return err
	}
	c.SetDeadline(time.Now().Add(2 * straced.Patience))
	g.conns = append(g.conns, c)
	return nil
}

func (g *guest) close() {
	for _, c := range g.conns {
		c.Close()
	}
}

// send sends so many bytes, which nobody may ever read.
func send(bytes int) func(*guest) error {
	return func(g *guest) error {
		_, err := g.conns[0].Write(make([]byte, bytes))
		return err
	}
}

func hangUp(g *guest) error { return g.conns[0].(*net.TCPConn).CloseWrite() }

// ask sends a line and waits for its answer, as often as the program counts. The program may end behind its last answer.
func ask(g *guest) error {
	answer := make([]byte, len("done\n"))
	for i := range g.n {
		if _, err := io.WriteString(g.conns[0], "work\n"); err != nil {
			return err
		}
		if _, err := io.ReadFull(g.conns[0], answer); err != nil && (i < g.n-1 || !errors.Is(err, io.EOF)) {
			return fmt.Errorf("answer %d: %w", i+1, err)
		}
	}
	return nil
}

// crowd opens more connections than the program has descriptors for.
func crowd(g *guest) error {
	for range 24 {
		if err := g.connect(); err != nil {
			return err
		}
	}
	return nil
}

func nothing(*guest) error { return nil }

// both does one after the other.
func both(one, two func(*guest) error) func(*guest) error {
	return func(g *guest) error {
		if err := one(g); err != nil {
			return err
		}
		return two(g)
	}
}

const (
	python = "/usr/bin/python3" // the system's own, as for the healthy servers
	spin   = 200                // iterations of a spin
	blocks = 3                  // handlers that block
)

var (
	gcc    = []straced.Need{{Program: "gcc", Package: "gcc"}}
	py     = []straced.Need{{Program: python, Package: "python3"}}
	node   = []straced.Need{{Program: "node", Package: "nodejs"}}
	ruby   = []straced.Need{{Program: "ruby", Package: "ruby"}}
	golang = []straced.Need{{Program: "go", Package: "golang"}}
)

// bugs are in the order of the table, a stack's own together.
var bugs = plant()

func plant() []*bug {
	connect := (*guest).connect
	var out []*bug
	for _, c := range []struct{ stack, lib string }{{"libevent", "-levent"}, {"libev", "-lev"}} {
		for _, b := range []bug{
			{name: "out", rule: "EV08", counts: repeats, then: send(10)},
			{name: "eof", rule: "EV06", counts: repeats, then: hangUp},
			{name: "unread", rule: "EV01", counts: repeats, then: send(10)},
		} {
			b.stack, b.needs, b.libs, b.src = c.stack, gcc, []string{c.lib}, c.stack+"_bug.c"
			b.argv = []string{"BIN", b.name, "PORT", "N"}
			b.n, b.spins, b.first = spin, true, connect
			out = append(out, &b)
		}
	}
	for _, kind := range []string{"sleep", "child", "fetch"} {
		out = append(out, &bug{stack: "asyncio", name: kind, needs: py, src: "asyncio_bug.py", argv: []string{python, "-S", "-E", "BIN", kind, "PORT", "N", "SLOW"},
			rule: "EV25", n: blocks, counts: every, first: connect, then: ask})
	}
	for _, b := range []bug{
		{name: "unread", rule: "EV01", n: spin, counts: repeats, spins: true, first: connect, then: send(10)},
		{name: "edge", rule: "EV03", n: 1, first: nothing, then: both(connect, send(4000))},
		{name: "full", rule: "EV11", n: spin, counts: every, spins: true, first: connect, then: crowd},
	} {
		b.stack, b.needs, b.src, b.argv = "selectors", py, "selectors_bug.py", []string{python, "-S", "-E", "BIN", b.name, "PORT", "N"}
		out = append(out, &b)
	}
	for _, kind := range []string{"exec", "spawn"} {
		out = append(out, &bug{stack: "node", name: kind, needs: node, src: "node_bug.js", argv: []string{"node", "BIN", kind, "PORT", "N"},
			rule: "EV25", n: blocks, counts: every, first: connect, then: ask})
	}
	for _, on := range []string{"select", "epoll"} {
		for _, how := range []string{"select", "sleep"} {
			out = append(out, &bug{stack: "eventmachine-" + on, name: how, needs: ruby, src: "eventmachine_bug.rb", probe: []string{"ruby", "-e", "require 'eventmachine'"},
				argv: []string{"ruby", "BIN", on, "PORT", "N", how}, rule: "EV25", n: blocks, counts: every, first: connect, then: ask})
		}
	}
	for _, b := range []bug{
		{name: "unread", rule: "EV01", counts: repeats, spins: true, first: connect, then: send(10)},
		{name: "out", rule: "EV08", counts: repeats, spins: true, first: connect, then: send(10)},
		{name: "poll", rule: "EV36", n: 600, counts: every, alone: true, first: nothing, then: nothing},
	} {
		b.stack, b.needs, b.src, b.argv, b.n = "go", golang, "go_bug.go", []string{"BIN", b.name, "PORT", "N"}, max(b.n, spin)
		out = append(out, &b)
	}
	return out
}

// ready compiles or copies the program into a folder; its error names what is missing. bin is where it is then.
func (b *bug) ready(src, dir string) (bin string, err error) {
	if err := straced.Have(b.needs...); err != nil {
		return "", err
	}
	if len(b.probe) > 0 {
		if err := straced.Probe(b.probe...); err != nil {
			return "", err
		}
	}
	bin = filepath.Join(dir, b.src)
	if ext := filepath.Ext(b.src); ext == ".c" || ext == ".go" {
		bin = bin[:len(bin)-len(ext)]
	}
	return bin, straced.Compile(filepath.Join(src, b.src), bin, b.libs...)
}
