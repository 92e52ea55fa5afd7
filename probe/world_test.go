package probe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/trace"
	"evviz/world"
)

// folded reads a text and, line by line, holds the emitter's own world against one that whoever gets the events makes of them. It
// returns the emitter's after each line.
func folded(t *testing.T, text []byte) (dumps []string) {
	t.Helper()
	same, read := bothWorlds(text)
	for read() {
		own, ok := same()
		if !ok {
			t.Fatal(own)
		}
		dumps = append(dumps, own)
	}
	return dumps
}

// bothWorlds reads a text line by line. same is what the emitter's world says, or, when its events do not say the same, a report of that.
func bothWorlds(text []byte) (same func() (string, bool), read func() bool) {
	r := newStraceReader([]*input{named(bytes.NewReader(text), "text")}, nil)
	fresh := world.NewTracker()
	var last trace.Event
	r.em.put = func(e *trace.Event) {
		fresh.Add(e)
		last = *e
	}
	r.em.Mend = func(trace.Event) {}
	return func() (string, bool) {
		own, other := r.em.world.Dump(), fresh.World().Dump()
		if own == other {
			return own, true
		}
		return fmt.Sprintf("after line %d, %s:\nthe emitter's world is\n%s\nthe events make\n%s", r.in[0].number, trace.AppendText(nil, &last), own, other), false
	}, r.step
}

// TestWorldOfTexts: what the emitter takes for told is what its events have told, in every text that there is.
func TestWorldOfTexts(t *testing.T) {
	paths, _ := filepath.Glob("testdata/text/*.txt")
	if len(paths) < 4 {
		t.Fatal(paths)
	}
	for _, path := range append(paths, "testdata/prefork.strace") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			folded(t, text)
		})
	}
	for i, text := range trips {
		t.Run(fmt.Sprint(i), func(t *testing.T) { folded(t, []byte(text)) })
	}
}

// a prefork server: a listener that the workers inherit, once CLOEXEC and once not, a thread that ends, workers that use the same numbers,
// a connection that one hands to the other, and a worker that becomes another program.
const preforkText = `100 1.000010 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<TCP:[1]> <0.000001>
100 1.000020 bind(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000001>
100 1.000030 listen(3<TCP:[127.0.0.1:80]>, 16) = 0 <0.000001>
100 1.000040 fcntl(3<TCP:[127.0.0.1:80]>, F_SETFL, O_RDWR|O_NONBLOCK) = 0 <0.000001>
100 1.000050 dup(3<TCP:[127.0.0.1:80]>) = 4<TCP:[127.0.0.1:80]> <0.000001>
100 1.000060 socketpair(AF_UNIX, SOCK_STREAM, 0, [5<UNIX-STREAM:[10->11]>, 6<UNIX-STREAM:[11->10]>]) = 0 <0.000001>
100 1.000070 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD, exit_signal=0} => {parent_tid=[101]}, 88) = 101 <0.000001>
101 1.000080 openat(AT_FDCWD, "/log", O_WRONLY) = 7</log> <0.000001>
101 1.000090 exit(0) = ?
101 1.000091 +++ exited with 0 +++
100 1.000100 clone(child_stack=NULL, flags=SIGCHLD, child_tidptr=0x7f) = 102 <0.000001>
100 1.000110 clone(child_stack=NULL, flags=SIGCHLD, child_tidptr=0x7f) = 103 <0.000001>
100 1.000120 close(5<UNIX-STREAM:[10->11]>) = 0 <0.000001>
102 1.000130 epoll_create1(EPOLL_CLOEXEC) = 8<anon_inode:[eventpoll]> <0.000001>
102 1.000140 epoll_ctl(8<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 3<TCP:[127.0.0.1:80]>, {events=EPOLLIN, data={u32=3, u64=3}}) = 0 <0.000001>
103 1.000150 epoll_create1(EPOLL_CLOEXEC) = 8<anon_inode:[eventpoll]> <0.000001>
103 1.000160 epoll_ctl(8<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 4<TCP:[127.0.0.1:80]>, {events=EPOLLIN, data={u32=4, u64=4}}) = 0 <0.000001>
102 1.000170 accept4(3<TCP:[127.0.0.1:80]>, {sa_family=AF_INET, sin_port=htons(1001), sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_NONBLOCK) = 9<TCP:[127.0.0.1:80->127.0.0.1:1001]> <0.000001>
103 1.000180 accept4(4<TCP:[127.0.0.1:80]>, {sa_family=AF_INET, sin_port=htons(1002), sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_CLOEXEC) = 9<TCP:[127.0.0.1:80->127.0.0.1:1002]> <0.000001>
102 1.000190 sendmsg(5<UNIX-STREAM:[10->11]>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[9<TCP:[127.0.0.1:80->127.0.0.1:1001]>]}], msg_controllen=24, msg_flags=0}, 0) = 1 <0.000001>
103 1.000200 recvmsg(6<UNIX-STREAM:[11->10]>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[10<TCP:[127.0.0.1:80->127.0.0.1:1001]>]}], msg_controllen=24, msg_flags=0}, 0) = 1 <0.000001>
102 1.000210 close(9<TCP:[127.0.0.1:80->127.0.0.1:1001]>) = 0 <0.000001>
103 1.000220 execve("/bin/worker", ["worker"], 0x7f /* 1 var */) = 0 <0.000001>
103 1.000230 recvfrom(10<TCP:[127.0.0.1:80->127.0.0.1:1001]>, "", 64, 0, NULL, NULL) = 0 <0.000001>
`

