package probe

import (
	"bytes"

	"evviz/trace"
)

// tracee is a thread that strace prints, and what is pending of it.
type tracee struct {
	tid, pid, files int
	comm            string
	at, since       int64          // of its last line, and of its first
	guessed         bool           // its process is an assumption
	kin             bool           // that is beyond doubt
	closed          bool           // the close that it is in has been told
	used            map[int32]bool // numbers that it has used, while that is so
	gone            bool           // it has called exit, and its end has been told

	open      bool // it is in a call that has not come back
	begun     []byte
	room      []byte // memory for begun
	sys       Sys
	name      string // of a call that is not in the table
	begunAt   int64
	short     bool   // the text has no end of that call, and the line
	shortLine int64  // with this number
	shortText []byte // and this text was its last
	restarted bool   // it is restart_syscall, and name is what that goes on with
	inst      int    // the epoll instance that it waits on, as far as that was looked for; -1 not found
	child     int    // the child that a clone in progress is taken to have made
	looks     int    // how often its end was looked for
	ending    bool   // begun is whole, and its end is in straceReader.later

	stop     stop
	restated bool // what stands beside the log of its descriptors has been told

	held    *Call // a wait whose end is known only by the thread's next line,
	holding bool  // if there is one
}

// tracee finds or begins a thread; nil when there are too many. strace -f numbers threads, not processes: whose thread it is
// follows from the clone that made it. The child may speak before its parent's clone comes back; see parentOf. Where the child was
// taken for another's, the parent's own word corrects that.
func (r *straceReader) tracee(tid int, comm []byte, at int64) *tracee {
	tid = r.tidOf(tid)
	t := r.recent
	if t == nil || t.tid != tid {
		t = r.tracees[tid]
	}
	if t != nil && t.gone {
		r.forget(t) // the number was given to another
		t = nil
	}
	if t == nil {
		if t = r.newTracee(tid, at); t == nil {
			return nil
		}
	}
	r.recent = t
	if len(comm) > 0 && t.comm != string(comm) {
		t.comm = r.p.intern(comm)
	}
	return t
}

// tidOf is the thread of a line that may not say.
func (r *straceReader) tidOf(tid int) int {
	if tid == 0 {
		tid = r.alone
	}
	if tid == 0 && r.root != nil { // strace leaves the number out while there is but one
		tid = r.root.tid
	}
	return tid
}

func (r *straceReader) newTracee(tid int, at int64) *tracee {
	if first := r.tracees[0]; first != nil && first == r.root && r.cloning() == nil {
		// The thread without a number gets one as soon as there is a second.
		id := r.numberOfFirst(first, tid)
		delete(r.tracees, 0)
		r.em.Named(id)
		for _, o := range r.tracees {
			if o.pid == 0 {
				o.pid = id
			}
			if o.files == 0 {
				o.files = id
			}
		}
		first.tid, first.pid, first.files = id, id, id
		r.tracees[id] = first
		if id == tid {
			return first
		}
	}
	if !r.room() {
		return nil
	}
	t := &tracee{tid: tid, pid: tid, files: tid, since: at}
	if parent := r.parentOf(tid); parent != nil {
		parent.child = tid
		c := Call{Sys: parent.sys}
		r.p.parseCall(&c, parent.begun, true)
		t.pid, t.files = born(parent, tid, c.Args[0])
		r.emit(parent, &Call{Sys: parent.sys, Args: c.Args, Ret: int64(tid), Time: at, Dur: max(at-parent.begunAt, 0)})
	} else if r.root != nil && !r.ownFromStart(tid) {
		t.pid, t.files, t.guessed = r.root.pid, r.root.files, true
		r.guessed++
	}
	if r.root == nil {
		r.root = t
	}
	r.tracees[tid] = t
	r.most = max(r.most, len(r.tracees))
	return t
}

// numberOfFirst is the number of the thread whose lines had none so far, now that there is one with the number tid. That is another thread
// where the first is in a call that has not come back: then the first is who comes back from that call without having begun one.
func (r *straceReader) numberOfFirst(first *tracee, tid int) int {
	now := &r.where.l
	if !first.open || !r.single || now.what == isResumed && now.sys == first.sys {
		return tid
	}
	begun := map[int]bool{tid: true}
	rest := r.where.ahead(aheadOf)
	var l line
	for len(rest) > 0 {
		raw, more, _ := bytes.Cut(rest, []byte("\n"))
		if rest = more; !bytes.Contains(raw, []byte(" <unfinished")) && !bytes.Contains(raw, []byte(" resumed>")) {
			continue
		}
		switch parsePasted(&l, raw, r.where.colours); l.what {
		case isBegun:
			begun[l.tid] = true
		case isResumed:
			if l.tid != 0 && !begun[l.tid] && r.tracees[l.tid] == nil && l.sys == first.sys && (l.sys != SysOther || string(l.name) == first.name) {
				return l.tid
			}
		}
	}
	return tid
}

