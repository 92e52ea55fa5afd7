package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// A text as a recording
//
// The text form can be read again as a whole: a test's story, an excerpt that somebody has cut out or written by hand. What the
// events do not tell (whether their times mean anything, which kinds could have occurred) stands in comments before the first of
// them, the head. It has the keys of a file's header:
//
//	# evviz timed="true"
//	# evviz kinds="3ffffffffffe"
//	# evviz missing="what is unread\x00system calls do not tell"
//
// A text without a head is taken to be timed, and a kind that does not occur in it is unknown.

// textHead begins each line of the head.
const textHead = "# evviz "

// MaxTextEvents is how many events a text may have: they are kept in memory, 256 MB of them.
const MaxTextEvents = 4_000_000

// AppendTextHead writes what is known of a source as the head of its text.
func AppendTextHead(b []byte, info *Info) []byte {
	put := func(k, v string) {
		b = append(b, textHead...)
		b = append(b, k...)
		b = append(b, '=')
		b = strconv.AppendQuoteToASCII(b, cut(v, maxLine/8)) // an escape has up to six bytes for one
		b = append(b, '\n')
	}
	put(keyTitle, info.Title)
	put(keyOrigin, info.Origin)
	put(keyTimed, strconv.FormatBool(info.Timed))
	put(keyMono, strconv.FormatInt(info.Clock.Mono, 10))
	put(keyWall, strconv.FormatInt(info.Clock.Wall, 10))
	put(keyKinds, strconv.FormatUint(uint64(info.Kinds), 16))
	for _, m := range info.Missing {
		put(keyMissing, m.What+"\x00"+m.Why)
	}
	for _, m := range info.Meta {
		if k := keyMeta + m.Key; !strings.ContainsAny(k, "=\r\n") && printableASCII(k) {
			put(k, m.Value)
		}
	}
	return b
}

func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

// readHead takes a line of the head into info; whether it is one. What it does not know it leaves.
func readHead(line string, info *Info) (bool, error) {
	rest, ok := strings.CutPrefix(line, textHead)
	if !ok {
		return false, nil
	}
	key, quoted, ok := strings.Cut(rest, "=")
	if !ok {
		return false, nil // a remark
	}
	v, err := strconv.Unquote(quoted)
	if err != nil {
		if v = quoted; strings.ContainsAny(quoted, "\"\\") {
			return false, fmt.Errorf("%s of the head: a string that does not end, or a wrong escape in it", key)
		}
	}
	bad := func(err error) (bool, error) {
		if err != nil {
			err = fmt.Errorf("%s of the head: %q is wrong", key, v)
		}
		return err == nil, err
	}
	switch key {
	case keyTitle:
		info.Title = v
	case keyOrigin:
		info.Origin = v
	case keyTimed:
		info.Timed, err = strconv.ParseBool(v)
		return bad(err)
	case keyMono:
		info.Clock.Mono, err = strconv.ParseInt(v, 10, 64)
		return bad(err)
	case keyWall:
		info.Clock.Wall, err = strconv.ParseInt(v, 10, 64)
		return bad(err)
	case keyKinds:
		n, err := strconv.ParseUint(v, 16, 64)
		info.Kinds = KindSet(n)
		return bad(err)
	case keyMissing:
		what, why, _ := strings.Cut(v, "\x00")
		info.Missing = append(info.Missing, Missing{what, why})
	default:
		if k, ok := strings.CutPrefix(key, keyMeta); ok {
			info.Meta = append(info.Meta, Pair{k, v})
		}
	}
	return true, nil
}

// Text is a trace in the text form, read as a whole.
type Text struct {
	path   string
	info   Info
	events []Event
	last   int64 // time of the youngest

	next    int
	restate []Event
	closed  atomic.Bool
}

// SniffText says whether a file that begins with these bytes is a trace in the text form: whether its first line that is neither
// empty nor a remark is an event, or it has a head.
func SniffText(first []byte) bool {
	for len(first) > 0 {
		line, rest, _ := bytes.Cut(first, []byte("\n"))
		first = rest
		if len(line) > maxLine {
			return false
		}
		if ok, _ := readHead(strings.TrimRight(string(line), "\r"), new(Info)); ok {
			return true
		}
		if _, err := ParseText(string(line)); err != ErrNoEvent {
			return err == nil
		}
	}
	return false
}

// OpenText reads a file in the text form. A line that is wrong is an error that says which, and so is a text of more than
// MaxTextEvents: half of a trace would be taken for all of it.
func OpenText(path string) (*Text, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readText(f, path, MaxTextEvents)
}

func readText(r io.Reader, path string, most int) (*Text, error) {
	t := &Text{path: path, info: Info{Timed: true}}
	headed := false
	var kinds KindSet
	err := eachText(r, func(line string) error {
		ok, err := readHead(line, &t.info)
		headed = headed || ok
		return err
	}, func(e *Event) error {
		if len(t.events) == most {
			return fmt.Errorf("this text has more than %d events, which is what is kept in memory; a recording (.evt) may have any number", most)
		}
		if len(t.events) == 0 {
			t.last = e.Time
		} else if e.Time < t.last {
			e.Phase |= PhaseLate // who put it there did not say so
		}
		t.last = max(t.last, e.Time)
		if e.Kind < KindCount {
			kinds |= 1 << e.Kind
		}
		t.events = append(t.events, *e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !headed {
		t.info.Missing = append(t.info.Missing, Missing{What: "what could have occurred", Why: "the text has no head: a kind of event that is not in it is unknown"})
	}
	if t.info.Kinds == 0 {
		t.info.Kinds = kinds
	}
	t.info.Kinds |= kinds
	if t.info.Title == "" {
		t.info.Title = "text " + filepath.Base(path)
	}
	return t, nil
}

// Events is how many events there are.
func (t *Text) Events() int64 { return int64(len(t.events)) }

// Path is where it came from.
func (t *Text) Path() string { return t.path }

// Info describes the source.
func (t *Text) Info() Info { return t.info }

// Bounds are the times of the first and the youngest event.
func (t *Text) Bounds() (first, last int64) {
	if len(t.events) == 0 {
		return 0, 0
	}
	return t.events[0].Time, t.last
}

// SeekTime implements Seeker. It folds what lies before the moment.
func (t *Text) SeekTime(at int64) error {
	if t.closed.Load() {
		return fmt.Errorf("seek %s: %w", t.path, os.ErrClosed)
	}
	t.next = slices.IndexFunc(t.events, func(e Event) bool { return e.Time >= at && !e.Phase.IsLate() })
	if t.next < 0 {
		t.next = len(t.events)
	}
	t.restate = nil
	if t.next > 0 {
		world := NewTracker()
		for i := range t.events[:t.next] {
			world.Add(&t.events[i])
		}
		t.restate = world.Restate(at)
	}
	return nil
}

// Reopen makes a second reader of the same events.
func (t *Text) Reopen() (Source, error) {
	if t.closed.Load() {
		return nil, fmt.Errorf("open %s again: %w", t.path, os.ErrClosed)
	}
	return &Text{path: t.path, info: t.info, events: t.events, last: t.last}, nil
}

// Read implements Source. It never blocks.
func (t *Text) Read(ctx context.Context, buf []Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if t.closed.Load() {
		return 0, fmt.Errorf("read %s: %w", t.path, os.ErrClosed)
	}
	if n := copy(buf, t.restate); n > 0 {
		t.restate = t.restate[n:]
		return n, nil
	}
	n := copy(buf, t.events[t.next:])
	if t.next += n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close ends reading.
func (t *Text) Close() error {
	t.closed.Store(true)
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
