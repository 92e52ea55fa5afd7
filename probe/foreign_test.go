package probe

import (
	"fmt"
	"strings"
	"testing"
)

// foreign are texts of other tools, each with what must be said of it: a word of the name, and what the lines show.
var foreign = []struct{ name, text, says, shows string }{
	{"strace -c, a spin", `$ timeout -s INT 2s strace -f -c -p 99
strace: Process 99 attached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.300000           3    100000           epoll_pwait
 40.00    0.200000           2    100000           poll
------ ----------- ----------- --------- --------- ----------------
100.00    0.500000           5    200000           total
`, "strace -c", "only waits, 200,000 of them in 2s (epoll_pwait), and nothing was read or written: every wait came back at once, a spin"},
	{"strace -c, slow", `timeout 10 strace -c -p 99
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
100.00    0.000300           3      1000           select
------ ----------- ----------- --------- --------- ----------------
100.00    0.000300                  1000           total
`, "strace -c", "it wakes 100 times a second and does nothing"},
	{"strace -c, of a program that works", `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 50.00    0.000300           3       600           read
 30.00    0.000200           3       300       300 accept
 20.00    0.000100           3       100           epoll_wait
100.00    0.000600                  1000       300 total
`, "strace -c", "1,000 calls, 60 % of them read; every one of the 300 calls of accept failed"},
	{"our own text for people", `    0.000000  the run begins                        lab, scenario demo
    0.000193  setsockopt(5, SO_REUSEADDR) = 0       to 1
    0.252501  clock_nanosleep(250 ms) = 0           slept 250 ms
    0.252524  accept4(5) = 15                       21 µs
   12.252587  read(15, 1024) = 32
`, "evviz prints for people", ""},
	{"strace -c, no time", `% time     seconds  usecs/call     calls    errors syscall
100.00    0.000300           3      1000           poll
`, "strace -c", "if that was within seconds"},
	{"perf trace -s", ` Summary of events:

 server (77), 4000 events, 100.0%

   syscall            calls  errors  total       min       avg       max       stddev
                                     (msec)    (msec)    (msec)    (msec)        (%)
   --------------- --------  ------ -------- --------- --------- ---------     ------
   epoll_wait          2000      0     1.000     0.000     0.001     0.010      1.00%
`, "perf trace", "only waits, 2,000 of them (epoll_wait)"},
	{"ltrace", `__libc_start_main(0x401136, 1, 0x7ffd, 0 <unfinished ...>
malloc(24)                                       = 0x1c2a2a0
strlen("hello")                                  = 5
read(0, "hi", 2)                                 = 2
free(0x1c2a2a0)                                  = <void>
+++ exited (status 0) +++
`, "ltrace", ""},
	{"ltrace -S", `SYS_epoll_wait(3, 0x7ffd84c0, 4, 0xffffffff)    = 1
SYS_read(5, "x", 4096)                           = 1
SYS_epoll_wait(3, 0x7ffd84c0, 4, 0xffffffff)    = 1
`, "ltrace", "3 calls: 2 epoll_wait and 1 read"},
	{"dtruss", "SYSCALL(args) \t\t = return\nkevent(0x5, 0x0, 0x0)\t\t = 2 0\nread(0x7, \"abc\\0\", 0x400)\t\t = -1 Err#35\nkevent(0x5, 0x0, 0x0)\t\t = 1 0\n", "dtruss", "3 calls: 2 kevent and 1 read"},
	{"dtruss -f", "PID/THRD  SYSCALL(args) \t\t = return\n812/0x1f2a:  kevent(0x5, 0x0, 0x0)\t\t = 1 0\n812/0x1f2a:  kevent(0x5, 0x0, 0x0)\t\t = 1 0\n", "dtruss", "only waits (2 kevent)"},
	{"truss of FreeBSD", `kevent(3,0x0,0,{ 5,EVFILT_READ,0x0,0,0x5,0x0 },64,0x0) = 1 (0x1)
read(5,0x7fffffffd000,4096)			 ERR#35 'Resource temporarily unavailable'
kevent(3,0x0,0,{ 5,EVFILT_READ,0x0,0,0x5,0x0 },64,0x0) = 1 (0x1)
`, "truss", "2 kevent and 1 read"},
	{"truss of illumos", `/1:	pollsys(0x08047A60, 1, 0x00000000, 0x00000000) = 1
/1:	read(5, 0x08047B00, 512)			Err#11 EAGAIN
/1:	pollsys(0x08047A60, 1, 0x00000000, 0x00000000) = 1
`, "truss", "2 pollsys and 1 read"},
	{"kdump", `  812 srv      CALL  kevent(0x3,0,0,0x7fffffffe000,0x40,0)
  812 srv      RET   kevent 1
  812 srv      CALL  read(0x5,0x7fffffffd000,0x1000)
  812 srv      GIO   fd 5 read 3 bytes
       "abc"
  812 srv      RET   read 3
`, "ktrace", "2 calls: 1 kevent and 1 read"},
	{"perf trace", `     0.000 ( 0.003 ms): srv/812 epoll_wait(epfd: 8<anon_inode:[eventpoll]>, events: 0x7ffc, maxevents: 64, timeout: -1) = 1
         ? (         ): srv/813  ... [continued]: futex())                                            = 0
     0.010 ( 0.001 ms): srv/812 read(fd: 9, buf: 0x7ffc, count: 1024) = -1 EAGAIN (Resource temporarily unavailable)
`, "perf trace", "3 calls"},
	{"bpftrace", `Attaching 3 probes...
^C

@calls[srv, epoll_wait]: 51234
@calls[srv, read]: 12
`, "bpftrace", "its largest count is 51,234 of @calls[srv, epoll_wait]"},
	{"bpftrace, a histogram", `@usecs:
[2, 4)               100 |@@@@@@@@@@@@                                        |
[4, 8)               400 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
`, "bpftrace", ""},
	{"gdb", `Thread 3 (Thread 0x7f10 (LWP 903) "worker"):
#0  __futex_abstimed_wait_common64 (private=0, cancel=true) at ./nptl/futex-internal.c:57
#1  0x00007f1 in ___pthread_cond_wait (cond=0x1, mutex=0x2) at ./nptl/pthread_cond_wait.c:503
#2  0x000055 in pool_main () at pool.c:20

Thread 2 (Thread 0x7f11 (LWP 902)):
#0  0x00007f2 in __GI___poll (fds=0x1, nfds=1, timeout=5000) at ../sysdeps/poll.c:29
#1  0x00007f3 in __res_context_send () from /lib/libc.so.6
#2  0x00007f4 in getaddrinfo () from /lib/libc.so.6

Thread 1 (Thread 0x7f12 (LWP 901) "srv"):
#0  0x00007f5 in read () from /lib/libpthread.so.0
#1  0x000056 in serve () at srv.c:9
`, "gdb", `thread 3 (LWP 903, worker) waits for a condition in pthread_cond_wait; thread 2 (LWP 902) resolves a name (getaddrinfo, in poll); thread 1 (LWP 901, srv) is blocked in read`},
	{"eu-stack", `PID 50 - process
TID 50:
#0  0x00007f0102030405 epoll_wait
#1  0x00005601 main
TID 51:
#0  0x00007f0102030406 clock_nanosleep@@GLIBC_2.17
#1  0x00005602 ticker
TID 52:
#0  0x00005603 compute
`, "eu-stack", "thread 50 waits for events in epoll_wait; thread 51 sleeps in clock_nanosleep; thread 52 runs in compute"},
	{"uniq -c", `     12 epoll_wait(4, [{EPOLLIN, {u32=7, u64=7}}], 64, -1) = 1
      9 read(7, "", 4096) = 0
    103 futex(0x7f, FUTEX_WAKE_PRIVATE, 1) = 0
`, "uniq", "whole lines of strace"},
	{"uniq -c of threads' lines", `      1 812 12:00:00 epoll_wait(4, [], 64, 0) = 0
      1 812 12:00:01 epoll_wait(4, [], 64, 0) = 0
      1 813 12:00:01 read(7, "", 4096) = 0
`, "uniq", ""},
}

