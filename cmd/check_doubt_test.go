package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/diagnostics"
)

// said writes a log and returns what is found in it.
func said(t *testing.T, lines ...string) []*diagnostics.Finding {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.strace")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return checked(t, path)
}

// one is the only finding of a rule, nil when there is none.
func one(t *testing.T, found []*diagnostics.Finding, rule string) (f *diagnostics.Finding) {
	t.Helper()
	for _, x := range found {
		if x.Rule.ID == rule {
			if f != nil {
				t.Errorf("%s twice: %s", rule, x.Sentence)
			}
			f = x
		}
	}
	return f
}

// TestCheckWithoutTimes: where lines have no times, or whole seconds, nothing is said of durations or rates.
func TestCheckWithoutTimes(t *testing.T) {
	spin := []string{"epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLOUT, data={u32=5, u64=5}}) = 0", `read(5, "x", 100) = 1`}
	for range 2000 {
		spin = append(spin, "epoll_wait(4, [{events=EPOLLOUT, data={u32=5, u64=5}}], 16, -1) = 1")
	}
	f := one(t, said(t, spin...), "EV08")
	if f == nil || f.Severity != diagnostics.Warn || strings.Contains(f.Sentence, "within") || strings.Contains(f.Sentence, "s in ") || !strings.Contains(f.Sentence, "1,999 times") {
		t.Errorf("a spin without times: %+v", f)
	}
	var coarse []string
	for i := range 40 {
		coarse = append(coarse, fmt.Sprintf("12:00:%02d epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}, {events=EPOLLIN, data={u32=6, u64=6}}], 16, -1) = 2", i),
			fmt.Sprintf(`12:00:%02d read(5, "x", 100) = 1`, i), fmt.Sprintf(`12:00:%02d read(6, "x", 100) = 1`, i+1))
	}
	for _, f := range said(t, coarse...) {
		t.Errorf("times in whole seconds: %s %s", f.Rule.ID, f.Sentence)
	}
}

// TestCheckFiltered: what strace was told to leave out did happen.
func TestCheckFiltered(t *testing.T) {
	var some, all []string
	for i := range 300 {
		some = append(some, fmt.Sprintf("%d.%06d epoll_wait(4, [{events=EPOLLIN, data={u32=%d, u64=%[3]d}}], 16, -1) = 1 <0.000020>", 1795410600, i*100, 5+i%3))
		all = append(all, fmt.Sprintf("%d.%06d epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}], 16, -1) = 1 <0.000020>", 1795410600, i*100))
	}
	add := "1795410600.000000 epoll_ctl(4, EPOLL_CTL_ADD, %d, {events=EPOLLIN, data={u32=%[1]d, u64=%[1]d}}) = 0 <0.000020>"
	for _, f := range said(t, append([]string{fmt.Sprintf(add, 5), fmt.Sprintf(add, 6), fmt.Sprintf(add, 7)}, some...)...) {
		t.Errorf("waits without a descriptor show that it was served: %s", f.Sentence)
	}
	f := one(t, said(t, append([]string{fmt.Sprintf(add, 5)}, all...)...), "EV01")
	if f == nil || f.Severity != diagnostics.Warn || f.Verdict != diagnostics.Possible || !strings.Contains(f.Sentence, "-e trace") {
		t.Errorf("nothing but waits: %+v", f)
	}
}

// TestCheckTracerIsSlow: many short calls, each lengthened by the tracer and by others at the processor, are no blocked loop;
// a time in one piece is.
func TestCheckTracerIsSlow(t *testing.T) {
	lines := []string{"1795410600.000000 accept4(3<TCP:[127.0.0.1:80]>, NULL, NULL, SOCK_NONBLOCK) = 5<TCP:[127.0.0.1:80->127.0.0.1:1]> <0.000020>",
		"1795410600.000100 epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, u64=5}}) = 0 <0.000020>",
		"1795410600.000200 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0 <0.000020>"}
	at := 1795410600_001_000
	add := func(us int, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%d.%06d ", at/1e6, at%1e6)+fmt.Sprintf(format, args...))
		at += us
	}
	turn := func(calls, each int) {
		add(200, "epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}], 16, -1) = 1 <0.000100>")
		for range calls {
			add(each, `read(5<TCP:[127.0.0.1:80->127.0.0.1:1]>, "x", 100) = 1 <0.00%04d>`, each-100)
		}
	}
	for range 5 {
		turn(60, 5000) // 300 ms in reads that cannot wait
	}
	turn(1, 200)
	found := said(t, lines...)
	if f := one(t, found, "EV25"); f == nil || f.Severity != diagnostics.Info || f.Verdict != diagnostics.Possible {
		t.Errorf("many short calls: %+v", f)
	}
	for range 5 {
		turn(1, 200)
		at += 60_000 // and no call
	}
	turn(1, 200)
	for _, f := range said(t, lines...) {
		if f.Rule.ID == "EV25" && f.Severity == diagnostics.Warn && f.Count == 5 {
			return
		}
	}
	t.Error("60 ms in one piece, five times: not found")
}

// TestCheckGoRuntime: a runtime that reads when a task asks is not blamed for asking once more, nor for one thread's row of reads.
func TestCheckGoRuntime(t *testing.T) {
	lines := []string{"1795410600.000000 epoll_ctl(4, EPOLL_CTL_ADD, 5<TCP:[127.0.0.1:80->127.0.0.1:1]>, {events=EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET, data={u32=5, u64=5}}) = 0 <0.000020>"}
	for i := range 100 {
		lines = append(lines, fmt.Sprintf(`1795410600.%03d000 read(5<TCP:[127.0.0.1:80->127.0.0.1:1]>, "x", 100) = 1 <0.000020>`, i+1),
			fmt.Sprintf(`1795410600.%03d500 read(5<TCP:[127.0.0.1:80->127.0.0.1:1]>, 0x1, 100) = -1 EAGAIN (Resource temporarily unavailable) <0.000020>`, i+1))
	}
	for _, f := range said(t, lines...) {
		t.Errorf("%s: %s", f.Rule.ID, f.Sentence)
	}
	lines[0] = strings.Replace(lines[0], "EPOLLOUT|EPOLLRDHUP|", "", 1)
	if one(t, said(t, lines...), "EV05") == nil {
		t.Error("EV05 of another program is not found")
	}
}
