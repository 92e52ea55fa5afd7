package probe

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"evviz/internal/plain"
	"evviz/trace"
)

// shapes that a careless reader trips over.
var trips = []string{
	"read(3<", "read(3<a->b>, \"\\", "[pid", "[pid 1] [", "1 (+", "--- ---", "+++ +++", "<... read resumed>", " => {", "4 9e9 read(",
	"read(-1, \"\", 18446744073709551615) = 9223372036854775807", "epoll_wait(2147483647, [{events=0, data={}}], -1, -1) = 1",
	"4000000000.999999999 clock_nanosleep(0, 0, {tv_sec=9223372036854775807, tv_nsec=0}, NULL) = 0 <99999999.0>\n3 close(1) = 0",
	"5 clone(flags=CLONE_THREAD <unfinished ...>\n6 fork( <unfinished ...>\n7 close(1) = 0\n5 <... clone resumed>) = 6\n6 <... fork resumed>) = 5",
	"poll([{fd=3, events=POLLIN}, {fd=3, events=POLLOUT}, {fd=-1}, ...], 4294967295, -1) = 2 ([{fd=3, revents=POLLIN|POLLOUT}])",
	"select(1024, [1 2<x> ...], [], 0x7f, {0, 0}) = 9 (in [1 2], out [], left {0, 0})", "pselect6(-1, NULL, NULL, NULL, NULL, {NULL, 8}) = 1 (in [",
	"recvmmsg(3, [{msg_hdr={msg_iov=[{iov_base=\"\", iov_len=9999999999999}]}, msg_len=4294967295}, ...], 1, 0, NULL) = 1",
	"pipe2([3, 4], 0) = 0\nsplice(3, NULL, 4, NULL, 1, 0) = 1\nclose_range(0, 4294967295, 0) = 0\ndup2(3, 3) = 3",
	"timerfd_create(0, 0) = 3\ntimerfd_settime(3, 0, {{9223372036, 0}, {9223372036, 0}}, NULL) = 0\nread(3, \"\\377\\377\\377\\377\\377\\377\\377\\377\", 8) = 8",
	"9 futex(0x7f, FUTEX_WAIT, 2, NULL <unfinished ...>\n9 futex(0x7f, FUTEX_WAIT, 2, NULL <unfinished ...>\n9 <... futex resumed>) = 0 <0.1>\n9 exit(0) = ?\n9 close(3) = 0",
	"read(3, \"\", 1) = -1 (errno 18446744073709551385) <0.000075>", "> > `7 close(3) = 0`", "&gt; 7 write(1, \"\", 0 &lt;unfinished ...&gt;",
	"**7 close(3) = 0**", "// -- # ; $ 7 close(3) = 0", "pid 7] close(3) = 0", "```[pid 7] close(3) = 0```", "epoll_wait(4, {{EPOLLIN, {u32=9, u64=9```, 32, -1) = 1",
	"<p><tt>epoll_wait(4, <tt>EPOLLIN, {u32=9</tt>, 32, -1) = 1</p>", "epoll_wait(4, [{EPOLLIN,\n\n{u32=9, u64=9}\n}], 32, -1) = 1", "read(fd=3, buf=\"=3D\", count=8) =3D 5=\n\n",
	"log:1:close(3) = 0\n12:close(3) = 0", "   1 close(3) = 0\n   2 close(3) = 0\n   3 close(3) = 0", "web_1  | close(3) = 0", "2024-05-06T07:08:09.1Z close(3) = 0",
	"May  6 07:08:09 h t[7]: close(3) = 0", "write(2, \"\\0fscf\\0\", 6", "select(11, [10], NULL, NULL, NULL", "7 read(3,  <detached ...>\n[...]\n7 close(3) = 0",
	"restart_syscall(<... resuming interrupted poll ...>) = 1\nrestart_syscall(<... resuming interrupted read ...> <unfinished ...>\n<... restart_syscall resumed>) = 0",
	"7 <... epoll_wait resumed>[{EPOLLIN, {u32=9, u64=9}}], 5, 500) = 1 <0.5>\n7 <... poll resumed>) = 1 ([{fd=9, revents=POLLIN}])\n7 epoll_wait(5, ",
	"7 <... recvmmsg resumed>[{msg_hdr={msg_iov=[{iov_base=\"\", iov_len=9}], msg_flags=MSG_TRUNC}, msg_len=5}], 1, 0, NULL) = 1\n7 <... select resumed>) = 2 (in [3], left {0, 5})",
	"Process 5 attached\nread(3, \"\", 1) = 0\n```\n```\n$ strace -p 6\nread(3, \"\", 1) = 0\nstrace: Process 5 attached\nread(3, \"\", 1) = 0",
	"clock_gettime(CLOCK_MONOTONIC, {1, 5}) = 0\ngettimeofday({9999999999, 5}, NULL) = 0\ntime(NULL) = 5\nclock_gettime(CLOCK_MONOTONIC, {4000000000, 5}) = 0\nclock_gettime(1, {0, 5}) = 0",
	"poll([{fd=3, events=POLLIN}], 1, 2147483647) = 0 (Timeout)\nnanosleep({4000000000, 0}, NULL) = 0\nnanosleep({4000000000, 0}, NULL) = 0\nclose(3) = 0",
	"3.448060 close(5) = 0\n14810 1795983633.448071 close(6) = 0", "ioctl(3, FIONREAD, [2147483648]) = 0\nepoll_ctl(0x3, EPOLL_CTL_DEL, 99999999999999999999, 7ffc) = -1 EBADF (Bad)",
	"\x1b[1m7\x1b[0m close(3) = 0", "```", "> /lib/a(b+0x1) [0x1]", "12: close(3) = 0", "7<a b> 1.5 [ 288] [00007f] close(3</a>) = 0",
}

