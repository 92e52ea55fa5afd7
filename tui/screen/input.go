package screen

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// What a terminal sends is not always what its library can read. tcell's input loop (v2.13.10) never ends on a byte that is
// not UTF-8; a string that ESC ] begins swallows every later key; ESC [ and ESC O swallow the next one, ESC ESC waits for a
// third; an old mouse report is taken for three keys; a repeat count of win32-input-mode is believed, however large. inputFilter
// stands before it: it hands on characters and whole sequences only, so that tcell is ready for a key after each of them.
//
//   - What is not UTF-8 becomes substitute.
//   - A sequence, or a character, that is not whole is held back until it is, or until its time is over. An ESC with nothing
//     behind it was the key Esc then, and ESC with the beginning of a sequence the key with Alt; the rest is dropped.
//   - Strings (OSC, DCS, SOS, PM, APC) are dropped: the screen asks for none, and tcell would take a character beyond ASCII
//     for the end of one and the rest of it for keys.
//   - Old mouse reports (X10, three bytes behind ESC [ M) become those that tcell reads (SGR).
//
// Everything else passes unchanged. It knows no clock: the caller says when it is.
type inputFilter struct {
	out   []byte
	held  []byte // the beginning of what is not whole
	state inputState
	since time.Time // when held began
	inner *inputFilter
}

type inputState uint8

const (
	inGround inputState = iota
	inRune              // held: some of the bytes of a character
	inEscape            // held: ESC
	inCSI               // held: ESC [ and what came behind it
	inLinuxKey
	inOldMouse
	inShift     // held: ESC O or ESC N, which need one more byte
	inString    // held: ESC and what began the string; a third byte stands for all that it had in it
	inStringEnd // the same, and an ESC, which may begin the string's end
)

const (
	// keyLimit is how long what may be a key, or part of a character, is held back: terminals send a sequence in one piece.
	keyLimit = 50 * time.Millisecond
	// sequenceLimit is how long a sequence may take that has begun for certain. A slow connection may bring it in pieces.
	sequenceLimit = 500 * time.Millisecond

	longestCSI = 128
	// mostRepeats is the largest repeat count of a key that is handed on.
	mostRepeats = 100
	// substitute stands for a byte that is not UTF-8. It is not U+FFFD, which tcell takes for three characters.
	substitute = "\u2426"
	escapeKey  = "\x1b[27u" // CSI u (kitty): unlike a bare ESC, tcell need not wait for what comes behind it
)

// reset forgets what is held and what has not been fetched.
func (f *inputFilter) reset() { *f = inputFilter{out: f.out[:0], held: f.held[:0]} }

// feed takes bytes that were read.
func (f *inputFilter) feed(p []byte, now time.Time) {
	for _, b := range p {
		f.step(b, now)
	}
}

// next moves what may be handed on to p: no more than one sequence, and the text before it, so that a sequence is never cut
// but by the length of p. (Were it cut behind the ESC, tcell's own clock would run on a busy machine.)
func (f *inputFilter) next(p []byte) int {
	n := len(f.out)
	if i := bytes.IndexByte(f.out[min(1, n):], 0x1b); i >= 0 {
		n = i + 1
	}
	n = copy(p, f.out[:n])
	f.out = f.out[:copy(f.out, f.out[n:])]
	return n
}

// limit is when expire is due; ok is false when nothing is held back.
func (f *inputFilter) limit() (at time.Time, ok bool) {
	if f.inner != nil {
		at, ok = f.inner.limit()
	}
	if f.state == inGround {
		return at, ok
	}
	d := sequenceLimit
	switch {
	case f.state == inRune, f.state == inEscape, f.state == inShift, len(f.held) == 2 && (f.state == inCSI || f.state == inString):
		d = keyLimit
	}
	if mine := f.since.Add(d); !ok || mine.Before(at) {
		at = mine
	}
	return at, true
}

// expire lets go of what was held back for too long.
func (f *inputFilter) expire(now time.Time) {
	if f.inner != nil {
		f.inner.expire(now)
		f.fromInner()
	}
	if at, ok := f.limit(); !ok || now.Before(at) {
		return
	}
	held, state := f.held, f.state
	f.ground()
	switch state {
	case inRune:
		for range held {
			f.out = append(f.out, substitute...)
		}
	case inEscape:
		f.out = append(f.out, escapeKey...)
	case inCSI, inShift, inString, inStringEnd:
		if len(held) == 2 {
			f.out = fmt.Appendf(f.out, "\x1b[%d;3u", held[1]) // with Alt
		}
		if state == inStringEnd {
			f.out = append(f.out, escapeKey...)
		}
	}
}

func (f *inputFilter) ground() { f.state, f.held = inGround, f.held[:0] }

// hold adds to what is held.
func (f *inputFilter) hold(b byte, s inputState) {
	f.held = append(f.held, b)
	f.state = s
}

// pass hands on what is held and one more byte.
func (f *inputFilter) pass(b byte) {
	f.out = append(append(f.out, f.held...), b)
	f.ground()
}

// anew drops what is held: the byte is no part of it.
func (f *inputFilter) anew(b byte, now time.Time) {
	f.ground()
	f.step(b, now)
}

