package diagnostics

import (
	"slices"
	"testing"

	"evviz/timeline"
	"evviz/words"
)

// TestFindingWords: a finding in a few words, and the words for how much it matters and how sure it is, both ways.
func TestFindingWords(t *testing.T) {
	for want, f := range map[string]*Finding{
		"fd 7 lt-leftover 1,063x":    {Rule: RuleOf("EV02"), FD: 7, Subject: "fd 7 (127.0.0.1:9)", Count: 1063},
		"fd 7 eof-spin":              {Rule: RuleOf("EV06"), FD: 7, Count: 1},
		"thread 4711 busy-poll 500x": {Rule: RuleOf("EV21"), FD: -1, Subject: "thread 4711", Count: 500},
		"io_uring blind-spot 3x":     {Rule: RuleOf("EV34"), FD: -1, Subject: "io_uring", Count: 3},
	} {
		if got := f.Short(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for i, word := range []string{"info", "warn", "critical", "severity?"} {
		s := Severity(i)
		back, ok := SeverityOf(word)
		if s.String() != word || ok != (i < 3) || ok && back != s {
			t.Errorf("severity %d is %q, and %q is %v, %v", i, s, word, back, ok)
		}
	}
	for i, word := range []string{"possible", "likely", "certain", "verdict?"} {
		if got := Verdict(i).String(); got != word {
			t.Errorf("verdict %d is %q, want %q", i, got, word)
		}
	}
	if got := IDs(); got != "EV01 to "+Rules[len(Rules)-1].ID {
		t.Errorf("the rules are %q", got)
	}
}

// TestWeight: what matters most comes first, then what is surest; the sum of many of a rule comes behind those that are told apart.
func TestWeight(t *testing.T) {
	order := []*Finding{
		{Rule: RuleOf("EV08"), Severity: Critical, Verdict: Certain, Count: 9},
		{Rule: RuleOf("EV08"), Severity: Critical, Verdict: Certain, Count: 8, First: 1},
		{Rule: RuleOf("EV08"), Severity: Critical, Verdict: Certain, Count: 8, First: 2, Lane: 3},
		{Rule: RuleOf("EV08"), Severity: Critical, Verdict: Certain, Count: 8, First: 2, Lane: 4},
		{Rule: RuleOf("EV08"), Severity: Critical, Verdict: Certain, Count: 100, more: 1},
		{Rule: RuleOf("EV09"), Severity: Critical, Verdict: Certain},
		{Rule: RuleOf("EV03"), Severity: Critical, Verdict: Likely},
		{Rule: RuleOf("EV01"), Severity: Warn, Verdict: Certain},
		{Rule: RuleOf("EV01"), Severity: Info, Verdict: Certain},
	}
	mixed := slices.Clone(order)
	slices.Reverse(mixed)
	slices.SortStableFunc(mixed, byWeight)
	if !slices.Equal(mixed, order) {
		t.Error("the order is another one")
		for _, f := range mixed {
			t.Logf("%s %v %v %d", f.Rule.ID, f.Severity, f.Verdict, f.Count)
		}
	}
}

// TestNames: what a finding calls a descriptor and a thread, as far as anything is known of it.
func TestNames(t *testing.T) {
	s := fold(t, true, `0.001 1 Name complete id=1 len=12 text="127.0.0.1:99"`, `0.001 1 Name complete id=2 len=12 text="127.0.0.1:80"`, `0.001 1 Name complete id=3 len=6 text="worker"`,
		"0.001 1 Thread complete pid=100 tid=4711 role=loop name=3", "0.002 1 Open complete fd=5 type=listener from=socket local=2", "0.002 1 Open complete fd=6 type=listener from=socket",
		"0.002 1 Open complete fd=7 type=eventfd from=eventfd", "0.002 1 Open complete fd=8 type=stream from=accept peer=1", "0.002 1 Open complete fd=9 type=stream from=accept",
		`0.002 2 Name complete id=1 len=4 text="poll"`, "0.002 2 Thread complete role=loop name=1", "0.002 3 Thread complete pid=100 tid=4712 role=loop", "0.003 4 Wait enter inst=ep3 passed=-1")
	for fd, want := range map[int32]string{5: "fd 5 (listener 127.0.0.1:80)", 6: "fd 6 (listener)", 7: "fd 7 (wake-fd)", 8: "fd 8 (127.0.0.1:99)", 9: "fd 9"} {
		if got := laneName(newest(t, s, fd)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for i, want := range []string{"thread 4711 (worker)", "the thread poll", "thread 4712", "the thread"} {
		if got := words.Thread(s.Loops[i]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	s = fold(t, true, "0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Open complete fd=7 type=eventfd from=eventfd", "0.003 1 Thread complete pid=100 tid=100 role=loop",
		"0.004 2 Thread complete pid=200 tid=200 role=loop", "0.005 3 Thread complete pid=200 tid=201 role=loop", "0.006 2 Open complete fd=7 type=eventfd from=eventfd")
	var lanes, threads []string
	for _, l := range s.Lanes {
		lanes = append(lanes, laneName(l))
	}
	for _, l := range s.Loops {
		threads = append(threads, words.Thread(l))
	}
	if want := []string{"fd 7 of process 100 (wake-fd)", "fd 7 of process 200 (wake-fd)"}; !slices.Equal(lanes, want) {
		t.Errorf("descriptors of two processes: %q, want %q", lanes, want)
	}
	if want := []string{"thread 100", "thread 200", "thread 201 of process 200"}; !slices.Equal(threads, want) {
		t.Errorf("threads of two processes: %q, want %q", threads, want)
	}
	for n, want := range map[int64]string{1: "a closed descriptor", 1200: "one or another of 1,200 closed descriptors"} {
		if got := pastName(n); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// newest is the newest lane of a number.
func newest(t *testing.T, s *timeline.Snapshot, fd int32) *timeline.Lane {
	t.Helper()
	for i := len(s.Lanes) - 1; i >= 0; i-- {
		if s.Lanes[i].FD == fd {
			return s.Lanes[i]
		}
	}
	t.Fatalf("there is no lane of fd %d", fd)
	return nil
}
