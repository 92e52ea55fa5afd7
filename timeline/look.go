package timeline

import (
	"slices"

	"evviz/trace"
)

// Looks
//
// A program of which no calls are seen can be looked into: what it has open and registered, what waits there, and what its threads are in. A
// source of looks tells each as States (with what only a look can know: unread bytes, the ready list, room to write), one InCall for each
// thread, and nothing of what lies between two looks. So nothing here follows from an order of events; what holds in one look after the other
// is known since the first of them.

// Look is what looks into the kernel have found of a lane. What is unknown stays so.
type Look struct {
	At            int64    // the newest look (ns)
	First         int64    // the one that has found it first
	Unread        int64    // bytes, or connections to be accepted; -1 unknown
	UnreadSince   int64    // every look since then has found something unread, and as much; 0 not
	Backlog       int64    // of a listener: one more than so many connections fit; 0 unknown
	Room          Tri      // a wait for room to write would return
	Unsent        Tri      // bytes that were written wait to be sent or acknowledged
	Finished      Tri      // the peer has finished
	FinishedSince int64    // ... since this moment, or before; 0 it has not
	Inherited     bool     // an epoll instance: the parent of the process has it, too
	Holders       []Holder // numbers that lead to it
	Regs          []RegLook
}

// Holder is a process that has a lane open, and a number by which it does.
type Holder struct {
	Process uint32 // the descriptor table's: a process
	FD      int32
}

// holds notes a holder.
func (k *laneLook) holds(h Holder) {
	if !slices.Contains(k.Holders, h) {
		k.Holders = append(slices.Clip(k.Holders), h)
	}
}

// closedLook forgets a number that was closed.
func (l *laneB) closedLook(h Holder) {
	if l.look != nil {
		l.look.Holders = slices.DeleteFunc(slices.Clone(l.look.Holders), func(o Holder) bool { return o == h })
	}
}

// exitedLook forgets the numbers of a process that has ended. What others share with it stays open.
func (l *laneB) exitedLook(table uint32) {
	if l.look != nil && slices.ContainsFunc(l.look.Holders, func(o Holder) bool { return o.Process == table }) {
		l.look.Holders = slices.DeleteFunc(slices.Clone(l.look.Holders), func(o Holder) bool { return o.Process == table })
	}
}

// RegLook is a registration as looks have found it.
type RegLook struct {
	Instance int64 // Lane.ID of the instance; 0 it is the set of a thread
	Thread   int   // whose set it is; 0 it is an instance's
	FD       int32 // number that it was registered by
	Mask     uint32
	Data     uint64
	Queued   Tri  // on the ready list
	Stale    bool // its number means another file by now, or none
	Armed    bool // it asks for something: false for a oneshot registration that has fired
	// Since when every look has found it so, 0 not:
	LeftSince  int64 // as much unread, edge-triggered or disarmed, and not known to be on the ready list
	RoomSince  int64 // asking for room to write, level-triggered, with room there and nothing under way
	StaleSince int64 // Stale
}

// Edge says whether the registration is edge-triggered.
func (r *RegLook) Edge() bool { return r.Mask&bitET != 0 }

// Oneshot says whether a report disarms the registration.
func (r *RegLook) Oneshot() bool { return r.Mask&bitOneshot != 0 }

// Exclusive says whether it asks to be told with others that watch the same file, and not each for itself.
func (r *RegLook) Exclusive() bool { return r.Mask&(1<<28) != 0 }

// ThreadLook is what looks have found a thread doing.
type ThreadLook struct {
	PID, TID int
	Name     string
	First    int64 // the look that has found it first (ns)
	At       int64 // the newest look
	Doing    trace.Doing
	Call     string // "" none, or unknown
	FD       int32  // that the call is about; -1 none
	Lane     int64  // Lane.ID of that; 0 none, or unknown
	Timeout  int64  // of a wait, ns; -1 none
	Since    int64  // the first of the looks between which it has not run; 0 it has run, or there was one look
	CPU      int64  // used between the newest two looks, ns; -1 unknown
	Between  int64  // ... which lay so far apart, ns
}

