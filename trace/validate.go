package trace

import (
	"fmt"
	"strings"
)

// Violation is an event that breaks an invariant.
type Violation struct {
	Invariant string // its ID
	Index     int    // which event, from 0, in the order in which they were added
	Event     Event
	Text      string // a sentence with the figures
}

func (v Violation) String() string {
	return fmt.Sprintf("event %d: %s: %s: %s", v.Index, v.Invariant, v.Text, AppendText(nil, &v.Event))
}

// ValidateOptions say what a Validator may expect.
type ValidateOptions struct {
	Partial bool   // the trace begins in the middle: names may have been defined before
	Whole   bool   // each stream begins with its first event, Seq 1
	Max     int    // violations kept; 0 means 100
	Version uint16 // of the vocabulary; 0 the newest
}

// Validator checks the invariants over the events of a trace, in order, in one pass. Its memory grows with the number
// of streams and names, not of events.
//
// A restatement (Seq 0; see package world's Tracker) is outside the numbering of its stream. A Lost of a damaged file begins everything
// again: numbering, nesting and names.
type Validator struct {
	opt     ValidateOptions
	n       int
	newest  int64
	began   bool
	settled bool // an event in time was seen, so that one marked late can be told from one that is not
	streams map[uint32]*streamCheck
	found   []Violation
	total   int
}

// streamCheck is what is known of one stream.
type streamCheck struct {
	begun   bool
	seq     uint32 // of the last event
	time    int64
	prev    int64 // time before the last event
	base    int64 // exits may belong to calls that began before this moment
	open    []Event
	names   map[uint32]bool
	piece   Event // the last piece of a name that is not complete
	gap     bool  // something was lost: names may be missing
	started bool
	idle    uint32 // events up to here that are no progress
	busy    bool   // there was one before them that is; or the stream is known from its begin
}

// maxOpen bounds how deep calls nest; deeper ones are a violation in themselves.
const maxOpen = 64

// NewValidator makes a validator that has seen nothing.
func NewValidator(opt ValidateOptions) *Validator {
	if opt.Max == 0 {
		opt.Max = 100
	}
	if opt.Version == 0 || opt.Version > FileVersion {
		opt.Version = FileVersion
	}
	return &Validator{opt: opt, streams: map[uint32]*streamCheck{}}
}

// Violations are what was found, at most ValidateOptions.Max of them.
func (v *Validator) Violations() []Violation { return v.found }

// Total is how many violations there were in all.
func (v *Validator) Total() int { return v.total }

// Err is nil when there was no violation, and names the first ones otherwise.
func (v *Validator) Err() error {
	if v.total == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d violations of the trace's invariants", v.total)
	for i, x := range v.found {
		if i == 10 {
			break
		}
		fmt.Fprintf(&b, "\n%v", x)
	}
	return fmt.Errorf("%s", b.String())
}

// Validate checks a whole trace.
func Validate(evs []Event) error {
	v := NewValidator(ValidateOptions{})
	for i := range evs {
		v.Add(&evs[i])
	}
	return v.Err()
}

func (v *Validator) report(id string, e *Event, format string, args ...any) {
	v.total++
	if len(v.found) < v.opt.Max {
		v.found = append(v.found, Violation{id, v.n, *e, fmt.Sprintf(format, args...)})
	}
}

// restated are the kinds that a restatement consists of.
var restated = Kinds(Sync, Name, Thread, Mode, State, Peer)

// Add checks the next event.
func (v *Validator) Add(e *Event) {
	defer func() { v.n++ }()
	if e.Kind == KindNone || e.Kind >= KindCount {
		v.report("I1", e, "kind %d is not known", e.Kind)
		return
	}
	spec := &Specs[e.Kind]
	if spec.Since > v.opt.Version {
		v.report("I1", e, "version %d of the format has no %s", v.opt.Version, spec.Name)
		return
	}
	if b := e.Phase.Base(); b > PhaseExit || b != PhaseComplete && !spec.Phased {
		v.report("I2", e, "%s has no phase %s", spec.Name, appendPhase(nil, e.Phase))
	}
	if e.Stream == 0 && !Kinds(Lost, Sync, State, Name, Bookmark).Has(e.Kind) {
		v.report("I3", e, "%s belongs to no stream", spec.Name)
	}
	v.slots(e, spec)
	v.order(e)

	s := v.streams[e.Stream]
	if s == nil {
		s = &streamCheck{names: map[uint32]bool{}, base: e.Time, gap: v.opt.Partial}
		v.streams[e.Stream] = s
	}
	if e.Kind == Lost && e.Aux&0xff == LostFile {
		v.lost(e)
		for _, s := range v.streams {
			*s = streamCheck{names: s.names, gap: true, base: e.Time, time: s.time}
		}
		return
	}
	if e.Kind == Lost {
		v.lost(e)
	}
	if e.Seq != 0 || !restated.Has(e.Kind) || s.begun && s.seq+1 == 0 {
		v.sequence(e, s)
	}
	if e.Kind == Name {
		v.name(e, s)
	}
	v.uses(e, s, spec)
	if e.Kind == Repeat {
		v.repeat(e, s)
	}
	v.nesting(e, s, spec)
	v.values(e, spec)
	if e.Idle() {
		s.idle++
	} else if !restated.Has(e.Kind) || e.Seq != 0 {
		s.idle, s.busy = 0, true
	}
}