func (f *inputFilter) step(b byte, now time.Time) {
	switch f.state {
	case inGround:
		switch {
		case b == 0x1b:
			f.since = now
			f.hold(b, inEscape)
		case b < utf8.RuneSelf:
			f.out = append(f.out, b)
		default:
			f.since = now
			f.hold(b, inRune)
			f.character(now)
		}
	case inRune:
		f.hold(b, inRune)
		f.character(now)
	case inEscape:
		f.escaped(b, now)
	case inCSI:
		f.control(b, now)
	case inLinuxKey: // ESC [ [ and a letter
		if b < 0x20 || b >= 0x7f {
			f.anew(b, now)
			return
		}
		f.pass(b)
	case inShift:
		if b < 0x20 || b >= 0x7f {
			f.anew(b, now)
			return
		}
		f.pass(b)
	case inOldMouse:
		if b < 0x20 {
			f.anew(b, now)
			return
		}
		if f.hold(b, inOldMouse); len(f.held) == 6 {
			f.mouse()
		}
	case inString:
		switch {
		case b == 0x1b:
			f.state = inStringEnd
		case b == 0x07: // BEL ends one, too
			f.ground()
		case b < 0x08 || b > 0x0d && b < 0x20: // not allowed in a string (ECMA-48, 8.3.2): a key such as Ctrl-C
			f.anew(b, now)
		case len(f.held) == 2:
			f.hold(b, inString)
		}
	case inStringEnd:
		f.ground()
		if b != '\\' {
			f.since = now
			f.hold(0x1b, inEscape)
			f.step(b, now)
		}
	}
}

// character decides about the bytes of a character.
func (f *inputFilter) character(now time.Time) {
	if !utf8.FullRune(f.held) {
		return
	}
	if r, n := utf8.DecodeRune(f.held); r != utf8.RuneError || n > 1 {
		f.out = append(f.out, f.held...)
		f.ground()
		return
	}
	f.out = append(f.out, substitute...)
	var rest [utf8.UTFMax]byte
	n := copy(rest[:], f.held[1:])
	f.ground()
	f.feed(rest[:n], now)
}

// escaped decides about the byte behind an ESC.
func (f *inputFilter) escaped(b byte, now time.Time) {
	switch b {
	case 0x1b:
		f.out = append(f.out, escapeKey...)
		f.since = now
	case '[':
		f.hold(b, inCSI)
	case 'O', 'N':
		f.hold(b, inShift)
	case ']', 'P', 'X', '^', '_':
		f.hold(b, inString)
	case '\\': // the end of a string that is over already
		f.ground()
	default:
		if b >= utf8.RuneSelf { // tcell has no Alt for these
			f.out = append(f.out, escapeKey...)
			f.anew(b, now)
			return
		}
		f.pass(b)
	}
}

// control decides about a byte of a control sequence.
func (f *inputFilter) control(b byte, now time.Time) {
	switch {
	case b < 0x20 || b >= 0x80: // ESC among them, which begins another one
		f.anew(b, now)
	case b < 0x40:
		if len(f.held) < longestCSI {
			f.held = append(f.held, b)
		}
	case b == '[' && len(f.held) == 2:
		f.hold(b, inLinuxKey)
	case b == 'M' && len(f.held) == 2:
		f.hold(b, inOldMouse)
	case b == '[' || len(f.held) >= longestCSI: // tcell would wait for a letter; not all of it is here
		f.ground()
	case b == '_':
		f.windowsKey(now)
	default:
		f.pass(b)
	}
}

// mouse hands on an old mouse report: a button, a column and a row, each plus 32, the columns and rows from 1.
func (f *inputFilter) mouse() {
	button, x, y := int(f.held[3])-32, int(f.held[4])-32, int(f.held[5])-32
	f.ground()
	end := byte('M')
	if button&3 == 3 && button&0x60 == 0 { // which button was let go is not said
		end = 'm'
		button &^= 3
	}
	if x > 0 && y > 0 {
		f.out = append(fmt.Appendf(f.out, "\x1b[<%d;%d;%d", button, x, y), end)
	}
}

// windowsKey hands on a key of win32-input-mode, which tcell asks for: ESC [ Vk;Sc;Uc;Kd;Cs;Rc _. Some terminals send other
// sequences in it, byte by byte, as keys that have neither code: these are filtered, too.
func (f *inputFilter) windowsKey(now time.Time) {
	var n [6]int
	n[5] = 1
	for i, s := range bytes.Split(f.held[2:], []byte(";")) {
		v, err := strconv.ParseUint(string(s), 10, 31)
		if i >= len(n) || err != nil && len(s) > 0 {
			f.ground()
			return
		}
		if len(s) > 0 {
			n[i] = int(v)
		}
	}
	f.ground()
	if n[0] == 0 && n[1] == 0 && n[2] > 0 && n[2] < utf8.RuneSelf {
		if n[3] == 0 {
			return // let go
		}
		if f.inner == nil {
			f.inner = &inputFilter{}
		}
		if f.inner.state != inCSI || n[2] != '_' { // not one in another
			f.inner.step(byte(n[2]), now)
			f.fromInner()
		}
		return
	}
	f.out = fmt.Appendf(f.out, "\x1b[%d;%d;%d;%d;%d;%d_", n[0], n[1], n[2], n[3], n[4], min(max(n[5], 1), mostRepeats))
}

func (f *inputFilter) fromInner() {
	f.out = append(f.out, f.inner.out...)
	f.inner.out = f.inner.out[:0]
}
