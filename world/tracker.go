package world

import (
	"cmp"
	"maps"
	"slices"

	"evviz/trace"
)

// Tracker is a World that also remembers names, the clocks and the lab's modes, and can restate all of it: at the start of every
// chunk of a file, and when a recording begins in the middle of a session. It understands its own restatements, so a tracker can be
// filled from another one.
type Tracker struct {
	who   *World
	names names
	sync  trace.Event            // the last one; its Kind is KindNone before there was one
	modes map[uint32]trace.Event // by stream
	ends  otherEnds
}

// NewTracker makes a tracker that knows nothing yet.
func NewTracker() *Tracker {
	t := &Tracker{names: names{m: map[nameKey]*usedName{}}, modes: map[uint32]trace.Event{}}
	t.who = New(&t.names, nil)
	return t
}

// World is who is who at the moment. It belongs to the tracker.
func (t *Tracker) World() *World { return t.who }

// Add takes the next event.
func (t *Tracker) Add(e *trace.Event) {
	if !tracked.Has(e.Kind) {
		return
	}
	switch e.Kind {
	case trace.Name:
		t.names.add(e)
		return
	case trace.Sync:
		t.sync = *e
		return
	case trace.Mode:
		if _, ok := t.modes[e.Stream]; ok || len(t.modes) < maxThreads {
			t.modes[e.Stream] = *e
		}
	case trace.Peer, trace.Step:
		t.ends.add(e, &t.names)
	}
	if named.Has(e.Kind) {
		t.names.use(e)
	}
	t.who.Add(e)
}

// named are the kinds that refer to names: what is used stays known. tracked are those that Add looks at.
var (
	named = func() (s trace.KindSet) {
		for k := range trace.KindCount {
			if len(k.NameSlots()) > 0 {
				s |= trace.Kinds(k)
			}
		}
		return
	}()
	tracked = folded | named | trace.Kinds(trace.Name, trace.Sync, trace.Mode)
)

// restated are the strings that a restatement refers to, and the ids that it gives to those of which the source's own id means
// something else by now. A source's ids are small: it counts them.
type restated struct {
	names *names
	own   map[nameKey]string
	next  map[uint32]uint32
	out   []trace.Event
}

// firstOwn is the first id that a restatement gives.
const firstOwn = 1 << 31

// id is the id of a name under a stream.
func (r *restated) id(stream uint32, n Name) uint32 {
	switch {
	case n.Text == "":
		return 0
	case n.Stream == stream && r.names.Text(stream, n.ID) == n.Text:
		return n.ID
	case n.Stream == stream && r.own[nameKey{stream, n.ID}] == n.Text:
		return n.ID
	}
	id := n.ID
	if n.Stream != stream || r.names.Text(stream, id) != "" || r.own[nameKey{stream, id}] != "" {
		id = firstOwn + r.next[stream]
		r.next[stream]++
	}
	r.own[nameKey{stream, id}] = n.Text
	trace.NamePieces(id, n.Text, func(e trace.Event) {
		e.Stream = stream
		r.out = append(r.out, e)
	})
	return id
}

// Restate is everything that is known, as events of the moment now (CLOCK_MONOTONIC ns): Sync, then names, threads, modes, descriptors with who has their other ends, and
// registrations, each under a stream of its table. A restatement has Seq 0: it is not counted among the events of its stream.
// Calls that are in progress are not part of it.
func (t *Tracker) Restate(now int64) []trace.Event {
	r := &restated{names: &t.names, own: map[nameKey]string{}, next: map[uint32]uint32{}}
	var head []trace.Event
	if t.sync.Kind == trace.Sync {
		e := t.sync
		e.A += now - e.Time
		head = append(head, e)
	}
	t.names.pieces(func(stream uint32, e trace.Event) {
		e.Stream = stream
		head = append(head, e)
	})
	var body []trace.Event
	speaks := t.threads(r, &body) // which stream speaks for a table
	for _, s := range sortedKeys(t.modes, cmp.Compare[uint32]) {
		if th := t.who.Thread(s); !th.ended {
			body = append(body, t.modes[s])
		}
	}
	t.files(r, speaks, &body)
	t.ends.age()
	out := append(append(head, r.out...), body...)
	for i := range out {
		out[i].Time, out[i].Seq, out[i].Phase = now, 0, trace.PhaseComplete
	}
	return out
}

// threads restates the threads. Of each table it finds the stream that speaks for it: the first of a thread that lives and is part of
// what is watched, or else any.
func (t *Tracker) threads(r *restated, out *[]trace.Event) map[*Table]uint32 {
	speaks := map[*Table]uint32{}
	worth := map[*Table]int{}
	t.who.ordered(func(th *Thread) {
		n := 1
		switch {
		case th.known && th.TID == 0:
			return // a restatement has put it in the place of one
		case th.ended:
			n = 0
		case !th.Watching():
			n = 2
		}
		if have, ok := worth[th.Table]; !ok || n > have {
			speaks[th.Table], worth[th.Table] = th.Stream, n
		}
		if th.known && !th.ended && th.TID != 0 {
			e := trace.Event{Kind: trace.Thread, Stream: th.Stream, A: th.PID, B: th.TID, Mask: th.role(), Gen: th.Table.ID}
			if !th.shares && int64(e.Gen) == th.PID {
				e.Gen = 0
			}
			e.Aux = r.id(th.Stream, th.Name)
			*out = append(*out, e)
		}
	})
	t.unheard(speaks, out)
	return speaks
}

