package picture

import "evviz/timeline"

// Used is which entries of the legend occur in rows: a bit for each.
type Used uint64

// The entries of the legend, in its order. Those that fill cells come first.
const (
	usedFresh Used = 1 << iota
	usedOld
	usedStale
	usedAgain
	usedWorking
	usedReady
	usedLocked
	usedAsleep
	usedWaiting
	usedDot
	usedService
	usedUnsent
	usedEdge
	usedOnce
	usedArrive
	usedRead
	usedWrite
	usedReceived
	usedSent
	usedEagain
	usedRepeat
	usedAccept
	usedOpen
	usedConnect
	usedModify
	usedEOF
	usedError
	usedReset
	usedClose
	usedGoesOn
	usedDropped
	// UsedFound: the evidence of a finding is marked.
	UsedFound
	// UsedOverview: a part is drawn from the index of the recording.
	UsedOverview

	usedLast = iota
)

// usedMarks are the entries of the letters.
var usedMarks = [...]struct {
	mark timeline.Mark
	bit  Used
}{{timeline.MarkArrive, usedArrive}, {timeline.MarkRead, usedRead}, {timeline.MarkWrite, usedWrite}, {timeline.MarkRecvDone, usedReceived}, {timeline.MarkSendDone, usedSent},
	{timeline.MarkReadAgain, usedEagain}, {timeline.MarkRenotify, usedRepeat}, {timeline.MarkAccept, usedAccept}, {timeline.MarkOpen, usedOpen},
	{timeline.MarkConnect, usedConnect}, {timeline.MarkModify, usedModify}, {timeline.MarkReadEOF, usedEOF}, {timeline.MarkReadErr, usedError},
	{timeline.MarkReset, usedReset}, {timeline.MarkClose, usedClose}}

var usedRoles = [RoleCount]Used{RoleFresh: usedFresh, RoleOld: usedOld, RoleStale: usedStale, RoleAgain: usedAgain, RoleWorking: usedWorking, RoleReady: usedReady}

// Uses is which entries of the legend occur in a row of a lane or a loop. Texts that are written over it (Text) explain themselves.
func (w *Window) Uses(row []Cell) (u Used) {
	y := w.Symbols
	for i := range row {
		c := &row[i]
		if c.Rune == 0 {
			continue
		}
		role := Role(c.Ink % Ink(RoleCount))
		switch form := c.Ink / Ink(RoleCount); {
		case form >= 2: // a part of a cell
			u |= usedRoles[role]
			if form == 3 {
				u |= usedReady
			}
			if form == 4 {
				u |= usedAsleep
			}
			if c.Rune == y.Least && y.Least != y.Spark[1] {
				u |= usedDot
			}
			continue
		case c.Fill != FillNone:
			u |= usedRoles[c.Fill.Role()]
		case form == 0 && (c.Rune == ' ' || role == RoleReady || role == RoleWorking || role == RoleAgain):
			u |= usedRoles[role]
			if role != RoleAsleep {
				continue
			}
		}
		if role == RoleAsleep {
			u |= usedAsleep
			continue
		}
		if !c.Text {
			u |= y.usedGlyph(c.Rune, role)
		}
	}
	return u
}

// usedGlyph is the entry of a glyph.
func (y *Symbols) usedGlyph(r rune, role Role) Used {
	switch r {
	case ' ':
		return 0
	case y.GoesOn:
		return usedGoesOn
	case '?':
		return usedDropped
	case 'L':
		return usedLocked
	}
	switch role {
	case RoleService:
		return usedService
	case RoleUnsent:
		return usedUnsent
	case RoleWaiting:
		switch r {
		case y.Wait:
			return usedWaiting
		case y.Edge:
			return usedEdge
		case y.Once:
			return usedOnce
		}
	}
	for i := range usedMarks {
		if y.Glyph(usedMarks[i].mark) == r {
			return usedMarks[i].bit
		}
	}
	if r == y.Least {
		return usedDot
	}
	return 0
}
