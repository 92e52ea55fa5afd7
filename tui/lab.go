package tui

import "evviz/trace"

// Lab is what a screen can do to a lab. A nil Lab means there is none: its keys are greyed out.
//
// The methods may take a moment; the screen calls them from goroutines of their own. The text they return says in one
// sentence what happened, the error why it did not.
type Lab interface {
	// CycleTrigger goes to the next triggering for all descriptors; from a mode that has none it goes to epoll level.
	CycleTrigger() (string, error)
	// CycleTriggerOf does it for one descriptor.
	CycleTriggerOf(fd int32, gen uint32) (string, error)
	// CycleMode goes to the next mechanism.
	CycleMode() (string, error)
	// Describe is what the header says about the server: its address and the scenario.
	Describe() (serve, address, scenario string)
}

// Recorder starts and stops a recording; trace.Tee is one.
type Recorder interface {
	Start(path string) error
	Stop() error
	Status() trace.RecordStatus
}
