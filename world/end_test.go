package world

import (
	"fmt"
	"strings"
	"testing"

	"evviz/trace"
)

// fold folds events in text form.
func fold(t *testing.T, text string) *World {
	t.Helper()
	evs, err := trace.ReadText(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	tr := NewTracker()
	for i := range evs {
		tr.Add(&evs[i])
	}
	return tr.World()
}

// TestLastThread: a process ends with its last thread, also when that is not its first one; what it has open ends then and not before.
func TestLastThread(t *testing.T) {
	const begin = `0.000000001 1 Thread complete pid=7 tid=7 table=7
0.000000002 1 Open complete fd=3 type=stream from=socket
0.000000003 2 Thread complete pid=7 tid=8 table=7
`
	first, second := "0.000000004 1 Exit complete pid=7 tid=7\n", "0.000000005 2 Exit complete pid=7 tid=8\n"
	for _, c := range []struct {
		name, text string
		open       int
	}{
		{"both live", begin, 1}, {"the first has ended", begin + first, 1}, {"the other has ended", begin + second, 1},
		{"both have ended", begin + first + second, 0}, {"the other way round", begin + second + first, 0},
		{"the number of the first is used again", begin + first + "0.000000004 3 Thread complete pid=7 tid=7 table=7\n" + second, 1},
	} {
		if w := fold(t, c.text); w.open != c.open {
			t.Errorf("%s: %d files are open, not %d\n%s", c.name, w.open, c.open, w.Dump())
		}
	}
}

// TestNumberOfAProcessAgain: a child that has the number of a process that has ended has its parent's descriptors.
func TestNumberOfAProcessAgain(t *testing.T) {
	const begin = `0.000000001 1 Thread complete pid=7 tid=7 table=7
0.000000002 1 Open complete fd=3 type=stream from=socket
0.000000003 1 Fork complete child=9
0.000000004 2 Thread complete pid=9 tid=9 table=9
`
	for _, c := range []struct {
		text   string
		parent uint32
	}{
		{`0.000000005 2 Close complete fd=3
0.000000006 2 Exit complete pid=9 tid=9
0.000000007 1 Fork complete child=9
0.000000008 3 Thread complete pid=9 tid=9 table=9
`, 1},
		{`0.000000005 1 Exit complete pid=7 tid=7
0.000000006 2 Fork complete child=7
0.000000007 3 Thread complete pid=7 tid=7 table=7
`, 2}, // the first process of all
	} {
		w := fold(t, begin+c.text)
		n := w.Thread(3).Table.At(3)
		if n == nil || n.File == nil || n.File != w.Thread(c.parent).Table.At(3).File || n.File.Refs != 2 {
			t.Errorf("fd 3 of the second child is not its parent's:\n%s", w.Dump())
		}
	}
}

// TestSetEndsWithItsThread: what a thread passed to poll is watched by nobody once it has ended.
func TestSetEndsWithItsThread(t *testing.T) {
	const begin = `0.000000001 1 Thread complete pid=7 tid=7 table=7
0.000000002 1 Open complete fd=3 type=stream from=socket
0.000000003 2 Thread complete pid=7 tid=8 table=7
0.000000004 2 Register complete inst=set8 fd=3 events=IN data=0x3 diff=1
`
	if w := fold(t, begin); w.regs != 1 || len(w.sets) != 1 {
		t.Fatal(w.Dump())
	}
	w := fold(t, begin+"0.000000005 2 Exit complete pid=7 tid=8\n")
	if w.regs != 0 || len(w.sets) != 0 || len(w.Thread(1).Table.At(3).File.Regs) != 0 {
		t.Error(w.Dump())
	}
}

// TestBounds: processes, tables, numbers, sets and threads that never end are remembered up to a bound, and what has ended makes room.
func TestBounds(t *testing.T) {
	w := New(&names{}, nil)
	one := func(e trace.Event) { w.Add(&e) }
	one(trace.Event{Kind: trace.Thread, Stream: 1, A: 1, B: 1})
	for fd := range int32(1000) {
		one(trace.Event{Kind: trace.Open, Stream: 1, FD: fd})
	}
	for i := range int64(2000) { // no child is ever heard of
		one(trace.Event{Kind: trace.Fork, Stream: 1, A: 2 + i})
	}
	if w.room.numbers > maxCopied || len(w.procs) < 2000 {
		t.Errorf("%d numbers, %d processes", w.room.numbers, len(w.procs))
	}
	if one(trace.Event{Kind: trace.Open, Stream: 1, FD: 1000}); w.Thread(1).Table.At(1000) == nil {
		t.Error("the children have taken the room of their parent")
	}
	for i := range int64(2 * maxUnheard) {
		one(trace.Event{Kind: trace.Fork, Stream: 1, A: 2 + i})
	}
	if len(w.procs) > maxUnheard || len(w.tables) > maxTables {
		t.Errorf("%d processes, %d tables", len(w.procs), len(w.tables))
	}
	for fd := range int32(2 * maxNumbers) {
		one(trace.Event{Kind: trace.Read, Stream: 1, FD: 1<<30 + fd})
	}
	if w.room.numbers > maxNumbers || w.open > maxOpenFiles {
		t.Errorf("%d numbers, %d files", w.room.numbers, w.open)
	}

	w = New(&names{}, nil)
	for i := range uint32(maxThreads + maxManyThreads + 10_000) { // each has a process, opens something, passes it to poll, and ends
		s, pid := 1+i, int64(2+i)
		one(trace.Event{Kind: trace.Thread, Stream: s, A: pid, B: pid})
		one(trace.Event{Kind: trace.Open, Stream: s, FD: 3})
		one(trace.Event{Kind: trace.Register, Stream: s, FD: 3, Inst: trace.SetInstance(int(pid))})
		if i == maxThreads+maxManyThreads+9_999 {
			break
		}
		one(trace.Event{Kind: trace.Exit, Stream: s, A: pid, B: pid})
	}
	if d := w.Dump(); strings.Count(d, "\n") != 3 || !strings.Contains(d, fmt.Sprintf("thread %d:", maxThreads+maxManyThreads+10_000)) {
		t.Errorf("only the last one should be known:\n%.1000s", d)
	}
	if len(w.more) > maxManyThreads || len(w.procs) != 1 || len(w.tables) > 2 || w.room.numbers > 2 || w.regs != 1 {
		t.Errorf("%d threads, %d processes, %d tables, %d numbers, %d registrations", len(w.more), len(w.procs), len(w.tables), w.room.numbers, w.regs)
	}
}
