package export

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"evviz/diagnostics"
	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Watched is what looks into the kernel have found: what each process watches, and what its threads are doing. A null is unknown.
type Watched struct {
	Title     string           `json:"title"`
	By        string           `json:"looked_by"`
	Looks     int64            `json:"look_span_ns"` // from the first look to the newest; 0 there was one
	Processes []WatchedProcess `json:"processes"`
	Findings  []Finding        `json:"findings"`
	Missing   []Missing        `json:"missing"`
	Hints     []string         `json:"-"` // what to type to see more

	found *Findings
}

// WatchedProcess is a process.
type WatchedProcess struct {
	PID         int64               `json:"pid"`
	Name        string              `json:"name"`
	Threads     []WatchedThread     `json:"threads"`
	Instances   []WatchedInstance   `json:"instances"`
	Sets        []WatchedSet        `json:"sets"`        // passed to poll or select by threads that were in such a call
	Descriptors []WatchedDescriptor `json:"descriptors"` // all that are open
}

// WatchedThread is what a thread was doing. Doing is one of running, waiting, blocked, stopped, traced, ended.
type WatchedThread struct {
	TID     int    `json:"tid"`
	Name    string `json:"name"`
	Doing   string `json:"doing"`
	Call    string `json:"call"` // "" none, or unknown
	FD      *int32 `json:"fd"`
	Timeout *int64 `json:"timeout_ns"` // of a wait; -1 none; null: it is in no wait, or that is not known
	Same    *int64 `json:"same_ns"`    // it is in that call for so long at least, and has not run; null: it has, or there was one look
	CPU     *int64 `json:"cpu_ns"`     // used between the newest two looks
	Between *int64 `json:"between_ns"` // ... which lay so far apart
}

// WatchedInstance is an epoll instance.
type WatchedInstance struct {
	FD         int32               `json:"fd"`
	Same       *WatchedNumber      `json:"same_as,omitempty"` // the number under which what it watches stands: this is another one of that instance
	Waiting    []int               `json:"waiting"`           // threads in a wait on it, of this process where it is the same as another
	Registered []WatchedDescriptor `json:"registered"`
}

// WatchedNumber is a descriptor of a process.
type WatchedNumber struct {
	PID int64 `json:"pid"`
	FD  int32 `json:"fd"`
}

// WatchedSet is what a thread has passed to poll or select.
type WatchedSet struct {
	TID        int                 `json:"tid"`
	Call       string              `json:"call"`
	Registered []WatchedDescriptor `json:"registered"`
}

// WatchedDescriptor is a descriptor, and how it is registered where it stands in an instance or a set.
type WatchedDescriptor struct {
	FD       int32  `json:"fd"` // under which it was registered; elsewhere its number
	Kind     string `json:"kind"`
	Local    string `json:"local"`
	Peer     string `json:"peer"`
	Unread   *int64 `json:"unread"`    // bytes; connections to be accepted, for a listener
	Backlog  *int64 `json:"backlog"`   // of a listener
	Since    *int64 `json:"unread_ns"` // so long at least, and as much; null: nothing is unread, or there was one look
	Room     *bool  `json:"room"`      // a wait for room to write would return
	Finished *bool  `json:"finished"`  // the peer has finished
	Nonblock *bool  `json:"nonblock"`

	Events    string `json:"events,omitempty"`
	Trigger   string `json:"trigger,omitempty"` // level, edge
	Oneshot   bool   `json:"oneshot,omitempty"`
	Exclusive bool   `json:"exclusive,omitempty"`
	Armed     *bool  `json:"armed,omitempty"`
	Ready     *bool  `json:"ready,omitempty"` // on the ready list; absent: unknown
	Stale     bool   `json:"stale,omitempty"` // that number means another file by now, or none
	Data      string `json:"data,omitempty"`  // what the program attached, in hex

	lane *timeline.Lane
	out  bool // the program has made the connection, as far as can be seen
}

