package diagnostics

import (
	"fmt"
	"strconv"
	"time"

	"evviz/timeline"
)

// Settings are the thresholds of the rules; the table below says what each is. Default has the documented ones.
type Settings struct {
	SpinRow       int
	SpinWindow    time.Duration
	CriticalRow   int
	SpinRate      int
	WaitRow       int
	WaitWindow    time.Duration
	Stall         time.Duration
	LabStall      time.Duration
	Repeats       int
	BigBuffer     int
	HogReads      int
	HogTime       time.Duration
	WastedReads   int
	SingleAccepts int
	LateConnect   time.Duration
	BlockedCall   time.Duration
	HerdLosers    int
	HerdShare     int
	Imbalance     int
	TopWorker     int
	TopOfTwo      int
	ZeroBurst     int
	Roundings     int
	LateWakeups   int
	LateBy        time.Duration
	LateShare     int
	SleepRounds   int
	Gap           time.Duration
	BigGap        time.Duration
	Pauses        int
	Behind        time.Duration
	BehindOnce    time.Duration
	Drifts        int
	Overruns      int
	TicksMissed   int
	Churn         int
	ChurnShare    int
	BatchFew      int
	BatchFull     int
	BatchShare    int
	BigSet        int
	BigSetCalls   int
	BigSetReady   int
	SelectFull    int
	InvalidRow    int
	StrayChanges  int
	Leak          time.Duration
	LabLeak       time.Duration
	Growth        int
	GrowthClosed  int
	IdleRate      int
	IdleWarn      int
}

// Default is what holds when nothing is said.
func Default() (s Settings) {
	for i := range Thresholds {
		switch t := &Thresholds[i]; v := t.at(&s).(type) {
		case *time.Duration:
			*v = t.def.(time.Duration)
		case *int:
			*v = t.def.(int)
		}
	}
	return s
}

// Limits are what a timeline has to know of the settings: Options of its own say it. What is shorter than
// the least that is noted anyhow is noted from what its rule asks for on.
func (s *Settings) Limits() timeline.Limits {
	l := timeline.DefaultLimits()
	l.SpinRow, l.WaitRow, l.ZeroBurst = s.SpinRow, s.WaitRow, s.ZeroBurst
	l.HogReads, l.HogTime = s.HogReads, int64(s.HogTime)
	l.Stall = min(int64(s.Stall), int64(s.LabStall))
	for _, x := range []struct {
		noted *int64
		asked time.Duration
	}{{&l.Away, s.Gap}, {&l.Behind, s.Behind}, {&l.BlockedCall, s.BlockedCall}, {&l.Connect, s.LateConnect}, {&l.Late, s.LateBy}} {
		*x.noted = min(*x.noted, int64(x.asked))
	}
	return l
}

// Patient are settings for a machine that others use too: what has no upper bound there is a finding only when it is so many times
// longer, or more.
func (s Settings) Patient(times int) Settings {
	for i := range Thresholds {
		if !Thresholds[i].busy {
			continue
		}
		switch v := Thresholds[i].at(&s).(type) {
		case *time.Duration:
			*v *= time.Duration(times)
		case *int:
			*v *= times
		}
	}
	return s
}

// Threshold is a setting with its name on the command line.
type Threshold struct {
	Name string
	Doc  string

	old  string                // a deprecated name that still sets it; "" none
	def  any                   // what holds when nothing is said: an int or a time.Duration
	at   func(s *Settings) any // where it is: *int or *time.Duration
	busy bool                  // a machine that is busy with something else reaches it, too
	most int                   // the largest that it can be; 0 any
}

