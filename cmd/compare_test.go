package cmd

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"evviz/export"
	"evviz/record"
	"evviz/trace"
)

// tiny is a scenario of two clients and three messages each.
func tiny(t *testing.T) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "tiny.star")
	text := `
knobs = {"interval": "5ms", "reads": "drain"}
def talk():
    c = connect()
    for i in range(3):
        if c.send(100) < 100 or c.receive(100, timeout = "10s") < 100:
            break
    c.close()
def main():
    spawn(talk)
    talk()
`
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// comparison is what evviz compare --json prints.
type comparison struct {
	Title string
	Modes []struct {
		Mode    string
		Runs    int
		Figures map[string]struct {
			Unit   string
			Median *float64
			Runs   []*float64
		}
	}
	Verdicts []export.Verdict
	Changes  []export.Change
}

func (c *comparison) figure(t *testing.T, mode int, name string) *float64 {
	t.Helper()
	f, ok := c.Modes[mode].Figures[name]
	if !ok {
		t.Fatalf("there is no figure %s", name)
	}
	return f.Median
}

// TestCompareModes runs two modes for real. Nothing is said about which is faster.
func TestCompareModes(t *testing.T) {
	keep := t.TempDir()
	r := run(t, "compare", "poll", "sleep-poll,interval=2ms", "--scenario", tiny(t), "--repeat", "1", "--json", "--keep", keep)
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	var got comparison
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("%v in\n%s", err, r.out)
	}
	if len(got.Modes) != 2 || got.Modes[0].Mode != "poll" || got.Modes[1].Mode != "sleep-poll,interval=2ms" || got.Modes[0].Runs != 1 {
		t.Fatalf("modes %+v", got.Modes)
	}
	for i, m := range got.Modes {
		for name, want := range map[string]float64{"messages": 6, "unanswered_messages": 0} {
			if v := got.figure(t, i, name); v == nil || *v != want {
				t.Errorf("%s: %s is %v, want %v", m.Mode, name, v, want)
			}
		}
		for _, name := range []string{"round_trip_p50", "calls_per_message", "wakeups_per_second", "resting_share", "cpu_per_message"} {
			if v := got.figure(t, i, name); v == nil || *v <= 0 {
				t.Errorf("%s: %s is %v, want more than 0", m.Mode, name, v)
			}
		}
	}
	if got.figure(t, 0, "renotifications") == nil || got.figure(t, 1, "renotifications") != nil {
		t.Error("re-notifications should be known of poll, and unknown of sleep-poll")
	}
	for _, v := range got.Verdicts {
		if v.Winner != "" {
			t.Errorf("%s is named after one run: %s", v.What, v.Winner)
		}
	}

	files, _ := filepath.Glob(filepath.Join(keep, "*.evt"))
	if len(files) != 2 {
		t.Fatalf("kept %v", files)
	}
	r = run(t, "compare", files[0], files[1])
	if r.code != 0 || r.err != "" {
		t.Fatalf("two recordings: exit code %d: %s", r.code, r.err)
	}
	for _, s := range []string{"appeared: ", "went: ", "01-poll-1.evt", "one run has"} {
		if !strings.Contains(r.out, s) {
			t.Errorf("no %q in\n%s", s, r.out)
		}
	}
	// What the runs said of themselves is what their recordings say.
	r = run(t, "compare", files[0], files[1], "--json")
	var again comparison
	if err := json.Unmarshal([]byte(r.out), &again); err != nil {
		t.Fatal(err)
	}
	for i := range got.Modes {
		for name, f := range got.Modes[i].Figures {
			a, b := f.Median, again.figure(t, i, name)
			if (a == nil) != (b == nil) || a != nil && *a != *b {
				t.Errorf("%s %s: the run says %v, its recording %v", got.Modes[i].Mode, name, a, b)
			}
		}
	}
	if len(again.Changes) == 0 {
		t.Error("no changes are counted")
	}
	r = run(t, "compare", files[0], files[1], "--csv")
	if rows, err := csv.NewReader(strings.NewReader(r.out)).ReadAll(); err != nil || len(rows) != 1+2*len(export.Figures) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	r = run(t, "compare", files[0], files[1], "--md")
	if r.code != 0 || !strings.HasPrefix(r.out, "| |") {
		t.Errorf("exit code %d, %s", r.code, r.out)
	}
}

