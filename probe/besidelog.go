package probe

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"evviz/trace"
)

// A text with such lines is read twice when it is a file: first for the lines, which may stand behind the log that they help with, and for
// what of them the log itself knows better. Of a pipe they count from where they stand.

const (
	besideWhole = 4 << 20   // files up to this are looked through as a whole,
	besideEnds  = 256 << 10 // of longer ones the beginning and the end
)

// besideLog is what a log does with numbers and threads, as far as it matters for lines beside it.
type besideLog struct {
	changed map[int]bool // numbers that it opens or closes: what they were later, they need not have been at the beginning
	named   map[int]bool // numbers that it names itself (-y)
	tids    map[int]bool
	all     bool // it may have closed any
	of      int  // the process that strace was attached to, if it was one
}

// ReadBeside reads a text of such lines. It is an error when there are none in it.
func ReadBeside(path string) (*Beside, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := &Beside{late: true}
	if err := b.read(f); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if b.join(); b.Empty() {
		return nil, fmt.Errorf("%s: no line of lsof -p, ls -l /proc/PID/fd, ss -tnp, netstat -anp or /proc/PID/fdinfo/N is in it", path)
	}
	return b, nil
}

// read takes every line of a text that is known, and notes where the log's calls begin.
func (b *Beside) read(r io.Reader) error {
	in := newInput(r, "", 1<<16)
	var l line
	for {
		raw, ok := in.next()
		if !ok {
			if in.err != io.EOF {
				return in.err
			}
			return nil
		}
		if in.giant {
			continue
		}
		switch parsePasted(&l, raw, in.colours); l.what {
		case isUnknown:
			b.Line(raw)
		case isCall, isBegun, isResumed:
			b.late = true
		}
	}
}

// besideIn reads what of a file stands beside its log.
func besideIn(f *os.File) (*Beside, error) {
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return nil, err
	}
	b := &Beside{}
	if st.Size() <= besideWhole {
		err = b.read(io.NewSectionReader(f, 0, st.Size()))
	} else if err = b.read(io.NewSectionReader(f, 0, besideEnds)); err == nil {
		b.late = true
		err = b.read(io.NewSectionReader(f, st.Size()-besideEnds, besideEnds))
	}
	b.join()
	b.late = false
	return b, err
}

// makesNumber are the calls whose result is a new number.
var makesNumber = wordSet("accept accept4 socket open openat openat2 creat dup dup2 dup3 fcntl fcntl64 epoll_create epoll_create1 eventfd eventfd2 timerfd_create signalfd signalfd4 " +
	"inotify_init inotify_init1 io_uring_setup memfd_create pidfd_open pidfd_getfd perf_event_open userfaultfd")

// read takes a log's word.
func (g *besideLog) read(r io.Reader) error {
	g.changed, g.named, g.tids = map[int]bool{}, map[int]bool{}, map[int]bool{}
	in := newInput(r, "", blockOf)
	var l line
	for {
		raw, ok := in.next()
		if !ok {
			break
		}
		if in.giant {
			continue
		}
		if parsePasted(&l, raw, in.colours); l.what != isCall && l.what != isBegun && l.what != isResumed {
			if pid, ok := attachedTo(unwrap(raw)); ok {
				g.of = pid
			}
			continue
		}
		if l.tid != 0 {
			g.tids[l.tid] = true
		}
		name := string(l.name)
		switch {
		case name == "close" && l.what != isResumed:
			if n, ok := leading(l.body); ok {
				g.changed[n] = true
			}
		case name == "close_range", name == "execve", name == "execveat":
			g.all = true
		case makesNumber[name]:
			if i := bytes.LastIndex(l.body, []byte("= ")); i >= 0 {
				if n, ok := leading(l.body[i+2:]); ok {
					g.changed[n] = true
				}
			}
		case name == "pipe", name == "pipe2", name == "socketpair":
			if i := bytes.LastIndexByte(l.body, '['); i >= 0 {
				for _, w := range bytes.Split(l.body[i+1:], []byte(",")) {
					if n, ok := leading(bytes.TrimSpace(w)); ok {
						g.changed[n] = true
					}
				}
			}
		case (name == "recvmsg" || name == "recvmmsg") && bytes.Contains(l.body, []byte("SCM_RIGHTS")):
			g.all = true
		}
		g.names(l.body)
	}
	if in.err != io.EOF {
		return in.err
	}
	return nil
}

// names notes numbers that are followed by what -y says of them: 7<TCP:[...]>, behind "(", ", ", "= " or "=".
func (g *besideLog) names(s []byte) {
	for i := 1; i < len(s); i++ {
		if s[i] != '<' || !isDigit(s[i-1]) {
			continue
		}
		j := i
		for j > 0 && i-j < 10 && isDigit(s[j-1]) {
			j--
		}
		if n, ok := leading(s[j:i]); ok && (j == 0 || s[j-1] == ' ' || s[j-1] == '(' || s[j-1] == '[' || s[j-1] == '=') {
			g.named[n] = true
		}
	}
}

