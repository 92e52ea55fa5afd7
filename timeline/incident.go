package timeline

import "evviz/trace"

// Incidents: what a rule may judge
//
// An incident is a pattern in the calls of one lane or one thread: told of what was known, left behind, waited too often.
// Here it is only counted, with moments to look at; whether so many of them are a defect is said by package diagnostics,
// which has the thresholds. What would be a matter of taste at the edges is cut generously here (a gap of 10 ms is noted, the
// rule asks for 20), and Limits say where.
//
// An incident belongs to a lane or to a stream, and there is at most one of each kind on it: it grows. A run is a row of the
// same incident on the same lane without another report between.

// IncidentKind says what happened.
type IncidentKind uint8

// The kinds. V is what the moments' values mean.
const (
	IncUntouched    IncidentKind = iota // a level-triggered report of data that nobody had touched since the one before; V: -
	IncLeftover                         // a level-triggered report of the rest of what was read in part; V: bytes that the read before took
	IncWritable                         // a level-triggered report of room to write, and nothing was written since the one before
	IncHangup                           // a level-triggered report of RDHUP, HUP or ERR that repeats the one before
	IncEOF                              // a level-triggered report after the end of file had been read
	IncExhausted                        // accept failed for want of descriptors, again
	IncStarved                          // accept failed for want of descriptors once more, with no report and no connection taken since
	IncShed                             // a connection was accepted right after accept had failed for want of descriptors, and closed at once
	IncRearmed                          // reported because a MOD or ADD had armed it again, and nobody had touched it since the report before
	IncClosedUnder                      // an epoll instance was closed while a thread waited on it
	IncDeaf                             // ... and an edge-triggered listener was left so; V: ns until it was told again
	IncStranded                         // data was left behind that nobody will be told of; V: ns it lay there
	IncDisarmed                         // the same behind a oneshot registration that was not armed again; V: ns
	IncEarlyRearm                       // a oneshot registration was armed again, and its handler went on with the descriptor
	IncHerd                             // reported to a thread although another thread had got it already, or took it
	IncNobody                           // a listener was reported, and the first accept found nothing: who took the connection is not seen
	IncOverlap                          // reported to a thread while another thread was at work on it
	IncStale                            // reported although its number was closed here
	IncMisdispatch                      // a report's number was closed and given to another within the batch, and that was used
	IncShared                           // an epoll instance was used by two processes; V: process
	IncHog                              // read many times in a row while others had unread data; V: reads in a row, Worst has the time
	IncWastedRead                       // EAGAIN right after a short read
	IncCut                              // a message was longer than the room for it, and the kernel threw the rest away; V: bytes lost, where known
	IncLostOutput                       // what a write did not take was forgotten; V: bytes
	IncStuckOutput                      // output waited and nobody had asked to be told of room; V: ns
	IncOneAccept                        // one connection was accepted of a report, and the listener was reported again at once
	IncOverflow                         // more connections waited than the backlog holds; V: how many waited
	IncSlowConnect                      // a client's connect took longer than half a second: its SYN was dropped; V: ns
	IncBlockingFD                       // a connection without O_NONBLOCK was read because of a readiness report; V: ns the read took
	IncBlockedCall                      // a call on a registered descriptor held the thread; V: ns
	IncZeroWait                         // a wait that was not to wait, and brought nothing
	IncRounding                         // zero waits between a wait's end and the timer that it was for; V: how many
	IncLate                             // a wait lasted longer than was asked, beyond the timer's slack; V: ns too long
	IncPolled                           // a sleep, and then calls that found nothing; V: how many
	IncBlocked                          // the thread was away from its wait for long; V: ns
	IncBehind                           // a report waited for others of its batch; V: ns
	IncDrift                            // a repeating timer was armed late, and so all that follow; V: ns
	IncOverrun                          // a timer fired for several periods at once; V: how many
	IncBadWait                          // a wait on something closed (EBADF)
	IncBadChange                        // a change of interest on an instance that is closed (EBADF)
	IncInvalid                          // poll reported a descriptor that is closed (POLLNVAL)
	IncStrayChange                      // a change of interest in a descriptor that is closed, or not registered (EBADF, ENOENT)
	IncClosedTarget                     // a descriptor that is closed was to be watched, or watched for something else (EBADF)
	IncKept                             // a connection whose peer had finished was closed only with the program; V: ns it was kept
	IncEdgeLost                         // a MOD without EPOLLET where the mask had it; V: mask before
	IncUnconnected                      // HUP reported for a socket that was never connected
	IncUnregistered                     // a descriptor that is open was to be watched for something else, and was not registered (ENOENT)
	IncReadEOF                          // read returned 0 once more, and nothing had been read since it did so before
	IncNoProgress                       // a turn that was told something, achieved nothing, and was equal to the one before
	IncIdle                             // a wait with a timeout expired; V: the timeout, ns. Run and RunTime are the worst row without progress between
	IncStuck                            // a call held the thread while others had unread data; V: ns, Worst has how long they waited
	IncTick                             // what a thread does when its wait times out, and only then, was not done while events came; V: ns without it
	IncidentCount
)

