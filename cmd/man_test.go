package cmd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/tui"
)

// TestDocsMan holds the committed manual pages to the program's, and lets a formatter read them.
func TestDocsMan(t *testing.T) {
	const dir = "../docs/man"
	pages := manPages()
	if testkit.Updating() {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range pages {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	const how = "rewrite them with: make docs"
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatalf("%v; %s", err, how)
	}
	for _, e := range list {
		if pages[e.Name()] == nil {
			t.Errorf("%s is the page of no command; %s", e.Name(), how)
		}
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the program says (%v); %s", name, err, how)
		}
	}
}

// TestManReads: every page goes through the formatter without a warning, and the main one has all its sections and keys.
func TestManReads(t *testing.T) {
	t.Parallel()
	groff := testkit.Need(t, "groff")
	dir := filepath.Join(t.TempDir(), "man1")
	if r := run(t, "man", dir); r.code != 0 || r.out != "" {
		t.Fatalf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	list, err := filepath.Glob(dir + "/*.1")
	if err != nil || len(list) < 12 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, f := range list {
		var out, errs bytes.Buffer
		c := exec.Command(groff, "-man", "-Tascii", "-P-cbou", "-rLL=200n", "-ww", f)
		c.Stdout, c.Stderr = &out, &errs
		if err := c.Run(); err != nil || strings.Contains(errs.String(), "macro") || strings.Contains(errs.String(), "escape") {
			t.Errorf("%s: %v: %s", f, err, errs.String())
		}
		if filepath.Base(f) != "evviz.1" {
			continue
		}
		for _, s := range []string{"SYNOPSIS", "OPTIONS", "EXAMPLES", "KEYS", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO", "--save-on", "EVVIZ_CONFIG", "config.toml", "evviz-doctor(1)"} {
			if !strings.Contains(out.String(), s) {
				t.Errorf("the page does not have %s", s)
			}
		}
		for _, a := range tui.Actions() {
			if !strings.Contains(out.String(), "["+a.Name+"]") {
				t.Errorf("the page does not have the action %s", a.Name)
			}
		}
	}
	if r := run(t, "man", "a", "b"); r.code != 2 {
		t.Errorf("exit code %d", r.code)
	}
	if r := run(t, "man", "/proc/none"); r.code != 3 {
		t.Errorf("exit code %d", r.code)
	}
}
