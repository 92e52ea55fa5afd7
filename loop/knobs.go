package loop

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"evviz/loop/poll"
	"evviz/trace"
)

// Knob is one named setting of a Behaviour: the flag, the scenario's key and the recorded Knob event share the name.
type Knob struct {
	Name string
	Doc  string
	Get  func(*Behaviour) string
	set  func(*Behaviour, string) error
}

// Set parses a value into the behaviour. The error says what would have been right.
func (k *Knob) Set(b *Behaviour, v string) error {
	if err := k.set(b, v); err != nil {
		return fmt.Errorf("%s: %w", k.Name, err)
	}
	return nil
}

// Knobs is the table of all settings, by name.
var Knobs = []Knob{
	{"accept-work", "what the listener's handler does before it accepts: none, or cpu, sleep, read, lock:DURATION, or fsync:SIZE", func(b *Behaviour) string { return b.AcceptWork.String() },
		func(b *Behaviour, v string) (err error) { b.AcceptWork, err = ParseWork(v); return }},
	{"accepts", "accept calls per wakeup or round: 0, N, upto:N, drain", func(b *Behaviour) string { return b.Accepts.String() },
		func(b *Behaviour, v string) (err error) { b.Accepts, err = ParseCount(v); b.acceptsSet = true; return }},
	{"arrival", "how the moment of arrival is learned: observer, stamp, both, off",
		choice(func(b *Behaviour) *Arrival { return &b.Arrival }, "off", "observer", "stamp", "both"),
		choose(func(b *Behaviour) *Arrival { return &b.Arrival }, "off", "observer", "stamp", "both")},
	{"backlog", "connections that the kernel keeps waiting for accept", func(b *Behaviour) string { return strconv.Itoa(b.Backlog) },
		number(func(b *Behaviour) *int { return &b.Backlog }, 1, 1<<16)},
	knobBudget,
	knobChild,
	knobConnect,
	knobCountEOF,
	knobDefer,
	knobDeferQuiet,
	knobDup,
	knobEcho,
	knobFDsFree,
	knobGenerations,
	knobHeartbeat,
	knobHeartbeatWait,
	{"hold", "register a connection only when this many bytes are unread; 0 at once", func(b *Behaviour) string { return strconv.Itoa(b.Hold) },
		number(func(b *Behaviour) *int { return &b.Hold }, 0, 1<<30)},
	knobIdleTimeout,
	{"interval", "sleep between the rounds of sleep-poll", func(b *Behaviour) string { return b.Interval.String() },
		duration(func(b *Behaviour) *time.Duration { return &b.Interval }, 0, 24*time.Hour)},
	{"listeners", "with several threads: one (all wait on one instance), or an instance each on a shared or exclusive listener, or reuseport (a listener each)",
		choice(func(b *Behaviour) *Listeners { return &b.Listeners }, "one", "shared", "exclusive", "reuseport"),
		choose(func(b *Behaviour) *Listeners { return &b.Listeners }, "one", "shared", "exclusive", "reuseport")},
	{"max-events", "most events taken from one wait", func(b *Behaviour) string { return strconv.Itoa(b.MaxEvents) },
		number(func(b *Behaviour) *int { return &b.MaxEvents }, 1, 1<<16)},
	{"max-fd", "a connection with this descriptor number or above is closed at once; 0 no limit", func(b *Behaviour) string { return strconv.Itoa(b.MaxFD) },
		number(func(b *Behaviour) *int { return &b.MaxFD }, 0, 1<<30)},
	knobMeasureWrites,
	{"nonblock", "which sockets are non-blocking: both, listener (connections do not inherit it), none",
		choice(func(b *Behaviour) *Nonblock { return &b.Nonblock }, "both", "listener", "none"),
		choose(func(b *Behaviour) *Nonblock { return &b.Nonblock }, "both", "listener", "none")},
	{"on-emfile", "when descriptors run out: shed, ignore",
		choice(func(b *Behaviour) *OnEMFILE { return &b.OnEMFILE }, "shed", "ignore"),
		choose(func(b *Behaviour) *OnEMFILE { return &b.OnEMFILE }, "shed", "ignore")},
	{"on-eof", "when a peer has finished: close, ignore, leak",
		choice(func(b *Behaviour) *OnEOF { return &b.OnEOF }, "close", "ignore", "leak"),
		choose(func(b *Behaviour) *OnEOF { return &b.OnEOF }, "close", "ignore", "leak")},
	knobOnError,
	{"rcvbuf", "SO_RCVBUF of connections in bytes; 0 the kernel's default", func(b *Behaviour) string { return strconv.Itoa(b.RcvBuf) },
		number(func(b *Behaviour) *int { return &b.RcvBuf }, 0, 1<<30)},
	{"rdhup", "register for EPOLLRDHUP as well: true, false", func(b *Behaviour) string { return strconv.FormatBool(b.RDHUP) },
		boolean(func(b *Behaviour) *bool { return &b.RDHUP })},
	{"read-size", "bytes asked for by one read", func(b *Behaviour) string { return strconv.Itoa(b.ReadSize) },
		number(func(b *Behaviour) *int { return &b.ReadSize }, 1, 1<<24)},
	{"reads", "read calls per wakeup or round: 0, N, upto:N, short, drain", func(b *Behaviour) string { return b.Reads.String() },
		func(b *Behaviour, v string) (err error) { b.Reads, err = ParseCount(v); return }},
	{"rearm", "when a oneshot registration is armed again: after, early, never (after, before or without the handler's work)",
		choice(func(b *Behaviour) *Rearm { return &b.Rearm }, "after", "early", "never"),
		choose(func(b *Behaviour) *Rearm { return &b.Rearm }, "after", "early", "never")},
	knobReconnect,
	knobReconnectTries,
	{"register-guard", "what keeps a registration by another thread apart from the loop's closing: mutex, spin, flag, none (flag and none lose it)",
		choice(func(b *Behaviour) *RegisterGuard { return &b.Guard }, "mutex", "spin", "flag", "none"),
		choose(func(b *Behaviour) *RegisterGuard { return &b.Guard }, "mutex", "spin", "flag", "none")},
	knobRegisterOrder,
	{"register-pause", "pause between such a registration's look and its call, which makes the race certain", func(b *Behaviour) string { return b.GuardPause.String() },
		duration(func(b *Behaviour) *time.Duration { return &b.GuardPause }, 0, time.Minute)},
	{"register-via", "who registers a held connection: task (the loop), registry (another thread), poll (another thread that must have the poll to itself)",
		choice(func(b *Behaviour) *RegisterVia { return &b.Registry }, "task", "registry", "poll"),
		choose(func(b *Behaviour) *RegisterVia { return &b.Registry }, "task", "registry", "poll")},
	knobResolve,
	knobResolveCache,
	knobResolveDelay,
	{"resubmit", "io-uring: whether a recv that has completed is submitted again: always, never (implies single)",
		choice(func(b *Behaviour) *Resubmit { return &b.Resubmit }, "always", "never"),
		choose(func(b *Behaviour) *Resubmit { return &b.Resubmit }, "always", "never")},
	{"rounding", "how a timeout becomes milliseconds: ceil, floor",
		choice(func(b *Behaviour) *poll.Rounding { return &b.Rounding }, "ceil", "floor"),
		choose(func(b *Behaviour) *poll.Rounding { return &b.Rounding }, "ceil", "floor")},
	knobServe,
	knobShutdown,
	{"sndbuf", "SO_SNDBUF of connections in bytes; 0 the kernel's default", func(b *Behaviour) string { return strconv.Itoa(b.SndBuf) },
		number(func(b *Behaviour) *int { return &b.SndBuf }, 0, 1<<30)},
	{"split", "accept on another thread, over one table under a lock (sleep-poll): true, false", func(b *Behaviour) string { return strconv.FormatBool(b.Split) },
		boolean(func(b *Behaviour) *bool { return &b.Split })},
	knobStreamDelay,
	knobStreams,
	{"threads", "threads that wait for readiness (epoll)", func(b *Behaviour) string { return strconv.Itoa(b.Threads) },
		number(func(b *Behaviour) *int { return &b.Threads }, 1, 64)},
	knobTick,
	knobTickRearm,
	knobTickWork,
	{"timeout", "longest wait of a readiness loop; -1 no timeout", func(b *Behaviour) string {
		if b.Timeout < 0 {
			return "-1"
		}
		return b.Timeout.String()
	}, func(b *Behaviour, v string) error {
		if v == "-1" {
			b.Timeout = -1
			return nil
		}
		return duration(func(b *Behaviour) *time.Duration { return &b.Timeout }, 0, 24*time.Hour)(b, v)
	}},
	knobUnsent,
	{"uring", "io-uring: how accept and recv are submitted: auto, single, multishot",
		choice(func(b *Behaviour) *URing { return &b.URing }, "auto", "single", "multishot"),
		choose(func(b *Behaviour) *URing { return &b.URing }, "auto", "single", "multishot")},
	{"waits", "stop after this many more waits or rounds; 0 never", func(b *Behaviour) string { return strconv.Itoa(b.Waits) },
		number(func(b *Behaviour) *int { return &b.Waits }, 0, 1<<30)},
	{"wake-drain", "read the wakeup descriptor when it is reported: true, false", func(b *Behaviour) string { return strconv.FormatBool(b.WakeDrain) },
		boolean(func(b *Behaviour) *bool { return &b.WakeDrain })},
	{"work", "what a handler does when it got data: none, or cpu, sleep, read, lock:DURATION, or fsync:SIZE", func(b *Behaviour) string { return b.Work.String() },
		func(b *Behaviour, v string) (err error) { b.Work, err = ParseWork(v); return }},
	knobWorkPer,
	{"write-interest", "when EPOLLOUT is registered: on-demand, always, first (before anything is written)",
		choice(func(b *Behaviour) *WriteInterest { return &b.WriteOut }, "on-demand", "always", "first"),
		choose(func(b *Behaviour) *WriteInterest { return &b.WriteOut }, "on-demand", "always", "first")},
}

