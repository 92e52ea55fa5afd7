package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"evviz/diagnostics"
	"evviz/internal/testkit"
	"evviz/loop"
	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

// writeSpin is a run that ends after 300 waits, most of which report in vain that there is room to write, however slow the machine is.
var writeSpin = []string{"--headless", "--listen", "127.0.0.1:0", "--scenario", "ev08", "--threshold", "spin-window=1h", "--save-on", "write-spin", "--keep", "1m"}

// Without a screen, a finding saves the seconds before it, once, and the file shows the same finding.
func TestFlightHeadless(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a run of some seconds")
	p := program(t, writeSpin...)
	r := finish(t, p)
	if r.code != 0 {
		t.Fatal(r.code, r.err)
	}
	files, _ := filepath.Glob(filepath.Join(p.Dir, "evviz-*-EV08*.evt"))
	if len(files) != 1 || !strings.Contains(r.err, "write-spin") || !strings.Contains(r.err, "to "+filepath.Base(files[0])) {
		t.Fatalf("files %v\n%s", files, r.err)
	}
	if st, _ := os.Stat(files[0]); st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	v := trace.NewValidator(trace.ValidateOptions{})
	evs := readAll(t, files[0])
	for i := range evs {
		v.Add(&evs[i])
	}
	if err := v.Err(); err != nil {
		t.Error(err)
	}
	found := diagnostics.Check(replayed(t, files[0]).Snapshot(), diagnostics.Default())
	if len(found) == 0 || found[0].Rule.ID != "EV08" {
		t.Errorf("%v", found)
	}
}

func TestFlightFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--save-on", "writespin"}, `--save-on "writespin": want rules (EV01 to EV35, or their names; evviz explain lists them) or severities (info, warn, critical); did you mean write-spin?`},
		{[]string{"--save-on", "EV99"}, `--save-on "EV99": want rules`},
		{[]string{"--save-on="}, "--save-on wants rules (EV08) or severities"},
		{[]string{"--keep", "long"}, `--keep "long": want a time with its unit`},
		{[]string{"--keep", "0s"}, "--keep 0s: want a time above 0"},
		{[]string{"--keep", "2h"}, "--keep 2h0m0s: want a time above 0 and up to 1h0m0s"},
		{[]string{"--keep", "5s"}, "--keep alone goes with the screen"},
	} {
		r := run(t, append([]string{"--headless", "--for", "1s"}, c.args...)...)
		if r.code != exitUsage || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%v: %d %q", c.args, r.code, r.err)
		}
	}
}

// By hand, and by findings up to the limit, each file gets a name of its own.
func TestFlightNames(t *testing.T) {
	s, _ := startSession(t, loop.Default(), "", 1<<14)
	defer s.stop(trace.StopAsked)
	kept := record.NewFlight(s.tee, time.Minute, 0) // not read: what is saved is a file without events
	list, err := parseFindingList("save-on", []string{"warn", "EV08"})
	if err != nil {
		t.Fatal(err)
	}
	r := newFlightRecorder(&flightOptions{matches: list, saved: &atomic.Int32{}}, kept, s.feed, diagnostics.Default())
	r.dir = t.TempDir()
	for range 3 {
		if words, err := r.Save("by-hand"); err != nil || !strings.Contains(words, "by-hand") {
			t.Fatal(words, err)
		}
	}
	var said []string
	r.listen(func(words string, bad bool) { said = append(said, fmt.Sprint(bad, " ", words)) })
	now := time.Now()
	for i := range maxFlights + 3 {
		r.due, r.dueAt = &diagnostics.Finding{Rule: &diagnostics.Rules[7], FD: int32(i), Severity: diagnostics.Warn}, now
		r.look(now)
	}
	files, _ := filepath.Glob(filepath.Join(r.dir, "*.evt"))
	if len(files) != 3+maxFlights || len(said) != maxFlights+1 || !strings.HasPrefix(said[maxFlights], "true") {
		t.Errorf("%d files, said %q", len(files), said)
	}
	if words, bad := r.Notes(); !bad || !strings.Contains(words, "16 files") {
		t.Error(words)
	}
	r.due, r.dueAt = &diagnostics.Finding{Rule: &diagnostics.Rules[7]}, now.Add(aftermath)
	r.look(now)
	if r.due == nil {
		t.Error("it did not wait for the aftermath")
	}
	none := (*flightRecorder)(nil)
	if _, err := none.Save(""); err == nil {
		t.Error("nothing was saved without an error")
	}
}

// What is kept is passed on: a session with a flight recorder has the same abilities and the same timeline.
func TestFlightPassesOn(t *testing.T) {
	t.Setenv("EVVIZ_TEST_MAIN", "1")
	o := &labOptions{listen: "127.0.0.1:0", ring: 1 << 14, seed: 1, flight: flightOptions{on: true, keep: time.Minute, saved: &atomic.Int32{}}}
	s, err := newSession(o, loop.Default(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.evt")
	if err := s.tee.Start(path); err != nil {
		t.Fatal(err)
	}
	s.startFeed()
	if err := s.startClients(1); err != nil {
		t.Fatal(err)
	}
	if b, err := s.feed.Bookmark(trace.Now(), "here"); err != nil || b.N != 1 {
		t.Fatal(b, err)
	}
	s.flight.dir = t.TempDir()
	if err := s.stop(trace.StopAsked); err != nil {
		t.Fatal(err)
	}
	if _, err := s.flight.Save(""); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(s.flight.dir, "*.evt"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	want := s.feed.Snapshot()
	for _, p := range []string{path, files[0]} {
		got := replayed(t, p).Snapshot()
		if got.Stats.Waits != want.Stats.Waits || got.Stats.Rounds != want.Stats.Rounds || len(got.Lanes) != len(want.Lanes) {
			t.Errorf("%s: %+v\nwant %+v", p, got.Stats, want.Stats)
		}
		if len(got.Bookmarks) != 1 || got.Bookmarks[0] != (timeline.Bookmark{At: want.Bookmarks[0].At, N: 1, Text: "here"}) {
			t.Errorf("%s: %v", p, got.Bookmarks)
		}
	}
}
