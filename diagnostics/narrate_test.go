package diagnostics

import (
	"fmt"
	"strings"
	"testing"
)

func nagging() []string {
	l := with(epoll, "0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8", "0.010 1 Arrive complete fd=8 events=IN unread=65536")
	left := 65536
	for i := 0; i < 64; i++ {
		at := 0.011 + float64(i)*0.0001
		l = append(l, fmt.Sprintf("%.6f 1 Wait complete call=epoll_wait inst=ep3 count=1", at),
			fmt.Sprintf("%.6f 1 Ready complete inst=ep3 fd=8 events=IN data=0x8 unread=%d", at, left))
		left -= 1024
		l = append(l, fmt.Sprintf("%.6f 1 Read complete fd=8 asked=1024 ret=1024 left=%d", at+0.00001, left))
	}
	return l
}

func TestNarrate(t *testing.T) {
	for _, c := range []struct {
		name   string
		told   bool
		hint   Hint
		lines  []string
		t0, t1 int64
		want   []string
	}{
		{"sleep-poll", true, Hint{Trigger: "t"}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop",
			"0.002 1 Mode complete driver=sleep-poll interval=250ms",
			"0.003 1 Open complete fd=7 type=stream from=accept",
			"0.100 1 Arrive complete fd=7 events=IN unread=12",
			"0.280 1 Read complete fd=7 asked=4096 ret=12",
			"0.281 1 Round complete n=1 asked=12 useful=1",
		}, 0, 300 * ms, []string{"polled 12 times: 1 hit, 11 EAGAIN", "fd 7 was unread for 180 ms", "press t for epoll"}},
		{"no key that the view did not name", true, Hint{}, []string{
			"0.001 1 Round complete n=1 asked=1 useful=0",
		}, 0, 300 * ms, []string{"polled once: 0 hits, 1 EAGAIN"}},
		{"nagging, inferred", false, Hint{}, nagging(), 0, 300 * ms,
			[]string{"fd 8: 64 wakeups for one message, 63 of them repeats, inferred (1 KiB per read)"}},
		{"nobody reads", true, Hint{}, with(epoll,
			"0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8",
			"0.010 1 Wait complete inst=ep3 count=1", "0.010 1 Ready complete inst=ep3 fd=8 events=IN",
			"0.011 1 Wait complete inst=ep3 count=1", "0.011 1 Ready complete inst=ep3 fd=8 events=IN", "0.011 1 Renotify complete inst=ep3 fd=8 events=IN unread=1 why=untouched",
		), 0, 20 * ms, []string{"fd 8: 2 wakeups, never read, 1 of them a repeat"}},
		{"stranded", true, Hint{}, with(epoll,
			"0.003 1 Register complete inst=ep3 fd=8 events=IN|ET data=0x8",
			"0.100 1 Arrive complete fd=8 events=IN unread=65536",
			"0.101 1 Wait complete inst=ep3 count=1", "0.101 1 Ready complete inst=ep3 fd=8 events=IN",
			"0.102 1 Read complete fd=8 asked=1024 ret=1024 left=64512",
			"0.103 1 Wait enter inst=ep3 asked=-1 passed=-1",
			"4.300 1 Wait exit inst=ep3 count=0 dur=4.197s",
		), 0, 4300 * ms, []string{"fd 8: 63 KiB unread for 4.2 s and no further notification: edge-triggered and not drained"}},
		{"stranded queue", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop",
			"0.002 1 Open complete fd=5 type=listener",
			"0.003 1 Register complete inst=ep3 fd=5 events=IN|ONESHOT data=0x5",
			"0.100 1 Queue complete fd=5 waiting=1 backlog=128",
			"0.101 1 Wait complete inst=ep3 count=1", "0.101 1 Ready complete inst=ep3 fd=5 events=IN",
			"0.103 1 Wait enter inst=ep3 asked=-1 passed=-1",
			"1.100 1 Wait exit inst=ep3 count=0 dur=997ms",
		}, 0, 1100 * ms, []string{"fd 5: 1 connection not accepted for 1.0 s and no further notification: oneshot and not re-armed"}},
		{"out of descriptors", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop",
			"0.002 1 Open complete fd=5 type=listener",
			"0.003 1 Register complete inst=ep3 fd=5 events=IN data=0x5",
			"0.101 1 Wait complete inst=ep3 count=1", "0.101 1 Ready complete inst=ep3 fd=5 events=IN",
			"0.102 1 Accept complete fd=5 new=-1 err=EMFILE",
		}, 0, 105 * ms, []string{"accept failed once: no descriptor is left"}},
		{"a queue that waits", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop",
			"0.002 1 Open complete fd=5 type=listener",
			"0.100 1 Queue complete fd=5 waiting=3 backlog=128",
			"1.300 1 Sync complete",
		}, 0, 1300 * ms, []string{"3 connections have waited to be accepted on fd 5 for 1.2 s"}},
		{"re-armed", true, Hint{}, with(epoll,
			"0.003 1 Register complete inst=ep3 fd=8 events=IN|ET data=0x8",
			"0.010 1 Wait complete inst=ep3 count=1", "0.010 1 Ready complete inst=ep3 fd=8 events=IN",
			"0.011 1 Modify complete inst=ep3 fd=8 events=IN|ET data=0x8",
			"0.012 1 Wait complete inst=ep3 count=1", "0.012 1 Ready complete inst=ep3 fd=8 events=IN",
			"0.013 1 Read complete fd=8 asked=4096 ret=10",
		), 0, 20 * ms, []string{"1 event came from re-arming, not from new data", "2 wakeups, 1 useful", "1 read", "10 bytes in, 0 bytes out"}},
		{"an honest day's work", true, Hint{}, with(epoll,
			"0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8",
			"0.010 1 Wait complete inst=ep3 count=1", "0.010 1 Ready complete inst=ep3 fd=8 events=IN",
			"0.0101 1 Read complete fd=8 asked=4096 ret=10", "0.0102 1 Write complete fd=8 asked=10 ret=10",
			"0.0103 1 Wait enter inst=ep3 asked=-1 passed=-1",
		), 0, 20 * ms, []string{"1 wakeup, 1 useful", "1 read, 1 write", "10 bytes in, 10 bytes out"}},
		{"what is no connection", true, Hint{}, with(epoll,
			`0.002 1 Name complete id=1 len=10 text="/etc/hosts"`, `0.002 1 Name complete id=2 len=10 text="/dev/pts/0"`,
			"0.002 1 Open complete fd=9 type=other from=open peer=1", "0.002 1 State complete fd=1 what=descriptor type=other a=0x2",
			"0.002 1 Open complete fd=10 type=pipe from=pipe", "0.002 1 Open complete fd=11 type=eventfd from=eventfd",
			"0.003 1 Read complete fd=9 asked=4096 ret=200", "0.003 1 Read complete fd=9 asked=4096 ret=0",
			"0.004 1 Write complete fd=1 asked=6 ret=6",
			"0.005 1 Read complete fd=10 asked=1 ret=1", "0.005 1 Read complete fd=10 asked=1 ret=-1 err=EAGAIN", "0.005 1 Read complete fd=10 asked=1 ret=-1 err=EAGAIN",
			"0.006 1 Write complete fd=11 asked=8 ret=8", "0.007 1 Read complete fd=12 asked=10 ret=10",
			"0.0101 1 Read complete fd=8 asked=4096 ret=10", "0.0103 1 Wait enter inst=ep3 asked=-1 passed=-1",
		), 0, 20 * ms, []string{"1 read", "10 bytes in, 0 bytes out",
			"and 2 reads of files (200 bytes), 1 write to a terminal (6 bytes), 3 reads of pipes (1 byte, 2 EAGAIN), 1 write to a wake-fd"}},
		{"nothing but a pipe whose reader is gone", true, Hint{}, with(epoll, "0.002 1 Open complete fd=10 type=pipe from=pipe",
			"0.003 1 Write complete fd=10 asked=1 ret=-1 err=EPIPE"), 0, 20 * ms, []string{"1 write to a pipe"}},
		{"kinds that nobody told", true, Hint{}, with(epoll, "0.003 1 Read complete fd=12 asked=10 ret=10", "0.003 1 Write complete fd=12 asked=10 ret=10"), 0, 20 * ms,
			[]string{"1 read of a descriptor of unknown kind (10 bytes), 1 write to a descriptor of unknown kind (10 bytes)"}},
		{"what a call shows to be sockets", true, Hint{}, with(epoll, "0.003 1 Read complete fd=12 call=recvfrom asked=10 ret=10",
			"0.003 1 Write complete fd=13 call=sendto asked=10 ret=10", "0.003 1 Write complete fd=14 call=sendto asked=10 ret=-1 err=ENOTSOCK"), 0, 20 * ms,
			[]string{"1 read, 1 write", "10 bytes in, 10 bytes out"}},
		{"stuck in a terminal", true, Hint{}, with(epoll, `0.002 1 Name complete id=2 len=10 text="/dev/pts/0"`, "0.002 1 State complete fd=0 what=descriptor type=other a=0x2",
			"0.003 1 Read enter fd=0 asked=10", "0.5 2 Sync complete"), 0, 500 * ms, []string{"blocked in read(0), a terminal, for 497 ms: nothing else runs until the call returns"}},
		{"stuck in a connection", true, Hint{}, with(epoll, "0.003 1 Read enter fd=8 asked=10", "0.5 2 Sync complete"), 0, 500 * ms,
			[]string{"blocked in read(8) for 497 ms: nothing else runs until the peer sends"}},
		{"idle", true, Hint{}, with(epoll, "0.010 1 Wait enter inst=ep3 asked=-1 passed=-1", "2.0 1 Wait exit inst=ep3 count=0 dur=1.99s"),
			100 * ms, 200 * ms, []string{"idle: the loop waits and there is nothing to do"}},
		{"idle beside a thread of a pool", true, Hint{}, with(epoll, "0.004 2 Thread complete pid=100 tid=102 role=loop", "0.010 1 Wait enter inst=ep3 asked=-1 passed=-1",
			"2.0 1 Wait exit inst=ep3 count=0 dur=1.99s"), 100 * ms, 200 * ms, []string{"idle: the loop waits and there is nothing to do"}},
		{"idle together", true, Hint{}, with(epoll, "0.004 2 Thread complete pid=100 tid=102 role=loop", "0.010 1 Wait enter inst=ep3 asked=-1 passed=-1",
			"0.010 2 Wait enter inst=ep3 asked=-1 passed=-1", "2.0 1 Wait exit inst=ep3 count=0 dur=1.99s"), 100 * ms, 200 * ms, []string{"idle: the 2 loops wait and there is nothing to do"}},
		{"timers alone", true, Hint{}, with(epoll, "0.110 1 Wait complete inst=ep3 asked=10ms passed=10ms count=0 dur=10ms", "0.110 1 TimerFire complete timer=1 late=1us",
			"0.120 1 Wait complete inst=ep3 asked=10ms passed=10ms count=0 dur=9ms", "0.120 1 TimerFire complete timer=1 late=1us", "0.121 1 Wait enter inst=ep3 asked=10ms passed=10ms", "0.3 2 Sync complete"),
			100 * ms, 200 * ms, []string{"no descriptor was ready; 2 timers fired"}},
		{"asleep", true, Hint{}, with(epoll, "0.010 1 Sleep enter asked=2s", "2.010 1 Sleep exit asked=2s dur=2s"),
			100 * ms, 200 * ms, []string{"asleep: data that arrives now is unread until the sleep is over"}},
		{"lost", true, Hint{}, with(epoll, "0.010 1 Lost complete n=5 where=ring"), 0, 20 * ms,
			[]string{"events are missing in one place here", "what the loop does here is unknown"}},
		{"lost twice", true, Hint{}, with(epoll, "0.010 1 Lost complete n=5 where=ring", "0.015 1 Lost complete n=1 where=ring"), 0, 20 * ms,
			[]string{"events are missing in 2 places here", "what the loop does here is unknown"}},
		{"words of the server, and what was done", true, Hint{}, with(epoll, `0.002 1 Name complete id=1 len=8 text="draining"`, "0.003 1 Bookmark complete text=1",
			"0.010 1 Wait complete inst=ep3 count=1", "0.010 1 Ready complete inst=ep3 fd=8 events=IN", "0.0101 1 Read complete fd=8 asked=4096 ret=10", "0.0102 1 Wait enter inst=ep3 passed=-1"), 0, 20 * ms,
			[]string{"the server says: draining", "1 wakeup, 1 useful", "1 read", "10 bytes in, 0 bytes out"}},
		{"words of the server from long ago", true, Hint{}, with(epoll, `0.002 1 Name complete id=1 len=8 text="draining"`, "0.003 1 Bookmark complete text=1",
			"0.010 1 Wait enter inst=ep3 passed=-1", "4.0 2 Sync complete"), 3500 * ms, 4000 * ms, []string{"idle: the loop waits and there is nothing to do"}},
		{"words of the server, a person's mark after them, and later words", true, Hint{}, with(epoll, `0.002 1 Name complete id=1 len=8 text="draining"`,
			"0.003 1 Bookmark complete text=1", "0.010 1 Wait enter inst=ep3 passed=-1", "0.011 1 Bookmark complete n=1", "0.030 1 Bookmark complete text=1"), 0, 20 * ms,
			[]string{"idle: the loop waits and there is nothing to do"}},
		{"poll is handed in what it watches", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Mode complete driver=poll", "0.003 1 Open complete fd=8 type=stream from=accept",
			"0.010 1 Wait complete call=poll inst=set100 watched=64 count=1", "0.010 1 Ready complete inst=set100 fd=8 events=IN", "0.011 1 Read complete fd=8 asked=4096 ret=10", "0.012 1 Wait enter call=poll inst=set100 passed=-1",
		}, 0, 20 * ms, []string{"every call passes 64 descriptors; 1 per call were ready", "1 wakeup, 1 useful", "1 read", "10 bytes in, 0 bytes out"}},
		{"poll with few", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Mode complete driver=poll", "0.003 1 Open complete fd=8 type=stream from=accept",
			"0.010 1 Wait complete call=poll inst=set100 watched=63 count=1", "0.010 1 Ready complete inst=set100 fd=8 events=IN", "0.011 1 Read complete fd=8 asked=4096 ret=10", "0.012 1 Wait enter call=poll inst=set100 passed=-1",
		}, 0, 20 * ms, []string{"1 wakeup, 1 useful", "1 read", "10 bytes in, 0 bytes out"}},
		{"stuck in accept", true, Hint{}, with(epoll, "0.003 1 Accept enter fd=5", "0.5 2 Sync complete"), 0, 500 * ms,
			[]string{"blocked in accept(5) for 497 ms: nothing else runs until a client connects"}},
		{"stuck in a write", true, Hint{}, with(epoll, "0.003 1 Write enter fd=8 asked=10", "0.5 2 Sync complete"), 0, 500 * ms,
			[]string{"blocked in write(8) for 497 ms: nothing else runs until the peer reads"}},
		{"stuck in a write to an epoll instance, of which nobody reads", true, Hint{}, with(epoll, "0.003 1 Write enter fd=3 asked=10", "0.5 2 Sync complete"), 0, 500 * ms,
			[]string{"blocked in write(3) for 497 ms: nothing else runs until the call returns"}},
		{"stuck in connect", true, Hint{}, with(epoll, "0.003 1 Connect enter fd=9", "0.5 2 Sync complete"), 0, 500 * ms, []string{"blocked in connect(9) for 497 ms: nothing else runs until the connection is established or refused"}},
		{"stuck in a lock", true, Hint{}, with(epoll, "0.003 1 Lock enter id=0x1", "0.5 2 Sync complete"), 0, 500 * ms,
			[]string{"waiting for a lock that another thread holds, for 497 ms"}},
		{"not stuck at an earlier moment", true, Hint{}, with(epoll, "0.003 1 Lock enter id=0x1", "0.5 2 Sync complete"), 0, 400 * ms,
			[]string{"what the loop does here is unknown"}},
		{"two stranded, the longer one first", true, Hint{}, with(epoll,
			"0.002 1 Open complete fd=9 type=stream from=accept", "0.003 1 Register complete inst=ep3 fd=8 events=IN|ET data=0x8", "0.003 1 Register complete inst=ep3 fd=9 events=IN|ET data=0x9",
			"0.100 1 Wait complete inst=ep3 count=1", "0.100 1 Ready complete inst=ep3 fd=9 events=IN unread=1000", "0.101 1 Read complete fd=9 asked=999 ret=999 left=1",
			"0.200 1 Wait complete inst=ep3 count=1", "0.200 1 Ready complete inst=ep3 fd=8 events=IN", "0.201 1 Read complete fd=8 asked=1024 ret=1024",
			"0.202 1 Wait enter inst=ep3 passed=-1", "1.100 2 Sync complete",
		), 0, 1100 * ms, []string{"fd 9: 1 byte unread for 1.0 s and no further notification: edge-triggered and not drained (and 1 more)"}},
		{"a stranded queue of three", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Open complete fd=5 type=listener", "0.003 1 Register complete inst=ep3 fd=5 events=IN|ET data=0x5",
			"0.100 1 Queue complete fd=5 waiting=4 backlog=128", "0.101 1 Wait complete inst=ep3 count=1", "0.101 1 Ready complete inst=ep3 fd=5 events=IN",
			"0.102 1 Accept complete fd=5 new=9", "0.103 1 Wait enter inst=ep3 passed=-1", "1.100 2 Sync complete",
		}, 0, 1100 * ms, []string{"fd 5: 3 connections not accepted for 1.0 s and no further notification: edge-triggered and not drained"}},
		{"out of memory", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Open complete fd=5 type=listener", "0.102 1 Accept complete fd=5 new=-1 err=ENOMEM", "0.103 1 Accept complete fd=5 new=-1 err=ENOBUFS",
		}, 0, 105 * ms, []string{"accept failed twice: no memory is left"}},
		{"accept fails for another reason", true, Hint{}, []string{
			"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Open complete fd=5 type=listener", "0.102 1 Accept complete fd=5 new=-1 err=EINVAL",
		}, 0, 105 * ms, []string{"accept failed once"}},
		{"told again once, among much that was new", true, Hint{}, with(epoll, "0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8",
			"repeat 3", "+1ms 1 Wait complete inst=ep3 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN unread=10", "+0 1 Read complete fd=8 asked=4096 ret=10 left=0", "end",
			"+1ms 1 Wait complete inst=ep3 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN unread=20", "+0 1 Read complete fd=8 asked=10 ret=10 left=10",
			"+1ms 1 Wait complete inst=ep3 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN unread=10", "+0 1 Renotify complete inst=ep3 fd=8 events=IN unread=10 why=left-over",
			"+0 1 Read complete fd=8 asked=10 ret=10 left=0",
		), 0, 20 * ms, []string{"fd 8: 5 wakeups, 1 of them a repeat (10 bytes per read)"}},
		{"half of what it was told was known", true, Hint{}, with(epoll, "0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8",
			"repeat 2", "+1ms 1 Wait complete inst=ep3 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN unread=20", "+0 1 Read complete fd=8 asked=10 ret=10 left=10",
			"+1ms 1 Wait complete inst=ep3 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN unread=10", "+0 1 Renotify complete inst=ep3 fd=8 events=IN unread=10 why=left-over",
			"+0 1 Read complete fd=8 asked=10 ret=10 left=0", "end",
		), 0, 20 * ms, []string{"fd 8: 4 wakeups, 2 of them repeats (10 bytes per read)"}},
		{"re-armed twice", true, Hint{}, with(epoll, "0.003 1 Register complete inst=ep3 fd=8 events=IN|ET data=0x8",
			"0.010 1 Wait complete inst=ep3 count=1", "0.010 1 Ready complete inst=ep3 fd=8 events=IN",
			"repeat 2", "+1ms 1 Modify complete inst=ep3 fd=8 events=IN|ET data=0x8", "+1ms 1 Wait complete inst=ep3 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN", "end",
			"+0 1 Read complete fd=8 asked=4096 ret=10",
		), 0, 20 * ms, []string{"2 events came from re-arming, not from new data", "3 wakeups, 1 useful", "1 read", "10 bytes in, 0 bytes out"}},
		{"rounds with nobody to ask", true, Hint{Trigger: "t"}, []string{"0.001 1 Round complete n=1 asked=0 useful=0", "0.002 1 Round complete n=2 asked=0 useful=0"}, 0, 20 * ms,
			[]string{"2 rounds with nothing to poll"}},
		{"polling that fails", true, Hint{}, []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Open complete fd=5 type=listener",
			"0.003 1 Accept complete fd=5 new=-1 err=EMFILE", "0.003 1 Round complete n=1 asked=1 useful=0"}, 0, 20 * ms,
			[]string{"accept failed once: no descriptor is left", "polled once: 0 hits, 1 without a result"}},
		{"a poller that has not looked yet", true, Hint{}, []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.003 1 Open complete fd=7 type=stream from=accept",
			"0.010 1 Round complete n=1 asked=1 useful=0", "0.100 1 Arrive complete fd=7 events=IN unread=12", "0.300 2 Sync complete"}, 0, 300 * ms,
			[]string{"polled once: 0 hits, 1 EAGAIN", "fd 7 unread for 200 ms"}},
		{"one connection waits to be accepted", true, Hint{}, []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Open complete fd=5 type=listener",
			"0.100 1 Queue complete fd=5 waiting=1 backlog=128", "1.300 1 Sync complete"}, 0, 1300 * ms, []string{"1 connection has waited to be accepted on fd 5 for 1.2 s"}},
		{"somebody waits to be accepted", true, Hint{}, []string{"0.001 1 Thread complete pid=100 tid=100 role=loop", "0.002 1 Open complete fd=5 type=listener",
			"0.100 1 Arrive complete fd=5 events=IN", "1.300 1 Sync complete"}, 0, 1300 * ms, []string{"a connection has waited to be accepted on fd 5 for 1.2 s"}},
		{"data waited long, and what else was done", true, Hint{}, with(epoll, "0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8", "0.010 1 Arrive complete fd=8 events=IN unread=5",
			"0.060 1 Wait complete inst=ep3 count=1", "0.060 1 Ready complete inst=ep3 fd=8 events=IN unread=5", "0.060 1 Read complete fd=8 asked=4096 ret=5 left=0", "0.065 1 Wait enter inst=ep3 passed=-1", "0.070 2 Sync complete"), 0, 70 * ms,
			[]string{"fd 8 was unread for 50 ms", "1 wakeup, 1 useful", "1 read", "5 bytes in, 0 bytes out"}},
		{"reads and writes in vain", true, Hint{}, with(epoll, "0.003 1 Read complete fd=8 asked=10 ret=10", "0.003 1 Read complete fd=8 asked=10 ret=-1 err=EAGAIN",
			"0.004 1 Read complete fd=8 asked=10 ret=-1 err=EAGAIN", "0.005 1 Write complete fd=8 asked=10 ret=-1 err=EAGAIN"), 0, 20 * ms,
			[]string{"2 of 3 reads found nothing (EAGAIN)", "1 write found no room (EAGAIN)", "1 read", "10 bytes in, 0 bytes out"}},
		{"reset", true, Hint{}, with(epoll, "0.003 1 Read complete fd=8 asked=10 ret=-1 err=ECONNRESET"), 0, 20 * ms, []string{"1 connection was reset"}},
		{"at work, unseen", true, Hint{}, with(epoll, "0.003 1 TimerFire complete timer=1", "0.3 1 TimerFire complete timer=1"), 100 * ms, 200 * ms,
			[]string{"the loop works without a call that is seen here"}},
		{"before the beginning", true, Hint{}, epoll, 10_000 * ms, 20_000 * ms, []string{"nothing is known of this window"}},
		{"nothing at all", true, Hint{}, nil, 0, 20 * ms, []string{"nothing is known of this window"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Narrate(fold(t, c.told, c.lines...), c.t0, c.t1, c.hint)
			if strings.Join(got, "; ") != strings.Join(c.want, "; ") {
				t.Errorf("said: %q\nwant: %q", got, c.want)
			}
		})
	}
}

