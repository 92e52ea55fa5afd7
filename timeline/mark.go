package timeline

import "math/bits"

// Mark is a thing that happened on a lane at a moment: what a view draws as one glyph.
type Mark uint8

// The marks. Report counts every report; Renotify counts, in addition, those that told what was known.
const (
	MarkNone        Mark = iota
	MarkArrive           // data or a connection arrived
	MarkReport           // a wait reported the descriptor
	MarkRenotify         // ... and told what was known
	MarkRead             // a read brought data
	MarkReadAgain        // a read found nothing (EAGAIN)
	MarkReadEOF          // a read found the end of file
	MarkReadErr          // a read failed
	MarkWrite            // a write took data
	MarkWriteAgain       // a write found no room (EAGAIN)
	MarkWriteErr         // a write failed
	MarkAccept           // a connection was taken from the queue
	MarkAcceptAgain      // the queue was empty (EAGAIN)
	MarkAcceptErr        // accept failed otherwise, EMFILE for one
	MarkOpen             // the lane begins
	MarkClose            // the lane ends
	MarkReset            // the peer broke the connection (ECONNRESET, EPIPE)
	MarkModify           // a registration was changed
	MarkRearmed          // a registration was set again with the same bits
	MarkRegister         // it was put into an instance
	MarkDeregister       // it was taken out of an instance
	MarkShutdown         // one or both directions were shut
	MarkConnect          // a connect call
	MarkStepSend         // the scripted client sent
	MarkStepRecv         // the scripted client received
	MarkStepOther        // the scripted client connected, closed, ...
	MarkQueue            // the length of a listener's queue was seen
	MarkCall             // a handler ran
	MarkSubmit           // an operation was handed to a completion queue
	MarkComplete         // ... and completed
	MarkRecvDone         // a recv was completed and brought data
	MarkSendDone         // a send was completed
	MarkOther            // something else
	MarkCount
)

var markNames = [MarkCount]string{"", "arrived", "reported", "repeat", "read", "read: nothing there", "end of file", "read error",
	"write", "write: no room", "write error", "accept", "accept: nothing there", "accept error", "opened", "closed", "reset",
	"modified", "re-armed", "registered", "deregistered", "shutdown", "connect", "client sent", "client received", "client step",
	"queue", "handler", "submitted", "completed", "received", "sent", "other"}

// String is the mark in words, for a legend.
func (m Mark) String() string {
	if m < MarkCount {
		return markNames[m]
	}
	return "mark?"
}

// precedence decides which mark a cell shows when it holds several: what must not be overlooked first, then what the
// program did, then what it was told, then what merely belongs to the background.
var precedence = [...]Mark{
	MarkReset, MarkReadErr, MarkWriteErr, MarkAcceptErr, MarkClose, MarkOpen,
	MarkRenotify, MarkAccept, MarkReadEOF, MarkRead, MarkRecvDone, MarkWriteAgain, MarkWrite, MarkSendDone, MarkReadAgain, MarkAcceptAgain,
	MarkRearmed, MarkModify, MarkRegister, MarkDeregister, MarkShutdown, MarkConnect, MarkComplete, MarkSubmit,
	MarkArrive, MarkReport, MarkStepSend, MarkStepRecv, MarkStepOther, MarkQueue, MarkCall, MarkOther,
}

// rank is a mark's place in the precedence.
var rank = func() (r [MarkCount]uint8) {
	for i := range r {
		r[i] = 0xff
	}
	for i, m := range precedence {
		r[m] = uint8(i)
	}
	return r
}()

// topOf is the mark of highest precedence of a set, a bit each.
func topOf(kinds uint64) Mark {
	best, at := MarkNone, uint8(0xff)
	for ; kinds != 0; kinds &= kinds - 1 {
		if m := Mark(bits.TrailingZeros64(kinds)); rank[m] < at {
			best, at = m, rank[m]
		}
	}
	return best
}

// Kinds that only the stores of loops count, beside the marks: they go into [Snapshot.Window] and LoopCell.
const (
	cntWait     = uint8(MarkCount) + iota
	cntWakeup   // a wait that delivered reports
	cntTimeout  // a wait that delivered none
	cntIntr     // a wait or sleep that a signal ended
	cntUseful   // a wakeup that told something new
	cntRound    // a pass of a polling loop; sum: calls made
	cntRoundUse // sum: calls of that pass that got something
	cntSleep    // a sleep
	cntInterest // a system call that changed interest
	cntLost     // a gap
	cntEnter    // a call that hands operations to a completion queue, or waits for it
	cntComplete // a completion
	cntUseless  // a wakeup that is over and told nothing new
	cntClass    // first class
	cntEnd      = cntClass + uint8(ClassCount)
	_           = uint(tallyKinds - int(cntEnd)) // everything fits, or this does not compile
	tallyKinds  = 64
	tallySums   = 4
	sumNone     = 0xff
	sumIn       = 0
	sumOut      = 1
	sumAsked    = 2
	sumUseful   = 3
)

// sumOf says which sum a kind's value goes to.
var sumOf = func() (a [tallyKinds]uint8) {
	for i := range a {
		a[i] = sumNone
	}
	a[MarkRecvDone], a[MarkSendDone] = sumIn, sumOut
	a[MarkRead], a[MarkWrite], a[cntRound], a[cntRoundUse] = sumIn, sumOut, sumAsked, sumUseful
	return a
}()
