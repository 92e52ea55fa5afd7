package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"evviz/diagnostics"
	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// LooksOnly says that a source tells what was found in the kernel, and nothing that happened.
func LooksOnly(s *timeline.Snapshot) bool {
	return s.Info.Kinds.Has(trace.InCall) && !s.Info.Kinds.Has(trace.Wait)
}

// WatchedChange is what lies between two snapshots of a process, or of the same program in two processes.
type WatchedChange struct {
	Figures []WatchedFigure     `json:"figures"`
	Added   []WatchedDescriptor `json:"registered"`   // in the second alone
	Removed []WatchedDescriptor `json:"unregistered"` // in the first alone
	Changed []WatchedDifference `json:"changed"`
	Begun   []Finding           `json:"findings_appeared"`
	Over    []Finding           `json:"findings_gone"`
}

// WatchedFigure is something that can be counted in both.
type WatchedFigure struct {
	Name   string `json:"name"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// WatchedDifference is a registration that is in both, and not the same.
type WatchedDifference struct {
	What   string            `json:"what"` // "events IN to IN|OUT"
	Before WatchedDescriptor `json:"before"`
	After  WatchedDescriptor `json:"after"`
}

// Compare finds what has changed between two snapshots. Processes are held together by their number, and where each has one, those two.
func (w *Watched) Compare(after *Watched) *WatchedChange {
	c := &WatchedChange{Added: []WatchedDescriptor{}, Removed: []WatchedDescriptor{}, Changed: []WatchedDifference{}, Begun: []Finding{}, Over: []Finding{}}
	sum := func(w *Watched, of func(p *WatchedProcess) int64) (n int64) {
		for i := range w.Processes {
			n += of(&w.Processes[i])
		}
		return n
	}
	for _, f := range []struct {
		name string
		of   func(p *WatchedProcess) int64
	}{
		{"threads", func(p *WatchedProcess) int64 { return int64(len(p.Threads)) }},
		{"descriptors", func(p *WatchedProcess) int64 { return int64(len(p.Descriptors)) }},
		{"connections", func(p *WatchedProcess) (n int64) {
			for i := range p.Descriptors {
				if d := &p.Descriptors[i]; d.Kind == "stream" && d.Peer != "" {
					n++
				}
			}
			return n
		}},
		{"registrations", func(p *WatchedProcess) (n int64) {
			for i := range p.Instances {
				n += int64(len(p.Instances[i].Registered))
			}
			return n
		}},
		{"with unread data", func(p *WatchedProcess) (n int64) {
			for i := range p.Descriptors {
				if d := &p.Descriptors[i]; d.Unread != nil && *d.Unread > 0 {
					n++
				}
			}
			return n
		}},
		{"unread bytes", func(p *WatchedProcess) (n int64) {
			for i := range p.Descriptors {
				if d := &p.Descriptors[i]; d.Unread != nil && d.Kind != "listener" {
					n += *d.Unread
				}
			}
			return n
		}},
		{"peer done", func(p *WatchedProcess) (n int64) {
			for i := range p.Descriptors {
				if d := &p.Descriptors[i]; d.Finished != nil && *d.Finished {
					n++
				}
			}
			return n
		}},
	} {
		c.Figures = append(c.Figures, WatchedFigure{f.name, sum(w, f.of), sum(after, f.of)})
	}
	one := len(w.Processes) == 1 && len(after.Processes) == 1
	was, is := w.registered(one), after.registered(one)
	for _, k := range is.order {
		b, a := was.by[k], is.by[k]
		switch {
		case b == nil:
			c.Added = append(c.Added, *a)
		default:
			if what := a.differs(b); what != "" {
				c.Changed = append(c.Changed, WatchedDifference{what, *b, *a})
			}
		}
	}
	for _, k := range was.order {
		if is.by[k] == nil {
			c.Removed = append(c.Removed, *was.by[k])
		}
	}
	c.Begun, c.Over = missingIn(after.Findings, w.Findings), missingIn(w.Findings, after.Findings)
	return c
}

// registration is what makes a registration the same in two snapshots: the instance, the number, and what is behind it.
type registration struct {
	pid  int64
	inst int32
	fd   int32
	kind string
	peer string
}

type registrations struct {
	by    map[registration]*WatchedDescriptor
	order []registration
}

func (w *Watched) registered(one bool) (r registrations) {
	r.by = map[registration]*WatchedDescriptor{}
	for i := range w.Processes {
		p := &w.Processes[i]
		for j := range p.Instances {
			x := &p.Instances[j]
			for k := range x.Registered {
				d := &x.Registered[k]
				key := registration{p.PID, x.FD, d.FD, d.Kind, d.Peer}
				if one {
					key.pid = 0
				}
				r.by[key] = d
				r.order = append(r.order, key)
			}
		}
	}
	return r
}

// differs says how a registration is not what it was; "" it is.
func (d *WatchedDescriptor) differs(was *WatchedDescriptor) string {
	var out []string
	note := func(what, before, after string) {
		if before != after {
			out = append(out, fmt.Sprintf("%s %s to %s", what, before, after))
		}
	}
	note("events", was.Events, d.Events)
	note("trigger", was.Trigger, d.Trigger)
	note("armed", answer(was.Armed), answer(d.Armed))
	note("data", was.Data, d.Data)
	if was.Stale != d.Stale {
		note("stale", answer(&was.Stale), answer(&d.Stale))
	}
	if n, m := was.Unread, d.Unread; n != nil && m != nil && *n != *m {
		note("unread", words.Number(*n), words.Number(*m))
	}
	if n, m := was.Finished, d.Finished; n != nil && m != nil && *n != *m {
		note("peer done", answer(n), answer(m))
	}
	return strings.Join(out, ", ")
}

// missingIn are the findings of the first that the second has not: of the same rule about the same thing.
func missingIn(of, other []Finding) []Finding {
	out := []Finding{}
	for i := range of {
		same := false
		for j := range other {
			same = same || of[i].ID == other[j].ID && of[i].Subject == other[j].Subject
		}
		if !same {
			out = append(out, of[i])
		}
	}
	return out
}

// WatchedOfBoth are two snapshots with their findings, for Compare.
func WatchedOfBoth(before, after *timeline.Snapshot, set diagnostics.Settings) *WatchedChange {
	return WatchedOf(before, diagnostics.Check(before, set)).Compare(WatchedOf(after, diagnostics.Check(after, set)))
}

// JSON writes one object.
func (c *WatchedChange) JSON(to io.Writer) error { return plain.WriteJSON(to, c) }

// CSV writes the figures.
func (c *WatchedChange) CSV(to io.Writer) error {
	w := csv.NewWriter(to)
	w.Write([]string{"figure", "before", "after"})
	for _, f := range c.Figures {
		w.Write([]string{f.Name, strconv.FormatInt(f.Before, 10), strconv.FormatInt(f.After, 10)})
	}
	w.Flush()
	return w.Error()
}

// maxChanges is how many rows of a kind are shown; the numbers count all.
const maxChanges = 20

// Text writes it for a person. before and after are the names of the two.
func (c *WatchedChange) Text(to io.Writer, before, after string) error {
	b := &strings.Builder{}
	t := table(b)
	fmt.Fprintf(t, "\t%s\t%s\n", plain.Text(before), plain.Text(after))
	for _, f := range c.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Name, words.Number(f.Before), words.Number(f.After))
	}
	t.Flush()
	rows := func(title string, list []WatchedDescriptor) {
		fmt.Fprintf(b, "\n%s: %s\n", title, countOrNothing(len(list)))
		for i := range list[:min(len(list), maxChanges)] {
			d := &list[i]
			fmt.Fprintf(b, "  fd %d %s %s for %s, %s\n", d.FD, d.Kind, plain.Text(d.address()), d.Events, d.Trigger)
		}
		if len(list) > maxChanges {
			fmt.Fprintf(b, "  and %s more\n", words.Number(int64(len(list)-maxChanges)))
		}
	}
	rows("registered", c.Added)
	rows("no longer registered", c.Removed)
	fmt.Fprintf(b, "\nchanged: %s\n", countOrNothing(len(c.Changed)))
	for i := range c.Changed[:min(len(c.Changed), maxChanges)] {
		x := &c.Changed[i]
		fmt.Fprintf(b, "  fd %d %s %s: %s\n", x.After.FD, x.After.Kind, plain.Text(x.After.address()), plain.Text(x.What))
	}
	if len(c.Changed) > maxChanges {
		fmt.Fprintf(b, "  and %s more\n", words.Number(int64(len(c.Changed)-maxChanges)))
	}
	for _, x := range []struct {
		title string
		list  []Finding
	}{{"findings that appeared", c.Begun}, {"findings that went", c.Over}} {
		fmt.Fprintf(b, "\n%s: %s\n", x.title, countOrNothing(len(x.list)))
		for i := range x.list {
			paragraph(b, x.list[i].ID+" "+plain.Text(x.list[i].Sentence), "  ")
		}
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func countOrNothing(n int) string {
	if n == 0 {
		return "nothing"
	}
	return words.Number(int64(n))
}
