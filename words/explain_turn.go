package words

import (
	"strconv"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// WhyWoke says in one sentence why a thread stopped resting in an iteration, and what its timeout was:
// "woke because fd 7 had 512 bytes; the timeout was timer 3, due in 12 ms".
func WhyWoke(s *timeline.Snapshot, u *timeline.Turn) string { return plain.Text(whyWoke(s, u)) }

func whyWoke(s *timeline.Snapshot, u *timeline.Turn) string {
	r := &u.Rest
	switch {
	case r.Kind == timeline.RestNone && u.Cut:
		return "why it woke is no longer kept"
	case r.Kind == timeline.RestNone:
		return "before its first wait"
	case r.End == 0:
		return resting(s, u)
	case r.Interrupt:
		return "woke because a signal came (EINTR)" + meant(r)
	case r.Errno != 0 && r.Errno != 62 && r.Kind != timeline.RestCall:
		return "the wait failed: " + errnoWord(r.Errno)
	case r.Kind == timeline.RestSleep:
		if r.Asked < 0 {
			return "woke because its sleep was over"
		}
		return "woke because its sleep of " + Duration(r.Asked) + " was over"
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
		if r.Asked < 0 {
			return "has slept" + since
		}
		return "has slept" + since + " of " + Duration(r.Asked) + "; only a signal ends that earlier"
	case r.Kind == timeline.RestCall:
		return "is blocked in " + r.Call + "(" + strconv.Itoa(int(r.FD)) + ")" + since + ": no other descriptor is served meanwhile"
	case r.Limit == timeline.LimitTimer && r.Due > 0 && r.Due > s.Now:
		return "has waited" + since + "; the timeout is timer " + strconv.Itoa(int(r.Timer)) + ", due in " + Duration(r.Due-s.Now)
	case r.Passed > 0:
		return "has waited" + since + "; timeout " + Duration(r.Passed)
	}
	return "has waited" + since
}

// meant says what the timeout of the rest was.
func meant(r *timeline.Rest) string {
	switch {
	case r.Limit == timeline.LimitTimer && r.Asked >= 0:
		return "; the timeout was timer " + strconv.Itoa(int(r.Timer)) + ", due in " + Duration(r.Asked)
	case r.Limit == timeline.LimitTimer:
		return "; the timeout was timer " + strconv.Itoa(int(r.Timer))
	case r.Limit == timeline.LimitNone:
		return "; no timeout (-1)"
	case r.Limit == timeline.LimitZero:
		return "; timeout 0"
	case r.Limit == timeline.LimitAsked && r.Kind != timeline.RestSleep:
		return "; timeout " + Duration(r.Passed)
	}
	return ""
}

func timedOut(r *timeline.Rest) string {
	switch r.Limit {
	case timeline.LimitZero:
		return "did not wait (timeout 0), and nothing was ready"
	case timeline.LimitTimer:
		return "woke because timer " + strconv.Itoa(int(r.Timer)) + " was due, after " + Duration(max(r.Asked, 0))
	}
	return "woke because its timeout of " + Duration(r.Passed) + " was over; nothing was ready"
}

// returned says what a blocking call returned.
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
			return "a client connected to " + who + " (it is fd " + strconv.FormatInt(r.Result, 10) + ")"
		}
		return "a client connected to " + who
	case call == "connect":
		return "connect of " + who + " returned"
	case r.Result == 0:
		return who + " reached EOF"
	case r.Result > 0:
		return who + " had " + Bytes(r.Result)
	}
	return call + " on " + who + " returned"
}

// reason says which events the wait returned. One that was new goes first.
func reason(s *timeline.Snapshot, u *timeline.Turn) string {
	var best *timeline.Item
	n := 0
	for i := range u.Items {
		x := &u.Items[i]
		if x.Report < 0 || x.Kind != timeline.ItemReport && x.Kind != timeline.ItemComplete {
			continue
		}
		n++
		if best == nil || isNew(x) && !isNew(best) {
			best = x
		}
	}
	if best == nil {
		if u.Rest.Count > 0 {
			return Count(u.Rest.Count, "event") + " came, which are no longer kept"
		}
		return "the wait returned; its events are not in the recording"
	}
	text := eventReason(s, best)
	if n > 1 {
		text += " (and " + Number(int64(n-1)) + " more)"
	}
	return text
}