// TestForeign: each tool's output is known by its lines, alone and in a paste, and what can be said of it is.
func TestForeign(t *testing.T) {
	for _, c := range foreign {
		t.Run(c.name, func(t *testing.T) {
			for how, text := range map[string]string{"as it is": c.text, "in a paste": "It uses all of a core:\n\n```\n" + c.text + "```\n\nWhat is wrong (see above)?\n"} {
				f := ForeignIn([]byte(text))
				if f == nil {
					t.Errorf("%s: not recognised", how)
					continue
				}
				instead := "strace -f -ttt"
				if strings.Contains(f.Name, "evviz") {
					instead = "evviz replay --text=raw"
				}
				if !strings.Contains(f.Name, c.says) || !strings.Contains(f.Shows, c.shows) || !strings.Contains(f.Instead, instead) {
					t.Errorf("%s: says %q\nwant %q, %q", how, f.Error(), c.says, c.shows)
				}
				s := NewStrace(strings.NewReader(text), "-")
				if s.Foreign() == nil {
					t.Errorf("%s: the reader does not know it", how)
				}
				s.Close()
			}
		})
	}
}

// TestForeignPrefix: tables are known behind a mail's marks and behind what a logger says, which differs in digits.
func TestForeignPrefix(t *testing.T) {
	marks := map[string]func(i int) string{
		"a mail": func(int) string { return "> " }, "a mail about a mail": func(int) string { return ">> " }, "marks apart": func(int) string { return "> > " },
		"a logger":    func(i int) string { return fmt.Sprintf("2026-03-04 09:08:%02d.%03d INFO tracer: ", i, 7*i) },
		"syslog":      func(i int) string { return fmt.Sprintf("Mar  4 09:08:%02d host app[123]: ", i) },
		"a container": func(int) string { return "app-1  | " },
	}
	for _, c := range foreign {
		if c.says != "strace -c" && c.says != "perf trace" && c.says != "uniq" || c.name == "perf trace" {
			continue
		}
		for name, mark := range marks {
			var b strings.Builder
			i := 0
			for line := range strings.Lines(c.text) {
				b.WriteString(mark(i) + line)
				i++
			}
			if f := ForeignIn([]byte(b.String())); f == nil || !strings.Contains(f.Name, c.says) || !strings.Contains(f.Shows, c.shows) {
				t.Errorf("%s behind %s: %+v", c.name, name, f)
			}
		}
	}
	for name, text := range map[string]string{
		"threads in a mail": "> 812   epoll_wait(4, [], 64, 0) = 0\n> 813   read(7, \"\", 1) = 0\n> 12345 read(7, \"\", 1) = 0\n",
		"threads in a log":  "app-1  | 812   epoll_wait(4, [], 64, 0) = 0\napp-1  | 813   read(7, \"\", 1) = 0\napp-1  | 12345 read(7, \"\", 1) = 0\n",
		"numbered lines":    ">      98 read(7, \"\", 1) = 0\n>      99 read(7, \"\", 1) = 0\n>     100 read(8, \"\", 1) = 0\n>     101 read(9, \"\", 1) = 0\n",
	} {
		if f := ForeignIn([]byte(text)); f != nil {
			t.Errorf("%s: taken for %q", name, f.Error())
		}
	}
}

