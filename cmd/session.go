package cmd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"evviz/loop"
	"evviz/record"
	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// session is a running lab: the loop, its clients, and the line from their rings to the timeline.
//
//	loop ring ──┐
//	observer ───┼─► Merge ─► Tee (recording) ─► Flight (--keep) ─► Feed (timeline)
//	clients ────┘   (a pipe from another process, pumped into a ring)
type session struct {
	loop   *loop.Loop
	merge  *trace.Merge
	tee    *record.Tee
	flight *flightRecorder // nil: nothing is kept
	feed   *timeline.Feed
	rings  ringMaker
	fed    chan struct{}  // closed when the feed has read everything; nil until it has been started
	begun  loop.Behaviour // the settings that it began with
	seed   int64

	// The traffic can be exchanged while the screen is open (labtraffic.go), so these are guarded by mu. exchanging holds up
	// a second exchange, and the end, until the first is over.
	mu         sync.Mutex
	exchanging sync.Mutex
	ended      bool
	script     *scenarios.Script
	clients    *clientProcess
	gone       *clientProcess // the clients that were ended last
	clientRd   chan struct{}  // closed when everything that the clients told has been read; nil when none have been started
	hand       *handClient    // nil: none was asked for

	maxConns      int
	remote        bool // clients may go to other than loopback addresses
	endsWithStory bool // the server stops when the story has come to its end

	fdsFree int // the fds-free setting, put into force when everything has started; -1 none
}

// ringMaker numbers the streams of a session.
type ringMaker struct {
	mu   sync.Mutex
	next uint32
	size int
	m    *trace.Merge
	made map[uint32]*trace.Ring // by stream
}

func (r *ringMaker) ring() *trace.Ring {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	x := trace.NewRing(r.next, r.size)
	r.m.Add(x)
	if r.made == nil {
		r.made = map[uint32]*trace.Ring{}
	}
	r.made[r.next] = x
	return x
}

// behind reports whether a stream has more events than so many; false for one that has no ring here.
func (r *ringMaker) behind(stream uint32, events uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.made[stream]
	return x != nil && (x.Holds() || x.Published() != events)
}

// newSession starts the server; clients come with startClients. wrap, when not nil, is put around
// what the rings yield: what it returns is what the timeline and everything behind it see.
func newSession(o *labOptions, b loop.Behaviour, script *scenarios.Script, wrap func(trace.Source) trace.Source) (*session, error) {
	s := &session{script: script, begun: b, maxConns: o.maxConns, remote: o.remote}
	title := "lab, no scenario"
	if script != nil {
		title = "lab, scenario " + script.Title
	}
	info := trace.Info{Title: title, Live: true, Timed: true, Clock: trace.ReadClock(), Kinds: labKinds(), Meta: meta(o, &b, script)}
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
	s.rings = ringMaker{size: o.ring, m: s.merge}

	s.fdsFree, b.FDsFree = b.FDsFree, -1
	start := func(addr string) error {
		l, err := loop.New(loop.Config{Listen: addr, Behaviour: b, Title: title, NewRing: func(uint32) *trace.Ring { return s.rings.ring() },
			StartChild: s.startChild})
		if err != nil {
			return err
		}
		s.loop = l
		return l.Start(spawn)
	}
	addr := o.listen
	if addr == "" {
		addr = "127.0.0.1:4201"
	}
	err := start(addr)
	if o.listen == "" && errors.Is(err, unix.EADDRINUSE) {
		s.merge = trace.NewMerge(info)
		s.rings = ringMaker{size: o.ring, m: s.merge}
		err = start("127.0.0.1:0")
	}
	if err != nil {
		if errors.Is(err, unix.EADDRINUSE) {
			return nil, env(fmt.Errorf("%w; choose another with --listen, for example --listen 127.0.0.1:0 for a free one", err))
		}
		if errors.Is(err, loop.ErrListenAddress) {
			return nil, usage("--listen: %v", err)
		}
		return nil, env(err)
	}
	var src trace.Source = s.merge
	if wrap != nil {
		src = wrap(src)
	}
	s.tee = record.NewTee(src)
	s.tee.Go = spawn
	picture := o.memory.picture()
	picture.Limits = o.findings.Limits()
	if o.flight.on {
		kept := record.NewFlight(s.tee, o.flight.keep, o.memory.flight())
		s.feed = timeline.NewFeed(kept, picture)
		s.flight = newFlightRecorder(&o.flight, kept, s.feed, o.findings)
		return s, nil
	}
	s.feed = timeline.NewFeed(s.tee, picture)
	return s, nil
}

