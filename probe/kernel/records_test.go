//go:build linux && (amd64 || arm64)

package kernel

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// bytesOf is a record as the ring has it.
func bytesOf[T any](r T) []byte {
	return slices.Clone(unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r)))
}

// samples has one good record of each kind.
func samples() [][]byte {
	return [][]byte{
		bytesOf(stateFileRecord{Record: recordFile, Tid: 7, Fd: 3, Kind: uint8(KindPipe), Valid: 1}),
		bytesOf(stateSocketRecord{File: stateFileRecord{Record: recordSocket, Tid: 7, Fd: 4, Kind: uint8(KindSocket), Valid: 1}, Family: afUnix, NameLen: 3}),
		bytesOf(stateRegRecord{Record: recordReg, Epfd: 5, Fd: 3, Tid: 7, Instance: 99}),
		bytesOf(stateThreadRecord{Record: recordThread, Tid: 7, Leader: 1, Call: 5}),
	}
}

func built(raw ...[]byte) *State {
	b := newBuilder(7, 1)
	b.lists = true
	for _, r := range raw {
		b.add(r)
	}
	return b.state(2)
}

// TestRecords: a record of another length, kind or content is counted, and nothing of it is taken.
func TestRecords(t *testing.T) {
	good := built(samples()...)
	if good.Lost != 0 || len(good.Files) != 2 || len(good.Regs) != 1 || len(good.Threads) != 1 || good.FileAt(3) == nil || good.FileAt(5) != nil {
		t.Fatalf("%+v", good)
	}
	bad := func(what string, raw []byte) {
		t.Helper()
		if s := built(raw); s.Lost != 1 || len(s.Files)+len(s.Watched)+len(s.Regs)+len(s.Threads) != 0 {
			t.Errorf("%s: %d lost, %+v", what, s.Lost, s)
		}
	}
	for i, r := range samples() {
		for n := range len(r) {
			bad(fmt.Sprintf("sample %d, %d of %d bytes", i, n, len(r)), r[:n])
		}
		bad(fmt.Sprintf("sample %d and a byte", i), append(slices.Clone(r), 0))
		for kind := range uint32(8) {
			if other := slices.Clone(r); int(kind) != i+1 {
				binary.LittleEndian.PutUint32(other, kind)
				bad(fmt.Sprintf("sample %d as kind %d", i, kind), other)
			}
		}
	}
	bad("a kind of file that there is not", bytesOf(stateFileRecord{Record: recordFile, Kind: uint8(kinds)}))
	bad("a socket without one", bytesOf(stateFileRecord{Record: recordFile, Kind: uint8(KindSocket)}))
	bad("another negative number", bytesOf(stateFileRecord{Record: recordFile, Fd: -2}))
	bad("a name longer than its place", bytesOf(stateSocketRecord{File: stateFileRecord{Record: recordSocket, Kind: uint8(KindSocket)}, NameLen: 109}))
	bad("a peer's name longer than its place", bytesOf(stateSocketRecord{File: stateFileRecord{Record: recordSocket, Kind: uint8(KindSocket)}, PeerNameLen: 109}))
	bad("a watched file of no kind", bytesOf(stateRegRecord{Record: recordReg, Kind: uint8(kinds)}))
	bad("an instance without a number", bytesOf(stateRegRecord{Record: recordReg, Epfd: -1}))
}

// FuzzRecords: whatever stands in the ring, nothing panics, and every record is in the state or counted.
func FuzzRecords(f *testing.F) {
	var all []byte
	for _, r := range samples() {
		one := binary.LittleEndian.AppendUint16(nil, uint16(len(r)))
		one = append(one, r...)
		f.Add(one)
		all = append(all, one...)
	}
	f.Add(all)
	f.Add([]byte{3, 0, 1, 2, 3, 0, 0, 255, 255, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBuilder(7, 1)
		b.lists = true
		n := 0
		for ; len(data) >= 2; n++ {
			size := min(int(binary.LittleEndian.Uint16(data)), len(data)-2)
			b.add(data[2 : 2+size])
			data = data[2+size:]
		}
		s := b.state(2)
		if got := s.Lost + len(s.Files) + len(s.Watched) + len(s.Regs) + len(s.Threads); got > n {
			t.Fatalf("%d records, and %d are in the state or lost", n, got)
		}
		for i := range s.Files {
			if k := s.Files[i].Socket; k != nil {
				k.Writable()
			}
			_ = s.Files[i].Kind.String()
		}
		s.FileAt(3)
	})
}

// TestKey: a key does not get into a text.
func TestKey(t *testing.T) {
	type with struct{ K Key }
	const secret = Key(0xffff888012345678)
	j, err := json.Marshal(with{secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(secret), fmt.Sprintf("%d %x %#v %q %+v %s %T", secret, secret, secret, secret, with{secret}, []Key{secret}, secret), string(j)} {
		for _, form := range []string{fmt.Sprint(uint64(secret)), fmt.Sprintf("%x", uint64(secret)), fmt.Sprintf("%X", uint64(secret))} {
			if strings.Contains(s, form) {
				t.Errorf("%q has the key", s)
			}
		}
	}
	if fmt.Sprint(Key(0)) == fmt.Sprint(secret) {
		t.Error("no key looks like one")
	}
}

// TestStateLetter: as /proc/PID/stat writes them.
func TestStateLetter(t *testing.T) {
	for _, c := range []struct {
		state, exit uint32
		want        string
	}{{0, 0, "R"}, {1, 0, "S"}, {2, 0, "D"}, {0x402, 0, "I"}, {0x104, 0, "T"}, {8, 0, "t"}, {0x80, 0x20, "Z"}, {0x80, 0x10, "X"}, {0x40, 0, "P"}, {0x1000, 0, "D"}, {0x8000, 0, "D"}, {0x2001, 0, "S"}, {0x102, 0, "D"}, {^uint32(0), ^uint32(0), "I"}} {
		if got := stateLetter(c.state, c.exit); got != c.want {
			t.Errorf("state %#x, exit %#x: %s, want %s", c.state, c.exit, got, c.want)
		}
	}
}