// TestNotForeign: a log of strace is one, whatever the program writes and whatever stands beside it; and prose is no tool's output.
func TestNotForeign(t *testing.T) {
	log := `epoll_wait(4, [{EPOLLIN, {u32=7, u64=7}}], 64, -1) = 1
read(7, "@calls[srv, read]: 12\nAttaching 3 probes...", 4096) = 44
write(1, "  812 srv      CALL  kevent(0x3) = 1 (0x1)", 40) = 40
write(2, "#0  0x00007f in read () from libc", 33) = 33
write(1, "malloc(24) = 0x12 1 0", 21) = 21
futex(0x7f, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable)
epoll_wait(4, [], 64, 100) = 0
`
	for name, text := range map[string]string{
		"words in strings":     log,
		"a table at the end":   log + foreign[0].text,
		"a stack beside it":    log + "#0  0x00007f5 in read () from /lib/libpthread.so.0\n#1  0x000056 in serve () at srv.c:9\n",
		"one odd line":         log + "kevent(0x5, 0x0, 0x0)\t\t = 2 0\n",
		"numbered lines":       "     98 read(7, \"\", 1) = 0\n     99 read(7, \"\", 1) = 0\n    100 read(8, \"\", 1) = 0\n    101 read(9, \"\", 1) = 0\n",
		"threads of one width": "  812 read(7, \"\", 1) = 0\n  813 read(8, \"\", 1) = 0\n  812 read(9, \"\", 1) = 0\n",
		"threads with -o":      "812   epoll_wait(4, [], 64, 0) = 0\n813   read(7, \"\", 1) = 0\n12345 read(7, \"\", 1) = 0\n",
		"prose":                "#1 is fixed\n#0 was first, see main (the function)\n@somebody: 12 (twelve)\nI ran strace -c on it.\n",
		"numbered prose":       "      1 first (of all)\n     12 second (of all)\n      3 third (of all)\n",
		"nothing":              "",
		"not text":             "kevent(0x5)\t = 2 0\nkevent(0x5)\t = 2 0\nkevent(0x5)\t = 2 0\n\x00",
	} {
		if f := ForeignIn([]byte(text)); f != nil {
			t.Errorf("%s: taken for %q", name, f.Error())
		}
	}
}

// FuzzForeign: no text makes the recogniser fail, and what it recognises it names.
func FuzzForeign(f *testing.F) {
	for _, c := range foreign {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if x := ForeignIn(text); x != nil && (x.Name == "" || x.Instead == "") {
			t.Errorf("recognised without a name or a way on: %+v", x)
		}
	})
}
