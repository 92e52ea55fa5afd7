package probe

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/trace"
)

// TestBesideLines: what each tool prints is read as what it says, alone, quoted and indented.
func TestBesideLines(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"lsof", `COMMAND PID TID TASKCMD USER FD TYPE DEVICE SIZE/OFF NODE NAME
srv     812      www  cwd       DIR    8,1     4096    2 /
srv     812      www  mem       REG    8,1     4096    9 /usr/lib/libc.so.6
srv     812      www    0r      CHR    1,3      0t0    6 /dev/null
srv     812 815 pool www    4u  a_inode   0,14        0 1234 [eventpoll:5,7]
srv     812      www    5u     IPv6  98765      0t0  TCP *:8080 (LISTEN)
srv     812      www    7u     IPv4  98766      0t0  TCP 10.0.0.1:8080->10.0.0.2:40000 (CLOSE_WAIT)
srv     812      www    8u     IPv4  98767      0t0  UDP 127.0.0.1:53
srv     812      www    9u     unix 0xffff8881      0t0 4412 /run/x.sock type=SEQPACKET (LISTEN)
srv     812      www   10w     FIFO   0,13      0t0 4413 pipe
srv     812      www   11u     IPv4  98768      0t0  TCP web.example:http->far.example:https (ESTABLISHED)
`, `812/0 other path /dev/null
812/4 epoll
812/5 listener 0.0.0.0:8080 LISTEN
812/7 stream 10.0.0.1:8080>10.0.0.2:40000 CLOSE_WAIT
812/8 datagram 127.0.0.1:53
812/9 listener
812/10 pipe
812/11 stream ESTABLISHED
`},
		{"ls -l", `$ sudo ls -l /proc/812/fd
total 0
lr-x------ 1 www www 64 Nov  3 10:00 0 -> /dev/null
lrwx------ 1 www www 64 Nov  3 10:00 4 -> 'anon_inode:[eventpoll]'
lrwx------. 1 www www 64 Nov  3 10:00 6 -> anon_inode:[timerfd]
lrwx------ 1 www www 64 Nov  3 10:00 7 -> socket:[98766]
l-wx------ 1 www www 64 Nov  3 10:00 12 -> pipe:[77]
`, `812/0 other path /dev/null
812/4 epoll
812/6 timerfd
812/7 
812/12 pipe
`},
		{"ss", `Netid State      Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
tcp   LISTEN     3      128    *:8080              *:*               users:(("srv",pid=812,fd=5),("srv",pid=813,fd=5))
tcp   CLOSE-WAIT 25     0      10.0.0.1:8080       10.0.0.2:40000    users:(("srv",pid=812,fd=7))
udp   UNCONN     0      0      127.0.0.1%lo:53     0.0.0.0:*         users:(("srv",pid=812,fd=8))
u_str ESTAB      0      0      * 4412              * 4413            users:(("srv",pid=812,fd=9))
`, `812/5 listener 0.0.0.0:8080 LISTEN recv 3
813/5 listener 0.0.0.0:8080 LISTEN recv 3
812/7 stream 10.0.0.1:8080>10.0.0.2:40000 CLOSE_WAIT recv 25
812/8 datagram 127.0.0.1:53 CLOSE recv 0
`},
		{"ss -tnp", `State      Recv-Q Send-Q Local Address:Port  Peer Address:Port
ESTAB      0      0      [::ffff:10.0.0.1]:8080 [::ffff:10.0.0.2]:40000 users:(("srv",pid=812,fd=7)) ino:98766 sk:1
`, `812/7 stream 10.0.0.1:8080>10.0.0.2:40000 ESTABLISHED recv 0
`},
		{"netstat", `Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 0.0.0.0:8080            0.0.0.0:*               LISTEN      812/srv
tcp6      12      0 ::1:8080                ::1:40000               ESTABLISHED 812/srv
`, `812/-1 listener 0.0.0.0:8080 LISTEN recv 0
812/-1 stream [::1]:8080>[::1]:40000 ESTABLISHED recv 12
`},
		{"fdinfo", `==> /proc/812/fdinfo/4 <==
pos:	0
flags:	02004002
mnt_id:	15
tfd:        7 events:     2019 data:               10  pos:0 ino:181ce sdev:9
`, `812/4  flags 0x80800
registered: 812 ep4 fd 7 0x2019 data 0x10
`},
		{"fdinfo by grep", `/proc/812/fdinfo/4:tfd:        7 events: 80000019 data:     ffff00000007 
`, `registered: 812 ep4 fd 7 0x80000019 data 0xffff00000007
`},
		{"fdinfo of nobody knows what", `tfd:        7 events: 40000000 data:                7
`, `registered: 0 ep-1 fd 7 0x40000000 data 0x7
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, how := range []string{"", "> ", "    "} {
				b := &Beside{}
				for line := range strings.Lines(c.text) {
					if !b.Line([]byte(how + strings.TrimSuffix(line, "\n"))) {
						t.Errorf("%q: not known: %q", how, line)
					}
				}
				if got := said(b); got != c.want && !(how != "" && strings.HasPrefix(c.name, "fdinfo by")) {
					t.Errorf("%q: got\n%s\nwant\n%s", how, got, c.want)
				}
			}
		})
	}
	for _, s := range []string{"", "total", "I ran lsof and ss on it", "the total 0 is wrong here", "see /proc (the file system) for it", "tcp is a protocol, as is udp", "5 -> 7",
		"LISTEN to me, it is 12 o'clock now", "a 1 b c 7u IPv4", "lrwx is what ls prints -> there", "struct file *f = get(fd);"} {
		if b := (&Beside{}); b.Line([]byte(s)) || !b.Empty() {
			t.Errorf("%q is taken for a line of another tool", s)
		}
	}
}

func said(b *Beside) string {
	var w strings.Builder
	for _, x := range b.FDs {
		fmt.Fprintf(&w, "%d/%d %s", x.PID, x.FD, trace.TypeNames.Word(x.Type))
		for _, p := range []struct{ before, s string }{{" ", x.Local}, {">", x.Peer}, {" path ", x.Path}, {" ", x.State}} {
			if p.s != "" {
				w.WriteString(p.before + p.s)
			}
		}
		if x.Recv >= 0 {
			fmt.Fprintf(&w, " recv %d", x.Recv)
		}
		if x.Flags != 0 {
			fmt.Fprintf(&w, " flags %#x", x.Flags)
		}
		w.WriteByte('\n')
	}
	for _, r := range b.Regs {
		fmt.Fprintf(&w, "registered: %d ep%d fd %d %#x data %#x\n", r.PID, r.EPFD, r.FD, r.Events, r.Data)
	}
	return w.String()
}

// TestBesideFold: what stands before or behind a log, or in a file of its own, is told before the log's first call, unless the log knows
// better; and no such line counts as not understood.
func TestBesideFold(t *testing.T) {
	const log = `10:00:00.000001 epoll_wait(4, [{EPOLLIN, {u32=7, u64=7}}], 64, -1) = 1 <0.000010>
10:00:00.000101 read(7, "x", 4096) = 1 <0.000010>
`
	const about = `srv     812      www    4u  a_inode   0,14        0 1234 [eventpoll]
srv     812      www    7u     IPv4  98766      0t0  TCP 10.0.0.1:8080->10.0.0.2:40000 (ESTABLISHED)
tfd:        7 events:       19 data:                7  pos:0 ino:181ce sdev:9
`
	both := []string{"fd=4 what=descriptor type=epoll", "fd=7 what=descriptor type=stream", `text="10.0.0.2:40000"`, "fd=7 inst=ep4 bits=0x1 what=registration a=0x7"}
	for _, c := range []struct {
		name, text, with string
		says, not        []string
	}{
		{"before", about + log, "", both, nil},
		{"behind", log + about, "", both, nil},
		{"in a file", log, about, both, nil},
		{"said twice", about + "lrwx------ 1 a a 64 Nov 3 10:00 4 -> anon_inode:[eventpoll]\n" + log, "", both, nil},
		{"with threads", strings.ReplaceAll(log, "10:00", "[pid 812] 10:00") + about, "", both, nil},
		{"of another thread of it", strings.ReplaceAll(log, "10:00", "[pid 815] 10:00") + about, "", both, nil},
		{"of another process", strings.ReplaceAll(log, "10:00", "[pid 900] 10:00") + about + "srv 900 www 9u FIFO 0,13 0t0 4413 pipe\n", "", []string{"fd=9 what=descriptor type=pipe"}, []string{"fd=4 what=descriptor"}},
		{"closed in the log", log + "10:00:00.000201 close(7) = 0 <0.000001>\n" + about, "", both[:1], []string{"10.0.0.2", "what=registration"}},
		{"made in the log", log + "10:00:00.000201 accept4(5, NULL, NULL, 0) = 7 <0.000001>\n" + about, "", both[:1], []string{"10.0.0.2", "what=registration"}},
		{"closed in the log, said before it", about + log + "10:00:00.000201 close(7) = 0 <0.000001>\n", "", both, nil},
		{"named by the log", strings.ReplaceAll(log, "(7,", "(7<TCP:[10.0.0.9:1->10.0.0.8:2]>,") + about, "", []string{"10.0.0.8:2"}, []string{"10.0.0.2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.strace")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var with *Beside
			if c.with != "" {
				extra := filepath.Join(t.TempDir(), "lsof")
				if err := os.WriteFile(extra, []byte(c.with), 0o600); err != nil {
					t.Fatal(err)
				}
				var err error
				if with, err = ReadBeside(extra); err != nil {
					t.Fatal(err)
				}
			}
			s, err := OpenStraceWith(with, path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if n, first := s.Unparsed(); n > 0 {
				t.Errorf("%d lines not understood: %q", n, first)
			}
			sound(t, s)
			again, err := OpenStraceWith(with, path)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			text := dump(t, again)
			before, _, _ := strings.Cut(text, "Wait enter")
			if c.name == "named by the log" {
				before = text
			}
			if n := strings.Count(text, both[0]); n > 1 {
				t.Errorf("the instance is told %d times", n)
			}
			for _, w := range c.says {
				if !strings.Contains(before, w) {
					t.Errorf("nothing of %q before the first call in\n%s", w, text)
				}
			}
			for _, w := range c.not {
				if strings.Contains(text, w) {
					t.Errorf("%q in\n%s", w, text)
				}
			}
		})
	}
}

// TestBesidePipe: what comes before the log in a pipe is told; what comes behind it is known at the end.
func TestBesidePipe(t *testing.T) {
	const log = "read(7, \"x\", 4096) = 1\nread(8, \"x\", 4096) = 1\n"
	s := NewStrace(strings.NewReader("srv 812 www 7u FIFO 0,13 0t0 4413 pipe\n"+log+"srv 812 www 8u FIFO 0,13 0t0 4413 pipe\n"), "-")
	defer s.Close()
	text := dump(t, s)
	if !strings.Contains(text, "fd=7 what=descriptor type=pipe") || strings.Contains(text, "fd=8 what=descriptor") {
		t.Errorf("want fd 7 alone in\n%s", text)
	}
}

// TestBesideQueue: sockets are found by their addresses, in whatever form they are written.
func TestBesideQueue(t *testing.T) {
	b := &Beside{}
	for _, s := range []string{`LISTEN 3 128 *:8080 *:* users:(("srv",pid=812,fd=5))`, `CLOSE-WAIT 25 0 10.0.0.1:8080 [::ffff:10.0.0.2]:40000 users:(("srv",pid=812,fd=7))`,
		"tfd: 7 events: 40000000 data: 7"} {
		if !b.Line([]byte(s)) {
			t.Fatal(s)
		}
	}
	for _, c := range []struct {
		local, peer string
		n           int64
		ok          bool
	}{{"10.0.0.1:8080", "10.0.0.2:40000", 25, true}, {"", "10.0.0.2:40000", 25, true}, {"10.0.0.1:8080", "", 3, true}, {"0.0.0.0:8080", "", 3, true},
		{"10.0.0.9:8080", "10.0.0.2:40000", 0, false}, {"10.0.0.1:8080", "10.0.0.3:1", 0, false}, {"10.0.0.1:81", "", 0, false}, {"", "", 0, false}} {
		if n, ok := b.Queue(c.local, c.peer); n != c.n || ok != c.ok {
			t.Errorf("%q, %q: %d, %v, want %d, %v", c.local, c.peer, n, ok, c.n, c.ok)
		}
	}
	if !b.Closing(0, 7, "10.0.0.2:40000") || !b.Closing(0, 7, "") || b.Closing(0, 5, "") || b.Closing(0, 7, "10.0.0.3:1") {
		t.Error("fd 7 alone is in CLOSE_WAIT")
	}
	if !b.Closing(812, 7, "") || b.Closing(813, 7, "") {
		t.Error("fd 7 of process 812 alone is in CLOSE_WAIT")
	}
	if armed, _, ok := b.Interest(4, 7); !ok || armed {
		t.Error("fd 7 is registered and disarmed")
	}
}

// TestBesideNothing: a file without such a line is refused with what is wanted.
func TestBesideNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prose")
	if err := os.WriteFile(path, []byte("nothing of the kind\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadBeside(path); err == nil || !strings.Contains(err.Error(), "lsof -p") {
		t.Errorf("error %v", err)
	}
}

func FuzzBeside(f *testing.F) {
	for _, s := range []string{"srv 812 www 7u IPv4 98766 0t0 TCP 10.0.0.1:80->10.0.0.2:4 (CLOSE_WAIT)", "tfd: 7 events: 19 data: 7", "/proc/1/fdinfo/4:tfd: 7 events: 19 data: 7",
		`ESTAB 0 0 1.2.3.4:5 6.7.8.9:1 users:(("a",pid=1,fd=2))`, "lrwx------ 1 a a 64 Nov 3 10:00 7 -> socket:[9]", "tcp 0 0 ::1:80 ::1:9 LISTEN 1/a"} {
		f.Add([]byte(s + "\nread(7, \"\", 1) = 0\n" + s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := NewStrace(strings.NewReader(string(text)), "-")
		defer s.Close()
		sound(t, s)
	})
}

// TestBesideOfAnother: what stands beside the log of one process about another's descriptor of the same number is not taken for its own.
func TestBesideOfAnother(t *testing.T) {
	const call = "1700000000.001000 read(7, \"\", 10) = 0 <0.000010>\n"
	for of, mine := range map[string]bool{"4711": true, "999": false} {
		path := filepath.Join(t.TempDir(), "log")
		text := "$ strace -ttt -T -p 4711\n" + call + "\nlsof says:\nsrv " + of + " www 7u IPv4 77002 0t0 TCP 10.0.0.1:80->10.0.0.9:40002 (CLOSE_WAIT)\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStream(path)
		if err != nil {
			t.Fatal(err)
		}
		told := false
		for buf := make([]trace.Event, 64); ; {
			n, err := s.Read(t.Context(), buf)
			for i := range buf[:n] {
				told = told || buf[i].Kind == trace.State && buf[i].FD == 7
			}
			if err != nil {
				break
			}
		}
		if closing := s.Beside().Closing(0, 7, ""); told != mine || closing != mine {
			t.Errorf("lines of process %s: named %t, in CLOSE_WAIT %t, want %t", of, told, closing, mine)
		}
		s.Close()
	}
}
