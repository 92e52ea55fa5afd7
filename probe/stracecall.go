package probe

import (
	"bytes"

	"evviz/trace"
)

// argument says how one argument is printed, and into which part of a Call it goes.
type argument uint8

const (
	argNone   argument = iota // a pointer, or of no interest
	argFD                     // a descriptor
	argNum                    // a number
	argFlags                  // flags of which only O_NONBLOCK, O_CLOEXEC and their likes matter
	argOp                     // operation of epoll_ctl
	argEvent                  // the event of epoll_ctl
	argEvents                 // the events of epoll_wait
	argSock                   // type or flags of a socket
	argMsg                    // flags of recvfrom, sendto
	argAddr                   // the other end's address
	argFrom                   // the address that a datagram came from
	argOwn                    // the own address
	argTimer                  // flags of clock_nanosleep, timerfd_settime
	argSpan                   // a time; NULL is for ever
	argEvery                  // time and period of timerfd_settime
	argClone                  // flags of clone, wherever they stand
	argPath                   // a file
	argPolls                  // the set of poll
	argIn                     // the sets of select
	argOut
	argPri
	argIov      // buffers
	argMsghdr   // a message
	argMmsg     // messages
	argEight    // 8 bytes that were read or written
	argPair     // two descriptors
	argHow      // how of shutdown
	argLevel    // level of a socket option
	argOption   // its name
	argValue    // its value, or that of ioctl: [1]
	argCmd      // command of fcntl
	argReq      // request of ioctl
	argFDOrNone // a descriptor, or -1
	argMap      // flags of mmap, of which MAP_SHARED matters
	argFutex    // operation of futex
	argRing     // time of io_uring_enter
)

// shape is how strace prints a call: its arguments, and how many of them there are at least.
type shape struct {
	least int
	args  []argument
}

func all(args ...argument) shape { return shape{len(args), args} }