// laneLook is the writer's side of a Look.
type laneLook struct {
	Look
	before int64 // unread by the look before
	came   int64 // when the newest data came, as an Arrive has said that belongs to this look; 0 unknown
	ended  int64 // ... and the end
}

// looked takes a State that tells what a look has found of a descriptor.
func (t *Timeline) lookedFile(s *stream, l *laneB, e *trace.Event) {
	v := trace.StateOf(e)
	unread, known := v.Unread()
	room, finished := v.Room(), v.Finished()
	if !t.looks {
		return
	}
	k := l.looked(e.Time)
	if !known {
		unread = -1
	}
	if e.Mask&oNonblock == 0 {
		l.watch.nonblock = No
	}
	k.holds(Holder{s.who.Table.ID, e.FD})
	k.before = k.Unread
	k.Unsent, k.Inherited = triOf(v.Unsent()), v.Inherited() != 0
	k.At, k.Unread, k.Room, k.Finished = e.Time, unread, triOf(room), triOf(finished)
	came, ended := k.came, k.ended
	k.came, k.ended = 0, 0
	switch {
	case unread <= 0:
		k.UnreadSince = 0
	case came != 0:
		k.UnreadSince = came
	case k.UnreadSince == 0 || k.before != unread:
		k.UnreadSince = e.Time
	}
	if known {
		l.ledger = unread
		if l.since != 0 && (unread == 0 || k.UnreadSince > l.since) { // what waited then has been taken
			t.lanes.closeBar(l, max(k.UnreadSince, l.since))
		}
		if l.arrival = 0; unread > 0 {
			t.lanes.openBar(l, k.UnreadSince, k.UnreadSince)
		}
	}
	switch {
	case k.Finished != Yes:
		k.FinishedSince, l.watch.eofAt = 0, 0
	case ended != 0 && (k.FinishedSince == 0 || ended < k.FinishedSince):
		k.FinishedSince = ended
	case k.FinishedSince == 0:
		k.FinishedSince = e.Time
	}
	l.watch.eofAt = k.FinishedSince
	t.lanes.touch(l)
}

// looked is the writer's side of what looks have found of the lane.
func (l *laneB) looked(at int64) *laneLook {
	if l.look == nil {
		l.look = &laneLook{Look: Look{Unread: -1, First: at}}
	}
	return l.look
}

// lookedBack takes an Arrive of a source of looks: when the newest of what is unread has come, or the end. What the look itself has found follows.
func (l *laneB) lookedBack(e *trace.Event) {
	k := l.looked(e.Time)
	if e.Mask&bitRdHup != 0 {
		k.ended = e.Start()
	} else {
		k.came = e.Start()
	}
}

// lookedReg takes a State that tells what a look has found of a registration.
func (t *Timeline) lookedReg(l *laneB, r *reg, e *trace.Event) {
	if !t.looks {
		return
	}
	v := trace.StateOf(e)
	k := l.looked(e.Time)
	k.At = e.Time
	armed := e.Mask&^uint32(privateBits) != 0
	queued := Unknown
	if v.Looked() != 0 {
		queued = No
		if v.Queued() != 0 {
			queued = Yes
		}
	}
	inst, thread := r.inst.laneID(), r.inst.thread()
	i := slices.IndexFunc(k.Regs, func(x RegLook) bool { return x.FD == e.FD && x.Instance == inst && x.Thread == thread })
	if i < 0 {
		k.Regs = append(slices.Clip(k.Regs), RegLook{Instance: inst, Thread: thread, FD: e.FD})
		i = len(k.Regs) - 1
	} else {
		k.Regs = slices.Clone(k.Regs) // snapshots hold the old one
	}
	x := &k.Regs[i]
	changed := x.Mask != e.Mask
	x.Mask, x.Data, x.Queued, x.Stale, x.Armed = e.Mask, uint64(e.A), queued, r.Stale, armed
	left := k.Unread > 0 && queued != Yes && (e.Mask&bitsIn != 0 && e.Mask&bitET != 0 || !armed && e.Mask&bitOneshot != 0)
	x.LeftSince = since(x.LeftSince, left, changed || k.UnreadSince > x.LeftSince || k.before != k.Unread && k.before >= 0, e.Time)
	roomy := armed && e.Mask&bitOut != 0 && e.Mask&(bitET|bitOneshot) == 0 && k.Room == Yes && k.Unsent != Yes
	x.RoomSince = since(x.RoomSince, roomy, changed, e.Time)
	x.StaleSince = since(x.StaleSince, r.Stale, false, e.Time)
	if r.armed != armed {
		r.armed = armed
	}
	t.lanes.touch(l)
}

