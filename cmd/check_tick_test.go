package cmd

import (
	"fmt"
	"strings"
	"testing"

	"evviz/diagnostics"
)

// tickLog is what strace prints of a server that waits with a timeout of 200 ms: five quiet periods, and then an event each 60 ms. wait is
// the call's beginning up to its timeout, got its result with an event, work what the program does when a wait has timed out.
func tickLog(wait func(timeout int) string, expired, got string, read string, work func(after int) []string) (lines []string) {
	at := 1795410600_000000
	line := func(us int, s string) {
		lines = append(lines, fmt.Sprintf("%d.%06d %s <%d.%06d>", at/1e6, at%1e6, s, us/1e6, us%1e6))
		at += us + 40
	}
	for range 5 {
		line(200_120, wait(200)+expired)
		for _, w := range work(0) {
			line(20, w)
		}
	}
	for i := range 50 {
		line(60_000, wait(200)+got)
		line(20, read)
		for _, w := range work(i + 1) {
			line(20, w)
		}
	}
	return lines
}

// TestCheckTick: what a program does only when its wait has timed out is not done while events come, whichever call waits; a program that
// looks at its clock after each wait is healthy.
func TestCheckTick(t *testing.T) {
	type form struct {
		wait         func(ms int) string
		expired, got string
	}
	forms := map[string]form{
		"poll":   {func(ms int) string { return fmt.Sprintf("poll([{fd=3, events=POLLIN}], 1, %d)", ms) }, " = 0 (Timeout)", " = 1 ([{fd=3, revents=POLLIN}])"},
		"select": {func(ms int) string { return fmt.Sprintf("select(4, [3], NULL, NULL, {tv_sec=0, tv_usec=%d})", ms*1000) }, " = 0 (Timeout)", " = 1 (in [3], left {tv_sec=0, tv_usec=140000})"},
		"pselect": {func(ms int) string {
			return fmt.Sprintf("pselect6(4, [3], NULL, NULL, {tv_sec=0, tv_nsec=%d}, NULL)", ms*1000000)
		}, " = 0 (Timeout)", " = 1 (in [3], left {tv_sec=0, tv_nsec=140000000})"},
	}
	const read = `recvfrom(3, "x", 2048, 0, {sa_family=AF_INET, sin_port=htons(4000), sin_addr=inet_addr("127.0.0.1")}, [16]) = 1`
	works := map[string][]string{
		"a datagram": {`sendto(5, "alive", 5, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = 5`},
		"a file":     {`openat(AT_FDCWD, "/var/run/state", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 6`, `write(6, "1\n", 2) = 2`, `close(6) = 0`},
	}
	for name, f := range forms {
		for what, work := range works {
			quiet := func(after int) []string {
				if after == 0 {
					return work
				}
				return nil
			}
			found := one(t, said(t, tickLog(f.wait, f.expired, f.got, read, quiet)...), "EV27")
			if found == nil || found.Severity != diagnostics.Warn || !strings.Contains(found.Sentence, "not done for 3.0 s") {
				t.Errorf("%s, %s: %+v", name, what, found)
			}
			always := func(after int) []string {
				if after%4 == 0 {
					return work
				}
				return nil
			}
			if found := one(t, said(t, tickLog(f.wait, f.expired, f.got, read, always)...), "EV27"); found != nil {
				t.Errorf("%s, %s, also behind events: %s", name, what, found.Sentence)
			}
			falls := 0
			left := func(int) string { // what is left is passed
				falls++
				return f.wait(200 - falls%3*60)
			}
			if found := one(t, said(t, tickLog(left, f.expired, f.got, read, quiet)...), "EV27"); found != nil {
				t.Errorf("%s, %s, with what is left: %s", name, what, found.Sentence)
			}
		}
	}
}
