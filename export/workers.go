package export

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"evviz/diagnostics"
	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/words"
)

// Workers is how processes share their listeners, for a person and for machines. A null is unknown.
type Workers struct {
	Span    *int64        `json:"between_ns"` // between the two looks; null: there was one
	Groups  []WorkerGroup `json:"addresses"`
	Missing []Missing     `json:"missing"`
}

// WorkerGroup is an address that is listened on.
type WorkerGroup struct {
	Address   string           `json:"address"`
	How       string           `json:"shared_by"`
	Uneven    bool             `json:"uneven"`
	Sentence  string           `json:"sentence"`
	Listeners []WorkerListener `json:"listeners"`
	Workers   []Worker         `json:"workers"`
}

// WorkerListener is a socket that listens there.
type WorkerListener struct {
	Processes []int64 `json:"processes"`
	Waiting   *int64  `json:"waiting"` // connections to be accepted
	Room      *int64  `json:"room"`    // as many may wait
}

// Worker is a process that has a listener open.
type Worker struct {
	PID   int64    `json:"pid"`
	Name  string   `json:"name"`
	Open  int64    `json:"connections"`
	Taken *int64   `json:"taken"` // connections that the first look had not found
	Waits []string `json:"waits_by"`
	CPU   *int64   `json:"cpu_ns"` // between the looks
}

// WorkersOf puts it into the form that is printed.
func WorkersOf(s *timeline.Snapshot, set diagnostics.Settings) *Workers {
	w := diagnostics.WorkersOf(s, set)
	out := &Workers{Groups: []WorkerGroup{}, Missing: []Missing{}}
	for _, m := range s.Info.Missing {
		out.Missing = append(out.Missing, Missing{m.What, m.Why})
	}
	if w.Span > 0 {
		out.Span = &w.Span
	}
	for i := range w.Groups {
		g := &w.Groups[i]
		x := WorkerGroup{Address: g.Address, How: g.How.String(), Uneven: g.Uneven, Sentence: g.Sentence, Listeners: []WorkerListener{}, Workers: []Worker{}}
		for j := range g.Listeners {
			l := &g.Listeners[j]
			y := WorkerListener{Processes: l.Processes}
			if l.Waiting >= 0 {
				y.Waiting = &l.Waiting
			}
			if l.Backlog > 0 {
				room := l.Backlog + 1
				y.Room = &room
			}
			x.Listeners = append(x.Listeners, y)
		}
		for j := range g.Workers {
			o := &g.Workers[j]
			y := Worker{PID: o.PID, Name: o.Name, Open: o.Open, Waits: o.Waits}
			if y.Waits == nil {
				y.Waits = []string{}
			}
			if w.Span > 0 {
				y.Taken = &o.Taken
			}
			if o.CPU >= 0 {
				y.CPU = &o.CPU
			}
			x.Workers = append(x.Workers, y)
		}
		out.Groups = append(out.Groups, x)
	}
	return out
}

// JSON writes one object.
func (w *Workers) JSON(to io.Writer) error { return plain.WriteJSON(to, w) }

// Text writes it for a person.
func (w *Workers) Text(to io.Writer) error {
	b := &strings.Builder{}
	if len(w.Groups) == 0 {
		b.WriteString("None of these processes listens.\n")
	}
	for i := range w.Groups {
		g := &w.Groups[i]
		fmt.Fprintf(b, "%s: %s, %s\n\n", plain.Text(g.Address), words.Count(int64(len(g.Listeners)), "listening socket"), g.How)
		t := table(b)
		fmt.Fprintln(t, "  process\tname\tconnections\tnew/s\tCPU\twaits for connections by")
		for j := range g.Workers {
			x := &g.Workers[j]
			rate, cpu := "-", "-"
			if w.Span != nil && *w.Span > 0 {
				if x.Taken != nil {
					rate = rateOf(*x.Taken, *w.Span)
				}
				if x.CPU != nil {
					cpu = fmt.Sprintf("%.0f %%", 100*float64(*x.CPU)/float64(*w.Span))
				}
			}
			fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\t%s\n", x.PID, plain.Text(x.Name), words.Number(x.Open), rate, cpu, plain.Text(cmp.Or(strings.Join(x.Waits, "; "), "-")))
		}
		t.Flush()
		b.WriteByte('\n')
		for j := range g.Listeners {
			l := &g.Listeners[j]
			if len(g.Listeners) == 1 && (l.Waiting == nil || *l.Waiting == 0) {
				continue
			}
			who := make([]string, len(l.Processes))
			for k, pid := range l.Processes {
				who[k] = fmt.Sprint(pid)
			}
			waiting := "?"
			if l.Waiting != nil {
				waiting = words.Number(*l.Waiting)
			}
			if l.Room != nil {
				waiting += " of " + words.Number(*l.Room)
			}
			fmt.Fprintf(b, "  accept queue of %s: %s\n", strings.Join(who, ", "), waiting)
		}
		paragraph(b, plain.Text(g.Sentence), "")
		b.WriteByte('\n')
	}
	for _, m := range w.Missing {
		fmt.Fprintf(b, "unknown: %s (%s)\n", plain.Text(m.What), plain.Text(m.Why))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// rateOf is how many came in a second.
func rateOf(n, span int64) string {
	r := float64(n) * 1e9 / float64(span)
	if r >= 10 || n == 0 {
		return fmt.Sprintf("%.0f", r)
	}
	return fmt.Sprintf("%.1f", r)
}