// Moment is one time at which an incident happened, with a value as its kind has it.
type Moment struct{ At, V int64 }

// Incident is a pattern as a snapshot shows it.
type Incident struct {
	Kind        IncidentKind
	Stream      uint32 // thread on which it happened last
	Call        string // for IncBlocked and IncBlockedCall: the call that most of the time went into, "" the processor; Scattered
	N           int64
	Sure        int64 // of these, how many are certain, by a measured amount and not by inference
	First, Last int64
	Sum, Most   int64  // of the values
	Run         int64  // the longest run
	RunTime     int64  // how long that took, ns
	Tight       int64  // the shortest time in which a row (Limits) of one run came, ns; 0: there never were so many
	Worst       int64  // IncHog: ns that another waited, at most; 0 not known
	Amount      int64  // bytes (connections) that the newest episode began with, -1 not known; IncBlocked: most descriptors that the loop watched
	Forgotten   int64  // episodes that ended only because the descriptor was closed
	Proved      int64  // of the episodes of IncStranded, those that a later read ended: what it got had been there
	Rested      bool   // of IncStranded: the newest episode began with a wait that was to last
	Open        int64  // an episode that has begun then and goes on; 0 none
	Lone        bool   // IncBlocked: the loop passes poll or select one descriptor, and nothing else can wait for it; IncTick: the work is lines on standard output or error alone
	What        string // IncNoProgress: the calls of the turn; IncTick: of the work
	Every       bool   // the newest run is of every wait, or turn, that the thread made since it was first so
	Waits       int64  // of its instance, in all
	Counters    bool   // IncNoProgress: a counter (eventfd) was read or written in the turn, so a task without calls may have run
	Naps        int64  // waits that expired and sleeps of the thread, during the newest run
	Moments     []Moment
}

// Scattered is the Call of an IncBlocked or IncBehind of a traced thread whose time went into many calls, none of them long and
// none long after the one before: the tracer, and others at the processor, account for that.
const Scattered = "many calls"

// OthersWait is the Call of an IncZeroWait on an instance that other threads wait on, and not all of them with 0: a scheduler that looks
// for something to do before it goes on, as Go's does.
const OthersWait = "others wait"

// Unexplained is the Call of an IncBehind that no call explains: the handlers computed, or the thread had no CPU.
const Unexplained = "no call"

// Moments that are kept of an incident. Of gaps it is more: each is a place to look at.
const (
	maxMoments  = 64
	maxGapsKept = 1024
)

// incident is the writer's side.
type incident struct {
	pub     Incident
	runN    int64
	runFrom int64
	newest  []int64 // moments of the run, as many as a row has, the newest in the place of the oldest
	since   int64   // an episode has begun
	guess   bool    // ... and it is not known whether anything waits
	w       *weight // of what happens
}

// happened counts an incident; again says that it goes on with the run before.
func (x *incident) happened(s *stream, at, v int64, sure, again bool) {
	p := &x.pub
	times, period := x.w.times, x.w.period
	first := at - (times-1)*period
	if p.N == 0 {
		p.First = first
	}
	p.N += times
	p.Last = max(at, p.Last)
	if s != nil {
		p.Stream = s.id
	}
	if sure {
		p.Sure += times
	}
	p.Sum += v * times
	p.Most = max(p.Most, v)
	if !again {
		x.runN = 0
	}
	if x.runN == 0 {
		x.runFrom = first
	}
	row := int64(len(x.newest))
	skipped := max(times-row, 0) // of more than a row only the last are looked at
	x.runN, times = x.runN+skipped, times-skipped
	for i := range times {
		now := at - (times-1-i)*period
		x.newest[x.runN%row] = now
		x.runN++
		if x.runN >= row && (skipped == 0 || i == times-1) {
			if d := max(now-x.newest[x.runN%row], 1); p.Tight == 0 || d < p.Tight { // the oldest of the row
				p.Tight = d
			}
		}
	}
	if x.runN >= p.Run {
		p.Run, p.RunTime = x.runN, at-x.runFrom
	}
	if v >= 0 {
		p.keep(Moment{at, v})
	}
}

// lastingKinds are the kinds whose value is how long something took: a rule counts those that took too long.
var lastingKinds = [IncidentCount]bool{IncDeaf: true, IncStranded: true, IncDisarmed: true, IncStuckOutput: true, IncSlowConnect: true,
	IncBlockedCall: true, IncLate: true, IncBlocked: true, IncBehind: true, IncStuck: true}

// keep adds a moment. When there are as many as are kept the first ones stay; where the value is a time the longest do.
func (p *Incident) keep(m Moment) {
	most := maxMoments
	if p.Kind == IncBlocked || p.Kind == IncBehind || p.Kind == IncLate {
		most = maxGapsKept
	}
	if len(p.Moments) < most {
		p.Moments = append(p.Moments, m)
		return
	}
	if !lastingKinds[p.Kind] {
		return
	}
	least := 0
	for i := range p.Moments {
		if p.Moments[i].V < p.Moments[least].V {
			least = i
		}
	}
	if p.Moments[least].V < m.V {
		kept := make([]Moment, 0, most) // snapshots have the old list
		p.Moments = append(append(append(kept, p.Moments[:least]...), p.Moments[least+1:]...), m)
	}
}

