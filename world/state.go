package world

import "evviz/trace"

// Restatement
//
// Where a reader begins in the middle, and where events are missing, State events say what is open and registered. Everything in them
// that was known already stays as it is. After a loss they say more: a number of a table that is restated, and is not among
// what is restated, was closed while nobody saw it.

// State takes a restatement. It returns the file, and the registration if it is about one; changed reports that its mask or data are news.
// Both are nil when it is about something older than what is known.
func (w *World) State(th *Thread, e *trace.Event) (f *File, r *Registration, changed bool) {
	switch trace.StateOf(e).What() {
	case trace.StateDescriptor:
		return w.stateOfFile(th, e), nil, false
	case trace.StateRegistration:
		return w.stateOfRegistration(th, e)
	}
	return nil, nil, false
}

func (w *World) stateOfFile(th *Thread, e *trace.Event) *File {
	if e.FD < 0 {
		return nil
	}
	typ := uint32(trace.StateOf(e).Type())
	peer := w.name(th.Stream, uint32(e.A))
	n := th.Table.make(e.FD)
	if n == nil {
		return nil
	}
	if f := n.File; f != nil && e.Gen == 0 {
		other := typ != 0 && f.Type != 0 && f.Type != typ
		if other || !f.Asked && peer.Text != "" && f.Peer.Text != "" && f.Peer.Text != peer.Text {
			w.Release(n, e.Time, trace.CloseUnknown)
		}
	}
	id := uint32(uint64(e.B) >> 32)
	if n.File == nil && id != 0 {
		if f := w.named[id]; f != nil && f.Refs > 0 {
			w.fill(n, f)
			n.Gen = e.Gen
			w.watch.Numbered(f)
		}
	}
	f, old := w.Find(th, e, true)
	if f == nil || old {
		return nil
	}
	if id != 0 && f.source == 0 {
		f.source = id
		w.named[id] = f
		w.sources = max(w.sources, id)
	}
	n.Cloexec = e.Mask&oCloexec != 0
	if e.Seq != 0 {
		f.Flags = 0 // a source's own word is later than what is known
	}
	f.Flags |= e.Mask &^ oCloexec
	if f.Type == trace.TypeUnknown {
		f.Type = typ
	}
	w.addresses(f, th.Stream, uint32(e.A), uint32(e.B))
	n.restated = n.restated || w.restating(th.Table, e)
	return f
}

func (w *World) stateOfRegistration(th *Thread, e *trace.Event) (f *File, r *Registration, changed bool) {
	in := w.Instance(th, e.Inst, e.Time)
	if id := uint32(uint64(e.B) >> 32); id != 0 {
		if f = w.named[id]; f == nil || f.Refs == 0 && !f.numberless {
			// No number that is known leads to it: it lives in a process that is not seen, or under nothing but its registration.
			if f = w.nameless(th.Table, -1); f == nil {
				return nil, nil, false
			}
			f.source, w.named[id], w.sources = id, f, max(w.sources, id)
		}
	}
	stale, taken := false, false
	if f != nil {
		n := th.Table.At(e.FD)
		stale = n == nil || n.File != f // its number was closed, and the file lives under another
		taken = stale && n != nil && n.File != nil
	} else {
		var old bool
		if f, old = w.Find(th, e, true); f == nil || old {
			return nil, nil, false
		}
	}
	if stale {
		for _, o := range f.Regs {
			if o.Inst == in && o.FD == e.FD {
				r = o
			}
		}
	} else if r = in.Of(e.FD); r != nil && (r.File != f || r.Stale) {
		if r.File != f && r.lives(th) {
			in.aside(r)
		} else {
			w.Unregister(r, e.Time)
		}
		if r = f.under(in, e.FD); r != nil {
			r.Stale = false
			in.back(r)
		}
	}
	switch {
	case r == nil:
	case stale:
		changed = changed || !r.Stale
		r.Stale = true
	default:
		r.Table = th.Table // whose number leads to it
	}
	if r == nil {
		before := in.Of(e.FD)
		if r = w.Register(th, in, f, e.FD); r == nil {
			return f, nil, false
		}
		r.Stale = stale
		if taken {
			in.put(e.FD, before)
			in.stale = append(in.stale, r)
		}
		changed = true
	} else if r.Known && r.Mask == e.Mask && r.Data == uint64(e.A) {
		r.restated = r.restated || w.restating(th.Table, e)
		return f, r, false
	}
	if trace.StateOf(e).Inferred() == 0 {
		r.Interest(e)
		changed = true
	}
	r.restated = r.restated || w.restating(th.Table, e)
	return f, r, changed
}

// restating reports whether an event of a table restates what is in doubt there.
func (w *World) restating(tb *Table, e *trace.Event) bool {
	if tb.doubt && e.Seq == 0 {
		w.telling = true
	}
	return tb.doubt && e.Seq == 0
}

// Lost takes a gap. Whatever was going on in the table of the thread may have gone differently; in every table, when nobody says of
// which thread events are missing.
func (w *World) Lost(th *Thread, e *trace.Event) {
	doubt := func(tb *Table) {
		if !tb.doubt {
			tb.doubt = true
			w.doubted = append(w.doubted, tb)
		}
	}
	if e.Stream == 0 {
		w.Tables(doubt)
		return
	}
	doubt(th.Table)
	if e.Aux == trace.LostPaste { // what was closed then may be open since, or another program's
		th.Table.Each(func(n *Number) { n.Former = nil })
	}
}

// Before is called before an event is folded: the first one after a restatement ends it. Add does it.
func (w *World) Before(e *trace.Event) {
	if w.telling && e.Kind != trace.State && e.Kind != trace.Name {
		w.told(e)
	}
}

func (w *World) told(e *trace.Event) {
	w.telling = false
	rest := w.doubted[:0]
	for _, tb := range w.doubted {
		if !w.settle(tb, e.Time) {
			rest = append(rest, tb)
		}
	}
	w.doubted = rest
}

// settle ends what a restatement of a table has left out. It reports false for a table that it was not about.
func (w *World) settle(tb *Table, at int64) bool {
	any := false
	tb.Each(func(n *Number) { any = any || n.restated })
	if !any {
		return false
	}
	tb.doubt = false
	tb.Each(func(n *Number) {
		if n.File != nil && !n.restated {
			w.Release(n, at, trace.CloseUnknown)
			return
		}
		n.restated = false
		if n.File == nil {
			return
		}
		for _, r := range append([]*Registration(nil), n.File.Regs...) {
			if r.Table == tb && !r.restated {
				w.Unregister(r, at)
			}
			r.restated = false
		}
	})
	return true
}
