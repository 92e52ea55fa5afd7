package diagnostics

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/internal/testkit/traces"
	"evviz/timeline"
	"evviz/trace"
)

// Cases of rules
//
// testdata/rules has a file for each rule, EV08.txtar: what provokes it, what differs as little as possible and must not be found,
// and the edges of its thresholds. It is a txtar archive (text files, each under a line "-- name --"); what stands before the first
// file is a remark. The file "head" is put in front of every case. A case begins with lines of a word and a colon,
//
//	source: lab                        the source sees both ends and tells re-notifications; without it only calls are known
//	times: none                        the source has no times
//	set: gap=5ms                       a threshold
//	head: none                         nothing is put in front of it
//	keeps: 2                           so many closed descriptors are kept apart, the older ones are summed up
//	finds: EV08 warn certain fd=8 count=9
//	says: fd 8 was reported ...        the whole sentence of the finding in the line above
//	when: 1.001 1.5                    the moments of its first and its last, in seconds
//	fix: close the descriptor ...      ... and what it says to do
//	finds: nothing                     instead of findings
//
// and has events in the text form of a trace after them. All findings are named, those of other rules too, in the order of Check.
// What a finding is about is fd=, thread= or subject="...". The text form is made short by
//
//   - a time "+10ms", which is so much after the line before;
//   - "repeat 20" and "end", each in a line of its own: what stands between them comes so many times. In it {i} is the number of
//     the pass, from 0, and {65536-1024*i} counts with it.
//
// The test numbers the events of each stream, and a case must be a trace that keeps every invariant.

type ruleCase struct {
	name  string
	info  trace.Info
	set   Settings
	finds []string
	says  map[int]string // by place in finds
	fix   map[int]string
	when  map[int]string
	evs   []trace.Event
	keeps int

	mu    sync.Mutex
	snaps map[timeline.Limits]*timeline.Snapshot
}

// ruleCases reads a file of cases.
func ruleCases(path string) (out []*ruleCase, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	head := ""
	var wrong []error
	for _, f := range testkit.Archive(string(b)) {
		if f.Name == "head" {
			head = f.Data
			continue
		}
		c, err := readCase(f.Name, head, f.Data)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %s: %w", filepath.Base(path), f.Name, err))
			continue
		}
		out = append(out, c)
	}
	return out, errors.Join(wrong...)
}

var caseKey = regexp.MustCompile(`^(source|times|head|set|keeps|finds|says|fix|when): *(.*)$`)

func readCase(name, head, data string) (*ruleCase, error) {
	c := &ruleCase{name: name, set: Default(), says: map[int]string{}, fix: map[int]string{}, when: map[int]string{}, snaps: map[timeline.Limits]*timeline.Snapshot{}}
	c.info = trace.Info{Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify, trace.Submit, trace.Complete, trace.RunDelay), Knows: trace.KnowsDurations}
	var body []string
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\n")
		m := caseKey.FindStringSubmatch(line)
		if m == nil {
			body = append(body, line)
			continue
		}
		switch key, v := m[1], m[2]; {
		case key == "source" && v == "lab":
			c.info.Kinds, c.info.Knows = trace.AllKinds(), 0 // all that its kinds stand for
		case key == "source" && v == "scheduler":
			c.info.Kinds |= trace.Kinds(trace.RunDelay)
		case key == "times" && v == "none":
			c.info.Timed = false
		case key == "head" && v == "none":
			head = ""
		case key == "set":
			name, value, _ := strings.Cut(v, "=")
			if err := c.set.Set(name, value); err != nil {
				return nil, err
			}
		case key == "keeps":
			var err error
			if c.keeps, err = strconv.Atoi(v); err != nil {
				return nil, err
			}
		case key == "finds" && v == "nothing":
		case key == "finds":
			c.finds = append(c.finds, v)
		case key == "says" && len(c.finds) > 0:
			c.says[len(c.finds)-1] = v
		case key == "fix" && len(c.finds) > 0:
			c.fix[len(c.finds)-1] = v
		case key == "when" && len(c.finds) > 0:
			c.when[len(c.finds)-1] = v
		default:
			return nil, fmt.Errorf("%q", line)
		}
	}
	text, err := traces.Unfold(append(strings.Split(strings.TrimRight(head, "\n"), "\n"), body...))
	if err != nil {
		return nil, err
	}
	if c.evs, err = trace.ReadText(strings.NewReader(text)); err != nil {
		return nil, fmt.Errorf("%w, in\n%s", err, text)
	}
	seq := map[uint32]uint32{}
	for i := range c.evs {
		e := &c.evs[i]
		seq[e.Stream]++
		e.Seq = seq[e.Stream]
		if !c.info.Kinds.Has(e.Kind) {
			return nil, fmt.Errorf("a source of calls does not tell a %v", e.Kind)
		}
	}
	return c, trace.Validate(c.evs)
}

