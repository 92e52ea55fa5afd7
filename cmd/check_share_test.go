package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hangup is a loop that does not close what its peer has closed.
func hangup(turns int) string {
	var b strings.Builder
	b.WriteString("09:59:59.000000 epoll_ctl(4, EPOLL_CTL_ADD, 7, {EPOLLIN|EPOLLRDHUP, {u32=7, u64=7}}) = 0 <0.000010>\n")
	for i := range turns {
		fmt.Fprintf(&b, "10:00:00.%06d epoll_wait(4, [{EPOLLIN|EPOLLRDHUP, {u32=7, u64=7}}], 64, -1) = 1 <0.000010>\n10:00:00.%06d read(7, \"\", 4096) = 0 <0.000010>\n", i*200, i*200+100)
	}
	return b.String()
}

const quietCalls = "10:00:00.000001 epoll_wait(4, [], 64, 100) = 0 <0.100000>\n10:00:01.000001 read(7, \"x\", 1) = 1 <0.000010>\n"

// TestCheckShare: every form says how much was understood. Below 80 % "nothing found" is not said, and the exit code is another; what was
// found is said all the same.
func TestCheckShare(t *testing.T) {
	odd := strings.Repeat("10:00:02.000001 read(7, ??) = 1\n", 3)
	few := written(t, "few.strace", quietCalls+odd)
	for _, form := range []string{"--explain", "--json", "--md", "--sarif"} {
		r := run(t, "check", form, few)
		if r.code != exitEnv || strings.Contains(strings.ToLower(r.out), "nothing found") {
			t.Errorf("%s: exit code %d\n%s%s", form, r.code, r.out, r.err)
		}
		if (form == "--explain" || form == "--md") && (!strings.Contains(r.out, "2 of 5 call lines understood") || !strings.Contains(r.out, "line 3: 10:00:02.000001 read(7, ??) = 1") ||
			!strings.Contains(r.out, "evviz replay --unparsed "+few)) {
			t.Errorf("%s:\n%s", form, r.out)
		}
		if form == "--sarif" && !strings.Contains(strings.Join(strings.Fields(r.out), ""), `"understood":{"lines":2,"of":5}`) {
			t.Errorf("%s:\n%s", form, r.out)
		}
	}
	var x struct {
		Understood *struct{ Lines, Of int64 }
		Findings   []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(run(t, "check", "--json", few).out), &x); err != nil || x.Understood == nil || x.Understood.Lines != 2 || x.Understood.Of != 5 {
		t.Errorf("JSON: %+v, %v", x, err)
	}
	if r := run(t, "check", written(t, "all.strace", quietCalls)); r.code != 0 || !strings.Contains(r.out, "nothing found") || !strings.Contains(r.out, "2 of 2 call lines understood") {
		t.Errorf("all understood: exit code %d\n%s", r.code, r.out)
	}
	bad := written(t, "bad.strace", hangup(300)+strings.Repeat(odd, 100))
	if r := run(t, "check", bad); r.code != exitFailure || !strings.Contains(r.out, "EV06") || !strings.Contains(r.out, "601 of 901 call lines understood") {
		t.Errorf("with a finding: exit code %d\n%s", r.code, r.out)
	}
	if r := run(t, "check", written(t, "none.strace", odd+odd)); r.code != exitEnv || r.err == "" {
		t.Errorf("nothing understood: exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestShareOfRecording: a recording that was made from text keeps how much of it was understood.
func TestShareOfRecording(t *testing.T) {
	text := run(t, "replay", "--text=raw", written(t, "few.strace", quietCalls+"read(7, ??) = 1\n"))
	if text.code != 0 {
		t.Fatal(text.err)
	}
	if r := run(t, "check", written(t, "few.txt", text.out)); r.code != exitEnv || !strings.Contains(r.out, "2 of 3 call lines understood") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestCheckForeign: what another tool printed is answered with what it is, from a file and from a pipe, by check and by replay.
func TestCheckForeign(t *testing.T) {
	table := "$ timeout 5s strace -c -p 99\n% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n" +
		"100.00    0.500000           1    500000           epoll_wait\n------ ----------- ----------- --------- --------- ----------------\n100.00    0.500000           1    500000           total\n"
	for name, text := range map[string]string{"strace -c": table, "dtruss": strings.Repeat("kevent(0x4, 0x0, 0x0)\t\t = 1 0\n", 5),
		"uniq": "     12 read(7, \"\", 1) = 0\n      3 read(8, \"\", 1) = 0\n    120 read(9, \"\", 1) = 0\n"} {
		path := written(t, "x.txt", text)
		for _, args := range [][]string{{"check", path}, {"check", "--json", path}, {"replay", path}, {"replay", "--text=raw", path}, {"replay", "--summary", path}} {
			if r := run(t, args...); r.code != exitEnv || !strings.Contains(r.err, name) || !strings.Contains(r.err, "strace -f -ttt -T -yy") {
				t.Errorf("%s: %v: exit code %d\n%s%s", name, args, r.code, r.out, r.err)
			}
		}
		c := program(t, "check", "-")
		c.Stdin = strings.NewReader(text)
		var errs strings.Builder
		c.Stderr = &errs
		if c.Run(); c.ProcessState.ExitCode() != exitEnv || !strings.Contains(errs.String(), name) {
			t.Errorf("%s: from a pipe: exit code %d, %s", name, c.ProcessState.ExitCode(), errs.String())
		}
	}
}

// TestCheckWith: lines of other tools name a descriptor and make what they confirm certain, in the log or in a file of their own.
func TestCheckWith(t *testing.T) {
	about := "CLOSE-WAIT 1 0 10.0.0.1:8080 10.0.0.2:40000 users:((\"srv\",pid=812,fd=7))\n"
	log := written(t, "x.strace", hangup(300))
	if r := run(t, "check", log); strings.Contains(r.out, "CLOSE_WAIT") || strings.Contains(r.out, "10.0.0.2") {
		t.Errorf("alone:\n%s", r.out)
	}
	for name, args := range map[string][]string{"beside": {"check", written(t, "y.strace", hangup(300)+about)}, "with": {"check", "--with", written(t, "ss", about), log}} {
		r := run(t, args...)
		if r.code != exitFailure || !strings.Contains(r.out, "fd 7 (10.0.0.2:40000)") || !strings.Contains(strings.Join(strings.Fields(r.out), " "), "The socket is in CLOSE_WAIT") || !strings.Contains(r.out, "EV06 eof-spin · critical · certain") &&
			!strings.Contains(r.out, "EV06 eof-spin · warn · certain") {
			t.Errorf("%s: exit code %d\n%s%s", name, r.code, r.out, r.err)
		}
	}
	if r := run(t, "check", "--with", written(t, "prose", "nothing\n"), log); r.code != exitEnv || !strings.Contains(r.err, "lsof -p") {
		t.Errorf("prose: exit code %d, %s", r.code, r.err)
	}
	if r := run(t, "replay", "--text=raw", "--with", written(t, "ss", about), log); !strings.Contains(r.out, `text="10.0.0.2:40000"`) {
		t.Errorf("replay: %s%s", r.out, r.err)
	}
}
