package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTextIsViewSix: what replay --text prints is what view 6 lists, line by line, of recordings of one thread and of several, and of
// strace text with times and without.
func TestTextIsViewSix(t *testing.T) {
	t.Parallel()
	untimed := written(t, "untimed.strace", "epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}], 8, -1) = 1\nread(5, \"x\", 10) = 1\nread(5, 0x7ffe, 10) = -1 EAGAIN (Resource temporarily unavailable)\n")
	for _, of := range []string{"../tui/testdata/tour.evt", "../tui/testdata/four-loops.evt", logs + "negative/redis.strace", untimed} {
		of, err := filepath.Abs(of)
		if err != nil {
			t.Fatal(err)
		}
		text := run(t, "replay", "--text", of)
		lines := strings.Split(strings.TrimSuffix(text.out, "\n"), "\n")
		shot := filepath.Join(t.TempDir(), "shot.txt")
		if r := run(t, "replay", "--screenshot", shot, "--view", "events", "--size", "200x60", "--no-mouse", of); r.code != 0 {
			t.Fatal(r.err)
		}
		b, err := os.ReadFile(shot)
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, row := range strings.Split(string(b), "\n")[3:] { // below header, tabs and narration
			if strings.HasPrefix(row, "  ") { // a time is set to the right
				rows = append(rows, row)
			}
		}
		if want := min(len(lines), 40); len(rows) < want {
			t.Fatalf("%s: the screen lists %d events, want %d at least", of, len(rows), want)
		}
		if len(rows) > len(lines) {
			t.Fatalf("%s: %d rows of events, and %d lines of text:\n%s", of, len(rows), len(lines), b)
		}
		for i, row := range rows {
			// The text is printed as it is read; the screen knows by later lines which descriptor the data of a registration that was not seen is about.
			line := lines[len(lines)-len(rows)+i]
			if m := dataOfEvent.FindStringSubmatch(line); m != nil {
				if fd, err := strconv.ParseInt(m[1], 16, 32); err == nil {
					line = dataOfEvent.ReplaceAllString(line, fmt.Sprintf(" fd %d", fd))
					row = strings.Replace(row, fmt.Sprintf(" fd %d?", fd), fmt.Sprintf(" fd %d", fd), 1)
				}
			}
			if strings.TrimRight(row, " ") != line {
				t.Errorf("%s: the text has\n%q\nwhere view 6 has\n%q", of, line, row)
			}
		}
		for _, bad := range []string{"knob", "Name ", "seq=", "# evviz"} {
			if strings.Contains(text.out, bad) {
				t.Errorf("%s: the text for people has %q", of, bad)
			}
		}
	}
}

// dataOfEvent is what an event's line says of it where only its data is known.
var dataOfEvent = regexp.MustCompile(` data 0x([0-9a-f]+)`)

// TestOneClock: check, --text, --text=raw and the screen count from the same zero: a finding of check begins and ends at a moment at which
// the text has a line, and the screen's list has that line, too.
func TestOneClock(t *testing.T) {
	t.Parallel()
	tour, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Findings []struct {
			ID    string
			First int64
		}
	}
	if err := json.Unmarshal([]byte(run(t, "check", "--json", tour).out), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) == 0 {
		t.Fatal("nothing is found in the tour")
	}
	said, text := run(t, "check", tour).out, run(t, "replay", "--text", tour).out
	moments := map[string]bool{} // of the raw text, from its first event that is no name
	zero := int64(-1)
	for line := range strings.Lines(run(t, "replay", "--text=raw", tour).out) {
		var sec, ns int64
		var stream int
		var kind string
		if n, _ := fmt.Sscanf(line, "%d.%d %d %s", &sec, &ns, &stream, &kind); n != 4 || kind == "Name" {
			continue
		}
		at := sec*1e9 + ns
		if zero < 0 {
			zero = at
		}
		moments[fmt.Sprintf("%.6f", float64(at-zero)/1e9)] = true
	}
	held := 0
	for _, f := range report.Findings {
		at := fmt.Sprintf("%.6f", float64(f.First)/1e9)
		if !strings.Contains(said, " "+at+" s") {
			t.Errorf("%s begins at %s, and check does not say so:\n%s", f.ID, at, said)
		}
		if !moments[at] || !strings.Contains(text, fmt.Sprintf("\n%12s  ", at)) {
			continue // it begins when data arrived, or with an event that has no line
		}
		held++
		shot := filepath.Join(t.TempDir(), "shot.txt")
		if r := run(t, "replay", "--screenshot", shot, "--view", "events", "--size", "160x60", "--at", fmt.Sprintf("%dns", f.First), tour); r.code != 0 {
			t.Fatal(r.err)
		}
		b, err := os.ReadFile(shot)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), " "+at+"  ") {
			t.Errorf("%s begins at %s, which is no moment of view 6 at that time:\n%s", f.ID, at, b)
		}
	}
	if held == 0 {
		t.Errorf("none of %d findings begins at a moment of both texts", len(report.Findings))
	}
}
