package words

import (
	"fmt"

	"evviz/trace"
)

// sockOpts are the names of socket options that event loops set, by level and number. The numbers are those of every
// architecture but a few old ones (include/uapi/asm-generic/socket.h, linux/tcp.h).
var sockOpts = map[[2]int64]string{
	{1, 2}: "SO_REUSEADDR", {1, 3}: "SO_TYPE", {1, 4}: "SO_ERROR", {1, 6}: "SO_BROADCAST", {1, 7}: "SO_SNDBUF", {1, 8}: "SO_RCVBUF",
	{1, 9}: "SO_KEEPALIVE", {1, 13}: "SO_LINGER", {1, 15}: "SO_REUSEPORT", {1, 18}: "SO_RCVLOWAT", {1, 20}: "SO_RCVTIMEO", {1, 21}: "SO_SNDTIMEO",
	{1, 29}: "SO_TIMESTAMP", {1, 35}: "SO_TIMESTAMPNS", {1, 37}: "SO_TIMESTAMPING", {1, 46}: "SO_BUSY_POLL", {1, 60}: "SO_ZEROCOPY",
	{6, 1}: "TCP_NODELAY", {6, 2}: "TCP_MAXSEG", {6, 3}: "TCP_CORK", {6, 4}: "TCP_KEEPIDLE", {6, 5}: "TCP_KEEPINTVL", {6, 6}: "TCP_KEEPCNT",
	{6, 9}: "TCP_DEFER_ACCEPT", {6, 12}: "TCP_QUICKACK", {6, 18}: "TCP_USER_TIMEOUT", {6, 23}: "TCP_FASTOPEN", {6, 25}: "TCP_NOTSENT_LOWAT",
	{41, 26}: "IPV6_V6ONLY",
}

// socketLine says the calls that set a socket up and take it down.
func socketLine(s Around, e *trace.Event, result string) (what, note string) {
	switch e.Kind {
	case trace.SockOpt:
		opt, ok := sockOpts[[2]int64{e.A, e.B}]
		if !ok {
			opt = fmt.Sprintf("level %d, option %d", e.A, e.B)
		}
		if e.Aux != 0 { // of a value that is a structure a system call trace knows nothing, and 0 is how it says so
			note = fmt.Sprintf("to %d", e.Aux)
		}
		if note != "" && (opt == "SO_RCVTIMEO" || opt == "SO_SNDTIMEO") {
			note += " ms"
		}
		return fmt.Sprintf("setsockopt(%d, %s) = %s", e.FD, opt, result), note
	case trace.Listen:
		return fmt.Sprintf("listen(%d, %d) = %s", e.FD, e.A, result), harmless(s.Name(e.Stream, e.Aux))
	case trace.Connect:
		return fmt.Sprintf("connect(%d, %s) = %s", e.FD, harmless(s.Name(e.Stream, e.Aux)), result), ""
	}
	return fmt.Sprintf("shutdown(%d, %s) = %s", e.FD, map[uint32]string{0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}[e.Aux], result), ""
}