// slots checks what can be seen from the event alone: I4, I8, I17.
func (v *Validator) slots(e *Event, spec *Spec) {
	m := &slotMasks[v.opt.Version-1][e.Kind]
	for s := range slotCount {
		if x := e.Slot(s) &^ m[s]; x != 0 {
			v.report("I4", e, "slot %s has bits %#x that %s does not use", slotNames[s], x, spec.Name)
		}
	}
	if e.Kind != Name && e.Kind != State && e.Dur < 0 {
		v.report("I8", e, "it took %d ns", e.Dur)
	}
	if e.Phase.Base() == PhaseEnter && e.Dur != 0 {
		v.report("I8", e, "an enter cannot have taken %d ns yet", e.Dur)
	}
	for _, f := range enumFields[e.Kind] {
		if x := f.Raw(e); x >= uint64(len(f.Words)) {
			v.report("I17", e, "%s has no word for %d", f.Name, x)
		}
	}
}

// slotMasks are the bits that each kind uses in each version of the format, by slot.
var slotMasks = func() (t [FileVersion][KindCount][slotCount]uint64) {
	for v := range t {
		for k := range Specs {
			for i := range Specs[k].Fields {
				f := &Specs[k].Fields[i]
				switch m := &t[v][k]; {
				case f.Unit == UText:
					m[SlotDur], m[SlotA], m[SlotB] = ^uint64(0), ^uint64(0), ^uint64(0)
				case int(f.Since) <= v+1:
					m[f.Slot] |= f.mask()
				}
			}
		}
	}
	return
}()

// enumFields are the fields of each kind that stand for words.
var enumFields = func() (t [KindCount][]*Field) {
	for k := range Specs {
		for i := range Specs[k].Fields {
			if f := &Specs[k].Fields[i]; f.Unit == UEnum {
				t[k] = append(t[k], f)
			}
		}
	}
	return
}()

// order checks I12.
func (v *Validator) order(e *Event) {
	switch {
	case !v.began:
		v.began, v.newest = true, e.Time
	case e.Time < v.newest && !e.Phase.IsLate():
		v.report("I12", e, "it is %d ns older than an event before it, and not marked late", v.newest-e.Time)
	case e.Time >= v.newest && e.Phase.IsLate() && v.settled:
		v.report("I12", e, "it is marked late although nothing before it is younger")
	}
	v.newest = max(v.newest, e.Time)
	// A trace that was cut out of another begins with a restatement; what is late there may be so by an event before it.
	v.settled = v.settled || !e.Phase.IsLate() && (e.Seq != 0 || !restated.Has(e.Kind))
}

// sequence checks I5 and I6.
func (v *Validator) sequence(e *Event, s *streamCheck) {
	if s.begun {
		hole := e.Seq - s.seq - 1
		lost := e.Kind == Lost && e.Aux&0xff == LostRing
		switch {
		case lost && int64(hole) != e.A:
			v.report("I5", e, "%d numbers are missing before it", hole)
		case !lost && hole != 0 && hole < 1<<31 && !(e.Kind == Lost && int64(hole) == e.A):
			v.report("I5", e, "%d events are missing before it and no Lost says so", hole)
		case !lost && hole >= 1<<31:
			v.report("I5", e, "its number comes after %d", s.seq)
		}
		if e.Time < s.time {
			v.report("I6", e, "it is %d ns older than the event before it in its stream", s.time-e.Time)
		}
	} else {
		// A restatement may be dated before the last event that is not in the trace: another stream may be late. The first
		// event that is counted is not.
		s.base = e.Time
		if v.opt.Whole && !s.started && e.Seq != 1 && !(e.Kind == Lost && int64(e.Seq)-1 == e.A) {
			v.report("I5", e, "the stream begins with number %d", e.Seq)
		}
	}
	if e.Kind == Lost {
		s.open, s.base, s.gap, s.piece = s.open[:0], e.Time, true, Event{}
	}
	s.prev = s.time
	s.begun, s.started, s.seq, s.time = true, true, e.Seq, max(s.time, e.Time)
}

// repeat checks I18.
func (v *Validator) repeat(e *Event, s *streamCheck) {
	r := RepeatOf(e)
	switch {
	case r.N < 1 || r.N != e.A:
		v.report("I18", e, "it counts %d times", e.A)
	case r.Of < 1 || r.Of > MaxRepeated:
		v.report("I18", e, "it is about %d events", r.Of)
	case len(s.open) > 0:
		v.report("I18", e, "a call is open")
	case uint32(r.Of) > s.idle && s.busy:
		v.report("I18", e, "it is about %d events, and only the last %d make no progress", r.Of, s.idle)
	case s.begun && e.Start() < s.prev:
		v.report("I18", e, "it begins %d ns before the events end that it is about", s.prev-e.Start())
	case r.Span > repeatAge+longIteration:
		v.report("I18", e, "it lasts %d ns", r.Span)
	case r.Waited < 0 || r.Waited > r.Span || r.Longest > r.Span:
		v.report("I18", e, "it has waited %d ns, the longest iteration took %d ns, and all together %d ns", r.Waited, r.Longest, r.Span)
	}
}

