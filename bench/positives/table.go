package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"evviz/bench/internal/straced"
)

// table prints the runs as they are made, and counts.
type table struct {
	out                 io.Writer
	runs, named, failed int
	gone                []string
}

const row = "%-19s %-7s %-7s %-10s %-6s %-13s %11s  %s\n"

func (t *table) head() {
	if t.runs == 0 && t.gone == nil {
		fmt.Fprintf(t.out, row, "stack", "bug", "state", "strace", "wanted", "first", "count", "")
	}
}

func (t *table) add(r run, res result) {
	t.head()
	t.runs++
	line := func(first, count, what string) {
		fmt.Fprintf(t.out, row, r.bug.stack, r.bug.name, r.state, r.flags.typed, r.bug.rule, first, count, what)
	}
	if res.err != nil {
		t.failed++
		line("-", "-", "FAILED: "+strings.ReplaceAll(res.err.Error(), "\n", "; "))
		return
	}
	first, count, what := "nothing", "-", ""
	if len(res.check.Findings) > 0 {
		f := res.check.Findings[0]
		first = f.ID + " " + f.Severity
		if f.ID == r.bug.rule {
			if want, compared := res.wanted(r.bug); compared {
				count = fmt.Sprintf("%d/%d", want, f.Count)
			}
		}
	}
	if res.named(r.bug) {
		t.named++
	} else {
		what = "NOT AS WANTED"
	}
	line(first, count, what)
	if what == "" {
		return
	}
	for _, f := range res.check.Findings {
		fmt.Fprintf(t.out, "    %s %s, %s, %d times: %s\n", f.ID, f.Severity, f.Verdict, f.Count, straced.Short(f.Sentence))
	}
}

func (t *table) missing(stack string, err error) {
	t.head()
	t.gone = append(t.gone, stack)
	fmt.Fprintf(t.out, row, stack, "-", "-", "-", "-", "-", "-", "MISSING, not tested: "+strings.ReplaceAll(err.Error(), "\n", "; "))
}

func (t *table) end(took time.Duration) {
	fmt.Fprintf(t.out, "%d runs, %s: %d named first, with the right count; %d not; failed: %d; missing: %s\n",
		t.runs, took.Round(time.Second), t.named, t.runs-t.named-t.failed, t.failed, strings.Join(append(t.gone, "-")[:max(1, len(t.gone))], ", "))
	fmt.Fprintln(t.out, "count: wanted/found. Wanted is what the program counted itself before it ended: EV25 handlers that blocked, EV36 timeouts, EV11 failed")
	fmt.Fprintln(t.out, "accepts; of EV01, EV06 and EV08 the events less one, for the first is no repeat. -: not compared.")
}
