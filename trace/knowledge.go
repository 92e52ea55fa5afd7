package trace

import "strings"

// Knowledge is a set of facts that a source tells. A rule or a view asks for the fact that it needs, never for the sort of source.
type Knowledge uint8

// The facts.
const (
	KnowsArrivals  Knowledge = 1 << iota // when data and connections came (Arrive)
	KnowsUnread                          // how much is unread, when a wait or a read returns
	KnowsBothEnds                        // what the peers did, too (Step): nothing comes that is not seen coming
	KnowsHandlers                        // when a handler begins and ends (Call)
	KnowsDurations                       // how long calls took: Dur is measured, and not only the distance to the next line
	KnowsRepeats                         // which events told nothing new (Renotify); where this is missing it is inferred
	KnowsTimes                           // when each event was, and of the facts above only those that are there as well
)

var knowledgeWords = []string{"arrivals", "unread", "both-ends", "handlers", "durations", "repeats", "times"}

// Has says whether all facts of k are among them.
func (s Knowledge) Has(k Knowledge) bool { return s&k == k }

// String is the facts in words, with a space between two: the form of a recording's header.
func (s Knowledge) String() string {
	var out []string
	for i, w := range knowledgeWords {
		if s>>i&1 != 0 {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// ParseKnowledge reads what String wrote. Words that it does not know are left out: a newer evviz may write more.
func ParseKnowledge(text string) (s Knowledge) {
	for _, f := range strings.Fields(text) {
		for i, w := range knowledgeWords {
			if f == w {
				s |= 1 << i
			}
		}
	}
	return s
}

// Facts are what the source knows. A source that does not say, as recordings made before there was a word for it, knows what its kinds
// stand for: only the lab tells repeats (Renotify), and it measures everything.
func (i *Info) Facts() Knowledge {
	if i.Knows != 0 {
		return i.Knows
	}
	var s Knowledge
	if i.Timed && !i.Derived {
		s |= KnowsDurations
	}
	if i.Kinds.Has(Arrive) {
		s |= KnowsArrivals
	}
	if i.Kinds.Has(Renotify) {
		s |= KnowsRepeats | KnowsUnread
	}
	if i.Kinds.Has(Step) {
		s |= KnowsBothEnds
	}
	if i.Kinds.Has(Call) {
		s |= KnowsHandlers
	}
	return s
}

// Linux is the system whose numbers an event's error, poll bits and open flags are, as Info.OS names it.
const Linux = "linux"
