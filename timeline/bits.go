package timeline

import "evviz/trace"

// Bit is one bit of a report.
type Bit uint8

// The bits that are told apart.
const (
	BitIn Bit = iota
	BitPri
	BitOut
	BitErr
	BitHup
	BitRdHup
	BitCount
)

var bitNames = [BitCount]string{"IN", "PRI", "OUT", "ERR", "HUP", "RDHUP"}

// String is the bit as epoll_ctl(2) has it, without EPOLL.
func (b Bit) String() string {
	if b < BitCount {
		return bitNames[b]
	}
	return "bit?"
}

var bitMasks = [BitCount]uint32{bitIn, bitPri, bitOut, bitErr, bitHup, bitRdHup}

// classOfBit is what one bit of a report told. A report's headline is the class of the whole; a bit may have another: new
// data together with a hang-up that has been told before.
func classOfBit(r *report, b Bit, k LaneKind) Class {
	m := bitMasks[b]
	switch {
	case r.stale:
		return ClassStale
	case r.herd:
		return ClassHerd
	}
	again := r.before&m != 0 && r.level && (r.same || r.why == trace.RenotifyUntouched || r.prev == DrainUntouched)
	switch b {
	case BitOut:
		if again {
			return ClassUntouched
		}
		return ClassWritable
	case BitErr:
		if again {
			return ClassUntouched
		}
		return ClassError
	case BitHup, BitRdHup:
		if again {
			return ClassUntouched
		}
		return ClassHangup
	}
	q := *r
	q.mask = m
	return classify(&q, k)
}

// judgeBits gives every bit of a report its class, or another one.
func (lg *ledger) judgeBits(p *report, k LaneKind, first bool) {
	for b := range BitCount {
		if p.mask&bitMasks[b] == 0 {
			continue
		}
		c := classOfBit(p, b, k)
		if !first {
			lg.stats.BitClass[b][p.bits[b]] -= lg.w.times
		}
		p.bits[b] = c
		lg.stats.BitClass[b][c] += lg.w.times
	}
}

// wakeBegins opens the account of a wakeup: until something is known its class is unknown.
func (lg *ledger) wakeBegins(s *stream) {
	s.head, s.heading = ClassUnknown, true
	s.heads = [2][ClassCount]uint16{}
	s.headOf = lg.w.times
	lg.stats.WakeClass[ClassUnknown] += s.headOf
}

// rehead gives a wakeup its headline: the first class, by precedence, of the reports that told something new, and when there
// is none that of all.
func (lg *ledger) rehead(s *stream) {
	if !s.heading {
		return // the wait of these reports was not seen
	}
	head := ClassUnknown
	for i := 1; i >= 0 && head == ClassUnknown; i-- {
		for c, n := range s.heads[i] {
			if n > 0 {
				head = Class(c)
				break
			}
		}
	}
	if head != s.head {
		lg.stats.WakeClass[s.head] -= s.headOf
		lg.stats.WakeClass[head] += s.headOf
		s.head = head
	}
}
