package probe

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"evviz/internal/plain"
	"evviz/record"
	"evviz/trace"
)

// Strace is what strace printed, as a source of events. It is a trace.Seeker too.
//
// Times are those of the file: -ttt gives the wall clock, which is used as the clock of the events and tied to itself in
// Info.Clock; -tt the time of day; -r what passed since the line before. With -t, or without any of them, only the order is
// known: Info.Timed is false and lines are 1 µs apart. How long a call took is known from -T, or where strace printed its
// beginning and its end apart; otherwise a wait is drawn up to the thread's next line.
//
// The file is read as a whole when it is opened, and at most 4 million events are kept; what is beyond is told by a Lost.
// A Stream reads the same without keeping it.
//
// Thread rule: one goroutine reads and seeks; Close may come from any.
type Strace struct {
	*record.Memory
	others []Count
	odd    int64
	cut    int64
	first  []Odd
	not    *Foreign // it is another tool's output
	err    error    // that ended reading
}

// maxEvents bounds what is kept in memory: 256 MB.
const maxEvents = 4_000_000

// OpenStrace reads a log, found as Open says.
func OpenStrace(path string) (*Strace, error) { return OpenStraceFiles(path) }

// OpenStraceFiles reads several files of strace -ff into one source.
func OpenStraceFiles(paths ...string) (*Strace, error) { return OpenStraceWith(nil, paths...) }

// OpenStraceWith is OpenStraceFiles with what other tools say of the program's descriptors; with may be nil.
//
// Where the text shows late that a thread is another process, what it did until then was taken for another's: descriptors that it opened
// would stay open for ever in a process that never had them. A file can be read again, so then it is, with that known from the first line.
func OpenStraceWith(with *Beside, paths ...string) (*Strace, error) {
	s, parted, err := openWhole(with, nil, paths)
	if err == nil && len(parted) > 0 && readTwice(paths) {
		s, _, err = openWhole(with, parted, paths)
	}
	return s, err
}

// readTwice says whether a log can be read again: a pipe cannot.
func readTwice(paths []string) bool {
	names, err := logFiles(paths)
	return err == nil && !slices.ContainsFunc(names, func(name string) bool {
		st, err := os.Stat(name)
		return err != nil || !st.Mode().IsRegular()
	})
}

// openWhole reads a log to its end, and says which threads turned out to be processes on the way. known are those of which that is known.
func openWhole(with *Beside, known map[int]bool, paths []string) (s *Strace, parted map[int]bool, err error) {
	st, err := openStream(paths, nil, with, known)
	if err != nil {
		return nil, nil, err
	}
	defer st.Close()
	if s = gather(st, maxEvents); s.err != nil {
		return nil, nil, s.err
	}
	return s, st.r.processes, nil
}

// NewStrace reads strace text to its end. name is shown as where it came from. If reading fails, what came before is
// handed on, and then the error.
func NewStrace(r io.Reader, name string) *Strace { return readStrace(r, name, maxEvents) }

func readStrace(in io.Reader, name string, most int) *Strace {
	return gather(newStream([]*input{named(in, name)}, name, nil, nil), most)
}

// gather reads a stream to its end.
func gather(st *Stream, most int) *Strace {
	s := &Strace{}
	var events []trace.Event
	buf := make([]trace.Event, 1<<12)
	late := false
	for {
		n, err := st.Read(context.Background(), buf)
		for _, e := range buf[:n] {
			late = late || e.Phase.IsLate()
		}
		room := min(max(most-len(events), 0), n)
		events = append(events, buf[:room]...)
		s.cut += int64(n - room)
		if err == io.EOF {
			break
		}
		if err != nil {
			s.err = err
			break
		}
	}
	if late { // now that all is there, everything can be put in order
		for i := range events {
			events[i].Phase &^= trace.PhaseLate
		}
		slices.SortStableFunc(events, func(a, b trace.Event) int { return cmp.Compare(a.Time, b.Time) })
	}
	if s.cut > 0 {
		last := events[len(events)-1].Time
		events = append(events, trace.Event{Kind: trace.Lost, Time: last, Seq: 1, A: s.cut, Aux: trace.LostFile})
	}
	info := st.Info()
	info.Live = false
	if s.cut > 0 {
		info.Missing = append(info.Missing, trace.Missing{What: "the end of the file",
			Why: fmt.Sprintf("only %d events are kept, %d more are not shown", len(events)-1, s.cut)})
	}
	s.Memory = record.NewMemory(st.name, info, events, s.err)
	s.not = st.Foreign()
	s.odd, s.first, s.others = st.r.unparsed, st.r.first, st.r.em.Others()
	return s
}

// straceKinds are the kinds that the table can make of the calls that the reader knows.
var straceKinds = trace.Kinds(trace.Thread, trace.Exec, trace.Exit, trace.Fork, trace.Open, trace.Dup, trace.Close, trace.Shutdown,
	trace.FdFlags, trace.SockOpt, trace.Listen, trace.Connect, trace.Instance, trace.Register, trace.Modify, trace.Deregister,
	trace.Wait, trace.Sleep, trace.Ready, trace.Accept, trace.Read, trace.Write, trace.Sys, trace.TimerSet, trace.TimerFire,
	trace.TimerStop, trace.Signal, trace.State, trace.Name, trace.Lost, trace.Repeat, trace.Unread, trace.Usage)

