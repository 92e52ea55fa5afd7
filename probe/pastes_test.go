package probe

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"evviz/trace"
)

// brief is what a text says, an event a line, without times, numbers and the introduction of threads.
func brief(t *testing.T, text string) (s *Strace, said string) {
	t.Helper()
	s = NewStrace(strings.NewReader(text), "pasted")
	sound(t, s)
	var b strings.Builder
	w := trace.NewTextWriter(&b)
	w.Write(readAll(t, s))
	w.Flush()
	drop := regexp.MustCompile(` seq=\d+| dur=\S+|  # .*`)
	for line := range strings.Lines(b.String()) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.Contains(rest, " Thread ") || strings.Contains(rest, " Name ") {
			continue
		}
		said += drop.ReplaceAllString(rest, "") + "\n"
	}
	return s, said
}

const (
	aWait = "1 Wait enter call=epoll_wait inst=ep4 asked=-1 passed=-1 max=32\n1 Wait exit call=epoll_wait inst=ep4 asked=-1 passed=-1 max=32 count=1\n" +
		"1 Ready complete inst=ep4 fd=-1 events=IN data=0x9\n"
	aRead = "1 Read enter fd=9 call=read asked=512\n1 Read exit fd=9 call=read asked=512 ret=2\n"
)

// TestPasteForms: however a wait and a read were pasted, they are a wait and a read. odd is how many lines are not understood: prose is, and
// no line is lost without being counted.
func TestPasteForms(t *testing.T) {
	const w, r = `epoll_wait(4, [{EPOLLIN, {u32=9, u64=9}}], 32, -1) = 1`, `read(9, "hi", 512) = 2`
	for name, c := range map[string]struct {
		text string
		odd  int
	}{
		"plain":                   {w + "\n" + r, 0},
		"bold":                    {"**" + w + "**\n**" + r + "**", 0},
		"bold name":               {"**epoll_wait**" + w[10:] + "\n" + r, 0},
		"tags":                    {"<p><tt>" + w + "</tt><br/>\n<code>" + r + "</code></p>", 0},
		"a block of tags":         {"<pre>\n" + w + "\n" + r + "\n</pre>", 0},
		"entities":                {"&gt; " + strings.ReplaceAll(w, `"`, "&quot;") + "\n" + strings.ReplaceAll(r, `"`, "&quot;"), 0},
		"slashes":                 {"// " + w + "\n//\n// " + r, 0},
		"hashes":                  {"# " + w + "\n    #   " + r, 0},
		"dashes":                  {"  -- " + w + "\n  -- " + r, 0},
		"semicolons":              {"; " + w + "\n;; " + r, 0},
		"prompts":                 {"$ " + w + "\n% " + r, 0},
		"quoted comment":          {">> // " + w + "\n> > # " + r, 0},
		"stars":                   {" * " + w + "\n * " + r, 0},
		"half a bracket":          {"pid  31] " + w + "\n[pid  31] " + r, 0},
		"glued fence":             {"```[pid 31] " + w + "\n[pid 31] " + r + "```", 0},
		"glued fence, alone":      {"~~~" + w + "\n" + r + "\n~~~", 0},
		"fence with prose":        {"```see below, it spins (really)\n" + w + "\n" + r, 1},
		"quoted-printable":        {strings.ReplaceAll(w, "=", "=3D") + "\n" + strings.ReplaceAll(r, "=", "=3D"), 0},
		"soft breaks":             {"epoll_wait(4, [{EPOLLIN, {u32=3D9, u64=3D=\n9}}], 32, -1) =3D 1\nread(9, \"hi\", 5=\r\n12) =3D 2", 0},
		"broken in a structure":   {"epoll_wait(4, [{EPOLLIN,\n{u32=9, u64=9}\n}], 32, -1) = 1\n" + r, 0},
		"broken with empty lines": {"epoll_wait(4, [{EPOLLIN,\n\n{u32=9, u64=9}\n\n}], 32, -1) = 1\n" + r, 0},
		"broken in a word":        {"epoll_wait(4, [{EPOLLIN, {u32=9, u6\n4=9}}], 32, -1) = 1\n" + r, 0},
		"broken before = ":        {"epoll_wait(4, [{EPOLLIN, {u32=9, u64=9}}], 32, -1)\n = 1\nread(9, \"hi\",\n> 512) = 2", 0},
		"broken in a string":      {w + "\nread(9, \"h\ni\", 512) = 2", 0},
		"braces eaten":            {"epoll_wait(4, {{EPOLLIN, {u32=9, u64=9```, 32, -1) = 1\n" + r, 0},
		"braces made tags":        {"epoll_wait(4, <tt>EPOLLIN, {u32=9, u64=9}</tt>, 32, -1) = 1\n" + r, 0},
		"argument names": {"epoll_wait(epfd=4, events=[{events=EPOLLIN, data={u32=9, u64=9}}], maxevents=32, timeout=-1) = 1\n" +
			"read(fd=9, buf=\"hi\", count=512) = 2", 0},
		"grep":             {"log.strace:123:" + w + "\nlog.strace:124:" + r, 0},
		"grep -h -n":       {"123:" + w + "\n124:" + r, 0},
		"grep without -n":  {"a/log.strace:" + w + "\na/log.strace:" + r, 0},
		"cat -n":           {"     1\t" + w + "\n     2\t" + r, 0},
		"docker compose":   {"web_1  | " + w + "\nweb_1  | " + r, 0},
		"logger":           {"2024-05-06T07:08:09.123456Z " + w + "\n2024-05-06T07:08:09.123556Z " + r, 0},
		"logger, brackets": {"[2024-05-06 07:08:09,123] " + w + "\n[2024-05-06 07:08:09,124] " + r, 0},
		"syslog":           {"May  6 07:08:09 host trace[77]: " + w + "\nMay 16 07:08:09 host trace[77]: " + r, 0},
		"data as pointer":  {strings.Replace(w, "{u32=9, u64=9}", "0x9", 1) + "\n" + r, 0},
		"data as fd":       {"epoll_wait(4, [{events=EPOLLIN, data={fd=9}}], 32, -1) = 1\n" + r, 0},
		"data as u32":      {"epoll_wait(4, [{events=EPOLLIN, data={u32=9}}], 32, -1) = 1\n" + r, 0},
		"old braces":       {"epoll_wait(4, {{EPOLLIN, {u32=9, u64=9}}}, 32, 4294967295) = 1\n" + r, 0},
		"hex descriptors":  {"epoll_wait(0x4, [{EPOLLIN, {u32=9, u64=9}}], 0x20, -1) = 1\nread(0x9, \"hi\", 0x200) = 2", 0},
		"prose around":     {"Here is what poll() does.\nread(2) says so, and write(fd) too:\n" + w + "\n" + r + "\nThat is all.", 3},
		"command line":     {"$ sudo strace -f -p 31 2>&1 | head\n" + w + "\n" + r + "\n^Cstrace: Process 31 detached\n <detached ...>", 0},
	} {
		t.Run(name, func(t *testing.T) {
			want := aWait + aRead
			s, said := brief(t, c.text+"\n")
			if n, first := s.Unparsed(); n != c.odd {
				t.Errorf("%d lines not understood, not %d: %q", n, c.odd, first)
			}
			if said != want {
				t.Errorf("%s\nsays\n%swant\n%s", c.text, said, want)
			}
			if !Sniff([]byte(c.text + "\n")) {
				t.Error("not taken for strace text")
			}
		})
	}
}

