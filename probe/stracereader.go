package probe

import (
	"bytes"
	"io"
	"slices"

	"evviz/internal/plain"
	"evviz/trace"
)

// straceReader turns lines into calls and hands them to the table. See NewStrace.
type straceReader struct {
	em     *Emitter
	p      *parser
	win    window
	in     []*input // with a line waiting, but for the one of a single input
	single bool
	failed error
	kinship
	clock   *clock // of the line that is read
	alone   int    // thread of the lines that name none
	tracees map[int]*tracee
	recent  *tracee
	root    *tracee // the first process's main thread, as far as that is known
	losing  bool    // a hole is being told
	cut     *tracee // whose line was cut by a message of strace
	forks   []forking
	shared  clock    // of lines without a time, in files of strace -ff
	later   []ending // calls that are not over yet, in files of strace -ff
	gone    int      // of tracees
	begun   int      // bytes of unfinished calls
	c       Call

	beside   *Beside      // what other tools say of descriptors; nil until there is such a line
	log      *besideLog   // nil: the log is not known but for what has been read
	restated map[int]bool // descriptor tables of which it has been told
	odds     func(Odd)
	where    *input
	patience int // bytes that forms may still make of a line
	lines    int64
	unparsed int64
	grasped  int64 // lines that look like calls and were understood,
	missed   int64 // and those that were not,
	calls    []Odd // the first of them
	first    []Odd
	cutSets  int64   // sets of poll that strace did not print whole
	untimed  bool    // a call of the table had no duration
	idle     []int64 // durations of calls that cannot wait: what tracing costs
	ended    bool

	filtered bool    // strace was told to leave calls out, as its command line in the text says
	handed   int64   // threads that others woke by a futex
	holder   *tracee // whose held call was printed last
	most     int     // threads at one time
	futexes  bool    // the text has calls of futex
	closes   bool    // the text has calls of close
}

// Odd is a line that was not understood.
type Odd struct {
	File string // "" when there is but one
	Line int64  // from 1
	Text string // its beginning, without control characters
}

// Bounds of what a text may make us keep.
const (
	keptLines   = 10  // lines that were not understood
	keptBytes   = 200 // of each
	maxIdle     = 4096
	maxTracees  = 1 << 14 // alive at a time
	maxBegun    = 1 << 16 // bytes of an unfinished call
	maxAllBegun = 1 << 24 // and of all of them
	maxDelivers = 1 << 20 // reports of one wait
)

func newStraceReader(in []*input, odds func(Odd)) *straceReader {
	r := &straceReader{tracees: map[int]*tracee{}, p: newParser(), odds: odds, single: len(in) == 1, in: in}
	r.em = newEmitter(r.win.put)
	r.em.Mend = r.win.mend
	if r.single {
		r.clock, r.alone, r.where = in[0].clock, in[0].alone, in[0]
	} else {
		r.clock = &r.shared // of nothing, until there is a line
		r.in = r.in[:0:0]
		for _, n := range in {
			r.advance(n)
		}
	}
	return r
}

// step reads the next line. It is false at the end.
func (r *straceReader) step() bool {
	if r.ended {
		return false
	}
	if !r.single {
		return r.stepMany()
	}
	n := r.in[0]
	raw, clean, ok := r.fetch(n)
	if !ok {
		if n.quiet {
			n.quiet = false
			return false
		}
		r.finish(n)
		return false
	}
	l := &n.l
	switch l.what {
	case isUnknown:
		if commandLine(raw) || leftOut(clean) {
			r.filtered = r.filtered || leavesOut(raw)
			n.gap.aside(raw)
		} else if !r.strange(raw) {
			n.gap.aside(raw)
			r.odd(raw)
		}
	case isNothing:
		n.gap.aside(raw)
	case isRest:
		r.line(raw, clean, l, 0)
	default:
		if l.what == isCall && !l.whole {
			if !r.endless(raw, l) {
				n.gap.aside(raw)
				r.odd(raw)
				return true
			}
		}
		glued := n.gap.begun && len(clean) != len(raw)
		if glued {
			n.gap.fence = n.gap.fence || fence(bytes.TrimSpace(raw))
		}
		at := r.moment(n, l)
		if n.gap != (gapMarks{begun: true}) {
			r.parted(n, l, at)
		}
		r.p.strict = l.what == isCall && !n.piece
		r.line(raw, clean, l, at)
		r.p.strict = false
		n.lineAt = n.clock.now
		if glued {
			s := bytes.TrimSpace(raw)
			n.gap.fence = bytes.HasSuffix(s, []byte("```")) || bytes.HasSuffix(s, []byte("~~~"))
		}
	}
	return true
}