// TestCompareBadInput: nothing is started, one sentence says what was wrong.
func TestCompareBadInput(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.evt")
	if err := os.WriteFile(foreign, []byte("this is no trace at all, but a text of some length that goes on for a while\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"mode", []string{"epol"}, 2, []string{"epol", "did you mean epoll?"}},
		{"trigger", []string{"epoll:egde"}, 2, []string{"epoll:egde", "did you mean edge?"}},
		{"trigger without epoll", []string{"poll:edge"}, 2, []string{"only epoll has a trigger"}},
		{"setting", []string{"epoll,thraeds=4"}, 2, []string{"thraeds", "did you mean \"threads\"?"}},
		{"no value", []string{"epoll,threads"}, 2, []string{"SETTING=VALUE"}},
		{"value", []string{"sleep-poll,interval=often"}, 2, []string{"often"}},
		{"combination", []string{"poll,threads=4"}, 2, []string{"poll,threads=4", "need epoll"}},
		{"for all", []string{"epoll", "poll", "--threads", "4"}, 2, []string{"poll", "need epoll"}},
		{"modes and files", []string{"epoll", foreign}, 2, []string{"not both"}},
		{"one file", []string{foreign}, 2, []string{"two recordings, not 1"}},
		{"foreign file", []string{foreign, foreign}, 3, []string{foreign}},
		{"missing file", []string{filepath.Join(dir, "a.evt"), filepath.Join(dir, "b.evt")}, 3, []string{"a.evt", "no such file"}},
		{"files and a scenario", []string{foreign, foreign, "--scenario", "demo"}, 2, []string{"--scenario"}},
		{"scenario", []string{"--scenario", "compaer"}, 2, []string{"did you mean compare?"}},
		{"no scenario", []string{"--scenario", "none"}, 2, []string{"nothing to compare"}},
		{"repeat", []string{"--repeat", "0"}, 2, []string{"--repeat 0"}},
		{"param", []string{"--param", "active=1"}, 2, []string{"no param \"active\""}},
		{"param without a value", []string{"--param", "active"}, 2, []string{"want NAME=VALUE"}},
		{"sweep", []string{"--sweep", "active=1"}, 2, []string{"NAME=LO..HI"}},
		{"sweep over 100 per cent", []string{"--sweep", "active=1..200%"}, 2, []string{"NAME=LO..HI"}},
		{"sweep of nothing", []string{"--sweep", "actve=1..10"}, 2, []string{"no param \"actve\"", "active"}},
		{"forms", []string{"--json", "--md"}, 2, []string{"choose one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, append([]string{"compare"}, c.args...)...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d; it said: %s", r.code, c.code, r.err)
			}
			for _, s := range c.says {
				if !strings.Contains(r.err, s) {
					t.Errorf("it should say %q; it said: %s", s, r.err)
				}
			}
			if r.out != "" || strings.Contains(r.err, "round 1") || strings.Count(strings.TrimSpace(r.err), "\n") > 0 {
				t.Errorf("printed %q, said %s", r.out, r.err)
			}
		})
	}
}

