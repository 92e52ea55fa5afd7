package look

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"evviz/probe"
	"evviz/trace"
)

// What /proc and the kernel's sockets say is read as it comes: names are anybody's, and a kernel may write more or less than this one. No text
// makes a parser panic, and what is taken of one is within its bounds.

// realFiles adds what this process's own files say.
func realFiles(f *testing.F, patterns ...string) {
	for _, p := range patterns {
		files, _ := filepath.Glob(p)
		for _, name := range files[:min(len(files), 3)] {
			if b, err := os.ReadFile(name); err == nil && len(b) < 1<<14 {
				f.Add(string(b))
			}
		}
	}
}

func FuzzStat(f *testing.F) {
	realFiles(f, "/proc/self/stat", "/proc/self/task/*/stat")
	f.Add("1 (a) b) (c) S 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21")
	f.Add("1 () Z")
	f.Add(") 1 (")
	f.Fuzz(func(t *testing.T, s string) {
		st, err := parseStat(s)
		if err == nil && !strings.Contains(s, "("+st.name+")") {
			t.Errorf("%q: %+v", s, st)
		}
		if d := doing(st.state); d > trace.DoingEnded {
			t.Errorf("%q: doing %d", s, d)
		}
	})
}

func FuzzInfo(f *testing.F) {
	realFiles(f, "/proc/self/fdinfo/*")
	f.Add("pos:\t0\nflags:\t02000002\ntfd:        5 events:       19 data:                5  pos:0 ino:3211b1d sdev:9\n")
	f.Add("flags:\t07777777777777777777777777\neventfd-count: ffffffffffffffff\nticks: -1\n")
	f.Add("eventfd-count:                3\neventfd-id: 7\nticks: 4\n")
	f.Fuzz(func(t *testing.T, s string) {
		in := infoOf([]byte(s))
		if n := in.octal("flags"); n < 0 {
			t.Errorf("%q: flags %d", s, n)
		}
		if n := in.hex("eventfd-count", -1); n < -1 {
			t.Errorf("%q: count %d", s, n)
		}
		if n := in.decimal("ticks", -1); n < -1 {
			t.Errorf("%q: ticks %d", s, n)
		}
		if n := len(probe.ParseRegistrations([]byte(s))); n > strings.Count(s, "tfd:") {
			t.Errorf("%q: %d registrations", s, n)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 5311 1 0000000000000000 100 0 0 10 0\n")
	f.Add("   1: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:9C40 08 00000000:00000001 00:00000000 00000000 0 0 5312 1\n")
	f.Add("0000000000000000: 00000002 00000000 00010000 0001 01 20741 /run/a name with blanks\n")
	f.Add("0000000000000000: 00000003 00000000 00000000 0002 03 20742 @abstract\n")
	f.Add("0000000000000000: 00000003 00000000 00000000 0005 03 20743\n")
	f.Fuzz(func(t *testing.T, line string) {
		for _, typ := range []uint32{trace.TypeStream, trace.TypeDatagram} {
			for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
				if s, ok := tableLine(line, family, typ); ok {
					s.tell(&FileMoment{})
					if s.Family != family || s.Listening != (s.Type == trace.TypeListener) {
						t.Errorf("%q: %+v", line, s)
					}
				}
			}
		}
		if s, ok := unixLine(line); ok && (s.Family != unix.AF_UNIX || !strings.Contains(line, s.Name)) {
			t.Errorf("%q: %+v", line, s)
		}
		tableAddress(line)
	})
}

func FuzzCall(f *testing.F) {
	realFiles(f, "/proc/self/task/*/syscall")
	f.Add("running")
	f.Add("-1 0x7ffd1 0x7f1")
	f.Add("7 0x7f01 0x2 0xffffffffffffffff 0x0 0x8 0x0 0x7ffd 0x7f0a")
	f.Add("9223372036854775807 1")
	f.Fuzz(func(t *testing.T, s string) {
		th := ThreadMoment{Call: unknownCall}
		th.call(s)
		if th.Call < unknownCall {
			t.Errorf("%q: call %d", s, th.Call)
		}
		if name := callName(th.Call); (name == "") != (th.Call < 0) {
			t.Errorf("%q: call %d is %q", s, th.Call, name)
		}
		switches(s)
	})
}

// answerOf is an answer of sock_diag with attributes.
func answerOf(body []byte, attrs ...[]byte) []byte {
	b := make([]byte, netlinkHeader)
	b = append(b, body...)
	for i, a := range attrs {
		head := make([]byte, 4)
		binary.NativeEndian.PutUint16(head, uint16(4+len(a)))
		binary.NativeEndian.PutUint16(head[2:], uint16(i))
		b = append(append(b, head...), a...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], diagByFamily)
	return b
}

func FuzzAnswers(f *testing.F) {
	inet := make([]byte, inetAnswer)
	inet[0], inet[1] = unix.AF_INET6, tcpCloseWait
	inet[56] = 9
	f.Add(answerOf(inet, nil, nil, make([]byte, 60), nil, nil, nil, nil, make([]byte, 36)))
	inet[0], inet[1] = unix.AF_INET, tcpListen
	f.Add(append(answerOf(inet), answerOf(inet[:40])...))
	ux := make([]byte, unixAnswer)
	ux[0], ux[1], ux[2] = unix.AF_UNIX, unix.SOCK_DGRAM, 7
	f.Add(answerOf(ux, []byte("\x00name"), nil, make([]byte, 4), nil, make([]byte, 8), make([]byte, 36), []byte{3}))
	f.Add(answerOf(ux, []byte("/run/x\x00"), nil, []byte{1}, nil, []byte{1, 2}, []byte{3}, nil))
	done := answerOf(nil)
	binary.NativeEndian.PutUint16(done[4:], unix.NLMSG_DONE)
	f.Add(done)
	refused := answerOf([]byte{0xff, 0xff, 0xff, 0xff})
	binary.NativeEndian.PutUint16(refused[4:], unix.NLMSG_ERROR)
	f.Add(refused)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, of := range []func([]byte) Socket{tcpSocket, udpSocket, unixSocket} {
			all, done, err := answers(b, of, nil)
			if err != nil && !done {
				t.Error("it goes on behind an error")
			}
			if len(all) > len(b)/netlinkHeader {
				t.Errorf("%d sockets in %d bytes", len(all), len(b))
			}
			for i := range all {
				x := FileMoment{Unread: -1, Backlog: -1, Unsent: -1, UnreadFor: -1}
				all[i].tell(&x)
				if x.Unread < -1 || x.Backlog < -1 || x.Unsent < -1 {
					t.Errorf("%+v", x)
				}
			}
		}
	})
}