// lost checks I15.
func (v *Validator) lost(e *Event) {
	where := e.Aux & 0xff
	if e.A <= 0 && !(e.A == 0 && (where == LostFile || where == LostPaste)) {
		v.report("I15", e, "it counts %d events", e.A)
	}
}

// name checks I11 and remembers what is defined.
func (v *Validator) name(e *Event, s *streamCheck) {
	n := NamePiece
	if rest := int64(e.Mask) - int64(e.Gen); rest < NamePiece {
		n = int(max(rest, 0))
	}
	for _, c := range e.text()[n:] {
		if c != 0 {
			v.report("I11", e, "there is text behind the end of the string")
			break
		}
	}
	switch {
	case e.Mask > MaxName:
		v.report("I11", e, "a string of %d bytes is longer than %d", e.Mask, MaxName)
		return
	case e.Gen != 0 && e.Gen >= e.Mask:
		v.report("I11", e, "the piece at %d lies behind the end of a string of %d bytes", e.Gen, e.Mask)
		return
	case e.Gen != 0:
		if p := &s.piece; p.Kind != Name || p.Aux != e.Aux || p.Mask != e.Mask || p.Gen+NamePiece != e.Gen {
			if !s.gap {
				v.report("I11", e, "the piece at %d does not follow the one before it", e.Gen)
			}
			return
		}
	}
	s.piece = Event{}
	if e.Gen+NamePiece < e.Mask {
		s.piece = *e
		return
	}
	s.names[e.Aux] = true
}

// uses checks I10.
func (v *Validator) uses(e *Event, s *streamCheck, spec *Spec) {
	use := func(what string, id uint64) {
		if id != 0 && (id>>32 != 0 || !s.names[uint32(id)]) && !s.gap {
			v.report("I10", e, "the name %d of its %s has not been defined", id, what)
		}
	}
	for _, slot := range nameSlots[e.Kind] {
		use(slotNames[slot], e.Slot(slot))
	}
	if e.Kind == State && e.Aux&0xff == StateDescriptor {
		use("peer", uint64(e.A))
		use("own address", uint64(uint32(e.B))) // the other half says which file it is
	}
}

// nesting checks I7 and I9.
func (v *Validator) nesting(e *Event, s *streamCheck, spec *Spec) {
	switch e.Phase.Base() {
	case PhaseEnter:
		if len(s.open) == maxOpen {
			v.report("I7", e, "%d calls are open inside each other", maxOpen)
			return
		}
		s.open = append(s.open, *e)
	case PhaseExit:
		if len(s.open) == 0 {
			if e.Dur != 0 && e.Start() > s.base {
				v.report("I7", e, "it ends a call that began in this trace without an enter")
			}
			return
		}
		top := s.open[len(s.open)-1]
		if top.Kind != e.Kind {
			v.report("I7", e, "%s was begun last", Specs[top.Kind].Name)
			for i := len(s.open) - 1; i >= 0; i-- { // go on with the one that it does end, if there is one
				if s.open[i].Kind == e.Kind {
					s.open = s.open[:i]
					return
				}
			}
			return
		}
		if e.Kind.HasFD() && top.FD != e.FD {
			v.report("I7", e, "%s was begun on descriptor %d", spec.Name, top.FD)
		}
		s.open = s.open[:len(s.open)-1]
		if d := e.Time - top.Time; e.Dur != 0 {
			if diff := max(e.Dur-d, d-e.Dur); diff > 1e6+d/100 {
				v.report("I9", e, "it says %d ns and its enter was %d ns ago", e.Dur, d)
			}
		}
	}
}

// values checks I13, I14 and I16.
func (v *Validator) values(e *Event, spec *Spec) {
	enter := e.Phase.Base() == PhaseEnter
	switch e.Kind {
	case Read, Write, Accept:
		ret, word := e.B, "ret"
		if e.Kind == Accept {
			ret, word = e.A, "new"
		}
		switch {
		case enter && (ret != 0 || e.Errno != 0):
			v.report("I13", e, "an enter has no result yet")
		case !enter && (ret < -1 || (ret == -1) != (e.Errno != 0)):
			v.report("I13", e, "%s is %d and the error number %d", word, ret, e.Errno)
		}
		const msgTrunc = 0x20
		if e.Kind != Accept && !enter && e.B > e.A && e.Mask&msgTrunc == 0 {
			v.report("I14", e, "%d bytes were moved and %d asked for", e.B, e.A)
		}
	case Wait:
		most := e.Aux >> 8
		switch {
		case enter && (e.Mask != 0 || e.Errno != 0):
			v.report("I16", e, "an enter has no result yet")
		case e.Errno != 0 && e.Mask != 0:
			v.report("I16", e, "it failed and reports %d", e.Mask)
		case most != 0 && e.Mask > most:
			v.report("I16", e, "it reports %d of at most %d", e.Mask, most)
		}
	}
}