// incidents of a lane or a stream: few, so a list.
type incidents []*incident

// incident finds the incident of a kind in a list, or adds it.
func (wt *watcher) incident(xs *incidents, k IncidentKind, call string) *incident {
	for _, x := range *xs {
		if x.pub.Kind == k && x.pub.Call == call {
			return x
		}
	}
	row := wt.limits.SpinRow
	if k == IncZeroWait {
		row = wt.limits.WaitRow
	}
	x := &incident{pub: Incident{Kind: k, Call: call}, newest: make([]int64, row), w: &wt.w}
	*xs = append(*xs, x)
	return x
}

// publish copies them. An episode that goes on lasts until now.
func (xs incidents) publish(now int64) []Incident {
	if len(xs) == 0 {
		return nil
	}
	out := make([]Incident, len(xs))
	for i, x := range xs {
		out[i] = x.pub
		p := &out[i]
		p.Moments = p.Moments[:len(p.Moments):len(p.Moments)]
		if x.since != 0 {
			p.Open = x.since
			d := max(now-x.since, 0)
			p.Sum, p.Most = p.Sum+d, max(p.Most, d)
			p.Moments = append(p.Moments, Moment{x.since, d})
		}
	}
	return out
}

// Incident finds the lane's incident of a kind, nil when there was none.
func (l *Lane) Incident(k IncidentKind) *Incident { return incidentOf(l.Incidents, k) }

// Incident finds the thread's incident of a kind, nil when there was none.
func (l *LoopLane) Incident(k IncidentKind) *Incident { return incidentOf(l.Incidents, k) }

func incidentOf(list []Incident, k IncidentKind) *Incident {
	for i := range list {
		if list[i].Kind == k {
			return &list[i]
		}
	}
	return nil
}

// happened counts an incident of a lane that does not come in runs.
func (wt *watcher) happened(s *stream, l *laneB, k IncidentKind, at, v int64, sure bool) {
	wt.incident(&l.watch.inc, k, "").happened(s, at, v, sure, true)
	wt.lanes.touch(l)
}

// inRow counts an incident of a lane that makes a run with the same one before: row is which that was.
func (wt *watcher) inRow(s *stream, l *laneB, row **incident, k IncidentKind, at, v int64, sure bool) {
	x := *row
	again := x != nil && x.pub.Kind == k
	if !again {
		x = wt.incident(&l.watch.inc, k, "")
		*row = x
	}
	x.happened(s, at, v, sure, again)
	wt.lanes.touch(l)
}

// onThread counts an incident of a thread.
func (wt *watcher) onThread(s *stream, k IncidentKind, call string, at, v int64, again bool) *incident {
	x := wt.incident(&s.inc, k, call)
	x.happened(s, at, v, true, again)
	return x
}

// pastIncidents keeps what lanes that are no longer kept had, one for each kind.
type pastIncidents struct {
	list  [IncidentCount]Incident
	lanes [IncidentCount]int64
}

func (p *pastIncidents) take(l *laneB) {
	for _, x := range l.watch.inc {
		o := &x.pub
		n := &p.list[o.Kind]
		if p.lanes[o.Kind]++; n.N == 0 {
			moments := o.Moments
			*n = *o
			n.Moments = append([]Moment(nil), moments...)
			continue
		}
		n.N, n.Sure, n.Sum = n.N+o.N, n.Sure+o.Sure, n.Sum+o.Sum
		n.First, n.Last = min(n.First, o.First), max(n.Last, o.Last)
		n.Most, n.Run, n.RunTime, n.Worst = max(n.Most, o.Most), max(n.Run, o.Run), max(n.RunTime, o.RunTime), max(n.Worst, o.Worst)
		if o.Tight != 0 && (n.Tight == 0 || o.Tight < n.Tight) {
			n.Tight = o.Tight
		}
		if len(n.Moments) < maxMoments {
			n.Moments = append(n.Moments, o.Moments[:min(len(o.Moments), maxMoments-len(n.Moments))]...)
		}
	}
}

// Past is what happened on lanes that are no longer kept, and on how many.
type Past struct {
	Incident Incident
	Lanes    int64
}

func (p *pastIncidents) publish() (out []Past) {
	for k := range p.list {
		if p.lanes[k] > 0 {
			out = append(out, Past{p.list[k], p.lanes[k]})
		}
	}
	return out
}

// describeCall names the call of an event as strace would.
func (wt *watcher) describeCall(s *stream, e *trace.Event) string {
	switch e.Kind {
	case trace.Sys:
		return wt.names.now(s.id, e.Aux)
	case trace.Lock:
		return "futex"
	case trace.Read, trace.Write, trace.Accept, trace.Wait, trace.Sleep:
		return trace.SyscallOf(e).String()
	case trace.Connect:
		return "connect"
	case trace.Close:
		return "close"
	}
	return ""
}
