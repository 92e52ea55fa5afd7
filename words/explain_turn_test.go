package words

import (
	"strings"
	"testing"

	"evviz/timeline"
)

// level is a connection on an epoll instance, level-triggered.
func level(more ...string) []string {
	return with(epoll, append([]string{"0.003 1 Register complete inst=ep3 fd=8 events=IN|OUT|RDHUP data=0x8"}, more...)...)
}

// TestWokeBy: what a report tells is why the thread woke, whatever its class; of the newest turn.
func TestWokeBy(t *testing.T) {
	wait := func(n string) string {
		return "+1ms 1 Wait complete call=epoll_wait inst=ep3 asked=-1 passed=-1 count=" + n
	}
	const ready = "+0 1 Ready complete inst=ep3 fd=8 events=IN data=0x8"
	const forever = "; no timeout (-1)"
	ring := []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.001 1 Mode complete driver=io-uring",
		"0.001 1 Open complete fd=3 type=io_uring from=io_uring_setup", "0.002 1 Open complete fd=8 type=stream from=accept", "0.002 1 Open complete fd=6 type=eventfd from=eventfd",
		"0.002 1 Open complete fd=5 type=listener from=socket", "+1ms 1 Wait complete call=io_uring_enter inst=ring3 asked=-1 passed=-1 max=64 count=1"}
	call := []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.001 1 Mode complete driver=blocking", "0.002 1 Open complete fd=5 type=listener from=socket",
		"0.002 1 Open complete fd=8 type=stream from=accept"}
	for _, c := range []struct {
		want  string
		lines []string
	}{
		{"woke because fd 8 was reported again, untouched since its last event" + forever, level(wait("1"), ready, wait("1"), ready, "+0 1 Renotify complete inst=ep3 fd=8 events=IN why=untouched")},
		{"woke because fd 8 still had 7 bytes unread" + forever, level(wait("1"), "+0 1 Ready complete inst=ep3 fd=8 events=IN data=0x8 unread=10", "+0 1 Read complete fd=8 asked=3 ret=3 left=7",
			wait("1"), "+0 1 Ready complete inst=ep3 fd=8 events=IN data=0x8 unread=7", "+0 1 Renotify complete inst=ep3 fd=8 events=IN unread=7 why=left-over")},
		{"woke because fd 8 still had unread data" + forever, level(wait("1"), ready, "+0 1 Read complete fd=8 asked=3 ret=3",
			wait("1"), ready, "+0 1 Renotify complete inst=ep3 fd=8 events=IN why=left-over")},
		{"woke because a registration of fd 8 outlived its descriptor" + forever, level("+0 1 Dup complete fd=8 new=9", "+0 1 Close complete fd=8", wait("1"), ready)},
		{"woke because a connection on fd 5 cannot be accepted" + forever, with(epoll, "+0 1 Open complete fd=5 type=listener from=socket", "+0 1 Register complete inst=ep3 fd=5 events=IN data=0x5",
			wait("1"), "+0 1 Ready complete inst=ep3 fd=5 events=IN data=0x5", "+0 1 Accept complete fd=5 new=-1 err=EMFILE")},
		{"woke because a client connected to fd 5" + forever, with(epoll, "+0 1 Open complete fd=5 type=listener from=socket", "+0 1 Register complete inst=ep3 fd=5 events=IN data=0x5",
			wait("1"), "+0 1 Ready complete inst=ep3 fd=5 events=IN data=0x5", "+0 1 Accept complete fd=5 new=9")},
		{"woke because fd 8 was armed again with unread data" + forever, level("+0 1 Modify complete inst=ep3 fd=8 events=IN|ET data=0x8", wait("1"), ready, "+0 1 Modify complete inst=ep3 fd=8 events=IN|ET data=0x8", wait("1"), ready)},
		{"woke because fd 8 was reported, and had nothing by the time it was read" + forever, level(wait("1"), ready, "+0 1 Read complete fd=8 asked=3 ret=-1 err=EAGAIN")},
		{"woke because the peer of fd 8 sent EOF" + forever, level(wait("1"), ready, "+0 1 Read complete fd=8 asked=3 ret=0")},
		{"woke because the peer of fd 8 hung up" + forever, level(wait("1"), "+0 1 Ready complete inst=ep3 fd=8 events=IN|RDHUP data=0x8")},
		{"woke because fd 8 has an error" + forever, level(wait("1"), "+0 1 Ready complete inst=ep3 fd=8 events=ERR data=0x8")},
		{"woke because fd 8 had room to write" + forever, level(wait("1"), "+0 1 Ready complete inst=ep3 fd=8 events=OUT data=0x8")},
		{"woke because another thread woke it (fd 6)" + forever, with(epoll, "+0 1 Open complete fd=6 type=eventfd from=eventfd", wait("1"), "+0 1 Ready complete inst=ep3 fd=6 events=IN")},
		{"woke because the timer fd 6 expired" + forever, with(epoll, "+0 1 Open complete fd=6 type=timerfd from=timerfd", wait("1"), "+0 1 Ready complete inst=ep3 fd=6 events=IN")},
		{"woke because something registered with data 0xbeef had data" + forever, with(epoll, wait("1"), "+0 1 Ready complete inst=ep3 fd=-1 events=IN data=0xbeef")},
		{"woke because fd 9 had data (and 1 more)" + forever, level("+0 1 Open complete fd=9 type=stream from=accept", wait("1"), ready, wait("2"), ready, "+0 1 Renotify complete inst=ep3 fd=8 events=IN why=untouched", "+0 1 Ready complete inst=ep3 fd=9 events=IN")},
		{"woke because 2 events came, which are no longer kept" + forever, level(wait("2"))},
		{"woke because the wait returned; its events are not in the recording" + forever, level(wait("0"))},

		{"woke because 5 bytes of fd 8 were received" + forever, with(ring, "+0 1 Complete complete inst=ring3 fd=8 op=recv ret=5")},
		{"woke because fd 8 reached EOF" + forever, with(ring, "+0 1 Complete complete inst=ring3 fd=8 op=recv ret=0")},
		{"woke because the recv of fd 8 ended with ECANCELED" + forever, with(ring, "+0 1 Complete complete inst=ring3 fd=8 op=recv ret=-1 err=ECANCELED")},
		{"woke because a client connected to fd 5" + forever, with(ring, "+0 1 Complete complete inst=ring3 fd=5 op=accept ret=9")},
		{"woke because another thread woke it (fd 6)" + forever, with(ring, "+0 1 Complete complete inst=ring3 fd=6 op=read ret=8")},
		{"woke because the send of fd 8 completed" + forever, with(ring, "+0 1 Complete complete inst=ring3 fd=8 op=send ret=5")},

		{"went on because a client connected to fd 5 (it is fd 9)", with(call, "+1ms 1 Accept complete fd=5 call=accept new=9")},
		{"went on because accept4 on fd 5 ended with EMFILE", with(call, "+1ms 1 Accept complete fd=5 call=accept4 new=-1 err=EMFILE")},
		{"went on because connect of fd 8 returned", with(call, "+1ms 1 Connect complete fd=8 dur=1ms")},
		{"went on because fd 8 reached EOF", with(call, "+1ms 1 Read complete fd=8 call=read asked=10 ret=0")},
		{"went on because fd 8 had 5 bytes", with(call, "+1ms 1 Read complete fd=8 call=read asked=10 ret=5")},
		{"went on because the call on fd 8 ended with EIO", with(call, "+1ms 1 Read complete fd=8 asked=10 ret=-1 err=EIO")},
		{"is blocked in read(8) for 5.0 ms: no other descriptor is served meanwhile", with(call, "+0 1 Read enter fd=8 call=read asked=10", "+5ms 2 Sync complete")},

		{"has slept for 5.0 ms of 10 ms; only a signal ends that earlier", with(epoll, "+0 1 Sleep enter asked=10ms", "+5ms 2 Sync complete")},
		{"woke because a signal came (EINTR)", with(epoll, "+0 1 Sleep enter asked=10ms", "+5ms 1 Sleep exit asked=10ms dur=5ms err=EINTR")},
		{"has waited for 5.0 ms; the timeout is timer 3, due in 7.0 ms", with(epoll, "+0 1 Wait enter inst=ep3 asked=12ms passed=12ms timer=3", "+5ms 2 Sync complete")},
		{"has waited for 5.0 ms; timeout 12 ms", with(epoll, "+0 1 Wait enter inst=ep3 asked=12ms passed=12ms", "+5ms 2 Sync complete")},
		{"woke because fd 8 had data; timeout 0", level("+1ms 1 Wait complete inst=ep3 count=1", ready)},
		{"woke because fd 8 had data; the timeout was timer 3", level("+1ms 1 Wait complete inst=ep3 asked=-1 passed=12ms timer=3 count=1", ready)},
	} {
		s := fold(t, true, c.lines...)
		u, ok := s.TurnAt(1, s.Now)
		if got := WhyWoke(s, &u); !ok || got != c.want {
			t.Errorf("%q\nwant %q", got, c.want)
		}
	}
	s := fold(t, true, epoll...)
	for want, u := range map[string]timeline.Turn{"before its first wait": {}, "why it woke is no longer kept": {Cut: true}} {
		if got := WhyWoke(s, &u); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestExplainedTurn: what the page of a turn says that it did, a line for each thing, and which rule of the kernel it ends with.
func TestExplainedTurn(t *testing.T) {
	const wait, rest = "+1ms 1 Wait complete call=epoll_wait inst=ep3 asked=-1 passed=-1 count=1", "+0 1 Wait enter call=epoll_wait inst=ep3 asked=-1 passed=-1"
	const ready = "+0 1 Ready complete inst=ep3 fd=8 events=IN data=0x8"
	for _, c := range []struct {
		name  string
		lines []string // the turn before the last is looked at
		did   []string
		key   string
	}{
		{"everything", level(wait, ready, "+0 1 Call enter fd=8 what=connection", "+1ms 1 Read complete fd=8 asked=10 ret=5", "+0 1 Read complete fd=8 asked=10 ret=-1 err=EAGAIN",
			"+0 1 Read complete fd=8 asked=10 ret=-1 err=EAGAIN", "+0 1 Write complete fd=8 asked=5 ret=5", "+0 1 Modify complete inst=ep3 fd=8 events=IN data=0x8", "+0 1 Call exit fd=8 what=connection dur=1ms",
			`+0 1 Name complete id=1 len=5 text="fsync"`, "+3ms 1 Sys complete fd=-1 name=1 dur=3ms", "+0 1 Sys complete fd=-1 ret=1", "+0 1 Lock complete id=0x1 dur=1ms", "+0 1 Lock complete id=0x1",
			"+0 1 Signal complete signo=15", "+0 1 TimerSet complete timer=3 due=2.0", "+0 1 TimerStop complete timer=3", "+0 1 TimerFire complete timer=4 late=2ms times=3", rest),
			[]string{"fd 8 IN (fresh): read 5 bytes, 2 x read EAGAIN, write 5 bytes, epoll_ctl MOD, handler 1.0 ms", "fsync for 3.0 ms", "another call", "waited 1.0 ms for a lock", "a lock", "signal 15",
				"timer 3 set, timer 3 stopped", "timer 4 fired, 2.0 ms late, for 3 expirations"}, "event/wait"},
		{"a repeat comes with its rule", level(wait, ready, wait, ready, "+0 1 Renotify complete inst=ep3 fd=8 events=IN why=untouched", rest),
			[]string{"fd 8 IN (untouched): not handled in this iteration"}, "class/untouched"},
		{"a descriptor's life", level(wait, ready, "+0 1 Read complete fd=8 asked=10 ret=0", "+0 1 Shutdown complete fd=8 how=2", "+0 1 Deregister complete inst=ep3 fd=8", "+0 1 Close complete fd=8",
			"+0 1 Open complete fd=9 type=stream from=socket", "+0 1 Connect complete fd=9 err=EINPROGRESS", "+0 1 Register complete inst=ep3 fd=9 events=OUT data=0x9", "+0 1 Dup complete fd=9 new=10", rest),
			[]string{"fd 8 IN (end of file): read EOF, shutdown, epoll_ctl DEL, close", "fd 9: opened stream", "fd 9: connect EINPROGRESS, epoll_ctl ADD, dup"}, "event/wait"},
		{"nine kinds of calls", level(wait, ready, "repeat 5", "+0 1 Read complete fd=8 asked=10 ret={1+i}", "+0 1 Write complete fd=8 asked=10 ret={1+i}", "end", rest),
			[]string{"fd 8 IN (fresh): read 1 byte, write 1 byte, read 2 bytes, write 2 bytes, read 3 bytes, write 3 bytes, read 4 bytes, write 4 bytes, and 2 more"}, "event/wait"},
		{"a task", level(wait, ready, "+0 1 Read complete fd=8 asked=10 ret=5", `+0 1 Name complete id=1 len=7 text="resolve"`, "+2ms 1 Task complete id=1 what=1 queued=3ms dur=2ms", rest),
			[]string{"fd 8 IN (fresh): read 5 bytes", "task resolve, queued for 3.0 ms, handler 2.0 ms"}, "event/wait"},
		{"nothing", level("+1ms 1 Wait complete inst=ep3 passed=0 count=0", rest), []string{"nothing that was recorded"}, "event/wait"},
		{"a round", with(epoll, "+1ms 1 Sleep complete asked=1ms dur=1ms", "+0 1 Read complete fd=8 asked=10 ret=-1 err=EAGAIN", "+0 1 Round complete n=1 asked=1 useful=0", "+0 1 Sleep enter asked=1ms"),
			[]string{"fd 8: read EAGAIN", "1 call in this round: 0 hits"}, "event/sleep"},
		{"a round with nothing to poll", with(epoll, "+1ms 1 Sleep complete asked=1ms dur=1ms", "+0 1 Round complete n=1 asked=0 useful=0", "+0 1 Sleep enter asked=1ms"), []string{"nothing to poll"}, "event/sleep"},
		{"completions", []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.001 1 Mode complete driver=io-uring", "0.001 1 Open complete fd=3 type=io_uring from=io_uring_setup",
			"0.002 1 Open complete fd=8 type=stream from=accept", "+1ms 1 Wait complete call=io_uring_enter inst=ring3 asked=-1 passed=-1 max=64 count=2",
			"+0 1 Complete complete inst=ring3 fd=8 op=recv ret=5", "+0 1 Submit complete inst=ring3 fd=8 op=send len=5", "+0 1 Complete complete inst=ring3 fd=8 op=send ret=-1 err=EPIPE",
			"+0 1 Wait enter call=io_uring_enter inst=ring3 asked=-1 passed=-1 max=64"},
			[]string{"recv of fd 8 completed: 5 bytes", "submit send", "send of fd 8 completed: EPIPE"}, "event/complete"},
		{"a blocking call", []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.001 1 Mode complete driver=blocking", "0.002 1 Open complete fd=8 type=stream from=accept",
			"+1ms 1 Read complete fd=8 call=read asked=10 ret=5", "+0 1 Write complete fd=8 asked=5 ret=5", "+0 1 Read enter fd=8 call=read asked=10"},
			[]string{"fd 8: write 5 bytes"}, "mode/blocking"},
	} {
		s := fold(t, true, c.lines...)
		last, _ := s.TurnAt(1, s.Now)
		u, ok := s.PrevTurn(&last)
		if !ok {
			t.Errorf("%s: there is no turn", c.name)
			continue
		}
		p := ExplainTurn(s, &u)
		if got := p.Part("What it did"); got != strings.Join(c.did, "\n") {
			t.Errorf("%s: did\n%s\nwant\n%s", c.name, got, strings.Join(c.did, "\n"))
		}
		var want Page
		want.rule(c.key)
		if p.Part(headKernel) != want.Part(headKernel) {
			t.Errorf("%s: the kernel's rule is not that of %s: %s", c.name, c.key, p.Part(headKernel))
		}
	}

	many := []string{wait}
	for range maxTurnLines + 3 {
		many = append(many, "+0 1 Signal complete signo=15", "+0 1 Lock complete id=0x1")
	}
	s := fold(t, true, level(many...)...)
	u, _ := s.TurnAt(1, s.Now)
	if got := ExplainTurn(s, &u).Part("What it did"); strings.Count(got, "\n") != maxTurnLines || !strings.HasSuffix(got, "\nand 30 more") {
		t.Errorf("a long turn: %s", got)
	}
	s = fold(t, true, level(wait, ready, "+1ms 1 Lost complete n=7 where=ring", "+1ms 1 Read complete fd=8 asked=10 ret=5")...)
	u, _ = s.TurnAt(1, s.Now)
	if got := ExplainTurn(s, &u).Part("Missing"); got != "Events are missing in this iteration: it may have done more." {
		t.Errorf("a turn with a gap: %q", got)
	}
}
