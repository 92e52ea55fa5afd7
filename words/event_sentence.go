package words

import (
	"strconv"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// EventSentence is an event in a sentence: what happened, with its numbers. What is unknown is left out. i is its index in the
// snapshot; it leads to its lane.
func EventSentence(s *timeline.Snapshot, i int64, e *trace.Event) string {
	x := eventWords{s: s, e: e, l: s.LaneOf(i, e)}
	return plain.Text(x.say())
}

// eventWords says an event in a sentence. What is unknown is left out.
type eventWords struct {
	s *timeline.Snapshot
	e *trace.Event
	l *timeline.Lane
}

// fd names the descriptor, and what it is where that is known.
func (x *eventWords) fd() string {
	switch {
	case x.l != nil:
		return who(x.l)
	case x.e.FD >= 0:
		return "fd " + strconv.Itoa(int(x.e.FD))
	}
	return "a descriptor that is not known"
}

func (x *eventWords) name(id uint32, before string) string {
	if n := x.s.Name(x.e.Stream, id); n != "" {
		return before + n
	}
	return ""
}

func (x *eventWords) took(word string) string {
	if x.e.Dur > 0 {
		return word + Duration(x.e.Dur)
	}
	return ""
}

func (x *eventWords) call(other string) string {
	if w := trace.SyscallOf(x.e).String(); w != "" {
		return w
	}
	return other
}

// transfers reports whether an operation moves bytes.
func transfers(op trace.Operation) bool {
	switch op {
	case trace.OpRecv, trace.OpSend, trace.OpRead, trace.OpWrite:
		return true
	}
	return false
}

// limit says how long a call was to last.
func limit(ns int64) string {
	switch {
	case ns < 0:
		return "no timeout"
	case ns == 0:
		return "timeout 0"
	}
	return "timeout " + Duration(ns)
}

func (x *eventWords) say() string {
	e := x.e
	begins := e.Phase.Base() == trace.PhaseEnter
	switch e.Kind {
	case trace.Wait:
		return x.wait(begins)
	case trace.Sleep:
		asked := ""
		if e.A > 0 {
			asked = " for " + Duration(e.A)
		}
		if begins {
			return "The thread goes to sleep" + asked + "."
		}
		return "The thread had gone to sleep" + asked + x.took(" and slept ") + ended(e.Errno) + "."
	case trace.Round:
		if e.A == 0 {
			return "The loop had nothing to poll" + x.took("; the round took ") + "."
		}
		return "The loop polled " + Times(e.A) + ": " + Count(e.B, "hit") + x.took("; the round took ") + "."
	case trace.Ready, trace.Renotify:
		s := x.fd() + " was reported"
		if m := trace.PollString(e.Mask); e.Mask != 0 {
			s += " with " + m
		}
		if e.B > 0 {
			s += "; " + Bytes(e.B-1) + " unread"
		}
		if e.Kind == trace.Renotify {
			s += "; a repeat"
		}
		return s + "."
	case trace.Read, trace.Write:
		return x.transfer(begins)
	case trace.Accept:
		switch {
		case begins:
			return "The thread goes into " + x.call("accept") + " on " + x.fd() + " and may stay there."
		case e.Errno == 11:
			return "No connection waited to be accepted on " + x.fd() + " (EAGAIN)."
		case e.Errno != 0:
			return x.call("accept") + " on " + x.fd() + " failed: " + errnoWord(e.Errno) + "."
		case e.A > 0:
			return "A connection was accepted on " + x.fd() + " and is fd " + strconv.FormatInt(e.A, 10) + x.took("; it took ") + "."
		}
		return "A connection was accepted on " + x.fd() + "."
	case trace.Arrive:
		s := "Data, or a connection, arrived for " + x.fd()
		if by := trace.ArriveOf(e).By().String(); by != "" {
			s += "; known from: " + by
		}
		if e.B > 1 {
			s += "; " + Bytes(e.B-1) + " unread when it was seen"
		} else if e.B == 1 {
			s += "; when it was seen everything had been read already"
		}
		return s + "."
	case trace.Queue:
		return none(e.A, "waiting to be accepted on "+x.fd()) + positive(e.B, "; the queue holds ") + "."
	case trace.Call:
		what := trace.CallOf(e).What().String()
		if e.FD >= 0 || what == "" {
			what = strings.TrimSpace(what + " " + x.fd())
		}
		if begins {
			return "The handler of " + what + " begins."
		}
		return "The handler of " + what + " ran" + x.took(" for ") + "."
	case trace.TimerFire:
		s := "Timer" + positive(int64(e.Aux), " ") + " fired"
		if e.B > 0 {
			s += ", " + Duration(e.B) + " after it was due"
		}
		if e.Mask > 1 {
			s += "; it stands for " + Number(int64(e.Mask)) + " expirations"
		}
		return s + "."
	case trace.TimerSet:
		s := "Timer" + positive(int64(e.Aux), " ") + " was set"
		if e.A > 0 {
			if d := e.A - e.Time; d >= 0 {
				s += ", due in " + Duration(d)
			} else {
				s += ", due " + Duration(-d) + " ago"
			}
		}
		if e.B > 0 {
			s += ", and again every " + Duration(e.B)
		}
		return s + "."
	case trace.TimerStop:
		return "Timer" + positive(int64(e.Aux), " ") + " was stopped."
	case trace.Wake:
		return "The thread was woken" + positive(e.A, " by thread ") + word(trace.ViaNames, e.Aux, ", by way of: ") + "."
	case trace.Task:
		s := "A task" + x.name(e.Aux, ": ")
		if begins {
			return s + " begins."
		}
		if e.B > 0 {
			s += " had waited " + Duration(e.B) + " and"
		}
		return s + " ran" + x.took(" for ") + "."
	case trace.Repeat:
		r := trace.RepeatOf(e)
		if r.Of < 1 || r.N < 1 {
			return "An iteration came again; how often is not known."
		}
		s := "The iteration before it, of " + Count(int64(r.Of), "event") + ", came " + Times(r.N) + " more"
		if x.s.Info.Timed {
			s += " within " + Duration(r.Span) + ", of which the thread waited for " + Duration(r.Waited)
		}
		return s + "; nothing was read, written, accepted or changed in any of them."
	case trace.InCall:
		return inCallSentence(x, e)
	case trace.Unread:
		if e.Errno != 0 {
			return "The program asked how many bytes of " + x.fd() + " are unread" + ended(e.Errno) + "."
		}
		n, known := trace.UnreadOf(e).Bytes()
		if !known {
			return "The program asked how many bytes of " + x.fd() + " are unread."
		}
		return "The program asked how many bytes of " + x.fd() + " are unread: " + Bytes(n) + "."
	case trace.Lost:
		if e.A <= 0 && trace.LostOf(e).Where() == trace.LostPaste {
			return "Lines of the text were left out here: what the program did meanwhile is not known."
		}
		return strings.TrimSpace("Events are missing here" + positive(e.A, ": ") + word(trace.LostNames, e.Aux, ", dropped in the ") + ".")
	case trace.Register, trace.Modify, trace.Deregister:
		return x.interest()
	case trace.Submit, trace.Complete:
		return x.operation()
	case trace.Peer:
		v := trace.PeerOf(e)
		who := "A client of the scenario" + x.name(v.Part(), ", ")
		if v.PID() != 0 {
			who = "Process" + positive(v.PID(), " ") + x.name(v.Program(), ", ")
		}
		return who + " has the other end of the connection" + x.name(v.Address(), " from ") + "."
	case trace.Step:
		return x.step(begins)
	}
	return x.plain()
}

// step says what a client of a scenario did.
func (x *eventWords) step(begins bool) string {
	e := x.e
	s := "Client" + positive(int64(trace.StepOf(e).User()), " ")
	if a := x.name(e.Inst, ""); a != "" {
		s += " (" + a + ")"
	}
	if begins {
		return s + " begins" + word(trace.StepNames, e.Aux, " a step: ") + positiveBytes(e.A, ", ") + "."
	}
	s += word(trace.StepNames, e.Aux, ", step ")
	switch {
	case trace.StepOf(e).What().String() == "":
		s += " did something that was not recorded"
	case e.Errno != 0:
		s += " failed with " + errnoWord(e.Errno)
	case e.A > 0 && e.B >= 0:
		s += ": " + Bytes(e.B) + " of " + Bytes(e.A)
	}
	return s + x.took("; it took ") + x.name(e.Gen, "; ") + "."
}

// positiveBytes is a number of bytes behind some words, nothing for none.
func positiveBytes(n int64, before string) string {
	if n <= 0 {
		return ""
	}
	return before + Bytes(n)
}

// plain is for what needs no sentence of its own: the fields that are known.
func (x *eventWords) plain() string {
	spec := &trace.Specs[x.e.Kind]
	s := strings.TrimSuffix(spec.Doc, ".")
	var parts []string
	for i := range spec.Fields {
		f := &spec.Fields[i]
		v := f.Value(x.e)
		if v == 0 || v == -1 && (f.Unit == trace.UFD || f.Unit == trace.UInt) || f.Unit == trace.UText {
			continue
		}
		text := ""
		switch f.Unit {
		case trace.UName:
			text = x.s.Name(x.e.Stream, uint32(v))
		case trace.UNanos:
			text = Duration(v)
		default:
			text = string(f.AppendValue(nil, f.Raw(x.e)))
		}
		if text != "" {
			parts = append(parts, f.Name+" "+text)
		}
	}
	if len(parts) > 0 {
		s += ": " + strings.Join(parts, ", ")
	}
	return s + "."
}

func (x *eventWords) wait(begins bool) string {
	e := x.e
	asked := limit(e.B)
	if e.FD > 0 {
		asked += ", until timer " + strconv.Itoa(int(e.FD))
	}
	if begins {
		return "The thread goes to wait in " + x.call("a wait") + ", " + asked + "."
	}
	s := x.call("The wait") + " (" + asked + ") "
	if e.Errno != 0 {
		return s + "ended after " + Duration(e.Dur) + " with " + errnoWord(e.Errno) + "."
	}
	if e.Mask == 0 {
		return s + "returned no event" + x.took(" after ") + "."
	}
	return s + "returned " + Count(int64(e.Mask), "event") + x.took(" after ") + "."
}

func (x *eventWords) transfer(begins bool) string {
	e := x.e
	verb, room := "read", "found nothing"
	if e.Kind == trace.Write {
		verb, room = "write", "found no room"
	}
	verb = x.call(verb)
	if begins {
		return "The thread goes into " + verb + " on " + x.fd() + " and may stay there."
	}
	s := verb + " on " + x.fd()
	switch {
	case e.Errno == 11:
		s += " " + room + " (EAGAIN)"
	case e.Errno != 0:
		s += " failed: " + errnoWord(e.Errno)
	case e.B == 0 && e.Kind == trace.Read && e.A > 0:
		s += " returned 0 (EOF)"
	case e.A > 0 && e.B >= 0:
		s += " moved " + share(e.B, e.A)
	case e.B > 0:
		s += " moved " + Bytes(e.B)
	}
	left, known := trace.ReadOf(e).Left()
	what := " left unread"
	if e.Kind == trace.Write {
		left, known = trace.WriteOf(e).Unsent()
		what = " unsent"
	}
	switch {
	case left > 0:
		s += "; " + Bytes(left) + what
	case known && e.Kind == trace.Read:
		s += "; nothing left unread"
	}
	return s + x.took("; it took ") + "."
}

func (x *eventWords) interest() string {
	e := x.e
	verb := map[trace.Kind]string{trace.Register: "registered with", trace.Modify: "changed in", trace.Deregister: "removed from"}[e.Kind]
	where := "an instance"
	if n, set := trace.InstanceNumber(e.Inst); e.Inst != 0 && set {
		where = "the set that is passed with each call"
	} else if e.Inst != 0 {
		where = "epoll instance " + strconv.Itoa(n)
	}
	what := verb + " " + where
	if e.Mask != 0 {
		what += " for " + trace.PollString(e.Mask)
	}
	if e.Errno != 0 {
		return x.fd() + " was to be " + what + ", which failed: " + errnoWord(e.Errno) + "."
	}
	return x.fd() + " was " + what + "."
}

func (x *eventWords) operation() string {
	e := x.e
	op := trace.CompleteOf(e).Op().String()
	if op == "" {
		op = "operation"
	}
	if e.Kind == trace.Submit {
		s := "A " + op + " for " + x.fd() + " was submitted"
		if e.B > 0 {
			s += ", up to " + Bytes(e.B)
		}
		return s + "."
	}
	s := "The " + op + " of " + x.fd() + " completed"
	switch {
	case e.Errno != 0:
		s += ": " + errnoWord(e.Errno)
	case e.B > 0 && transfers(trace.CompleteOf(e).Op()):
		s += ": " + Bytes(e.B)
	case e.B > 0 && trace.CompleteOf(e).Op() == trace.OpAccept:
		s += ": fd " + Number(e.B)
	}
	if e.Mask&2 != 0 {
		s += "; more completions follow"
	}
	return s + "."
}

// ended says that a call did not end by itself.
func ended(errno uint16) string {
	switch errno {
	case 0:
		return ""
	case 4:
		return "; a signal ended it"
	}
	return "; it failed: " + errnoWord(errno)
}

// none says an amount for which 0 is a measured figure and has a word of its own.
func none(n int64, what ...string) string {
	switch {
	case n <= 0 && len(what) > 1:
		return "no " + what[1]
	case n <= 0:
		return "none " + what[0]
	case len(what) > 1:
		return Count(n, what[0], what[1])
	}
	return Number(n) + " " + what[0]
}

// positive says a number that is known when it is above 0.
func positive(n int64, before string) string {
	if n <= 0 {
		return ""
	}
	return before + strconv.FormatInt(n, 10)
}

func word(e trace.Enum, v uint32, before string) string {
	if w := e.Word(v & 0xff); w != "" {
		return before + w
	}
	return ""
}

// inCallSentence says what a thread was doing when it was looked at.
func inCallSentence(x *eventWords, e *trace.Event) string {
	v := trace.InCallOf(e)
	s := "The thread was looked at: "
	switch v.Doing() {
	case trace.DoingRunning:
		s += "it was running"
	case trace.DoingStopped:
		s += "a signal had stopped it"
	case trace.DoingTraced:
		s += "a debugger had stopped it"
	case trace.DoingEnded:
		s += "it had ended"
	case trace.DoingUnknown:
		s += "what it did is not known"
	default:
		s += "it was waiting"
	}
	if name := x.name(e.Aux, ""); name != "" {
		s += ", in " + name
		if e.FD >= 0 {
			s += " on " + x.fd()
		}
	}
	if v.Same() == trace.AnswerYes {
		s += "; it had not run since the look before"
	}
	return s + "."
}