// TestPreforkWorld: who has what open at the end, and on the way there.
func TestPreforkWorld(t *testing.T) {
	dumps := folded(t, []byte(preforkText))
	lines := strings.Split(strings.TrimSpace(preforkText), "\n")
	after := func(call string) string {
		for i, l := range lines {
			if strings.Contains(l, call) {
				return dumps[i]
			}
		}
		t.Fatal(call)
		return ""
	}
	const listener, pair = `listener peer "" local "127.0.0.1:80" cloexec `, `stream peer "" local "" cloexec false flags 0x0`
	tables := func(of ...string) string { return strings.Join(of, "\n") + "\n" }
	for _, c := range []struct{ when, want string }{
		{"+++ exited", tables( // the thread leaves the table as it is
			`table 100: fd 3 gen 0 #1 `+listener+`true flags 0x800`, `table 100: fd 4 gen 0 #1 `+listener+`false flags 0x800`,
			`table 100: fd 5 gen 0 #2 `+pair, `table 100: fd 6 gen 0 #3 `+pair, `table 100: fd 7 gen 0 #4 other peer "/log" local "" cloexec false flags 0x0`)},
		{"execve", tables(
			`table 100: fd 3 gen 0 #1 `+listener+`true flags 0x800`, `table 100: fd 4 gen 0 #1 `+listener+`false flags 0x800`,
			`table 100: fd 6 gen 0 #2 `+pair, `table 100: fd 7 gen 0 #3 other peer "/log" local "" cloexec false flags 0x0`,
			`table 102: fd 3 gen 0 #1 `+listener+`true flags 0x800`, `table 102: fd 4 gen 0 #1 `+listener+`false flags 0x800`,
			`table 102: fd 5 gen 0 #4 `+pair, `table 102: fd 6 gen 0 #2 `+pair, `table 102: fd 7 gen 0 #3 other peer "/log" local "" cloexec false flags 0x0`,
			`table 102: fd 8 gen 0 #5 epoll peer "" local "" cloexec true flags 0x0`, `  #5 watches #1 as fd 3: 0x1 data 0x3 known true stale false`,
			`table 103: fd 4 gen 0 #1 `+listener+`false flags 0x800`, `table 103: fd 5 gen 0 #4 `+pair, `table 103: fd 6 gen 0 #2 `+pair,
			`table 103: fd 7 gen 0 #3 other peer "/log" local "" cloexec false flags 0x0`,
			`table 103: fd 10 gen 0 #6 stream peer "127.0.0.1:1001" local "127.0.0.1:80" cloexec false flags 0x0`)},
	} {
		got := after(c.when)
		if i := strings.Index(got, "table 100: fd"); i < 0 || got[i:] != c.want {
			t.Errorf("after %s\n%s\nshould be\n%s", c.when, got, c.want)
		}
	}
	before := after("9<TCP:[127.0.0.1:80->127.0.0.1:1002]>")
	for _, want := range []string{`table 102: fd 9 gen 0 #6 stream peer "127.0.0.1:1001"`, `table 103: fd 9 gen 0 #8 stream peer "127.0.0.1:1002"`} {
		if !strings.Contains(before, want) {
			t.Errorf("the same number in two processes: no %q in\n%s", want, before)
		}
	}
}

// TestPreforkTold: a file that several numbers lead to is told once, by whichever of them it is met first.
func TestPreforkTold(t *testing.T) {
	s := NewStrace(strings.NewReader(preforkText), "prefork")
	sound(t, s)
	if n, first := s.Unparsed(); n != 0 {
		t.Fatal(first)
	}
	states := map[int32]int{}
	for _, e := range s.All() {
		if e.Kind == trace.State {
			states[e.FD]++
		}
	}
	if states[3] != 1 || states[4] != 0 {
		t.Errorf("restatements by descriptor: %v", states)
	}
}

// TestExecOfSharedTable: a child with CLONE_FILES shares its parent's table until it becomes another program.
func TestExecOfSharedTable(t *testing.T) {
	dumps := folded(t, []byte(`100 1.000010 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 3</a> <0.000001>
100 1.000020 openat(AT_FDCWD, "/b", O_RDONLY) = 4</b> <0.000001>
100 1.000030 clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|SIGCHLD, child_tidptr=0x7f) = 101 <0.000001>
101 1.000040 openat(AT_FDCWD, "/c", O_RDONLY) = 5</c> <0.000001>
101 1.000050 execve("/bin/true", ["true"], 0x7f /* 1 var */) = 0 <0.000001>
101 1.000060 close(4</b>) = 0 <0.000001>
100 1.000070 exit_group(0) = ?
100 1.000071 +++ exited with 0 +++
101 1.000080 execve("/bin/false", ["false"], 0x7f /* 1 var */) = 0 <0.000001>
101 1.000090 read(5</c>, "", 9) = 0 <0.000001>
`))
	line := func(table, fd, file int, path string, cloexec bool) string {
		return fmt.Sprintf("table %d: fd %d gen 0 #%d other peer %q local \"\" cloexec %v flags 0x0\n", table, fd, file, path, cloexec)
	}
	for i, want := range map[int]string{
		3: line(100, 3, 1, "/a", true) + line(100, 4, 2, "/b", false) + line(100, 5, 3, "/c", false),
		5: line(100, 3, 1, "/a", true) + line(100, 4, 2, "/b", false) + line(100, 5, 3, "/c", false) + line(101, 5, 3, "/c", false),
		9: line(101, 5, 1, "/c", false),
	} {
		if !strings.HasSuffix(dumps[i], "\n"+want) {
			t.Errorf("after line %d\n%s\nshould end in\n%s", i+1, dumps[i], want)
		}
	}
}