// startFeed begins to read. It is not part of newSession so that a recording can be started before the first event.
func (s *session) startFeed() {
	s.flight.start()
	fed := make(chan struct{})
	s.fed = fed
	spawn(func() {
		defer close(fed)
		s.feed.Run(context.Background())
	})
}

// startClients runs the scenario in a process of its own.
func (s *session) startClients(seed int64) error {
	s.seed = seed
	if s.fdsFree >= 0 { // now that the lab's own parts have what they need
		defer s.loop.Set(trace.Pair{Key: "fds-free", Value: fmt.Sprint(s.fdsFree)})
	}
	return s.startTraffic()
}

// How long the end waits for the server's loop, and for the last events: on a busy machine a healthy one may take some
// seconds. Whoever sent a signal waits for it, and perhaps another one follows that leaves no time at all.
const (
	endWithin       = 10 * time.Second
	endWithinSignal = 4 * time.Second
)

// stop ends what has been started of clients, server and feed, and waits until everything they recorded has been read and
// written. A loop that does not end (its thread is stuck in the kernel) is left behind, but not what it has recorded.
func (s *session) stop(why uint32) error {
	s.exchanging.Lock()
	defer s.exchanging.Unlock()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.endTraffic()
	s.endHand()
	limit := endWithin
	if why == trace.StopSignal {
		limit = endWithinSignal
	}
	spawn(func() { s.loop.StopFor(why) })
	var errs []error
	select {
	case <-s.loop.Done():
		errs = append(errs, s.loop.Err())
	case <-time.After(limit):
		errs = append(errs, fmt.Errorf("the server did not end within %v: its thread is stuck in a call; what it recorded until then is kept", limit))
		s.merge.Close() // its ring never ends
	}
	if s.fed != nil {
		select {
		case <-s.fed:
		case <-time.After(limit):
			errs = append(errs, fmt.Errorf("the last events could not be read within %v", limit))
		}
	}
	if st := s.tee.Status(); st.On {
		errs = append(errs, s.tee.Stop())
	} else {
		errs = append(errs, st.Err)
	}
	errs = append(errs, s.flight.end())
	return errors.Join(errs...)
}

// labKinds are the kinds of events that this lab can emit.
func labKinds() trace.KindSet {
	return trace.Kinds(trace.Start, trace.Stop, trace.Thread, trace.Mode, trace.Knob, trace.Open, trace.Close, trace.SockOpt, trace.Listen,
		trace.Instance, trace.Register, trace.Modify, trace.Deregister, trace.Wait, trace.Sleep, trace.Round, trace.Ready, trace.Renotify,
		trace.Call, trace.Accept, trace.Read, trace.Write, trace.TimerSet, trace.TimerFire, trace.TimerStop, trace.Wake, trace.Task,
		trace.Arrive, trace.Queue, trace.Step, trace.Sync, trace.Name, trace.Lost, trace.State, trace.FdFlags, trace.Lock, trace.Usage,
		trace.Exit, trace.Bookmark, trace.Fork, trace.Dup, trace.Submit, trace.Complete, trace.Sys, trace.Connect, trace.Shutdown, trace.Repeat)
}

// meta is what a recording's header says about how it was made.
func meta(o *labOptions, b *loop.Behaviour, script *scenarios.Script) []trace.Pair {
	var out []trace.Pair
	add := func(k, v string) { out = append(out, trace.Pair{Key: k, Value: v}) }
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		add("kernel", unix.ByteSliceToString(u.Sysname[:])+" "+unix.ByteSliceToString(u.Release[:])+" "+unix.ByteSliceToString(u.Machine[:]))
	}
	for _, f := range []string{"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.core.somaxconn"} {
		add(f, sysctl(f))
	}
	if script != nil {
		add("scenario", script.Name)
		add("seed", fmt.Sprint(o.seed))
		for _, p := range script.Params {
			add("param."+p.Name, p.Value)
		}
	}
	add("mode", trace.DriverNames.Word(b.Driver))
	if b.Driver == trace.DriverEpoll {
		add("trigger", trace.TriggerNames.Word(b.Trigger))
	}
	return append(out, b.Describe()...)
}