// endless makes a call that the text has no end of one that has begun. It is false for what is no call.
func (r *straceReader) endless(raw []byte, l *line) bool {
	if l.sys == SysExit || l.sys == SysExitGroup || !r.cutShort(l) {
		return false
	}
	l.what, l.short = isBegun, true
	return true
}

// moment is when a line was written.
func (r *straceReader) moment(n *input, l *line) int64 {
	c := n.clock
	if !c.began && r.single {
		r.fits(n, l)
	}
	if !c.fine && (l.what == isCall || l.what == isResumed) && l.sys == SysOther {
		name, text := l.name, l.body
		if clockCall(name) {
			if t := r.tracees[r.tidOf(l.tid)]; l.what == isResumed && t != nil && t.open && t.name == string(name) {
				text = append(bytes.Clone(t.begun), text...)
			}
			if id, v := reading(name, text); id != clockNone {
				return c.read(l.stamp, id, v)
			}
		}
	}
	return c.at(l.stamp)
}

// look splits a line; one that is too long is not looked at.
func (r *straceReader) look(n *input, raw []byte) (clean []byte) {
	if !n.piece {
		r.lines++
	}
	if n.giant {
		n.l = line{}
		return raw
	}
	r.p.comments = n.comments
	return parsePasted(&n.l, raw, n.colours)
}

// finish ends an input, and with a single one everything; stepMany ends several.
func (r *straceReader) finish(n *input) {
	if n.err != io.EOF && r.failed == nil {
		r.failed = n.err
	}
	if r.single {
		r.end()
		r.ended = true
	}
}

// strange takes a line that is none of strace's. It is false for one that says nothing of descriptors either.
func (r *straceReader) strange(raw []byte) bool {
	if r.beside == nil {
		r.beside = &Beside{late: r.grasped > 0}
	}
	return !r.where.giant && r.beside.Line(raw)
}

// odd counts a line that was not understood.
func (r *straceReader) odd(s []byte) { r.oddAt(r.where.number, s) }

// oddAt counts one by its number.
func (r *straceReader) oddAt(number int64, s []byte) {
	r.unparsed++
	call := callLine(s)
	if call {
		r.missed++
	}
	if call = call && len(r.calls) < keptLines; !call && r.odds == nil && len(r.first) >= keptLines {
		return
	}
	o := Odd{Line: number, Text: plain.Text(clip(s, keptBytes))}
	if !r.single {
		o.File = r.where.name
	}
	if call {
		r.calls = append(r.calls, o)
	}
	if len(r.first) < keptLines {
		r.first = append(r.first, o)
	}
	if r.odds != nil {
		r.odds(o)
	}
}