// WatchedOf puts what looks have found into the form that is printed.
func WatchedOf(s *timeline.Snapshot, found []*diagnostics.Finding) *Watched {
	f := FindingsOf(s, found)
	w := &Watched{Title: s.Info.Title, Processes: []WatchedProcess{}, Findings: f.Findings, Missing: f.Missing, found: f}
	for _, m := range s.Info.Meta {
		if m.Key == "looked by" {
			w.By = m.Value
		}
	}
	var first, last int64
	for i := range s.Threads {
		t := &s.Threads[i]
		if first == 0 || t.At-t.Between < first {
			first = t.At - max(t.Between, 0)
		}
		last = max(last, t.At)
		p := w.process(int64(t.PID))
		x := WatchedThread{TID: t.TID, Name: t.Name, Doing: t.Doing.String(), Call: t.Call}
		if t.TID == t.PID {
			p.Name = t.Name
		}
		if t.FD >= 0 {
			x.FD = &t.FD
		}
		if t.Waits() && t.Timeout != 0 {
			x.Timeout = &t.Timeout
		}
		if t.Since != 0 {
			n := t.At - t.Since
			x.Same = &n
		}
		if t.CPU >= 0 {
			x.CPU, x.Between = &t.CPU, &t.Between
		}
		p.Threads = append(p.Threads, x)
	}
	if last > first && first != 0 && slices.ContainsFunc(s.Threads, func(t timeline.ThreadLook) bool { return t.Between > 0 }) {
		w.Looks = s.Last - s.First
	}
	w.instances(s)
	w.sets(s)
	numbers := make([]int, len(w.Processes))
	for _, l := range s.Lanes {
		w.eachNumber(l, func(i int, _ int32) { numbers[i]++ })
	}
	for i, n := range numbers {
		w.Processes[i].Descriptors = make([]WatchedDescriptor, 0, n)
	}
	for _, l := range s.Lanes {
		w.eachNumber(l, func(i int, fd int32) {
			d := descriptorOf(l)
			d.FD = fd
			w.Processes[i].Descriptors = append(w.Processes[i].Descriptors, d)
		})
	}
	for i := range w.Processes {
		p := &w.Processes[i]
		slices.SortFunc(p.Descriptors, byNumber)
		slices.SortFunc(p.Threads, func(a, b WatchedThread) int { return cmp.Compare(a.TID, b.TID) })
	}
	slices.SortFunc(w.Processes, func(a, b WatchedProcess) int { return cmp.Compare(a.PID, b.PID) })
	return w
}

// eachNumber visits the processes, by their places, in which a lane is open, once for each of its numbers there: a duplicate has two, and
// what was open at a fork has one in each process.
func (w *Watched) eachNumber(l *timeline.Lane, visit func(process int, fd int32)) {
	if l.Look == nil || l.Closed != 0 {
		return
	}
	for _, h := range l.Look.Holders {
		for i := range w.Processes {
			if w.Processes[i].PID == int64(h.Process) {
				visit(i, h.FD)
			}
		}
	}
}

func byNumber(a, b WatchedDescriptor) int { return cmp.Compare(a.FD, b.FD) }

func (w *Watched) process(pid int64) *WatchedProcess {
	for i := range w.Processes {
		if w.Processes[i].PID == pid {
			return &w.Processes[i]
		}
	}
	w.Processes = append(w.Processes, WatchedProcess{PID: pid, Threads: []WatchedThread{}, Instances: []WatchedInstance{}, Sets: []WatchedSet{}, Descriptors: []WatchedDescriptor{}})
	return &w.Processes[len(w.Processes)-1]
}

