package probe

import (
	"fmt"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/trace"
)

// TestTableCalls: the calls beyond those of TestTable, with what a live tracer would hand over, and the events that they mean.
func TestTableCalls(t *testing.T) {
	const ms = 1e6
	forever := uint64(1<<64 - 1)
	in := func(fds ...int32) (set []PollFD) {
		for _, fd := range fds {
			set = append(set, PollFD{fd, bitIn})
		}
		return set
	}
	var b strings.Builder
	for _, c := range []struct {
		name  string
		calls []Call
	}{
		{"poll: what changed since the last call", []Call{
			{Sys: SysPoll, Time: 1, Args: [6]uint64{0, 3, forever}, Set: append(in(4, 3), PollFD{-1, 1}), Ret: 1, Got: []PollFD{{4, 0x11}}},
			{Sys: SysPoll, Time: 2, Args: [6]uint64{0, 3, 0}, Set: []PollFD{{3, 5}, {9, 1}, {9, 4}}, Ret: 2, Got: []PollFD{{3, 4}, {9, 0x20}}},
			{Sys: SysPoll, Time: 3, Args: [6]uint64{0, 3, 0}, Set: []PollFD{{3, 5}, {9, 1}, {9, 4}}}}},
		{"poll: the number is another file", []Call{
			{Sys: SysSocket, Time: 1, Args: [6]uint64{2, 1}, Ret: 4}, {Sys: SysPoll, Time: 2, Args: [6]uint64{0, 1, 0}, Set: in(4)},
			{Sys: SysClose, Time: 3, Args: [6]uint64{4}}, {Sys: SysSocket, Time: 4, Args: [6]uint64{2, 1}, Ret: 4},
			{Sys: SysPoll, Time: 5, Args: [6]uint64{0, 1, 0}, Set: in(4)}}},
		{"poll: a set of which a part is known", []Call{
			{Sys: SysPoll, Time: 1, Args: [6]uint64{0, 3, 0}, Set: in(1, 2, 3)},
			{Sys: SysPoll, Time: 2, Args: [6]uint64{0, 40, 0}, Set: in(1, 7), SetCut: true, Ret: 2, Got: in(1)}}},
		{"select counts bits, the event descriptors", []Call{
			{Sys: SysPselect6, Time: 4 * ms, Dur: ms, Args: [6]uint64{8}, Nanos: 5 * ms, Set: []PollFD{{3, 5}, {4, 2}}, Ret: 3, Got: []PollFD{{3, 5}, {4, 2}}}}},
		{"epoll_pwait2", []Call{{Sys: SysEpollPwait2, Time: 9, Args: [6]uint64{3, 0, 8}, Nanos: 1500, Errno: eINTR}}},
		{"the ring is a blind spot", []Call{
			{Sys: SysURingSetup, Time: 1, Ret: 3}, {Sys: SysURingEnter, Time: 9, Dur: 7, Args: [6]uint64{3, 1, 1}, Nanos: -1, Ret: 1},
			{Sys: SysURingEnter, Time: 10, Args: [6]uint64{3, 2}, Nanos: -1, Ret: 2}, {Sys: SysURingRegister, Time: 11, Args: [6]uint64{3, 22}}}},
		{"a listener", []Call{
			{Sys: SysSocket, Time: 1, Args: [6]uint64{2, 1}, Ret: 3}, {Sys: SysSetsockopt, Time: 2, Args: [6]uint64{3, 1, 15}, Value: 1},
			{Sys: SysBind, Time: 3, Args: [6]uint64{3}, Local: "0.0.0.0:80"}, {Sys: SysBind, Time: 4, Args: [6]uint64{3}, Errno: 98},
			{Sys: SysListen, Time: 5, Args: [6]uint64{3, 511}}, {Sys: SysAccept, Time: 6, Args: [6]uint64{3}, Ret: 4, Peer: "[::1]:9"}}},
		{"how a connect went", []Call{
			{Sys: SysGetsockopt, Time: 1, Args: [6]uint64{3, 1, 4}, Value: 111, Known: true},
			{Sys: SysGetsockopt, Time: 2, Args: [6]uint64{3, 1, 7}, Value: 4096, Known: true}, {Sys: SysShutdown, Time: 3, Args: [6]uint64{3, 1}}}},
		{"several buffers, several messages", []Call{
			{Sys: SysReadv, Time: 1, Args: [6]uint64{3}, Bytes: 30, Ret: 5}, {Sys: SysRecvmsg, Time: 2, Args: [6]uint64{3, 0, msgDontwait}, Bytes: 30, Errno: 11},
			{Sys: SysSendmmsg, Time: 3, Args: [6]uint64{3, 0, 2, msgDontwait}, Bytes: 60, Moved: 50, Ret: 2}}},
		{"splice and sendfile", []Call{
			{Sys: SysPipe2, Time: 1, Args: [6]uint64{0, oCloexec}, Pair: [2]int32{5, 6}},
			{Sys: SysSplice, Time: 2, Args: [6]uint64{3, 0, 6, 0, 64, spliceNonblock}, Ret: 9}, {Sys: SysSplice, Time: 3, Args: [6]uint64{5, 0, 4, 0, 64, spliceNonblock}, Ret: 9},
			{Sys: SysSplice, Time: 4, Args: [6]uint64{5, 0, 4, 0, 64, spliceNonblock}, Errno: 11},
			{Sys: SysSendfile, Time: 5, Args: [6]uint64{4, 9, 0, 100}, Ret: 50}}},
		{"flags of descriptors", []Call{
			{Sys: SysSocketpair, Time: 1, Args: [6]uint64{1, 1 | oCloexec}, Pair: [2]int32{3, 4}},
			{Sys: SysFcntl, Time: 2, Args: [6]uint64{3, fSetfl, oNonblock | 2}}, {Sys: SysFcntl, Time: 3, Args: [6]uint64{3, fSetfd, 0}},
			{Sys: SysFcntl, Time: 4, Args: [6]uint64{4, fGetfl}, Ret: oNonblock | 2}, {Sys: SysIoctl, Time: 5, Args: [6]uint64{4, fionbio}, Value: 0, Known: true},
			{Sys: SysFcntl, Time: 6, Args: [6]uint64{4, 99}}, {Sys: SysIoctl, Time: 7, Args: [6]uint64{4, 99}}}},
		{"second numbers", []Call{
			{Sys: SysDup, Time: 1, Args: [6]uint64{3}, Ret: 4}, {Sys: SysDup2, Time: 2, Args: [6]uint64{3, 3}, Ret: 3}, {Sys: SysDup3, Time: 3, Args: [6]uint64{3, 7, oCloexec}, Ret: 7},
			{Sys: SysFcntl, Time: 4, Args: [6]uint64{3, fDupfdCloexec, 10}, Ret: 10}, {Sys: SysDup, Time: 5, Args: [6]uint64{3}, Errno: 24},
			{Sys: SysCloseRange, Time: 6, Args: [6]uint64{5, 1<<32 - 1}}, {Sys: SysCloseRange, Time: 7, Args: [6]uint64{9, 5}, Errno: 22}}},
		{"a timer", []Call{
			{Sys: SysTimerfdCreate, Time: 1, Args: [6]uint64{1, oNonblock}, Ret: 3}, {Sys: SysTimerfdSettime, Time: 2, Args: [6]uint64{3, 0}, Nanos: 10, Every: 10, Known: true},
			{Sys: SysRead, Time: 35, Args: [6]uint64{3, 0, 8}, Ret: 8, Value: 3, Known: true}, {Sys: SysRead, Time: 43, Args: [6]uint64{3, 0, 8}, Ret: 8, Value: 1, Known: true},
			{Sys: SysTimerfdSettime, Time: 50, Args: [6]uint64{3, timerAbstime}, Nanos: 99, Known: true}, {Sys: SysRead, Time: 60, Args: [6]uint64{3, 0, 8}, Ret: 8, Value: 1, Known: true},
			{Sys: SysTimerfdSettime, Time: 70, Args: [6]uint64{3}, Known: true}, {Sys: SysTimerfdSettime, Time: 80, Args: [6]uint64{3}, Errno: 22}}},
		{"other descriptors", []Call{
			{Sys: SysEventfd2, Time: 1, Args: [6]uint64{0, oNonblock}, Ret: 3}, {Sys: SysSignalfd4, Time: 2, Args: [6]uint64{forever, 0, 8, oCloexec}, Ret: 4},
			{Sys: SysSignalfd4, Time: 3, Args: [6]uint64{4, 0, 8}, Ret: 4}, {Sys: SysInotifyInit1, Time: 4, Ret: 5}, {Sys: SysOpenat, Time: 5, Args: [6]uint64{0, 0, oCloexec}, Ret: 6, Path: "/a\x1b[2J"},
			{Sys: SysOpen, Time: 6, Errno: 24, Path: "/b"}, {Sys: SysEpollCreate, Time: 7, Args: [6]uint64{oCloexec}, Ret: 7}}},
		{"what holds a thread", []Call{
			{Sys: SysNanosleep, Time: 3 * ms, Dur: 2 * ms, Nanos: 2 * ms}, {Sys: SysFutex, Time: 9 * ms, Dur: ms, Args: [6]uint64{0, 0x80}},
			{Sys: SysFutex, Time: 9 * ms, Args: [6]uint64{0, 0x81}, Ret: 1}, {Sys: SysFsync, Time: 20 * ms, Dur: 5 * ms, Args: [6]uint64{7}},
			{Name: "flock", Time: 30 * ms, Dur: 2 * ms, FDs: []FDNote{{FD: 8, Type: trace.TypeOther}}}, {Name: "flock", Time: 31 * ms, Dur: 1000}}},
		{"a call whose end is missing", []Call{
			{Sys: SysRead, Phase: trace.PhaseEnter, Time: 1, Args: [6]uint64{0, 0, 1}}, {Sys: SysWrite, Time: 2, Args: [6]uint64{1, 0, 1}, Ret: 1}}},
	} {
		fmt.Fprintf(&b, "== %s\n", c.name)
		b.WriteString(events(t, func(em *Emitter) {
			for i := range c.calls {
				c.calls[i].PID, c.calls[i].TID = 7, 7
				if err := em.Call(&c.calls[i]); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			}
			for _, o := range em.Others() {
				fmt.Fprintf(&b, "counted: %d %s\n", o.N, o.Name)
			}
		}))
	}
	testkit.Golden(t, "table.golden", b.String())
}

// TestMend: an enter whose arguments were not known is put right when they are.
func TestMend(t *testing.T) {
	var evs, mended []trace.Event
	em := NewEmitter(func(e trace.Event) { evs = append(evs, e) })
	em.Mend = func(e trace.Event) { mended = append(mended, e) }
	for _, c := range []Call{
		{PID: 7, TID: 7, Sys: SysEpollWait, Phase: trace.PhaseEnter, Time: 1, Args: [6]uint64{3, 0, 0, 1<<64 - 1}},
		{PID: 7, TID: 7, Sys: SysEpollWait, Phase: trace.PhaseExit, Time: 9, Dur: 8, Args: [6]uint64{3, 0, 64, 250}},
	} {
		if err := em.Call(&c); err != nil {
			t.Fatal(err)
		}
	}
	if len(mended) != 1 || mended[0].Seq != 2 || mended[0].A != 250e6 || mended[0].Aux>>8 != 64 || mended[0].Time != 1 || evs[1].A != -1 {
		t.Errorf("mended %+v of %+v", mended, evs)
	}
}
