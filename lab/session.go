package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/diagnostics"
	"evviz/loop"
	"evviz/record"
	"evviz/scenarios"
	"evviz/show"
	"evviz/timeline"
	"evviz/trace"
)

// Session is a running lab: the loop, its clients, and the line from their rings to the timeline.
//
//	loop ring ──┐
//	observer ───┼─► Merge ─► Tee (recording) ─► Flight (the last seconds) ─► Feed (timeline)
//	clients ────┘   (a pipe from another process, pumped into a ring)
type Session struct {
	*show.Line

	loop     *loop.Loop
	merge    *trace.Merge
	rings    ringMaker
	begun    loop.Behaviour // the settings that it began with
	seed     int64
	findings diagnostics.Settings

	// The traffic can be exchanged while the screen is open (traffic.go), so these are guarded by mu. exchanging holds up
	// a second exchange, and the end, until the first is over.
	mu         sync.Mutex
	exchanging sync.Mutex
	ended      bool
	script     *scenarios.Script
	clients    *ClientProcess
	gone       *ClientProcess // the clients that were ended last
	clientRd   chan struct{}  // closed when everything that the clients told has been read; nil when none have been started
	manual     *manualClient  // nil: none was asked for
	peers      *peers         // looks who connects

	maxConns      int
	remote        bool // clients may go to other than loopback addresses
	endsWithStory bool // the server stops when the story has come to its end

	guess atomic.Pointer[string] // what a person has answered to the lesson's question
	slow  *record.Slow           // keeps the events for a picture that lags behind; nil: there is none
	slid  *timeline.Feed         // that picture, once it has been asked for

	fdsFree int // the fds-free setting, put into force when everything has started; -1 none
}

// New starts the server. Its feed and its clients come with Start, so that a recording can begin with the first event.
func New(o *Options) (*Session, error) {
	b, script := o.Behaviour, o.Script
	s := &Session{script: script, begun: b, seed: o.Seed, findings: o.Findings, maxConns: o.MaxConns, remote: o.Remote, endsWithStory: o.EndsWithStory}
	title := "lab, no scenario"
	if script != nil {
		title = "lab, scenario " + script.Title
	}
	info := trace.Info{Title: title, Live: true, Timed: true, Clock: trace.ReadClock(), Kinds: labKinds(), Knows: labKnows, OS: trace.Linux, Meta: header(o)}
	if b.Driver == trace.DriverGo { // its calls are Go's runtime's own, and not seen
		unseen := trace.Kinds(trace.Wait, trace.Sleep, trace.Round, trace.Ready, trace.Renotify, trace.Register, trace.Modify, trace.Deregister,
			trace.Submit, trace.Complete, trace.Repeat)
		info.Kinds &^= unseen
		info.Missing = append(info.Missing, trace.Missing{What: "waits, reports and EAGAIN", Why: "they happen inside Go's runtime"})
	}
	if b.Arrival == loop.ArrivalOff {
		info.Kinds &^= trace.Kinds(trace.Arrive, trace.Queue)
		info.Missing = append(info.Missing, trace.Missing{What: "arrivals", Why: "--arrival off"})
	}
	s.merge = trace.NewMerge(info)
	s.rings = ringMaker{size: o.Ring, m: s.merge}

	s.fdsFree, b.FDsFree = b.FDsFree, -1
	start := func(addr string) error {
		l, err := loop.New(loop.Config{Listen: addr, Behaviour: b, Title: title, NewRing: func(uint32) *trace.Ring { return s.rings.ring() },
			StartChild: s.startChild})
		if err != nil {
			return err
		}
		s.loop = l
		return l.Start(show.Go)
	}
	addr := o.Listen
	if addr == "" {
		addr = "127.0.0.1:4201"
	}
	err := start(addr)
	if o.Listen == "" && errors.Is(err, unix.EADDRINUSE) {
		s.merge = trace.NewMerge(info)
		s.rings = ringMaker{size: o.Ring, m: s.merge}
		err = start("127.0.0.1:0")
	}
	if err != nil {
		return nil, err
	}
	kept := o.Flight
	kept.Bytes = o.Memory.flight()
	picture := o.Memory.picture()
	picture.Count = expected(script)
	s.slow = o.Slow
	s.Line = show.NewLine(s.merge, &show.LineOptions{Record: true, Wrap: wrapped(o), Flight: kept, Picture: picture, Findings: o.Findings, Loops: s.loopsUsed})
	return s, nil
}