// TestLineNumbers: numbers of an editor are no threads; threads that strace attaches to in the order of their numbers are.
func TestLineNumbers(t *testing.T) {
	var numbered, attached strings.Builder
	for i := range 12 {
		fmt.Fprintf(&numbered, "%4d epoll_wait(4, [], 32, 0) = 0\n", 97+i)
		fmt.Fprintf(&attached, "%d futex(0x7f00, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>\n", 97+i)
	}
	if s, _ := brief(t, numbered.String()); s.All()[0].Stream != s.All()[len(s.All())-1].Stream {
		t.Error("the numbers of lines were taken for threads")
	}
	streams := map[uint32]bool{}
	s, _ := brief(t, attached.String())
	for _, e := range s.All() {
		streams[e.Stream] = true
	}
	if len(streams) != 12 {
		t.Errorf("%d threads, not 12", len(streams))
	}
}

// TestPastedCalls: what single lines say.
func TestPastedCalls(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a number that does not fit", "epoll_ctl(3, EPOLL_CTL_DEL, 4294967296, 0x7ffc) = -1 EBADF (Bad file descriptor)",
			"1 Deregister complete inst=ep3 fd=-1 err=EBADF\n"},
		{"-1 as unsigned", "epoll_ctl(3, EPOLL_CTL_DEL, 4294967295, 7ffc) = -1 EBADF (Bad file descriptor)",
			"1 Deregister complete inst=ep3 fd=-1 err=EBADF\n"},
		{"a pointer without 0x", "epoll_ctl(6, EPOLL_CTL_DEL, 17, 7fff70aaef10) = 0", "1 Deregister complete inst=ep6 fd=17\n"},
		{"FIONREAD", "ioctl(52, FIONREAD, [0]) = 0\nioctl(52, FIONREAD, [77]) = 0", "1 Unread complete fd=52 bytes=0\n1 Unread complete fd=52 bytes=77\n"},
		{"FIONREAD fails", "ioctl(1, FIONREAD, 0x7ffc) = -1 ENOTTY (Inappropriate ioctl for device)", "1 Unread complete fd=1 err=ENOTTY\n"},
		{"a message cut off", `recvmsg(5, {msg_name=NULL, msg_iov=[{iov_base="ab", iov_len=2}], msg_iovlen=1, msg_controllen=0, msg_flags=MSG_TRUNC}, 0) = 2`,
			"1 Read enter fd=5 call=recvmsg asked=2\n1 Read exit fd=5 call=recvmsg asked=2 ret=2 flags=MSG_TRUNC\n"},
		{"a longer datagram", `recvfrom(5, "ab", 2, MSG_TRUNC, NULL, NULL) = 900`,
			"1 Read enter fd=5 call=recvfrom asked=2 flags=MSG_TRUNC\n1 Read exit fd=5 call=recvfrom asked=2 ret=900 flags=MSG_TRUNC\n"},
		// Calls without an end.
		{"write does not come back", `write(2, "\0fscf\0", 6`, "1 Write enter fd=2 call=write asked=6\n"},
		{"select does not", `select(11, [10], NULL, NULL, NULL`,
			"1 Register complete inst=set0 fd=10 events=IN data=0xa diff=1\n1 Wait enter call=select inst=set0 asked=-1 passed=-1 watched=1 max=11\n"},
		{"epoll_wait does not", `epoll_wait(4, `, "1 Wait enter call=epoll_wait inst=ep4 asked=-1 passed=-1\n"},
		{"read, unfinished", `read(3,  <unfinished ...>`, "1 Read enter fd=3 call=read\n"},
		{"read, detached", "strace: Process 8 attached\nread(3,  <detached ...>", "1 Read enter fd=3 call=read\n"},
		{"flock", "strace: Process 8 attached\nflock(3, LOCK_EX", "1 Sys enter fd=-1 name=1\n"},
		{"restarted", "restart_syscall(<... resuming interrupted read ...>", "1 Sys enter fd=-1 name=1\n"},
		{"restarted and closed", "restart_syscall(<... resuming interrupted restart_syscall ...>)", "1 Sys enter fd=-1 name=1\n"},
		{"the thread went on", "write(2, \"ab\nclose(3) = 0", "1 Close complete fd=3\n"},
		// Ends without a beginning.
		{"read resumed", `7 <... read resumed>"abc", 64) = 3`, "1 Read exit fd=-1 call=read asked=64 ret=3\n"},
		{"write resumed", `7 <... write resumed>) = 8`, "1 Write exit fd=-1 call=write asked=8 ret=8\n"},
		{"wait resumed", `7 <... epoll_wait resumed> [{EPOLLIN, {u32=9, u64=9}}], 512, 500) = 1`,
			"1 Wait exit call=epoll_wait asked=500ms passed=500ms max=512 count=1\n1 Ready complete fd=-1 events=IN data=0x9\n"},
		{"the next wait names it", "7 <... epoll_wait resumed>[], 512, 500) = 0\n8 close(1) = 0\n7 epoll_wait(13, ",
			"1 Wait exit call=epoll_wait inst=ep13 asked=500ms passed=500ms max=512 count=0\n2 Close complete fd=1\n1 Wait enter call=epoll_wait inst=ep13 asked=-1 passed=-1\n"},
		{"poll resumed", `7 <... poll resumed>) = 1 ([{fd=9, revents=POLLIN}])`,
			"1 Wait exit call=poll inst=set7 asked=-1 passed=-1 count=1\n1 Ready complete inst=set7 fd=9 events=IN data=0x9\n"},
		{"close resumed", `7 <... close resumed>) = 0`, ""},
		{"accept resumed", `7 <... accept4 resumed>{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}, [16], SOCK_CLOEXEC) = 12`,
			"1 Accept exit fd=-1 call=accept4 new=12 flags=O_CLOEXEC\n1 Open complete fd=12 type=stream from=accept peer=1 flags=O_CLOEXEC\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, said := brief(t, c.text+"\n")
			if said != c.want {
				t.Errorf("%s\nsays\n%swant\n%s", c.text, said, c.want)
			}
			want := 0
			if c.name == "the thread went on" {
				want = 1
			}
			if n, first := s.Unparsed(); n != want {
				t.Errorf("%d lines not understood: %q", n, first)
			}
		})
	}
}

