package world

import (
	"testing"

	"evviz/trace"
)

// TestFlagsToldAgain: the source's own word about a descriptor is how it is now; a restatement says what was known.
func TestFlagsToldAgain(t *testing.T) {
	const begin = `0.000000001 1 Thread complete pid=7 tid=7 table=7
0.000000002 1 Open complete fd=3 type=stream from=socket flags=O_NONBLOCK
`
	state := trace.Event{Kind: trace.State, Stream: 1, Time: 3, FD: 3, Aux: trace.StateDescriptor | trace.TypeStream<<8}
	for seq, want := range []uint32{oNonblock, 0} {
		w := fold(t, begin)
		state.Seq = uint32(seq)
		w.Add(&state)
		if got := w.Thread(1).Table.At(3).File.Flags; got != want {
			t.Errorf("seq %d: flags %#x, not %#x", seq, got, want)
		}
	}
}

// TestAsked: a connect to an address that stands for another (0.0.0.0, ::) is told by the program, and then as the kernel knows it: that is
// one file. Another address that the kernel knows is another file.
func TestAsked(t *testing.T) {
	const begin = `0.000000001 1 Thread complete pid=7 tid=7 table=7
0.000000001 1 Name complete id=1 len=10 text="0.0.0.0:80"
0.000000001 1 Name complete id=2 len=12 text="127.0.0.1:80"
0.000000001 1 Name complete id=3 len=12 text="127.0.0.1:90"
0.000000002 1 Open complete fd=3 type=stream from=socket
0.000000003 1 Register complete inst=ep5 fd=3 events=OUT data=0x3
0.000000004 1 Connect complete fd=3 peer=1 err=EINPROGRESS
`
	const kernel = "0.000000005 1 State complete fd=3 what=descriptor type=stream a=0x2\n"
	const other = "0.000000006 1 State complete fd=3 what=descriptor type=stream a=0x3\n"
	for _, c := range []struct {
		text, peer string
		asked      bool
		uses       uint32
		regs       int
	}{
		{begin, "0.0.0.0:80", true, 1, 1}, {begin + kernel, "127.0.0.1:80", false, 1, 1}, {begin + kernel + other, "127.0.0.1:90", false, 2, 0},
	} {
		n := fold(t, c.text).Thread(1).Table.At(3)
		if f := n.File; f.Peer.Text != c.peer || f.Asked != c.asked || n.Uses != c.uses || len(f.Regs) != c.regs {
			t.Errorf("peer %q, asked %v, use %d, %d registrations, not %+v", f.Peer.Text, f.Asked, n.Uses, len(f.Regs), c)
		}
	}
}

// TestWaited: where a wait is said to say nothing new, it says nothing new.
func TestWaited(t *testing.T) {
	w := New(&names{}, nil)
	one := func(e trace.Event) { w.Add(&e) }
	wait := trace.Event{Kind: trace.Wait, Stream: 1, Inst: trace.EpollInstance(3)}
	th := w.Thread(1)
	for _, c := range []struct {
		what   string
		e      trace.Event
		waited bool
	}{
		{"nothing", trace.Event{Kind: trace.Round, Stream: 1}, false},
		{"a wait", wait, true},
		{"another wait", wait, true},
		{"its end", trace.Event{Kind: trace.Close, Stream: 1, FD: 3}, false},
		{"a wait for what is unknown", wait, true},
		{"a process", trace.Event{Kind: trace.Thread, Stream: 1, A: 9, B: 9}, false},
		{"a wait for another", trace.Event{Kind: trace.Wait, Stream: 1, Inst: trace.EpollInstance(4)}, false},
	} {
		one(c.e)
		if got := th.Waited(wait.Inst); got != c.waited {
			t.Errorf("after %s: %v", c.what, got)
		}
	}
}
