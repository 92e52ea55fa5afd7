package show

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evviz/diagnostics"
	"evviz/trace"
)

// made is a source that is never read, with a line behind it: what the flight recorder finds in it is the test's.
func made(t *testing.T, wanted func(*diagnostics.Finding) bool) *FlightRecorder {
	t.Helper()
	l := NewLine(&madeSource{}, &LineOptions{Flight: FlightOptions{Keep: time.Minute, Wanted: wanted, Dir: t.TempDir()}, Findings: diagnostics.Default()})
	return l.Flight
}

type madeSource struct{ trace.Source }

func (*madeSource) Info() trace.Info { return trace.Info{Title: "made", Kinds: trace.AllKinds()} }

// all wants every finding to have the last seconds saved.
func all(*diagnostics.Finding) bool { return true }

// TestFlightNames: by hand, and by findings up to the limit, each file gets a name of its own.
func TestFlightNames(t *testing.T) {
	r := made(t, all) // not read: what is saved is a file without events
	for range 3 {
		if words, err := r.Save("by-hand"); err != nil || !strings.Contains(words, "by-hand") {
			t.Fatal(words, err)
		}
	}
	var said []string
	r.Listen(func(words string, bad bool) { said = append(said, fmt.Sprint(bad, " ", words)) })
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
	none := (*FlightRecorder)(nil)
	if _, err := none.Save(""); err == nil {
		t.Error("nothing was saved without an error")
	}
}

// TestFlightRetried: a file that could not be saved is tried again, is said once, and is saved as soon as that can be; a run
// that ends without it fails.
func TestFlightRetried(t *testing.T) {
	r := made(t, all)
	r.dir = filepath.Join(t.TempDir(), "later")
	var said []string
	r.Listen(func(words string, bad bool) { said = append(said, fmt.Sprint(bad, words)) })
	now := time.Now()
	r.due, r.dueAt = &diagnostics.Finding{Rule: diagnostics.RuleOf("EV08")}, now
	for i := range 5 {
		r.look(now.Add(time.Duration(i) * flightRetry))
		r.look(now.Add(time.Duration(i)*flightRetry + time.Millisecond)) // not yet
	}
	if len(said) != 1 || !strings.Contains(said[0], "no such file or directory") || !strings.Contains(said[0], "tried again") || r.saved.Load() != 0 {
		t.Errorf("%d files, said %q", r.saved.Load(), said)
	}
	r.started = true
	close(r.done)
	if err := r.end(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it ended with %v", err)
	}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.lookAgain(now, true)
	if es, _ := os.ReadDir(r.dir); len(es) != 1 || r.failed != nil || r.due != nil || len(said) != 2 {
		t.Errorf("saved %v, failed %v, said %q", es, r.failed, said)
	}
}