// check folds the case's events and holds the rules against them.
func (c *ruleCase) check(set Settings) []*Finding {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.snaps[set.Limits()]
	if s == nil {
		tl := timeline.New(timeline.Options{Info: c.info, Limits: set.Limits(), MaxClosed: c.keeps, Ledger: true})
		tl.Add(c.evs)
		s = tl.Snapshot(0)
		c.snaps[set.Limits()] = s
	}
	return Check(s, set)
}

// line is a finding as a case names it.
func (f *Finding) line() string {
	about := fmt.Sprintf("subject=%q", f.Subject)
	switch {
	case f.FD >= 0:
		about = fmt.Sprintf("fd=%d", f.FD)
	case strings.HasPrefix(f.Subject, "thread "):
		about = fmt.Sprintf("thread=%d", f.Thread)
	}
	return fmt.Sprintf("%s %v %v %s count=%d", f.Rule.ID, f.Severity, f.Verdict, about, f.Count)
}

func lines(found []*Finding) (out []string) {
	for _, f := range found {
		out = append(out, f.line())
	}
	return out
}

// allCases are the cases of all rules, by id.
var allCases = sync.OnceValues(func() (map[string][]*ruleCase, error) {
	out := map[string][]*ruleCase{}
	var wrong []error
	for i := range Rules {
		id := Rules[i].ID
		cases, err := ruleCases("testdata/rules/" + id + ".txtar")
		out[id], wrong = cases, append(wrong, err)
	}
	return out, errors.Join(wrong...)
})

// TestRuleCases holds every rule to its cases. Sentences alone are rewritten with -update-golden.
func TestRuleCases(t *testing.T) {
	all, err := allCases()
	if err != nil {
		t.Error(err)
	}
	for id, cases := range all {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			provoked, silent := 0, 0
			file := "testdata/rules/" + id + ".txtar"
			for _, c := range cases {
				found := c.check(c.set)
				got := lines(found)
				if !slices.Equal(got, c.finds) {
					t.Errorf("%s\n finds %s\n  want %s", c.name, strings.Join(sentences(found), "\n       "), strings.Join(c.finds, "\n       "))
					continue
				}
				for i, f := range found {
					said(t, file, c.name, "says: ", f.Sentence, c.says[i])
					said(t, file, c.name, "fix: ", f.Fix, c.fix[i])
					if got := fmt.Sprint(float64(f.First)/1e9, float64(f.Last)/1e9); c.when[i] != "" && got != c.when[i] {
						t.Errorf("%s\n from %s, want %s", c.name, got, c.when[i])
					}
				}
				for _, f := range found {
					f.whole(t, c)
				}
				if slices.ContainsFunc(found, func(f *Finding) bool { return f.Rule.ID == id }) {
					provoked++
				} else {
					silent++
				}
			}
			if provoked == 0 || silent == 0 {
				t.Errorf("%d cases provoke it and %d do not; want at least one of each", provoked, silent)
			}
		})
	}
	files, err := filepath.Glob("testdata/rules/*")
	if err != nil || len(files) != len(Rules) {
		t.Errorf("%d files of cases for %d rules, %v", len(files), len(Rules), err)
	}
}