// TestCompareFailing: a scenario that fails ends the comparison, and says in which mode.
func TestCompareFailing(t *testing.T) {
	p := filepath.Join(t.TempDir(), "fails.star")
	if err := os.WriteFile(p, []byte("def main():\n    fail(\"on purpose\")\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "compare", "poll", "--scenario", p)
	if r.code != 1 || !strings.Contains(r.err, "poll: ") || !strings.Contains(r.err, "on purpose") || r.out != "" {
		t.Errorf("exit code %d, said %s, printed %s", r.code, r.err, r.out)
	}
}

// TestCompareInterrupted: a signal ends the run in progress, and its recording's directory goes too.
func TestCompareInterrupted(t *testing.T) {
	c := program(t, "compare", "epoll", "--scenario", "idle")
	tmp := t.TempDir()
	c.Env = append(c.Env, "TMPDIR="+tmp)
	says, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(giveUp, func() { c.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(says)
	for lines.Scan() && !strings.Contains(lines.Text(), "round 1") {
	}
	c.Process.Signal(syscall.SIGTERM)
	io.Copy(io.Discard, says)
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 128+15 {
		t.Errorf("exit code %d, want %d", code, 128+15)
	}
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSweepRange(t *testing.T) {
	for _, c := range []struct {
		text string
		want []int
		unit string
	}{
		{"active=1..100%", []int{1, 2, 5, 10, 20, 50, 100}, "%"},
		{"active=1%..5%", []int{1, 2, 5}, "%"},
		{"connections=10..1000", []int{10, 20, 50, 100, 200, 500, 1000}, ""},
		{"n=3..12", []int{3, 5, 10, 12}, ""},
	} {
		r, err := parseSweep(c.text)
		if err != nil || !slices.Equal(r.values, c.want) || r.unit != c.unit {
			t.Errorf("%s: %v, %v", c.text, r, err)
		}
	}
	for _, bad := range []string{"", "active", "active=", "active=5", "=1..2", "n=0..3", "n=3..2", "n=a..b", "n=1..2000000", "n=50..101%"} {
		if r, err := parseSweep(bad); codeOf(err) != exitUsage {
			t.Errorf("%q: %v, %v", bad, r, err)
		}
	}
}

// TestSweep runs one for real, small, and looks at what every run sent.
func TestSweep(t *testing.T) {
	t.Parallel()
	keep := t.TempDir()
	r := run(t, "compare", "poll", "epoll-lt", "--sweep", "active=50..100%", "--param", "connections=4", "--param", "messages=20", "--repeat", "1", "--json", "--keep", keep)
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	var got struct {
		Param     string
		Steps     []struct{ comparison }
		Crossings []export.Crossing
	}
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Param != "active" || len(got.Steps) != 2 || len(got.Crossings) != 1 || got.Crossings[0].Crosses {
		t.Fatalf("%+v", got)
	}
	for i := range got.Steps {
		for k := range got.Steps[i].Modes {
			if v := got.Steps[i].figure(t, k, "messages"); v == nil || *v != 20 {
				t.Errorf("step %d, mode %d: %v messages, want 20", i, k, v)
			}
		}
	}
	files, _ := filepath.Glob(filepath.Join(keep, "*.evt"))
	if len(files) != 4 {
		t.Fatalf("kept %v", files)
	}
	f, err := record.OpenFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	meta := f.Info().Meta
	for _, want := range []trace.Pair{{Key: "param.active", Value: "50"}, {Key: "param.connections", Value: "4"}, {Key: "param.messages", Value: "20"}} {
		if !slices.Contains(meta, want) {
			t.Errorf("the header does not say %v; it says %v", want, meta)
		}
	}
}

// TestCompareLeavesNothing: the recordings of a comparison that are not kept have no names, so that nothing of them is left,
// not even when evviz is killed.
func TestCompareLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	p := program(t, "compare", "poll", "epoll", "--repeat", "1", "--scenario", "trickle", "--for", "1h")
	p.Env = append(p.Env, "TMPDIR="+tmp)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	var kids []int
	eventually(t, "a run that records", func() bool {
		kids = children(t, p.Process.Pid)
		for _, kid := range kids {
			if fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", kid)); len(fds) > 0 {
				for _, fd := range fds {
					if st, err := os.Stat(fd); err == nil && st.Mode().IsRegular() && st.Size() > 0 {
						return true
					}
				}
			}
		}
		return false
	})
	during, _ := os.ReadDir(tmp)
	p.Process.Kill()
	p.Wait()
	gone(t, kids)
	after, _ := os.ReadDir(tmp)
	if len(during) > 0 || len(after) > 0 {
		t.Errorf("during the run %v, after it %v", during, after)
	}
}