// assumed is a thread that has the descriptor table which a thread is assumed to have.
func (r *straceReader) assumed(t *tracee) *thread {
	if th := r.em.threads[t.tid]; th != nil {
		return th
	}
	for _, o := range r.tracees {
		if th := r.em.threads[o.tid]; th != nil && o.files == t.files {
			return th
		}
	}
	return nil
}

// ownProcess looks at a call of a thread whose process is an assumption, before the table hears of it.
func (r *straceReader) ownProcess(t *tracee, c *Call) {
	if t.used == nil {
		t.used = map[int32]bool{}
	}
	if th := r.assumed(t); th != nil {
		for i := range c.FDs {
			n := &c.FDs[i]
			if f := th.file(n.FD); f != nil && !c.made(n.FD) && apartFrom(f.Type, n.Type) {
				r.apart(t) // one number, two kinds of files
				return
			}
		}
		if f := th.file(int32(c.Args[0])); f != nil && c.Errno == 0 && apartFrom(f.Type, usedAs(c.Sys)) {
			r.apart(t) // nobody reads from an epoll instance, or waits on a socket
			return
		}
	}
	switch fd := int32(c.Args[0]); c.Sys {
	case SysClose:
		if c.Errno == 0 && !t.used[fd] {
			// A child closes what it has inherited, which was there before it; a file may go from one thread of a pool to another.
			if th := r.assumed(t); th != nil && th.file(fd) != nil && th.typ(fd) != trace.TypeOther && th.file(fd).Opened <= t.since {
				r.apart(t)
			}
		}
	case SysExecve:
		if c.Errno == 0 {
			r.apart(t)
		}
	case SysSocket, SysAccept, SysAccept4, SysOpen, SysOpenat, SysEventfd2, SysEpollCreate1, SysDup, SysPipe2:
		if c.Errno != 0 || c.Ret < 0 || c.Sys == SysPipe2 {
			return
		}
		if th := r.assumed(t); r.closes && th != nil && th.file(int32(c.Ret)) != nil {
			r.apart(t) // it got a number that the other has open, and nobody has closed
		}
		t.note(int32(c.Ret))
	default:
		if shapes[c.Sys].args != nil && shapes[c.Sys].args[0] == argFD {
			t.note(fd)
		}
	}
}

// closing tells of a close that has begun, where the number is known: the call itself says later whether it failed.
func (r *straceReader) closing(t *tracee, c *Call) {
	th := r.em.threads[t.tid]
	if th == nil || th.file(int32(c.Args[0])) == nil {
		return
	}
	if t.guessed {
		r.ownProcess(t, c)
	}
	r.closes, t.closed = true, true
	r.emit(t, c)
}

// usedAs is what the first descriptor of a call must be, as far as that tells anything.
func usedAs(sys Sys) uint32 {
	switch sys {
	case SysEpollWait, SysEpollPwait, SysEpollPwait2, SysEpollCtl:
		return trace.TypeEpoll
	case SysRecvfrom, SysRecvmsg, SysSendto, SysSendmsg:
		return trace.TypeStream
	case SysRead, SysReadv, SysWrite, SysWritev:
		return trace.TypeOther // anything but an epoll instance
	case SysAccept, SysAccept4:
		return trace.TypeListener
	}
	return trace.TypeUnknown
}

// apartFrom says whether two types cannot be of one file.
func apartFrom(a, b uint32) bool {
	if a == b || a == trace.TypeUnknown || b == trace.TypeUnknown {
		return false
	}
	if a == trace.TypeOther && b == trace.TypeEpoll { // -y calls an instance by its name, other files of the kernel may be anything
		return false
	}
	own := func(t uint32) bool {
		return t == trace.TypeEpoll || t == trace.TypeEventfd || t == trace.TypePipe || t == trace.TypeTimerfd
	}
	sock := func(t uint32) bool {
		return t == trace.TypeStream || t == trace.TypeDatagram || t == trace.TypeListener || t == trace.TypeSeqpacket
	}
	if a == trace.TypeEpoll || b == trace.TypeEpoll {
		return true
	}
	return own(a) && own(b) || own(a) && sock(b) || sock(a) && own(b)
}

