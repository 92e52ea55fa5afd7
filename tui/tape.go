package tui

import "fmt"

// tape is what keeps the events: the recording, and the last seconds that can be saved.
type tape struct {
	recorder Recorder // nil: recording is not possible
	saver    Saver    // nil: nothing is kept
	errands  *errands
}

// toggle is r.
func (t *tape) toggle() {
	r := t.recorder
	if st := r.Status(); st.On {
		t.errands.ask(func() (string, error) {
			err := r.Stop()
			return fmt.Sprintf("recorded %d events to %s", r.Status().Events, st.Path), err
		})
		return
	}
	t.start("")
}

// start begins a recording; "" leaves its name to the Recorder.
func (t *tape) start(path string) {
	r := t.recorder
	t.errands.ask(func() (string, error) {
		err := r.Start(path)
		return "recording to " + r.Status().Path, err
	})
}

// command is ":record [FILE]".
func (t *tape) command(path string) error {
	if t.recorder == nil {
		return fmt.Errorf("record: %s", missing["record"])
	}
	if path == "" {
		t.toggle()
		return nil
	}
	if st := t.recorder.Status(); st.On {
		return fmt.Errorf("record to %s: already recording to %s; r stops that", path, st.Path)
	}
	t.start(path)
	return nil
}

// save saves the last seconds; why becomes part of the file's name.
func (t *tape) save(why string) {
	s := t.saver
	t.errands.ask(func() (string, error) { return s.Save(why) })
}

// lasts reports whether what is noted now is kept longer than the screen is open.
func (t *tape) lasts() bool { return t.recorder == nil || t.recorder.Status().On || t.saver != nil }