// unheard restates processes of which no thread has been heard of: they are known from the fork that made them. Each gets a stream of its
// own, with a thread that has no number.
func (t *Tracker) unheard(speaks map[*Table]uint32, out *[]trace.Event) {
	stream := uint32(firstOwn)
	for _, pid := range sortedKeys(t.who.procs, cmp.Compare[int64]) {
		p := t.who.procs[pid]
		if p.threads > 0 || p.Table.ID == 0 {
			continue
		}
		if _, ok := speaks[p.Table]; !ok {
			speaks[p.Table] = stream
		}
		*out = append(*out, trace.Event{Kind: trace.Thread, Stream: stream, A: pid, Gen: p.Table.ID})
		stream++
	}
}

// files restates descriptors, and then registrations: a registration may be of a file that another table has, too.
func (t *Tracker) files(r *restated, speaks map[*Table]uint32, out *[]trace.Event) {
	tables := t.tables(speaks)
	for _, tb := range tables {
		tb.Each(func(n *Number) {
			f := n.File
			if f == nil {
				return
			}
			stream := speaks[tb]
			if t.speaksFor(f.Peer.Stream, tb) { // whose name ids they are
				stream = f.Peer.Stream
			} else if t.speaksFor(f.Local.Stream, tb) {
				stream = f.Local.Stream
			}
			e := trace.Event{Kind: trace.State, Stream: stream, FD: n.FD, Gen: n.Gen, Mask: f.Flags, Aux: trace.StateAux(trace.StateDescriptor, f.Type, trace.AnswerUnknown, trace.AnswerUnknown, trace.AnswerUnknown)}
			if n.Cloexec {
				e.Mask |= oCloexec
			}
			switch {
			case f.Instance != nil:
				e.Inst = f.Instance.number(n.FD)
			case f.Type == trace.TypeEpoll:
				e.Inst = trace.EpollInstance(int(n.FD))
			}
			e.A, e.B = int64(r.id(stream, f.Peer)), int64(r.id(stream, f.Local))|t.identity(f)<<32
			*out = append(*out, e)
			if who := t.ends.at(f.Peer.Text); who != nil {
				*out = append(*out, trace.Event{Kind: trace.Peer, Stream: stream, Inst: uint32(e.A), A: who.pid,
					Aux: r.id(stream, who.program), Gen: r.id(stream, who.part)})
			}
		})
	}
	t.registrations(tables, speaks, out)
}

// speaksFor reports whether a stream can tell of a table: whoever begins here knows that its thread uses it.
func (t *Tracker) speaksFor(stream uint32, tb *Table) bool {
	if stream == 0 {
		return false
	}
	th := t.who.Thread(stream)
	return th.Table == tb && !th.ended && (th.known && th.TID != 0 || !th.known)
}

// registrations restates what instances and sets watch: under the table that a registration was made in, as long as that has a number for
// the instance, or else under the first that has one.
func (t *Tracker) registrations(tables []*Table, speaks map[*Table]uint32, out *[]trace.Event) {
	holds := map[*Table]map[*Instance]trace.InstanceID{}
	var order []*Instance
	first := map[*Instance]*Table{}
	for _, tb := range tables {
		holds[tb] = map[*Instance]trace.InstanceID{}
		tb.Each(func(n *Number) {
			if n.File == nil || n.File.Instance == nil {
				return
			}
			in := n.File.Instance
			if first[in] == nil {
				first[in] = tb
				order = append(order, in)
			}
			if _, ok := holds[tb][in]; !ok {
				holds[tb][in] = in.number(n.FD)
			}
		})
	}
	put := func(x *Registration, tb *Table, id trace.InstanceID) {
		e := trace.Event{Kind: trace.State, Stream: speaks[tb], FD: x.FD, Gen: x.Gen, Inst: id, Mask: x.Mask, Aux: trace.StateRegistration, A: int64(x.Data)}
		if t.speaksFor(x.stream, tb) {
			e.Stream = x.stream
		}
		if !x.Known {
			e.Aux |= trace.StateInferred
		}
		if x.Stale || x.Table != tb {
			e.B = t.identity(x.File) << 32
		}
		*out = append(*out, e)
	}
	for _, in := range order {
		in.Each(func(x *Registration) {
			tb := x.Table
			if _, ok := holds[tb][in]; !ok {
				tb = first[in]
			}
			put(x, tb, holds[tb][in])
		})
	}
	for _, id := range sortedKeys(t.who.sets, cmp.Compare[uint32]) {
		t.who.sets[id].Each(func(x *Registration) {
			if _, ok := speaks[x.Table]; ok {
				put(x, x.Table, id)
			}
		})
	}
}

// identity is what a restatement calls a file that more than one number leads to, or a stale registration; 0 for all others.
func (t *Tracker) identity(f *File) int64 {
	stale := false
	for _, r := range f.Regs {
		stale = stale || r.Stale
	}
	if f.Refs < 2 && f.source == 0 && !stale {
		return 0
	}
	if f.source == 0 {
		t.who.sources++
		f.source = t.who.sources
		t.who.named[f.source] = f
	}
	return int64(f.source)
}

// tables are those that some stream speaks for, in order of the streams.
func (t *Tracker) tables(speaks map[*Table]uint32) []*Table {
	tables := slices.AppendSeq(make([]*Table, 0, len(speaks)), maps.Keys(speaks))
	slices.SortFunc(tables, func(a, b *Table) int { return cmp.Compare(speaks[a], speaks[b]) })
	return tables
}

func sortedKeys[K comparable, V any](m map[K]V, less func(a, b K) int) []K {
	ks := slices.AppendSeq(make([]K, 0, len(m)), maps.Keys(m))
	slices.SortFunc(ks, less)
	return ks
}
