package probe

import (
	"fmt"
	"strings"
	"testing"

	"evviz/trace"
)

// events runs calls through the table and gives what came out, one line each, and the validator's word.
func events(t *testing.T, em func(*Emitter)) string {
	t.Helper()
	var evs []trace.Event
	e := NewEmitter(func(e trace.Event) { evs = append(evs, e) })
	em(e)
	if err := trace.Validate(evs); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	for i := range evs {
		line := string(trace.AppendText(nil, &evs[i]))
		b.WriteString(line[:strings.LastIndex(line, " seq=")] + "\n")
	}
	return b.String()
}

// TestTable: each call of the table, and the events that it means.
func TestTable(t *testing.T) {
	const ms = 1e6
	for _, c := range []struct {
		name  string
		calls []Call
		want  string
	}{
		{"epoll_create1", []Call{{Sys: SysEpollCreate1, Time: 9, Dur: 4, Args: [6]uint64{oCloexec}, Ret: 3}},
			"Open complete fd=3 type=epoll from=epoll_create flags=O_CLOEXEC\nInstance complete inst=ep3 fd=3 flags=O_CLOEXEC dur=4ns"},
		{"epoll_create1 fails", []Call{{Sys: SysEpollCreate1, Time: 9, Errno: 24}},
			"Instance complete fd=-1 err=EMFILE"},
		{"epoll_ctl", []Call{
			{Sys: SysEpollCtl, Time: 1, Args: [6]uint64{3, ctlAdd, 7}, Event: EpollEvent{1, 7 << 32}},
			{Sys: SysEpollCtl, Time: 2, Args: [6]uint64{3, ctlMod, 7}, Event: EpollEvent{1 << 31, 7}, Errno: 2},
			{Sys: SysEpollCtl, Time: 3, Args: [6]uint64{3, ctlDel, 7}, Event: EpollEvent{1, 7}}},
			"Register complete inst=ep3 fd=7 events=IN data=0x700000000\nModify complete inst=ep3 fd=7 events=ET data=0x7 err=ENOENT\nDeregister complete inst=ep3 fd=7"},
		{"epoll_wait", []Call{{Sys: SysEpollWait, Time: 5 * ms, Dur: 2 * ms, Args: [6]uint64{3, 0, 64, 250}, Ret: 2,
			Events: []EpollEvent{{1, 7}, {5, 1 << 63}}}},
			"Wait enter call=epoll_wait inst=ep3 asked=250ms passed=250ms max=64\n" +
				"Wait exit call=epoll_wait inst=ep3 asked=250ms passed=250ms max=64 count=2 dur=2ms\n" +
				"Ready complete inst=ep3 fd=-1 events=IN data=0x7\nReady complete inst=ep3 fd=-1 events=IN|OUT data=0x8000000000000000"},
		{"epoll_wait that cannot wait", []Call{{Sys: SysEpollWait, Time: 5, Args: [6]uint64{3, 0, 64, 0}}},
			"Wait complete call=epoll_wait inst=ep3 max=64 count=0"},
		{"epoll_wait for ever, interrupted", []Call{{Sys: SysEpollWait, Time: 5, Dur: 5, Args: [6]uint64{3, 0, 1 << 30, 1<<64 - 1}, Errno: 4}},
			"Wait enter call=epoll_wait inst=ep3 asked=-1 passed=-1\nWait exit call=epoll_wait inst=ep3 asked=-1 passed=-1 count=0 err=EINTR dur=5ns"},
		{"epoll_wait of which not everything could be read", []Call{{Sys: SysEpollWait, Time: 5, Args: [6]uint64{3, 0, 64, 0}, Ret: 3, Events: []EpollEvent{{1, 7}}}},
			"Wait complete call=epoll_wait inst=ep3 max=64 count=3\nReady complete inst=ep3 fd=-1 events=IN data=0x7\nLost complete n=2"},
		{"accept4", []Call{
			{Sys: SysSocket, Time: 1, Args: [6]uint64{2, 1 | oNonblock}, Ret: 4},
			{Sys: SysAccept4, Time: 5, Dur: 2, Args: [6]uint64{4, 0, 0, oNonblock}, Ret: 5, Peer: "127.0.0.1:9"},
			{Sys: SysAccept4, Time: 7, Args: [6]uint64{4, 0, 0, oNonblock}, Errno: 11}},
			"Open complete fd=4 type=stream from=socket flags=O_NONBLOCK\n" +
				"Accept complete fd=4 call=accept4 new=5 flags=O_NONBLOCK dur=2ns\nName complete id=1 len=11 text=\"127.0.0.1:9\"\n" +
				"Open complete fd=5 type=stream from=accept peer=1 flags=O_NONBLOCK\nAccept complete fd=4 call=accept4 new=-1 flags=O_NONBLOCK err=EAGAIN"},
		{"accept4 that may block", []Call{{Sys: SysAccept4, Time: 5 * ms, Dur: 3 * ms, Args: [6]uint64{4}, Ret: 5}},
			"Accept enter fd=4 call=accept4\nAccept exit fd=4 call=accept4 new=5 dur=3ms\nOpen complete fd=5 from=accept"},
		{"read and write", []Call{
			{Sys: SysRead, Time: 1, Args: [6]uint64{5, 0, 64}, Errno: 11},
			{Sys: SysRead, Time: 2, Args: [6]uint64{5, 0, 64}, Ret: 64},
			{Sys: SysWrite, Time: 3, Args: [6]uint64{5, 0, 1<<64 - 1}, Ret: 7}},
			"Read complete fd=5 call=read asked=64 ret=-1 err=EAGAIN\nRead complete fd=5 call=read asked=64 ret=64\nWrite complete fd=5 call=write asked=9223372036854775807 ret=7"},
		{"recvfrom and sendto", []Call{
			{Sys: SysRecvfrom, Time: 1, Args: [6]uint64{5, 0, 64, msgTrunc | msgDontwait}, Ret: 99},
			{Sys: SysSendto, Time: 3, Args: [6]uint64{5, 0, 64, msgDontwait}, Errno: 32}},
			"Read complete fd=5 call=recvfrom asked=64 ret=99 flags=MSG_TRUNC|MSG_DONTWAIT\nWrite complete fd=5 call=sendto asked=64 ret=-1 flags=MSG_DONTWAIT err=EPIPE"},
		{"connect", []Call{{Sys: SysConnect, Time: 4, Dur: 1, Args: [6]uint64{5}, Errno: 115, Peer: "[::1]:80"}},
			"Name complete id=1 len=8 text=\"[::1]:80\"\nConnect complete fd=5 peer=1 err=EINPROGRESS dur=1ns"},
		{"close and socket", []Call{{Sys: SysClose, Time: 4, Args: [6]uint64{5}, Errno: 9}, {Sys: SysSocket, Time: 5, Args: [6]uint64{2, 2}, Errno: 24}},
			"Close complete fd=5 err=EBADF\nOpen complete fd=-1 type=datagram from=socket err=EMFILE"},
		{"clock_nanosleep", []Call{{Sys: SysClockNanosleep, Time: 4 * ms, Dur: 3 * ms, Nanos: 2 * ms, Errno: 516}},
			"Sleep enter call=clock_nanosleep asked=2ms\nSleep exit call=clock_nanosleep asked=2ms err=EINTR dur=3ms"},
		{"enter and exit apart", []Call{
			{Sys: SysRead, Phase: trace.PhaseEnter, Time: 4, Args: [6]uint64{5, 0, 64}},
			{Sys: SysRead, Phase: trace.PhaseExit, Time: 9, Dur: 5, Args: [6]uint64{5, 0, 64}, Ret: 3},
			{Sys: SysClose, Phase: trace.PhaseEnter, Time: 10, Args: [6]uint64{5}},
			{Sys: SysClose, Phase: trace.PhaseExit, Time: 11, Args: [6]uint64{5}}},
			"Read enter fd=5 call=read asked=64\nRead exit fd=5 call=read asked=64 ret=3 dur=5ns\nClose complete fd=5"},
		{"what else is known of a descriptor", []Call{
			{Sys: SysRead, Time: 4, Args: [6]uint64{5, 0, 8}, Ret: 8, FDs: []FDNote{{FD: 5, Type: trace.TypeEventfd}}},
			{Sys: SysRead, Time: 5, Args: [6]uint64{5, 0, 8}, Ret: 8, FDs: []FDNote{{FD: 5, Type: trace.TypeEventfd}}}},
			"State complete fd=5 bits=0x0 what=descriptor type=eventfd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := events(t, func(em *Emitter) {
				for i := range c.calls {
					c.calls[i].PID, c.calls[i].TID = 1, 2
					if err := em.Call(&c.calls[i]); err != nil {
						t.Error(err)
					}
				}
			})
			for i, w := range strings.Split(c.want, "\n") {
				lines := strings.Split(got, "\n")[1:] // the first is the thread
				if i >= len(lines) || !strings.HasSuffix(lines[i], " 1 "+strings.Replace(w, " bits=0x0", "", 1)) {
					t.Fatalf("line %d should be\n%s\ngot\n%s", i, w, got)
				}
			}
		})
	}
}