// Thresholds are all settings, in the order in which they are shown.
var Thresholds = []Threshold{
	{Name: "spin-row", def: 8, most: timeline.MaxRow, Doc: "events of one kind in a row that are a spin",
		at: func(s *Settings) any { return &s.SpinRow }},
	{Name: "spin-window", def: 100 * time.Millisecond, Doc: "... when they come within this time",
		at: func(s *Settings) any { return &s.SpinWindow }},
	{Name: "critical-row", def: 64, Doc: "events in a row from which on a spin may be critical",
		at: func(s *Settings) any { return &s.CriticalRow }},
	{Name: "spin-rate", def: 1000, Doc: "... when more than this many come in a second",
		at: func(s *Settings) any { return &s.SpinRate }},
	{Name: "wait-row", def: 16, most: timeline.MaxRow, Doc: "waits with timeout 0 in a row that bring nothing",
		at: func(s *Settings) any { return &s.WaitRow }},
	{Name: "wait-window", def: 10 * time.Millisecond, Doc: "... within this time",
		at: func(s *Settings) any { return &s.WaitWindow }},
	{Name: "stall", def: time.Second, Doc: "how long data, a connection or output must wait, with no further notification",
		at: func(s *Settings) any { return &s.Stall }},
	{Name: "lab-stall", def: 200 * time.Millisecond, busy: true, Doc: "the same in the lab, which measures what is unread",
		at: func(s *Settings) any { return &s.LabStall }},
	{Name: "repeats", old: "nagging", def: 8, Doc: "events for one message",
		at: func(s *Settings) any { return &s.Repeats }},
	{Name: "big-buffer", def: 16 << 10, Doc: "bytes a read from which on one read per event is a policy and not a defect",
		at: func(s *Settings) any { return &s.BigBuffer }},
	{Name: "hog-reads", def: 64, Doc: "reads of one descriptor in a row while others wait",
		at: func(s *Settings) any { return &s.HogReads }},
	{Name: "hog-time", def: time.Millisecond, Doc: "... or a row of reads that takes longer than this",
		at: func(s *Settings) any { return &s.HogTime }},
	{Name: "wasted-reads", def: 8, Doc: "reads right after a short read, with EAGAIN",
		at: func(s *Settings) any { return &s.WastedReads }},
	{Name: "single-accepts", def: 4, Doc: "events for which one connection was accepted while others waited",
		at: func(s *Settings) any { return &s.SingleAccepts }},
	{Name: "late-connect", def: 500 * time.Millisecond, busy: true, Doc: "how long a client's connect may take",
		at: func(s *Settings) any { return &s.LateConnect }},
	{Name: "blocked-call", def: 20 * time.Millisecond, busy: true, Doc: "how long a call on a descriptor that was reported ready may take",
		at: func(s *Settings) any { return &s.BlockedCall }},
	{Name: "herd-losers", def: 3, Doc: "wakeups of threads that came too late",
		at: func(s *Settings) any { return &s.HerdLosers }},
	{Name: "herd-share", def: 50, Doc: "... and what percentage of all events they are at least",
		at: func(s *Settings) any { return &s.HerdShare }},
	{Name: "imbalance", def: 20, Doc: "connections from which on the shares of workers are compared",
		at: func(s *Settings) any { return &s.Imbalance }},
	{Name: "top-worker", def: 2, Doc: "more than this many times the mean is too much for one worker",
		at: func(s *Settings) any { return &s.TopWorker }},
	{Name: "top-of-two", def: 90, Doc: "percentage of all connections that is too much for one of two workers",
		at: func(s *Settings) any { return &s.TopOfTwo }},
	{Name: "zero-burst", def: 3, Doc: "waits with timeout 0 between a wait that timed out and its timer",
		at: func(s *Settings) any { return &s.ZeroBurst }},
	{Name: "roundings", def: 3, Doc: "timers that had such a burst before them",
		at: func(s *Settings) any { return &s.Roundings }},
	{Name: "late-wakeups", def: 10, Doc: "wakeups that came late",
		at: func(s *Settings) any { return &s.LateWakeups }},
	{Name: "late-by", def: 2 * time.Millisecond, busy: true, Doc: "how late",
		at: func(s *Settings) any { return &s.LateBy }},
	{Name: "late-share", def: 10, Doc: "percentage of all waits above which late wakeups are a warning",
		at: func(s *Settings) any { return &s.LateShare }},
	{Name: "sleep-rounds", def: 5, Doc: "sleeps with calls after them that found nothing",
		at: func(s *Settings) any { return &s.SleepRounds }},
	{Name: "gap", def: 20 * time.Millisecond, busy: true, Doc: "how long a loop may take to return to its wait",
		at: func(s *Settings) any { return &s.Gap }},
	{Name: "big-gap", def: 100 * time.Millisecond, busy: true, Doc: "... before it is critical",
		at: func(s *Settings) any { return &s.BigGap }},
	{Name: "pauses", def: 3, Doc: "times from which on CPU time, or the disk, is not a pause of the machine",
		at: func(s *Settings) any { return &s.Pauses }},
	{Name: "behind", def: 20 * time.Millisecond, busy: true, Doc: "how long an event may wait behind other handlers of its batch",
		at: func(s *Settings) any { return &s.Behind }},
	{Name: "behind-once", def: 40 * time.Millisecond, busy: true, Doc: "... when it does less often than pauses says",
		at: func(s *Settings) any { return &s.BehindOnce }},
	{Name: "drifts", def: 5, Doc: "periods of a timer that were longer than asked for",
		at: func(s *Settings) any { return &s.Drifts }},
	{Name: "overruns", def: 5, busy: true, Doc: "expirations that stood for several periods of a timer",
		at: func(s *Settings) any { return &s.Overruns }},
	{Name: "ticks-missed", def: 4, Doc: "periods for which what is done when a wait times out is not done while events come",
		at: func(s *Settings) any { return &s.TicksMissed }},
	{Name: "churn", def: 20, Doc: "events from which on changes of registrations are counted against them",
		at: func(s *Settings) any { return &s.Churn }},
	{Name: "churn-share", def: 50, Doc: "percentage of the events above which changes of registrations are too many",
		at: func(s *Settings) any { return &s.ChurnShare }},
	{Name: "batch-few", def: 2, Doc: "full batches that left ready descriptors for the next wait and are worth an info",
		at: func(s *Settings) any { return &s.BatchFew }},
	{Name: "batch-full", def: 8, Doc: "... and a warning",
		at: func(s *Settings) any { return &s.BatchFull }},
	{Name: "batch-share", def: 10, Doc: "percentage of all waits above which full batches count",
		at: func(s *Settings) any { return &s.BatchShare }},
	{Name: "big-set", def: 256, Doc: "descriptors passed to poll or select, on average, above which few that are ready are a finding",
		at: func(s *Settings) any { return &s.BigSet }},
	{Name: "big-set-calls", def: 20, Doc: "... in this many calls",
		at: func(s *Settings) any { return &s.BigSetCalls }},
	{Name: "big-set-ready", def: 5, Doc: "percentage of them below which few are ready",
		at: func(s *Settings) any { return &s.BigSetReady }},
	{Name: "select-full", def: 960, Doc: "descriptors passed to select above which its limit of 1024 is near",
		at: func(s *Settings) any { return &s.SelectFull }},
	{Name: "invalid-row", def: 2, Doc: "POLLNVAL for one descriptor in a row",
		at: func(s *Settings) any { return &s.InvalidRow }},
	{Name: "stray-changes", def: 2, Doc: "changes of registrations of what is closed or was never registered",
		at: func(s *Settings) any { return &s.StrayChanges }},
	{Name: "leak", def: 5 * time.Second, Doc: "how long a connection may stay open after EOF, with nothing written",
		at: func(s *Settings) any { return &s.Leak }},
	{Name: "lab-leak", def: time.Second, Doc: "the same in the lab, whose clients say when they are gone",
		at: func(s *Settings) any { return &s.LabLeak }},
	{Name: "growth", def: 512, Doc: "open descriptors when hardly any was ever closed",
		at: func(s *Settings) any { return &s.Growth }},
	{Name: "growth-closed", def: 10, Doc: "percentage of all descriptors below which hardly any was closed",
		at: func(s *Settings) any { return &s.GrowthClosed }},
	{Name: "idle-rate", def: 10, Doc: "wakeups by a timeout alone in a second that are worth an info",
		at: func(s *Settings) any { return &s.IdleRate }},
	{Name: "idle-warn", def: 50, Doc: "... and a warning",
		at: func(s *Settings) any { return &s.IdleWarn }},
}

