package tui

import (
	"evviz/trace"
)

// session is what goes on around the picture: messages, the recording, the lab.
type session struct {
	message string // of the moment
	bad     bool
	notes   string // from outside
	alarm   bool   // ... bad news
	cores   float64
	costs   bool // cores is known
	records bool // there is a recorder
	rec     RecordStatus
	inLab   bool
	lab     [3]string // what is served, where, and which scenario
	lesson  bool
	stage   Stage   // of the lesson
	ended   bool    // the source is over
	moment  bool    // ... and was made for a moment of it
	share   float64 // of the whole source that has been read for the findings
}

// session asks those around the screen.
func (u *ui) session() (t session) {
	t.message, t.bad = u.status.message()
	if u.notes != nil {
		t.notes, t.alarm = u.notes()
	}
	if u.cost != nil {
		t.cores, t.costs = u.cost()
	}
	if t.records = u.recording.recorder != nil; t.records {
		t.rec = u.recording.recorder.Status()
	}
	if t.inLab = u.controls.lab != nil; t.inLab {
		t.lab[0], t.lab[1], t.lab[2] = u.controls.lab.Describe()
	}
	t.lesson, t.stage = u.course.present(), u.course.stage
	feed := u.source.feed
	if t.ended, _ = feed.Ended(); t.ended {
		_, t.moment = feed.Source().(trace.Positioner)
	}
	_, t.share = feed.Whole()
	return t
}
