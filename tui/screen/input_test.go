package screen

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

// handedOn is everything that the filter hands on now.
func handedOn(f *inputFilter) string {
	var b bytes.Buffer
	p := make([]byte, 128)
	for n := f.next(p); n > 0; n = f.next(p) {
		b.Write(p[:n])
	}
	return b.String()
}

// TestInputFilter: what passes, what is replaced, and what becomes of what never ends.
func TestInputFilter(t *testing.T) {
	for _, c := range []struct{ name, in, now, later string }{
		{"text", "q é 世 \u2426\ufffd\r\t\x03\x7f", "q é 世 \u2426\ufffd\r\t\x03\x7f", ""},
		{"not UTF-8", "a\xffb", "a␦b", ""},
		{"Latin-1", "caf\xe9\r", "caf␦\r", ""},
		{"a character that has no end", "a\xe4\xb8", "a", "␦␦"},
		{"a character that another cuts", "\xe4\xb8é", "␦␦é", ""},
		{"a surrogate", "\xed\xa0\x80", "␦␦␦", ""},
		{"an old mouse report", "\x1b[M !\"q", "\x1b[<0;1;2Mq", ""},
		{"an old mouse report beyond column 95", "\x1b[M \xc8!q", "\x1b[<0;168;1Mq", ""},
		{"an old mouse report of a release", "\x1b[M#!!q", "\x1b[<0;1;1mq", ""},
		{"an old mouse report of the wheel", "\x1b[M`!!q", "\x1b[<64;1;1Mq", ""},
		{"an old mouse report that has no end", "\x1b[M !", "", ""},
		{"arrows", "\x1b[A\x1bOB\x1b[1;5C\x1b[[A", "\x1b[A\x1bOB\x1b[1;5C\x1b[[A", ""},
		{"a mouse report", "\x1b[<0;10;20M\x1b[<0;10;20m", "\x1b[<0;10;20M\x1b[<0;10;20m", ""},
		{"Alt and a letter", "\x1bx", "\x1bx", ""},
		{"Alt and a character", "\x1bé", "\x1b[27ué", ""},
		{"Esc", "\x1b", "", "\x1b[27u"},
		{"Esc twice", "\x1b\x1b", "\x1b[27u", "\x1b[27u"},
		{"Esc and an arrow", "\x1b\x1b[A", "\x1b[27u\x1b[A", ""},
		{"Alt-]", "\x1b]", "", "\x1b[93;3u"},
		{"Alt-_", "\x1b_", "", "\x1b[95;3u"},
		{"Alt-^", "\x1b^", "", "\x1b[94;3u"},
		{"Alt-X", "\x1bX", "", "\x1b[88;3u"},
		{"Alt-P", "\x1bP", "", "\x1b[80;3u"},
		{"Alt-[", "\x1b[", "", "\x1b[91;3u"},
		{"Alt-O", "\x1bO", "", "\x1b[79;3u"},
		{"Alt-] and Esc", "\x1b]\x1b", "", "\x1b[93;3u\x1b[27u"},
		{"Alt-] and Ctrl-C", "\x1b]\x03q", "\x03q", ""},
		{"strings", "a\x1b]52;c;cXV1\x07b\x1b]0;t\x1b\\c\x1bPq\x1b\\d\x1b_q\x1b\\e\x1bXq\x1b\\f\x1b^q\x1b\\g", "abcdefg", ""},
		{"a string with more than ASCII in it", "a\x1b]0;é \xff q\x07b", "ab", ""},
		{"a string that has no end", "a\x1b]0;rrr", "a", ""},
		{"a string's end without its string", "\x1b\\q", "q", ""},
		{"a string that a key cuts", "\x1b]0;\x1b[A", "\x1b[A", ""},
		{"a control sequence that has no end", "\x1b[1;", "", ""},
		{"a control sequence that a key cuts", "\x1b[1;\x1b[A\x1b[1\x03", "\x1b[A\x03", ""},
		{"a control sequence that is too long", "\x1b[" + strings.Repeat("1;", 1000) + "Aq", "q", ""},
		{"what tcell waits behind", "\x1b[1[q", "q", ""},
		{"a key of win32-input-mode", "\x1b[65;30;97;1;0;1_", "\x1b[65;30;97;1;0;1_", ""},
		{"one that is held for ever", "\x1b[65;30;97;1;0;2147483647_", "\x1b[65;30;97;1;0;100_", ""},
		{"a sequence in win32-input-mode", "\x1b[0;0;27;1;0;1_\x1b[0;0;91;1;0;1_\x1b[0;0;65;1;0;1_", "\x1b[A", ""},
		{"a string in win32-input-mode", "\x1b[0;0;27;1;0;1_\x1b[0;0;93;1;0;1_", "", "\x1b[93;3u"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f inputFilter
			begin := time.Now()
			for i := range len(c.in) { // as split as it can be
				f.feed([]byte{c.in[i]}, begin)
			}
			if got := handedOn(&f); got != c.now {
				t.Errorf("handed on at once: %q, want %q", got, c.now)
			}
			if _, held := f.limit(); !held && c.later != "" {
				t.Error("nothing is held back")
			}
			f.expire(begin)
			f.expire(begin.Add(keyLimit - 1))
			if got := handedOn(&f); got != "" {
				t.Errorf("handed on too early: %q", got)
			}
			f.expire(begin.Add(sequenceLimit))
			if got := handedOn(&f); got != c.later {
				t.Errorf("handed on in the end: %q, want %q", got, c.later)
			}
			if _, held := f.limit(); held {
				t.Error("something is held back for ever")
			}
		})
	}
}