// Rules are the rules that use it.
func (t *Threshold) Rules() (out []*Rule) {
	for i := range Rules {
		for _, x := range Rules[i].Thresholds() {
			if x == t {
				out = append(out, &Rules[i])
			}
		}
	}
	return out
}

// Get is a threshold's value in words.
func (t *Threshold) Get(s *Settings) string {
	switch v := t.at(s).(type) {
	case *time.Duration:
		return v.String()
	case *int:
		return strconv.Itoa(*v)
	}
	return ""
}

// Set changes a threshold by its name; the error says what is wanted.
func (s *Settings) Set(name, value string) error {
	for i := range Thresholds {
		t := &Thresholds[i]
		if t.Name != name && (t.old == "" || t.old != name) {
			continue
		}
		switch v := t.at(s).(type) {
		case *time.Duration:
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 {
				return fmt.Errorf("threshold %s=%s: want a time, for example %s", name, value, t.Get(s))
			}
			*v = d
		case *int:
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return fmt.Errorf("threshold %s=%s: want a whole number, for example %s", name, value, t.Get(s))
			}
			if t.most > 0 && n > t.most {
				return fmt.Errorf("threshold %s=%s: want a number up to %d, for example %s", name, value, t.most, t.Get(s))
			}
			*v = n
		}
		return nil
	}
	return fmt.Errorf("there is no threshold %q; evviz check --help lists them", name)
}
