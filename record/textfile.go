package record

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"evviz/internal/files"
	"evviz/trace"
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
func AppendTextHead(b []byte, info *trace.Info) []byte {
	put := func(k, v string) {
		b = append(b, textHead...)
		b = append(b, k...)
		b = append(b, '=')
		b = strconv.AppendQuoteToASCII(b, cut(v, trace.MaxTextLine/8)) // an escape has up to six bytes for one
		b = append(b, '\n')
	}
	eachKey(info, put)
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
func readHead(line string, info *trace.Info) (bool, error) {
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
	if err := setKey(info, key, v); err != nil {
		return false, fmt.Errorf("%s of the head: %q is wrong", key, v)
	}
	return true, nil
}

// SniffText says whether a file that begins with these bytes is a trace in the text form: whether its first line that is neither
// empty nor a remark is an event, or it has a head.
func SniffText(first []byte) bool {
	for len(first) > 0 {
		line, rest, _ := bytes.Cut(first, []byte("\n"))
		first = rest
		if len(line) > trace.MaxTextLine {
			return false
		}
		if ok, _ := readHead(strings.TrimRight(string(line), "\r"), new(trace.Info)); ok {
			return true
		}
		if _, err := trace.ParseText(string(line)); err != trace.ErrNoEvent {
			return err == nil
		}
	}
	return false
}

// OpenText reads a file in the text form. A line that is wrong is an error that says which, and so is a text of more than
// MaxTextEvents: half of a trace would be taken for all of it.
func OpenText(path string) (*Memory, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer f.Close()
	return readText(f, path, MaxTextEvents)
}

func readText(r io.Reader, path string, most int) (*Memory, error) {
	info := trace.Info{Timed: true}
	headed, last := false, int64(0)
	var events []trace.Event
	var kinds trace.KindSet
	err := trace.EachText(r, func(line string) error {
		ok, err := readHead(line, &info)
		headed = headed || ok
		return err
	}, func(e *trace.Event) error {
		if len(events) == most {
			return fmt.Errorf("this text has more than %d events, which is what is kept in memory; a recording (.evt) may have any number", most)
		}
		if len(events) == 0 {
			last = e.Time
		} else if e.Time < last {
			e.Phase |= trace.PhaseLate // who put it there did not say so
		}
		last = max(last, e.Time)
		if e.Kind < trace.KindCount {
			kinds |= 1 << e.Kind
		}
		events = append(events, *e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !headed {
		info.Missing = append(info.Missing, trace.Missing{What: "what could have occurred", Why: "the text has no head: a kind of event that is not in it is unknown"})
	}
	info.Kinds |= kinds
	if info.Title == "" {
		info.Title = "text " + filepath.Base(path)
	}
	return NewMemory(path, info, events, nil), nil
}