// maxUsed bounds what is remembered of the numbers that a thread has used.
const maxUsed = 4096

func (t *tracee) note(fd int32) {
	if len(t.used) < maxUsed {
		t.used[fd] = true
	}
}

// room makes sure that there is room for another thread.
func (r *straceReader) room() bool {
	if len(r.tracees) < maxTracees || r.gone == 0 {
		return len(r.tracees) < maxTracees
	}
	for _, t := range r.tracees {
		if t.gone {
			r.forget(t)
		}
	}
	return len(r.tracees) < maxTracees
}

// join gives the text of the call that has not come back, with what has come of it now.
func (t *tracee) join(r *straceReader, between string, rest []byte) []byte {
	r.begun -= len(t.begun)
	s := append(append(t.begun, between...), rest...)
	t.begun, t.room, t.open, t.ending = nil, nil, false, false
	if cap(s) <= 1<<12 {
		t.room = s[:0]
	}
	return s
}

// cloning is the thread with the oldest clone in progress whose child has not been seen.
func (r *straceReader) cloning() *tracee {
	for len(r.forks) > 0 {
		f := r.forks[0]
		if t := f.t; t.open && isFork(t.sys) && t.begunAt == f.at && t.child == 0 {
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
	if t != nil && t.gone {
		r.forget(t)
		t = nil
	}
	if t == nil {
		if !r.room() {
			return false
		}
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

// exits ends a thread that has called exit. strace says so once more, unless it was told to be quiet.
func (r *straceReader) exits(t *tracee, code uint32, at int64) {
	r.em.Exit(t.pid, t.tid, code&0xff<<8, at)
	t.gone = true
	r.gone++
	r.succeed(t)
}

// exited ends a thread.
func (r *straceReader) exited(t *tracee, body []byte, at int64) bool {
	status := uint32(0)
	if word, ok := bytes.CutPrefix(body, []byte("exited with ")); ok {
		n, ok := number(word)
		if !ok {
			return false
		}
		status = uint32(n&0xff) << 8
	} else if word, ok := bytes.CutPrefix(body, []byte("killed by ")); ok {
		name, _, _ := bytes.Cut(word, []byte(" "))
		if status = signalNumber(name); status == 0 {
			return false
		}
	} else if !bytes.HasPrefix(body, []byte("superseded by execve in pid ")) {
		return false
	}
	r.leave(t)
	r.em.Exit(t.pid, t.tid, status, at)
	r.forget(t)
	r.succeed(t)
	return true
}

func (r *straceReader) forget(t *tracee) {
	if r.tracees[t.tid] == t {
		delete(r.tracees, t.tid)
		if t.gone {
			r.gone--
		}
	}
	if r.recent == t {
		r.recent = nil
	}
}

// succeed finds another main thread when it was that that ended.
func (r *straceReader) succeed(t *tracee) {
	if t != r.root {
		return
	}
	r.root = nil
	for _, o := range r.tracees {
		if !o.gone && o.pid == t.pid && (r.root == nil || o.tid < r.root.tid) {
			r.root = o
		}
	}
	if r.root == nil {
		r.root = t // what is not introduced still belongs to the first process
	}
}

// others makes threads whose process was an assumption processes when a call says that a number of theirs is another kind of file.
func (r *straceReader) others(t *tracee, c *Call) (found bool) {
	th := r.em.threads[t.tid]
	if th == nil {
		return false
	}
	for i := range c.FDs {
		n := &c.FDs[i]
		if f := th.file(n.FD); f != nil && !c.made(n.FD) && apartFrom(f.Type, n.Type) {
			r.theirs(t, n.FD)
			found = true
		}
	}
	if f := th.file(int32(c.Args[0])); f != nil && c.Errno == 0 && apartFrom(f.Type, usedAs(c.Sys)) {
		r.theirs(t, f.FD)
		found = true
	}
	return found
}

// theirs makes threads whose process was an assumption processes when the number that another got is one that they use.
func (r *straceReader) theirs(t *tracee, fd int32) {
	th := r.em.threads[t.tid]
	if th == nil || th.file(fd) == nil {
		return
	}
	for _, o := range r.tracees {
		if o != t && o.guessed && o.files == t.files && o.used[fd] {
			r.apart(o)
		}
	}
}

// firstArgument is the first argument of a call as it is printed.
func firstArgument(s []byte) []byte {
	if i := bytes.IndexByte(s, ','); i >= 0 {
		return s[:i]
	}
	return s
}
