package words

import (
	"testing"

	"evviz/timeline"
)

// newest is the newest lane of a number.
func newest(t *testing.T, s *timeline.Snapshot, fd int32) *timeline.Lane {
	t.Helper()
	var l *timeline.Lane
	for _, x := range s.Lanes {
		if x.FD == fd {
			l = x
		}
	}
	if l == nil {
		t.Fatalf("there is no lane of fd %d", fd)
	}
	return l
}

// TestExplainedLanes: what the detail line of a lane says, and what its page says of its registration and which rule of the kernel
// it ends with.
func TestExplainedLanes(t *testing.T) {
	wait := func(n string) string { return "+1ms 1 Wait complete inst=ep3 passed=-1 count=" + n }
	for _, c := range []struct {
		name           string
		fd             int32
		lines          []string
		line, reg, key string
	}{
		{"level, and idle", 8, with(epoll, "+0 1 Register complete inst=ep3 fd=8 events=IN|RDHUP data=0x8", "+1s 2 Sync complete"),
			"fd 8 · level · nothing done in this window", "For IN|RDHUP.", "trigger/level"},
		{"stranded", 8, with(epoll, "+0 1 Register complete inst=ep3 fd=8 events=IN|ET data=0x8", "+1ms 2 Arrive complete fd=8 events=IN unread=65536", wait("1"),
			"+0 1 Ready complete inst=ep3 fd=8 events=IN unread=65536", "+0 1 Read complete fd=8 asked=1024 ret=1024 left=64512", "+1ms 1 Wait enter inst=ep3 passed=-1", "+1s 2 Sync complete"),
			"fd 8 · edge · 1 read · 63 KiB unread for 1.0 s, no further notification · last: read 1 of 1 KiB",
			"For IN|ET; after the last event: maybe left.", "trigger/stranded"},
		{"oneshot, disarmed", 8, with(epoll, "+0 1 Register complete inst=ep3 fd=8 events=IN|ONESHOT data=0x8", wait("1"),
			"+0 1 Ready complete inst=ep3 fd=8 events=IN", "+0 1 Read complete fd=8 asked=4096 ret=5", "+1ms 1 Wait enter inst=ep3 passed=-1"),
			"fd 8 · oneshot, disarmed · 1 read · last: read 5 bytes of 4 KiB",
			"For IN|ONESHOT; disarmed until the next EPOLL_CTL_MOD; after the last event: drained.", "trigger/oneshot"},
		{"a queue", 5, with(epoll, "+0 1 Open complete fd=5 type=listener from=socket", "+1ms 1 Accept complete fd=5 new=9", "+1ms 1 Queue complete fd=5 waiting=2 backlog=128", "+2s 2 Sync complete"),
			"fd 5 listener · 1 accept · 2 connections not accepted for 2.0 s · last: accepted fd 9", "No instance.", "event/accept"},
		{"nobody to accept", 5, with(epoll, "+0 1 Open complete fd=5 type=listener from=socket", "+1ms 1 Accept complete fd=5 new=-1 err=EAGAIN", "+2s 2 Sync complete"),
			"fd 5 listener · 1 EAGAIN · last: accept found nothing (EAGAIN)", "No instance.", "event/accept"},
		{"an error without a name", 8, with(epoll, "+1ms 1 Write complete fd=8 asked=10 ret=-1 err=4000", "+1ms 2 Sync complete"),
			"fd 8 · 1 failed call · last: write failed (error 4000)", "No instance.", "trigger/none"},
		{"end of file", 8, with(epoll, "+1ms 1 Read complete fd=8 asked=10 ret=0", "+1ms 2 Sync complete"),
			"fd 8 · 1 EOF · last: read returned 0 (EOF)", "No instance.", "trigger/none"},
		{"closed", 8, with(epoll, "+1ms 1 Write complete fd=8 asked=10 ret=10", "+1ms 1 Close complete fd=8 why=idle", "+1ms 2 Sync complete"),
			"fd 8 · closed 1.0 ms ago (idle) · 1 write · last: write 10 of 10 bytes", "No instance.", "event/descriptor"},
		{"an eventfd", 6, with(epoll, "+0 1 Open complete fd=6 type=eventfd from=eventfd", "+0 1 Register complete inst=ep3 fd=6 events=IN data=0x6", wait("1"),
			"+0 1 Ready complete inst=ep3 fd=6 events=IN", "+0 1 Read complete fd=6 asked=8 ret=8", "+1ms 2 Sync complete"),
			"fd 6 wake-fd · level · 1 read · last: read 8 of 8 bytes", "For IN; after the last event: drained.", "class/wake-up"},
		{"a timerfd", 6, with(epoll, "+0 1 Open complete fd=6 type=timerfd from=timerfd", "+1ms 1 Read complete fd=6 asked=8 ret=8", "+1ms 2 Sync complete"),
			"fd 6 timer · 1 read · last: read 8 of 8 bytes", "No instance.", "class/timer"},
		{"registered before the trace began", 8, with(epoll[:2], "+1ms 1 Wait complete inst=ep3 passed=-1 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN", "+1ms 2 Sync complete"),
			"fd 8 · data unread for 1.0 ms", "For nothing, or unknown; after the last event: not touched.", "trigger/none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fold(t, true, c.lines...)
			l := newest(t, s, c.fd)
			if got := Explain(l, 0, s.Now, true); got != c.line {
				t.Errorf("says  %s\nwant  %s", got, c.line)
			}
			p := ExplainLane(s, l, 0, s.Now)
			if got := p.Part("Registered"); got != c.reg {
				t.Errorf("registered: %s\nwant: %s", got, c.reg)
			}
			var want Page
			want.rule(c.key)
			if got := p.Part(headKernel); got != want.Part(headKernel) || got == "" {
				t.Errorf("the kernel's rule is not that of %s: %s", c.key, got)
			}
		})
	}
	s := fold(t, true, with(epoll, "+0 1 Register complete inst=ep3 fd=8 events=IN data=0x8", wait("1"), "+0 1 Ready complete inst=ep3 fd=8 events=IN unread=5",
		"+2ms 1 Read complete fd=8 asked=10 ret=5 left=0", wait("1"), "+0 1 Ready complete inst=ep3 fd=8 events=IN|RDHUP unread=0", "+0 1 Read complete fd=8 asked=10 ret=0", wait("0"))...)
	for _, c := range []struct {
		fd         int32
		part, want string
	}{
		{3, "Calls on it", "3 waits, 2 events, 1 ADD, 0 MOD, 0 DEL"},
		{8, "Its events, over its whole life", "2 events: 1 end of file, 1 fresh"},
		{8, "Calls on it", ""},
	} {
		if got := ExplainLane(s, newest(t, s, c.fd), 0, s.Now).Part(c.part); got != c.want {
			t.Errorf("fd %d, %s: %q, want %q", c.fd, c.part, got, c.want)
		}
	}
}

