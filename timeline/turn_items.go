package timeline

import "evviz/trace"

// What is in a turn
//
// Handlers, timers and tasks are spans: a Call or Task is told at its end with its duration, or at its beginning and its
// end; a TimerFire begins the span that its Call ends. Spans nest (a wake-up's handler runs tasks, a task closes
// connections), and an event belongs to the innermost span that it lies in. Whether it lies in one is a question of the order
// of events first and of their times second, for a handler may begin at the very moment at which the call before it ended.
//
// A report and the handler that followed it are one item. Where no handlers are told (strace) the calls on the reported
// descriptor are the report's, whenever in the turn they come. What is left goes by descriptor: calls without a report in
// this turn are an item of their own, which for a readiness loop means that it remembered the descriptor from an earlier
// turn (Item.Earlier), and for a polling loop is how it always is.

// ItemKind is what an item of a turn is.
type ItemKind uint8

// The kinds.
const (
	ItemReport   ItemKind = iota // a reported descriptor, its handler and its calls
	ItemComplete                 // a completed operation, its handler and its calls
	ItemCalls                    // calls on one descriptor, without a report in this turn
	ItemTimer                    // a timer that fired, and its callback
	ItemTask                     // a task that another thread handed in
	ItemInterest                 // a change of what is watched, outside of a handler
	ItemSubmit                   // operations handed to a completion queue, outside of a handler
	ItemArm                      // timers set or stopped, outside of a handler
	ItemRound                    // the account of a polling round
	ItemOther                    // another call that can hold the thread, a lock, a signal
	ItemNote                     // what was written down besides: settings, names, losses
)

var itemNames = [...]string{"report", "completion", "calls", "timer", "task", "interest", "submission", "timers set", "round", "other", "note"}

// String is the kind in words.
func (k ItemKind) String() string {
	if int(k) < len(itemNames) {
		return itemNames[k]
	}
	return "item?"
}

// Item is one thing that a turn did.
type Item struct {
	Kind       ItemKind
	In         int     // index in Turn.Items of the item during which it ran; -1 none
	Events     []int64 // indices of its events, in order: reports, calls, handlers
	Begin, End int64   // of what was done about it; a report that nobody acted on has only its moment

	FD      int32 // -1 none, or not resolved
	Gen     uint32
	Lane    int64  // 0 unknown
	Peer    string // "" unknown
	Handler int64  // index of the Call or Task that ended it; -1 none was told
	What    uint32 // trace.Handler*, where there was one
	Took    int64  // how long the handler ran, ns; -1 not told, or it runs
	Open    bool   // a handler that has begun and has not ended
	Got     bool   // a call in it moved data or made a connection

	Report     int64           // index of the Ready or Complete; -1 none
	Mask       uint32          // its event bits
	Data       uint64          // what the program attached
	Classified bool            // the ledger has an opinion: Class, and Bits for those bits that are set
	Class      Class           //
	Bits       [BitCount]Class //
	Again      bool            // it told what was known
	Unread     int64           // bytes that waited when it was told; -1 unknown
	Earlier    int64           // calls without a report in this turn: index of the newest report of the lane before it, which may be of this turn, handled already; -1 none known

	Timer uint32 // timers: which
	Due   int64  // when it was due; 0 unknown
	Late  int64  // how late it fired, ns
	Times int64  // expirations that it stands for

	Task   string // its name, "" unknown
	Who    int64  // thread that handed it in; 0 unknown
	Via    uint32 // trace.Via*
	Queued int64  // how long it waited to run, ns; -1 unknown

	Op     uint32 // completion: trace.Op*
	Result int64
	Errno  uint16

	calls int // events that are no report
}

// Touched says whether anything was done about it in this turn.
func (x *Item) Touched() bool { return x.calls > 0 }

// turnEvent is an event of the turn, and the innermost span that it lies in.
type turnEvent struct {
	i    int64
	e    trace.Event
	span int
}