// leading is the number that s begins with.
func leading(s []byte) (n int, ok bool) {
	for i := 0; i < len(s) && i < 9 && isDigit(s[i]); i++ {
		n, ok = n*10+int(s[i]-'0'), true
	}
	return n, ok
}

// withBeside gives a reader of files what is known beside their logs. given may be nil.
func (r *straceReader) withBeside(given *Beside, files []*os.File) error {
	b := &Beside{}
	if len(files) == 1 {
		own, err := besideIn(files[0])
		if err != nil {
			return err
		}
		if own != nil {
			b = own
		}
	}
	if given != nil {
		b.Add(given)
		b.join()
	}
	r.beside = b
	if b.Empty() {
		return nil
	}
	r.log = &besideLog{}
	for _, f := range files {
		st, err := f.Stat()
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		g := besideLog{}
		if err := g.read(io.NewSectionReader(f, 0, st.Size())); err != nil {
			return err
		}
		r.log.add(&g)
		if n := numberOf(f.Name()); n != 0 {
			r.log.add(&besideLog{tids: map[int]bool{n: true}})
		}
	}
	return nil
}

func (g *besideLog) add(o *besideLog) {
	if g.changed == nil {
		g.changed, g.named, g.tids = map[int]bool{}, map[int]bool{}, map[int]bool{}
	}
	g.all, g.of = g.all || o.all, max(g.of, o.of)
	for n := range o.changed {
		g.changed[n] = true
	}
	for n := range o.named {
		g.named[n] = true
	}
	for n := range o.tids {
		g.tids[n] = true
	}
}

// known says whether the log itself says what a number is, or makes it doubtful that it was so at the beginning.
func (g *besideLog) known(fd int, late bool) bool {
	return g != nil && (g.named[fd] || late && (g.all || g.changed[fd]))
}

// restateBeside tells what is known of a process's descriptors, before its first call.
func (r *straceReader) restateBeside(t *tracee, at int64) {
	if r.restated == nil {
		r.restated = map[int]bool{}
	}
	if r.restated[t.files] {
		return
	}
	r.restated[t.files] = true
	b := r.beside
	mine := r.ownersOf(t)
	var th *thread
	begin := func() {
		if th == nil {
			th = r.em.thread(&Call{PID: t.pid, TID: t.tid, Files: t.files, Comm: t.comm, Time: at})
		}
	}
	instances := []int{}
	told := map[int]bool{}
	for i := range b.FDs {
		x := &b.FDs[i]
		if x.FD < 0 || !mine(x.PID) {
			continue
		}
		if x.Type == trace.TypeEpoll && !told[x.FD] {
			instances = append(instances, x.FD)
		}
		if x.Type == trace.TypeUnknown && x.Local == "" && x.Path == "" || r.log.known(x.FD, x.late) {
			continue
		}
		if x.PID == 0 && told[x.FD] {
			continue // a line that names the process has said it
		}
		told[x.FD] = true
		begin()
		d := descriptor{typ: x.Type, flags: x.Flags, peer: x.Peer, local: x.Local}
		if d.peer == "" {
			d.peer = x.Path
		}
		if th.descriptor(int32(x.FD)) != d {
			r.em.restate(th, int32(x.FD), d, at)
		}
	}
	for i := range b.Regs {
		x := &b.Regs[i]
		epfd := x.EPFD
		if epfd < 0 && len(instances) == 1 {
			epfd = instances[0]
		}
		if epfd < 0 || !mine(x.PID) || x.late && (r.log != nil && (r.log.all || r.log.changed[x.FD] || r.log.changed[epfd])) {
			continue
		}
		begin()
		r.em.tell(th, trace.Event{Kind: trace.State, Time: max(at, th.last), FD: int32(x.FD), Inst: instance(int32(epfd)),
			Mask: x.Events &^ epollAlways, A: int64(x.Data), Aux: trace.StateAux(trace.StateRegistration, 0, trace.AnswerUnknown, trace.AnswerUnknown, trace.AnswerUnknown)})
	}
}

// epollAlways are the bits that the kernel puts into every registration: EPOLLERR and EPOLLHUP.
const epollAlways = 0x8 | 0x10

// ownersOf says of which process numbers the lines are about a thread's descriptors. Where all are about one process that the log does not
// name by its number, it is the log's first: strace prints threads, and none while there is but one.
func (r *straceReader) ownersOf(t *tracee) func(pid int) bool {
	only, many := 0, false
	note := func(pid int) {
		switch {
		case pid == 0:
		case only == 0:
			only = pid
		case only != pid:
			many = true
		}
	}
	for i := range r.beside.FDs {
		note(r.beside.FDs[i].PID)
	}
	for i := range r.beside.Regs {
		note(r.beside.Regs[i].PID)
	}
	stranger := only != 0 && !many
	if r.log != nil {
		stranger = stranger && !r.log.tids[only]
		if len(r.log.tids) == 0 && r.log.of != 0 { // it numbers no thread, and is known all the same
			r.beside.of, stranger = r.log.of, stranger && r.log.of == only
		}
	}
	return func(pid int) bool {
		if pid == 0 || stranger {
			return t == r.root
		}
		return pid == t.pid
	}
}