func (w *Watched) instances(s *timeline.Snapshot) {
	of, n := map[int64][]WatchedDescriptor{}, map[int64]int{}
	for _, l := range s.Lanes {
		if l.Look != nil && l.Closed == 0 {
			for i := range l.Look.Regs {
				n[l.Look.Regs[i].Instance]++
			}
		}
	}
	for _, l := range s.Lanes {
		if l.Look == nil || l.Closed != 0 {
			continue
		}
		for i := range l.Look.Regs {
			if r := &l.Look.Regs[i]; r.Instance != 0 {
				if of[r.Instance] == nil {
					of[r.Instance] = make([]WatchedDescriptor, 0, n[r.Instance])
				}
				of[r.Instance] = append(of[r.Instance], registeredOf(l, r))
			}
		}
	}
	for _, l := range s.Lanes {
		if l.Kind != timeline.KindEpoll || l.Closed != 0 || l.Look == nil {
			continue
		}
		var all []WatchedNumber
		w.eachNumber(l, func(i int, fd int32) { all = append(all, WatchedNumber{w.Processes[i].PID, fd}) })
		slices.SortFunc(all, func(a, b WatchedNumber) int {
			own := func(x WatchedNumber) int {
				if x.PID == int64(l.Table) && x.FD == l.FD {
					return 0
				}
				return 1
			}
			return cmp.Or(own(a)-own(b), cmp.Compare(a.PID, b.PID), cmp.Compare(a.FD, b.FD))
		})
		for i, at := range all {
			x := WatchedInstance{FD: at.FD, Waiting: []int{}, Registered: []WatchedDescriptor{}}
			if i > 0 {
				x.Same = &all[0]
			} else if of[l.ID] != nil {
				x.Registered = of[l.ID]
				slices.SortStableFunc(x.Registered, byNumber)
			}
			for j := range s.Threads {
				if t := &s.Threads[j]; t.Waits() && t.Lane == l.ID && (i == 0 || int64(t.PID) == at.PID) {
					x.Waiting = append(x.Waiting, t.TID)
				}
			}
			p := w.process(at.PID)
			p.Instances = append(p.Instances, x)
		}
	}
	for i := range w.Processes {
		slices.SortFunc(w.Processes[i].Instances, func(a, b WatchedInstance) int { return cmp.Compare(a.FD, b.FD) })
	}
}

func (w *Watched) sets(s *timeline.Snapshot) {
	for i := range s.Threads {
		t := &s.Threads[i]
		if !t.Waits() || t.Lane != 0 {
			continue
		}
		x := WatchedSet{TID: t.TID, Call: t.Call, Registered: []WatchedDescriptor{}}
		for _, l := range s.Lanes {
			if l.Look == nil || l.Closed != 0 {
				continue
			}
			for j := range l.Look.Regs {
				if r := &l.Look.Regs[j]; r.Thread == t.TID {
					d := registeredOf(l, r)
					d.Armed, d.Ready, d.Trigger, d.Data = nil, nil, "", ""
					x.Registered = append(x.Registered, d)
				}
			}
		}
		slices.SortFunc(x.Registered, byNumber)
		p := w.process(int64(t.PID))
		p.Sets = append(p.Sets, x)
	}
}

func yes(t timeline.Tri) *bool {
	if t == timeline.Unknown {
		return nil
	}
	b := t == timeline.Yes
	return &b
}

// outgoing says whether a connection has a port of its own that the kernel gives to who connects (net.ipv4.ip_local_port_range begins at 32768
// unless it was changed), and the other end has none.
func outgoing(l *timeline.Lane) bool {
	port := func(s string) int {
		n, err := strconv.Atoi(s[strings.LastIndexByte(s, ':')+1:])
		if err != nil {
			return 0
		}
		return n
	}
	const first = 32768
	return port(l.Local) >= first && port(l.Peer) > 0 && port(l.Peer) < first
}

func descriptorOf(l *timeline.Lane) WatchedDescriptor {
	k := l.Look
	d := WatchedDescriptor{out: outgoing(l), FD: l.FD, Kind: trace.TypeNames.Word(l.Type), Local: l.Local, Peer: l.Peer, Room: yes(k.Room), Finished: yes(k.Finished), Nonblock: yes(l.Nonblock), lane: l}
	if k.Unread >= 0 {
		d.Unread = &k.Unread
		if n := k.At - k.UnreadSince; k.UnreadSince != 0 && n > 0 {
			d.Since = &n
		}
	}
	if k.Backlog > 0 {
		d.Backlog = &k.Backlog
	}
	return d
}

