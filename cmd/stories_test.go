package cmd

import (
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/scenarios"
)

// crowded are the stories with several threads or processes of the server at work. Under the race detector, which makes each
// run of the program several times slower, these alone are run; the run without it has them all.
var crowded = regexp.MustCompile(`^(1[24567]|t16|t17|t20|t32)`)

// TestLessons runs every lesson and every truth case through the command that a user runs, and requires what each expects.
// Two at a time: their durations have lower bounds only, and each has a process of its own.
func TestLessons(t *testing.T) {
	for _, group := range []string{scenarios.Lessons, scenarios.Truth} {
		for _, name := range scenarios.NamesOf(group) {
			s, err := scenarios.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Expect) == 0 || len(s.About) < 40 {
				t.Errorf("%s expects %d things and says %q of itself", name, len(s.Expect), s.About)
			}
			if raceEnabled && !crowded.MatchString(name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				if runtime.GOMAXPROCS(0) > 1 {
					t.Parallel()
				}
				r := run(t, "scenarios", "run", name)
				if r.code != 0 {
					t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
				}
			})
		}
	}
}

// TestMuseum runs every story of the museum with its mistake and with its cure: the rule that it names finds the one and is
// silent on the other, and nothing else above info is said of the cure. With the logs of the mistakes that the lab cannot
// make there is one for every rule.
func TestMuseum(t *testing.T) {
	there := map[string]bool{}
	for _, path := range logsOf(t, "museum", 10) {
		id, _, _ := strings.Cut(filepath.Base(path), "-")
		there[strings.ToUpper(id)] = true
	}
	for _, name := range scenarios.NamesOf(scenarios.Museum) {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		there[s.Finds] = true
		if strings.ToUpper(name) != s.Finds || len(s.About) < 40 || diagnostics.RuleOf(s.Finds) == nil || s.Title != s.Finds+" "+diagnostics.RuleOf(s.Finds).Name {
			t.Errorf("%s: finds %q, title %q, about %q", name, s.Finds, s.Title, s.About)
		}
		if raceEnabled && !crowdedMuseum[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if runtime.GOMAXPROCS(0) > 1 {
				t.Parallel()
			}
			r := run(t, "scenarios", "run", name)
			if r.code != 0 {
				t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
		})
	}
	for i := range diagnostics.Rules {
		if id := diagnostics.Rules[i].ID; !there[id] {
			t.Errorf("%s has neither a story nor a log", id)
		}
	}
}

// crowdedMuseum are the stories with several threads at work, which are run under the race detector too.
var crowdedMuseum = map[string]bool{"ev14": true, "ev16": true, "ev31": true}
