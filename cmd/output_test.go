package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evviz/loop"
	"evviz/trace"
)

// dear is a file that nobody wants to lose.
func dear(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("dear to somebody"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestNothingOverwritten: what is there stays there, whatever is to be written; with --force a recording or a picture is
// replaced, and still nothing else.
func TestNothingOverwritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tour, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "old.evt")
	record := []string{"--headless", "--for", "1ms", "--listen", "127.0.0.1:0", "--record"}
	if r := run(t, append(record, old)...); r.code != 0 {
		t.Fatal(r.err)
	}
	whole, killed := read(t, old), filepath.Join(dir, "killed.evt")
	if err := os.WriteFile(killed, []byte(whole[:len(whole)/2]), 0o600); err != nil { // never closed, but data all the same
		t.Fatal(err)
	}
	story := filepath.Join(dir, "kept", "trickle.evt")
	os.Mkdir(filepath.Dir(story), 0o700)
	text := dear(t, dir, "dear.txt")
	fifo := filepath.Join(dir, "fifo.txt")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{story, filepath.Join(dir, "kept", "01-poll-1.evt")} {
		if err := os.WriteFile(p, []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	man := filepath.Join(dir, "man")
	os.Mkdir(man, 0o700)
	page := dear(t, man, "evviz.1")
	shot := []string{"replay", tour, "--size", "80x24", "--screenshot"}
	stories := []string{"scenarios", "run", "trickle", "--for", "50ms", "--record", filepath.Dir(story)}
	compared := []string{"compare", "poll", "--repeat", "1", "--for", "50ms", "--scenario", "trickle", "--keep", filepath.Join(dir, "kept")}
	for _, c := range []struct {
		args     []string
		file     string
		says     string
		replaces bool // with --force
	}{
		{append(record, text), text, "is not a recording of evviz; choose another name", false},
		{append(record, fifo), "", "a named pipe", false},
		{append(record, "/dev/null"), "", "a device", false},
		{append(record, old), old, "--force", true},
		{append(record, killed), killed, "--force", true},
		{append(shot, text), text, "--force", true},
		{append(shot, dear(t, dir, "dear.svg")), filepath.Join(dir, "dear.svg"), "--force", true},
		{append(shot, dear(t, dir, "dear.ans")), filepath.Join(dir, "dear.ans"), "--force", true},
		{append(shot, fifo), "", "a named pipe", false},
		{stories, story, "--force", true},
		{compared, filepath.Join(dir, "kept", "01-poll-1.evt"), "--force", true},
		{[]string{"man", man}, page, "choose another directory", false},
	} {
		before := ""
		if c.file != "" {
			before = read(t, c.file)
		}
		r := run(t, c.args...)
		if r.code != exitEnv || !strings.Contains(r.out+r.err, c.says) {
			t.Errorf("%v: exit code %d\n%s%s", c.args, r.code, r.out, r.err)
		}
		if c.file != "" && read(t, c.file) != before {
			t.Errorf("%v destroyed %s", c.args, c.file)
		}
		if c.args[0] == "man" {
			continue
		}
		r = run(t, append(c.args[:len(c.args):len(c.args)], "--force")...)
		if replaced := r.code == 0 && read(t, c.file) != before; replaced != c.replaces {
			t.Errorf("%v --force: exit code %d, replaced: %v\n%s", c.args, r.code, replaced, r.err)
		}
		if !c.replaces && c.file != "" && read(t, c.file) != before {
			t.Errorf("%v --force destroyed %s", c.args, c.file)
		}
	}
	// The pages of an earlier version are ours.
	os.Remove(page)
	for range 2 {
		if r := run(t, "man", man); r.code != 0 {
			t.Errorf("man: %s", r.err)
		}
	}
}

// TestTwoRecordings: a file that is being recorded to is not touched by another recording, even with --force.
func TestTwoRecordings(t *testing.T) {
	s, path := startSession(t, loop.Default(), "", 1<<12)
	r := run(t, "--headless", "--for", "1ms", "--listen", "127.0.0.1:0", "--record", path, "--force")
	if r.code != exitEnv || !strings.Contains(r.err, "another evviz is writing to it; choose another name") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if err := s.Stop(trace.StopAsked); err != nil {
		t.Error(err)
	}
	whole(t, path)
}

// TestTypedFiles: what is typed on the screen overwrites nothing either.
func TestTypedFiles(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, 120, 30)
	x.Shows("listener")
	text := dear(t, x.Cmd.Dir, "dear.txt")
	for _, command := range []string{"record dear.txt", "screenshot dear.txt"} {
		line(x, command)
		x.Shows("choose another name")
		x.Press("Esc")
		line(x, "bookmark x") // something else is said
		x.Until("other words", func(s string) bool { return !strings.Contains(s, "choose another name") })
	}
	line(x, "record new.evt")
	x.Shows("REC new.evt")
	x.Press("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if read(t, text) != "dear to somebody" {
		t.Error("it was destroyed")
	}
	whole(t, filepath.Join(x.Cmd.Dir, "new.evt"))
}
