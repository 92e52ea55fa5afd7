package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"evviz/diagnostics"
	"evviz/internal/testkit"
	"evviz/record"
	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// diagnosis is what must be said of a truth case: must above info, said at any severity. What may be said above info besides is an
// effect of how the story makes its point (a handler that sleeps so that a race cannot hide). A case with neither is part of the
// negative set: nothing but what may be said is said above info.
type diagnosis struct {
	must, may string
	said      string
	pause     time.Duration                // of computing: from outside it is told apart only from what a call that cannot wait takes on that machine
	shows     func(evs []trace.Event) bool // said is asked for of a run whose recording shows this by itself; nil: of every run
}

// diagnoses are those of the truth cases, by rule. How many lose in t17a and t17b is a race: two are an info. How long a disk
// takes (t23d), and whether a traced loop is quick enough for a burst of waits (t26a), the run itself shows.
var diagnoses = map[string]diagnosis{
	"t01": {must: "EV02"}, "t02": {must: "EV03"}, "t03": {must: "EV03"}, "t04": {}, "t05": {must: "EV01"}, "t06": {must: "EV21", may: "EV03"}, "t07": {},
	"t08a": {}, "t08b": {}, "t09": {must: "EV08"}, "t10": {}, "t11": {must: "EV07"}, "t12": {must: "EV06"},
	"t13": {must: "EV11", may: "EV25"}, "t14": {must: "EV11", may: "EV25 EV03"}, "t15a": {}, "t15b": {}, "t15c": {must: "EV03"}, "t15d": {},
	"t16a": {must: "EV14", may: "EV01"}, "t16b": {must: "EV03"}, "t16c": {must: "EV17"},
	"t17a": {said: "EV14", may: "EV14 EV25"}, "t17b": {said: "EV14", may: "EV14 EV25"}, "t17c": {may: "EV25"},
	"t18": {must: "EV17", may: "EV03"}, "t19": {must: "EV18"}, "t20": {must: "EV18"}, "t22a": {}, "t22b": {},
	"t23a": {must: "EV25"}, "t23b": {must: "EV25"}, "t23c": {must: "EV25"}, "t23d": {said: "EV25", may: "EV25", shows: longSync}, "t23e": {must: "EV25"},
	"t24": {must: "EV26", may: "EV25"}, "t25": {must: "EV24"}, "t26a": {said: "EV22", may: "EV22 EV21", shows: bursts}, "t26b": {},
	"t27a": {must: "EV28"}, "t27b": {}, "t28": {}, "t29": {must: "EV09"}, "t30": {must: "EV01"},
	"t32": {}, "t35a": {must: "EV04", may: "EV09 EV25 EV03 EV10"}, "t35b": {may: "EV09 EV25 EV10"}, "t36": {must: "EV13"}, "t37": {must: "EV03"},
	"t38": {must: "EV01", may: "EV32 EV03"},
}

// fromOutside is what differs when only system calls are seen, and why.
var fromOutside = map[string]diagnosis{
	// Once, and by the clock: a log may be of a machine that was busy, so it can be an info.
	"t23a": {said: "EV25"}, "t23b": {said: "EV25"}, "t23c": {said: "EV25"}, "t23e": {said: "EV25", pause: 50 * time.Millisecond},
	"t24":  {said: "EV26"},
	"t27a": {said: "EV28"},              // two changes for a message are what libraries make of it, too
	"t20":  {must: "EV18", may: "EV31"}, // a Go program closes files of its own that its poller refuses
	"t14":  {must: "EV11", may: "EV03"},
	"t16b": {may: "EV03"}, // evviz's own observer watches the connection too, and nobody has read: who should have is not known
	"t16c": {may: "EV17"},
	"t15a": {may: "EV03"}, // connections are left until the next comes, and on a busy machine that is long
	"t15c": {may: "EV03"}, // a call does not tell that connections are left: accept may have taken the last one
}

// longSync says whether a call like fsync took twice as long as is called long, and its thread came back to a wait.
func longSync(evs []trace.Event) bool {
	long := map[uint32]bool{}
	for i := range evs {
		switch e := &evs[i]; {
		case e.Kind == trace.Sys && e.Dur >= 2*int64(diagnostics.Default().Gap):
			long[e.Stream] = true
		case e.Kind == trace.Wait && long[e.Stream]:
			return true
		}
	}
	return false
}

// bursts says whether five waits with a time ran out and were each followed by three or more that were not to wait, within a
// millisecond.
func bursts(evs []trace.Event) bool {
	type burst struct{ from, n int64 }
	at := map[uint32]*burst{}
	many := 0
	for i := range evs {
		e := &evs[i]
		if e.Kind != trace.Wait || e.Phase.Base() == trace.PhaseEnter || e.Errno != 0 {
			continue
		}
		b := at[e.Stream]
		if b == nil {
			b = &burst{}
			at[e.Stream] = b
		}
		switch {
		case e.Mask != 0:
			*b = burst{}
		case e.B > 0:
			*b = burst{from: e.Time}
		case e.B == 0 && b.from != 0 && e.Time-b.from < 1_000_000:
			if b.n++; b.n == 3 {
				many++
			}
		}
	}
	return many >= 5
}

// byTime are the rules that go by the clock alone. They are right when they say that a busy machine, or a tracer, kept the
// loop: that is no mistake of the story. And strace sees the threads of evviz itself, which look every 2 ms whether there is something in
// the rings.
const byTime = "EV23 EV25 EV26 EV27 EV36"

