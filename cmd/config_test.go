package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"

	"evviz/internal/testkit"
	"evviz/tui"
)

// TestDefaultConfig: what --print-default prints is valid, holds every key of the table, and changes nothing; and what stands
// in it behind a # is valid, too.
func TestDefaultConfig(t *testing.T) {
	text := run(t, "config", "--print-default").out
	if text != defaultConfig() {
		t.Fatal("it prints something else")
	}
	var c config
	if err := c.parse(text); err != nil {
		t.Fatal(err)
	}
	for _, a := range tui.Actions() {
		if !slices.Equal(c.keys[a.Name], a.Keys) {
			t.Errorf("%s has %q, and in the table %q", a.Name, c.keys[a.Name], a.Keys)
		}
	}
	if len(c.keys) != len(tui.Actions()) {
		t.Errorf("%d keys, and in the table %d", len(c.keys), len(tui.Actions()))
	}
	lab := &cobra.Command{}
	(&labOptions{}).flags(lab)
	for name, v := range c.flags {
		if d := lab.Flags().Lookup(name).DefValue; !slices.Equal(v, []string{d}) {
			t.Errorf("%s is %q, and without the file %q", name, v, d)
		}
	}
	for _, n := range settable {
		if !strings.Contains(text, n) {
			t.Errorf("%s is not in it", n)
		}
	}
	some := regexp.MustCompile(`(?m)^# (keep|save-on|stall)( +=)`)
	if err := (&config{}).parse(some.ReplaceAllString(text, "$1$2")); err != nil {
		t.Errorf("without the # of what is there to be switched on: %v", err)
	}
	example := strings.Replace(text, `theme = "terminal"`, `theme = "example"`, 1)
	if example == text {
		t.Fatal("there is no theme in it")
	}

	file := filepath.Join(t.TempDir(), "config.toml")
	picture := func(text string) string {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "x.svg")
		rec, err := filepath.Abs("../tui/testdata/tour.evt")
		if err != nil {
			t.Fatal(err)
		}
		p := program(t, "replay", rec, "--screenshot", out, "--at", "10s")
		p.Env = append(p.Env, "EVVIZ_CONFIG="+file)
		if r := finish(t, p); r.code != 0 {
			t.Fatalf("exit code %d: %s", r.code, r.err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	without := picture("")
	if picture(text) != without {
		t.Error("with it the screen looks different")
	}
	if picture(example) == without {
		t.Error("its example of a theme changes nothing")
	}
}

// TestDocsSettings holds the settings page to the program: the file that it quotes, and every other example of one.
func TestDocsSettings(t *testing.T) {
	const path, begin, end = "../docs/settings.md", "<!-- default: made by evviz config --print-default; make docs -->\n", "<!-- /default -->"
	page := testkit.Section(t, path, begin, end, fmt.Sprintf("```toml\n%s```\n", defaultConfig()))
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) < 3 {
		t.Errorf("only %d examples", len(blocks))
	}
	for _, m := range blocks {
		if err := (&config{}).parse(m[1]); err != nil {
			t.Errorf("%v in this example:\n%s", err, m[1])
		}
	}
}

// TestOddSettingsFile: a settings file that cannot be read, or is none, holds nothing up, and the way out is said; the null
// device is no settings at all.
func TestOddSettingsFile(t *testing.T) {
	dir := t.TempDir()
	fifo, huge := filepath.Join(dir, "fifo"), filepath.Join(dir, "huge.toml")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil { // sparse
		t.Fatal(err)
	}
	for _, c := range []struct{ path, says string }{
		{fifo, "a named pipe"}, {"/dev/zero", "a device"}, {huge, "too large"}, {dir, "a directory"}, {filepath.Join(dir, "no"), "no such file"},
		{filepath.Join(huge, "x"), "not a directory"},
	} {
		p := program(t, "config")
		p.Env = append(p.Env, "EVVIZ_CONFIG="+c.path)
		if r := finish(t, p); r.code != exitEnv || !strings.Contains(r.err, c.says) || !strings.Contains(r.err, c.path) || !strings.Contains(r.err, "EVVIZ_CONFIG=/dev/null") {
			t.Errorf("%s: exit code %d: %s", c.path, r.code, r.err)
		}
	}
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(filepath.Join(home, "evviz", "config.toml"), 0o700); err != nil { // a directory where the file should be
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  string
		code int
	}{{"XDG_CONFIG_HOME=" + home, exitEnv}, {"XDG_CONFIG_HOME=/dev/null", 0}, {"EVVIZ_CONFIG=/dev/null", 0}} {
		p := program(t, "config")
		p.Env = append(p.Env, c.env)
		if r := finish(t, p); r.code != c.code {
			t.Errorf("%s: exit code %d: %s", c.env, r.code, r.err)
		}
	}
	// A scenario's file is read the same way.
	for _, path := range []string{fifo, "/dev/zero", huge} {
		if r := run(t, "--headless", "--listen", "127.0.0.1:0", "--scenario", path); r.code != exitEnv || !strings.Contains(r.err, path) {
			t.Errorf("--scenario %s: exit code %d: %s", path, r.code, r.err)
		}
	}
	// And a recording.
	for _, path := range []string{fifo, "/dev/zero", dir} {
		if r := run(t, "replay", "--text", path); r.code != exitEnv || !strings.Contains(r.err, path) {
			t.Errorf("replay %s: exit code %d: %s", path, r.code, r.err)
		}
	}
}