// shapes is how strace prints the calls of the table.
var shapes = [sysCount]shape{
	SysEpollCreate:    all(argNone),
	SysEpollCreate1:   all(argFlags),
	SysEpollCtl:       all(argFD, argOp, argFD, argEvent),
	SysEpollWait:      all(argFD, argEvents, argNum, argNum),
	SysEpollPwait:     {4, []argument{argFD, argEvents, argNum, argNum}},
	SysEpollPwait2:    {4, []argument{argFD, argEvents, argNum, argSpan}},
	SysPoll:           all(argPolls, argNum, argNum),
	SysPpoll:          {3, []argument{argPolls, argNum, argSpan}},
	SysSelect:         all(argNum, argIn, argOut, argPri, argSpan),
	SysPselect6:       {5, []argument{argNum, argIn, argOut, argPri, argSpan}},
	SysURingSetup:     all(argNone, argNone),
	SysURingEnter:     {4, []argument{argFD, argNum, argNum, argNone, argRing}},
	SysURingRegister:  {2, []argument{argFD, argNone}},
	SysSocket:         all(argNone, argSock, argNone),
	SysSocketpair:     all(argNone, argSock, argNone, argPair),
	SysBind:           all(argFD, argOwn, argNone),
	SysListen:         all(argFD, argNum),
	SysAccept:         all(argFD, argAddr, argNone),
	SysAccept4:        all(argFD, argAddr, argNone, argSock),
	SysConnect:        all(argFD, argAddr, argNone),
	SysShutdown:       all(argFD, argHow),
	SysGetsockname:    all(argFD, argOwn, argNone),
	SysGetpeername:    all(argFD, argAddr, argNone),
	SysGetsockopt:     {4, []argument{argFD, argLevel, argOption, argValue}},
	SysSetsockopt:     {4, []argument{argFD, argLevel, argOption, argValue}},
	SysRead:           all(argFD, argEight, argNum),
	SysReadv:          all(argFD, argIov, argNone),
	SysPread64:        all(argFD, argNone, argNum, argNone),
	SysPreadv:         {3, []argument{argFD, argIov}},
	SysRecvfrom:       {4, []argument{argFD, argNone, argNum, argMsg, argFrom}},
	SysRecvmsg:        all(argFD, argMsghdr, argMsg),
	SysRecvmmsg:       {4, []argument{argFD, argMmsg, argNum, argMsg}},
	SysWrite:          all(argFD, argEight, argNum),
	SysWritev:         all(argFD, argIov, argNone),
	SysPwrite64:       all(argFD, argNone, argNum, argNone),
	SysPwritev:        {3, []argument{argFD, argIov}},
	SysSendto:         {4, []argument{argFD, argNone, argNum, argMsg}},
	SysSendmsg:        all(argFD, argMsghdr, argMsg),
	SysSendmmsg:       all(argFD, argMmsg, argNum, argMsg),
	SysSendfile:       all(argFD, argFD, argNone, argNum),
	SysSplice:         all(argFD, argNone, argFD, argNone, argNum, argFlags),
	SysFsync:          all(argFD),
	SysFdatasync:      all(argFD),
	SysMmap:           {5, []argument{argNone, argNone, argNone, argMap, argFDOrNone}},
	SysOpen:           {2, []argument{argPath, argFlags}},
	SysOpenat:         {3, []argument{argFD, argPath, argFlags}},
	SysDup:            all(argFD),
	SysDup2:           all(argFD, argNone),
	SysDup3:           all(argFD, argNone, argFlags),
	SysFcntl:          {2, []argument{argFD, argCmd, argFlags}},
	SysIoctl:          {2, []argument{argFD, argReq, argValue}},
	SysClose:          all(argFD),
	SysCloseRange:     all(argNum, argNum, argFlags),
	SysPipe:           all(argPair),
	SysPipe2:          all(argPair, argFlags),
	SysEventfd:        {1, []argument{argNone}},
	SysEventfd2:       all(argNone, argFlags),
	SysTimerfdCreate:  all(argNone, argFlags),
	SysTimerfdSettime: {3, []argument{argFD, argTimer, argEvery}},
	SysSignalfd:       {2, []argument{argFD}},
	SysSignalfd4:      all(argFD, argNone, argNone, argFlags),
	SysInotifyInit1:   all(argFlags),
	SysNanosleep:      {1, []argument{argSpan}},
	SysClockNanosleep: {3, []argument{argNone, argTimer, argSpan}},
	SysFutex:          {2, []argument{argNone, argFutex}},
	SysClone:          {0, []argument{argClone}},
	SysClone3:         {0, []argument{argClone}},
	SysExecve:         {1, []argument{argPath}},
}

// maxArgs is how many arguments are looked at; no call of the table has one that matters beyond it.
const maxArgs = 7

// parseCall reads "arguments) = result" into c, whose Sys is set. began is true for a call that has not come back: what is
// printed of its arguments is all there is, and a time that is not printed is taken for ever. took is the duration that -T
// prints, -1 without one.
func (p *parser) parseCall(c *Call, text []byte, began bool) (took int64, ok bool) {
	if p.comments {
		text = dropComments(text)
	}
	if len(text) > 0 && text[0] >= '_' && c.Sys != SysClone && c.Sys != SysClone3 && namedArguments(text) {
		text = dropNames(text)
	}
	p.left = -1
	var args [maxArgs][]byte
	n, done := 0, 0 // arguments that were found; those that were read on the way, as bits
	items := list{text}
	for sh := &shapes[c.Sys]; ; n++ {
		how := argNone
		if n < len(sh.args) {
			how = sh.args[n]
		}
		if c.Sys != SysOther && !p.slowly && (how != argNone || n > 0) {
			if rest, ok := p.quick(c, n, how, items.s); ok {
				if n < maxArgs {
					args[n] = items.s[:len(items.s)-len(rest)]
					if n > 0 && len(args[n]) > 2 {
						args[n] = args[n][2:] // the comma and the blank before it
					}
					done |= 1 << n
				}
				items.s = rest
				continue
			}
		}
		it, ok := items.next()
		if !ok {
			break
		}
		if n < maxArgs {
			args[n] = it
		}
	}
	took = -1
	var tail []byte
	if !began {
		if took, tail, ok = p.parseResult(c, items.s); !ok {
			return took, false
		}
		began = c.Phase == trace.PhaseEnter
	}
	n = min(n, maxArgs)
	if c.Sys == SysOther {
		if n > 0 {
			if fd, note, ok := p.descriptor(args[0]); ok {
				if note.Type == trace.TypeUnknown && bytes.Contains(text, []byte("st_mode=S_IFREG")) { // fstat, and newfstatat of a descriptor
					note.FD, note.Type = fd, trace.TypeOther
				}
				c.note(&note)
			}
		}
		return took, true
	}
	sh := &shapes[c.Sys]
	if n < sh.least {
		if !began {
			return took, false
		}
		p.unknownSpan(c)
	}
	for i, how := range sh.args {
		if i < n && how != argNone && done>>i&1 == 0 && !p.argument(c, i, how, args[i]) {
			return took, false
		}
	}
	return took, p.finish(c, args[:n], tail, text)
}

