package picture

import (
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Entry is what the legend says of one glyph or fill.
type Entry struct {
	Rune   rune
	Words  []string // the same in fewer words each; who has room takes the first
	Role   Role
	Filled bool // a cell in this role, where there are colours; the rune stands for it where there are none
}

// The legend's words, shorter than the marks' own.
var (
	freshWords = []string{"unread: the height is its share of the time, the colour its age", "unread, by its share of the time", "unread"}
	oldWords   = []string{words.Duration(OldAfter) + " and more", "long"}
	staleWords = []string{words.Duration(StaleAfter) + " and more", "too long"}
	againWords = []string{"repeated"}

	workingWords  = []string{"working"}
	asleepWords   = []string{"asleep"}
	waitingWords  = []string{"waiting"}
	runnableWords = []string{"ready, no CPU"}
	edgeWords     = []string{"ET"}
	onceWords     = []string{"oneshot"}

	markWords = map[timeline.Mark][]string{timeline.MarkArrive: {"arrived"}, timeline.MarkRead: {"read"}, timeline.MarkWrite: {"write"},
		timeline.MarkReadAgain: {"EAGAIN"}, timeline.MarkRenotify: {"told again"}, timeline.MarkAccept: {"accept"}, timeline.MarkOpen: {"opened"},
		timeline.MarkClose: {"closed"}, timeline.MarkReadEOF: {"end of file"}, timeline.MarkReset: {"reset"}, timeline.MarkModify: {"modified"},
		timeline.MarkRecvDone: {"received"}, timeline.MarkSendDone: {"sent"}}
)

// AppendBars adds what fills the bar of a lane.
func (y *Symbols) AppendBars(to []Entry) []Entry {
	full := y.Spark[y.Steps()]
	return append(to,
		Entry{full, freshWords, RoleFresh, true},
		Entry{full, oldWords, RoleOld, true},
		Entry{full, staleWords, RoleStale, true},
		Entry{y.Again, againWords, RoleAgain, true})
}

// AppendStates adds the states of a loop, and how a lane on which nothing happens is registered. A loop that is ready to run is only among
// them where the source has such events.
func (y *Symbols) AppendStates(to []Entry, kinds trace.KindSet) []Entry {
	to = append(to,
		Entry{y.Work, workingWords, RoleWorking, true},
		Entry{'z', asleepWords, RoleAsleep, false},
		Entry{y.Wait, waitingWords, RoleWaiting, false})
	if kinds.Has(trace.RunDelay) {
		to = append(to, Entry{'R', runnableWords, RoleReady, true})
	}
	return append(to,
		Entry{y.Edge, edgeWords, RoleWaiting, false},
		Entry{y.Once, onceWords, RoleWaiting, false})
}

// The marks that the legend explains, the most important first. With io_uring there is no read and no write, no EAGAIN and no repeated
// notification.
var (
	legendMarks = []timeline.Mark{timeline.MarkArrive, timeline.MarkRead, timeline.MarkWrite, timeline.MarkReadAgain, timeline.MarkRenotify,
		timeline.MarkAccept, timeline.MarkOpen, timeline.MarkClose, timeline.MarkReadEOF, timeline.MarkReset, timeline.MarkModify}
	uringMarks = []timeline.Mark{timeline.MarkArrive, timeline.MarkRecvDone, timeline.MarkSendDone, timeline.MarkAccept, timeline.MarkOpen,
		timeline.MarkClose, timeline.MarkReadEOF, timeline.MarkReset}
)

// AppendMarks adds the glyphs of the marks that a mechanism (trace.Driver*) can have.
func (y *Symbols) AppendMarks(to []Entry, driver uint32) []Entry {
	marks := legendMarks
	if driver == trace.DriverURing {
		marks = uringMarks
	}
	for _, m := range marks {
		to = append(to, Entry{y.Glyph(m), markWords[m], RoleOf(m), false})
	}
	return to
}