// turnSpan is a handler, callback or task: events from..to, both included.
type turnSpan struct {
	from, to int
	in       int // the span around it; -1 none
	end      int // event that ends it; -1 it goes on
	item     int // -1 not yet
}

// fillItems makes the items of a turn from the events after its rest.
func (u *Turn) fillItems(w *walker, evs []turnEvent) {
	b := itemBuilder{u: u, w: w, evs: evs, fds: map[int32]int{}, adopted: map[int32]int{}, last: -1}
	b.findSpans()
	for k := range evs {
		b.place(k)
	}
	b.finish()
}

type itemBuilder struct {
	u       *Turn
	w       *walker
	evs     []turnEvent
	spans   []turnSpan
	fds     map[int32]int // number -> item of its report, or of its calls, while the number means that
	adopted map[int32]int // number of a connection just accepted -> item of the accept
	last    int           // item that the event before went to, when it is one that others can join; -1
}

// findSpans finds what lies in which handler.
func (b *itemBuilder) findSpans() {
	open := []int{} // events that begin a span which is not over
	add := func(from, to, end int) {
		n := len(b.spans)
		b.spans = append(b.spans, turnSpan{from, to, -1, end, -1})
		for k := from; k <= to; k++ {
			switch s := b.evs[k].span; {
			case s < 0:
				b.evs[k].span = n
			default: // in a span inside this one: the outermost of those gets this one around it
				for b.spans[s].in >= 0 {
					s = b.spans[s].in
				}
				if s != n {
					b.spans[s].in = n
				}
			}
		}
		// Even among spans that cross, which only nonsense has, each has the event that makes it one.
		if end >= 0 {
			b.evs[end].span = n
		} else {
			b.evs[from].span = n
		}
	}
	for k := range b.evs {
		e := &b.evs[k].e
		switch e.Kind {
		case trace.TimerFire:
			open = append(open, k)
		case trace.Call, trace.Task:
			if e.Phase.Base() == trace.PhaseEnter {
				open = append(open, k)
				continue
			}
			from := -1
			for j := len(open) - 1; j >= 0 && from < 0; j-- {
				if o := &b.evs[open[j]].e; sameSpan(o, e) {
					from = open[j]
					open = append(open[:j], open[j+1:]...)
				}
			}
			if from < 0 {
				from = b.spanStart(k)
			}
			add(from, k, k)
		}
	}
	for j := len(open) - 1; j >= 0; j-- {
		if o := &b.evs[open[j]].e; o.Kind == trace.Call || o.Kind == trace.Task {
			add(open[j], len(b.evs)-1, -1)
		}
	}
}

// sameSpan says whether the span that o begins is the one that e ends.
func sameSpan(o, e *trace.Event) bool {
	switch {
	case o.Kind == trace.TimerFire:
		return e.Kind == trace.Call && trace.CallOf(e).What() == trace.HandlerTimer && int64(o.Aux) == e.A
	case e.Phase.Base() != trace.PhaseExit || o.Kind != e.Kind:
		return false
	case e.Kind == trace.Task:
		return o.A == e.A && o.Aux == e.Aux
	}
	return o.FD == e.FD && o.Aux == e.Aux && o.A == e.A
}

// spanStart is the first event of a span that was told at its end, event k.
func (b *itemBuilder) spanStart(k int) int {
	e := &b.evs[k].e
	start := e.Start()
	from := k
	for j := k - 1; j >= 0; j-- {
		x := &b.evs[j].e
		if x.Kind == trace.Ready || x.Kind == trace.Renotify || x.Time < start {
			break
		}
		if s := b.evs[j].span; s >= 0 {
			for b.spans[s].in >= 0 {
				s = b.spans[s].in
			}
			sp := &b.spans[s]
			// A span that ended at the moment at which this one began came before it.
			if x.Time == start && b.evs[sp.to].e.Dur > 0 || b.evs[sp.from].e.Time < start {
				break
			}
			if sp.from > j {
				break // nonsense: spans that cross
			}
			j, from = sp.from, sp.from
			continue
		}
		if x.Time == start && x.Dur > 0 {
			break
		}
		if x.Time == start && e.Kind == trace.Call && x.FD != e.FD {
			break
		}
		from = j
		if e.Kind == trace.Task && x.Kind == trace.Wake {
			break // it begins the task
		}
	}
	if e.Kind == trace.Task && from > 0 && b.evs[from-1].e.Kind == trace.Wake && b.evs[from-1].span < 0 {
		from--
	}
	return from
}

