package trace

import (
	"io"
	"strconv"
	"time"
)

// The text form: one event a line, derived from Specs.
//
//	TIME STREAM KIND PHASE name=value ... seq=N
//
// TIME is the monotonic clock in seconds, exact to the nanosecond; STREAM a number; PHASE complete, enter or exit, with
// +late where the merge said so. Fields that are 0 are left out but for descriptors and results. Durations are exact
// (1.5us), enums are words, bits are names joined by |, what has no name is a number, a Name id stays a number (the
// TextWriter adds the string as a comment). Bits of a slot that no field describes are written as raw.SLOT=0x..., so
// that ParseText gives back every event exactly. Control characters never leave: strings are quoted in ASCII.

// slotNames are the names behind "raw.".
var slotNames = [slotCount]string{"dur", "a", "b", "fd", "gen", "inst", "mask", "aux", "errno"}

// bitNames are the names of single bits, in the order in which they are written.
type bitNames []struct {
	name string
	bit  uint32
}

var pollBits = bitNames{{"IN", 0x1}, {"PRI", 0x2}, {"OUT", 0x4}, {"ERR", 0x8}, {"HUP", 0x10}, {"NVAL", 0x20}, {"RDNORM", 0x40},
	{"RDBAND", 0x80}, {"WRNORM", 0x100}, {"WRBAND", 0x200}, {"MSG", 0x400}, {"RDHUP", 0x2000}, {"EXCLUSIVE", 1 << 28}, {"WAKEUP", 1 << 29},
	{"ONESHOT", 1 << 30}, {"ET", 1 << 31}}

var openBits = bitNames{{"O_WRONLY", 0x1}, {"O_RDWR", 0x2}, {"O_CREAT", 0x40}, {"O_EXCL", 0x80}, {"O_NOCTTY", 0x100}, {"O_TRUNC", 0x200},
	{"O_APPEND", 0x400}, {"O_NONBLOCK", 0x800}, {"O_DSYNC", 0x1000}, {"O_ASYNC", 0x2000}, {"O_DIRECT", 0x4000}, {"O_LARGEFILE", 0x8000},
	{"O_DIRECTORY", 0x10000}, {"O_NOFOLLOW", 0x20000}, {"O_NOATIME", 0x40000}, {"O_CLOEXEC", 0x80000}, {"O_PATH", 0x200000}}

var msgBits = bitNames{{"MSG_OOB", 0x1}, {"MSG_PEEK", 0x2}, {"MSG_DONTROUTE", 0x4}, {"MSG_CTRUNC", 0x8}, {"MSG_TRUNC", 0x20},
	{"MSG_DONTWAIT", 0x40}, {"MSG_EOR", 0x80}, {"MSG_WAITALL", 0x100}, {"MSG_FIN", 0x200}, {"MSG_SYN", 0x400}, {"MSG_CONFIRM", 0x800},
	{"MSG_RST", 0x1000}, {"MSG_ERRQUEUE", 0x2000}, {"MSG_NOSIGNAL", 0x4000}, {"MSG_MORE", 0x8000}, {"MSG_WAITFORONE", 0x10000},
	{"MSG_BATCH", 0x40000}, {"MSG_ZEROCOPY", 0x4000000}, {"MSG_FASTOPEN", 0x20000000}, {"MSG_CMSG_CLOEXEC", 0x40000000}}

func (n bitNames) append(b []byte, v uint64) []byte {
	first := true
	for _, x := range n {
		if v&uint64(x.bit) != 0 {
			if !first {
				b = append(b, '|')
			}
			b = append(b, x.name...)
			first = false
			v &^= uint64(x.bit)
		}
	}
	if v != 0 || first {
		if !first {
			b = append(b, '|')
		}
		b = appendHex(b, v)
	}
	return b
}

func appendHex(b []byte, v uint64) []byte {
	b = append(b, "0x"...)
	return strconv.AppendUint(b, v, 16)
}

// AppendPoll writes epoll event bits as words: IN|RDHUP|ET.
func AppendPoll(b []byte, mask uint32) []byte { return pollBits.append(b, uint64(mask)) }

// PollString is AppendPoll as a string.
func PollString(mask uint32) string { return string(AppendPoll(nil, mask)) }

