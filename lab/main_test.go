package lab

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/loop"
	"evviz/record"
	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// TestMain lets the test binary be what a lab starts: run with EVVIZ_TEST_MAIN set it is the clients of a scenario.
func TestMain(m *testing.M) {
	if os.Getenv("EVVIZ_TEST_MAIN") == "" {
		testkit.Main(m)
		return
	}
	if err := hidden(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "evviz: "+err.Error())
		os.Exit(1)
	}
}

// hidden runs a command that StartClients or LoadStory starts. Its flags are those of the program.
func hidden(args []string) error {
	f := flag.NewFlagSet(args[0], flag.ExitOnError)
	var o ClientOptions
	var params []scenarios.Param
	f.StringVar(&o.Target, "target", "", "")
	story := f.String("scenario", "", "")
	f.Int64Var(&o.Seed, "seed", 1, "")
	f.IntVar(&o.MaxConns, "max-connections", 0, "")
	f.BoolVar(&o.Remote, "allow-remote", false, "")
	noLab := f.Bool("no-lab", false, "")
	port := f.Uint("port", 0, "")
	f.Func("param", "", func(s string) error {
		name, value, _ := strings.Cut(s, "=")
		params = append(params, scenarios.Param{Name: name, Value: value})
		return nil
	})
	f.Parse(args[1:])
	switch args[0] {
	case "clients":
		return RunClients(*story, &o, *noLab, params)
	case "peers":
		return RunPeers(uint16(*port))
	case "vet-scenario":
		return VetScenario(*story, params)
	}
	return errors.New("this test starts no " + args[0])
}

// giveUp is how long anything is waited for that does not come. It says nothing about how fast it must be.
const giveUp = 3 * time.Minute

// startSession runs a lab in this process, with its clients in another, and records it.
func startSession(t *testing.T, b loop.Behaviour, story string, ring int) (*Session, string) {
	t.Helper()
	t.Setenv("EVVIZ_TEST_MAIN", "1") // for the clients, which are this binary again
	var script *scenarios.Script
	if story != "" {
		s, err := LoadStory(story)
		if err != nil {
			t.Fatal(err)
		}
		script = s
	}
	path := filepath.Join(t.TempDir(), "run.evt")
	s, err := Begin(&Options{Listen: "127.0.0.1:0", Behaviour: b, Script: script, Seed: 1, Ring: ring, Record: path})
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

// readAll is every event of a file, which must be whole: closed, undamaged, valid and not empty.
func readAll(t *testing.T, path string) []trace.Event {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if d := f.Damage(); len(d) > 0 || !f.Closed() {
		t.Errorf("closed: %v, damage: %v", f.Closed(), d)
	}
	var out []trace.Event
	buf := make([]trace.Event, 4096)
	for {
		n, err := f.Read(context.Background(), buf)
		out = append(out, buf[:n]...)
		if err != nil {
			break
		}
	}
	if err := trace.Validate(out); err != nil || len(out) == 0 {
		t.Errorf("a recording of %d events: %v", len(out), err)
	}
	return out
}

// replayed is the timeline of a file.
func replayed(t *testing.T, path string) *timeline.Feed {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	feed := timeline.NewFeed(f, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed
}
