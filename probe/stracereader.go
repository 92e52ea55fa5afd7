package probe

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"

	"evviz/trace"
)

// straceReader turns lines into calls and hands them to the table. See NewStrace.
type straceReader struct {
	em      *Emitter
	clock   clock
	alone   int // thread of the lines that name none
	tracees map[int]*tracee
	root    *tracee // the first process's main thread, as far as that is known
	cut     *tracee // whose line was cut by a message of strace
	forks   []forking
	guessed int // threads whose process is an assumption

	lines    int64
	unparsed int
	first    []string
	took     bool    // a line had a duration
	untimed  bool    // a call of the table had none
	idle     []int64 // durations of calls that cannot wait: what tracing costs
}

// Bounds of what a file may make us keep.
const (
	maxLine     = 1 << 20 // bytes of a line that are looked at
	keptLines   = 10      // lines that were not understood
	keptBytes   = 200     // of each
	maxIdle     = 4096
	maxTracees  = 1 << 14 // alive at a time
	maxBegun    = 1 << 16 // bytes of an unfinished call
	maxDelivers = 1 << 20 // reports of one wait
)

// run reads everything. The error is the reader's own.
func (r *straceReader) run(in io.Reader) error {
	b := bufio.NewReaderSize(in, 1<<16)
	var buf []byte
	for {
		part, err := b.ReadSlice('\n')
		if room := maxLine + 1 - len(buf); room > 0 {
			buf = append(buf, part[:min(len(part), room)]...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if len(buf) > 0 {
			r.lines++
			if s := strings.TrimSuffix(string(buf), "\n"); len(s) > maxLine {
				r.odd(s)
			} else {
				r.line(s)
			}
			buf = buf[:0]
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			r.end()
			return err
		}
	}
	r.end()
	return nil
}

// odd counts a line that was not understood.
func (r *straceReader) odd(s string) {
	r.unparsed++
	if len(r.first) < keptLines {
		if len(s) > keptBytes {
			s = s[:keptBytes] + "..."
		}
		r.first = append(r.first, strings.ToValidUTF8(s, "?"))
	}
}

func (r *straceReader) line(s string) {
	l := parseLine(s)
	switch l.what {
	case isNothing:
		return
	case isUnknown:
		r.odd(s)
		return
	}
	if l.what == isRest {
		if t := r.cut; t == nil || t.begun == "" || !r.call(t, t.sys, t.take()+" "+l.body, t.begunAt, -1) {
			r.odd(s)
		}
		r.cut = nil
		return
	}
	at := r.clock.at(l.stamp)
	if len(r.tracees) >= maxTracees && r.tracees[l.tid] == nil {
		r.odd(s)
		return
	}
	t := r.tracee(l.tid, l.comm, at)
	r.release(t, at)
	ok := true
	switch l.what {
	case isSignal:
		from, _ := strconv.ParseInt(after(l.body, "si_pid="), 10, 64)
		r.em.Signal(t.pid, t.tid, signalNumber(l.name), from, signalCode(after(l.body, "si_code=")), at)
	case isExit:
		ok = r.exited(t, l.body, at)
	case isBegun, isCut:
		r.leave(t, at)
		if l.what == isCut {
			r.cut = t
		}
		t.sys, t.begunAt, t.child = SysByName(l.name), at, 0
		if t.sys == SysOther {
			r.em.Other(l.name)
			return
		}
		if ok = len(l.body) <= maxBegun; ok {
			t.begun = l.body
			if isFork(t.sys) {
				r.forks = append(r.forks, forking{t, at})
			}
		}
	case isResumed:
		if SysByName(l.name) == SysOther {
			return // counted when it began
		}
		if ok = t.begun != "" && t.sys == SysByName(l.name); ok {
			ok = r.call(t, t.sys, t.take()+l.body, t.begunAt, at)
		}
	case isCall:
		r.leave(t, at)
		sys := SysByName(l.name)
		if sys == SysOther {
			r.em.Other(l.name)
			return
		}
		ok = r.call(t, sys, l.body, at, -1)
	}
	if !ok {
		r.odd(s)
	}
}

// call makes a Call of text. end is when it came back, -1 when the line does not say.
func (r *straceReader) call(t *tracee, sys Sys, text string, start, end int64) bool {
	c := &Call{Sys: sys}
	took, err := parseCall(c, text, false)
	if err != nil || len(c.Events) > maxDelivers {
		return false
	}
	if c.Phase == trace.PhaseEnter { // = ?
		c.Time = start
		return r.emit(t, c) == nil
	}
	if isFork(sys) && r.cloned(t, c) {
		return true
	}
	timed := r.clock.timed()
	switch {
	case took >= 0 && timed:
		c.Time, c.Dur = start+took, took
		r.took = true
		if len(r.idle) < maxIdle && (sys == SysEpollCtl || sys == SysClose || c.Errno == eAGAIN) {
			r.idle = append(r.idle, took)
		}
	case end >= 0:
		c.Time, c.Dur = max(end, start), max(end-start, 0)
	default:
		c.Time = start
		r.untimed = true
		if sys == SysEpollWait || sys == SysClockNanosleep {
			if c.check(&table[sys]) != nil {
				return false
			}
			t.held = c
			return true
		}
	}
	return r.emit(t, c) == nil
}

// emit hands a call to the table.
func (r *straceReader) emit(t *tracee, c *Call) error {
	c.PID, c.TID, c.Files, c.Comm = t.pid, t.tid, t.files, t.comm
	return r.em.Call(c)
}

// release lets a held wait end: not before what it waited for can have come, and not after the thread went on.
func (r *straceReader) release(t *tracee, at int64) {
	c := t.held
	if c == nil {
		return
	}
	t.held = nil
	end := max(at, c.Time)
	if r.clock.timed() && c.Sys == SysClockNanosleep && c.Errno == 0 && c.Nanos > 0 {
		end = min(end, c.Time+c.Nanos)
	}
	c.Dur, c.Time = end-c.Time, end
	r.emit(t, c)
}

// leave tells of a call that never came back as far as this file goes.
func (r *straceReader) leave(t *tracee, at int64) {
	r.release(t, at)
	if t.begun == "" {
		return
	}
	c := &Call{Sys: t.sys, Phase: trace.PhaseEnter, Time: t.begunAt}
	if _, err := parseCall(c, t.begun, true); err != nil {
		r.odd(t.begun)
	} else {
		r.emit(t, c)
	}
	t.begun = ""
}

// end tells what is still pending, in the order of the threads.
func (r *straceReader) end() {
	tids := make([]int, 0, len(r.tracees))
	for tid := range r.tracees {
		tids = append(tids, tid)
	}
	slices.Sort(tids)
	for _, tid := range tids {
		r.leave(r.tracees[tid], r.clock.now)
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

// after is the word behind a mark.
func after(s, mark string) string {
	_, s, _ = strings.Cut(s, mark)
	if i := strings.IndexAny(s, ", }"); i >= 0 {
		s = s[:i]
	}
	return s
}

// signalCode is si_code of sigaction(2) as far as it says who sent the signal.
func signalCode(s string) int64 {
	for i, n := range []string{"SI_USER", "SI_QUEUE", "SI_TIMER", "SI_MESGQ", "SI_ASYNCIO", "SI_SIGIO", "SI_TKILL"} {
		if n == s {
			return -int64(i)
		}
	}
	if s == "SI_KERNEL" {
		return 0x80
	}
	n, _ := strconv.ParseInt(s, 0, 32)
	return n
}