// item makes an item.
func (b *itemBuilder) item(k ItemKind, first int) int {
	e := b.evs[first].e
	if e.Kind == trace.Name {
		e.Time, e.Dur = max(e.Time, b.u.Begin), 0
	}
	b.u.Items = append(b.u.Items, Item{Kind: k, In: -1, FD: -1, Begin: e.Start(), End: e.Time, Handler: -1, Took: -1, Report: -1, Unread: -1,
		Earlier: -1, Queued: -1, Result: -1})
	return len(b.u.Items) - 1
}

// about says which descriptor an item is about.
func (b *itemBuilder) about(at, k int) {
	x, e := &b.u.Items[at], &b.evs[k].e
	x.FD, x.Gen = e.FD, e.Gen
	if l := b.w.s.LaneOf(b.evs[k].i, e); l != nil {
		x.Lane, x.Peer = l.ID, l.Peer
		if x.FD < 0 {
			if l.Numbered == NumberKnown {
				x.FD = l.FD
			}
		}
	}
}

// put adds event k to an item.
func (b *itemBuilder) put(at, k int) {
	x, e := &b.u.Items[at], &b.evs[k].e
	x.Events = append(x.Events, b.evs[k].i)
	switch e.Kind {
	case trace.Ready, trace.Renotify, trace.Complete, trace.Name:
		return
	case trace.Read, trace.Write:
		x.Got = x.Got || e.Errno == 0 && e.B > 0
	case trace.Accept:
		x.Got = x.Got || e.Errno == 0 && e.A >= 0 && e.Phase.Base() != trace.PhaseEnter
	case trace.Wake:
		x.Who, x.Via = trace.WakeOf(e).Who(), uint32(trace.WakeOf(e).Via())
	}
	if x.calls++; x.calls == 1 && x.Report >= 0 {
		x.Begin, x.End = e.Start(), e.Time // until now it was the moment of the report
		return
	}
	x.Begin, x.End = min(x.Begin, e.Start()), max(x.End, e.Time)
}

// place gives event k to an item.
func (b *itemBuilder) place(k int) {
	e := &b.evs[k].e
	at := -1
	switch s := b.evs[k].span; {
	case e.Kind == trace.Ready:
		at = b.report(k)
	case e.Kind == trace.Renotify:
		at = b.renotified(k)
	case e.Kind == trace.Complete:
		at = b.completed(k)
	case s >= 0:
		at = b.spanItem(s)
		b.last = -1
	default:
		at = b.loose(k)
		b.last = at
	}
	b.put(at, k)
	b.changes(at, k)
}

// report makes the item of a report.
func (b *itemBuilder) report(k int) int {
	e := &b.evs[k].e
	at := b.item(ItemReport, k)
	x := &b.u.Items[at]
	b.about(at, k)
	x.Report, x.Mask, x.Data, x.Unread = b.evs[k].i, e.Mask, uint64(e.A), e.B-1
	if v, ok := b.w.s.Verdict(x.Report); ok {
		x.Classified, x.Class, x.Bits, x.Again = true, v.Class, v.Bits, v.Again
	}
	if x.FD >= 0 {
		b.fds[x.FD] = at
	}
	b.u.Reports++
	b.last = -1
	return at
}

// renotified finds the report that the lab's word is about.
func (b *itemBuilder) renotified(k int) int {
	e := &b.evs[k].e
	if at, ok := b.fds[e.FD]; ok && b.u.Items[at].Kind == ItemReport {
		b.u.Items[at].Again = true
		if e.B > 0 {
			b.u.Items[at].Unread = e.B - 1
		}
		return at
	}
	at := b.item(ItemNote, k)
	b.about(at, k)
	b.last = -1
	return at
}

