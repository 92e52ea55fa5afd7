package cmd

import (
	"strings"
	"testing"
)

// TestListenBeyondLoopback: a server that other machines can reach is opened only when that is asked for, and is warned of; what is
// this machine's own needs nothing.
func TestListenBeyondLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0"} {
		for _, args := range [][]string{{"--headless", "--for", "1ms", "--listen", addr}, {"scenarios", "run", "t01", "--listen", addr},
			{"compare", "--screen", "--listen", addr}} {
			if r := run(t, args...); r.code != exitUsage || !strings.Contains(r.err, "--allow-remote") {
				t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
			}
		}
	}
	if r := run(t, "--headless", "--for", "1ms", "--listen", "0.0.0.0:0", "--allow-remote"); r.code != 0 || !strings.Contains(r.err, "warning: other machines can connect") {
		t.Errorf("allowed: exit code %d, %s", r.code, r.err)
	}
	for _, addr := range []string{"127.0.0.1:0", "127.1.2.3:0", "[::1]:0", "localhost:0", ":0"} {
		if r := run(t, "--headless", "--for", "1ms", "--listen", addr); r.code != 0 || strings.Contains(r.err, "warning") {
			t.Errorf("%s: exit code %d, %s", addr, r.code, r.err)
		}
	}
	if r := run(t, "--headless", "--for", "1ms", "--allow-remote"); r.code != exitUsage {
		t.Errorf("--allow-remote alone: exit code %d", r.code)
	}
}
