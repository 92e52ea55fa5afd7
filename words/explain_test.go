package words

import (
	"testing"
)

func TestExplain(t *testing.T) {
	s := fold(t, true,
		`0.001 1 Name complete id=1 len=15 text="127.0.0.1:53011"`,
		"0.001 1 Thread complete pid=100 tid=100 role=loop",
		"0.002 1 Open complete fd=7 type=stream from=accept peer=1",
		"0.003 1 Register complete inst=ep3 fd=7 events=IN data=0x7",
		"0.010 1 Read complete fd=7 asked=4096 ret=5",
		"0.020 1 Read complete fd=7 asked=4096 ret=5",
		"0.021 1 Write complete fd=7 asked=5 ret=5",
		"0.030 1 Read complete fd=7 asked=4096 ret=12",
		"0.100 1 Arrive complete fd=7 events=IN unread=3",
		"0.280 1 Sync complete",
		"0.290 1 Read complete fd=7 asked=4096 ret=-1 err=ECONNRESET",
		"0.300 1 Close complete fd=7 why=error",
	)
	l := s.Lanes[0]
	for _, c := range []struct {
		at   int64
		want string
	}{
		{1 * ms, "fd 7 127.0.0.1:53011 · not open yet"},
		{280 * ms, "fd 7 127.0.0.1:53011 · level · 3 reads, 1 write · data unread for 180 ms"},
		{285 * ms, "fd 7 127.0.0.1:53011 · level · 3 reads, 1 write · data unread for 185 ms"},
		{295 * ms, "fd 7 127.0.0.1:53011 · level · 3 reads, 1 write, 1 failed call · last: read failed (ECONNRESET)"},
		{1300 * ms, "fd 7 127.0.0.1:53011 · closed 1.0 s ago (error) · 3 reads, 1 write, 1 failed call · last: read failed (ECONNRESET)"},
	} {
		if got := Explain(l, 0, c.at, true); got != c.want {
			t.Errorf("at %d ms: %s\nwant: %s", c.at/ms, got, c.want)
		}
	}
}