// line takes a line that was understood so far.
func (r *straceReader) line(raw, clean []byte, l *line, at int64) {
	if l.what == isRest {
		if t := r.cut; t == nil || !t.open || !r.call(t, t.sys, t.name, t.join(r, " ", l.body), t.begunAt, -1, trace.PhaseExit) {
			r.odd(raw)
		}
		r.cut = nil
		return
	}
	if l.what == isExit {
		if t := r.tracees[r.tidOf(l.tid)]; t != nil && t.gone {
			r.forget(t) // it had said so itself
			r.grasped++
			return
		}
	}
	t := r.tracee(l.tid, l.comm, at)
	if t == nil {
		r.odd(raw)
		return
	}
	if t.ending {
		r.over(t)
	}
	t.at = at
	if r.single && r.holder != nil && r.holder != t {
		r.release(r.holder, at) // a line that is printed whole had come back before any other was begun
	}
	r.release(t, at)
	r.holder = nil
	ok := true
	if l.what == isSignal && string(l.name) == "SIGCONT" {
		r.continued(t, at)
	}
	if l.what != isStopped {
		r.goesOn(t, at)
	}
	switch l.what {
	case isStopped:
		t.stops(string(l.name), at, true)
	case isCall:
		r.leave(t)
		name := ""
		if l.sys == SysOther {
			name = r.p.intern(l.name)
			if name == "restart_syscall" && t.restartName(name, l.body) {
				name = t.name
			}
		}
		ok = r.call(t, l.sys, name, l.body, at, -1, trace.PhaseComplete)
	case isBegun, isCut:
		r.leave(t)
		ok = r.begins(t, l, raw, at)
	case isResumed:
		switch name := t.name; {
		case t.open && t.sys == l.sys && (l.sys != SysOther || name == string(l.name) || t.restarted && string(l.name) == "restart_syscall"):
			ok = r.call(t, t.sys, name, t.join(r, "", l.body), t.begunAt, at, trace.PhaseExit)
		default:
			r.leave(t)
			ok = r.resumedWithout(t, l, at)
		}
	case isSignal:
		from, _ := decimal(after(l.body, "si_pid="))
		if stopping(l.name) {
			t.stops(string(l.name), at, false)
		}
		r.em.Signal(t.pid, t.tid, signalNumber(l.name), from, signalCode(after(l.body, "si_code=")), at)
	case isExit:
		ok = r.exited(t, l.body, at)
	}
	switch {
	case ok:
		r.grasped++
	case r.mendLine(clean):
	case r.p.strict:
		r.p.strict = false // it is one call and something else
		r.line(raw, clean, l, at)
	default:
		r.odd(raw)
	}
}

// begins notes a call that has not come back, and tells of it if it may hold the thread.
func (r *straceReader) begins(t *tracee, l *line, raw []byte, at int64) bool {
	if len(l.body) > maxBegun || r.begun > maxAllBegun {
		return false
	}
	t.sys, t.begunAt, t.child, t.open = l.sys, at, 0, true
	t.begun = append(t.room[:0], l.body...)
	r.begun += len(t.begun)
	if l.what == isCut {
		r.cut = t
	}
	if t.short = l.short; l.short {
		t.shortLine, t.shortText = r.where.number, append(t.shortText[:0], raw[:min(len(raw), keptBytes+1)]...)
	}
	t.restarted = false
	if l.sys == SysOther {
		t.name = r.p.intern(l.name)
		t.restarted = t.restartName(t.name, l.body)
		return true
	}
	if l.short {
		return true // it is told when the text ends in it
	}
	if isFork(l.sys) {
		r.forks = append(r.forks, forking{t, at})
		t.looks = 0
		return true
	}
	c := &r.c
	c.reset()
	if l.sys == SysClose {
		// The kernel gives the number back at once and works on: another thread may get it before the call comes back.
		c.Sys, c.Time = l.sys, at
		if _, ok := r.p.parseCall(c, t.begun, true); ok {
			c.Phase = trace.PhaseComplete
			r.closing(t, c)
		}
		return true
	}
	c.Sys, c.Phase, c.Time = l.sys, trace.PhaseEnter, at
	if _, ok := r.p.parseCall(c, t.begun, true); ok {
		if l.sys == SysFutex {
			r.futexes = true
			r.futex(t, firstArgument(t.begun), c, true)
		}
		r.emit(t, c)
	}
	return true // if it is odd, its end will say so
}

