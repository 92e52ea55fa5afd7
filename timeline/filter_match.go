package timeline

import (
	"strings"

	"evviz/trace"
)

// Lane says whether a lane is shown in a view of [t0, t1).
func (f Filter) Lane(s *Snapshot, l *Lane, t0, t1 int64) bool {
	for i := range f.terms {
		if t := &f.terms[i]; t.aboutLanes() && t.lane(s, l, t0, t1) == t.not {
			return false
		}
	}
	return true
}

// aboutLanes says whether a word can tell lanes apart.
func (t *filterTerm) aboutLanes() bool {
	switch t.kind {
	case termCall:
		return false
	case termEvent:
		return marksOf(trace.Kind(t.n)) != nil
	}
	return true
}

// lane says whether a word without its "!" holds for a lane.
func (t *filterTerm) lane(s *Snapshot, l *Lane, t0, t1 int64) bool {
	switch t.kind {
	case termFD:
		return int64(l.FD) >= t.n && int64(l.FD) <= t.m
	case termPeer:
		return strings.Contains(strings.ToLower(l.Peer), t.text)
	case termKindOf:
		return l.Kind == LaneKind(t.n)
	case termClass:
		return l.Stats.Class[t.n] > 0
	case termErrno:
		if int64(l.LastRead.Errno) == t.n && l.LastRead.Time >= t0 && l.LastRead.Time < t1 || int64(l.LastWrite.Errno) == t.n && l.LastWrite.Time >= t0 && l.LastWrite.Time < t1 {
			return true
		}
		switch t.n { // the ones that have marks of their own
		case eAGAIN:
			return l.did(t0, t1, MarkReadAgain, MarkWriteAgain, MarkAcceptAgain)
		case eCONNRESET, ePIPE:
			return l.did(t0, t1, MarkReset) && (l.LastRead.Errno == uint16(t.n) || l.LastWrite.Errno == uint16(t.n))
		}
		return false
	case termEvent:
		return l.did(t0, t1, marksOf(trace.Kind(t.n))...)
	case termTrigger:
		return int64(l.TriggerAt(t1)) == t.n
	case termWaits:
		d := l.bars.longest(t0, t1)
		if t.m < 0 {
			return d < t.n
		}
		return d > t.n
	case termState:
		return l.inState(s, t.n, t0, t1)
	}
	return l.named(t.text)
}

func (l *Lane) named(part string) bool {
	for _, s := range [...]string{l.Label, l.Peer, l.Local, l.Client.Part, l.Client.Program, l.Kind.String()} {
		if strings.Contains(strings.ToLower(s), part) {
			return true
		}
	}
	return false
}

// did says whether a lane has one of the marks in a window.
func (l *Lane) did(t0, t1 int64, marks ...Mark) bool {
	w := l.Window(t0, t1)
	for _, m := range marks {
		if w.Counts[m] > 0 {
			return true
		}
	}
	return false
}

func (l *Lane) inState(s *Snapshot, n int64, t0, t1 int64) bool {
	pending := func() bool {
		if t1 >= s.Now { // what waits now does so up to Now, and not in it
			return l.Pending
		}
		_, _, ok := l.WaitingAt(t1 - 1)
		return ok
	}
	switch n {
	case stateOpen:
		return l.Closed == 0 || l.Closed >= t1
	case stateClosed:
		return l.Closed != 0 && l.Closed < t1
	case stateStranded:
		sp := l.bars.lastIn(t0, t1)
		return sp != nil && sp.stranded
	case statePending:
		return pending()
	case stateRegistered:
		return l.Registered
	case stateDisarmed:
		return l.Registered && !l.Armed
	}
	// untold: data waits and no report was ever made of the lane
	return pending() && l.Stats.Counts[MarkReport] == 0
}