func registeredOf(l *timeline.Lane, r *timeline.RegLook) WatchedDescriptor {
	d := descriptorOf(l)
	d.FD = r.FD
	d.Events, d.Trigger = trace.PollString(r.Mask&^uint32(1<<28|1<<29|1<<30|1<<31)), "level"
	if r.Edge() {
		d.Trigger = "edge"
	}
	d.Oneshot, d.Exclusive, d.Stale, d.Ready = r.Oneshot(), r.Exclusive(), r.Stale, yes(r.Queued)
	d.Armed, d.Data = &r.Armed, fmt.Sprintf("%#x", r.Data)
	return d
}

// JSON writes one object.
func (w *Watched) JSON(to io.Writer) error { return plain.WriteJSON(to, w) }

// JSONLine writes one object in one line.
func (w *Watched) JSONLine(to io.Writer) error { return plain.WriteJSONLine(to, w) }

// Text writes it for a person.
func (w *Watched) Text(to io.Writer, all bool) error {
	b := &strings.Builder{}
	for i := range w.Processes {
		w.Processes[i].text(b, all)
	}
	how := "Looked at once"
	if w.Looks > 0 {
		how = "Looked at for " + words.Duration(w.Looks) + ", and shown as the last look found it"
	}
	if w.By != "" {
		how += " (by " + plain.Text(w.By) + ")"
	}
	b.WriteString(how + ".\n\n")
	if len(w.Findings) == 0 {
		b.WriteString("Nothing wrong was found in what the kernel shows.\n")
		for _, m := range w.Missing {
			fmt.Fprintf(b, "unknown: %s (%s)\n", plain.Text(m.What), plain.Text(m.Why))
		}
	} else if err := w.found.Text(b, false); err != nil {
		return err
	}
	for _, h := range w.Hints {
		fmt.Fprintf(b, "to see more: %s\n", plain.Text(h))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func (p *WatchedProcess) text(b *strings.Builder, all bool) {
	fmt.Fprintf(b, "%s (%d): %s, %s open, %s\n\n", plain.Text(p.Name), p.PID, words.Count(int64(len(p.Threads)), "thread"), words.Count(int64(len(p.Descriptors)), "descriptor"),
		words.Count(int64(len(p.Instances)), "epoll instance"))
	t := table(b)
	fmt.Fprintln(t, "  thread\tname\tdoes\tin\tfor\tCPU")
	for i := range p.Threads {
		x := &p.Threads[i]
		in, for_, used := x.Call, "", ""
		if x.FD != nil {
			in += fmt.Sprintf(" on fd %d", *x.FD)
		}
		if x.Timeout != nil {
			if *x.Timeout < 0 {
				in += ", no timeout"
			} else {
				in += ", timeout " + words.Duration(*x.Timeout)
			}
		}
		if x.Same != nil && *x.Same > 0 {
			for_ = "≥ " + words.Duration(*x.Same)
		}
		if x.CPU != nil && *x.Between > 0 {
			used = fmt.Sprintf("%.0f %%", 100*float64(*x.CPU)/float64(*x.Between))
		}
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\t%s\n", x.TID, plain.Text(x.Name), x.Doing, cmp.Or(in, "-"), cmp.Or(for_, "-"), cmp.Or(used, "-"))
	}
	t.Flush()
	b.WriteByte('\n')
	for i := range p.Instances {
		x := &p.Instances[i]
		if x.Same != nil {
			at := fmt.Sprintf("fd %d", x.Same.FD)
			if x.Same.PID != p.PID {
				at += fmt.Sprintf(" of process %d", x.Same.PID)
			}
			fmt.Fprintf(b, "epoll instance fd %d: the same as %s, %s\n\n", x.FD, at, waitingOn(x.Waiting))
			continue
		}
		fmt.Fprintf(b, "epoll instance fd %d: %s registered, %s\n", x.FD, words.Number(int64(len(x.Registered))), waitingOn(x.Waiting))
		registeredTable(b, x.Registered, true, all)
	}
	for i := range p.Sets {
		x := &p.Sets[i]
		fmt.Fprintf(b, "%s of thread %d: %s\n", x.Call, x.TID, words.Count(int64(len(x.Registered)), "descriptor"))
		registeredTable(b, x.Registered, false, all)
	}
}

func waitingOn(tids []int) string {
	switch len(tids) {
	case 0:
		return "no thread is waiting on it"
	case 1:
		return fmt.Sprintf("thread %d is waiting on it", tids[0])
	}
	s := make([]string, len(tids))
	for i, n := range tids {
		s[i] = fmt.Sprint(n)
	}
	if len(s) > 6 {
		s = append(s[:5], fmt.Sprintf("%d more", len(s)-5))
	}
	return "threads " + strings.Join(s, ", ") + " are waiting on it"
}

// shownRows is how many rows of a table are shown unless all are asked for. The interesting ones come first then.
const shownRows = 40

func registeredTable(b *strings.Builder, rows []WatchedDescriptor, instance, all bool) {
	if len(rows) == 0 {
		b.WriteByte('\n')
		return
	}
	left := 0
	if !all && len(rows) > shownRows {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(x, y WatchedDescriptor) int { return -cmp.Compare(x.weight(), y.weight()) })
		left = len(rows) - shownRows
		rows = rows[:shownRows]
	}
	t := table(b)
	if instance {
		fmt.Fprintln(t, "  fd\tkind\taddress\tevents\ttrigger\tarmed\tready\tunread\tfor\tdata")
	} else {
		fmt.Fprintln(t, "  fd\tkind\taddress\tevents\tunread\tfor")
	}
	for i := range rows {
		d := &rows[i]
		number := fmt.Sprint(d.FD)
		if d.Stale {
			number += " (stale)"
		}
		unread, since := "?", "-"
		if d.Unread != nil {
			if unread = words.Bytes(*d.Unread); d.Kind == "listener" {
				unread = words.Number(*d.Unread) + " conn"
				if d.Backlog != nil {
					unread = fmt.Sprintf("%s of %s conn", words.Number(*d.Unread), words.Number(*d.Backlog+1))
				}
			}
		}
		if d.Finished != nil && *d.Finished {
			unread += ", peer done"
		}
		if d.Since != nil {
			since = "≥ " + words.Duration(*d.Since)
		}
		if !instance {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", number, d.Kind, plain.Text(d.address()), d.Events, unread, since)
			continue
		}
		trigger := d.Trigger
		if d.Oneshot {
			trigger += " oneshot"
		}
		if d.Exclusive {
			trigger += " exclusive"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", number, cmp.Or(d.Kind, "?"), plain.Text(d.address()), cmp.Or(d.Events, "nothing"), trigger, answer(d.Armed), answer(d.Ready), unread, since, d.Data)
	}
	t.Flush()
	if left > 0 {
		fmt.Fprintf(b, "  and %s more (--all shows them; those with unread data come first)\n", words.Number(int64(left)))
	}
	b.WriteByte('\n')
}

// weight puts what something is to be seen at before the rest.
func (d *WatchedDescriptor) weight() int {
	n := 0
	if d.Kind == "listener" {
		n += 1
	}
	if d.Unread != nil && *d.Unread > 0 {
		n += 4
	}
	if d.Stale || d.Armed != nil && !*d.Armed {
		n += 8
	}
	if d.Finished != nil && *d.Finished {
		n += 2
	}
	return n
}

func (d *WatchedDescriptor) address() string {
	switch {
	case d.Peer != "" && d.Local != "" && d.out:
		return d.Local + " → " + d.Peer
	case d.Peer != "" && d.Local != "":
		return d.Local + " ← " + d.Peer
	case d.Peer != "":
		return d.Peer
	case d.Local != "":
		return d.Local
	}
	return "-"
}

func answer(b *bool) string {
	switch {
	case b == nil:
		return "?"
	case *b:
		return "yes"
	}
	return "no"
}

func table(b *strings.Builder) *tabwriter.Writer { return tabwriter.NewWriter(b, 0, 1, 2, ' ', 0) }
