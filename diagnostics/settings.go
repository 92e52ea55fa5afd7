package diagnostics

import (
	"fmt"
	"strconv"
	"time"
)

// Settings are the thresholds of the rules. Default has the documented ones.
type Settings struct {
	SpinWindow    time.Duration // so many reports in a row (8; 16 for waits that do not wait) within this time are a spin
	WaitWindow    time.Duration // the same for waits with timeout 0
	SpinRate      int           // reports a second from which on a spin is critical
	Stall         time.Duration // how long data must lie, or output wait, before it counts as forgotten
	LabStall      time.Duration // the same for the lab, where what is left is measured
	Nagging       int           // reports for one message
	BigBuffer     int           // bytes a read from which on reading once a report is a policy
	HogReads      int           // reads in a row while others wait
	HerdLosers    int           // reports in vain
	Imbalance     int           // connections before the shares of workers are compared
	SleepRounds   int           // rounds of sleeping and asking
	Roundings     int           // timers that were waited for with a burst of zero waits
	LateWakeups   int           // wakeups that came late
	LateBy        time.Duration // how late at least
	Gap           time.Duration // how long a loop may be away from its wait
	BigGap        time.Duration // ... before it is critical
	Behind        time.Duration // how long a report may wait for others of its batch
	Drifts        int           // periods of a timer
	Churn         int           // reports before changes of interest are counted against them
	BatchFull     int           // batches that left something behind
	BigSet        int           // descriptors passed to poll or select
	Leak          time.Duration // how long a connection may stay open after its end of file
	LabLeak       time.Duration // the same in the lab
	Growth        int           // open connections that only ever grew in number
	LateConnect   time.Duration // a client's connect
	BlockedOnRead time.Duration // a read or accept on a descriptor that was reported ready
}

// Default is what holds when nothing is said.
func Default() Settings {
	return Settings{SpinWindow: 100 * time.Millisecond, WaitWindow: 10 * time.Millisecond, SpinRate: 1000, Stall: time.Second,
		LabStall: 200 * time.Millisecond, Nagging: 8, BigBuffer: 16 << 10, HogReads: 64, HerdLosers: 3, Imbalance: 20, SleepRounds: 5,
		Roundings: 3, LateWakeups: 10, LateBy: 2 * time.Millisecond, Gap: 20 * time.Millisecond, BigGap: 100 * time.Millisecond,
		Behind: 20 * time.Millisecond, Drifts: 5, Churn: 20, BatchFull: 8, BigSet: 256, Leak: 5 * time.Second, LabLeak: time.Second, Growth: 512,
		LateConnect: 500 * time.Millisecond, BlockedOnRead: 20 * time.Millisecond}
}

// Threshold is a setting with its name on the command line.
type Threshold struct {
	Name, Rules, Doc string
	at               func(*Settings) any // *int or *time.Duration
}

// Thresholds are all settings, in the order in which they are shown.
var Thresholds = []Threshold{
	{"spin-window", "EV01 EV06 EV07 EV08 EV11 EV18 EV31 EV33", "8 reports of one kind in a row within this time are a spin", func(s *Settings) any { return &s.SpinWindow }},
	{"spin-rate", "EV01 EV06 EV07 EV08 EV11 EV18 EV31 EV33", "reports a second from which on a spin is critical", func(s *Settings) any { return &s.SpinRate }},
	{"wait-window", "EV21", "16 waits with timeout 0 in a row that bring nothing within this time", func(s *Settings) any { return &s.WaitWindow }},
	{"stall", "EV03 EV10 EV11 EV17", "how long data or output must lie untold of", func(s *Settings) any { return &s.Stall }},
	{"lab-stall", "EV03 EV10 EV11 EV17", "the same in the lab, which measures what is left", func(s *Settings) any { return &s.LabStall }},
	{"nagging", "EV02", "reports for one message", func(s *Settings) any { return &s.Nagging }},
	{"big-buffer", "EV02", "bytes a read from which on one read a report is a policy and no defect", func(s *Settings) any { return &s.BigBuffer }},
	{"hog-reads", "EV04", "reads of one descriptor in a row while others wait", func(s *Settings) any { return &s.HogReads }},
	{"herd-losers", "EV14", "reports in vain", func(s *Settings) any { return &s.HerdLosers }},
	{"imbalance", "EV15", "connections from which on the shares of workers are compared", func(s *Settings) any { return &s.Imbalance }},
	{"sleep-rounds", "EV24", "rounds of sleeping and asking in vain", func(s *Settings) any { return &s.SleepRounds }},
	{"roundings", "EV22", "timers that were approached with a burst of zero waits", func(s *Settings) any { return &s.Roundings }},
	{"late-wakeups", "EV23", "wakeups that came late", func(s *Settings) any { return &s.LateWakeups }},
	{"late-by", "EV23", "how late", func(s *Settings) any { return &s.LateBy }},
	{"gap", "EV25", "how long a loop may be away from its wait", func(s *Settings) any { return &s.Gap }},
	{"big-gap", "EV25 EV26", "... before it is critical", func(s *Settings) any { return &s.BigGap }},
	{"behind", "EV26", "how long a report may wait for others of its batch", func(s *Settings) any { return &s.Behind }},
	{"drifts", "EV27", "periods that were longer than asked for", func(s *Settings) any { return &s.Drifts }},
	{"churn", "EV28", "reports from which on changes of interest are counted against them", func(s *Settings) any { return &s.Churn }},
	{"batch-full", "EV29", "batches that left something behind", func(s *Settings) any { return &s.BatchFull }},
	{"big-set", "EV30", "descriptors passed to poll or select", func(s *Settings) any { return &s.BigSet }},
	{"leak", "EV35", "how long a connection may stay open after its end of file, with nothing written", func(s *Settings) any { return &s.Leak }},
	{"lab-leak", "EV35", "the same in the lab, whose clients say when they are gone", func(s *Settings) any { return &s.LabLeak }},
	{"growth", "EV35", "open descriptors when hardly any was ever closed", func(s *Settings) any { return &s.Growth }},
	{"late-connect", "EV12", "how long a client's connect may take", func(s *Settings) any { return &s.LateConnect }},
	{"blocked-call", "EV13", "how long a call on a descriptor that was reported ready may take", func(s *Settings) any { return &s.BlockedOnRead }},
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
		if t.Name != name {
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
			*v = n
		}
		return nil
	}
	return fmt.Errorf("there is no threshold %q; evviz check --help lists them", name)
}