// TestHoles: where lines were left out a Lost says so in every thread, and where none were none does.
func TestHoles(t *testing.T) {
	const a, b = "read(9, \"hi\", 512) = 2\n", "write(9, \"hi\", 2) = 2\n"
	for between, want := range map[string]int{
		"": 0, "\n": 0, "some output of the program\n": 0, "[...]\n": 1, "...\n": 1, "(...)\n": 1, "<snip>\n": 1, "[snip]\n": 1, "--- snip ---\n": 1,
		"…\n": 1, "[ 300 lines omitted ]\n": 1, "--\n": 1, "---8<---\n": 1, "```\n```\n": 1, "```\n\nA minute later:\n\n```\n": 1,
		"\nA minute later it says:\n\n": 1, "// [...]\n": 1, "[...]\n\n[...]\n": 1, "</pre>\n<pre>\n": 1, "strace: Process 9 detached\n": 0,
	} {
		s, said := brief(t, a+between+b)
		if got := strings.Count(said, "Lost complete where=paste"); got != want {
			t.Errorf("%q: %d holes, not %d:\n%s", between, got, want, said)
		}
		if n, first := s.Unparsed(); n > 1 {
			t.Errorf("%q: %q", between, first)
		}
	}
	_, said := brief(t, "[pid 1] "+a+"[pid 2] "+a+"[...]\n[pid 1] "+b)
	if strings.Count(said, "1 Lost complete where=paste") != 1 || strings.Count(said, "2 Lost complete where=paste") != 1 {
		t.Errorf("not in every thread:\n%s", said)
	}
	if _, said = brief(t, a+"[...]\n"); strings.Contains(said, "Lost") {
		t.Errorf("a hole behind the last line:\n%s", said)
	}
	if _, said = brief(t, "12:00:00.000001 "+a+"\n12:00:07.000001 "+b); !strings.Contains(said, "Lost") {
		t.Error("an empty line, and seconds passed: two blocks")
	}
	if _, said = brief(t, "12:00:00.000001 "+a+"\n12:00:00.000101 "+b); strings.Contains(said, "Lost") {
		t.Error("an empty line, and no time passed")
	}
}