// isNew says whether an event is about something that was not known before.
func isNew(x *timeline.Item) bool {
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

// eventReason says why an event was returned.
func eventReason(s *timeline.Snapshot, x *timeline.Item) string {
	who := itemName(x)
	l := s.Lane(x.Lane)
	if x.Kind == timeline.ItemComplete {
		op := trace.OpNames.Word(x.Op)
		switch {
		case x.Errno != 0:
			return "the " + op + " of " + who + " ended with " + errnoWord(x.Errno)
		case x.Op == trace.OpAccept:
			return "a client connected to " + who
		case x.Op == trace.OpRecv && x.Result > 0:
			return Bytes(x.Result) + " of " + who + " were received"
		case x.Op == trace.OpRecv:
			return who + " reached EOF"
		case x.Op == trace.OpRead && l != nil && l.Kind == timeline.KindWake:
			return "another thread woke it (" + who + ")"
		}
		return "the " + op + " of " + who + " completed"
	}
	amount := "data"
	switch {
	case x.Unread > 0:
		amount = Bytes(x.Unread)
	case x.Unread < 0:
		if n := firstRead(s, x); n > 0 {
			amount = "data (" + Bytes(n) + " read)"
		}
	}
	kind := timeline.KindOther
	if l != nil {
		kind = l.Kind
	}
	if x.Classified {
		switch x.Class {
		case timeline.ClassUntouched:
			return who + " was reported again, untouched since its last event"
		case timeline.ClassLeftover:
			if x.Unread > 0 {
				return who + " still had " + amount + " unread"
			}
			return who + " still had unread data"
		case timeline.ClassStale:
			return "a registration of " + who + " outlived its descriptor"
		case timeline.ClassExhausted:
			return "a connection on " + who + " cannot be accepted"
		case timeline.ClassRearmed:
			return who + " was armed again with unread data"
		case timeline.ClassNothing, timeline.ClassHerd:
			return who + " was reported, and had nothing by the time it was read"
		case timeline.ClassEOF:
			return "the peer of " + who + " sent EOF"
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
		return "a client connected to " + who
	case timeline.KindWake:
		return "another thread woke it (" + who + ")"
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

// maxTurnLines is how many items of an iteration a page names.
const maxTurnLines = 24

// ExplainTurn says what one iteration of a loop did, and why.
func ExplainTurn(s *timeline.Snapshot, u *timeline.Turn) Page {
	p := Page{Title: "One iteration of " + threadTitle(s, u.Stream)}
	p.add("Why it woke", sentence(WhyWoke(s, u)))
	if u.Timed {
		p.add("Where the time went", split(u))
	}
	var lines []string
	more := 0
	worst := timeline.ClassUnknown
	for i := range u.Items {
		x := &u.Items[i]
		if x.Kind == timeline.ItemReport && x.Classified && x.Class < worst && !isNew(x) {
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
		lines = []string{"nothing that was recorded"}
	}
	p.add("What it did", strings.Join(lines, "\n"))
	if u.Lost {
		p.add("Missing", "Events are missing in this iteration: it may have done more.")
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

// sentence begins with a capital and ends with a full stop.
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
		switch of := plain.Text(l.Name); {
		case strings.HasPrefix(of, "loop"): // those of the lab are called so
			name = "the " + of
		case of != "":
			name += " " + of
		}
		if l.TID > 0 {
			name += " (thread " + strconv.Itoa(l.TID)
			if l.Process != l.TID {
				name += OfProcess(int64(l.Process))
			}
			name += ")"
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
		parts = append(parts, Duration(u.Overrun)+" beyond its timeout")
	}
	if u.Rest.End != 0 || u.Rest.Kind == timeline.RestNone {
		parts = append(parts, Duration(u.Working)+" at work")
	}
	if u.Slept > 0 {
		parts = append(parts, Duration(u.Slept)+" asleep")
	}
	s := sentence(strings.Join(parts, ", "))
	if u.Running {
		s += " It has not ended."
	}
	return s
}

// itemLine says what an item of an iteration was; "" for what is not worth a line.
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
			return line + ": not handled in this iteration"
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
			line += ", queued for " + Duration(x.Queued)
		}
		return line + callsOf(s, x) + took
	case timeline.ItemRound:
		if u.Asked == 0 {
			return "nothing to poll"
		}
		return Count(u.Asked, "call") + " in this round: " + Count(u.Useful, "hit")
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
