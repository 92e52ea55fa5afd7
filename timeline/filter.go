package timeline

import (
	"strconv"
	"strings"
	"time"

	"evviz/trace"
)

// The filter of lanes and events
//
//	filter  = word { blank word }          all words must hold
//	word    = [ "!" ] plain                ! inverts
//	plain   = "fd:" N | "fd:" N "-" M | N  descriptor number
//	        | "peer:" text | ":" digits    part of the peer's address
//	        | "kind:" kind | kind          connection listener timer wake-up epoll other
//	        | "class:" class | class       what a report told: fresh left-over untouched ... (blanks as -: end-of-file)
//	        | "errno:" E | E               EAGAIN, EPIPE, ...
//	        | "event:" kind | kind         an event's kind: read, wait, arrive, ...
//	        | "call:" name | name          a system call: epoll_wait, recvfrom, ...
//	        | "trigger:" t | t             level edge oneshot none, LT ET
//	        | "waits:" (">"|"<") time      longest time that data waited; waits: may be left out: >200ms
//	        | state                        open closed stranded pending registered disarmed untold
//	        | text                         part of the label, peer, own address, who is at the other end, or name of the call
//
// Where a bare word could be several things the first line above that knows it wins, but for states, which come first:
// open is a lane that is open, event:open the event. Words are taken in any case.
//
// A lane passes by what it is, and by what it did in the window that one looks at where that is kept (errors, events, waits);
// classes count over its whole life. A word that says nothing about lanes, such as event:mode, lets every lane pass. An event
// passes by what it is and by its lane; an event without a lane has no peer, kind, trigger or state.

// Filter decides which lanes and events are shown. The zero value shows all.
type Filter struct{ terms []filterTerm }

type termKind uint8

const (
	termFD termKind = iota
	termPeer
	termKindOf
	termClass
	termErrno
	termEvent
	termCall
	termTrigger
	termWaits
	termState
	termText
)

// filterTerm is one word. What n and m mean is up to the kind.
type filterTerm struct {
	kind termKind
	not  bool
	n, m int64
	text string // in lower case
}

// FilterError says what is wrong with a filter, and where.
type FilterError struct {
	Pos  int    // byte at which the wrong word begins
	Word string // as it was written
	Why  string // a sentence
}

func (e *FilterError) Error() string {
	return "filter: " + strconv.Quote(e.Word) + " at " + strconv.Itoa(e.Pos+1) + ": " + e.Why
}

const maxFilter = 4096

