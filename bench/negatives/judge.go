package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"evviz/bench/internal/straced"
)

// truth is a finding that is true of a healthy program, and why.
type truth struct {
	run, rule, sentence *regexp.Regexp
	proof               string
}

// knownTrue reads them: run (server/state/flags/beside), rule and sentence as regular expressions, and the proof in words, with a tab between them.
func knownTrue(path string) ([]truth, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []truth
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != 4 || strings.TrimSpace(parts[3]) == "" {
			return nil, fmt.Errorf("%s:%d: want run, rule, sentence and proof with a tab between them, have %d parts", path, n, len(parts))
		}
		var is [3]*regexp.Regexp
		for i := range is {
			if is[i], err = regexp.Compile("^(?:" + parts[i] + ")$"); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n, err)
			}
		}
		out = append(out, truth{is[0], is[1], is[2], parts[3]})
	}
	return out, lines.Err()
}

// of is true when this says that the finding of a run is true.
func (t truth) of(run string, f straced.Finding) bool {
	return t.run.MatchString(run) && t.rule.MatchString(f.ID) && t.sentence.MatchString(f.Sentence)
}

// table prints the runs as they are made, and counts.
type table struct {
	out                    io.Writer
	known                  []truth
	runs, events           int
	unknown, true_, failed int
	gone                   []string
	used                   map[int]int
}

const row = "%-20s %-7s %-33s %-6s %8s %6s  %s\n"

func (t *table) head() {
	if t.runs == 0 && t.gone == nil && t.failed == 0 {
		fmt.Fprintf(t.out, row, "server", "state", "strace", "beside", "events", "took", "above info")
	}
}

func (t *table) add(r run, res result) {
	t.head()
	t.runs++
	said := "nothing"
	line := func(events, what string) {
		fmt.Fprintf(t.out, row, r.server.name, r.state, r.flags.name, r.load(), events, res.took.Round(100*time.Millisecond), what)
	}
	if res.err != nil {
		t.failed++
		line("-", "FAILED: "+strings.ReplaceAll(res.err.Error(), "\n", "; "))
		return
	}
	t.events += res.check.Events
	var lines []string
	for _, f := range res.check.Findings {
		if f.Severity == "info" {
			continue
		}
		how := "NOT KNOWN TO BE TRUE"
		t.unknown++
		for i, k := range t.known {
			if k.of(r.String(), f) {
				how = "true"
				t.unknown--
				t.true_++
				if t.used == nil {
					t.used = map[int]int{}
				}
				t.used[i]++
				break
			}
		}
		lines = append(lines, fmt.Sprintf("    %s: %s %s, %s: %s", how, f.ID, f.Severity, f.Verdict, straced.Short(f.Sentence)))
	}
	if len(lines) > 0 {
		said = fmt.Sprintf("%d:", len(lines))
	}
	if u := res.check.Understood; u != nil && u.Lines != u.Of {
		said += fmt.Sprintf(" (%d of %d call lines were not understood)", u.Of-u.Lines, u.Of)
	}
	line(fmt.Sprint(res.check.Events), said)
	for _, l := range lines {
		fmt.Fprintln(t.out, l)
	}
}

func (t *table) missing(server string, err error) {
	t.head()
	t.gone = append(t.gone, server)
	fmt.Fprintf(t.out, row, server, "-", "-", "-", "-", "-", "MISSING, not tested: "+strings.ReplaceAll(err.Error(), "\n", "; "))
}

func (t *table) note(s string) { fmt.Fprintln(t.out, s) }

// plain takes away what knownTrue has put around an expression.
var plain = strings.NewReplacer("^(?:", "", ")$", "")

// end prints the sums, and the proofs that were needed.
func (t *table) end(took time.Duration) {
	fmt.Fprintf(t.out, "%d runs, %d events, %s; above info: %d true, %d not known to be true; failed: %d; missing: %s\n",
		t.runs, t.events, took.Round(time.Second), t.true_, t.unknown, t.failed, strings.Join(append(t.gone, "-")[:max(1, len(t.gone))], ", "))
	for i, k := range t.known {
		name := plain.Replace(k.run.String() + " " + k.rule.String())
		if n := t.used[i]; n > 0 {
			fmt.Fprintf(t.out, "true, %d times: %s: %s\n", n, name, k.proof)
		} else {
			fmt.Fprintf(t.out, "known to be true and not said: %s\n", name)
		}
	}
}