// TestSeveralProcesses: strace's own words, or the command line, say whose lines those without a number are.
func TestSeveralProcesses(t *testing.T) {
	const a = "accept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)\n"
	pids := func(text string) string {
		s, _ := brief(t, text)
		out := ""
		for _, e := range s.All() {
			if e.Kind == trace.Thread {
				out += fmt.Sprintf(" %d/%d", e.A, e.B)
			}
		}
		return out
	}
	for text, want := range map[string]string{
		"$ strace -p 8268\n" + a + "```\n```\n$ strace -p 8269\n" + a:     " 8268/8268 8269/8269",
		"Process 11 attached\n" + a + "Process 12 attached\n" + a:         " 11/11 12/12",
		"strace: Process 11 attached\n" + a + "Process 11 detached\n" + a: " 11/11",
		a + "strace: Process 12 attached\n" + a:                           " 12/12",
		// One strace of several threads.
		"strace: Process 11 attached with 2 threads\n[pid 11] " + a + "[pid 12] " + a:                                               " 11/11 11/12",
		"[pid 11] clone(flags=CLONE_VM|CLONE_THREAD <unfinished ...>\nstrace: Process 12 attached\n[pid 12] " + a + "[pid 11] " + a: " 11/11 11/12",
	} {
		if got := pids(text); got != want {
			t.Errorf("%q: processes/threads%s, want%s", text, got, want)
		}
	}
}

