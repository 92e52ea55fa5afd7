package probe

import (
	"bytes"
	"strings"
)

// weights are what loggers call the weight of a line.
var weights = map[string]bool{"trace": true, "debug": true, "info": true, "notice": true, "warn": true, "warning": true, "error": true, "fatal": true,
	"stdout": true, "stderr": true, "inf": true, "dbg": true, "err": true}

// withoutLabels takes off what loggers and containers put before a line: moments, names in brackets, weights. At least one of them must be a
// moment or stand in brackets; prose does not begin so. It gives the moment, where there is one that is finer than a second.
func withoutLabels(s []byte) (rest []byte, at stamp) {
	sure := false
	for range 8 {
		if s = skipBlanks(s); len(s) == 0 {
			return nil, at
		}
		if out, when := withoutLogger(s); len(out) > 0 && len(out) < len(s) {
			s, sure = out, true
			if when.kind != stampNone {
				at = when
			}
		} else if out, when, ok := label(s, sure); ok {
			s, sure = out, sure || s[0] == '[' || isDigit(s[0])
			if when.kind != stampNone && at.kind == stampNone {
				at = when
			}
		} else {
			return nil, at
		}
		if s = skipBlanks(s); sure && plainLine(s) {
			return s, at
		}
	}
	return nil, at
}

// label takes one of them off. known says that there was one that nothing else looks like.
func label(s []byte, known bool) (rest []byte, at stamp, ok bool) {
	if s[0] == '[' {
		end := bytes.IndexByte(s, ']')
		if end < 2 || end > 120 || bytes.HasPrefix(s, []byte("[pid")) || bytes.ContainsAny(s[:end], `("{=`) || end+1 < len(s) && bytes.IndexByte([]byte(" \t:-"), s[end+1]) < 0 {
			return nil, at, false
		}
		return bytes.TrimLeft(s[end+1:], ":-"), at, true
	}
	word := s[:wordEnd(s)]
	if len(word) == len(s) || bytes.ContainsAny(word, `("{<`) {
		return nil, at, false
	}
	rest = s[len(word):]
	text := string(bytes.TrimRight(word, ":]-"))
	switch {
	case len(word) >= 8 && timeOfDay(word[:8]):
		at = parseStamp([]byte(strings.Replace(text, ",", ".", 1)))
		if at.kind == stampNone {
			return nil, at, false
		}
		if len(text) == 8 {
			at = stamp{}
		}
		return rest, at, true
	case weights[strings.ToLower(text)], text == "", text == "|", known && text == "F": // F: a whole line, as containers' logs say
		return rest, at, true
	case !known:
		return nil, at, false
	case word[len(word)-1] == ':', strings.Contains(text, ".") && !isDigit(word[0]): // the logger's name
		return rest, at, true
	}
	// A process's number, and the rule that some frameworks draw.
	_, numbered := decimal(word)
	rest, ruled := bytes.CutPrefix(skipBlanks(rest), []byte("--- "))
	return rest, at, numbered && ruled && !bytes.HasPrefix(rest, []byte("SIG"))
}