// TestContradictions: a call that no kernel can have answered like that is refused, and nothing is made of it.
func TestContradictions(t *testing.T) {
	got := events(t, func(em *Emitter) {
		for _, c := range []Call{
			{Sys: SysRead, Args: [6]uint64{3, 0, 10}, Ret: 11},
			{Sys: SysRead, Args: [6]uint64{3, 0, 10}, Ret: -5},
			{Sys: SysRead, Args: [6]uint64{3, 0, 10}, Dur: -5},
			{Sys: SysSocket, Ret: 1 << 31},
			{Sys: SysEpollWait, Args: [6]uint64{3, 0, 4, 0}, Ret: 5},
			{Sys: SysEpollWait, Args: [6]uint64{3, 0, 4, 0}, Ret: 0, Events: make([]EpollEvent, 1)},
		} {
			if em.Call(&c) == nil {
				t.Errorf("%v %v = %d was taken", c.Sys, c.Args, c.Ret)
			}
		}
	})
	if got != "" {
		t.Error(got)
	}
}

// TestProcesses: threads share a table, a child has a copy of its own, and CLOEXEC ends at an exec.
func TestProcesses(t *testing.T) {
	got := events(t, func(em *Emitter) {
		note := []FDNote{{FD: 4, Type: trace.TypeStream, Peer: "127.0.0.1:9"}}
		for _, c := range []Call{
			{PID: 1, TID: 1, Sys: SysSocket, Args: [6]uint64{2, 1 | oCloexec}, Ret: 4},
			{PID: 1, TID: 1, Sys: SysConnect, Args: [6]uint64{4}, Errno: 115, Peer: "127.0.0.1:9"},
			{PID: 1, TID: 1, Sys: SysRead, Args: [6]uint64{4, 0, 1}, Ret: 1, FDs: note},
			{PID: 1, TID: 1, Sys: SysClone, Args: [6]uint64{cloneThread | cloneFiles | cloneVM}, Ret: 2},
			{PID: 1, TID: 2, Sys: SysRead, Args: [6]uint64{4, 0, 1}, Ret: 1, FDs: note},
			{PID: 1, TID: 2, Sys: SysFork, Ret: 3},
			{PID: 3, TID: 3, Comm: "child", Sys: SysRead, Args: [6]uint64{4, 0, 1}, Ret: 1, FDs: note},
			{PID: 3, TID: 3, Sys: SysExecve, Path: "/bin/true"},
			{PID: 3, TID: 3, Sys: SysRead, Args: [6]uint64{4, 0, 1}, Ret: 1, FDs: note},
			{PID: 3, TID: 3, Name: "futex"}, {PID: 3, TID: 3, Name: "futex"}, {PID: 3, TID: 3, Name: "mmap"},
		} {
			if err := em.Call(&c); err != nil {
				t.Error(err)
			}
		}
		em.Exit(3, 3, 256, 0)
		if got := fmt.Sprint(em.Others()); got != "[{futex 2} {mmap 1}]" {
			t.Errorf("other calls: %s", got)
		}
	})
	if n := strings.Count(got, " State "); n != 2 {
		t.Errorf("the descriptor should be told again by the first note and after the exec, not %d times:\n%s", n, got)
	}
	for _, want := range []string{"1 Thread complete pid=1 tid=1 table=1", "2 Thread complete pid=1 tid=2 table=1", "3 Thread complete pid=3 tid=3 table=3 name=1",
		"2 Fork complete child=3", "3 Exec complete pid=3 program=2", "3 Exit complete pid=3 tid=3 status=256"} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("there should be %q in\n%s", want, got)
		}
	}
}

// TestNamesAreBounded: a stream that meets ever new addresses uses its ids again.
func TestNamesAreBounded(t *testing.T) {
	most := uint32(0)
	em := NewEmitter(func(e trace.Event) {
		if e.Kind == trace.Name {
			most = max(most, e.Aux)
		}
	})
	for i := range 3 * maxNames {
		em.Call(&Call{PID: 1, TID: 1, Sys: SysAccept4, Args: [6]uint64{3}, Ret: 5, Peer: fmt.Sprintf("10.0.0.1:%d", i)})
	}
	if th := em.threads[1]; most != maxNames || len(th.ids) != maxNames || len(th.texts) != maxNames {
		t.Errorf("%d ids, %d strings", most, len(th.ids))
	}
}