// call makes a Call of text. end is when it came back, -1 when the line does not say. phase is exit when it may have been
// told that the call began.
func (r *straceReader) call(t *tracee, sys Sys, name string, text []byte, start, end int64, phase trace.Phase) bool {
	c := &r.c
	c.reset()
	c.Sys, c.Phase = sys, phase
	took, ok := r.p.parseCall(c, text, false)
	if !ok {
		if clean := markup(text, true); clean != nil { // a wiki has made something of its braces
			c.reset()
			c.Sys, c.Phase = sys, phase
			took, ok = r.p.parseCall(c, clean, false)
		}
	}
	if !ok || len(c.Events) > maxDelivers {
		return false
	}
	if c.Phase == trace.PhaseEnter { // = ?
		c.Time = start
		switch {
		case sys == SysOther:
			r.em.Other(name)
		case sys == SysExit || sys == SysExitGroup:
			r.exits(t, uint32(c.Args[0]), start)
		case phase != trace.PhaseExit: // otherwise that has been told
			return r.emit(t, c) == nil
		}
		return true
	}
	if c.SetCut {
		r.cutSets++
	}
	if sys == SysClose && t.closed {
		if t.closed = false; c.Errno != eBADF {
			return true // it has been told
		}
	}
	switch {
	case sys == SysClose:
		r.closes = true
	case sys == SysFutex:
		r.futexes = true
		if c.Ret > 0 && c.wakes() {
			r.handed++
		}
		r.futex(t, firstArgument(text), c, false)
	}
	if r.guessed > 0 && sys != SysOther {
		r.numbers(t, c)
	}
	if t.guessed && sys != SysOther {
		r.ownProcess(t, c)
	} else if r.guessed > 0 && !r.others(t, c) && r.closes && c.Errno == 0 && c.Ret > 0 && makers.Has(table[sys].kind) && sys != SysDup && sys != SysDup2 && sys != SysDup3 && sys != SysFcntl {
		r.theirs(t, int32(c.Ret))
	}
	if isFork(sys) && r.cloned(t, c) {
		return true
	}
	timed := r.clock.timed()
	r.em.untimed = !timed
	if sys == SysFutex && !r.clock.fine && c.Errno != eAGAIN && c.futexWaits() {
		r.clock.spent(start, -1) // a lock says nothing of how long it was waited for
	}
	switch {
	case took >= 0 && timed:
		c.Time, c.Dur = start+took, took
		if len(r.idle) < maxIdle && (sys == SysEpollCtl || sys == SysClose || c.Errno == eAGAIN) {
			r.idle = append(r.idle, took)
		}
	case end >= 0:
		if !r.clock.fine && sys != SysOther && waits(sys) {
			d := r.p.lasted(c)
			if r.clock.spent(start, d); d > 0 {
				end = max(end, start+d)
			}
		}
		c.Time, c.Dur = max(end, start), max(end-start, 0)
	default:
		c.Time = start
		r.untimed = true
		switch {
		case sys != SysOther && waits(sys):
			return r.holds(t, c)
		case sys == SysOther && timed && lasting[name] && !t.restarted:
			c.Name = name
			return r.holds(t, c)
		}
	}
	if sys == SysOther {
		if c.Name = name; !timed {
			c.Dur = 0
		}
		if t.restarted {
			if t.restarted = false; c.Dur < slow {
				c.Name = "restart_syscall"
			}
		}
	}
	err := r.emit(t, c)
	if sys == SysOther && err == nil && c.Errno == 0 && r.clock.fine && cpuCall(name) {
		r.used(t, name, text, c.Time)
	}
	if sys == SysExecve && c.Errno == 0 {
		t.files = r.em.tableOf(t.tid) // it is no longer shared
	}
	return err == nil
}

// emit hands a call to the table.
func (r *straceReader) emit(t *tracee, c *Call) error {
	c.PID, c.TID, c.Files, c.Comm = t.pid, t.tid, t.files, t.comm
	if r.beside != nil && !t.restated {
		t.restated, r.beside.late = true, true
		r.restateBeside(t, c.Time-c.Dur)
	}
	return r.em.Call(c)
}