// TestDerivedTimes: times that stand in the text.
func TestDerivedTimes(t *testing.T) {
	const w = "epoll_wait(4, [{EPOLLIN, {u32=9, u64=9}}], 32, 100) = 1\n"
	for _, c := range []struct {
		name, text string
		derived    bool
		last       int64 // when the last event is, in ms
	}{
		{"clock_gettime", "clock_gettime(CLOCK_MONOTONIC, {tv_sec=7, tv_nsec=0}) = 0\n" + w + "clock_gettime(CLOCK_MONOTONIC, {tv_sec=7, tv_nsec=40000000}) = 0\nclose(1) = 0\n", true, 40},
		{"without names", "clock_gettime(CLOCK_BOOTTIME, {7, 0}) = 0\n" + w + "clock_gettime(CLOCK_BOOTTIME, {7, 40000000}) = 0\nclose(1) = 0\n", true, 40},
		{"gettimeofday", "gettimeofday({1365085250, 100000}, NULL) = 0\n" + w + "gettimeofday({1365085250, 140000}, NULL) = 0\nclose(1) = 0\n", true, 40},
		{"CPU time is no clock", "clock_gettime(CLOCK_THREAD_CPUTIME_ID, {7, 0}) = 0\n" + w + "clock_gettime(CLOCK_THREAD_CPUTIME_ID, {7, 40000000}) = 0\nclose(1) = 0\n", false, 0},
		{"one reading", "gettimeofday({1365085250, 100000}, NULL) = 0\n" + w + "close(1) = 0\n", false, 0},
		{"seconds alone", "time(NULL) = 1365085250\n" + w + "time(NULL) = 1365085252\nclose(1) = 0\n", false, 2000},
		{"the finer one counts", "time(NULL) = 1365085250\ngettimeofday({1365085250, 999000}, NULL) = 0\n" + w + "gettimeofday({1365085251, 1000}, NULL) = 0\ntime(NULL) = 1365085251\nclose(1) = 0\n", true, 2},
		{"waits that expire", "epoll_wait(4, [], 32, 100) = 0\nnanosleep({tv_sec=0, tv_nsec=20000000}, NULL) = 0\nclose(1) = 0\n", true, 120},
		{"what is left of a select", "select(5, [4], NULL, NULL, {tv_sec=1, tv_usec=0}) = 1 (in [4], left {tv_sec=0, tv_usec=970000})\nclose(1) = 0\n", true, 30},
		{"and of ppoll", "ppoll([{fd=4, events=POLLIN}], 1, {tv_sec=1, tv_nsec=0}, NULL, 8) = 1 ([{fd=4, revents=POLLIN}], left {tv_sec=0, tv_nsec=970000000})\nclose(1) = 0\n", true, 30},
		{"a wait of unknown length among them", "epoll_wait(4, [], 32, 100) = 0\n" + w + "close(1) = 0\n", false, 100},
		{"a lock of unknown length among them", "nanosleep({tv_sec=0, tv_nsec=3000}, NULL) = 0\nfutex(0xc00007d148, FUTEX_WAIT_PRIVATE, 0, NULL) = 0\nclose(1) = 0\n", false, 0},
		{"under -t", "12:00:00 gettimeofday({1365085250, 100000}, NULL) = 0\n12:00:00 " + w + "12:00:01 gettimeofday({1365085250, 140000}, NULL) = 0\n12:00:01 close(1) = 0\n", true, 40},
		{"lines with stamps", "12:00:00.000001 gettimeofday({1365085250, 100000}, NULL) = 0\n12:00:00.000002 gettimeofday({1365085290, 140000}, NULL) = 0\n12:00:00.001001 close(1) = 0\n", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, said := brief(t, c.text)
			info := s.Info()
			if info.Derived != c.derived || info.Timed != (c.derived || c.name == "lines with stamps") || c.derived && info.Facts().Has(trace.KnowsDurations) {
				t.Errorf("derived %v, timed %v, knows %v", info.Derived, info.Timed, info.Facts())
			}
			evs := s.All()
			base := int64(0)
			if strings.HasPrefix(c.text, "12:") {
				base = 12 * 3600 * 1e9
			}
			if got := (evs[len(evs)-1].Time - base) / 1e6; got != c.last {
				t.Errorf("the last event is at %d ms, want %d:\n%s", got, c.last, said)
			}
			told := false
			for _, m := range info.Missing {
				told = told || m.What == "times of single lines"
			}
			if told != c.derived {
				t.Errorf("missing: %v", info.Missing)
			}
		})
	}
}

