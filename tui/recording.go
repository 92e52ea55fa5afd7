package tui

import "fmt"

// recording is what keeps the events: the recorder, and the last seconds that can be saved.
type recording struct {
	recorder Recorder // nil: recording is not possible
	saver    Saver    // nil: nothing is kept
	worker   *worker
}

// toggle is r.
func (t *recording) toggle() {
	r := t.recorder
	if st := r.Status(); st.On {
		t.worker.do(func() (string, error) {
			err := r.Stop()
			return fmt.Sprintf("recorded %d events to %s", r.Status().Events, st.Path), err
		})
		return
	}
	t.start("")
}

// start begins a recording; "" leaves its name to the Recorder.
func (t *recording) start(path string) {
	r := t.recorder
	t.worker.do(func() (string, error) {
		err := r.Start(path)
		return "recording to " + r.Status().Path, err
	})
}

// command is ":record [FILE]".
func (t *recording) command(path string) error {
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
func (t *recording) save(why string) {
	s := t.saver
	t.worker.do(func() (string, error) { return s.Save(why) })
}

// lasts reports whether what is noted now is kept longer than the screen is open.
func (t *recording) lasts() bool {
	return t.recorder == nil || t.recorder.Status().On || t.saver != nil
}