// unknownSpan: how long a call that was not printed whole may wait is not known, and -1 says so, or for ever.
func (p *parser) unknownSpan(c *Call) {
	c.Nanos = -1
	switch c.Sys {
	case SysEpollWait, SysEpollPwait:
		c.Args[3] = 1<<64 - 1
	case SysPoll:
		c.Args[2] = 1<<64 - 1
	case SysURingEnter:
		c.Args[2] = 1
	}
}

// argument reads the argument at i.
func (p *parser) argument(c *Call, i int, how argument, s []byte) (ok bool) {
	ok = true
	switch how {
	case argFD:
		var note FDNote
		var fd int32
		if fd, note, ok = p.descriptor(s); ok {
			c.Args[i] = uint64(fd)
			if note.Same != 0 {
				c.note(&note)
			}
		}
	case argNum:
		c.Args[i], ok = number(s)
	case argFlags:
		c.Args[i] = fileFlags.known(s)
	case argOp:
		c.Args[i], ok = ctlOps.value(s)
	case argSock:
		c.Args[i], ok = sockFlags.value(s)
	case argMsg:
		if len(s) == 1 && s[0] == '0' {
			return true
		}
		c.Args[i], ok = msgFlags.value(s)
	case argTimer:
		c.Args[i] = timerFlags.known(s)
	case argEvent:
		if c.Args[1] == ctlDel || c.Errno != 0 && (len(s) == 0 || s[0] != '{') {
			return true
		}
		c.Event, ok = epollEvent(s)
	case argEvents:
		if c.Errno == 0 {
			c.Events, ok = epollEvents(c.Events, s)
		}
	case argAddr:
		if c.Errno == 0 || c.Sys == SysConnect {
			if a := sockaddr(s); a != "" {
				c.Peer = p.intern([]byte(a))
			}
		}
	case argFrom:
		c.Addressed = len(s) > 0 && s[0] == '{' && c.Errno == 0
	case argOwn:
		c.Local = sockaddr(s)
	case argSpan:
		if s[0] == '{' || s[0] == 'N' {
			if c.Nanos, ok = timespec(s); c.Sys == SysSelect && s[0] == '{' && !bytes.Contains(s, []byte("tv_")) {
				sec := c.Nanos / 1e9 * 1e9
				c.Nanos = sec + (c.Nanos-sec)*1000 // without names; of select it is microseconds
			}
		} else if c.Nanos = -1; c.Errno == 0 {
			c.Nanos = 0 // a pointer that strace could not follow, and no error: it prints raw values
		}
	case argEvery:
		c.Every, c.Nanos, c.Known = itimer(s)
	case argPath:
		path, _ := quoted(s)
		c.Path = p.intern(path)
	case argPolls:
		c.Set, c.SetCut, ok = p.pollSet(c.Set, s, "events", c)
	case argIn:
		c.Set, ok = p.fdSet(c.Set, s, bitIn, c)
	case argOut:
		c.Set, ok = p.fdSet(c.Set, s, bitOut, c)
	case argPri:
		c.Set, ok = p.fdSet(c.Set, s, bitPri, c)
	case argIov:
		c.Bytes = buffersOf(s)
	case argMsghdr:
		c.Bytes = p.message(c, s)
	case argMmsg:
		c.Bytes, c.Moved = p.messages(c, s, c.Ret)
	case argEight:
		if c.Ret == 8 {
			c.Value, c.Known = eight(s)
		}
	case argPair:
		if c.Errno == 0 && c.Phase != trace.PhaseEnter {
			ok = p.pair(s, c)
		}
	case argHow:
		c.Args[i] = hows.one(s, 3)
	case argLevel:
		c.Args[i] = levels.one(s, 1<<64-1)
	case argOption:
		c.Args[i] = options.one(s, 1<<64-1)
	case argValue:
		c.Value, c.Known = optionValue(s)
	case argCmd:
		c.Args[i] = fcntlCmds.one(s, 1<<32)
	case argReq:
		if c.Args[i] = 0; string(s) == "FIONBIO" {
			c.Args[i] = fionbio
		} else if bytes.HasSuffix(s, []byte("FIONREAD")) || bytes.HasPrefix(s, []byte("FIONREAD")) { // also "TIOCINQ or FIONREAD"
			c.Args[i] = fionread
		} else if acts(s) {
			c.Args[i] = ioctlActs
		}
	case argFDOrNone:
		if len(s) > 0 && isDigit(s[0]) {
			return p.argument(c, i, argFD, s)
		}
		c.Args[i] = 1<<64 - 1
	case argMap:
		c.Args[i] = 0
		if bytes.Contains(s, []byte("MAP_SHARED")) {
			c.Args[i] = mapShared
		}
	case argFutex:
		c.Args[i] = futexOperation(s)
	case argRing:
		if c.Nanos = -1; s[0] == '{' {
			if at := bytes.Index(s, []byte("ts={")); at >= 0 {
				c.Nanos, _ = timespec(s[at+3:])
			}
		}
	}
	return ok
}

