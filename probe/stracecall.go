package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"evviz/trace"
)

// argument says how one argument is printed, and into which part of a Call it goes.
type argument uint8

const (
	argNone    argument = iota // a pointer, or of no interest
	argFD                      // a descriptor
	argNum                     // a number
	argCreate                  // flags of epoll_create1
	argOp                      // operation of epoll_ctl
	argEvent                   // the event of epoll_ctl
	argEvents                  // the events of epoll_wait
	argSock                    // type or flags of a socket
	argMsg                     // flags of recvfrom, sendto
	argAddr                    // the other end's address
	argTimer                   // flags of clock_nanosleep
	argTime                    // its time
	argClone                   // flags of clone, wherever they stand
	argProgram                 // program of execve
)

// arguments is how strace prints the calls of the table.
var arguments = [sysCount][]argument{
	SysEpollCreate1:   {argCreate},
	SysEpollCtl:       {argFD, argOp, argFD, argEvent},
	SysEpollWait:      {argFD, argEvents, argNum, argNum},
	SysAccept4:        {argFD, argAddr, argNone, argSock},
	SysRead:           {argFD, argNone, argNum},
	SysWrite:          {argFD, argNone, argNum},
	SysRecvfrom:       {argFD, argNone, argNum, argMsg, argNone, argNone},
	SysSendto:         {argFD, argNone, argNum, argMsg, argNone, argNone},
	SysClose:          {argFD},
	SysSocket:         {argNone, argSock, argNone},
	SysConnect:        {argFD, argAddr, argNone},
	SysClockNanosleep: {argNone, argTimer, argTime, argNone},
	SysClone:          {argClone},
	SysClone3:         {argClone},
	SysExecve:         {argProgram},
}

var errNoResult = errors.New("there is no result")

// parseCall reads "name(arguments) = result" into c. began is true for a call that has not come back: what is printed of
// its arguments is all there is. took is the duration that -T prints, -1 without one.
func parseCall(c *Call, text string, began bool) (took int64, err error) {
	text = dropComments(text)
	open := strings.IndexByte(text, '(')
	args, rest := scanList(text[open+1:])
	if !began {
		if took, err = parseResult(c, rest); err != nil {
			return took, err
		}
		began = c.Phase == trace.PhaseEnter
	}
	want := arguments[c.Sys]
	if len(args) < len(want) && !began && c.Sys != SysClone && c.Sys != SysClone3 {
		return took, fmt.Errorf("%s has %d arguments, not %d", c.Sys, len(want), len(args))
	}
	for i, how := range want {
		if i < len(args) {
			if err := c.argument(i, how, args); err != nil {
				return took, fmt.Errorf("argument %d of %s: %w", i+1, c.Sys, err)
			}
		}
	}
	switch c.Sys {
	case SysAccept4:
		for i := range c.FDs {
			if n := &c.FDs[i]; c.Errno == 0 && int64(n.FD) == c.Ret && c.Phase != trace.PhaseEnter {
				c.Local = n.Local
				if c.Peer == "" {
					c.Peer = n.Peer
				}
			}
		}
	case SysConnect:
		c.Local = ""
	case SysClockNanosleep:
		if c.Args[1]&1 != 0 {
			c.Nanos = 0 // a moment, not a duration
		}
	case SysClone, SysClone3:
		if i := strings.Index(text, "flags="); i >= 0 {
			end := strings.IndexAny(text[i:], ", })")
			if end < 0 {
				end = len(text) - i
			}
			c.Args[0] = forkFlags.known(text[i+len("flags=") : i+end])
		}
	case SysVfork:
		c.Args[0] = cloneVM | cloneVfork
	}
	return took, nil
}

