package figures

import (
	"fmt"
	"slices"

	"evviz/timeline"
)

// Unit says what a figure counts. The words are those of the JSON and CSV forms.
type Unit string

// The units.
const (
	Number Unit = "1"
	Nanos  Unit = "ns"
	Bytes  Unit = "bytes"
	Rate   Unit = "1/s"
	Share  Unit = "ratio" // of 1, shown in per cent
	Index  Unit = "index" // of 1, shown as it is
)

// Run reads a figure of the whole run. unknown says in words why there is no value, "" when there is one.
type Run func(s *timeline.Snapshot) (v float64, unknown string)

// Lane reads a figure of one descriptor, as Run does.
type Lane func(s *timeline.Snapshot, l *timeline.Lane) (v float64, unknown string)

// Figure is one number that can be asked of a run.
type Figure struct {
	Name string
	Unit Unit
	Doc  string // what it counts
	Run  Run    // nil: it is not known of a whole run
	Lane Lane   // nil: it is not known of one descriptor

	// Least says whether the value of a run is a lower bound, because something has not ended; nil: it never is.
	Least func(s *timeline.Snapshot) bool

	Column *Column // how a comparison shows it; nil: not at all
	Fault  string  // what appeared or went, for a number that should be 0; "": a high number is no fault
}

// Column is a figure in comparisons.
type Column struct {
	Title string
	Name  string                          // in the JSON and CSV forms, where it differs from the figure's
	Has   func(s *timeline.Snapshot) bool // nil: wherever the figure is known
}

// StoryName is what a story calls the figure: stories count durations in milliseconds, and the name says so.
func (f *Figure) StoryName() string {
	if f.Unit == Nanos {
		return f.Name + "_ms"
	}
	return f.Name
}

// StoryValue is a value of the figure in the unit that a story has.
func (f *Figure) StoryValue(v float64) float64 {
	if f.Unit == Nanos {
		return millis(v)
	}
	return v
}

// ColumnName is what the JSON and CSV forms of a comparison call the figure.
func (f *Figure) ColumnName() string {
	if f.Column.Name != "" {
		return f.Column.Name
	}
	return f.Name
}

// Compared is the value of the figure in a comparison; ok is false when it is blank there.
func (f *Figure) Compared(s *timeline.Snapshot) (v float64, ok bool) {
	if f.Column.Has != nil && !f.Column.Has(s) {
		return 0, false
	}
	v, unknown := f.Run(s)
	return v, unknown == ""
}

// AtLeast says whether the value of a run is a lower bound: what has not ended, unread data for one, could make it more.
func (f *Figure) AtLeast(s *timeline.Snapshot) bool { return f.Least != nil && f.Least(s) }

// Find is the figure of a name, nil when there is none.
func Find(name string) *Figure {
	if i := slices.IndexFunc(Table, func(f Figure) bool { return f.Name == name }); i >= 0 {
		return &Table[i]
	}
	return nil
}

// FindStory is the figure that stories call by a name, nil when there is none.
func FindStory(name string) *Figure {
	if i := slices.IndexFunc(Table, func(f Figure) bool { return f.StoryName() == name }); i >= 0 {
		return &Table[i]
	}
	return nil
}

// Count is a figure of the whole run as a whole number, nil when it is unknown. A name that is not in the table is a mistake in the
// program, and panics.
func Count(s *timeline.Snapshot, name string) *int64 {
	f := Find(name)
	if f == nil || f.Run == nil {
		panic(fmt.Sprintf("figures: no figure %q of a whole run", name))
	}
	v, unknown := f.Run(s)
	if unknown != "" {
		return nil
	}
	n := int64(v)
	return &n
}

// Lower says whether Count of the same name is a lower bound.
func Lower(s *timeline.Snapshot, name string) bool {
	f := Find(name)
	return f != nil && f.AtLeast(s)
}

// Stories are the figures by the names that stories have for them. It is what package scenarios asks for.
type Stories struct{}

// Has says of what a figure can be asked: of a whole run, of one descriptor. Both are false when there is none of that name.
func (Stories) Has(name string) (run, lane bool) {
	f := FindStory(name)
	if f == nil {
		return false, false
	}
	return f.Run != nil, f.Lane != nil
}

// Names are all names.
func (Stories) Names() []string {
	out := make([]string, len(Table))
	for i := range Table {
		out[i] = Table[i].StoryName()
	}
	return out
}
