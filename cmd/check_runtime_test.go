package cmd

import (
	"fmt"
	"strings"
	"testing"
)

// TestCheckRuntime: where a log shows whose loop it is the fix goes on with that runtime's call, and otherwise it does not.
func TestCheckRuntime(t *testing.T) {
	spin := func(room int, begin ...string) (lines []string) {
		at := 1795410600_000000
		add := func(format string, args ...any) {
			lines = append(lines, fmt.Sprintf("100 %d.%06d ", at/1e6, at%1e6)+fmt.Sprintf(format, args...)+" <0.000010>")
			at += 30
		}
		for _, b := range begin {
			add("%s", b)
		}
		add("epoll_create1(EPOLL_CLOEXEC) = 4")
		add("accept4(5, NULL, NULL, SOCK_NONBLOCK) = 7")
		add(`epoll_ctl(4, EPOLL_CTL_ADD, 7, {events=EPOLLIN|EPOLLOUT, data={u32=7, u64=7}}) = 0`)
		add(`write(7, "x", 1) = 1`)
		for range 300 {
			add("epoll_wait(4, [{events=EPOLLOUT, data={u32=7, u64=7}}], %d, -1) = 1", room)
		}
		return lines
	}
	const none = `execve("/srv/own", ["own"], 0x7f /* 3 vars */) = 0`
	for _, c := range []struct {
		name  string
		room  int
		begin []string
		says  string
	}{
		{"Node.js", 1024, []string{`execve("/usr/bin/node", ["node", "server.js"], 0x7f /* 3 vars */) = 0`}, "In Node.js: in an addon call uv_poll_start() with UV_READABLE alone"},
		{"asyncio", 2, []string{`execve("/usr/bin/python3", ["python3", "x.py"], 0x7f /* 3 vars */) = 0`,
			`openat(AT_FDCWD, "/usr/lib/python3.11/asyncio/__pycache__/base_events.cpython-311.pyc", O_RDONLY|O_CLOEXEC) = 3`, `close(3) = 0`}, "In asyncio: loop.remove_writer(fd)"},
		{"Python", 1023, []string{`execve("/usr/bin/python3", ["python3", "x.py"], 0x7f /* 3 vars */) = 0`}, "In Python: selector.modify("},
		{"libev", 64, []string{none, `openat(AT_FDCWD, "/lib/x86_64-linux-gnu/libev.so.4", O_RDONLY|O_CLOEXEC) = 3`, `close(3) = 0`}, "In libev: ev_io_stop()"},
		{"libuv", 1024, []string{none, `openat(AT_FDCWD, "/lib/x86_64-linux-gnu/libuv.so.1", O_RDONLY|O_CLOEXEC) = 3`, `close(3) = 0`}, "In libuv: uv_poll_start()"},
		{"linked with libuv, and a loop that is another's", 512, []string{none, `openat(AT_FDCWD, "/lib/x86_64-linux-gnu/libuv.so.1", O_RDONLY|O_CLOEXEC) = 3`, `close(3) = 0`}, ""},
		{"no libuv after all", 1024, []string{none, `openat(AT_FDCWD, "/lib/x86_64-linux-gnu/libuv.so.1", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)`}, ""},
		{"nothing", 1024, nil, ""},
	} {
		f := one(t, said(t, spin(c.room, c.begin...)...), "EV08")
		switch {
		case f == nil:
			t.Errorf("%s: no EV08", c.name)
		case c.says == "" && strings.Contains(f.Fix, "In "), !strings.Contains(f.Fix, c.says):
			t.Errorf("%s: %s", c.name, f.Fix)
		}
	}
}
