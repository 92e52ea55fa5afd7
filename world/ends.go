package world

import "evviz/trace"

// otherEnds are who has the other ends of connections, by address: as a scripted client said when it connected, or as was found later. Most come
// before or after the descriptor that they are about, so an address that no descriptor has is kept for two restatements.
type otherEnds struct {
	m   map[string]*otherEnd
	now int // counts restatements
}

type otherEnd struct {
	pid           int64
	program, part Name
	used          int // the restatement after which it was heard of, or was needed by one
}

// maxOtherEnds bounds the memory; what comes when there are so many is not remembered.
const maxOtherEnds = 1 << 16

// add takes an event of kind Peer or Step.
func (o *otherEnds) add(e *trace.Event, n *names) {
	if e.Kind == trace.Step && (trace.StepOf(e).What() != trace.StepConnect || e.Errno != 0 || e.Phase == trace.PhaseEnter) {
		return
	}
	address := n.Text(e.Stream, e.Inst)
	if address == "" {
		return
	}
	name := func(id uint32) Name { return Name{Stream: e.Stream, ID: id, Text: n.Text(e.Stream, id)} }
	if e.Kind == trace.Step { // whoever had this address before is gone
		delete(o.m, address)
		if name(e.Gen).Text == "" {
			return
		}
	}
	x := o.m[address]
	if x == nil {
		if len(o.m) >= maxOtherEnds {
			return
		}
		if o.m == nil {
			o.m = map[string]*otherEnd{}
		}
		x = &otherEnd{}
		o.m[address] = x
	}
	x.used = o.now
	x.part = name(e.Gen) // a process that was looked for is no client of the scenario
	if v := trace.PeerOf(e); e.Kind == trace.Peer && v.PID() != 0 {
		x.pid, x.program = v.PID(), name(v.Program())
	}
}

// at is who has the end at an address, nil when that is not known.
func (o *otherEnds) at(address string) *otherEnd {
	x := o.m[address]
	if x != nil {
		x.used = o.now
	}
	return x
}

// age forgets what two restatements in a row had no use for.
func (o *otherEnds) age() {
	o.now++
	for address, x := range o.m {
		if o.now-x.used > 2 {
			delete(o.m, address)
		}
	}
}