func TestSentence(t *testing.T) {
	c := []string{"fd 8 waited 3 µs", "two", "three"}
	for _, x := range []struct {
		limit int
		want  string
	}{{0, "fd 8 waited 3 µs; two; three"}, {21, "fd 8 waited 3 µs; two"}, {20, "fd 8 waited 3 µs"}, {3, "fd 8 waited 3 µs"}} {
		if got := Sentence(c, x.limit); got != x.want {
			t.Errorf("limit %d: %q, want %q", x.limit, got, x.want)
		}
	}
	if got := Sentence(nil, 10); got != "" {
		t.Errorf("no clauses: %q", got)
	}
}

// TestNarrateCompletions: completions in calls, and why data is stranded there.
func TestNarrateCompletions(t *testing.T) {
	head := []string{
		"0.001 1 Thread complete pid=100 tid=100 role=loop",
		"0.001 1 Mode complete driver=io-uring",
		"0.001 1 Open complete fd=3 gen=1 type=io_uring from=io_uring_setup",
		"0.002 1 Open complete fd=8 gen=1 type=stream from=accept",
		"0.003 1 Submit complete inst=ring3 fd=8 gen=1 op=recv len=1000",
		"0.003 1 Wait enter call=io_uring_enter inst=ring3 asked=-1 passed=-1 max=64",
		"0.004 1 Arrive complete fd=8 gen=1 events=IN unread=9000",
		"0.005 1 Wait exit call=io_uring_enter inst=ring3 asked=-1 passed=-1 max=64 count=1",
		"0.005 1 Complete complete inst=ring3 fd=8 gen=1 op=recv ret=1000",
		"0.006 1 Submit complete inst=ring3 fd=8 gen=1 op=send len=1000",
		"0.006 1 Wait complete call=io_uring_enter inst=ring3 max=64 count=1",
		"0.006 1 Complete complete inst=ring3 fd=8 gen=1 op=send ret=1000",
	}
	got := Sentence(Narrate(fold(t, true, head...), 0, 10*ms, Hint{}), 0)
	if want := "2 completions in 2 calls; 1 recv, 1 send, 1,000 bytes in, 1,000 bytes out"; !strings.Contains(got, want) {
		t.Errorf("%q, want %q in it", got, want)
	}
	got = Sentence(Narrate(fold(t, true, with(head, "0.007 1 Wait enter call=io_uring_enter inst=ring3 asked=-1 passed=-1 max=64",
		"0.009 2 Thread complete pid=100 tid=101 role=observer")...), 0, 10*ms, Hint{}), 0)
	if !strings.Contains(got, "no further completion: no recv was submitted") {
		t.Errorf("%q", got)
	}
}
