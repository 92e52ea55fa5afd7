package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/figures"
	"evviz/internal/testkit"
	"evviz/scenarios"
)

// crowded are the stories with several threads or processes of the server at work. Under the race detector, which makes each
// run of the program several times slower, these alone are run; the run without it has them all.
var crowded = regexp.MustCompile(`^(1[24567]|t16|t17|t20|t32)`)

// TestLessons runs every lesson and every truth case through the command that a user runs, and requires what each expects.
// Two at a time: their durations have lower bounds only, and each has a process of its own.
func TestLessons(t *testing.T) {
	for _, group := range []string{scenarios.Lessons, scenarios.Truth} {
		for i, name := range scenarios.NamesOf(group) {
			s, err := scenarios.Load(figures.Stories{}, name)
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
				if i%12 != 0 {
					testkit.Long(t, "a story")
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
	for i, name := range scenarios.NamesOf(scenarios.Museum) {
		s, err := scenarios.Load(figures.Stories{}, name)
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
			if i%8 != 0 {
				testkit.Long(t, "a story")
			}
			r := run(t, "scenarios", "run", name)
			if r.code != 0 {
				t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
		})
	}
	page, err := os.ReadFile("../docs/museum.md")
	if err != nil {
		t.Fatal(err)
	}
	for i := range diagnostics.Rules {
		id, name := diagnostics.Rules[i].ID, diagnostics.Rules[i].Name
		if !there[id] {
			t.Errorf("%s has neither a story nor a log", id)
		}
		if !strings.Contains(string(page), "\n| "+id+" "+name+" | `") {
			t.Errorf("the table of docs/museum.md lacks %s %s", id, name)
		}
	}
}

// crowdedMuseum are the stories with several threads at work, which are run under the race detector too.
var crowdedMuseum = map[string]bool{"ev14": true, "ev16": true, "ev31": true}

// TestFinds: a story that finds something is run both ways, and the command ends with 1 when the mistake is not found, or
// the cure is not silent.
func TestFinds(t *testing.T) {
	t.Parallel()
	write := func(name, text string) string {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	const head = "mended = param(\"mended\", False)\n"
	const talk = "def main():\n    c = connect()\n    lab.wait(\"accepted\", 1)\n    lab.set(waits=100)\n    c.half_close()\n    c.receive(1)\n"
	spin := func(onEOF string) string {
		return head + "finds = \"EV06\"\nknobs = {\"mode\": \"epoll\", \"on_eof\": " + onEOF + "}\n" + talk
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"met", []string{write("a.star", spin(`"close" if mended else "ignore"`))}, 0, []string{"broken: EV06 eof-spin (", "fixed: EV06 is silent", "  met"}},
		{"not found", []string{write("b.star", spin(`"close"`))}, 1, []string{"did not find the mistake"}},
		{"not silent", []string{write("c.star", spin(`"ignore"`))}, 1, []string{"not silent on the fixed run"}},
		{"json", []string{write("a.star", spin(`"close" if mended else "ignore"`)), "--json"}, 0, []string{`"finds": "EV06"`, `"found": null`}},
		{"one side", []string{write("c.star", spin(`"ignore"`)), "--param", "mended=false"}, 0, []string{"broken: EV06"}},
		{"the other side", []string{write("c.star", spin(`"ignore"`)), "--param", "mended=true"}, 1, []string{"not silent on the fixed run"}},
		{"table", []string{write("a.star", spin(`"close" if mended else "ignore"`)), "t10"}, 0, []string{"eof-spin", "rule", "t10  met"}},
		{"no such rule", []string{write("d.star", head+"finds = \"EV99\"\n"+talk)}, 1, []string{"there is no rule EV99"}},
		{"no rule at all", []string{write("e.star", head+"finds = \"spins\"\n"+talk)}, 2, []string{"e.star:2:1", "for example EV08"}},
		{"no cure", []string{write("f.star", "finds = \"EV06\"\n"+talk)}, 2, []string{"f.star:1:1", "mended = param"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, append([]string{"scenarios", "run"}, c.args...)...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d\n%s%s", r.code, c.code, r.out, r.err)
			}
			for _, s := range c.says {
				if !strings.Contains(r.out+r.err, s) {
					t.Errorf("it should say %q; it said:\n%s%s", s, r.out, r.err)
				}
			}
		})
	}
}
