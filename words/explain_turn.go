package words

import (
	"strconv"
	"strings"

	"evviz/timeline"
	"evviz/trace"
)

// WhyWoke says in one sentence why a thread stopped resting in a turn, and until when it had meant to rest:
// "woke because fd 7 had 512 bytes; asked to wait until timer 3, due in 12 ms".
func WhyWoke(s *timeline.Snapshot, u *timeline.Turn) string {
	r := &u.Rest
	switch {
	case r.Kind == timeline.RestNone && u.Cut:
		return "why it woke is no longer kept"
	case r.Kind == timeline.RestNone:
		return "it has not rested yet"
	case r.End == 0:
		return resting(s, u)
	case r.Interrupt:
		return "woke because a signal came (EINTR)" + meant(r)
	case r.Errno != 0 && r.Errno != 62 && r.Kind != timeline.RestCall:
		return "the wait failed: " + errnoWord(r.Errno)
	case r.Kind == timeline.RestSleep:
		return "woke because the " + Duration(r.Asked) + " that it wanted to sleep were over"
	case r.Kind == timeline.RestCall:
		return "went on because " + returned(s, u)
	case r.TimedOut():
		return timedOut(r)
	}
	return "woke because " + reason(s, u) + meant(r)
}

// resting says what a thread waits for now.
func resting(s *timeline.Snapshot, u *timeline.Turn) string {
	r := &u.Rest
	since := ""
	if u.Timed {
		since = " for " + Duration(r.Took(s.Now))
	}
	switch {
	case r.Kind == timeline.RestSleep:
		return "has slept" + since + ", and nothing but a signal ends that before " + Duration(r.Asked) + " are over"
	case r.Kind == timeline.RestCall:
		return "has been in " + r.Call + " on fd " + strconv.Itoa(int(r.FD)) + since + ": nothing else is served meanwhile"
	case r.Limit == timeline.LimitTimer && r.Due > 0 && r.Due > s.Now:
		return "has waited" + since + ", until something comes or timer " + strconv.Itoa(int(r.Timer)) + " is due in " + Duration(r.Due-s.Now)
	case r.Passed > 0:
		return "has waited" + since + ", until something comes or " + Duration(r.Passed) + " are over"
	}
	return "has waited" + since + ", until something comes"
}

// meant says until when the rest was to last.
func meant(r *timeline.Rest) string {
	switch {
	case r.Limit == timeline.LimitTimer && r.Asked >= 0:
		return "; asked to wait until timer " + strconv.Itoa(int(r.Timer)) + ", due in " + Duration(r.Asked)
	case r.Limit == timeline.LimitTimer:
		return "; asked to wait until timer " + strconv.Itoa(int(r.Timer))
	case r.Limit == timeline.LimitNone:
		return "; asked to wait for ever"
	case r.Limit == timeline.LimitZero:
		return "; asked not to wait at all"
	case r.Limit == timeline.LimitAsked && r.Kind != timeline.RestSleep:
		return "; asked to wait for at most " + Duration(r.Passed)
	}
	return ""
}

func timedOut(r *timeline.Rest) string {
	switch r.Limit {
	case timeline.LimitZero:
		return "did not wait: it only asked what was ready, and nothing was"
	case timeline.LimitTimer:
		return "woke because timer " + strconv.Itoa(int(r.Timer)) + " was due; it had asked to wait " + Duration(max(r.Asked, 0)) + " for it"
	}
	return "woke because the " + Duration(r.Passed) + " that it wanted to wait were over; nothing had come"
}

// returned says what a blocking call brought.
func returned(s *timeline.Snapshot, u *timeline.Turn) string {
	r := &u.Rest
	who := "fd " + strconv.Itoa(int(r.FD))
	call := r.Call
	if call == "" {
		call = "the call"
	}
	switch {
	case r.Errno != 0:
		return call + " on " + who + " ended with " + errnoWord(r.Errno)
	case strings.HasPrefix(call, "accept"):
		if r.Result >= 0 {
			return "somebody connected to " + who + " (it is fd " + strconv.FormatInt(r.Result, 10) + ")"
		}
		return "somebody connected to " + who
	case call == "connect":
		return "connect of " + who + " is decided"
	case r.Result == 0:
		return who + " came to its end"
	case r.Result > 0:
		return who + " had " + Bytes(r.Result)
	}
	return call + " on " + who + " came back"
}

// reason says what was reported. What told something new goes first.
func reason(s *timeline.Snapshot, u *timeline.Turn) string {
	var best *timeline.Item
	n := 0
	for i := range u.Items {
		x := &u.Items[i]
		if x.Report < 0 || x.Kind != timeline.ItemReport && x.Kind != timeline.ItemComplete {
			continue
		}
		n++
		if best == nil || news(x) && !news(best) {
			best = x
		}
	}
	if best == nil {
		if u.Rest.Count > 0 {
			return Count(u.Rest.Count, "report") + " came, which are not in what is kept"
		}
		return "the wait came back; what it brought is not seen"
	}
	text := told(s, best)
	if n > 1 {
		text += " (and " + Number(int64(n-1)) + " more)"
	}
	return text
}