// marksOf are the marks that an event of a kind leaves on a lane; nil when it leaves none.
func marksOf(k trace.Kind) []Mark {
	switch k {
	case trace.Read:
		return []Mark{MarkRead, MarkReadAgain, MarkReadEOF, MarkReadErr, MarkReset}
	case trace.Write:
		return []Mark{MarkWrite, MarkWriteAgain, MarkWriteErr, MarkReset}
	case trace.Accept:
		return []Mark{MarkAccept, MarkAcceptAgain, MarkAcceptErr}
	case trace.Ready:
		return []Mark{MarkReport}
	case trace.Renotify:
		return []Mark{MarkRenotify}
	case trace.Arrive:
		return []Mark{MarkArrive}
	case trace.Queue:
		return []Mark{MarkQueue}
	case trace.Open:
		return []Mark{MarkOpen}
	case trace.Close:
		return []Mark{MarkClose}
	case trace.Register:
		return []Mark{MarkRegister}
	case trace.Modify:
		return []Mark{MarkModify, MarkRearmed}
	case trace.Deregister:
		return []Mark{MarkDeregister}
	case trace.Shutdown:
		return []Mark{MarkShutdown}
	case trace.Connect:
		return []Mark{MarkConnect}
	case trace.Call:
		return []Mark{MarkCall}
	case trace.Submit:
		return []Mark{MarkSubmit}
	case trace.Complete:
		return []Mark{MarkComplete, MarkRecvDone, MarkSendDone}
	case trace.Step:
		return []Mark{MarkStepSend, MarkStepRecv, MarkStepOther}
	}
	return nil
}

// Event says whether an event is shown. Where its index is known, EventAt is quicker.
func (f Filter) Event(s *Snapshot, e *trace.Event) bool {
	if f.Empty() {
		return true
	}
	return f.EventAt(s, indexOf(s, e), e)
}

// indexOf finds an event among those kept near its time; -1 when it is not there.
func indexOf(s *Snapshot, e *trace.Event) int64 {
	i := s.EventAt(e.Time)
	for n := 0; n < 4096; n, i = n+1, i+1 {
		x, ok := s.Event(i)
		if !ok {
			return -1
		}
		if x.Stream == e.Stream && x.Seq == e.Seq && x.Kind == e.Kind && x == *e {
			return i
		}
	}
	return -1
}

// EventAt says whether the event with index i is shown.
func (f Filter) EventAt(s *Snapshot, i int64, e *trace.Event) bool {
	if f.Empty() {
		return true
	}
	x := eventOf{s: s, i: i, e: e}
	for k := range f.terms {
		if t := &f.terms[k]; t.event(&x) == t.not {
			return false
		}
	}
	return true
}

// eventOf is an event and, once somebody has asked, its lane.
type eventOf struct {
	s     *Snapshot
	i     int64
	e     *trace.Event
	l     *Lane
	asked bool
}

func (x *eventOf) lane() *Lane {
	if !x.asked {
		x.asked = true
		x.l = x.s.LaneOf(x.i, x.e)
	}
	return x.l
}

func (x *eventOf) call() string {
	if x.e.Kind >= trace.KindCount {
		return ""
	}
	for _, f := range trace.Specs[x.e.Kind].Fields {
		switch {
		case f.Name == "call" && f.Unit == trace.UEnum:
			return trace.CallNames.Word(uint32(f.Raw(x.e)))
		case x.e.Kind == trace.Sys && f.Unit == trace.UName:
			return x.s.Name(x.e.Stream, uint32(f.Raw(x.e)))
		}
	}
	return strings.ToLower(x.e.Kind.String())
}

// event says whether a word without its "!" holds for an event.
func (t *filterTerm) event(x *eventOf) bool {
	switch t.kind {
	case termFD:
		if e := x.e; e.Kind != trace.Step && e.Kind < trace.KindCount && trace.Specs[e.Kind].HasFD() && e.FD >= 0 {
			return int64(e.FD) >= t.n && int64(e.FD) <= t.m
		}
	case termErrno:
		return int64(x.e.Errno) == t.n
	case termEvent:
		return int64(x.e.Kind) == t.n
	case termCall:
		return x.call() == trace.CallNames[t.n]
	case termClass:
		v, ok := x.s.Verdict(x.i)
		return ok && v.Class == Class(t.n)
	case termText:
		if strings.Contains(x.call(), t.text) || strings.Contains(strings.ToLower(x.e.Kind.String()), t.text) {
			return true
		}
		l := x.lane()
		return l != nil && l.named(t.text)
	}
	l := x.lane()
	return l != nil && t.lane(x.s, l, l.Opened, x.s.Now+1)
}
