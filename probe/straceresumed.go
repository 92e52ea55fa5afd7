package probe

import (
	"bytes"

	"evviz/trace"
)

// A line that says that a call is over of which the text does not have the beginning: "<... epoll_wait resumed>[...], 512, 500) = 1".
// strace prints at the beginning what the program passes, and at the end what the kernel gives; so the descriptor is not known, but what
// came of the call is.

// resumedWithout takes such a line.
func (r *straceReader) resumedWithout(t *tracee, l *line, at int64) bool {
	if l.sys == SysOther {
		r.em.Other(r.p.intern(l.name))
		return true
	}
	c := &r.c
	c.reset()
	c.Sys, c.Phase, c.Headless = l.sys, trace.PhaseExit, true
	kind := table[l.sys].kind
	rest := l.body
	if namedArguments(skipComma(rest)) {
		rest = dropNames(rest)
	}
	took := int64(-1)
	ok := true
	items := list{rest}
	_, printed := items.next()
	switch kind {
	case trace.Wait, trace.Read, trace.Accept:
		if printed && kind != trace.Wait || l.sys == SysEpollWait || l.sys == SysEpollPwait || l.sys == SysEpollPwait2 {
			text := append([]byte("-1, "), skipComma(rest)...)
			if took, ok = r.p.parseCall(c, text, false); !ok {
				return false
			}
			break
		}
		fallthrough
	case trace.Write, trace.Sleep:
		for printed {
			_, printed = items.next()
		}
		var tail []byte
		if took, tail, ok = r.p.parseResult(c, items.s); !ok {
			return false
		}
		c.Args[0] = 1<<32 - 1
		if kind == trace.Wait {
			c.Args[1], c.Args[2], c.Nanos = 1<<24, 1<<32-1, -1
			if !r.p.finish(c, nil, tail, rest) {
				return false
			}
		}
		r.asMuchAs(c)
	default:
		r.em.Other(table[l.sys].name) // which descriptor it was about is not known
		return true
	}
	if c.Phase == trace.PhaseEnter {
		return true // it was interrupted for good
	}
	if c.Moved > 0 {
		c.Bytes = max(c.Bytes, c.Moved)
	}
	if t.inst == 0 && kind == trace.Wait && instanceCall(l.sys) {
		t.inst = r.instanceAhead(t.tid)
	}
	if t.inst > 0 && instanceCall(l.sys) {
		c.Args[0] = uint64(t.inst)
	}
	c.Time = at
	if took > 0 && r.clock.timed() {
		c.Dur = took
	}
	return r.emit(t, c) == nil
}

func skipComma(s []byte) []byte { return bytes.TrimLeft(s, ", ") }

// asMuchAs: how much was asked for is not known, and it was at least as much as came.
func (r *straceReader) asMuchAs(c *Call) {
	if c.Errno != 0 {
		return
	}
	n := max(c.Ret, 0)
	switch c.Sys {
	case SysRead, SysPread64, SysRecvfrom, SysWrite, SysPwrite64, SysSendto:
		c.Args[2] = uint64(n)
	case SysSendfile:
		c.Args[3] = uint64(n)
	case SysSplice:
		c.Args[4] = uint64(n)
	case SysRecvmmsg, SysSendmmsg:
	default:
		c.Bytes = max(c.Bytes, n)
	}
}

// instanceCall says whether a call waits on an epoll instance.
func instanceCall(s Sys) bool { return s == SysEpollWait || s == SysEpollPwait || s == SysEpollPwait2 }

// lookInstance is among how many lines is looked for a thread's next wait.
const lookInstance = 16

// instanceAhead is the descriptor that a thread's next wait on an instance is about, as far as one of the next lines says so; -1
// unknown.
func (r *straceReader) instanceAhead(tid int) int {
	var l line
	for i := range lookInstance {
		raw, ok := r.where.peek(i)
		if !ok {
			break
		}
		if !bytes.Contains(raw, []byte("epoll_")) {
			continue
		}
		parsePasted(&l, raw, r.where.colours)
		if l.what != isCall && l.what != isBegun || !instanceCall(l.sys) || r.tidOf(l.tid) != tid {
			continue
		}
		body := l.body
		if namedArguments(body) {
			body = dropNames(body)
		}
		items := list{body}
		if it, ok := items.next(); ok {
			if fd, _, ok := r.p.descriptor(it); ok && fd >= 0 {
				return int(fd)
			}
		}
		return -1
	}
	return -1
}
