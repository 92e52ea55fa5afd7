package diagnostics

import (
	"context"
	"strings"
	"testing"

	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

func folded(t *testing.T, path string) *timeline.Snapshot {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	feed := timeline.NewFeed(f, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed.Snapshot()
}

// TestContrast: what is known of both is said, in order and as far as it fits; what is known of one is not.
func TestContrast(t *testing.T) {
	a, b := folded(t, "../tui/testdata/split-sleep-poll.evt"), folded(t, "../tui/testdata/split-epoll.evt")
	first, now := min(a.First, b.First), min(a.Now, b.Now)
	slow, fast := Side{"sleep-poll", a}, Side{"epoll", b}

	s := Contrast(slow, fast, now-4e9, now, 0)
	for _, part := range []string{"in these 4.0 s: a message waited ", " under sleep-poll, ", " under epoll; calls without a result: ", "; idle "} {
		if !strings.Contains(s, part) {
			t.Errorf("%q lacks %q", s, part)
		}
	}
	if strings.Contains(s, "repeated") {
		t.Errorf("%q: a polling loop has no notifications, so they cannot be compared", s)
	}
	if short := Contrast(slow, fast, now-4e9, now, 80); len(short) > 80 || !strings.HasPrefix(s, short) {
		t.Errorf("as far as it fits into 80: %q", short)
	}
	if s := Contrast(fast, fast, now-4e9, now, 0); !strings.Contains(s, "repeated notifications: ") {
		t.Errorf("both level-triggered: %q", s)
	}
	for _, w := range [][2]int64{{now, now}, {now + 1e9, now + 2e9}, {first - 2e9, first - 1e9}} {
		if s := Contrast(slow, fast, w[0], w[1], 0); s != "nothing to compare yet" {
			t.Errorf("of a window of which nothing is known: %q", s)
		}
	}
	if s := Contrast(slow, Side{"empty", timeline.New(timeline.Options{}).Snapshot(now)}, now-4e9, now, 0); s != "nothing to compare yet" {
		t.Errorf("against a run without events: %q", s)
	}
}

// TestContrastSays: the whole sentence, of two short runs.
func TestContrastSays(t *testing.T) {
	const user = `+0 3 Thread complete pid=200 tid=200 role=client`
	head := []string{`1.0 1 Name complete id=1 len=11 text="127.0.0.1:9"`, "1.0 1 Thread complete pid=100 tid=100 role=loop", user, `+0 3 Name complete id=1 len=11 text="127.0.0.1:9"`,
		"+0 1 Open complete fd=8 type=stream from=accept peer=1", "+0 2 Thread complete pid=100 tid=101 role=observer"}
	polled := with(head, "+0 1 Mode complete driver=sleep-poll interval=50ms", "+0 1 Sleep enter asked=50ms", "+10ms 3 Step complete fd=-1 what=send n=5 done=5 local=1", "+0 2 Arrive complete fd=8 events=IN unread=5",
		"+40ms 1 Sleep exit asked=50ms dur=50ms", "+0 1 Read complete fd=8 asked=10 ret=5 left=0", "+0 1 Read complete fd=8 asked=10 ret=-1 err=EAGAIN", "+0 1 Round complete n=1 asked=2 useful=1", "+0 1 Sleep enter asked=50ms",
		"+50ms 0 Sync complete")
	told := with(head, "+0 1 Mode complete driver=epoll trigger=level", "+0 1 Register complete inst=ep3 fd=8 events=IN data=0x8", "+0 1 Wait enter inst=ep3 passed=-1", "+10ms 3 Step complete fd=-1 what=send n=5 done=5 local=1",
		"+0 2 Arrive complete fd=8 events=IN unread=5", "+1ms 1 Wait exit inst=ep3 passed=-1 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN data=0x8 unread=5", "+0 1 Read complete fd=8 asked=10 ret=5 left=0",
		"+0 1 Wait enter inst=ep3 passed=-1", "+89ms 0 Sync complete")
	first, last := int64(1_000_000_000), int64(1_100_000_001)
	for _, c := range []struct {
		name string
		a, b []string
		want string
	}{
		{"polling and told", polled, told, "in these 100 ms: a message waited 40 ms under sleep-poll, 1.0 ms under epoll; calls without a result: 1, none; idle 100 %, 100 %"},
		{"the same twice", told, told, "in these 100 ms: a message waited 1.0 ms under sleep-poll, 1.0 ms under epoll; calls without a result: none, none; repeated notifications: none, none; idle 100 %, 100 %"},
		{"one with a gap", with(polled, "+0 1 Lost complete n=5 where=ring"), told, "in these 100 ms: events of sleep-poll are missing, so nothing is compared"},
		{"nothing in common", with(head, "+100ms 0 Sync complete"), told, "in these 100 ms: nothing is known of both"},
	} {
		got := Contrast(Side{"sleep-poll", fold(t, true, c.a...)}, Side{"epoll", fold(t, true, c.b...)}, first, last, 0)
		if got != c.want {
			t.Errorf("%s: %q\nwant %q", c.name, got, c.want)
		}
	}
}

// TestContrastUnknown: a mode whose calls are not seen is not said to have made none.
func TestContrastUnknown(t *testing.T) {
	a := folded(t, "../tui/testdata/split-epoll.evt")
	b := *a
	b.Modes = []timeline.ModeChange{{At: a.First, Mode: timeline.Mode{Known: true, Driver: trace.DriverGo}}}
	s := Contrast(Side{"epoll", a}, Side{"go", &b}, a.Now-4e9, a.Now, 0)
	for _, part := range []string{"without a result", "repeated", "idle"} {
		if strings.Contains(s, part) {
			t.Errorf("%q is said of mode go: %q", part, s)
		}
	}
}
