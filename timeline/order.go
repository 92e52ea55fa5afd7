package timeline

import (
	"cmp"
	"slices"
	"sort"

	"evviz/trace"
)

// The order of a list
//
// The source hands events on in the order in which they ended, or became known. A list for a person has them in the order in which things began, and what
// caused something before it:
//
//   - An event that carries a duration stands where it began: a wait, a handler, a client's send. Where its beginning is an event of its own that says no
//     more than it does: a list shows beginnings of what has not ended alone (Snapshot.Ended).
//   - A handler stands after the event that it handles and before the calls in it, also where all have one time.
//   - A client's send stands before the read that got it, also where that call had begun before; so does an arrival.
//   - What has one time, and no cause in it, stands in the order of the source.
//
// Without times the order of the source is all there is.

// orderKey is where an event stands.
type orderKey struct {
	at   int64
	rank uint8 // a cause that has one time with its effect goes before it
	i    int64 // index, of a handler that of the first event in it
	in   int64 // a handler goes before that, and one that has another in it before that
}

func (a orderKey) compare(b orderKey) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank), cmp.Compare(a.i, b.i), cmp.Compare(a.in, b.in))
}

// StandsAt is the moment at which an event stands in a list. What had to come before it may move it further (Order).
func StandsAt(e *trace.Event) int64 {
	if !lasting.Has(e.Kind) || e.Dur <= 0 {
		return e.Time
	}
	return e.Start()
}

// Order is the order in which a list has events of one source, which are in the order of that source: places in evs. peer is the address of the
// other end of a descriptor, by which a client's send is the cause of a read, "" unknown; it may be nil. text is a name of a stream.
func Order(evs []trace.Event, timed bool, peer func(e *trace.Event) string, text func(e *trace.Event, id uint32) string) []int {
	out := make([]int, len(evs))
	for i := range out {
		out[i] = i
	}
	if !timed {
		return out
	}
	keys := make([]orderKey, len(evs))
	for i := range evs {
		keys[i] = keyOf(evs, i)
	}
	if peer != nil {
		causes(evs, keys, peer, text)
	}
	slices.SortFunc(out, func(a, b int) int { return keys[a].compare(keys[b]) })
	return out
}

func keyOf(evs []trace.Event, i int) orderKey {
	e := &evs[i]
	k := orderKey{at: StandsAt(e), rank: 2, i: int64(i)}
	switch e.Kind {
	case trace.Step:
		k.rank = 0
	case trace.Arrive, trace.Queue:
		k.rank = 1
	case trace.Call, trace.Task:
		if e.Phase.Base() == trace.PhaseEnter {
			break
		}
		for j := i - 1; j >= 0 && i-j < maxInHandler; j-- { // before what is in it
			x := &evs[j]
			if x.Stream != e.Stream {
				continue
			}
			at := StandsAt(x)
			if at < k.at || handledBy(x, e) {
				break
			}
			k.i, k.in = int64(j), -int64(i)
		}
	}
	return k
}

// maxInHandler bounds how many events back the beginning of a handler is looked for.
const maxInHandler = 4096

// handledBy says whether an event is what a handler is for, or begins it.
func handledBy(x, e *trace.Event) bool {
	switch x.Kind {
	case trace.Ready, trace.Renotify, trace.Complete:
		return true
	case trace.Call, trace.Task: // a handler within has its own place
		return x.Phase.Base() == trace.PhaseEnter && x.Kind == e.Kind && x.FD == e.FD && x.A == e.A
	case trace.TimerFire:
		return e.Kind == trace.Call && trace.CallOf(e).What() == trace.HandlerTimer
	case trace.Wake:
		return e.Kind == trace.Task
	}
	return false
}

// causes moves reads and accepts behind the sends and the arrivals that they got, where the call had begun before those.
func causes(evs []trace.Event, keys []orderKey, peer func(e *trace.Event) string, text func(e *trace.Event, id uint32) string) {
	sends := map[string][]int{} // by the client's address
	came := map[int32][]int{}   // arrivals, by descriptor
	for i := range evs {
		switch e := &evs[i]; {
		case e.Kind == trace.Arrive:
			came[e.FD] = append(came[e.FD], i)
		case e.Kind == trace.Step && trace.StepOf(e).What() == trace.StepSend && e.B > 0 && e.Phase.Base() != trace.PhaseEnter:
			if who := text(e, e.Inst); who != "" {
				sends[who] = append(sends[who], i)
			}
		}
	}
	if len(sends) == 0 && len(came) == 0 {
		return
	}
	byTime := func(a, b int) int { return cmp.Compare(keys[a].at, keys[b].at) }
	for _, list := range sends {
		slices.SortFunc(list, byTime)
	}
	for _, list := range came {
		slices.SortFunc(list, byTime)
	}
	for i := range evs {
		e := &evs[i]
		if e.Kind != trace.Read && e.Kind != trace.Accept || e.Errno != 0 || e.Kind == trace.Read && e.B <= 0 || keys[i].at >= e.Time {
			continue
		}
		at := keys[i].at
		for _, list := range [][]int{sends[peer(e)], came[e.FD]} { // the newest that began before the call ended
			if n := sort.Search(len(list), func(k int) bool { return keys[list[k]].at > e.Time }); n > 0 {
				at = max(at, keys[list[n-1]].at)
			}
		}
		keys[i].at = at
	}
}