// idleRequests begin the requests of ioctl that ask, or set how a terminal or socket behaves: they move nothing. Whatever else there is
// (a frame of a camera, a transfer of a device, a period of sound) is that descriptor's way to read and write.
var idleRequests = [][]byte{[]byte("TCGETS"), []byte("TCSETS"), []byte("TCGET"), []byte("TCSET"), []byte("TIOCG"), []byte("TIOCS"), []byte("SNDCTL_TMR_"), []byte("FIO"), []byte("SIOCG"), []byte("SIOCATMARK"),
	[]byte("BLKGET"), []byte("FS_IOC"), []byte("EPIOC"), []byte("NS_GET"), []byte("PERF_EVENT_IOC_ID"), []byte("0x")}

// acts says whether a request moves something, as far as its name tells.
func acts(s []byte) bool {
	for _, w := range idleRequests {
		if bytes.HasPrefix(s, w) {
			return false
		}
	}
	return len(s) > 0 && s[0] >= 'A' && s[0] <= 'Z'
}

const bitIn, bitPri, bitOut = 0x1, 0x2, 0x4

// optionValue reads [1], [{tv_sec=5, tv_usec=0}] (its seconds), or a number.
func optionValue(s []byte) (v uint64, ok bool) {
	if l, is := inside(s, '['); is {
		it, _ := l.next()
		return optionValue(it)
	}
	if l, is := inside(s, '{'); is {
		it, _ := l.next()
		_, v := field(it)
		return number(v)
	}
	if raw, is := quoted(s); is { // a structure that strace does not know: its first word, as of a timeval
		if len(raw) > 8 {
			raw = raw[:8]
		}
		for i := len(raw) - 1; i >= 0; i-- {
			v = v<<8 | uint64(raw[i])
		}
		return v, len(raw) > 0
	}
	return number(s)
}