// judge is what is wrong with a list of findings of a run with these events, "" when nothing is.
func (d diagnosis) judge(list []found, evs func() []trace.Event) string {
	var bad []string
	rules := aboveInfo(list)
	for _, m := range strings.Fields(d.must) {
		if !slices.Contains(rules, m) {
			bad = append(bad, m+" is not found")
		}
	}
	for _, m := range strings.Fields(d.said) {
		if !slices.ContainsFunc(list, func(f found) bool { return f.ID == m }) && (d.shows == nil || d.shows(evs())) {
			bad = append(bad, m+" is not said")
		}
	}
	for _, r := range rules {
		if !strings.Contains(d.must+" "+d.may+" "+byTime, r) {
			bad = append(bad, r+" is found")
		}
	}
	return strings.Join(bad, ", ")
}

// aboveInfo are the rules of findings that are no mere information, each once, in order.
func aboveInfo(list []found) (rules []string) {
	for _, f := range list {
		if f.Severity != "info" {
			rules = append(rules, f.ID)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

// findingsOf runs evviz check over a file and gives its findings.
func findingsOf(t *testing.T, args ...string) []found {
	t.Helper()
	r := run(t, append([]string{"check", "--json"}, args...)...)
	var x struct{ Findings []found }
	if err := json.Unmarshal([]byte(r.out), &x); err != nil {
		t.Fatalf("check %v: exit code %d, %v\n%s%s", args, r.code, err, r.out, r.err)
	}
	return x.Findings
}

// TestTruthDiagnoses runs every truth case once, under strace, and holds three pairs of eyes against what must be said: the
// live run (the lab), its recording, and strace's log of the same process. What is said may differ in how sure it is.
func TestTruthDiagnoses(t *testing.T) {
	if raceEnabled {
		t.Skip("SKIPPED, not tested: under the race detector a traced run takes minutes; the run without it has it")
	}
	strace := testkit.Need(t, "strace")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scenarios.NamesOf(scenarios.Truth) {
		want, known := diagnoses[name]
		if !known {
			t.Errorf("%s: nobody says what must be found in it", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			if runtime.GOMAXPROCS(0) > 1 {
				t.Parallel()
			}
			if name != "t10" && name != "t19" {
				testkit.Long(t, "a traced run")
			}
			diagnosed(t, strace, self, name, want)
		})
	}
}

// diagnosed runs a case and judges it.
func diagnosed(t *testing.T, strace, self, name string, want diagnosis) {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	c := exec.Command(strace, "-f", "-ttt", "-T", "-yy", "-o", log, self, "scenarios", "run", name, "--json", "--record", dir)
	c.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1")
	out, err := c.Output()
	var x []outcome
	if e := json.Unmarshal(out, &x); e != nil || len(x) != 1 {
		t.Fatalf("%v %v: %s", err, e, out)
	}
	if x[0].Result == resultFailed {
		t.Fatalf("%s", x[0].Why)
	}
	live := x[0].Found
	path := filepath.Join(dir, name+".evt")
	recorded := func() []trace.Event { return readAll(t, path) }
	if bad := want.judge(live, recorded); bad != "" {
		t.Errorf("live: %s\n%s", bad, sentences(live))
	}
	again := findingsOf(t, path)
	if a, b := fmt.Sprint(aboveInfo(live)), fmt.Sprint(aboveInfo(again)); a != b {
		t.Errorf("live %s, of its recording %s\n%s\n%s", a, b, sentences(live), sentences(again))
	}
	sameRenotify(t, path)
	if o, ok := fromOutside[name]; ok {
		want = o
	}
	// A pause that no call explains is said when it is five times what the machine, or the tracer, makes of a call that cannot wait.
	if d := time.Duration(5 * folded(t, log).Stats.Delay); want.pause != 0 && d >= want.pause {
		t.Logf("SKIPPED, not tested: what strace's log says of %v of computing; calls that cannot wait took up to %v beside other work", want.pause, d/5)
		return
	}
	outside := findingsOf(t, "--threshold", "stall=200ms", log)
	if bad := want.judge(outside, recorded); bad != "" {
		t.Errorf("from strace's log: %s\n%s%s", bad, sentences(outside), forks(log))
	}
}

// forks are the lines of a log that say how processes came and went, and the last closes.
func forks(log string) string {
	b, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		for _, w := range []string{"clone", "fork", "execve", "+++", " close(5<", "dup"} {
			if strings.Contains(line, w) {
				out = append(out, line)
				break
			}
		}
	}
	return strings.Join(out[max(0, len(out)-200):], "")
}

// sameRenotify takes what the lab says of re-notifications out of a recording, and requires that the same ones are inferred.
func sameRenotify(t *testing.T, path string) {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info := f.Info()
	f.Close()
	evs := readAll(t, path)
	told := foldAs(info, evs)
	info.Kinds &^= trace.Kinds(trace.Renotify)
	info.Knows &^= trace.KnowsRepeats
	inferred := foldAs(info, slices.DeleteFunc(evs, func(e trace.Event) bool { return e.Kind == trace.Renotify }))
	for _, l := range told.Lanes {
		if len(told.Loops) > 1 {
			break // which of several threads was told first is a race that the lab itself decides otherwise at times
		}
		o := inferred.Lane(l.ID)
		if o == nil {
			t.Errorf("fd %d is not there", l.FD)
			continue
		}
		a, b := l.Stats.Counts[timeline.MarkRenotify], o.Stats.Counts[timeline.MarkRenotify]
		// How many connections wait is looked at by the observer, now and then: a connection of which it knows late makes a
		// report look old that is new.
		if near := a - b; l.Kind == timeline.KindListener && near >= -2 && near <= 2 {
			continue
		}
		if a != b {
			t.Errorf("fd %d: %d re-notifications are told, %d inferred without that", l.FD, a, b)
		}
	}
}

func sentences(list []found) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "  %s %s %s: %s\n", f.ID, f.Severity, f.Verdict, f.Sentence)
	}
	return b.String()
}