// appendFixed writes ns as seconds with nine decimals.
func appendFixed(b []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		b = append(b, '-')
		u = -u
	}
	b = strconv.AppendUint(b, u/1e9, 10)
	b = append(b, '.')
	frac := u % 1e9
	for p := uint64(1e8); p > 0; p /= 10 {
		b = append(b, byte('0'+frac/p%10))
	}
	return b
}

// AppendDuration writes a duration exactly, in the largest unit of s, ms, us and ns that it reaches: 1.5us.
func AppendDuration(b []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		b = append(b, '-')
		u = -u
	}
	unit, digits, name := uint64(1), 0, "ns"
	switch {
	case u >= 1e9:
		unit, digits, name = 1e9, 9, "s"
	case u >= 1e6:
		unit, digits, name = 1e6, 6, "ms"
	case u >= 1e3:
		unit, digits, name = 1e3, 3, "us"
	}
	b = strconv.AppendUint(b, u/unit, 10)
	if frac := u % unit; frac != 0 {
		for frac%10 == 0 {
			frac /= 10
			digits--
		}
		b = append(b, '.')
		at := len(b)
		for range digits {
			b = append(b, '0')
		}
		for i := len(b) - 1; i >= at; i-- {
			b[i] = byte('0' + frac%10)
			frac /= 10
		}
	}
	return append(b, name...)
}

// fieldBits is how many bits a field has.
func (f *Field) fieldBits() uint8 {
	if f.Bits == 0 {
		return slotBits(f.Slot)
	}
	return f.Bits
}

// mask are the field's bits within its slot.
func (f *Field) mask() uint64 {
	n := f.fieldBits()
	return (1<<n - 1) << f.Shift
}

// Raw is the field's value in an event, not sign-extended.
func (f *Field) Raw(e *Event) uint64 { return e.Slot(f.Slot) & f.mask() >> f.Shift }

// Value is the field's value in an event as its unit reads it: signed units sign-extended, UPlus1 still one too large.
func (f *Field) Value(e *Event) int64 { return f.signed(f.Raw(e)) }

func (f *Field) signed(v uint64) int64 {
	switch f.Unit {
	case UInt, UBytes, UNanos, UMoment, UWall, UFD:
		n := 64 - f.fieldBits()
		return int64(v<<n) >> n
	}
	return int64(v)
}

// shown says whether a field is written when it is 0: descriptors and results are, because there 0 is news.
func (f *Field) shown(k Kind) bool {
	switch f.Unit {
	case UFD:
		return true
	case UBytes:
		return f.Name == "ret" || f.Name == "done"
	}
	return k == Wait && f.Name == "count" || f.Name == "new" && f.Unit == UInt
}

// AppendText writes e as one line, without the line end. ParseText is its inverse.
func AppendText(b []byte, e *Event) []byte {
	b = appendFixed(b, e.Time)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(e.Stream), 10)
	b = append(b, ' ')
	var spec *Spec
	if e.Kind != KindNone && e.Kind < KindCount {
		spec = &Specs[e.Kind]
		b = append(b, spec.Name...)
	} else {
		b = append(b, "Kind"...)
		b = strconv.AppendUint(b, uint64(e.Kind), 10)
	}
	b = append(b, ' ')
	b = appendPhase(b, e.Phase)
	var known [slotCount]uint64
	if spec != nil {
		for i := range spec.Fields {
			f := &spec.Fields[i]
			if f.Unit == UText {
				known[SlotDur], known[SlotA], known[SlotB] = ^uint64(0), ^uint64(0), ^uint64(0)
				b = append(b, " text="...)
				b = strconv.AppendQuoteToASCII(b, e.wholeText())
				continue
			}
			known[f.Slot] |= f.mask()
			v := f.Raw(e)
			if v == 0 && (!f.shown(e.Kind) || e.Phase.Base() == PhaseEnter && f.Unit != UFD) {
				continue
			}
			b = append(b, ' ')
			b = append(b, f.Name...)
			b = append(b, '=')
			b = f.AppendValue(b, v)
		}
	}
	for s := range slotCount {
		if v := e.Slot(s) &^ known[s]; v != 0 {
			b = append(b, " raw."...)
			b = append(b, slotNames[s]...)
			b = append(b, '=')
			b = appendHex(b, v)
		}
	}
	b = append(b, " seq="...)
	return strconv.AppendUint(b, uint64(e.Seq), 10)
}

