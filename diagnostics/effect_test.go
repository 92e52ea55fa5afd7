package diagnostics

import (
	"fmt"
	"testing"
)

// TestEffect: shortly after a live switch stands what it has changed; nothing while nothing has, long after it, where one connection was switched alone since, and where a loop only
// began.
func TestEffect(t *testing.T) {
	lines := []string{
		"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.001 1 Mode complete driver=epoll trigger=level cause=start",
		"0.002 1 Instance complete inst=ep3 fd=3", "0.002 1 Open complete fd=8 type=stream from=accept", "0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8",
		"0.010 1 Arrive complete fd=8 events=IN unread=8192",
	}
	for i := range 8 { // level: eight wakeups for one message
		at := 0.011 + float64(i)*0.0001
		lines = append(lines, fmt.Sprintf("%.6f 1 Wait complete call=epoll_wait inst=ep3 count=1", at), fmt.Sprintf("%.6f 1 Ready complete inst=ep3 fd=8 events=IN data=0x8", at),
			fmt.Sprintf("%.6f 1 Read complete fd=8 asked=1024 ret=1024 left=%d", at+0.00001, 7168-1024*i))
	}
	lines = append(lines, "1.0 1 Mode complete driver=epoll trigger=edge cause=switch", "1.0 1 Modify complete inst=ep3 fd=8 events=IN|ET data=0x8",
		"1.010 1 Arrive complete fd=8 events=IN unread=8192", "1.011 1 Wait complete call=epoll_wait inst=ep3 count=1", "1.011 1 Ready complete inst=ep3 fd=8 events=IN data=0x8",
		"1.012 1 Read complete fd=8 asked=1024 ret=1024 left=7168", "1.013 1 Wait enter inst=ep3 passed=-1",
		"4.0 1 Modify complete inst=ep3 fd=8 events=IN data=0x8", "20.0 0 Sync complete") // one connection alone is level again
	s := fold(t, false, lines...)
	for at, want := range map[int64]string{
		900 * ms:    "",
		1400 * ms:   "",
		2000 * ms:   "level → edge: wakeups per message 8 → 1, unread at the end 0 bytes → 7 KiB, longest unread 1.7 ms → 990 ms",
		4500 * ms:   "",
		9001 * ms:   "",
		20_000 * ms: "",
	} {
		if got := Effect(s, at); got != want {
			t.Errorf("at %d ms: %q, want %q", at/ms, got, want)
		}
	}
}
