package tui

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

// KnobLab is a Lab whose settings can be turned while it runs.
type KnobLab interface {
	// Knobs lists the settings as they are now. It may be called once a frame.
	Knobs() []Knob
	// SetKnob changes one; mode and trigger are settings, too.
	SetKnob(name, value string) (string, error)
}

// Knob is a setting of a lab.
type Knob struct {
	Group                string // the heading that it is listed under
	Name, Value, Default string
	About                string   // what it does, and what values it takes
	Choices              []string // when there are few; nil: free text
	Idle                 bool     // it has no meaning under the present mechanism
}

// ScenarioLab is a Lab that can be given other client traffic.
type ScenarioLab interface {
	// Scenarios lists what there is to choose from.
	Scenarios() []Scenario
	// StartScenario ends the present traffic and starts another; "none" only ends it.
	StartScenario(name string) (string, error)
}

// Scenario is client traffic to choose.
type Scenario struct{ Name, Title, About string }

// ClientLab is a Lab to which one more client can be connected and led by hand.
type ClientLab interface {
	// Client does one thing as the extra client: connect, send (text), half-close, reset, close.
	Client(do, text string) (string, error)
	// ClientState is how it stands. It is called once a frame.
	ClientState() ClientState
}

// ClientState is how the client by hand stands.
type ClientState struct {
	Connected bool
	HalfClose bool // it has finished sending
	Address   string
	Sent, Got int64
	Last      string // the newest that was received, as text
	Ended     string // why it is no longer connected; "" it never was
}

// RecordStatus says how a recording goes.
type RecordStatus struct {
	On      bool
	Path    string // of this recording, or the last one
	Bytes   int64  // in the file
	Events  int64  // recorded; while the recording is on, those that are on their way to the disk, too
	Dropped int64  // events that could not be written
	Slow    bool   // the disk has taken nothing for seconds, and something waits for it
	Err     error  // what ended the recording, if an error did
}

// Recorder starts and stops a recording, as a record.Tee does. Start and Stop are called on goroutines of their own and may
// wait for a disk; Status is called once a frame and may not.
type Recorder interface {
	// Start never writes over a file. "" stands for a name that it chooses.
	Start(path string) error
	Stop() error
	Status() RecordStatus
}

// Saver keeps the last seconds and can save them to a file.
type Saver interface {
	// Save writes what is kept to a file of its own; why becomes part of its name.
	Save(why string) (string, error)
}