// FindKnob looks a knob up by name.
func FindKnob(name string) (*Knob, bool) {
	i := sort.Search(len(Knobs), func(i int) bool { return Knobs[i].Name >= name })
	if i < len(Knobs) && Knobs[i].Name == name {
		return &Knobs[i], true
	}
	return nil, false
}

// Describe lists every setting as "name value", for a recording's header.
func (b *Behaviour) Describe() []trace.Pair {
	out := make([]trace.Pair, 0, len(Knobs))
	for i := range Knobs {
		out = append(out, trace.Pair{Key: "knob." + Knobs[i].Name, Value: Knobs[i].Get(b)})
	}
	return out
}

func choice[T ~uint8](at func(*Behaviour) *T, words ...string) func(*Behaviour) string {
	return func(b *Behaviour) string { return words[*at(b)] }
}

func choose[T ~uint8](at func(*Behaviour) *T, words ...string) func(*Behaviour, string) error {
	return func(b *Behaviour, v string) error {
		for i, w := range words {
			if w == v {
				*at(b) = T(i)
				return nil
			}
		}
		return fmt.Errorf("%q is not one of %s", v, strings.Join(words, ", "))
	}
}

func number(at func(*Behaviour) *int, lo, hi int) func(*Behaviour, string) error {
	return func(b *Behaviour, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < lo || n > hi {
			return fmt.Errorf("%q is not a whole number from %d to %d", v, lo, hi)
		}
		*at(b) = n
		return nil
	}
}

func boolean(at func(*Behaviour) *bool) func(*Behaviour, string) error {
	return func(b *Behaviour, v string) error {
		x, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		*at(b) = x
		return nil
	}
}

func duration(at func(*Behaviour) *time.Duration, lo, hi time.Duration) func(*Behaviour, string) error {
	return func(b *Behaviour, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < lo || d > hi {
			return fmt.Errorf("%q is not a duration from %v to %v, for example 250ms", v, lo, hi)
		}
		*at(b) = d
		return nil
	}
}