// since moves the moment since when something is so.
func since(was int64, holds, anew bool, at int64) int64 {
	switch {
	case !holds:
		return 0
	case was == 0 || anew:
		return at
	}
	return was
}

// privateBits of a mask say how and not for what: EXCLUSIVE, WAKEUP, ONESHOT, ET (fs/eventpoll.c, EP_PRIVATE_BITS).
const privateBits = 1<<28 | 1<<29 | 1<<30 | 1<<31

func triOf(a trace.Answer) Tri {
	switch a {
	case trace.AnswerYes:
		return Yes
	case trace.AnswerNo:
		return No
	}
	return Unknown
}

// unregisteredLook forgets what looks have found of a registration that is no more.
func (l *laneB) unregisteredLook(r *reg) {
	if l.look == nil {
		return
	}
	inst, thread := r.inst.laneID(), r.inst.thread()
	l.look.Regs = slices.DeleteFunc(slices.Clone(l.look.Regs), func(x RegLook) bool { return x.FD == r.FD && x.Instance == inst && x.Thread == thread })
}

// laneID is the lane of an instance, 0 for a set.
func (in *instance) laneID() int64 {
	if in.lane == nil {
		return 0
	}
	return in.lane.pub.ID
}

// thread is the thread whose set it is, 0 for an instance.
func (in *instance) thread() int {
	if !in.set() {
		return 0
	}
	n, _ := trace.InstanceNumber(in.who.ID)
	return int(n)
}

// threadLook is the writer's side of a ThreadLook.
type threadLook struct {
	ThreadLook
	used, usedAt int64
}

// inCall takes what a look has found a thread doing.
func (t *Timeline) inCall(s *stream, e *trace.Event) {
	v := trace.InCallOf(e)
	k := s.look
	if k == nil {
		k = &threadLook{ThreadLook: ThreadLook{CPU: -1, First: e.Time}}
		s.look = k
	}
	switch {
	case v.Same() != trace.AnswerYes:
		k.Since = 0
	case k.Since == 0:
		k.Since = k.At
	}
	k.At, k.Doing, k.FD, k.Timeout = e.Time, v.Doing(), e.FD, v.Asked()
	k.Call, k.Lane = t.names.now(e.Stream, e.Aux), 0
	if l, old := t.lanes.find(s, e, false); l != nil && !old {
		k.Lane = l.pub.ID
	}
}

// Waits says whether the thread was in a wait for readiness.
func (x *ThreadLook) Waits() bool {
	switch x.Call {
	case "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6":
		return true
	}
	return false
}

// usage takes what a thread has used by the time of a look.
func (s *stream) usage(e *trace.Event) {
	k := s.look
	if k == nil {
		return // nobody looks: it counts itself
	}
	if used := e.A + e.B; k.usedAt != 0 && e.Time > k.usedAt && used >= k.used {
		k.CPU, k.Between = used-k.used, e.Time-k.usedAt
	}
	k.used, k.usedAt = e.A+e.B, e.Time
}

// threadLooks are those of all threads that were looked at and have not ended.
func (t *Timeline) threadLooks() (out []ThreadLook) {
	for _, s := range t.streams {
		if s == nil || s.look == nil || s.look.At == 0 || s.who.Ended() {
			continue
		}
		x := s.look.ThreadLook
		x.PID, x.TID, x.Name = int(s.who.PID), int(s.who.TID), s.who.Name.Text
		out = append(out, x)
	}
	return out
}