// FuzzStraceLine: the parts that look at one line come to an end on any text, and what is read in one go is read the same way
// word by word.
func FuzzStraceLine(f *testing.F) {
	for _, s := range trips {
		for line := range strings.Lines(s) {
			f.Add([]byte(line))
		}
	}
	for _, text := range texts(f) {
		for line := range strings.Lines(string(text)) {
			f.Add([]byte(line))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		var l line
		clean := parsePasted(&l, text, true)
		if len(clean) > len(text) {
			t.Fatalf("a line of %d bytes became one of %d", len(text), len(clean))
		}
		if l.what == isCall || l.what == isBegun {
			p := newParser()
			p.comments = true
			var a, b Call
			a.Sys, b.Sys = l.sys, l.sys
			tookA, okA := p.parseCall(&a, l.body, l.what == isBegun)
			p.slowly = true
			tookB, okB := p.parseCall(&b, l.body, l.what == isBegun)
			if tookA != tookB || okA != okB || okA && !same(&a, &b) {
				t.Fatalf("in one go %v %+v\nword by word %v %+v", okA, a, okB, b)
			}
		}
		if s := plain.Text(clip(text, keptBytes)); strings.ContainsAny(s, "\x1b\x07\u009b") || !utf8.ValidString(s) {
			t.Fatalf("%q", s)
		}
		if !bytes.Equal(text, before) {
			t.Fatal("the text was written to")
		}
	})
}

// same compares two calls without what their memory looks like.
func same(a, b *Call) bool {
	if len(a.Events) != len(b.Events) || len(a.FDs) != len(b.FDs) {
		return false
	}
	for i := range a.Events {
		if a.Events[i] != b.Events[i] {
			return false
		}
	}
	for i := range a.FDs { // their order means nothing
		if !slices.Contains(b.FDs, a.FDs[i]) {
			return false
		}
	}
	return a.Args == b.Args && a.Ret == b.Ret && a.Errno == b.Errno && a.Nanos == b.Nanos && a.Bytes == b.Bytes && a.Value == b.Value
}

func texts(f *testing.F) (out [][]byte) {
	files, _ := filepath.Glob("testdata/text/*.txt")
	for _, p := range files {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// FuzzStraceFile: any text gives events that keep the invariants, and the same ones whether it is kept or not.
func FuzzStraceFile(f *testing.F) {
	for _, b := range texts(f) {
		f.Add(b)
	}
	for _, s := range trips {
		f.Add([]byte(s))
	}
	for _, c := range mendForms() {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		Sniff(text)
		if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
			return // what gzip has not made well is an error, and no text
		}
		s := NewStrace(bytes.NewReader(text), "fuzz")
		sound(t, s)
		n, first := s.Unparsed()
		if len(first) != min(n, keptLines) {
			t.Errorf("%d not understood, %d kept", n, len(first))
		}
		st, err := StreamStrace(bytes.NewReader(text), "fuzz")
		if err != nil {
			t.Fatal(err)
		}
		if evs := streamed(t, st); len(evs) != len(s.All()) {
			t.Errorf("%d events as a stream, %d as a whole", len(evs), len(s.All()))
		}
		_, last := s.Bounds()
		if err := s.SeekTime(last); err != nil {
			t.Fatal(err)
		}
		readAll(t, s)

		same, read := bothWorlds(text)
		for read() {
		}
		if report, ok := same(); !ok {
			t.Error(report)
		}

		// The same lines as two files of strace -ff.
		half := bytes.IndexByte(text[len(text)/2:], '\n')
		if half < 0 {
			return
		}
		half += len(text)/2 + 1
		streamed(t, newStream([]*input{named(bytes.NewReader(text[:half]), "out.7"), named(bytes.NewReader(text[half:]), "out.8")}, "out", func(Odd) {}, nil))
	})
}

var _ trace.Source = (*Stream)(nil)
