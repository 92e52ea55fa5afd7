package words

import (
	"fmt"
	"strings"

	"evviz/trace"
)

// openLine says how a descriptor came into being: by the call that made it, where that is known and is no event of its own.
func openLine(s Around, e *trace.Event) (what, note string) {
	v := trace.OpenOf(e)
	peer := harmless(s.Name(e.Stream, uint32(e.A)))
	if e.Errno != 0 {
		if v.From().String() == "" {
			return "no descriptor: " + trace.ErrnoName(e.Errno), peer
		}
		return v.From().String() + " = " + trace.ErrnoName(e.Errno), peer
	}
	switch v.From() {
	case trace.OriginSocket, trace.OriginEventfd, trace.OriginTimerfd, trace.OriginSignalfd, trace.OriginOpen, trace.OriginURing, trace.OriginPair, trace.OriginPipe:
		call := v.From().String()
		is := ""
		if t := v.Type().String(); !strings.HasPrefix(call, t) { // eventfd makes an eventfd
			is = aType(v.Type())
		}
		return fmt.Sprintf("%s = %d", call, e.FD), strings.Trim(is+" "+peer, " ")
	}
	if t := aType(v.Type()); t != "" {
		return fmt.Sprintf("fd %d is %s", e.FD, t), peer
	}
	return fmt.Sprintf("fd %d is open", e.FD), peer
}

// isOpen says of a descriptor that it is open, where nobody saw how it came to be.
func isOpen(fd int32, t trace.FileType, peer string) string {
	is := aType(t)
	if is != "" {
		is = ": " + is
	}
	return fmt.Sprintf("fd %d is open%s%s", fd, is, peer)
}

// aType is a descriptor's type with its article, "" where nothing can be said of it.
func aType(t trace.FileType) string {
	word := t.String()
	switch {
	case word == "", t == trace.TypeOther:
		return ""
	case word == "stream" || word == "datagram": // a listener is one, too, where it is not known to be more
		return "a " + word + " socket"
	case word == "epoll":
		return "an epoll instance"
	case strings.ContainsRune("aeiou", rune(word[0])):
		return "an " + word
	}
	return "a " + word
}

// Flags of open(2) on x86 and ARM, as recordings have them.
const (
	openNonblock = 0x800
	openCloexec  = 0x80000
)

// flagsLine says what a descriptor's flags are after a call that set some. Which of fcntl's two commands it was (F_SETFL, F_SETFD) is not
// recorded, so nothing is said of a flag that is not set: it may never have been known.
func flagsLine(e *trace.Event, result string) (what, note string) {
	on := []string{}
	if e.Mask&openNonblock != 0 {
		on = append(on, "non-blocking")
	}
	if e.Mask&openCloexec != 0 {
		on = append(on, "close-on-exec")
	}
	if note = "flags: " + strings.Join(on, ", "); e.Errno != 0 || len(on) == 0 {
		note = ""
	}
	if e.Errno == 0 && trace.FdFlagsOf(e).Call() == trace.CallIoctl {
		if note = "non-blocking from here on"; e.Mask&openNonblock == 0 {
			note = "blocking from here on"
		}
		return fmt.Sprintf("ioctl(%d, FIONBIO) = %s", e.FD, result), note
	}
	return fmt.Sprintf("fcntl(%d, flags) = %s", e.FD, result), note
}
