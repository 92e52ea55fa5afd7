package words

import (
	"strings"
	"testing"

	"evviz/timeline"
)

// TestOpOfUnknownSize: a transfer of which nobody says how much was asked for is no part of 0 bytes; io_uring's completions are such.
func TestOpOfUnknownSize(t *testing.T) {
	for _, c := range []struct {
		o    timeline.Op
		want string
	}{
		{timeline.Op{Time: 1, Result: 64512}, "write 63 KiB"},
		{timeline.Op{Time: 1, Result: 0}, "write 0 bytes"},
		{timeline.Op{Time: 1, Asked: 65536, Result: 64512}, "write 63 of 64 KiB"},
	} {
		if got := op("write", "found no room", c.o); got != c.want {
			t.Errorf("%+v is %q, want %q", c.o, got, c.want)
		}
	}
	s := fold(t, true, with(epoll, "+1ms 1 Complete complete fd=8 op=send ret=64512", "+1ms 2 Sync complete")...)
	said := ""
	for _, l := range s.Lanes {
		if l.FD == 8 {
			said = Explain(l, s.First, s.Now, true)
		}
	}
	if !strings.HasSuffix(said, "last: write 63 KiB") {
		t.Errorf("of a send that was completed it is said: %q", said)
	}
}