// wrapped is what stands behind the recording: what prints the events, and what keeps them for a picture that lags behind.
func wrapped(o *Options) func(trace.Source) trace.Source {
	if o.Slow == nil {
		return o.Wrap
	}
	return func(src trace.Source) trace.Source {
		if o.Wrap != nil {
			src = o.Wrap(src)
		}
		return o.Slow.Tap(src)
	}
}

// slowFeed is the picture that lags behind, which begins with the first call; nil when there is none.
func (s *Session) slowFeed() *timeline.Feed {
	if s.slow == nil || s.slid != nil {
		return s.slid
	}
	s.slid = timeline.NewFeed(s.slow, timeline.Options{Limits: s.findings.Limits()})
	show.Go(func() { _ = s.slid.Run(context.Background()) }) // ends with Slow.Close; its error is the screen's to see
	return s.slid
}

// Begin makes a session that runs: its server, its recording when one is asked for, its feed and its clients. What has been started when
// something of it fails is returned with the error, for Stop; nil when that is nothing.
func Begin(o *Options) (*Session, error) {
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	if err := s.Record(o); err != nil {
		return s, err
	}
	return s, s.Start()
}

// Record starts the recording that is asked for, if one is.
func (s *Session) Record(o *Options) error {
	switch {
	case o.Record == "":
		return nil
	case o.RecordOver:
		return s.Tee.StartOver(o.Record)
	}
	return s.Tee.Start(o.Record)
}

// Start begins to read what the server emits, and then runs the scenario in a process of its own.
func (s *Session) Start() error {
	s.startPeers()
	s.startFeed()
	return s.startClients()
}

func (s *Session) startFeed() { s.Line.Start(context.Background()) }

// startClients runs the scenario in a process of its own.
func (s *Session) startClients() error {
	if s.fdsFree >= 0 { // now that the lab's own parts have what they need
		defer s.loop.Set(trace.Pair{Key: "fds-free", Value: fmt.Sprint(s.fdsFree)})
	}
	return s.startTraffic()
}

// Loop is the server.
func (s *Session) Loop() *loop.Loop { return s.loop }

// Lost is how many events the rings have dropped because nobody had read the ones before.
func (s *Session) Lost() uint64 { return s.merge.Lost() }

// How long the end waits for the server's loop, and for the last events: on a busy machine a healthy one may take some
// seconds. Whoever sent a signal waits for it, and perhaps another one follows that leaves no time at all.
const (
	endWithin       = 10 * time.Second
	endWithinSignal = 4 * time.Second
)

// Stop ends what has been started of clients, server and feed, and waits until everything they recorded has been read and
// written. A loop that does not end (its thread is stuck in the kernel) is left behind, but not what it has recorded.
func (s *Session) Stop(why uint32) error {
	s.exchanging.Lock()
	defer s.exchanging.Unlock()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	if s.slow != nil {
		s.slow.Close()
	}
	s.endTraffic()
	s.endManual()
	s.peers.end()
	limit := endWithin
	if why == trace.StopSignal {
		limit = endWithinSignal
	}
	show.Go(func() { s.loop.StopFor(why) })
	var errs []error
	select {
	case <-s.loop.Done():
		errs = append(errs, s.loop.Err())
	case <-time.After(limit):
		errs = append(errs, fmt.Errorf("the server did not end within %v: its thread is stuck in a call; what it recorded until then is kept", limit))
		s.merge.Close() // its ring never ends
	}
	errs = append(errs, s.Line.End(limit))
	return errors.Join(errs...)
}
