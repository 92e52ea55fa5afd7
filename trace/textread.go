package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// TextError says where a line of the text form is wrong.
type TextError struct {
	Line   int // from 1; 0 for ParseText
	Column int // byte, from 1
	What   string
}

func (e *TextError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("column %d: %s", e.Column, e.What)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.What)
}

// ErrNoEvent is returned by ParseText for a line that is empty or only a comment.
var ErrNoEvent = errors.New("no event in this line")

var kindByName = func() map[string]Kind {
	m := map[string]Kind{}
	for k := KindNone + 1; k < KindCount; k++ {
		m[Specs[k].Name] = k
	}
	return m
}()

// lineParser walks over one line.
type lineParser struct {
	s   string
	at  int // of the word being looked at
	pos int
}

func (p *lineParser) fail(format string, args ...any) error {
	return &TextError{Column: p.at + 1, What: fmt.Sprintf(format, args...)}
}

// word takes the next word; "" at the end of the line or at a comment. A quoted string is part of its word.
func (p *lineParser) word() (string, error) {
	for p.pos < len(p.s) && (p.s[p.pos] == ' ' || p.s[p.pos] == '\t') {
		p.pos++
	}
	p.at = p.pos
	if p.pos == len(p.s) || p.s[p.pos] == '#' {
		return "", nil
	}
	for p.pos < len(p.s) && p.s[p.pos] != ' ' && p.s[p.pos] != '\t' {
		if p.s[p.pos] == '"' {
			q, err := strconv.QuotedPrefix(p.s[p.pos:])
			if err != nil {
				p.at = p.pos
				return "", p.fail("a string that does not end, or a wrong escape in it")
			}
			p.pos += len(q)
			continue
		}
		p.pos++
	}
	return p.s[p.at:p.pos], nil
}

// ParseText reads one line of the text form. A line that is empty or a comment gives ErrNoEvent; whatever else is wrong
// is a *TextError that says at which column.
func ParseText(line string) (Event, error) {
	var e Event
	p := lineParser{s: strings.TrimRight(line, "\r\n")}
	w, err := p.word()
	if err != nil {
		return e, err
	}
	if w == "" {
		return e, ErrNoEvent
	}
	if e.Time, err = parseFixed(w); err != nil {
		return e, p.fail("time %q: %v", w, err)
	}
	if w, err = p.word(); err != nil {
		return e, err
	}
	n, err := strconv.ParseUint(w, 10, 32)
	if err != nil {
		return e, p.fail("stream %q is not a number", w)
	}
	e.Stream = uint32(n)
	if w, err = p.word(); err != nil {
		return e, err
	}
	if k, ok := kindByName[w]; ok {
		e.Kind = k
	} else if n, err := strconv.ParseUint(strings.TrimPrefix(w, "Kind"), 10, 8); err == nil && strings.HasPrefix(w, "Kind") {
		e.Kind = Kind(n)
	} else {
		return e, p.fail("no kind of event is called %q", w)
	}
	if w, err = p.word(); err != nil {
		return e, err
	}
	if e.Phase, err = parsePhase(w); err != nil {
		return e, p.fail("%v", err)
	}
	for {
		if w, err = p.word(); err != nil {
			return e, err
		}
		if w == "" {
			return e, nil
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return e, p.fail("%q is not name=value", w)
		}
		if err := e.setField(name, value); err != nil {
			return e, p.fail("%s: %v", name, err)
		}
	}
}

func parsePhase(w string) (Phase, error) {
	base, late := strings.CutSuffix(w, "+late")
	var p Phase
	switch base {
	case "complete":
	case "enter":
		p = PhaseEnter
	case "exit":
		p = PhaseExit
	default:
		n, err := strconv.ParseUint(strings.TrimPrefix(base, "phase"), 10, 7)
		if err != nil || !strings.HasPrefix(base, "phase") {
			return 0, fmt.Errorf("phase %q is none of complete, enter, exit", w)
		}
		p = Phase(n)
	}
	if late {
		p |= PhaseLate
	}
	return p, nil
}

// setField puts a value into the slot of the field with that name.
func (e *Event) setField(name, value string) error {
	if name == "seq" {
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return errNumber
		}
		e.Seq = uint32(n)
		return nil
	}
	if raw, ok := strings.CutPrefix(name, "raw."); ok {
		for s := range slotCount {
			if slotNames[s] == raw {
				n, err := strconv.ParseUint(value, 0, int(slotBits(s)))
				if err != nil {
					return errNumber
				}
				e.setSlot(s, e.Slot(s)|n)
				return nil
			}
		}
		return errors.New("no such slot")
	}
	if e.Kind >= KindCount {
		return errors.New("an unknown kind has only raw fields")
	}
	spec := &Specs[e.Kind]
	for i := range spec.Fields {
		f := &spec.Fields[i]
		if f.Name != name {
			continue
		}
		if f.Unit == UText {
			s, err := strconv.Unquote(value)
			if err != nil || value[0] != '"' {
				return errors.New("not a quoted string")
			}
			if len(s) > NamePiece {
				return fmt.Errorf("longer than %d bytes", NamePiece)
			}
			copy(e.text()[:], s)
			return nil
		}
		v, err := f.ParseValue(value)
		if err != nil {
			return err
		}
		e.setSlot(f.Slot, e.Slot(f.Slot)&^f.mask()|v<<f.Shift)
		return nil
	}
	return fmt.Errorf("%s has no such field", spec.Name)
}

var errNumber = errors.New("not a number that fits")