// futexOperation reads FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME.
func futexOperation(s []byte) uint64 {
	w, _ := cutFlag(s)
	return futexOps.one(bytes.TrimSuffix(w, []byte("_PRIVATE")), futexOp)
}

// finish reads what does not stand in a place of its own.
func (p *parser) finish(c *Call, args [][]byte, tail, text []byte) bool {
	p.aside.FDs = p.aside.FDs[:0]
	switch c.Sys {
	case SysAccept, SysAccept4:
		for i := range c.FDs {
			if n := &c.FDs[i]; c.Errno == 0 && int64(n.FD) == c.Ret && c.Phase != trace.PhaseEnter {
				c.Local = n.Local
				if c.Peer == "" {
					c.Peer = n.Peer
				}
			}
		}
	case SysPoll, SysPpoll:
		if c.Errno == 0 && c.Ret > 0 {
			// 1 ([{fd=3, revents=POLLIN}], left {tv_sec=0, tv_nsec=999})
			if l, is := inside(tail, '('); is {
				it, _ := l.next()
				var ok bool
				if c.Got, _, ok = p.pollSet(c.Got, it, "revents", &p.aside); ok {
					if it, more := l.next(); more {
						p.leftOf(c, it)
					}
				}
				return ok
			}
		}
	case SysSelect, SysPselect6:
		if c.Errno == 0 && c.Ret > 0 {
			return p.setsLeft(c, tail)
		}
	case SysReadv, SysPreadv, SysRecvmsg, SysWritev, SysPwritev, SysSendmsg:
		if c.Errno == 0 && len(args) > 1 && (c.Bytes == 0 || bytes.Contains(args[1], []byte("..."))) {
			c.Bytes = max(c.Bytes, c.Ret) // the list was cut or not printed: at least so many
		}
	case SysRecvmmsg, SysSendmmsg:
		c.Bytes = max(c.Bytes, c.Moved)
	case SysClockNanosleep, SysNanosleep:
		if c.Sys == SysClockNanosleep && c.Args[1]&timerAbstime != 0 || c.Nanos < 0 {
			c.Nanos = 0 // a moment, not a duration
		}
	case SysFcntl:
		if c.Args[1] == fGetfl && c.Errno == 0 {
			c.Ret |= int64(fileFlags.known(bytes.TrimSuffix(bytes.TrimPrefix(tail, []byte("(flags ")), []byte(")")))) & oNonblock
		}
	case SysOpen:
		if len(args) > 1 {
			c.Args[1] = fileFlags.known(args[1])
		}
	case SysOpenat:
		if len(args) > 2 && args[2][0] == '{' { // openat2
			c.Args[2] = fileFlags.known(after(args[2], "flags="))
		}
		c.FDs = c.FDs[:0] // of the directory nothing is of interest, and of the file the path says it all
	case SysURingEnter:
		if len(args) < 5 {
			c.Nanos = -1
		}
	case SysURingRegister:
		c.Args[1] = 0
		if len(args) > 1 {
			c.Args[1], _ = number(args[1])
		}
	case SysClone, SysClone3:
		c.Args[0] = forkFlags.known(after(text, "flags="))
	case SysVfork:
		c.Args[0] = cloneVM | cloneVfork
	case SysExit, SysExitGroup:
		if len(args) > 0 {
			c.Args[0], _ = number(args[0])
		}
	}
	return true
}

// setsLeft reads what select reports: 2 (in [3], out [4], left {tv_sec=0, tv_usec=9}).
func (p *parser) setsLeft(c *Call, tail []byte) bool {
	l, is := inside(tail, '(')
	if !is {
		return true
	}
	for it, ok := l.next(); ok; it, ok = l.next() {
		word, set, _ := bytes.Cut(it, []byte(" "))
		bit := uint32(0)
		switch string(word) {
		case "in":
			bit = bitIn
		case "out":
			bit = bitOut
		case "except":
			bit = bitPri
		case "left":
			p.leftOf(c, it)
			continue
		default:
			continue
		}
		if c.Got, ok = p.fdSet(c.Got, set, bit, &p.aside); !ok {
			return false
		}
	}
	return true
}

