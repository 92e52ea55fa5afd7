package words

import (
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestStepInWords: a client's step is a sentence, not a list of fields.
func TestStepInWords(t *testing.T) {
	s := timeline.New(timeline.Options{}).Snapshot(0)
	for _, c := range []struct {
		e    trace.Event
		want string
	}{
		{trace.Event{Kind: trace.Step, Aux: 2<<8 | 3, A: 48, B: 48, Dur: 3_100_000}, "Client 2, step receive: 48 bytes of 48 bytes; it took 3.1 ms."},
		{trace.Event{Kind: trace.Step, Aux: 7<<8 | 1}, "Client 7, step connect."},
		{trace.Event{Kind: trace.Step, Aux: 7<<8 | 2, A: 10, B: -1, Errno: 32}, "Client 7, step send failed with EPIPE."},
		{trace.Event{Kind: trace.Step, Aux: 7<<8 | 2, A: 10, Phase: trace.PhaseEnter}, "Client 7 begins a step: send, 10 bytes."},
	} {
		if got := (&eventWords{s: s, e: &c.e}).say(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestEventsInWords: an event is a sentence. What is not known is left out.
func TestEventsInWords(t *testing.T) {
	for _, c := range []struct{ event, want string }{
		{"1 Wait enter call=epoll_wait inst=ep3 asked=-1 passed=-1", "The thread goes to wait in epoll_wait, no timeout."},
		{"1 Wait enter inst=ep3 asked=12ms passed=12ms timer=3", "The thread goes to wait in a wait, timeout 12 ms, until timer 3."},
		{"1 Wait exit call=epoll_wait inst=ep3 asked=-1 passed=-1 count=2 dur=3ms", "epoll_wait (no timeout) returned 2 events after 3.0 ms."},
		{"1 Wait exit call=poll inst=set100 passed=10ms count=0 dur=10ms", "poll (timeout 10 ms) returned no event after 10 ms."},
		{"1 Wait complete inst=ep3 passed=0 count=0", "The wait (timeout 0) returned no event."},
		{"1 Wait exit call=epoll_wait inst=ep3 passed=10ms err=EINTR dur=2ms", "epoll_wait (timeout 10 ms) ended after 2.0 ms with EINTR."},
		{"1 Sleep enter call=nanosleep asked=10ms", "The thread goes to sleep for 10 ms."},
		{"1 Sleep exit call=nanosleep asked=10ms dur=10ms", "The thread had gone to sleep for 10 ms and slept 10 ms."},
		{"1 Sleep exit call=nanosleep asked=10ms dur=4ms err=EINTR", "The thread had gone to sleep for 10 ms and slept 4.0 ms; a signal ended it."},
		{"1 Sleep exit call=nanosleep asked=10ms dur=4ms err=EINVAL", "The thread had gone to sleep for 10 ms and slept 4.0 ms; it failed: EINVAL."},
		{"1 Round complete n=1 asked=0 useful=0", "The loop had nothing to poll."},
		{"1 Round complete n=1 asked=12 useful=0 dur=1ms", "The loop polled 12 times: 0 hits; the round took 1.0 ms."},
		{"1 Round complete n=1 asked=12 useful=2", "The loop polled 12 times: 2 hits."},
		{"1 Ready complete inst=ep3 fd=8 events=IN|RDHUP data=0x8 unread=512", "fd 8 was reported with IN|RDHUP; 512 bytes unread."},
		{"1 Ready complete inst=ep3 fd=-1 events=IN data=0xbeef", "fd 48879 (by its data) was reported with IN."},
		{"1 Renotify complete inst=ep3 fd=8 events=IN unread=512 why=left-over", "fd 8 was reported with IN; 512 bytes unread; a repeat."},
		{"1 Read enter fd=8 call=recvfrom asked=10", "The thread goes into recvfrom on fd 8 and may stay there."},
		{"1 Read complete fd=8 call=recvfrom asked=4096 ret=10 dur=2us", "recvfrom on fd 8 moved 10 bytes of 4 KiB; it took 2.0 µs."},
		{"1 Read complete fd=8 asked=4096 ret=0", "read on fd 8 returned 0 (EOF)."},
		{"1 Read complete fd=8 asked=4096 ret=-1 err=EAGAIN", "read on fd 8 found nothing (EAGAIN)."},
		{"1 Read complete fd=8 asked=4096 ret=-1 err=ECONNRESET", "read on fd 8 failed: ECONNRESET."},
		{"1 Read complete fd=8 asked=1024 ret=1024 left=64512", "read on fd 8 moved 1 of 1 KiB; 63 KiB left unread."},
		{"1 Read complete fd=8 asked=4096 ret=10 left=0", "read on fd 8 moved 10 bytes of 4 KiB; nothing left unread."},
		{"1 Write complete fd=8 asked=4096 ret=1000 unsent=3096", "write on fd 8 moved 1,000 bytes of 4 KiB; 3,096 bytes unsent."},
		{"1 Write complete fd=8 asked=4096 ret=-1 err=EAGAIN", "write on fd 8 found no room (EAGAIN)."},
		{"1 Write complete fd=8 asked=4096 ret=0", "write on fd 8 moved 0 bytes of 4 KiB."},
		{"1 Accept enter fd=5 call=accept4", "The thread goes into accept4 on fd 5 listener and may stay there."},
		{"1 Accept complete fd=5 call=accept4 new=9 dur=2us", "A connection was accepted on fd 5 listener and is fd 9; it took 2.0 µs."},
		{"1 Accept complete fd=5 new=-1 err=EAGAIN", "No connection waited to be accepted on fd 5 listener (EAGAIN)."},
		{"1 Accept complete fd=5 call=accept4 new=-1 err=EMFILE", "accept4 on fd 5 listener failed: EMFILE."},
		{"1 Arrive complete fd=8 events=IN unread=5 by=observer", "Data, or a connection, arrived for fd 8; known from: observer; 5 bytes unread when it was seen."},
		{"1 Arrive complete fd=8 events=IN unread=0 by=stamp", "Data, or a connection, arrived for fd 8; known from: stamp; when it was seen everything had been read already."},
		{"1 Arrive complete fd=8 events=IN", "Data, or a connection, arrived for fd 8."},
		{"1 Queue complete fd=5 waiting=0 backlog=128", "none waiting to be accepted on fd 5 listener; the queue holds 128."},
		{"1 Queue complete fd=5 waiting=3", "3 waiting to be accepted on fd 5 listener."},
		{"1 Call enter fd=8 what=connection", "The handler of connection fd 8 begins."},
		{"1 Call exit fd=8 what=connection dur=2ms", "The handler of connection fd 8 ran for 2.0 ms."},
		{"1 Call complete fd=-1 what=timer id=3 dur=2ms", "The handler of timer ran for 2.0 ms."},
		{"1 TimerFire complete timer=3 late=2ms times=5", "Timer 3 fired, 2.0 ms after it was due; it stands for 5 expirations."},
		{"1 TimerFire complete timer=3 times=1", "Timer 3 fired."},
		{"1 TimerSet complete timer=3 due=0.030 every=10ms", "Timer 3 was set, due in 20 ms, and again every 10 ms."},
		{"1 TimerSet complete timer=3 due=0.001", "Timer 3 was set, due 9.0 ms ago."},
		{"1 TimerStop complete timer=3", "Timer 3 was stopped."},
		{"1 Wake complete fd=6 who=101 via=eventfd", "The thread was woken by thread 101, by way of: eventfd."},
		{"1 Task enter id=1", "A task begins."},
		{"1 Task exit id=1 queued=3ms dur=2ms", "A task had waited 3.0 ms and ran for 2.0 ms."},
		{"1 Lost complete n=7 where=ring", "Events are missing here: 7, dropped in the ring."},
		{"1 Register complete inst=ep3 fd=8 events=IN|ET data=0x8", "fd 8 was registered with epoll instance 3 for IN|ET."},
		{"1 Register complete inst=ep3 fd=8 events=IN data=0x8 err=EEXIST", "fd 8 was to be registered with epoll instance 3 for IN, which failed: EEXIST."},
		{"1 Modify complete inst=set100 fd=8 events=OUT diff=1", "fd 8 was changed in the set that is passed with each call for OUT."},
		{"1 Deregister complete fd=8", "fd 8 was removed from an instance."},
		{"1 Submit complete inst=ring3 fd=8 op=recv len=4096", "A recv for fd 8 was submitted, up to 4 KiB."},
		{"1 Complete complete inst=ring3 fd=8 op=recv ret=10 flags=0x2", "The recv of fd 8 completed: 10 bytes; more completions follow."},
		{"1 Complete complete inst=ring3 fd=8 op=recv ret=-1 err=ECANCELED", "The recv of fd 8 completed: ECANCELED."},
		{"1 Complete complete inst=ring3 fd=5 op=accept ret=9", "The accept of fd 5 listener completed: fd 9."},
		{"1 Complete complete inst=ring3 fd=8 op=send ret=0", "The send of fd 8 completed."},
		{"1 Close complete fd=8 why=eof", "A descriptor number was closed: fd 8, why eof."},
		{"1 Signal complete signo=15 from=200", "A signal arrived: signo 15, from 200."},
		{"1 Sys complete fd=8 ret=3 dur=2ms", "Another system call that can hold the thread: fd 8, ret 3, dur 2.0 ms."},
		{"1 RunDelay complete delay=3ms", "The thread was runnable but did not run: delay 3.0 ms."},
		{"1 Usage complete user=3ms system=2ms voluntary=5", "What a thread has used since it began: CPU time and context switches: user 3.0 ms, system 2.0 ms, voluntary 5."},
	} {
		s := fold(t, true, with(epoll, "0.002 1 Open complete fd=5 type=listener", "0.010 "+c.event)...)
		_, end := s.EventRange()
		if got := ExplainEvent(s, end-1).Part(headWhat); got != c.want {
			t.Errorf("%s: %q, want %q", c.event, got, c.want)
		}
	}
	s := fold(t, true, epoll...)
	if got := ExplainEvent(s, 1000).Part(headWhat); got != "This event is no longer kept; only the sums that include it are." {
		t.Errorf("an event that is not kept: %q", got)
	}
	if got := explainEvent(s, 0, &trace.Event{Kind: 200}).Part(headWhat); got != "An event of a kind that this version does not know." {
		t.Errorf("an event of another version: %q", got)
	}
}

// TestWorthOfReport: the page of a report says what it means, and ends with the rule behind that.
func TestWorthOfReport(t *testing.T) {
	s := fold(t, true, with(epoll, "+0 1 Register complete inst=ep3 fd=8 events=IN data=0x8",
		"repeat 2", "+1ms 1 Wait complete inst=ep3 passed=-1 count=1", "+0 1 Ready complete inst=ep3 fd=8 events=IN data=0x8", "end",
		"+0 1 Renotify complete inst=ep3 fd=8 events=IN why=untouched", "+0 1 Wait enter inst=ep3 passed=-1")...)
	_, end := s.EventRange()
	for at, key := range map[int64]string{end - 5: "class/fresh", end - 3: "class/untouched"} {
		p := ExplainEvent(s, at)
		var want Page
		want.rule(key)
		if key == "class/fresh" {
			want = Page{}
			want.rule("event/ready")
		}
		if got := p.Part("What it means"); got != kernelRules[key].what || p.Part(headKernel) != want.Part(headKernel) {
			t.Errorf("%s: worth %q, rule %q", key, got, p.Part(headKernel))
		}
	}
}