// ParseValue is the inverse of AppendValue. Enums and errors are also taken as numbers.
func (f *Field) ParseValue(s string) (uint64, error) {
	n := int(f.fieldBits())
	switch f.Unit {
	case UInt, UBytes, UFD:
		return f.unsigned(strconv.ParseInt(s, 10, n))
	case UNanos:
		return f.unsigned(parseDuration(s))
	case UMoment:
		return f.unsigned(parseFixed(s))
	case UWall:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return 0, errors.New("not a time of the form 2006-01-02T15:04:05.999999999Z")
		}
		return f.unsigned(t.UnixNano(), nil)
	case UInst:
		if rest, ok := strings.CutPrefix(s, "set"); ok {
			v, err := strconv.ParseUint(rest, 10, 31)
			if err != nil {
				return 0, errNumber
			}
			return v | pseudoInstance, nil
		}
		if rest, ok := strings.CutPrefix(s, "ring"); ok {
			v, err := strconv.ParseUint(rest, 10, 30)
			if err != nil {
				return 0, errNumber
			}
			return v | ringInstance, nil
		}
		if rest, ok := strings.CutPrefix(s, "ep"); ok {
			v, err := strconv.ParseUint(rest, 10, 30)
			if err != nil || v == ringInstance-1 {
				return 0, errNumber
			}
			return v + 1, nil
		}
		if s == "0" {
			return 0, nil
		}
		return 0, errors.New("neither epN, setN nor ringN")
	case UPlus1:
		if s == "?" {
			return 0, nil
		}
		v, err := strconv.ParseUint(s, 10, n)
		if err != nil || v == 1<<n-1 {
			return 0, errNumber
		}
		return v + 1, nil
	case UPoll:
		return pollBits.parse(s, n)
	case UOpen:
		return openBits.parse(s, n)
	case UMsg:
		return msgBits.parse(s, n)
	case UHex:
		v, err := strconv.ParseUint(s, 0, n)
		if err != nil {
			return 0, errNumber
		}
		return v, nil
	case UEnum:
		if v, ok := f.Words.Value(s); ok && v != 0 {
			return uint64(v), nil
		}
	case UErrno:
		if v, ok := ErrnoByName(s); ok {
			return uint64(v), nil
		}
	}
	v, err := strconv.ParseUint(s, 10, n)
	if err != nil {
		if f.Unit == UEnum {
			return 0, fmt.Errorf("%q is not known here", s)
		}
		return 0, errNumber
	}
	return v, nil
}

// unsigned cuts a signed value to the field's bits.
func (f *Field) unsigned(v int64, err error) (uint64, error) {
	if err != nil {
		if errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
			return 0, errNumber
		}
		return 0, err
	}
	return uint64(v) & (f.mask() >> f.Shift), nil
}

func (n bitNames) parse(s string, bits int) (uint64, error) {
	var v uint64
next:
	for part := range strings.SplitSeq(s, "|") {
		for _, x := range n {
			if x.name == part {
				v |= uint64(x.bit)
				continue next
			}
		}
		u, err := strconv.ParseUint(part, 0, bits)
		if err != nil {
			return 0, fmt.Errorf("no bit is called %q", part)
		}
		v |= u
	}
	return v, nil
}

// parseFixed reads seconds with at most nine decimals as ns.
func parseFixed(s string) (int64, error) { return parseDecimal(s, 9) }

// parseDuration reads what AppendDuration writes, and whole nanoseconds without a unit.
func parseDuration(s string) (int64, error) {
	for _, u := range []struct {
		name   string
		digits int
	}{{"ns", 0}, {"us", 3}, {"ms", 6}, {"s", 9}} {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			return parseDecimal(rest, u.digits)
		}
	}
	return parseDecimal(s, 0)
}

// parseDecimal reads a decimal number and multiplies it by ten to the power of digits, exactly.
func parseDecimal(s string, digits int) (int64, error) {
	rest, neg := strings.CutPrefix(s, "-")
	whole, frac, dot := strings.Cut(rest, ".")
	if len(frac) > digits || whole == "" || dot && frac == "" {
		return 0, errNumber
	}
	u, err := strconv.ParseUint(whole+frac+"000000000"[:digits-len(frac)], 10, 64)
	if err != nil {
		return 0, errNumber
	}
	switch {
	case neg && u <= 1<<63:
		return -int64(u), nil
	case !neg && u < 1<<63:
		return int64(u), nil
	}
	return 0, errNumber
}

// MaxTextLine is the longest line that ReadText takes, in bytes.
const MaxTextLine = 1 << 16

// ReadText reads a whole text, skipping empty lines and comments. After an error it returns what came before it.
func ReadText(r io.Reader) ([]Event, error) {
	var evs []Event
	err := EachText(r, func(string) error { return nil }, func(e *Event) error {
		evs = append(evs, *e)
		return nil
	})
	return evs, err
}

// EachText calls event for each event of a text, and other for each line that has none. An error, its own or that of what it calls, says
// which line.
func EachText(r io.Reader, other func(line string) error, event func(*Event) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 4096), MaxTextLine)
	line := 0
	for sc.Scan() {
		line++
		e, err := ParseText(sc.Text())
		if err == ErrNoEvent {
			err = other(sc.Text())
		} else if err == nil {
			err = event(&e)
		}
		if err != nil {
			return errLine(line, err)
		}
	}
	if err := sc.Err(); err != nil {
		return errLine(line+1, err)
	}
	return nil
}

// errLine is an error with the number of a line.
func errLine(line int, err error) error {
	if te, ok := errors.AsType[*TextError](err); ok {
		te.Line = line
		return err
	}
	return fmt.Errorf("line %d: %w", line, err)
}
