package probe

import (
	"bytes"

	"evviz/trace"
)

// CPU time that stands in the text: calls that ask how much the thread, or its process, has used so far. Between two of them it is known
// whether the thread computed.

// cpuCall says whether a call's name is one that can ask for CPU time.
func cpuCall(name string) bool {
	switch name {
	case "getrusage", "clock_gettime", "clock_gettime64", "times":
		return true
	}
	return false
}

// userHZ is what times(2) counts in, ns: there are 100 a second (USER_HZ).
const userHZ = 10_000_000

// usage is what a call that asks for CPU time was told: text is "arguments) = result". own says of a thread's or process's number whether it is
// the caller's.
func usage(name string, text []byte, tid, pid int) (of uint32, user, system int64, ok bool) {
	if namedArguments(text) {
		text = dropNames(text)
	}
	items := list{text}
	it, ok := items.next()
	if !ok {
		return 0, 0, 0, false
	}
	if name == "times" {
		user, ok = ticksOf(it, "tms_utime=")
		if system, _ = ticksOf(it, "tms_stime="); !ok {
			return 0, 0, 0, false
		}
		return trace.UsageTicks, user, system, true
	}
	who := string(it)
	if it, ok = items.next(); !ok || it[0] != '{' {
		return 0, 0, 0, false
	}
	if name == "getrusage" {
		if of, ok = rusages[who]; !ok {
			return 0, 0, 0, false
		}
		n := 0
		parts, _ := inside(it, '{')
		for part, more := parts.next(); more; part, more = parts.next() {
			switch key, v := field(part); string(key) {
			case "ru_utime":
				user, ok = timeval(v)
				n++
			case "ru_stime":
				system, ok = timeval(v)
				n++
			}
			if !ok {
				return 0, 0, 0, false
			}
		}
		return of, user, system, n == 2
	}
	switch {
	case who == "CLOCK_THREAD_CPUTIME_ID":
		of = trace.UsageThread
	case who == "CLOCK_PROCESS_CPUTIME_ID":
		of = trace.UsageProcess
	default:
		if of, ok = clockOf(who, tid, pid); !ok {
			return 0, 0, 0, false
		}
	}
	user, ok = timespec(it)
	return of, user, 0, ok
}

var rusages = map[string]uint32{"RUSAGE_THREAD": trace.UsageThread, "RUSAGE_SELF": trace.UsageProcess}

// clockOf reads the number of a CPU clock (pthread_getcpuclockid, clock_getcpuclockid): 0xffffa092 /* CLOCK_??? */.
func clockOf(who string, tid, pid int) (of uint32, ok bool) {
	word, _, _ := bytes.Cut([]byte(who), []byte(" "))
	n, ok := number(word)
	id := int32(uint32(n))
	if !ok || id >= 0 || id&3 != 2 { // CPUCLOCK_SCHED
		return 0, false
	}
	switch of := int(^(id >> 3)); {
	case id&4 != 0 && (of == 0 || of == tid):
		return trace.UsageThread, true
	case id&4 == 0 && (of == 0 || of == pid):
		return trace.UsageProcess, true
	}
	return 0, false
}

// ticksOf reads a number of ticks behind a name.
func ticksOf(s []byte, name string) (ns int64, ok bool) {
	n, ok := decimal(after(s, name))
	return n * userHZ, ok && n < maxSeconds*100
}

// used tells of CPU time that a call was told.
func (r *straceReader) used(t *tracee, name string, text []byte, at int64) {
	if of, user, system, ok := usage(name, text, t.tid, t.pid); ok {
		r.em.Used(t.tid, of, user, system, at)
	}
}

// Used tells how much CPU time a thread that is known has used, or its process.
func (em *Emitter) Used(tid int, of uint32, user, system, at int64) {
	th := em.threads[tid]
	if th == nil || !th.began || th.inside != SysOther {
		return
	}
	em.tell(th, trace.Event{Kind: trace.Usage, Time: max(at, th.last), A: user, B: system, Aux: of})
}
