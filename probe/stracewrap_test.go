package probe

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// wideLines are lines of strace that are broken in the test below, in every place that a width gives.
var wideLines = func() []string {
	lines := []string{`1795410600.000000 close(3) = 0 <0.000004>`}
	for i := range 4 { // from which the width shows
		lines = append(lines, fmt.Sprintf(`1795410600.%06d mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE|MAP_STACK|MAP_DENYWRITE|MAP_POPULATE, -1, 0) = 0x7f974fdf7000 <0.000006>`, i*50+20))
	}
	return append(lines, `1795410600.001000 openat(AT_FDCWD</tmp/w11>, "/usr/share/locale/locale.alias", O_RDONLY|O_CLOEXEC) = 3</etc/locale.alias> <0.000005>`,
		`1795410600.001100 openat(AT_FDCWD</tmp/w11>, "/usr/lib/locale/locale-archive", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory) <0.000005>`,
		`1795410600.001200 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 7<TCP:[127.0.0.1:80->127.0.0.1:5000]>, {events=EPOLLIN|EPOLLRDHUP, data={u32=7, u64=140187732541447}}) = 0 <0.000009>`,
		`1795410600.001300 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=7, u64=140187732541447}}], 1023, 1000) = 1 <0.000400>`,
		`1795410600.001800 read(7<TCP:[127.0.0.1:80->127.0.0.1:5000]>, "\247\r\r\n\0\0\0\0\305\343\376i\333\21\0\0\343\0\0"..., 8523) = 8522 <0.000008>`,
		`1795410600.001900 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=11369, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---`,
		`1795410600.002000 close(7<TCP:[127.0.0.1:80->127.0.0.1:5000]>) = 0 <0.000004>`)
}()

// TestHardWraps: lines that were broken at a column, inside a word, a number or a string, are read as if they had not been; a quoted mail too.
func TestHardWraps(t *testing.T) {
	whole := NewStrace(strings.NewReader(strings.Join(wideLines, "\n")+"\n"), "x")
	want := dump(t, whole)
	for width := 44; width <= 180; width++ {
		for _, mark := range []string{"", "> "} {
			var b bytes.Buffer
			for _, s := range wideLines {
				for len(s) > width {
					b.WriteString(mark + s[:width] + "\n")
					s = s[width:]
				}
				b.WriteString(mark + s + "\n")
			}
			s := NewStrace(&b, "x")
			if got := dump(t, s); got != want {
				_, odd := s.Unparsed()
				t.Errorf("width %d, %q: not understood %q%s", width, mark, odd, firstDifference(got, want))
			}
		}
	}
}

// firstDifference is the first line in which two texts differ.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "\n got " + a[i] + "\nwant " + b[i]
		}
	}
	return ""
}
