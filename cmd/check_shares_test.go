package cmd

import (
	"fmt"
	"strings"
	"testing"
)

// acceptors is what strace -f prints of threads with an instance each, which share the connections of a listener so: thread k gets shares[k].
// Those that listen register it, with EPOLLEXCLUSIVE; reads are by whom serves says.
func acceptors(listen int, shares []int, serves func(conn int) int) (lines []string) {
	at := 1795410600_000000
	add := func(tid int, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%d %d.%06d ", 100+tid, at/1e6, at%1e6)+fmt.Sprintf(format, args...)+" <0.000020>")
		at += 500
	}
	const listener = "3<TCP:[127.0.0.1:8080]>"
	add(0, "socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3<TCP:[1]>")
	add(0, `bind(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`)
	add(0, "listen(%s, 128) = 0", listener)
	for k := range shares {
		if k > 0 {
			add(0, "clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, child_tid=0x7f, parent_tid=0x7f, exit_signal=0, stack=0x7f, stack_size=0x7fff00, tls=0x7f} => {parent_tid=[%[1]d]}, 88) = %[1]d", 100+k)
		}
		add(k, "epoll_create1(EPOLL_CLOEXEC) = %d<anon_inode:[eventpoll]>", 10+k)
		if k < listen {
			add(k, "epoll_ctl(%d<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, %s, {events=EPOLLIN|EPOLLEXCLUSIVE, data={u32=3, u64=3}}) = 0", 10+k, listener)
		}
	}
	conn := 0
	for k := len(shares) - 1; k >= 0; k-- {
		if shares[k] == 0 {
			add(k, "epoll_wait(%d<anon_inode:[eventpoll]>, [], 64, 5) = 0", 10+k)
		}
		for range shares[k] {
			fd := 20 + conn
			name := fmt.Sprintf("%d<TCP:[127.0.0.1:8080->127.0.0.1:%d]>", fd, 40000+conn)
			add(k, "epoll_wait(%d<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, -1) = 1", 10+k)
			add(k, `accept4(%s, {sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_NONBLOCK) = %s`, listener, 40000+conn, name)
			add(serves(conn), `read(%s, "x", 100) = 1`, name)
			add(serves(conn), `write(%s, "x", 1) = 1`, name)
			conn++
		}
	}
	return lines
}

// TestCheckShares: of threads that wait for one listener those that get nothing count, and the mechanism is named; who accepts for others, or
// gets about what the others get, is healthy.
func TestCheckShares(t *testing.T) {
	self := func(shares []int) func(int) int { // each serves what it accepted; the last thread accepts first
		return func(conn int) int {
			for k := len(shares) - 1; k >= 0; k-- {
				if conn -= shares[k]; conn < 0 {
					return k
				}
			}
			return 0
		}
	}
	for _, shares := range [][]int{{40, 0, 0, 0}, {1, 2, 30, 3}} {
		f := one(t, said(t, acceptors(len(shares), shares, self(shares))...), "EV15")
		if f == nil || f.Severity.String() != "warn" || !strings.Contains(f.Sentence, "among 4 workers; each waits for it with EPOLLEXCLUSIVE") {
			t.Errorf("%v: %+v", shares, f)
		}
	}
	even := []int{10, 12, 9, 11}
	if f := one(t, said(t, acceptors(len(even), even, self(even))...), "EV15"); f != nil {
		t.Errorf("%v: %s", even, f.Sentence)
	}
	for _, turns := range []func(int) int{func(conn int) int { return 1 + conn%3 }, func(conn int) int { return 1 + conn/14 }} {
		if f := one(t, said(t, acceptors(1, []int{40, 0, 0, 0}, turns)...), "EV15"); f != nil {
			t.Errorf("one thread accepts for all: %s", f.Sentence)
		}
	}
}
