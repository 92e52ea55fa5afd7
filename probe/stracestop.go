package probe

// A thread that is stopped (SIGSTOP, ^Z, a debugger) makes no call, and does not compute: strace says when that begins, and a SIGCONT, which
// continues all threads of the process and is delivered to one of them, or the thread's next line says when it is over. It is told as a call
// that lasted so long, under the name that strace gives it.

// stop is that a thread is stopped.
type stop struct {
	by    string // the signal; "" it is not
	from  int64
	until int64 // a SIGCONT was seen then; 0 not yet
	sure  bool  // it is said, and does not follow from a signal that may be handled
}

// stops takes a line that says that a thread was stopped, or that a signal was delivered that stops.
func (t *tracee) stops(by string, at int64, said bool) {
	if t.stop.by == "" {
		t.stop = stop{by: by, from: at}
	}
	t.stop.sure = t.stop.sure || said || by == "SIGSTOP"
}

// stopping are the signals that stop a process unless it handles them; the first cannot be handled.
func stopping(name []byte) bool {
	switch string(name) {
	case "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU":
		return true
	}
	return false
}

// continued takes a SIGCONT: all threads of the process go on.
func (r *straceReader) continued(t *tracee, at int64) {
	t.stop.sure = t.stop.sure || t.stop.by != "" // nothing stands between
	for _, o := range r.tracees {
		if o.pid == t.pid && o.stop.by != "" && o.stop.until == 0 {
			o.stop.until = at
		}
	}
}

// goesOn takes a line of a thread that may have been stopped.
func (r *straceReader) goesOn(t *tracee, at int64) {
	x := t.stop
	if x.by == "" {
		return
	}
	t.stop = stop{}
	if x.until == 0 || x.until > at {
		x.until = at
	}
	if !x.sure || x.until-x.from < slow || !r.clock.fine || t.open {
		return
	}
	c := &r.c
	c.reset()
	c.PID, c.TID, c.Files, c.Comm, c.Name = t.pid, t.tid, t.files, t.comm, "stopped by "+x.by
	c.Time, c.Dur = x.until, x.until-x.from
	r.em.Stopped(c)
}

// Stopped tells that a thread was stopped, as a call of that name.
func (em *Emitter) Stopped(c *Call) {
	if th := em.threads[c.TID]; th != nil && th.began && th.inside == SysOther {
		em.sys(th, c, c.Name)
	}
}
