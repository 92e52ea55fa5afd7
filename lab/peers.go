package lab

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"evviz/show"
	"evviz/timeline"
	"evviz/trace"
)

// peers finds out which programs connect, other than the lab's own clients, which say who they are. Looking into /proc opens descriptors, which
// must not take the numbers that the server's next connections would get: it is done by a process of its own (peers_side.go), which is started
// when the first such connection has come.
type peers struct {
	s    *Session
	stop chan struct{}
	over chan struct{}
}

// peersEvery is how often is looked whether connections have come that no client of the lab's has made.
const peersEvery = 100 * time.Millisecond

// startPeers begins to wait for such connections.
func (s *Session) startPeers() {
	p := &peers{s: s, stop: make(chan struct{}), over: make(chan struct{})}
	s.peers = p
	show.Go(func() {
		defer close(p.over)
		p.run()
	})
}

// end ends the process, if there is one, and waits until all that it found has been read. nil does nothing.
func (p *peers) end() {
	if p != nil {
		close(p.stop)
		<-p.over
	}
}

func (p *peers) run() {
	_, port, err := net.SplitHostPort(p.s.loop.Addr())
	if err != nil {
		return
	}
	tick := time.NewTicker(peersEvery)
	defer tick.Stop()
	var seen int64 // accepts that have been looked into
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		n := p.s.loop.Stats().Accepted.Load()
		if n == seen {
			continue
		}
		switch young, old := strangers(p.s.Feed.Snapshot()); {
		case !young && !old:
			seen = n
			continue
		case !old:
			continue
		}
		if in, done, err := p.start(port); err == nil {
			<-p.stop
			in.Close()
			<-done
		}
		return // it cannot be started, or has been: nobody is named any more
	}
}

// strangers reports whether there are connections of which no client has said that it made them. A client's steps may be read after the accept,
// so the young ones may turn out to be none.
func strangers(s *timeline.Snapshot) (young, old bool) {
	for _, l := range s.Lanes {
		if l.Kind != timeline.KindConn || l.Closed != 0 || l.Opened == 0 || l.Client.Known {
			continue
		}
		if s.Now-l.Opened > strangeAfter {
			return young, true
		}
		young = true
	}
	return young, false
}

// strangeAfter is how long a client of the lab's may take to say that it has connected, in the time of the events, ns.
const strangeAfter = int64(300e6)

// start starts the process. Its standard input ends with the lab; done is closed when it has ended and everything was read.
func (p *peers) start(port string) (in io.Closer, done <-chan struct{}, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	events, eventsW, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self, "peers", "--port", port)
	cmd.ExtraFiles = []*os.File{eventsW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	eventsW.Close()
	if err != nil {
		events.Close()
		return nil, nil, err
	}
	undo := show.OnCrash(func() { cmd.Process.Kill() })
	source := trace.NewRawSource(events, trace.Info{Title: "peers", Live: true, Timed: true, Kinds: trace.Kinds(trace.Peer, trace.Name)})
	ring := p.s.rings.ring()
	over := make(chan struct{})
	show.Go(func() {
		defer close(over)
		trace.Pump(context.Background(), source, ring)
		source.Close()
		cmd.Wait()
		undo()
	})
	return stdin, over, nil
}
