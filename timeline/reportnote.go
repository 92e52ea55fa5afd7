package timeline

import "sort"

// What is remembered of single reports
//
// The ledger judges a report when it comes and settles it when the first operation after it is known, and then only the sums
// are kept. The view of one turn asks about one report, so as long as the raw event is kept its class is, too, and the lane
// that it was about, which for a source that tells no descriptor only the ledger can know.
//
// Notes lie in blocks in the order of the events, 24 bytes each. A snapshot shares the blocks. The writer changes only notes
// of reports that are not settled, which are the newest ones; where a snapshot was taken since the block was made, the
// block is copied first. So a busy loop pays for a copy or two of 6 KiB a snapshot, and else for the note itself.

const blockNotes = 256

// reportNote is what the ledger says of one report.
type reportNote struct {
	event int64 // index of the Ready
	lane  int64 // 0 unknown
	class Class
	told  bool            // it told what was known
	bits  [BitCount]Class // of those bits that are set in its mask
}

type noteBlock struct {
	n    []reportNote
	made uint32 // how many snapshots there had been when it was made or copied
}

// noteStore belongs to the writer.
type noteStore struct {
	blocks []*noteBlock
	gone   int64  // notes before the first block
	shown  uint32 // snapshots taken
	shared bool   // a snapshot has the slice of blocks
}

// add notes a report and returns its number, which is above 0. Notes of events before the oldest kept are forgotten.
func (s *noteStore) add(n reportNote, oldest int64) int64 {
	k := len(s.blocks)
	if k == 0 || len(s.blocks[k-1].n) == blockNotes {
		if k > 1 && s.blocks[1].n[0].event <= oldest {
			s.blocks = append(make([]*noteBlock, 0, k+8), s.blocks[1:]...)
			s.gone += blockNotes
			s.shared = false
			k--
		}
		s.blocks = append(s.blocks, &noteBlock{n: make([]reportNote, 0, blockNotes), made: s.shown})
		k++
	}
	b := s.blocks[k-1]
	b.n = append(b.n, n) // behind what a snapshot sees of the block
	return s.gone + int64(k-1)*blockNotes + int64(len(b.n))
}

// at is the note with a number, to be written to; nil when it is not kept.
func (s *noteStore) at(number int64) *reportNote {
	i := number - 1 - s.gone
	if i < 0 || number == 0 {
		return nil
	}
	k := int(i / blockNotes)
	b := s.blocks[k]
	if b.made != s.shown {
		b = &noteBlock{n: append(make([]reportNote, 0, blockNotes), b.n...), made: s.shown}
		if s.shared {
			s.blocks = append(make([]*noteBlock, 0, len(s.blocks)+8), s.blocks...)
			s.shared = false
		}
		s.blocks[k] = b
	}
	return &b.n[i%blockNotes]
}

func (s *noteStore) view() noteView {
	s.shown++
	s.shared = true
	v := noteView{blocks: s.blocks}
	if n := len(s.blocks); n > 0 {
		v.tail = s.blocks[n-1].n
	}
	return v
}

// noteView is an immutable picture of a noteStore.
type noteView struct {
	blocks []*noteBlock
	tail   []reportNote
}

func (v *noteView) notes(i int) []reportNote {
	if i == len(v.blocks)-1 {
		return v.tail
	}
	return v.blocks[i].n
}

// find is the note of an event, nil when there is none.
func (v *noteView) find(event int64) *reportNote {
	k := sort.Search(len(v.blocks), func(i int) bool { return v.notes(i)[0].event > event }) - 1
	if k < 0 {
		return nil
	}
	n := v.notes(k)
	i := sort.Search(len(n), func(i int) bool { return n[i].event >= event })
	if i < len(n) && n[i].event == event {
		return &n[i]
	}
	return nil
}

// maxBack is how many notes are looked at for the report before.
const maxBack = 4096

// before is the newest report of a lane before an event; -1 none that is kept near.
func (v *noteView) before(lane, event int64) int64 {
	looked := 0
	for k := len(v.blocks) - 1; k >= 0; k-- {
		n := v.notes(k)
		if n[0].event >= event {
			continue
		}
		for i := len(n) - 1; i >= 0; i-- {
			if n[i].event >= event {
				continue
			}
			if n[i].lane == lane {
				return n[i].event
			}
			if looked++; looked > maxBack {
				return -1
			}
		}
	}
	return -1
}

// Verdict is what the ledger says of one report.
type Verdict struct {
	Class Class
	Bits  [BitCount]Class // of those bits that are set in its mask
	Again bool            // it told what was known
	Lane  int64           // lane that it was about, 0 unknown
}

// Verdict is what the ledger says of the report at an event index; ok is false when that is no report, or none that is kept.
// A report whose first operation is still to come has the class that it would have without one.
func (s *Snapshot) Verdict(i int64) (v Verdict, ok bool) {
	n := s.notes.find(i)
	if n == nil {
		return v, false
	}
	return Verdict{n.class, n.bits, n.told, n.lane}, true
}

// LastReport is the event index of the newest report of a lane before an event; -1 when none is known.
func (s *Snapshot) LastReport(lane, before int64) int64 { return s.notes.before(lane, before) }

// noted makes the note of a new report.
func (lg *ledger) noted(lane int64, c Class) int64 {
	if lg.lean || lg.w.folded {
		return 0
	}
	return lg.notes.add(reportNote{event: lg.events.count - 1, lane: lane, class: c}, lg.events.first)
}

// renote writes what became of a report into its note.
func (lg *ledger) renote(p *report) {
	if p.note == 0 {
		return
	}
	if n := lg.notes.at(p.note); n != nil {
		n.class, n.bits, n.told = p.class, p.bits, p.told || p.why != 0
	}
}
