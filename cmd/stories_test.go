package cmd

import (
	"regexp"
	"runtime"
	"testing"

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