// ParseFilter reads a filter. Its error is a *FilterError.
func ParseFilter(text string) (Filter, error) {
	var f Filter
	if len(text) > maxFilter {
		return f, &FilterError{0, text[:16] + "...", "a filter has at most " + strconv.Itoa(maxFilter) + " bytes"}
	}
	for at := 0; at < len(text); {
		if isBlank(text[at]) {
			at++
			continue
		}
		end := at
		for end < len(text) && !isBlank(text[end]) {
			end++
		}
		word := text[at:end]
		plain := strings.TrimPrefix(word, "!")
		t, why := parseTerm(strings.ToLower(plain))
		if why != "" {
			return Filter{}, &FilterError{at, word, why}
		}
		t.not = plain != word
		f.terms = append(f.terms, t)
		at = end
	}
	return f, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// filterKeys are the words before a colon, in the order of the grammar.
var filterKeys = []string{"fd", "peer", "kind", "class", "errno", "event", "call", "trigger", "waits", "is"}

var filterStates = []string{"open", "closed", "stranded", "pending", "registered", "disarmed", "untold"}

const (
	stateOpen = iota
	stateClosed
	stateStranded
	statePending
	stateRegistered
	stateDisarmed
	stateUntold
)

var triggerWords = []string{"none", "level", "edge", "oneshot"}

// hyphened is a name as one word.
func hyphened(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

func kindWords() (w []string) { return append(w, laneKindNames[:]...) }

func classWords() (w []string) {
	for _, n := range classNames {
		w = append(w, hyphened(n))
	}
	return w
}

func eventWords() (w []string) {
	for k := trace.Kind(1); k < trace.KindCount; k++ {
		w = append(w, strings.ToLower(k.String()))
	}
	return w
}

func find(list []string, word string) (int64, bool) {
	for i, w := range list {
		if w == word && w != "" {
			return int64(i), true
		}
	}
	return 0, false
}

// parseTerm reads a word without its "!". why is a sentence when it is wrong.
func parseTerm(w string) (t filterTerm, why string) {
	if w == "" {
		return t, "there is nothing to invert after \"!\""
	}
	if key, value, ok := strings.Cut(w, ":"); ok && key != "" {
		if _, known := find(filterKeys, key); known {
			if value == "" {
				return t, "something must follow " + key + ": " + possible(key)
			}
			t, ok = valueTerm(key, value)
			if !ok {
				why = "no " + key + " is called " + strconv.Quote(value) + "; " + possible(key)
			}
			return t, why
		}
		if !allDigits(value) && !strings.Contains(key, ".") && !strings.HasPrefix(key, "[") && !strings.HasPrefix(key, "/") {
			return t, "before the colon can stand " + strings.Join(filterKeys, ", ") + "; an address ends in a port"
		}
		return filterTerm{kind: termText, text: w}, "" // an address
	}
	if w[0] == ':' {
		return filterTerm{kind: termPeer, text: w}, ""
	}
	if w[0] == '>' || w[0] == '<' {
		t, ok := valueTerm("waits", w)
		if !ok {
			return t, possible("waits")
		}
		return t, ""
	}
	for _, key := range []string{"is", "fd", "kind", "class", "errno", "event", "call", "trigger"} {
		if key == "fd" && !allDigits(strings.ReplaceAll(w, "-", "")) {
			continue
		}
		if t, ok := valueTerm(key, w); ok {
			return t, ""
		}
	}
	return filterTerm{kind: termText, text: w}, ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// valueTerm reads what follows a colon.
func valueTerm(key, v string) (t filterTerm, ok bool) {
	switch key {
	case "fd":
		low, high, ranged := strings.Cut(v, "-")
		if !ranged {
			high = low
		}
		a, err1 := strconv.ParseInt(low, 10, 32)
		b, err2 := strconv.ParseInt(high, 10, 32)
		return filterTerm{kind: termFD, n: a, m: b}, err1 == nil && err2 == nil && a >= 0 && a <= b
	case "peer":
		return filterTerm{kind: termPeer, text: v}, true
	case "kind":
		t.kind = termKindOf
		t.n, ok = find(kindWords(), v)
	case "class":
		t.kind = termClass
		t.n, ok = find(classWords(), v)
	case "errno":
		n, known := trace.ErrnoByName(strings.ToUpper(v))
		return filterTerm{kind: termErrno, n: int64(n)}, known
	case "event":
		t.kind = termEvent
		t.n, ok = find(eventWords(), v)
		t.n++
	case "call":
		t.kind = termCall
		t.n, ok = find(trace.CallNames, v)
	case "trigger":
		switch v {
		case "lt":
			v = "level"
		case "et":
			v = "edge"
		}
		t.kind = termTrigger
		t.n, ok = find(triggerWords, v)
	case "is":
		t.kind = termState
		t.n, ok = find(filterStates, v)
	case "waits":
		t.kind = termWaits
		if v[0] != '<' && v[0] != '>' {
			return t, false
		}
		if v[0] == '<' {
			t.m = -1
		}
		d, err := time.ParseDuration(v[1:])
		t.n = int64(d)
		return t, err == nil && d >= 0
	}
	return t, ok
}

// possible says what may stand after a key.
func possible(key string) string {
	switch key {
	case "fd":
		return "a number, or two with a - between them: fd:7-12"
	case "peer":
		return "a part of an address: peer:53011"
	case "errno":
		return "a name of errno(3): EAGAIN, EINTR, EMFILE, EPIPE, ECONNRESET, ..."
	case "waits":
		return "> or < and a time: waits:>200ms, >1s"
	}
	return "possible: " + strings.Join(filterValues(key), ", ")
}

// filterValues are the words that may stand after a key; nil for one that takes anything.
func filterValues(key string) []string {
	switch key {
	case "kind":
		return kindWords()
	case "class":
		return classWords()
	case "event":
		return eventWords()
	case "call":
		return trace.CallNames[1:]
	case "trigger":
		return triggerWords
	case "is":
		return filterStates
	case "errno":
		return []string{"EAGAIN", "EINTR", "EMFILE", "ENFILE", "ECONNRESET", "EPIPE", "EBADF", "ENOENT", "EEXIST", "EINPROGRESS", "ECONNREFUSED", "ETIME", "ECANCELED"}
	}
	return nil
}

// Empty says that the filter shows all.
func (f Filter) Empty() bool { return len(f.terms) == 0 }

// String is the filter in its full form: every word says what it is about. ParseFilter reads it back.
func (f Filter) String() string {
	words := make([]string, len(f.terms))
	for i, t := range f.terms {
		words[i] = t.String()
	}
	return strings.Join(words, " ")
}

func (t filterTerm) String() string {
	s := ""
	if t.not {
		s = "!"
	}
	switch t.kind {
	case termFD:
		s += "fd:" + strconv.FormatInt(t.n, 10)
		if t.m != t.n {
			s += "-" + strconv.FormatInt(t.m, 10)
		}
	case termPeer:
		s += "peer:" + t.text
	case termKindOf:
		s += "kind:" + kindWords()[t.n]
	case termClass:
		s += "class:" + classWords()[t.n]
	case termErrno:
		s += "errno:" + trace.ErrnoName(uint16(t.n))
	case termEvent:
		s += "event:" + eventWords()[t.n-1]
	case termCall:
		s += "call:" + trace.CallNames[t.n]
	case termTrigger:
		s += "trigger:" + triggerWords[t.n]
	case termWaits:
		op := ">"
		if t.m < 0 {
			op = "<"
		}
		s += "waits:" + op + time.Duration(t.n).String()
	case termState:
		s += "is:" + filterStates[t.n]
	default:
		s += t.text
	}
	return s
}

// Suggest gives words that could go on from what has been typed, whole: the last word of it is what is completed.
func Suggest(typed string) (words []string) {
	last := typed
	if i := strings.LastIndexAny(typed, " \t"); i >= 0 {
		last = typed[i+1:]
	}
	not := ""
	if strings.HasPrefix(last, "!") {
		not, last = "!", last[1:]
	}
	low := strings.ToLower(last)
	add := func(w string) {
		if strings.HasPrefix(strings.ToLower(w), low) && !strings.EqualFold(w, last) {
			words = append(words, not+w)
		}
	}
	if key, _, ok := strings.Cut(low, ":"); ok {
		for _, v := range filterValues(key) {
			add(key + ":" + v)
		}
		return words
	}
	for _, k := range filterKeys {
		if k != "is" {
			add(k + ":")
		}
	}
	for _, s := range filterStates {
		add(s)
	}
	if low == "" {
		return words
	}
	for _, key := range []string{"kind", "class", "trigger", "errno", "event", "call"} {
		for _, v := range filterValues(key) {
			if t, why := parseTerm(strings.ToLower(v)); why == "" && t.kind != termText {
				add(v)
			}
		}
	}
	return dedupe(words)
}

func dedupe(words []string) []string {
	seen := map[string]bool{}
	out := words[:0]
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}