// leftOf reads how much of its time a call has left over: left {tv_sec=0, tv_usec=9}.
func (p *parser) leftOf(c *Call, s []byte) {
	_, s, _ = bytes.Cut(s, []byte(" "))
	if len(s) == 0 || s[0] != '{' {
		return
	}
	ns, ok := timespec(s)
	if c.Sys == SysSelect {
		ns, ok = micros(s)
	}
	if ok {
		p.left = max(ns, 0)
	}
}

// parseResult reads what stands behind the arguments: ") = 16<TCP:[...]> <0.000078>", ") = -1 EAGAIN (...)", ") = ?". tail
// is what follows the number.
func (p *parser) parseResult(c *Call, s []byte) (took int64, tail []byte, ok bool) {
	if len(s) == 0 || s[0] != ')' {
		return -1, nil, false
	}
	s = skipBlanks(s[1:])
	if len(s) < 3 || s[0] != '=' || s[1] != ' ' {
		return -1, nil, false
	}
	s, took = cutTook(skipBlanks(s[2:]))
	end := 0
	for end < len(s) && s[end] != ' ' && s[end] != '<' {
		end++
	}
	value, rest := s[:end], s[end:]
	if len(rest) > 0 && rest[0] == ' ' {
		rest = bytes.TrimSpace(rest)
	}
	switch {
	case len(value) == 1 && value[0] == '?':
		if c.Errno = errnoAt(rest); c.Errno == 0 {
			c.Phase = trace.PhaseEnter // it never came back
		}
		return took, rest, true
	case len(value) == 2 && value[0] == '-' && value[1] == '1':
		c.Errno = errnoAt(rest)
		c.Ret = -1
		if n := between(rest, "(errno ", ")"); c.Errno == 0 && len(n) > 5 && isDigit(n[0]) {
			c.Ret, c.Phase = 0, trace.PhaseEnter // no error number: strace found the thread dying
			return took, rest, true
		}
		return took, rest, c.Errno != 0 && !(p.strict && goesOn(rest))
	}
	n, ok := number(value)
	if !ok {
		return took, rest, false
	}
	c.Ret = int64(n)
	if len(rest) > 0 && rest[0] == '<' {
		if to := skipDecoration(rest, 0); to > 0 {
			if _, note, ok := p.descriptor(s[:end+to]); ok {
				c.note(&note)
			}
			rest = bytes.TrimSpace(rest[to:])
		}
	}
	if p.strict && len(rest) > 0 && goesOn(rest) {
		return took, rest, false
	}
	return took, rest, true
}

// cutTook takes the duration of -T from the end of a line.
func cutTook(s []byte) ([]byte, int64) {
	if len(s) < 4 || s[len(s)-1] != '>' {
		return s, -1
	}
	if i := len(s) - 11; i > 0 && s[i] == ' ' && s[i+1] == '<' && s[i+3] == '.' && isDigit(s[i+2]) { // <0.000031>
		us := int64(0)
		for j := i + 4; j < len(s)-1; j++ {
			if !isDigit(s[j]) {
				us = -1
				break
			}
			us = us*10 + int64(s[j]-'0')
		}
		if us >= 0 {
			for us = us*1000 + int64(s[i+2]-'0')*1e9; s[i-1] == ' '; i-- {
			}
			return s[:i], us
		}
	}
	i := len(s) - 2
	for i > 0 && (isDigit(s[i]) || s[i] == '.') {
		i--
	}
	if i < 1 || s[i] != '<' || s[i-1] != ' ' {
		return s, -1
	}
	ns, _, ok := seconds(s[i+1 : len(s)-1])
	if !ok || ns > 1e17 { // three years
		return s, -1
	}
	return bytes.TrimRight(s[:i-1], " "), ns
}
