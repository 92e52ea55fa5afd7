package cmd

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func page(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestScenariosPage: every example of the page runs and gets what it expects; together they use every call that the page
// names; and the page names every figure in the words of the table.
func TestScenariosPage(t *testing.T) {
	t.Parallel()
	text := page(t)
	examples := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(examples) < 3 {
		t.Fatalf("%d examples", len(examples))
	}
	all := ""
	for i, m := range examples {
		all += m[1]
		file := filepath.Join(t.TempDir(), fmt.Sprintf("example%d.star", i+1))
		if err := os.WriteFile(file, []byte(m[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := run(t, "scenarios", "run", file); r.code != 0 || !strings.Contains(r.out, "  met") {
			t.Errorf("example %d: exit code %d\n%s%s", i+1, r.code, r.out, r.err)
		}
	}
	for _, call := range []string{"connect()", "connect(c.remote)", ".send(", ".receive(", ".receive_until(", ".half_close()", ".close()", ".reset()", ".local", ".local_port",
		"param(", "sleep(", "spawn(", "note(", "random(", "fail(", "lab.set(", "lab.wait(", "lab.more(", "lab.count("} {
		if !strings.Contains(all, call) {
			t.Errorf("no example uses %s", call)
		}
	}
}

// TestScenariosRun: what the command says and how it ends.
func TestScenariosRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	talk := "def main():\n    c = connect()\n    c.send(5)\n    c.receive(5)\n"
	wrong := write("wrong.star", "expect = {\n    \"bytes_in\": 6,\n    \"reports\": 0,\n}\n"+talk)
	right := write("right.star", "expect = {\"bytes_in\": 5}\n"+talk)
	failing := write("failing.star", "expect = {\"bytes_in\": 5}\ndef main():\n    fail(\"no milk\")\n")
	misspelt := write("misspelt.star", "expect = {\n    \"byts_in\": 5,\n}\n"+talk)
	endless := write("endless.star", "def main():\n    while True:\n        pass\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"met", []string{right}, 0, []string{"bytes_in", "  met"}},
		{"not met", []string{wrong, right}, 1, []string{"NOT MET", wrong + ":2:5", "unknown here", "0 of 2", "1 of 1"}},
		{"failed", []string{failing}, 1, []string{"failed: ", "no milk", failing + ":3:"}},
		{"not judged", []string{right, "--read-size", "3"}, 0, []string{"not judged: --read-size"}},
		{"json", []string{right, "--json"}, 0, []string{`"result": "met"`, `"got": 5`}},
		{"misspelt", []string{misspelt}, 2, []string{misspelt + ":2:5", "did you mean \"bytes_in\"?"}},
		{"which", nil, 2, []string{"which?"}},
		{"unknown", []string{"t99"}, 2, []string{"t99"}},
		{"computes for ever", []string{endless}, 1, []string{"failed: ", "too many steps"}},
		{"remote", []string{right, "--connect", "192.0.2.1:80"}, 2, []string{"--allow-remote"}},
		{"no server", []string{right, "--connect", "127.0.0.1:1"}, 1, []string{"connection refused"}},
		{"knobs of another's server", []string{right, "--connect", "127.0.0.1:1", "--reads", "2"}, 2, []string{"--reads"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, append([]string{"scenarios", "run"}, c.args...)...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d\n%s%s", r.code, c.code, r.out, r.err)
			}
			for _, s := range c.says {
				if !strings.Contains(r.out+r.err, s) {
					t.Errorf("it should say %q; it said:\n%s%s", s, r.out, r.err)
				}
			}
		})
	}
}

// TestScenariosConnect: the traffic goes to any server.
func TestScenariosConnect(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.star")
	if err := os.WriteFile(file, []byte("expect = {\"bytes_in\": 5}\ndef main():\n    for i in range(3):\n        c = connect()\n    c.send(5)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := listen(t) // nobody accepts, and the kernel does
	if r := run(t, "scenarios", "run", file, "--connect", addr); r.code != 0 || !strings.Contains(r.out, "3 connections, 0 failed") || !strings.Contains(r.out, "5 bytes sent") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := run(t, "scenarios", "run", file, "--connect", addr, "--max-connections", "2"); r.code != 1 || !strings.Contains(r.out, "--max-connections") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestScenariosInterrupted: Ctrl-C ends a story that would go on for ever, in order and with the signal's code.
func TestScenariosInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	c := program(t, "scenarios", "run", "idle", "--listen", addr)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(giveUp, func() { c.Process.Kill() })
	defer timer.Stop()
	for end := time.Now().Add(giveUp); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if x, err := net.Dial("tcp", addr); err == nil { // the handler of the signal is older than the server
			x.Close()
			break
		}
	}
	c.Process.Signal(syscall.SIGINT)
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
}