// InOrder is the events with an index in [first, end) for which keep says so, in the order of a list.
func (s *Snapshot) InOrder(first, end int64, keep func(i int64, e *trace.Event) bool) []int64 {
	lo, hi := s.EventRange()
	evs, at := s.gather(nil, nil, max(first, lo), min(end, hi), keep)
	return s.arrange(evs, at)
}

// arrange puts events in the order of a list.
func (s *Snapshot) arrange(evs []trace.Event, at []int64) []int64 {
	order := Order(evs, s.Info.Timed, s.peerOf, func(e *trace.Event, id uint32) string { return s.Name(e.Stream, id) })
	out := make([]int64, len(order))
	for k, i := range order {
		out[k] = at[i]
	}
	return out
}

func (s *Snapshot) peerOf(e *trace.Event) string {
	if l := s.LaneOf(-1, e); l != nil {
		return l.Peer
	}
	return ""
}

func (s *Snapshot) gather(evs []trace.Event, at []int64, first, end int64, keep func(i int64, e *trace.Event) bool) ([]trace.Event, []int64) {
	for i := first; i < end; i++ {
		if e, ok := s.Event(i); ok && keep(i, &e) {
			evs, at = append(evs, e), append(at, i)
		}
	}
	return evs, at
}

// Around is a piece of a list in its order: as many as before up to the event i, that one included, and as many as after behind it, of those for which keep
// says so. i need not be one of them: then what stands before it is told from what stands after it all the same. It looks at no more than most events.
func (s *Snapshot) Around(i int64, before, after, most int, keep func(i int64, e *trace.Event) bool) (upTo, behind []int64) {
	lo, hi := s.EventRange()
	if i < lo || i >= hi {
		return nil, nil
	}
	for reach := int64(2*(before+after) + 256); ; reach *= 4 {
		first, end := max(i-reach, lo), min(i+1+reach, hi)
		wide := end-first >= int64(most) || first == lo && end == hi
		keepOr := func(k int64, e *trace.Event) bool { return k == i || keep(k, e) }
		evs, at := s.gather(nil, nil, first, end, keepOr)
		from, to := int64(-1), lastMoment // what stands between these is all there
		if s.Info.Timed {
			if first > lo {
				from = s.youngest(first)
			}
			if end < hi {
				e, _ := s.Event(end)
				to = e.Time
				evs, at = s.reaching(evs, at, end, hi, from, to, keep)
			}
		}
		list := s.arrange(evs, at)
		pos := slices.Index(list, i)
		a := pos
		for a > 0 && pos-a < before && s.stands(list[a-1]) > from {
			a--
		}
		b := pos + 1
		for b < len(list) && b-pos-1 < after && s.stands(list[b]) < to {
			b++
		}
		if (pos-a >= before || first == lo) && (b-pos-1 >= after || end == hi) || wide {
			if wide { // as far as one looks
				a, b = max(pos-before, 0), min(pos+1+after, len(list))
			}
			upTo, behind = list[a:pos+1], list[pos+1:b]
			if e, ok := s.Event(i); !ok || !keep(i, &e) {
				upTo = list[a:pos]
			}
			return upTo, behind
		}
	}
}

// stands is the moment at which an event stands.
func (s *Snapshot) stands(i int64) int64 {
	e, _ := s.Event(i)
	return StandsAt(&e)
}

// youngest is the youngest time of the events before one.
func (s *Snapshot) youngest(i int64) int64 {
	v := &s.events
	k := i - v.first
	b := int(k / blockEvents)
	young := int64(-1)
	if b > 0 {
		young = v.blocks[b-1].young
	}
	if b < len(v.blocks) {
		for _, e := range v.events(b)[:k%blockEvents] {
			young = max(young, e.Time)
		}
	}
	return young
}

// reaching adds the events from an index on that stand in (from, to): those that last, and those that came late.
func (s *Snapshot) reaching(evs []trace.Event, at []int64, first, end, from, to int64, keep func(i int64, e *trace.Event) bool) ([]trace.Event, []int64) {
	v := &s.events
	for b := int((first - v.first) / blockEvents); b < len(v.blocks); b++ {
		es := v.events(b)
		base := v.first + int64(b)*blockEvents
		if b < len(v.blocks)-1 && v.blocks[b].earliest() >= to {
			continue
		}
		for k := range es {
			if i := base + int64(k); i >= first && i < end {
				if x := StandsAt(&es[k]); x > from && x < to && keep(i, &es[k]) {
					evs, at = append(evs, es[k]), append(at, i)
				}
			}
		}
	}
	return evs, at
}

// maxToEnd is how many events of its thread behind a beginning are looked at for its end.
const maxToEnd = 4096

// Ended says of an event that begins something whether its end is kept, too: then that one says all, and stands where this one does.
func (s *Snapshot) Ended(i int64, e *trace.Event) bool {
	if e.Phase.Base() != trace.PhaseEnter {
		return false
	}
	k := i
	for range maxToEnd {
		if k = s.events.next(e.Stream, k+1); k < 0 {
			return false
		}
		x, _ := s.Event(k)
		switch {
		case x.Kind == trace.Lost:
			return false
		case x.Kind == e.Kind && x.Phase.Base() == trace.PhaseEnter && e.Kind != trace.Call && e.Kind != trace.Task:
			return false // a thread is in one call at a time
		case x.Kind == e.Kind && x.Phase.Base() == trace.PhaseExit && (x.FD == e.FD && x.A == e.A || e.Kind != trace.Call && e.Kind != trace.Task):
			return true
		}
	}
	return false
}
