package probe

import (
	"strings"
	"testing"

	"evviz/trace"
)

// TestShare: call lines are counted, understood or not; prose, fences, commands and other tools' lines are none.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       trace.Share
	}{
		{"all", "read(7, \"x\", 1) = 1\n--- SIGCHLD {si_signo=SIGCHLD} ---\n+++ exited with 0 +++\n", trace.Share{N: 3, Of: 3}},
		{"prose", "It hangs (see below).\n```\nread(7, \"x\", 1) = 1\n```\nepoll_wait(2) says that this is level-triggered.\nprintf(\"x\");\n\n" +
			"if (read(fd, buf, n) < 0)\n    return read(fd);\n", trace.Share{N: 1, Of: 1}},
		{"a bad result", "read(7, \"x\", 1) = 1\nread(7, \"x\", 1) = 12\n", trace.Share{N: 1, Of: 2}},
		{"damaged arguments", "epoll_wait(4, {oops, 64, -1) = 1\nread(7, \"x\", 1) = 1\n[pid 12] read(7, ??) = 1\n", trace.Share{N: 1, Of: 3}},
		{"a call that the table does not have", "madvise(0x7f, 4096, MADV_DONTNEED) = 0\n", trace.Share{N: 1, Of: 1}},
		{"lines beside", "lrwx------ 1 a a 64 Nov 3 10:00 7 -> socket:[9]\nread(7, \"x\", 1) = 1\ntfd: 7 events: 19 data: 7\n", trace.Share{N: 1, Of: 1}},
		{"no call", "nothing of the kind\n", trace.Share{}},
	} {
		s := NewStrace(strings.NewReader(c.text), "-")
		if got := s.Info().Calls; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		s.Close()
	}
}