// holds keeps a wait of which the line does not say how long it took: it ends when its thread goes on. That it began is
// told now.
func (r *straceReader) holds(t *tracee, c *Call) bool {
	if c.Sys != SysOther && c.check(&table[c.Sys]) != nil {
		return false
	}
	r.clock.spent(c.Time, r.p.lasted(c))
	t.held = c.clone(t.held)
	t.holding = true
	if r.holder = t; c.Sys == SysOther {
		return true
	}
	ret, errno := c.Ret, c.Errno
	c.Phase, c.Ret, c.Errno = trace.PhaseEnter, 0, 0
	r.emit(t, c)
	c.Ret, c.Errno = ret, errno
	return true
}

// release lets a held wait end: not before what it waited for can have come, and not after the thread went on.
func (r *straceReader) release(t *tracee, at int64) {
	if !t.holding {
		return
	}
	c := t.held
	t.holding = false
	end := max(at, c.Time)
	if r.clock.timed() && table[c.Sys].kind == trace.Sleep && c.Errno == 0 && c.Nanos > 0 {
		end = min(end, c.Time+c.Nanos)
	}
	c.Phase, c.Dur, c.Time = trace.PhaseExit, end-c.Time, end
	if r.losing && c.Dur <= 1 {
		c.Dur = 0 // unknown: what the thread did next was not seen
	}
	r.emit(t, c)
}

// lasting are calls outside the table that may wait for long: what they took explains where a thread was.
var lasting = map[string]bool{"wait4": true, "waitid": true, "waitpid": true, "flock": true, "msgrcv": true, "msgsnd": true, "semop": true, "semtimedop": true,
	"rt_sigtimedwait": true, "pause": true, "mq_timedreceive": true, "mq_timedsend": true, "io_getevents": true, "sync": true, "syncfs": true, "fallocate": true}

// waits says whether a call is one that waits or sleeps.
func waits(s Sys) bool { return table[s].kind == trace.Wait || table[s].kind == trace.Sleep }

// leave forgets a call that never came back as far as this text goes. That it began has been told.
func (r *straceReader) leave(t *tracee) {
	if t.open {
		if t.short { // the thread went on: it is the line that was cut
			r.oddAt(t.shortLine, t.shortText)
		}
		t.join(r, "", nil)
	}
}

// tellOpen tells that a thread is in a call and does not come back as far as the text goes, unless that has been told.
func (r *straceReader) tellOpen(t *tracee) {
	c := Call{PID: t.pid, TID: t.tid, Files: t.files, Comm: t.comm, Name: t.name, Time: t.begunAt}
	if t.sys != SysOther {
		if r.em.inside(t.tid) == t.sys {
			return
		}
		k := &r.c
		k.reset()
		k.Sys, k.Phase, k.Time = t.sys, trace.PhaseEnter, t.begunAt
		if _, ok := r.p.parseCall(k, t.begun, true); ok && r.emit(t, k) == nil && r.em.inside(t.tid) == t.sys {
			return
		}
		c.Name = table[t.sys].name
	}
	r.em.Stuck(&c)
}

// inOrder are the threads by their numbers.
func (r *straceReader) inOrder() []*tracee {
	out := make([]*tracee, 0, len(r.tracees))
	for _, t := range r.tracees {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *tracee) int { return a.tid - b.tid })
	return out
}

// end tells what is still pending, in the order of the threads.
func (r *straceReader) end() {
	now := int64(0)
	for _, t := range r.tracees {
		now = max(now, t.at)
	}
	for _, t := range r.inOrder() {
		r.release(t, now)
		if !t.open || t.ending {
			continue
		}
		if t.short || !r.clock.timed() || now-t.begunAt >= slow {
			r.tellOpen(t) // it has held its thread to the end
		}
	}
}

// overhead is the middle of what calls took that cannot wait, and how many they were.
func (r *straceReader) overhead() (ns int64, of int) {
	if len(r.idle) == 0 {
		return 0, 0
	}
	slices.Sort(r.idle)
	return r.idle[len(r.idle)/2], len(r.idle)
}