// argument reads the argument at i.
func (c *Call) argument(i int, how argument, args []string) (err error) {
	s := args[i]
	switch how {
	case argFD:
		var note FDNote
		fd, note, err := descriptor(s)
		if err != nil {
			return err
		}
		c.Args[i] = uint64(fd)
		if note.Type != trace.TypeUnknown || note.Peer != "" || note.Local != "" {
			c.FDs = append(c.FDs, note)
		}
	case argNum:
		c.Args[i], err = number(s)
	case argCreate:
		c.Args[i], err = createFlags.value(s)
	case argOp:
		c.Args[i], err = ctlOps.value(s)
	case argSock:
		c.Args[i], err = sockFlags.value(s)
	case argMsg:
		c.Args[i], err = msgFlags.value(s)
	case argTimer:
		c.Args[i], err = timerFlags.value(s)
	case argEvent:
		if c.Args[1] == ctlDel || c.Errno != 0 && !strings.HasPrefix(s, "{") {
			return nil
		}
		c.Event, err = epollEvent(s)
	case argEvents:
		if c.Errno == 0 {
			c.Events, err = epollEvents(s)
		}
	case argAddr:
		if c.Errno == 0 || c.Sys == SysConnect {
			c.Peer = sockaddr(s)
		}
	case argTime:
		if strings.HasPrefix(s, "{") {
			c.Nanos, err = timespec(s)
		}
	case argProgram:
		c.Program, _ = quoted(s)
	}
	return err
}

// parseResult reads what stands behind the arguments: ") = 16<TCP:[...]> <0.000078>", ") = -1 EAGAIN (...)", ") = ?".
func parseResult(c *Call, s string) (took int64, err error) {
	s, ok := strings.CutPrefix(s, ")")
	if !ok {
		return -1, errNoResult
	}
	if s, ok = strings.CutPrefix(strings.TrimSpace(s), "= "); !ok {
		return -1, errNoResult
	}
	s, took = cutTook(strings.TrimSpace(s))
	end := 0
	for end < len(s) && s[end] != ' ' && s[end] != '<' {
		end++
	}
	value := s[:end]
	rest := strings.TrimSpace(s[end:])
	switch {
	case value == "?":
		if c.Errno = errnoAt(rest); c.Errno == 0 {
			c.Phase = trace.PhaseEnter // it never came back
		}
		return took, nil
	case value == "-1":
		if c.Errno = errnoAt(rest); c.Errno == 0 {
			return took, errors.New("it failed and there is no error")
		}
		c.Ret = -1
		return took, nil
	}
	n, err := number(value)
	if err != nil {
		return took, err
	}
	c.Ret = int64(n)
	if strings.HasPrefix(rest, "<") {
		if to := skipDecoration(rest, 0); to > 0 {
			if _, note, err := descriptor(value + rest[:to]); err == nil && note.Type != trace.TypeUnknown {
				c.FDs = append(c.FDs, note)
			}
		}
	}
	return took, nil
}

// errnoAt is the error that a text begins with, by name or as "(errno 523)"; 0 when there is none.
func errnoAt(s string) uint16 {
	if n, err := strconv.ParseUint(between(s, "(errno ", ")"), 10, 16); err == nil {
		return uint16(n)
	}
	name, _, _ := strings.Cut(s, " ")
	n, _ := trace.ErrnoByName(name)
	return n
}

// cutTook takes the duration of -T from the end of a line.
func cutTook(s string) (string, int64) {
	i := strings.LastIndex(s, " <")
	if i < 0 || s[len(s)-1] != '>' {
		return s, -1
	}
	ns, ok := seconds(s[i+2 : len(s)-1])
	if !ok || ns > 1e17 { // three years
		return s, -1
	}
	return s[:i], ns
}

// seconds reads a decimal number of seconds as ns.
func seconds(s string) (int64, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || sec > maxSeconds || len(frac) > 9 {
		return 0, false
	}
	ns := uint64(0)
	if frac != "" {
		if ns, err = strconv.ParseUint(frac, 10, 63); err != nil {
			return 0, false
		}
		for range 9 - len(frac) {
			ns *= 10
		}
	}
	return int64(sec)*1e9 + int64(ns), true
}