// completed makes the item of a completion.
func (b *itemBuilder) completed(k int) int {
	e := &b.evs[k].e
	at := b.item(ItemComplete, k)
	x := &b.u.Items[at]
	b.about(at, k)
	x.Report, x.Data, x.Op, x.Result, x.Errno = b.evs[k].i, trace.CompleteOf(e).Data(), uint32(trace.CompleteOf(e).Op()), trace.CompleteOf(e).Ret(), e.Errno
	x.Got = e.Errno == 0 && e.B > 0
	if e.FD >= 0 {
		b.fds[e.FD] = at
	}
	b.u.Completions++
	b.last = -1
	return at
}

// spanItem is the item of a span, made at its first event.
func (b *itemBuilder) spanItem(s int) int {
	sp := &b.spans[s]
	if sp.item >= 0 {
		return sp.item
	}
	in := -1
	if sp.in >= 0 {
		in = b.spanItem(sp.in)
	}
	begin := sp.from
	head := begin
	if sp.end >= 0 {
		head = sp.end
	}
	e := &b.evs[head].e
	what := trace.CallOf(e).What()
	at := -1
	switch {
	case e.Kind == trace.Task:
		at = b.item(ItemTask, begin)
		x := &b.u.Items[at]
		x.Task = b.w.s.Name(e.Stream, e.Aux)
		if sp.end >= 0 {
			x.Queued = e.B
		}
		b.u.Tasks++
	case what == trace.HandlerTimer:
		at = b.item(ItemTimer, begin)
		b.timer(at, begin)
		b.u.Items[at].What = uint32(what)
	default:
		if to, ok := b.fds[e.FD]; ok && e.FD >= 0 {
			if x := &b.u.Items[to]; x.Report >= 0 && x.Handler < 0 && !x.Open && x.calls == 0 && (x.Gen == e.Gen || x.Gen == 0 || e.Gen == 0) {
				at = to
			}
		}
		if at < 0 {
			at = b.item(ItemCalls, begin)
			b.about(at, head)
			b.later(at)
		}
		b.u.Items[at].What = uint32(what)
	}
	x := &b.u.Items[at]
	x.In = in
	if sp.end >= 0 {
		x.Handler, x.Took = b.evs[sp.end].i, e.Dur
	} else {
		x.Open = true
	}
	sp.item = at
	return at
}

// timer fills in what fired.
func (b *itemBuilder) timer(at, k int) {
	b.u.Timers++
	x, e := &b.u.Items[at], &b.evs[k].e
	if e.Kind != trace.TimerFire {
		x.Timer = uint32(e.A) // its callback alone was told
		x.Late = -1
		return
	}
	x.Timer, x.Due, x.Late, x.Times = e.Aux, e.A, e.B, int64(e.Mask)
}

// later notes that calls come without a report of their own although the descriptor was reported in this turn already.
func (b *itemBuilder) later(at int) {
	x := &b.u.Items[at]
	if to, ok := b.fds[x.FD]; ok && x.FD >= 0 && b.u.Items[to].Kind == ItemReport {
		x.Earlier = b.u.Items[to].Report
	}
}

// changes follows what a number means.
func (b *itemBuilder) changes(at, k int) {
	e := &b.evs[k].e
	if e.Errno != 0 || e.Phase.Base() == trace.PhaseEnter {
		return
	}
	switch e.Kind {
	case trace.Close:
		delete(b.fds, e.FD)
		delete(b.adopted, e.FD)
	case trace.Accept:
		if e.A >= 0 && e.A < 1<<31 {
			delete(b.fds, int32(e.A))
			b.adopted[int32(e.A)] = at
		}
	case trace.Open:
		if _, ours := b.adopted[e.FD]; !ours {
			delete(b.fds, e.FD)
			b.adopted[e.FD] = at
		}
	}
}

