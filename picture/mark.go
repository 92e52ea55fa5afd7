package picture

import "evviz/timeline"

// Glyph is the letter of a mark; 0 for marks that a lane does not show. The legend is made from it.
func (y *Symbols) Glyph(m timeline.Mark) rune {
	switch m {
	case timeline.MarkArrive:
		return y.Arrive
	case timeline.MarkRenotify:
		return '!'
	case timeline.MarkRead:
		return 'r'
	case timeline.MarkReadAgain, timeline.MarkAcceptAgain, timeline.MarkWriteAgain:
		return 'E'
	case timeline.MarkReadEOF:
		return '0'
	case timeline.MarkReadErr, timeline.MarkWriteErr, timeline.MarkAcceptErr:
		return '#'
	case timeline.MarkReset:
		return 'X'
	case timeline.MarkWrite:
		return 'w'
	case timeline.MarkRecvDone:
		return 'R'
	case timeline.MarkSendDone:
		return 'S'
	case timeline.MarkAccept:
		return 'A'
	case timeline.MarkOpen:
		return '+'
	case timeline.MarkClose:
		return 'x'
	case timeline.MarkModify, timeline.MarkRearmed:
		return 'm'
	case timeline.MarkConnect:
		return 'c'
	}
	return 0
}

// RoleOf is the role of a mark's glyph on an empty cell.
func RoleOf(m timeline.Mark) Role {
	switch m {
	case timeline.MarkReadAgain, timeline.MarkAcceptAgain, timeline.MarkWriteAgain:
		return RoleEagain
	case timeline.MarkAccept, timeline.MarkRenotify:
		return RoleAccept
	case timeline.MarkReadErr, timeline.MarkWriteErr, timeline.MarkAcceptErr, timeline.MarkReset, timeline.MarkClose:
		return RoleBad
	case timeline.MarkRead, timeline.MarkWrite, timeline.MarkRecvDone, timeline.MarkSendDone:
		return RoleBold
	case timeline.MarkModify, timeline.MarkRearmed:
		return RoleGood
	}
	return RoleDim
}
