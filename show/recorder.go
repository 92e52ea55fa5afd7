package show

import (
	"errors"
	"fmt"
	"time"

	"evviz/internal/files"
	"evviz/record"
	"evviz/tui"
)

// recorder is a line's Tee for its screen: it gives a recording a name of evviz's own when nobody has named it, and says
// what to do when a name is taken.
type recorder struct{ *record.Tee }

// Start implements tui.Recorder.
func (r recorder) Start(path string) error {
	if path != "" {
		return AnotherName(r.Tee.Start(path))
	}
	_, err := files.Own("evviz-"+time.Now().Format("20060102-150405"), ".evt", r.Tee.Start)
	return err
}

// Status implements tui.Recorder.
func (r recorder) Status() tui.RecordStatus { return tui.RecordStatus(r.Tee.Status()) }

// AnotherName adds to the error of a file that cannot be written because of what is there what to do about it.
func AnotherName(err error) error {
	var is *files.Exists
	switch {
	case errors.As(err, &is), errors.Is(err, files.ErrBusy):
		return fmt.Errorf("%w; choose another name", err)
	case errors.Is(err, files.ErrNotRegular):
		return fmt.Errorf("%w; choose the name of a file", err)
	}
	return err
}
