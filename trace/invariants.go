package trace

// Invariant is a rule that every trace keeps, whatever its source.
type Invariant struct {
	ID     string // I1, I2, ...; never given to another rule
	Rule   string
	Breaks string // what goes wrong without it
}

// Invariants are what a Validator checks.
var Invariants = []Invariant{
	{"I1", "The kind is one of the vocabulary.",
		"A reader would show a number that nobody can explain."},
	{"I2", "The phase is complete, enter or exit; only kinds that may block have enter and exit.",
		"A fold that waits for the exit of a call that never has one keeps it open without end."},
	{"I3", "Streams are numbered from 1; only Lost, Sync, State, Name and Bookmark may belong to stream 0, which is not a thread.",
		"Events of different threads would be taken for one thread's."},
	{"I4", "Bits that the kind's spec does not describe are 0.",
		"A later version that gives them a meaning would find values in old recordings that nobody meant."},
	{"I5", "In a stream each Seq is one more than the last. A hole is directly followed by the Lost that is exactly as large.",
		"Loss would go unseen, and every figure computed from the trace would be wrong without a warning."},
	{"I6", "In a stream times do not go back.",
		"Durations between events of one thread would be negative."},
	{"I7", "Enter and exit nest like brackets within a stream. A call may still be open at the end; an exit without its enter began before the stream did.",
		"The picture of what a thread is doing would be stuck in a call that has ended."},
	{"I8", "Dur is not negative, and 0 on an enter.",
		"Start = Time - Dur would lie after the event."},
	{"I9", "The Dur of an exit reaches back to its enter, give or take 1 ms and 1 %.",
		"The same call would be drawn with two lengths, depending on which of the two events a view looks at."},
	{"I10", "A name is defined before the event that uses it.",
		"A reader that goes through the trace once would show the use without its name."},
	{"I11", "The pieces of a name come in order, fit its length, and are followed by zeros.",
		"Half a name, or two mixed, would be shown as one."},
	{"I12", "Events come in the order of their times but for those marked late, and only what is late is marked.",
		"A window of time could not be found without reading everything."},
	{"I13", "A call of the read, write or accept family has ret (new) -1 exactly when it has an error, and neither on its enter.",
		"Bytes would be counted that were never moved, or an EAGAIN missed."},
	{"I14", "A call does not move more bytes than were asked for, unless MSG_TRUNC lets it return the size of a longer message.",
		"The ledger would take more bytes out of a socket than the loop received."},
	{"I15", "A Lost says how many, more than none; only a damaged file, and a text of which lines were left out, may not know (n=0).",
		"A mark of loss that counts nothing looks like no loss in every sum."},
	{"I16", "A wait does not report more than its maximum, and nothing when it failed.",
		"Wakeups would be counted that the loop never saw."},
	{"I17", "Numbers that stand for words are within their list.",
		"A later version that gives the number a word would change what an old recording says."},
	{"I18", "A Repeat is about the events right before it in its stream: whole iterations without progress, none of them open. It says how often, at least once; begins not before they end; lasts 11 ms at most; and has neither waited longer than it lasts nor an iteration that is longer.",
		"What it counts would be counted of something else, or twice."},
}

// InvariantByID finds an invariant.
func InvariantByID(id string) (Invariant, bool) {
	for _, v := range Invariants {
		if v.ID == id {
			return v, true
		}
	}
	return Invariant{}, false
}