// TestInputInPieces: a sequence is one piece for tcell, however much is there.
func TestInputInPieces(t *testing.T) {
	var f inputFilter
	f.feed([]byte("ab\x1b[A\x1b[Bc"), time.Now())
	for _, want := range []string{"ab", "\x1b[A", "\x1b[Bc", ""} {
		p := make([]byte, 128)
		if got := string(p[:f.next(p)]); got != want {
			t.Errorf("a piece %q, want %q", got, want)
		}
	}
	f.feed([]byte("世界"), time.Now())
	small := make([]byte, 4)
	if n := f.next(small); n != 4 || handedOn(&f) != "世界"[4:] {
		t.Error("what did not fit is lost")
	}
}

// FuzzInput: whatever is typed or pasted, however it is split and whenever it comes, what is handed on is UTF-8, valid text
// passes unchanged, nothing is held back for ever, and tcell understands the next key.
func FuzzInput(f *testing.F) {
	for _, s := range []string{"q", "\xff", "caf\xe9", "\x1b]", "\x1b]0;x\x1b\\", "\x1b[M \xc8!", "\x1b[<0;1;1M", "\x1b\x1b", "\x1b\x1b\\", "\x1b[1[", "\x1bO", "\x1b[65;0;65;1;0;2147483647_",
		"\x1b[0;0;27;1;0;1_\x1b[0;0;93;1;0;1_", "\x1bPx", "\x1b^\x1b", "世\x1b[A", "\x1b[27;3;200~", "\x1b[1114112u", "\x1bN\x1b", "\x1b[[\x1b"} {
		f.Add([]byte(s), []byte{})
		f.Add([]byte(s), []byte{1, 1, 0x81, 1})
	}
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		now := time.Unix(1e9, 0)
		events := make(chan tcell.Event, (len(data)+2)*(mostRepeats+1))
		keys := tcell.NewInputProcessor(events)
		var filter inputFilter
		var out strings.Builder
		hand := func() {
			p := make([]byte, 128)
			for n := filter.next(p); n > 0; n = filter.next(p) {
				out.Write(p[:n])
				keys.ScanUTF8(p[:n])
			}
		}
		whole := true
		for at, i := 0, 0; at < len(data); i++ {
			n := len(data) - at
			if i < len(cuts) {
				n = min(n, int(cuts[i]&0x7f)+1)
			}
			filter.feed(data[at:at+n], now)
			at += n
			if i < len(cuts) && cuts[i]&0x80 != 0 { // and then nothing for a while
				now = now.Add(time.Duration(cuts[i]&0x70) * 10 * time.Millisecond)
				before := len(filter.out)
				filter.expire(now)
				whole = whole && len(filter.out) == before && filter.state == inGround
			}
			hand()
		}
		if whole && utf8.Valid(data) && !bytes.ContainsRune(data, 0x1b) && out.String() != string(data) {
			t.Fatalf("%q became %q", data, out.String())
		}
		filter.expire(now.Add(sequenceLimit))
		hand()
		if _, held := filter.limit(); held {
			t.Fatalf("of %q is held back for ever: %q", data, filter.held)
		}
		if !utf8.ValidString(out.String()) {
			t.Fatalf("%q became %q, which is not UTF-8", data, out.String())
		}
		for len(events) > 0 {
			<-events
		}
		filter.feed([]byte("q"), now)
		hand()
		if len(events) != 1 {
			t.Fatalf("after %q, which became %q, the key q makes %d events", data, out.String(), len(events))
		}
		if e, ok := (<-events).(*tcell.EventKey); !ok || e.Key() != tcell.KeyRune || e.Rune() != 'q' {
			t.Fatalf("after %q, which became %q, the key q is another", data, out.String())
		}
	})
}
