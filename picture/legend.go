package picture

import (
	"math/bits"

	"evviz/words"
)

// Entry is what the legend says of one glyph or fill.
type Entry struct {
	Rune   rune
	Words  []string // the same in fewer words each; who has room takes the first
	Role   Role
	Filled bool // a cell in this role, where there are colours; the rune stands for it where there are none
}

// legendWords are the words of the entries, in the order of their bits. What ages says its limits.
var legendWords = [usedLast][]string{
	{"unread, height is the share of time, colour the age", "unread < " + words.Duration(OldAfter), "unread"},
	{"unread < " + words.Duration(StaleAfter), "< " + words.Duration(StaleAfter)},
	{"unread > " + words.Duration(StaleAfter) + " or stranded", "> " + words.Duration(StaleAfter)},
	{"repeated notification", "repeated"},
	{"loop works", "works"},
	{"ready to run, no CPU", "no CPU"},
	{"waits for a lock", "lock"},
	{"asleep"},
	{"waiting"},
	{"too short to paint, or calls too close for letters", "short, or close calls", "short"},
	{"request in service", "in service"},
	{"output unsent", "unsent"},
	{"edge-triggered", "ET"},
	{"oneshot", "1S"},
	{"arrived"}, {"read"}, {"write"}, {"received"}, {"sent"}, {"EAGAIN"}, {"repeat"}, {"accept"}, {"opened"}, {"connected", "connect"}, {"modified", "MOD"},
	{"end of file", "EOF"}, {"error"}, {"reset"}, {"closed"}, {"goes on"}, {"events dropped", "dropped"}, {"finding"},
	{"overview from the index", "overview"},
}

// AppendLegend adds the entries of what is used, in the order of the legend.
func (y *Symbols) AppendLegend(to []Entry, u Used) []Entry {
	for ; u != 0; u &= u - 1 {
		to = append(to, y.entry(bits.TrailingZeros64(uint64(u))))
	}
	return to
}

// entry is the one of a bit.
func (y *Symbols) entry(bit int) Entry {
	full := y.Spark[y.Steps()]
	filled := func(r rune, role Role) Entry { return Entry{r, legendWords[bit], role, true} }
	glyph := func(r rune, role Role) Entry { return Entry{r, legendWords[bit], role, false} }
	switch Used(1) << bit {
	case usedFresh:
		return filled(full, RoleFresh)
	case usedOld:
		return filled(full, RoleOld)
	case usedStale:
		return filled(full, RoleStale)
	case usedAgain:
		return filled(full, RoleAgain)
	case usedWorking:
		return filled(y.Work, RoleWorking)
	case usedReady:
		return filled('R', RoleReady)
	case usedLocked:
		return glyph('L', RoleOld)
	case usedAsleep:
		return glyph('z', RoleAsleep)
	case usedWaiting:
		return glyph(y.Wait, RoleWaiting)
	case usedDot:
		return glyph(y.Least, RoleText)
	case usedService:
		return glyph(y.Service, RoleService)
	case usedUnsent:
		return glyph(y.Unsent, RoleUnsent)
	case usedEdge:
		return glyph(y.Edge, RoleWaiting)
	case usedOnce:
		return glyph(y.Once, RoleWaiting)
	case usedGoesOn:
		return glyph(y.GoesOn, RoleText)
	case usedDropped:
		return glyph('?', RoleWarn)
	case UsedFound:
		return glyph(y.Found, RoleBad)
	case UsedOverview:
		return glyph(y.Shade[len(y.Shade)/2], RoleWaiting)
	}
	for _, m := range usedMarks {
		if m.bit == Used(1)<<bit {
			return glyph(y.Glyph(m.mark), RoleOf(m.mark))
		}
	}
	return Entry{}
}

// UsedAll is every entry.
const UsedAll = Used(1)<<usedLast - 1