// wholeText are the bytes of a Name's text slots up to the last that is not 0, whatever its length says.
func (e *Event) wholeText() string {
	t := e.text()
	n := len(t)
	for n > 0 && t[n-1] == 0 {
		n--
	}
	return string(t[:n])
}

func appendPhase(b []byte, p Phase) []byte {
	switch p.Base() {
	case PhaseComplete:
		b = append(b, "complete"...)
	case PhaseEnter:
		b = append(b, "enter"...)
	case PhaseExit:
		b = append(b, "exit"...)
	default:
		b = append(b, "phase"...)
		b = strconv.AppendUint(b, uint64(p.Base()), 10)
	}
	if p.IsLate() {
		b = append(b, "+late"...)
	}
	return b
}

// AppendValue writes a value of the field (see Raw) the way the text form does.
func (f *Field) AppendValue(b []byte, v uint64) []byte {
	switch f.Unit {
	case UInt, UBytes, UFD:
		return strconv.AppendInt(b, f.signed(v), 10)
	case UNanos:
		if int64(v) == -1 {
			return append(b, "-1"...) // none, or for ever
		}
		return AppendDuration(b, f.signed(v))
	case UMoment:
		return appendFixed(b, f.signed(v))
	case UWall:
		return time.Unix(0, f.signed(v)).UTC().AppendFormat(b, time.RFC3339Nano)
	case UInst:
		if v == 0 {
			return append(b, '0')
		}
		n, set := InstanceNumber(InstanceID(v))
		switch {
		case set:
			b = append(b, "set"...)
		case IsRing(InstanceID(v)):
			b = append(b, "ring"...)
		default:
			b = append(b, "ep"...)
		}
		return strconv.AppendInt(b, int64(n), 10)
	case UPlus1:
		if v == 0 {
			return append(b, '?')
		}
		return strconv.AppendUint(b, v-1, 10)
	case UPoll:
		return pollBits.append(b, v)
	case UOpen:
		return openBits.append(b, v)
	case UMsg:
		return msgBits.append(b, v)
	case UHex:
		return appendHex(b, v)
	case UEnum:
		if w := f.Words.Word(uint32(v)); w != "" {
			return append(b, w...)
		}
	case UErrno:
		if w := ErrnoName(uint16(v)); w != "" {
			return append(b, w...)
		}
	}
	return strconv.AppendUint(b, v, 10)
}

// TextWriter writes events as text, with the strings of Name ids as comments behind them.
type TextWriter struct {
	w     io.Writer
	names Names
	buf   []byte
	err   error
}

// NewTextWriter writes to w; Flush brings the last lines out.
func NewTextWriter(w io.Writer) *TextWriter { return &TextWriter{w: w} }

// Write writes events, one a line.
func (t *TextWriter) Write(evs []Event) error {
	for i := range evs {
		e := &evs[i]
		t.names.Add(e)
		t.buf = AppendText(t.buf, e)
		t.buf = t.comment(t.buf, e)
		t.buf = append(t.buf, '\n')
		if len(t.buf) > 1<<16 {
			if err := t.Flush(); err != nil {
				return err
			}
		}
	}
	return t.err
}

// comment adds the strings that the event refers to.
func (t *TextWriter) comment(b []byte, e *Event) []byte {
	if e.Kind >= KindCount || len(nameSlots[e.Kind]) == 0 {
		return b
	}
	sep := "  # "
	for _, s := range nameSlots[e.Kind] {
		if n := t.names.Get(e.Stream, uint32(e.Slot(s))); n != "" {
			b = append(b, sep...)
			q := strconv.AppendQuoteToASCII(nil, n)
			b = append(b, q[1:len(q)-1]...)
			sep = ", "
		}
	}
	return b
}

// Flush hands what is buffered to the writer below. It returns the first error of all.
func (t *TextWriter) Flush() error {
	if t.err == nil && len(t.buf) > 0 {
		_, t.err = t.w.Write(t.buf)
	}
	t.buf = t.buf[:0]
	return t.err
}
