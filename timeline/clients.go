package timeline

import "evviz/trace"

// Scripted clients are another process: their steps carry the client's own address, which is the peer of a lane here. A
// step may come before its connection is known, as the first one always does; it waits for it, with a bound. One that comes
// after the server closed its side belongs to the closed lane, until the client connects from the same address again.

const (
	maxUnclaimed        = 4096
	maxUnclaimedPerPeer = 64
	maxClients          = 1 << 16
)

// ClientStats is what clients did, by their own steps.
type ClientStats struct {
	Sent, Received int64  // bytes
	Known          bool   // of one lane: a client, or who looked for it, has said who it is
	Part           string // of one lane: what the client plays in its scenario; "" unknown
	Program        string // of one lane: name of the process at the other end, where it was found on this machine; "" unknown
	PID            int64  // ... and its number; 0 unknown
	Served         int64  // of one lane: the longest time from a send to the read that got it, ns; 0 unknown
}

// stepMark is a mark of a step whose lane is not known yet.
type stepMark struct {
	t int64
	m Mark
}

// unclaimed are the steps of an address whose lane is not known yet.
type unclaimed struct {
	marks  []stepMark
	client clientOf
}

// clients finds the lanes of scripted clients.
type clients struct {
	all     ClientStats
	lanes   map[string]*laneB // by the client's address, closed ones too
	waiting map[string]*unclaimed
	met     map[uint32]bool // clients that have connected
	first   []clientAddr    // ... and from where first; only appended to
}

// clientAddr is where a client's first connection came from.
type clientAddr struct {
	user uint32
	addr string
}

// clientView is what a snapshot knows of clients.
type clientView []clientAddr

func (c *clients) view() clientView { return c.first[:len(c.first):len(c.first)] }

// ClientAddress is where the first connection of a scripted client came from, "" when it is not known.
func (s *Snapshot) ClientAddress(user uint32) string {
	for _, c := range s.clients {
		if c.user == user {
			return c.addr
		}
	}
	return ""
}

// connected notes a connection of a client. Steps from the same address are about a new lane from here on.
func (c *clients) connected(user uint32, addr string) {
	if l := c.lanes[addr]; l != nil && l.pub.Closed != 0 {
		delete(c.lanes, addr)
	}
	if c.met[user] || len(c.met) >= maxClients {
		return
	}
	if c.met == nil {
		c.met = map[uint32]bool{}
	}
	c.met[user] = true
	c.first = append(c.first, clientAddr{user, addr})
}

// forget drops a lane that is no longer kept.
func (c *clients) forget(l *laneB) {
	if c.lanes[l.pub.Peer] == l {
		delete(c.lanes, l.pub.Peer)
	}
}

// clientOf follows what the client at the other end of a lane does.
type clientOf struct {
	pub      ClientStats
	sent     int64 // begin of the oldest send that nobody has read yet; 0: there is none
	lastRead int64
}

func (c *clientOf) publish() ClientStats { return c.pub }

// step counts a step that has ended.
func (c *clientOf) step(e *trace.Event) {
	c.pub.Known = true
	n := max(e.B, 0)
	switch trace.StepOf(e).What() {
	case trace.StepSend:
		c.pub.Sent += n
		if n > 0 {
			c.sends(e.Start())
		}
	case trace.StepReceive:
		c.pub.Received += n
	}
}

// plays notes which part the client plays, unless that is not known.
func (c *clientOf) plays(part string) {
	if part != "" {
		c.pub.Part = part
	}
}

func (c *clientOf) sends(at int64) {
	switch {
	case c.lastRead >= at: // the read was quicker than the end of the send
		c.pub.Served = max(c.pub.Served, c.lastRead-at)
	case c.sent == 0:
		c.sent = at
	}
}

// read notes that the server got something.
func (c *clientOf) read(at int64) {
	c.lastRead = at
	if c.sent != 0 {
		c.pub.Served = max(c.pub.Served, at-c.sent)
		c.sent = 0
	}
}