// news says whether a report told something new.
func news(x *timeline.Item) bool {
	if x.Kind == timeline.ItemComplete {
		return x.Errno == 0
	}
	if !x.Classified {
		return false
	}
	switch x.Class {
	case timeline.ClassFresh, timeline.ClassWake, timeline.ClassTimer, timeline.ClassHangup, timeline.ClassEOF, timeline.ClassWritable, timeline.ClassError:
		return !x.Again
	}
	return false
}

func itemName(x *timeline.Item) string {
	if x.FD >= 0 {
		return "fd " + strconv.Itoa(int(x.FD))
	}
	return "something registered with data 0x" + strconv.FormatUint(x.Data, 16)
}

// told says what a report told.
func told(s *timeline.Snapshot, x *timeline.Item) string {
	who := itemName(x)
	l := s.Lane(x.Lane)
	if x.Kind == timeline.ItemComplete {
		op := trace.OpNames.Word(x.Op)
		switch {
		case x.Errno != 0:
			return "the " + op + " of " + who + " ended with " + errnoWord(x.Errno)
		case x.Op == trace.OpAccept:
			return "somebody connected to " + who
		case x.Op == trace.OpRecv && x.Result > 0:
			return Bytes(x.Result) + " of " + who + " have been received"
		case x.Op == trace.OpRecv:
			return who + " came to its end"
		case x.Op == trace.OpRead && l != nil && l.Kind == timeline.KindWake:
			return "another thread rang (" + who + ")"
		}
		return "the " + op + " of " + who + " was done"
	}
	amount := "data"
	switch {
	case x.Unread > 0:
		amount = Bytes(x.Unread)
	case x.Unread < 0:
		if n := firstRead(s, x); n > 0 {
			amount = "data (" + Bytes(n) + " were read)"
		}
	}
	kind := timeline.KindOther
	if l != nil {
		kind = l.Kind
	}
	if x.Classified {
		switch x.Class {
		case timeline.ClassUntouched:
			return who + " was told again of what nobody has touched"
		case timeline.ClassLeftover:
			if x.Unread > 0 {
				return who + " still had " + amount + " that were known of"
			}
			return who + " still had data that was known of"
		case timeline.ClassStale:
			return "a registration of " + who + " outlived its descriptor"
		case timeline.ClassExhausted:
			return "a connection waits on " + who + " that cannot be accepted"
		case timeline.ClassRearmed:
			return who + " was armed again while data waited"
		case timeline.ClassNothing, timeline.ClassHerd:
			return who + " was reported, and had nothing by then"
		case timeline.ClassEOF:
			return "the peer of " + who + " has finished"
		case timeline.ClassHangup:
			return "the peer of " + who + " hung up"
		case timeline.ClassError:
			return who + " has an error"
		case timeline.ClassWritable:
			return who + " had room to write"
		}
	}
	switch kind {
	case timeline.KindListener:
		return "somebody connected to " + who
	case timeline.KindWake:
		return "another thread rang (" + who + ")"
	case timeline.KindTimer:
		return "the timer " + who + " expired"
	}
	return who + " had " + amount
}

// firstRead is what the first read of an item got; 0 not known.
func firstRead(s *timeline.Snapshot, x *timeline.Item) int64 {
	for _, i := range x.Events {
		if e, ok := s.Event(i); ok && e.Kind == trace.Read && e.Phase.Base() != trace.PhaseEnter {
			return max(e.B, 0)
		}
	}
	return 0
}

// maxTurnLines is how many items of a turn a page names.
const maxTurnLines = 24

// ExplainTurn says what one turn of a loop did, and why.
func ExplainTurn(s *timeline.Snapshot, u *timeline.Turn) Page {
	p := Page{Title: "One turn of " + threadTitle(s, u.Stream)}
	p.add("Why it woke", sentence(WhyWoke(s, u)))
	if u.Timed {
		p.add("Where the time went", split(u))
	}
	var lines []string
	more := 0
	worst := timeline.ClassUnknown
	for i := range u.Items {
		x := &u.Items[i]
		if x.Kind == timeline.ItemReport && x.Classified && x.Class < worst && !news(x) {
			worst = x.Class
		}
		line := itemLine(s, u, x)
		if line == "" {
			continue
		}
		if len(lines) == maxTurnLines {
			more++
			continue
		}
		if x.In >= 0 {
			line = "  " + line
		}
		lines = append(lines, line)
	}
	if more > 0 {
		lines = append(lines, "and "+Number(int64(more))+" more")
	}
	if len(lines) == 0 && u.Rest.End != 0 {
		lines = []string{"nothing that is seen"}
	}
	p.add("What it did", strings.Join(lines, "\n"))
	if u.Lost {
		p.add("Missing", "Events are missing in this turn: it may have done more.")
	}
	switch {
	case worst != timeline.ClassUnknown:
		p.rule("class/" + keyed(worst.String()))
	case u.Rest.Kind == timeline.RestSleep:
		p.rule("event/sleep")
	case u.Rest.Kind == timeline.RestCall:
		p.rule("mode/blocking")
	case u.Rest.Kind == timeline.RestRing:
		p.rule("event/complete")
	default:
		p.rule("event/wait")
	}
	return p
}