func sentences(found []*Finding) (out []string) {
	for _, f := range found {
		out = append(out, f.line()+"  # "+f.Sentence)
	}
	return out
}

// whole says that a finding has all that a reader is promised.
func (f *Finding) whole(t *testing.T, c *ruleCase) {
	t.Helper()
	first, last := c.evs[0].Time, c.evs[len(c.evs)-1].Time
	inside := func(at int64) bool { return at >= first && at <= last }
	if f.Sentence == "" || f.Fix == "" || f.Subject == "" || f.Count <= 0 || len(f.Evidence) == 0 || !slices.IsSorted(f.Evidence) || !inside(f.First) || !inside(f.Last) ||
		f.First > f.Last || !inside(f.Evidence[0]) || strings.Contains(f.Sentence+f.Fix+f.Short(), "%!") {
		t.Errorf("%s: %+v", c.name, f)
	}
	if !strings.HasSuffix(f.Sentence, ".") || !strings.HasSuffix(f.Fix, ".") {
		t.Errorf("%s: no sentences: %q, %q", c.name, f.Sentence, f.Fix)
	}
}

// said holds a sentence to what its case wants, if it wants any, or rewrites the case.
func said(t *testing.T, file, name, key, got, want string) {
	t.Helper()
	if want == "" || got == want {
		return
	}
	if !testkit.Updating() {
		t.Errorf("%s\n  got %s%s\n want %s%s", name, key, got, key, want)
		return
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, bytes.ReplaceAll(b, []byte(key+want+"\n"), []byte(key+got+"\n")), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// foundBy is what a rule finds in its cases, with other settings perhaps.
func foundBy(id string, cases []*ruleCase, set func(*ruleCase) Settings) string {
	var b strings.Builder
	for _, c := range cases {
		for _, f := range c.check(set(c)) {
			if f.Rule.ID == id {
				b.WriteString(c.name + ": " + f.line() + "\n")
			}
		}
	}
	return b.String()
}

// TestThresholdsDecide: of the thresholds that a rule names each decides something in its cases when it is far off, and none that it
// does not name does. Every threshold has its edge there: one more, or one less (of a time a hundredth), makes a difference.
func TestThresholdsDecide(t *testing.T) {
	all, err := allCases()
	if err != nil {
		t.Error(err)
	}
	moved := func(x *Threshold, by func(v int64) int64) func(c *ruleCase) Settings {
		return func(c *ruleCase) Settings {
			set := c.set
			switch v := x.at(&set).(type) {
			case *time.Duration:
				*v = time.Duration(by(int64(*v)))
			case *int:
				*v = int(by(int64(*v)))
			}
			return set
		}
	}
	asIs := func(c *ruleCase) Settings { return c.set }
	for i := range Thresholds {
		x := &Thresholds[i]
		t.Run(x.Name, func(t *testing.T) {
			t.Parallel()
			used := x.Rules()
			step := func(v int64) int64 { return 1 }
			if strings.ContainsAny(x.Get(new(Settings)), "s") {
				step = func(v int64) int64 { return max(v/100, 1) }
			}
			more, less := false, false
			for id, cases := range all {
				was := foundBy(id, cases, asIs)
				far := foundBy(id, cases, moved(x, func(int64) int64 { return 0 })) != was ||
					foundBy(id, cases, moved(x, func(v int64) int64 { return v * 1000 })) != was
				uses := slices.Contains(used, RuleOf(id))
				if far != uses {
					t.Errorf("%s: its line says %v, and it decides something in its cases: %v", id, uses, far)
				}
				if !uses {
					continue
				}
				more = more || foundBy(id, cases, moved(x, func(v int64) int64 { return v + step(v) })) != was
				less = less || foundBy(id, cases, moved(x, func(v int64) int64 { return v - step(v) })) != was
			}
			if !more || !less {
				t.Errorf("no case is at its edge: one more makes a difference: %v, one less: %v", more, less)
			}
		})
	}
}
