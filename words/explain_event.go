package words

import (
	"strconv"
	"strings"

	"evviz/timeline"
	"evviz/trace"
)

// eventKeys lead from a kind to its text.
var eventKeys = [trace.KindCount]string{
	trace.Start: "run", trace.Stop: "run", trace.Thread: "run", trace.Exec: "run", trace.Exit: "run", trace.Fork: "run", trace.Mode: "run", trace.Knob: "run",
	trace.Usage: "usage", trace.Open: "descriptor", trace.Dup: "descriptor", trace.Close: "descriptor", trace.Shutdown: "descriptor", trace.FdFlags: "descriptor",
	trace.SockOpt: "descriptor", trace.Listen: "descriptor", trace.Connect: "connect", trace.Instance: "interest", trace.Register: "interest",
	trace.Modify: "interest", trace.Deregister: "interest", trace.Wait: "wait", trace.Sleep: "sleep", trace.Round: "round", trace.Ready: "ready",
	trace.Renotify: "renotify", trace.Call: "handler", trace.Accept: "accept", trace.Read: "read", trace.Write: "write", trace.Sys: "other", trace.Lock: "lock",
	trace.TimerSet: "timer", trace.TimerFire: "timer", trace.TimerStop: "timer", trace.Wake: "wake", trace.Task: "task", trace.Signal: "signal",
	trace.Submit: "submit", trace.Complete: "complete", trace.Arrive: "arrive", trace.Queue: "queue", trace.RunDelay: "rundelay", trace.Step: "step",
	trace.Sync: "stream", trace.State: "stream", trace.Name: "stream", trace.Lost: "lost", trace.Bookmark: "bookmark", trace.Repeat: "repeat",
	trace.Unread: "unread", trace.InCall: "incall", trace.Peer: "peer",
}

// errnoWord is the name of an error number.
func errnoWord(n uint16) string {
	if w := trace.ErrnoName(n); w != "" {
		return w
	}
	return "error " + strconv.Itoa(int(n))
}

// ExplainEvent says what the event with an index is, in words.
func ExplainEvent(s *timeline.Snapshot, i int64) Page {
	e, ok := s.Event(i)
	if !ok {
		return Page{Title: "Event", Parts: []Part{{headWhat, "This event is no longer kept; only the sums that include it are."}}}
	}
	return explainEvent(s, i, &e)
}

func explainEvent(s *timeline.Snapshot, i int64, e *trace.Event) Page {
	if e.Kind == trace.KindNone || e.Kind >= trace.KindCount {
		return Page{Title: "Event", Parts: []Part{{headWhat, "An event of a kind that this version does not know."}}}
	}
	p := Page{Title: e.Kind.String() + ": " + strings.TrimSuffix(trace.Specs[e.Kind].Doc, ".")}
	p.add(headWhat, EventSentence(s, i, e))
	if e.Kind == trace.Ready {
		if v, ok := s.Verdict(i); ok {
			key := "class/" + keyed(v.Class.String())
			p.add("What it means", kernelRules[key].what)
			if v.Class != timeline.ClassFresh && v.Class != timeline.ClassUnknown {
				p.rule(key)
				return p
			}
		}
	}
	key := "event/" + eventKeys[e.Kind]
	if e.Errno != 0 {
		if _, known := kernelRules["errno/"+errnoWord(e.Errno)]; known {
			key = "errno/" + errnoWord(e.Errno)
		}
		p.add(errnoWord(e.Errno), ExplainErrno(e.Errno).Part(headMeans))
	}
	p.rule(key)
	return p
}
