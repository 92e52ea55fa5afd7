package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"evviz/trace"
)

// Errors of OpenFile that a caller may want to tell apart; what OpenFile returns wraps them in a sentence.
var (
	// ErrNotTrace: the file does not begin like a trace.
	ErrNotTrace = errors.New("not an evviz trace")
	// ErrNewerVersion: the file was written by a newer version of the format.
	ErrNewerVersion = errors.New("trace written by a newer evviz")
)

// fileMagic begins a trace. As in PNG, the first byte is not ASCII and the line ends show a transfer as text.
var fileMagic = [8]byte{0x89, 'e', 'v', 't', '\r', '\n', 0x1a, '\n'}

const (
	fileHeaderFixed = 16      // magic, version, flags, length of what follows
	maxFileHeader   = 1 << 20 // bytes, the most a reader believes
)

// Keys of the header. A reader ignores those that it does not know.
const (
	keyTitle   = "title"
	keyOrigin  = "origin"
	keyTimed   = "timed"
	keyDerived = "derived" // only where it is true
	keyMono    = "clock.mono"
	keyWall    = "clock.wall"
	keyKinds   = "kinds"
	keyKnows   = "knows"
	keyOS      = "os"
	keyOthers  = "others"     // calls that are seen and of which no event is made
	keyCalls   = "understood" // lines of a text that look like calls: how many were understood, of how many
	keyMissing = "missing"    // what, NUL, why; may occur many times
	keyMeta    = "meta."      // prefix
)

// appendFileHeader writes the header for info.
func appendFileHeader(b []byte, info trace.Info) []byte {
	var p []byte
	put := func(k, v string) {
		// The header is read as a whole, so a line of it is cut rather than written too long to be believed.
		p = appendString(p, cut(k, 4<<10))
		p = appendString(p, cut(v, 64<<10))
	}
	eachKey(&info, put)
	for _, m := range info.Meta {
		if len(p) > maxFileHeader/2 {
			break
		}
		put(keyMeta+m.Key, m.Value)
	}
	at := len(b)
	b = append(b, fileMagic[:]...)
	b = binary.LittleEndian.AppendUint16(b, trace.FileVersion)
	b = binary.LittleEndian.AppendUint16(b, 0) // flags
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p)))
	b = append(b, p...)
	return binary.LittleEndian.AppendUint32(b, checksum(b[at:]))
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// checkFileStart looks at the first bytes of a file: whether they are ours, and how long the rest of the header is.
func checkFileStart(b []byte, name string) (payload int, version uint16, err error) {
	if len(b) < fileHeaderFixed || [8]byte(b[:8]) != fileMagic {
		return 0, 0, fmt.Errorf("%s: %w", name, ErrNotTrace)
	}
	if v := binary.LittleEndian.Uint16(b[8:]); v > trace.FileVersion {
		return 0, 0, fmt.Errorf("%s has format version %d, this evviz reads up to %d; use a newer evviz: %w", name, v, trace.FileVersion, ErrNewerVersion)
	} else if v == 0 {
		return 0, 0, fmt.Errorf("%s has format version 0, which never existed: %w", name, ErrNotTrace)
	}
	return int(binary.LittleEndian.Uint32(b[12:])), binary.LittleEndian.Uint16(b[8:]), nil
}

// eachKey hands on what a header says of a source, but for Meta, by key.
func eachKey(i *trace.Info, put func(k, v string)) {
	put(keyTitle, i.Title)
	put(keyOrigin, i.Origin)
	put(keyTimed, strconv.FormatBool(i.Timed))
	if i.Derived {
		put(keyDerived, "true")
	}
	put(keyMono, strconv.FormatInt(i.Clock.Mono, 10))
	put(keyWall, strconv.FormatInt(i.Clock.Wall, 10))
	put(keyKinds, strconv.FormatUint(uint64(i.Kinds), 16))
	if i.Knows != 0 {
		put(keyKnows, i.Knows.String())
	}
	if i.OS != "" {
		put(keyOS, i.OS)
	}
	if i.Calls.Of != 0 {
		put(keyCalls, i.Calls.String())
	}
	if i.OtherCalls != 0 {
		put(keyOthers, strconv.FormatInt(i.OtherCalls, 10))
	}
	for _, m := range i.Missing {
		put(keyMissing, m.What+"\x00"+m.Why)
	}
}

// setKey takes in one thing that a header says. A key that is not known is left out: a newer evviz may write more.
func setKey(i *trace.Info, k, v string) (err error) {
	switch k {
	case keyTitle:
		i.Title = v
	case keyOrigin:
		i.Origin = v
	case keyTimed:
		i.Timed, err = strconv.ParseBool(v)
	case keyDerived:
		i.Derived, err = strconv.ParseBool(v)
	case keyMono:
		i.Clock.Mono, err = strconv.ParseInt(v, 10, 64)
	case keyWall:
		i.Clock.Wall, err = strconv.ParseInt(v, 10, 64)
	case keyKinds:
		var n uint64
		n, err = strconv.ParseUint(v, 16, 64)
		i.Kinds = trace.KindSet(n)
	case keyKnows:
		i.Knows = trace.ParseKnowledge(v)
	case keyOS:
		if i.OS = v; v != "" && v != trace.Linux {
			i.Missing = append(i.Missing, trace.Missing{What: "the right names of errors and events", Why: "their numbers are those of " + v + ", and read as Linux's"})
		}
	case keyOthers:
		i.OtherCalls, err = strconv.ParseInt(v, 10, 64)
	case keyCalls:
		i.Calls, err = trace.ParseShare(v)
	case keyMissing:
		what, why, _ := strings.Cut(v, "\x00")
		i.Missing = append(i.Missing, trace.Missing{What: what, Why: why})
	default:
		if k, ok := strings.CutPrefix(k, keyMeta); ok {
			i.Meta = append(i.Meta, trace.Pair{Key: k, Value: v})
		}
	}
	return err
}

// parseInfo reads the payload of a file header.
func parseInfo(p []byte) (trace.Info, error) {
	info := trace.Info{Timed: true}
	s := scanner{b: p}
	for s.p < len(p) && !s.bad {
		k := s.string()
		v := s.string()
		if s.bad {
			break
		}
		_ = setKey(&info, k, v) // what cannot be read is left unknown
	}
	if s.bad {
		return info, errors.New("damaged header")
	}
	return info, nil
}

// withKernel adds the running kernel to what a header says, unless the recorder wrote one down.
func withKernel(meta []trace.Pair) []trace.Pair {
	for _, m := range meta {
		if m.Key == "kernel" {
			return meta
		}
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return meta
	}
	return append([]trace.Pair{{Key: "kernel", Value: strings.TrimSpace(string(release))}}, meta...)
}
