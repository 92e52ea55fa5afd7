package export

import (
	"fmt"
	"io"
	"unicode/utf8"

	"evviz/internal/plain"
	"evviz/trace"
	"evviz/words"
)

// Lines prints events for people as they come: the lines of the screen's list of events, with its times, which count from the
// first event. What the trace restates for its readers' sake (names, the settings at the beginning) has no line. It is no form
// that can be read back; that is trace.TextWriter's.
type Lines struct {
	w     io.Writer
	timed bool
	upTo  bool // how long calls took is not known
	begun bool
	runs  bool  // a loop has begun: the settings have been stated
	first int64 // the time of the first event
	n     int64 // events so far, as the list counts them where there are no times
	names trace.Names
	known map[uint32]string // what a thread is called, by stream
	loops map[uint32]bool   // the streams whose thread runs a loop
	buf   []byte
}

// Columns of a line, as the list of events has them.
const (
	linesNote  = 52 // where the note begins
	linesLabel = 8  // width of a thread's name
)

// NewLines makes a printer of the events of a source.
func NewLines(w io.Writer, info *trace.Info) *Lines {
	return &Lines{w: w, timed: info.Timed, upTo: !info.Facts().Has(trace.KnowsDurations), known: map[uint32]string{}, loops: map[uint32]bool{}}
}

// Write prints events. The error is the writer's.
func (l *Lines) Write(events []trace.Event) error {
	l.buf = l.buf[:0]
	for i := range events {
		l.add(&events[i])
	}
	_, err := l.w.Write(l.buf)
	return err
}

func (l *Lines) add(e *trace.Event) {
	if !l.begun && e.Kind != trace.Name { // as a timeline has it: names are no moments
		l.begun, l.first = true, e.Time
	}
	l.n++
	switch e.Kind {
	case trace.Name:
		l.names.Add(e)
	case trace.Thread:
		l.thread(e)
	case trace.Wait, trace.Sleep, trace.Round:
		l.runs, l.loops[e.Stream] = true, true
	case trace.Accept, trace.Read: // of a blocking server
		l.runs = true
	}
	if words.Aside(e) || e.Kind == trace.Knob && !l.runs {
		return
	}
	what, note := words.LineAround(words.Around{Name: l.names.Get, First: l.first, UpTo: l.upTo}, e)
	when := fmt.Sprintf("%.6f", float64(e.Time-l.first)/1e9)
	if !l.timed { // the order is all that is known
		when = words.Number(l.n)
		if e.Dur > 0 {
			note = ""
		}
	}
	begin := len(l.buf)
	l.buf = fmt.Appendf(l.buf, "%12s  ", when)
	notes := linesNote
	if len(l.loops) > 1 { // whose it is
		label := ""
		if l.loops[e.Stream] {
			label = l.known[e.Stream]
		}
		l.buf = fmt.Appendf(l.buf, "%-*s ", linesLabel, label)
		notes += linesLabel + 1
	}
	l.buf = append(l.buf, what...)
	if note != "" {
		pad := max(notes-utf8.RuneCount(l.buf[begin:]), 2)
		l.buf = fmt.Appendf(l.buf, "%*s%s", pad, "", note)
	}
	l.buf = append(l.buf, '\n')
}

// thread learns what a thread is called, by its name, or by its number where another one has that name or it is too long.
func (l *Lines) thread(e *trace.Event) {
	if trace.ThreadOf(e).Role() == trace.RoleLoop {
		l.loops[e.Stream] = true
	}
	name := plain.Text(l.names.Get(e.Stream, e.Aux))
	for stream, other := range l.known {
		if other == name && stream != e.Stream {
			name = ""
		}
	}
	if n := utf8.RuneCountInString(name); n > linesLabel || n == 0 {
		name = fmt.Sprintf("t%d", e.B)
	}
	l.known[e.Stream] = name
}
