package cmd

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneCallIsEnough: a file, a pipe and a compressed file with a single call of strace among sentences are looked at, and a text without
// any is refused with what it is not.
func TestOneCallIsEnough(t *testing.T) {
	const text = "I see this all the time, what does it mean?\n\nread(3, 0x7ffee899e737, 1)              = -1 EAGAIN (Resource temporarily unavailable)\n"
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte(text))
	w.Close()
	for name, b := range map[string][]byte{"issue.txt": []byte(text), "issue.gz": z.Bytes(), "cut.txt": []byte("strace: Process 7 attached\nwrite(2, \"x\", 1")} {
		p := file(name, b)
		if r := run(t, "check", p); r.code == exitEnv || strings.Contains(r.err, "neither") {
			t.Errorf("check %s: exit code %d, %s%s", name, r.code, r.out, r.err)
		}
		if r := run(t, "replay", "--text=raw", p); r.code != 0 || !strings.Contains(r.out, "call=") {
			t.Errorf("replay %s: exit code %d, %s%s", name, r.code, r.out, r.err)
		}
	}
	for _, in := range []string{text, z.String()} {
		c := program(t, "check", "-")
		c.Stdin = strings.NewReader(in)
		if r := finish(t, c); r.code == exitEnv {
			t.Errorf("from standard input: exit code %d, %s%s", r.code, r.out, r.err)
		}
	}
	if r := run(t, "replay", "--unparsed", filepath.Join(dir, "issue.gz")); r.code != 0 || strings.Count(r.out, "\n") != 1 {
		t.Errorf("--unparsed: exit code %d, %s%s", r.code, r.out, r.err)
	}
	none := file("none.txt", []byte("The server calls read(2) and then poll(), and close(fd); it spins.\n"))
	if r := run(t, "check", none); r.code != exitEnv || !strings.Contains(r.err, "neither a recording of evviz nor what strace printed") {
		t.Errorf("no call: exit code %d, %s%s", r.code, r.out, r.err)
	}
}