func (t *Timeline) step(s *stream, e *trace.Event) {
	if e.Phase.Base() == trace.PhaseEnter {
		return
	}
	t.stats.Steps++
	t.traffic.step(s, e)
	m := MarkStepOther
	what := trace.StepOf(e).What()
	switch what {
	case trace.StepSend:
		m = MarkStepSend
		t.lanes.clients.all.Sent += max(e.B, 0)
	case trace.StepReceive:
		m = MarkStepRecv
		t.lanes.clients.all.Received += max(e.B, 0)
	case trace.StepSleep, trace.StepNote:
		return
	}
	if what == trace.StepConnect && e.Dur >= t.limits.Connect && e.Errno == 0 {
		t.slowConnect(s, e)
	}
	peer := t.names.now(s.id, e.Inst)
	if peer == "" {
		return
	}
	if what == trace.StepConnect && e.Errno == 0 {
		t.lanes.clients.connected(trace.StepOf(e).User(), peer)
	}
	// A receive is drawn where it ended, anything else where it began: that is when it reaches the server.
	at := e.Time
	if m != MarkStepRecv {
		at = e.Start()
	}
	part := ""
	if what == trace.StepConnect && e.Errno == 0 {
		part = t.names.now(s.id, e.Gen)
	}
	if l := t.lanes.clients.lanes[peer]; l != nil {
		l.client.step(e)
		l.client.plays(part)
		if l.pub.Closed == 0 {
			t.lanes.mark(l, at, m, 0)
		} else {
			t.lanes.touch(l)
		}
		return
	}
	q := t.lanes.clients.waiting[peer]
	if q == nil {
		if len(t.lanes.clients.waiting) >= maxUnclaimed {
			return
		}
		if t.lanes.clients.waiting == nil {
			t.lanes.clients.waiting = map[string]*unclaimed{}
		}
		q = new(unclaimed)
		t.lanes.clients.waiting[peer] = q
	}
	q.client.step(e)
	q.client.plays(part)
	if len(q.marks) < maxUnclaimedPerPeer {
		q.marks = append(q.marks, stepMark{at, m})
	}
}

// peerFound notes who is at the other end of a connection. A process is found after the connection was made, so its lane is there, unless the
// events of the loop are behind.
func (t *Timeline) peerFound(s *stream, e *trace.Event) {
	v := trace.PeerOf(e)
	address := t.names.now(s.id, v.Address())
	if address == "" {
		return
	}
	c := t.lanes.clients.clientAt(address)
	if c == nil {
		return
	}
	c.pub.Known = true
	c.plays(t.names.now(s.id, v.Part()))
	if v.PID() != 0 {
		c.pub.Program, c.pub.PID = t.names.now(s.id, v.Program()), v.PID()
	}
	if l := t.lanes.clients.lanes[address]; l != nil {
		t.lanes.touch(l)
	}
}

// clientAt is the client at an address: that of its lane, or that which waits for it; nil where too many wait.
func (c *clients) clientAt(address string) *clientOf {
	if l := c.lanes[address]; l != nil {
		return &l.client
	}
	q := c.waiting[address]
	if q == nil {
		if len(c.waiting) >= maxUnclaimed {
			return nil
		}
		if c.waiting == nil {
			c.waiting = map[string]*unclaimed{}
		}
		q = new(unclaimed)
		c.waiting[address] = q
	}
	return &q.client
}

// claimSteps gives a lane the steps of its client, with those that came before it.
func (ls *laneSet) claimSteps(l *laneB, peer string) {
	if ls.clients.lanes == nil {
		ls.clients.lanes = map[string]*laneB{}
	}
	ls.clients.lanes[peer] = l
	q := ls.clients.waiting[peer]
	if q == nil {
		return
	}
	delete(ls.clients.waiting, peer)
	for _, m := range q.marks {
		ls.mark(l, m.t, m.m, 0)
	}
	l.client.pub.Known = l.client.pub.Known || q.client.pub.Known
	l.client.plays(q.client.pub.Part)
	if q.client.pub.PID != 0 {
		l.client.pub.Program, l.client.pub.PID = q.client.pub.Program, q.client.pub.PID
	}
	l.client.pub.Sent += q.client.pub.Sent
	l.client.pub.Received += q.client.pub.Received
	if q.client.sent != 0 {
		l.client.sends(q.client.sent)
	}
}

// slowConnect notes a client that was kept waiting for its connection: it is told on the listener, unless that one's queue is known to
// have had room all the time. The client's process, or its machine, was slow then.
func (t *Timeline) slowConnect(s *stream, e *trace.Event) {
	for _, l := range t.lanes.all {
		if l.pub.Kind == KindListener && l.pub.Closed == 0 {
			if l.watch.looked && !l.watch.filled {
				return
			}
			t.watch.happened(s, l, IncSlowConnect, e.Start(), e.Dur, true)
			return
		}
	}
}