// TestExplainedFixed: pages that have no numbers of their own, where what is asked about is nothing or not known.
func TestExplainedFixed(t *testing.T) {
	if p := ExplainMark(timeline.MarkNone); p.Title != "Nothing" || p.Part(headMeans) != "Nothing happened on this lane here." || p.Part(headKernel) != "" {
		t.Errorf("%+v", p)
	}
	if p := ExplainErrno(4000); p.Title != "error 4000" || p.Part(headMeans) != kernelRules["errno/other"].what {
		t.Errorf("%+v", p)
	}
	here := func(m timeline.Mode) (out []string) {
		for _, x := range ExplainMode(m).Parts {
			if x.Head == "Here" {
				out = append(out, x.Text)
			}
		}
		return out
	}
	if got := here(timeline.Mode{Known: true, Driver: 2, Interval: 250_000_000}); len(got) != 1 || got[0] != "It sleeps 250 ms between two rounds." {
		t.Errorf("sleep-poll: %q", got)
	}
	if got := here(timeline.Mode{Known: true, Driver: 5, Trigger: 2}); len(got) != 1 || got[0] != "Triggering is edge. "+kernelRules["trigger/edge"].what {
		t.Errorf("epoll: %q", got)
	}
	if p := ExplainMode(timeline.Mode{Driver: 5}); p.Title != "Mechanism: unknown" {
		t.Errorf("a mode that is not known: %q", p.Title)
	}
}

// TestExplainedInstance: of an epoll instance nobody wants to know in which instance it is, nor how poll goes.
func TestExplainedInstance(t *testing.T) {
	s := fold(t, true, with(epoll, "+1s 2 Sync complete")...)
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindEpoll {
			p := ExplainLane(s, l, 0, s.Now)
			if p.Part("Registered") != "" || p.Part(headKernel) != "" || p.Part(headWhat) == "" {
				t.Errorf("%+v", p)
			}
			return
		}
	}
	t.Fatal("no lane of an epoll instance")
}