// TestCutFirstLine: the first line of a paste may have lost its beginning, and with it the seconds since 1970.
func TestCutFirstLine(t *testing.T) {
	for _, first := range []string{"3.448060 close(5) = 0", "795983633.448060 close(5) = 0", "448060 close(5) = 0", "60 close(5) = 0"} {
		s, _ := brief(t, first+"\n14810 1795983633.448071 close(6) = 0\n14810 1795983633.448083 close(7) = 0\n")
		evs := s.All()
		if d := evs[len(evs)-1].Time - evs[0].Time; d > 1e6 {
			t.Errorf("%q: %d ns", first, d)
		}
		if s.Info().Clock.Wall == 0 {
			t.Errorf("%q: no wall clock", first)
		}
	}
}

// TestGzip: a compressed log is read like any other.
func TestGzip(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte("7 1795983633.000001 close(6) = 0\n"))
	w.Close()
	for _, text := range [][]byte{z.Bytes(), []byte("7 1795983633.000001 close(6) = 0\n")} {
		if s := NewStrace(bytes.NewReader(text), "z"); len(s.All()) != 2 {
			t.Errorf("%d events of %q", len(s.All()), text[:2])
		}
	}
	if s := NewStrace(bytes.NewReader(z.Bytes()[:20]), "z"); s.err == nil {
		t.Error("a damaged file is no error")
	}
	if s := NewStrace(strings.NewReader("x"), "z"); len(s.All()) != 0 {
		t.Error("a byte is no log")
	}
}
