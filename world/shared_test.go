package world

import (
	"fmt"
	"slices"
	"testing"
)

// shared is an instance that a child has from a fork, and the descriptors of the same number that each has put into it: in the kernel an entry
// is a file and a number, so both are there.
const shared = `0.000000001 1 Thread complete pid=7 tid=7
0.000000002 1 Instance complete inst=ep5 fd=5
0.000000003 1 Open complete fd=3 type=stream from=socket
0.000000004 1 Register complete inst=ep5 fd=3 events=IN data=0x3
0.000000005 1 Fork complete child=8
0.000000006 2 Thread complete pid=8 tid=8
0.000000007 2 Close complete fd=3
0.000000008 2 Open complete fd=3 type=stream from=socket
0.000000009 2 Register complete inst=ep5 fd=3 events=IN data=0x33
`

// TestSharedInstance: each process changes and removes what its own number leads to.
func TestSharedInstance(t *testing.T) {
	for _, c := range []struct {
		more string
		want []uint64 // data of what is registered
	}{
		{"", []uint64{0x3, 0x33}},
		{"0.000000010 1 Deregister complete inst=ep5 fd=3\n", []uint64{0x33}},
		{"0.000000010 2 Deregister complete inst=ep5 fd=3\n", []uint64{0x3}},
		{"0.000000010 1 Modify complete inst=ep5 fd=3 events=OUT data=0x4\n", []uint64{0x4, 0x33}},
		{"0.000000010 1 Modify complete inst=ep5 fd=3 events=OUT data=0x4\n0.000000011 2 Modify complete inst=ep5 fd=3 events=OUT data=0x44\n", []uint64{0x4, 0x44}},
		{"0.000000010 1 Close complete fd=3\n", []uint64{0x33}},
		{"0.000000010 2 Close complete fd=3\n", []uint64{0x3}},
	} {
		w := fold(t, shared+c.more)
		var got []uint64
		w.Thread(1).Table.At(5).File.Instance.Each(func(r *Registration) { got = append(got, r.Data) })
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%sregistered is %#x, want %#x", c.more, got, c.want)
		}
	}
}

// TestInstanceOfTheSameNumber: a child that closes the instance that it shares, and makes one that gets the same number, waits on its own.
func TestInstanceOfTheSameNumber(t *testing.T) {
	w := fold(t, shared+`0.000000010 2 Wait enter call=epoll_wait inst=ep5 asked=-1 passed=-1
0.000000011 2 Wait exit call=epoll_wait inst=ep5 asked=-1 passed=-1 count=0
0.000000012 2 Close complete fd=5
0.000000013 2 State complete fd=5 inst=ep5 what=descriptor type=epoll
0.000000014 2 State complete fd=3 inst=ep5 bits=0x1 what=registration a=0x55
`)
	for stream, want := range map[uint32]string{1: "[3 33]", 2: "[55]"} {
		var got []string
		w.Thread(stream).Table.At(5).File.Instance.Each(func(r *Registration) { got = append(got, fmt.Sprintf("%x", r.Data)) })
		slices.Sort(got)
		if fmt.Sprint(got) != want {
			t.Errorf("stream %d: registered is %v, want %s", stream, got, want)
		}
	}
}