// describe says what is known of the text so far.
func (st *Stream) describe() trace.Info {
	r := st.r
	timed := r.clock.timed()
	info := trace.Info{Title: "strace " + plain.Text(filepath.Base(st.name)), Origin: st.name, Timed: timed, Kinds: straceKinds, OS: trace.Linux}
	info.Guessed = int64(r.guessed + r.split)
	info.Filtered, info.Handed = r.filtered || r.most >= manyThreads && !r.futexes, r.handed
	info.Calls = trace.Share{N: r.grasped, Of: r.grasped + r.missed}
	derived := timed && !r.clock.fine
	if info.Derived = derived; derived {
		info.Clock = r.clock.d.wall
	}
	if timed && !derived {
		info.Knows |= trace.KnowsTimes
		if !r.untimed {
			info.Knows |= trace.KnowsDurations
		}
	}
	if st.name == "-" {
		info.Title = "strace text from standard input"
	}
	if timed && r.clock.kind == stampUnix && st.begun {
		info.Clock = trace.Clock{Mono: st.first, Wall: st.first}
	}
	miss := func(what, why string) { info.Missing = append(info.Missing, trace.Missing{What: what, Why: why}) }
	miss("what is unread, and when data arrived", "system calls do not tell")
	switch {
	case derived:
		why := "taken from the timeouts of waits that expired"
		if from := r.clock.derivedFrom(); from != "" {
			why = "taken from the " + from + " calls in the text"
		}
		miss("times of single lines", why+": strace ran without -ttt")
	case !timed && r.clock.kind == stampNone:
		why := "strace ran without -ttt: lines are shown 1 µs apart"
		if d := &r.clock.d; d.expired > 0 || d.reads > 1 {
			why += ", but for what calls in the text say"
		}
		miss("times", why)
	case !timed:
		miss("times within a second", "strace ran with -t: -ttt is finer")
	case r.untimed:
		miss("how long calls took", "strace ran without -T: a wait is drawn up to its thread's next line")
	}
	if !r.single && r.clock.kind != stampUnix && r.clock.kind != stampDay && !derived {
		miss("the order between threads", "strace -ff without -ttt: the files cannot be put side by side")
	}
	if r.guessed > 0 {
		miss("whose threads some are", fmt.Sprintf("the file does not show how %d of them began: they are taken for the first process's", r.guessed))
	}
	if r.single && r.alone != 0 && r.root != nil && r.root.tid == r.alone && len(r.tracees) == 1 {
		miss("the other threads", "strace -ff writes a file for each; open them by the name before the number")
	}
	if r.cutSets > 0 {
		miss("parts of large sets", fmt.Sprintf("strace prints the first 32 descriptors of poll's set, and there were more in %s: run it with -v", plural(r.cutSets, "call")))
	}
	if others := r.em.Others(); len(others) > 0 {
		for _, o := range others {
			info.OtherCalls += o.N
		}
		miss("calls that are not in the table", countsText(others))
	}
	if r.unparsed > 0 {
		miss(plural(r.unparsed, "line"), "not understood")
	}
	info.Meta = []trace.Pair{{Key: "lines", Value: strconv.FormatInt(r.lines, 10)},
		{Key: "lines not understood", Value: strconv.FormatInt(r.unparsed, 10)}}
	if ns, of := r.overhead(); of > 0 {
		info.Meta = append(info.Meta, trace.Pair{Key: "a call that cannot wait takes",
			Value: fmt.Sprintf("%v under strace (median of %d)", time.Duration(ns), of)})
	}
	return info
}

// plural is a number of things in words.
func plural(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.FormatInt(n, 10) + " " + thing
}

// countsText lists the first few counts.
func countsText(cs []Count) string {
	var b strings.Builder
	for i, c := range cs {
		if i == 5 {
			fmt.Fprintf(&b, " and %d more names", len(cs)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %s", c.N, c.Name)
	}
	return b.String()
}

// Unparsed is how many lines were not understood, and the first of them.
func (s *Strace) Unparsed() (n int, first []string) {
	for _, o := range s.first {
		first = append(first, o.Text)
	}
	return int(s.odd), first
}

// Foreign is what the text is, when it is another tool's output; nil otherwise.
func (s *Strace) Foreign() *Foreign { return s.not }

// Others are the calls that were met and are not in the table, the most frequent first.
func (s *Strace) Others() []Count { return s.others }

// Cut is how many events are not kept because there are too many.
func (s *Strace) Cut() int64 { return s.cut }

// Reopen makes a second reader of the same events.
func (s *Strace) Reopen() (trace.Source, error) {
	again, err := s.Memory.Reopen()
	if err != nil {
		return nil, err
	}
	c := *s
	c.Memory = again.(*record.Memory)
	return &c, nil
}
