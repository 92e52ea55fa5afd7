package probe

import "strings"

// tracee is a thread that strace prints, and what is pending of it.
type tracee struct {
	tid, pid, files int
	comm            string
	guessed         bool // its process is an assumption

	begun   string // text of a call that has not come back; "" none
	sys     Sys
	begunAt int64
	child   int // the child that a clone in progress is taken to have made

	held *Call // a wait whose end is known only by the thread's next line
}

// tracee finds or begins a thread. strace -f numbers threads, not processes: whose thread it is follows from the clone that
// made it. The child may speak before its parent's clone comes back; then it is taken for the child of the oldest clone in
// progress, and the parent's own word corrects that if need be.
func (r *straceReader) tracee(tid int, comm string, at int64) *tracee {
	if tid == 0 {
		tid = r.alone
		if r.root != nil { // strace leaves the number out while there is but one
			tid = r.root.tid
		}
	}
	t := r.tracees[tid]
	if first := r.tracees[0]; t == nil && first != nil && first == r.root && r.cloning() == nil {
		// The thread without a number gets one as soon as there is a second.
		t = first
		delete(r.tracees, 0)
		r.em.Named(tid)
		for _, o := range r.tracees {
			if o.pid == 0 {
				o.pid = tid
			}
			if o.files == 0 {
				o.files = tid
			}
		}
		t.tid, t.pid, t.files = tid, tid, tid
		r.tracees[tid] = t
	}
	if t == nil {
		t = &tracee{tid: tid, pid: tid, files: tid}
		if parent := r.cloning(); parent != nil {
			parent.child = tid
			c := Call{Sys: parent.sys}
			parseCall(&c, parent.begun, true)
			t.pid, t.files = born(parent, tid, c.Args[0])
			r.emit(parent, &Call{Sys: parent.sys, Args: c.Args, Ret: int64(tid), Time: at, Dur: max(at-parent.begunAt, 0)})
		} else if r.root != nil {
			t.pid, t.files, t.guessed = r.root.pid, r.root.files, true
			r.guessed++
		}
		if r.root == nil {
			r.root = t
		}
		r.tracees[tid] = t
	}
	if comm != "" {
		t.comm = comm
	}
	return t
}

// take gives the text of the call that has not come back, which it now has.
func (t *tracee) take() string {
	s := t.begun
	t.begun = ""
	return s
}

// cloning is the thread with the oldest clone in progress whose child has not been seen.
func (r *straceReader) cloning() *tracee {
	for len(r.forks) > 0 {
		f := r.forks[0]
		if t := f.t; t.begun != "" && isFork(t.sys) && t.begunAt == f.at && t.child == 0 {
			return t
		}
		r.forks = r.forks[1:]
	}
	return nil
}

// forking is a clone that was in progress when it was noted.
type forking struct {
	t  *tracee
	at int64
}

func isFork(s Sys) bool {
	switch s {
	case SysClone, SysClone3, SysFork, SysVfork:
		return true
	}
	return false
}

// born says to which process and descriptor table a child belongs.
func born(parent *tracee, child int, flags uint64) (pid, files int) {
	pid, files = child, child
	if flags&cloneThread != 0 {
		pid = parent.pid
	}
	if flags&(cloneThread|cloneFiles) != 0 {
		files = parent.files
	}
	return pid, files
}

// cloned takes the parent's word about its child. It reports whether that had been told before.
func (r *straceReader) cloned(parent *tracee, c *Call) (told bool) {
	guess := parent.child
	parent.child = 0
	if c.Errno != 0 || c.Ret <= 0 || c.Ret > maxTID {
		return false
	}
	tid := int(c.Ret)
	t := r.tracees[tid]
	if t == nil {
		t = &tracee{tid: tid}
		r.tracees[tid] = t
	}
	if t.guessed {
		t.guessed = false
		r.guessed--
	}
	t.pid, t.files = born(parent, tid, c.Args[0])
	return guess == tid
}

// exited ends a thread.
func (r *straceReader) exited(t *tracee, body string, at int64) bool {
	status := uint32(0)
	switch {
	case strings.HasPrefix(body, "exited with "):
		n, err := number(body[len("exited with "):])
		if err != nil {
			return false
		}
		status = uint32(n&0xff) << 8
	case strings.HasPrefix(body, "killed by "):
		name, _, _ := strings.Cut(body[len("killed by "):], " ")
		if status = signalNumber(name); status == 0 {
			return false
		}
	case strings.HasPrefix(body, "superseded by execve in pid "):
	default:
		return false
	}
	r.leave(t, at)
	r.em.Exit(t.pid, t.tid, status, at)
	delete(r.tracees, t.tid)
	if t == r.root {
		r.root = nil
		for _, o := range r.tracees {
			if o.pid == t.pid && (r.root == nil || o.tid < r.root.tid) {
				r.root = o
			}
		}
		if r.root == nil {
			r.root = t // what is not introduced still belongs to the first process
		}
	}
	return true
}
