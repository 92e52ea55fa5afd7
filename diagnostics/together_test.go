package diagnostics

import (
	"slices"
	"strings"
	"testing"
)

// TestTogether: the same on several descriptors of one loop is one finding; what differs in rule, severity, confidence, loop or fix stays apart, and so
// does a sum of many. What is given is not changed.
func TestTogether(t *testing.T) {
	of := func(id string, fd int32, change func(f *Finding)) *Finding {
		f := &Finding{Rule: RuleOf(id), Severity: Warn, Verdict: Certain, Lane: int64(fd) + 100, FD: fd, Subject: "fd", Thread: 7, Count: 3, First: int64(fd), Last: int64(fd) + 10,
			Evidence: []int64{int64(fd)}, Sentence: "it is so.", Fix: "do it.", stream: 1}
		if change != nil {
			change(f)
		}
		return f
	}
	same := []*Finding{of("EV08", 5, nil), of("EV20", 4, nil), of("EV08", 7, nil), of("EV08", 6, nil), of("EV20", 3, nil)}
	out := Together(same)
	if len(out) != 3 || out[0].Sentence != "it is so. The same is true of fd 7 and fd 6 (9 times in all)." || out[0].Count != 9 || !slices.Equal(out[0].FDs, []int32{5, 7, 6}) ||
		out[0].First != 5 || out[0].Last != 17 || !slices.Equal(out[0].Evidence, []int64{5, 6, 7}) || out[1] != same[1] || out[2] != same[4] {
		t.Errorf("%+v", out[0])
	}
	if same[0].Count != 3 || same[0].FDs != nil || same[0].Sentence != "it is so." || len(same[0].Evidence) != 1 {
		t.Errorf("the first was changed: %+v", same[0])
	}
	for name, change := range map[string]func(f *Finding){
		"another rule": func(f *Finding) { f.Rule = RuleOf("EV01") }, "an info": func(f *Finding) { f.Severity = Info }, "likely": func(f *Finding) { f.Verdict = Likely },
		"another loop": func(f *Finding) { f.stream = 2 }, "another process": func(f *Finding) { f.Process = 9 }, "another fix": func(f *Finding) { f.Fix = "do that." },
		"a sum": func(f *Finding) { f.Lane, f.FD, f.more = 0, -1, 1 },
	} {
		if out := Together([]*Finding{of("EV08", 5, nil), of("EV08", 6, change)}); len(out) != 2 {
			t.Errorf("%s: %s", name, out[0].Sentence)
		}
	}
	var many []*Finding
	for fd := range int32(20) {
		many = append(many, of("EV35", fd, func(f *Finding) { f.Count = 1 }))
	}
	if out := Together(many); len(out) != 1 || !strings.HasSuffix(out[0].Sentence, "fd 8 and 11 others.") || out[0].Count != 20 || len(out[0].FDs) != 20 {
		t.Errorf("%d, %s", len(out), out[0].Sentence)
	}
	many = nil
	for fd := range int32(40) {
		many = append(many, of("EV08", fd, func(f *Finding) {
			if fd == 39 {
				f.Fix = "another."
			}
		}))
	}
	sums := gathered(RuleOf("EV08"), many)
	if out := Together(sums); len(sums) != maxFindings || len(out) != 2 || out[0].Count != 39*3 || len(out[0].FDs) != 39 || out[1].FDs != nil || out[1].more != 0 {
		t.Errorf("of %d with a sum: %+v", len(sums), out)
	}
	again := []*Finding{of("EV08", 9, nil), of("EV08", 9, func(f *Finding) { f.Lane = 7 })}
	if out := Together(again); len(out) != 1 || !slices.Equal(out[0].FDs, []int32{9}) || !strings.Contains(out[0].Sentence, "1 more descriptor of that number") {
		t.Errorf("the same number: %+v", out[0])
	}
	if out := Together(nil); out != nil {
		t.Error(out)
	}
}