// sentence begins with a capital and ends with a point.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func threadTitle(s *timeline.Snapshot, stream uint32) string {
	for _, l := range s.Loops {
		if l.Stream != stream {
			continue
		}
		name := "the loop"
		if l.Name != "" && l.Name != "loop" {
			name += " " + l.Name
		}
		if l.TID > 0 {
			name += " (thread " + strconv.Itoa(l.TID) + ")"
		}
		return name
	}
	return "a thread"
}

func split(u *timeline.Turn) string {
	rest := map[timeline.RestKind]string{timeline.RestSleep: "asleep", timeline.RestCall: "in the call that may block"}[u.Rest.Kind]
	if rest == "" {
		rest = "waiting"
	}
	var parts []string
	if u.Rest.Kind != timeline.RestNone {
		parts = append(parts, Duration(u.Waited)+" "+rest)
	}
	if u.Overrun > 0 {
		parts = append(parts, Duration(u.Overrun)+" longer than it had asked")
	}
	if u.Rest.End != 0 || u.Rest.Kind == timeline.RestNone {
		parts = append(parts, Duration(u.Working)+" at work")
	}
	s := sentence(strings.Join(parts, ", "))
	if u.Running {
		s += " It is not over."
	}
	return s
}

// itemLine says what an item of a turn was; "" for what is not worth a line.
func itemLine(s *timeline.Snapshot, u *timeline.Turn, x *timeline.Item) string {
	took := ""
	if u.Timed && x.Took >= 0 {
		took = ", handler " + Duration(x.Took)
	} else if x.Open {
		took = ", its handler runs"
	}
	switch x.Kind {
	case timeline.ItemReport:
		line := itemName(x) + " " + trace.PollString(x.Mask&^(1<<30|1<<31))
		if x.Classified {
			line += " (" + x.Class.String() + ")"
		}
		if !x.Touched() {
			return line + ": nothing was done about it in this turn"
		}
		return line + callsOf(s, x) + took
	case timeline.ItemComplete:
		line := trace.OpNames.Word(x.Op) + " of " + itemName(x) + " completed"
		if x.Errno != 0 {
			line += ": " + errnoWord(x.Errno)
		} else if x.Result > 0 && x.Op != trace.OpAccept {
			line += ": " + Bytes(x.Result)
		}
		return line + callsOf(s, x) + took
	case timeline.ItemCalls:
		line := itemName(x) + callsOf(s, x) + took
		if x.Earlier >= 0 && u.Rest.Kind == timeline.RestWait && (x.Got || x.Handler >= 0) {
			line += " (reported earlier)"
		}
		return line
	case timeline.ItemTimer:
		line := "timer" + positive(int64(x.Timer), " ") + " fired"
		if x.Late > 0 {
			line += ", " + Duration(x.Late) + " late"
		}
		if x.Times > 1 {
			line += ", for " + Number(x.Times) + " expirations"
		}
		return line + callsOf(s, x) + took
	case timeline.ItemTask:
		line := "task"
		if x.Task != "" {
			line += " " + x.Task
		}
		if x.Queued > 0 {
			line += ", handed over " + Duration(x.Queued) + " before"
		}
		return line + callsOf(s, x) + took
	case timeline.ItemRound:
		if u.Asked == 0 {
			return "nobody to ask"
		}
		return Count(u.Asked, "call") + " in this round; " + none(u.Useful, "got something")
	}
	return callsLine(s, x)
}

// callsOf says the calls of an item, after a colon.
func callsOf(s *timeline.Snapshot, x *timeline.Item) string {
	if line := callsLine(s, x); line != "" {
		return ": " + line
	}
	return ""
}

// callsLine says the calls of an item: "read 512 bytes, write 512 bytes, 3 x read EAGAIN".
func callsLine(s *timeline.Snapshot, x *timeline.Item) string {
	var words []string
	var counts []int
	for _, i := range x.Events {
		e, ok := s.Event(i)
		if !ok || e.Phase.Base() == trace.PhaseEnter {
			continue
		}
		w := EventShort(s, &e)
		switch n := len(words); {
		case w == "":
		case n > 0 && words[n-1] == w:
			counts[n-1]++
		default:
			words, counts = append(words, w), append(counts, 1)
		}
	}
	rest := 0
	if len(words) > 8 {
		rest = len(words) - 8
		words = words[:8]
	}
	for k := range words {
		if counts[k] > 1 {
			words[k] = Number(int64(counts[k])) + " x " + words[k]
		}
	}
	if rest > 0 {
		words = append(words, "and "+Number(int64(rest))+" more")
	}
	return strings.Join(words, ", ")
}