// loose finds or makes the item of an event outside of every handler.
func (b *itemBuilder) loose(k int) int {
	e := &b.evs[k].e
	switch e.Kind {
	case trace.Open, trace.Close, trace.Dup, trace.Shutdown, trace.FdFlags, trace.SockOpt, trace.Listen:
		if at, ok := b.adopted[e.FD]; ok {
			return at
		}
		return b.callsOn(k)
	case trace.Connect, trace.Accept, trace.Read, trace.Write:
		delete(b.adopted, e.FD) // from here on it is served for itself
		return b.callsOn(k)
	case trace.Register, trace.Modify, trace.Deregister, trace.Instance:
		if at, ok := b.adopted[e.FD]; ok {
			return at
		}
		if at, ok := b.fds[e.FD]; ok && (b.u.Items[at].Handler < 0 || at == b.last) {
			return at
		}
		at := b.joins(ItemInterest, k)
		if b.u.Items[at].FD < 0 {
			b.about(at, k)
		}
		return at
	case trace.TimerFire:
		at := b.item(ItemTimer, k)
		b.timer(at, k)
		return at
	case trace.TimerSet, trace.TimerStop:
		return b.joins(ItemArm, k)
	case trace.Submit, trace.Wait:
		if e.Kind == trace.Submit || handsOver(e) {
			return b.joins(ItemSubmit, k)
		}
		return b.item(ItemOther, k)
	case trace.Round:
		b.u.Asked, b.u.Useful = e.A, e.B
		return b.item(ItemRound, k)
	case trace.Sys, trace.Lock, trace.Sleep:
		if e.Phase.Base() == trace.PhaseExit && b.last >= 0 && b.u.Items[b.last].Kind == ItemOther && b.u.Items[b.last].Open {
			b.u.Items[b.last].Open = false
			return b.last
		}
		at := b.item(ItemOther, k)
		b.u.Items[at].Open = e.Phase.Base() == trace.PhaseEnter
		b.about(at, k)
		return at
	case trace.Signal, trace.RunDelay, trace.Wake:
		return b.item(ItemOther, k)
	case trace.Name, trace.State, trace.Sync, trace.Usage, trace.Thread:
		if b.last >= 0 && (b.u.Items[b.last].Kind == ItemCalls || b.u.Items[b.last].Kind == ItemReport) && e.Kind == trace.Name {
			return b.last // the name of what the call before told
		}
		return b.joins(ItemNote, k)
	}
	return b.joins(ItemNote, k)
}

// joins is the item before when it is of a kind and about the same, else a new one.
func (b *itemBuilder) joins(kind ItemKind, k int) int {
	if b.last >= 0 && b.u.Items[b.last].Kind == kind && (kind != ItemInterest || b.u.Items[b.last].FD == b.evs[k].e.FD) {
		return b.last
	}
	return b.item(kind, k)
}

// callsOn is the item of a call on a descriptor: its report, where the source tells no handlers, the calls on it just before, or
// a new one.
func (b *itemBuilder) callsOn(k int) int {
	e := &b.evs[k].e
	if at, ok := b.fds[e.FD]; ok && e.FD >= 0 {
		x := &b.u.Items[at]
		if x.Report >= 0 && x.Handler < 0 && !x.Open || at == b.last {
			return at
		}
	}
	at := b.item(ItemCalls, k)
	b.about(at, k)
	b.later(at)
	if e.FD >= 0 && b.u.Items[at].Earlier < 0 {
		b.fds[e.FD] = at
	}
	return at
}

// finish looks for the reports of an earlier turn that calls of this one may be about.
func (b *itemBuilder) finish() {
	for i := range b.u.Items {
		x := &b.u.Items[i]
		if x.Kind == ItemCalls && x.Earlier < 0 && x.Lane != 0 && b.u.Rest.Kind == RestWait {
			x.Earlier = b.w.s.LastReport(x.Lane, b.u.First)
		}
	}
}
