package cmd

import (
	"fmt"
	"strings"
	"testing"

	"evviz/diagnostics"
)

// TestCheckBothEnds: where a log has both ends of a connection, what was sent after a read is a new message however soon the next wait comes
// back, and what the other end has sent and nobody has read is left for certain.
func TestCheckBothEnds(t *testing.T) {
	for name, ends := range map[string][3]string{
		"a pair of sockets": {"7<UNIX-STREAM:[11->12]>", "8<UNIX-STREAM:[12->11]>",
			"socketpair(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0, [7<UNIX-STREAM:[11->12]>, 8<UNIX-STREAM:[12->11]>]) = 0"},
		"a pipe": {"7<pipe:[11]>", "8<pipe:[11]>", "pipe2([7<pipe:[11]>, 8<pipe:[11]>], O_NONBLOCK) = 0"},
		"a server and its client": {"7<TCP:[127.0.0.1:80->127.0.0.1:5000]>", "8<TCP:[127.0.0.1:5000->127.0.0.1:80]>",
			"accept4(5<TCP:[127.0.0.1:80]>, {sa_family=AF_INET, sin_port=htons(5000), sin_addr=inet_addr(\"127.0.0.1\")}, [16], SOCK_NONBLOCK) = 7<TCP:[127.0.0.1:80->127.0.0.1:5000]>"},
	} {
		log := func(edge string, sends func(read int) int) (lines []string) {
			at := 1795410600_000000
			add := func(tid, us int, format string, args ...any) {
				lines = append(lines, fmt.Sprintf("%d %d.%06d ", tid, at/1e6, at%1e6)+fmt.Sprintf(format, args...)+fmt.Sprintf(" <0.%06d>", us))
				at += us + 10
			}
			server, client := ends[0], ends[1]
			if strings.HasPrefix(name, "a server") {
				add(101, 20, "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 8<TCP:[99]>")
				add(101, 20, `connect(8<TCP:[99]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`)
			}
			add(100, 20, "%s", ends[2])
			add(100, 20, "clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0, stack=0x7f, stack_size=0x7fff00} => {parent_tid=[101]}, 88) = 101")
			add(100, 20, "epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, %s, {events=EPOLLIN%s, data={u32=7, u64=7}}) = 0", server, edge)
			for i := range 20 {
				if n := sends(i); n > 0 {
					add(101, 20, `write(%s, "x"..., %d) = %[2]d`, client, n)
				}
				if edge != "" && sends(i) == 0 {
					add(100, 100_000, "epoll_wait(4<anon_inode:[eventpoll]>, [], 16, 100) = 0")
					continue
				}
				add(100, 15, "epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=7, u64=7}}], 16, 1000) = 1")
				add(100, 20, `read(%s, "x"..., 1024) = 1024`, server)
			}
			add(100, 1_500_000, "epoll_wait(4<anon_inode:[eventpoll]>, [], 16, 1500) = 0")
			return lines
		}
		each := func(int) int { return 1024 }
		once := func(i int) int {
			if i == 0 {
				return 20 * 1024
			}
			return 0
		}
		if f := one(t, said(t, log("", each)...), "EV02"); f != nil {
			t.Errorf("%s, a message for each read: %s", name, f.Sentence)
		}
		if f := one(t, said(t, log("", once)...), "EV02"); f == nil || f.Verdict != diagnostics.Certain || f.Severity != diagnostics.Warn || f.Count != 19 {
			t.Errorf("%s, one large message: %+v", name, f)
		}
		if f := one(t, said(t, log("|EPOLLET", each)...), "EV03"); f != nil {
			t.Errorf("%s, edge-triggered, a message for each read: %s", name, f.Sentence)
		}
		if f := one(t, said(t, log("|EPOLLET", once)...), "EV03"); f == nil || f.Verdict != diagnostics.Certain || !strings.Contains(f.Sentence, "19 KiB") {
			t.Errorf("%s, edge-triggered, one large message: %+v", name, f)
		}
	}
}
