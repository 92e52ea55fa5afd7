package probe

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Tables of counts: strace -c, perf trace -s.

var (
	countTitle = regexp.MustCompile(`^ *% time +seconds +usecs/call +calls +errors +syscall$`)
	countCells = regexp.MustCompile(`^ *\d+[.,]\d+ +\d+[.,]\d+ +\d* +(\d+)(?: +(\d+))? +([a-z_][a-z0-9_]*)$`)
	perfHead   = regexp.MustCompile(`^ *syscall +calls +(errors +)?total +min +avg +max`)
	perfRow    = regexp.MustCompile(`^ *(?:syscall +calls +(?:errors +)?total.*|([a-z_][a-z0-9_]*) +(\d+)(?: +(\d+))? +\d+\.\d+ +\d+\.\d+ +\d+\.\d+.*)$`)
	timeout    = regexp.MustCompile(`\btimeout +(?:-[sk] +\S+ +|-\S+ +)*(\d+(?:\.\d+)?)([smhd]?) .*\bstrace\b`)
)

func countHead(s string) bool { return countTitle.MatchString(s) }
func countRow(s string) bool  { return countTitle.MatchString(s) || countCells.MatchString(s) }

// counted is a row.
type counted struct {
	name         string
	calls, error int64
}

func rows(re *regexp.Regexp, lines []string, calls, errors, name int) (out []counted) {
	for _, s := range lines {
		m := re.FindStringSubmatch(s)
		if m == nil || m[name] == "" || m[name] == "total" {
			continue
		}
		c := counted{name: m[name]}
		c.calls, _ = strconv.ParseInt(m[calls], 10, 64)
		c.error, _ = strconv.ParseInt(m[errors], 10, 64)
		if c.calls > 0 {
			out = append(out, c)
		}
	}
	return out
}

func showCounts(all, of []string) string {
	return sayCounts(rows(countCells, of, 1, 2, 3), traced(all))
}

func showPerfRows(all, of []string) string { return sayCounts(rows(perfRow, of, 2, 3, 1), traced(all)) }

// traced is for how long was traced, 0 when the text has no command line that says so.
func traced(all []string) time.Duration {
	units := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	for _, s := range all {
		if m := timeout.FindStringSubmatch(s); m != nil {
			if n, err := strconv.ParseFloat(m[1], 64); err == nil && n > 0 && n < 1e6 {
				return time.Duration(n * float64(units[m[2]]))
			}
		}
	}
	return 0
}

// Calls by what they do.
var (
	waitCalls = wordSet("epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect pselect6 _newselect kevent kevent64 pollsys port_get port_getn poll_nocancel select_nocancel")
	moveCalls = wordSet("read readv pread pread64 preadv recv recvfrom recvmsg recvmmsg write writev pwrite pwrite64 pwritev send sendto sendmsg sendmmsg sendfile splice accept accept4 accept_nocancel read_nocancel write_nocancel recvfrom_nocancel sendto_nocancel")
)

func wordSet(text string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(text) {
		m[w] = true
	}
	return m
}

// spinning is how many waits a second are no way to live; idling is how many a program that does nothing has no reason for.
const spinning, idling = 1000, 20

// sayCounts says what counts of calls show. Of what the calls returned nothing is known but the errors.
func sayCounts(rows []counted, took time.Duration) string {
	var all, waits, moved int64
	for _, r := range rows {
		all += r.calls
		if waitCalls[r.name] {
			waits += r.calls
		}
		if moveCalls[r.name] {
			moved += r.calls - r.error
		}
	}
	if all == 0 {
		return ""
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].calls > rows[j].calls })
	top := rows[0]
	in := ""
	perSecond := int64(0)
	if took > 0 {
		in = fmt.Sprintf(" in %v", took)
		perSecond = int64(float64(waits) / took.Seconds())
	}
	switch {
	case waits == all:
		what := fmt.Sprintf("only waits, %s of them%s (%s), and nothing was read or written", grouped(waits), in, top.name)
		switch {
		case perSecond >= spinning:
			return what + ": every wait came back at once, a spin"
		case perSecond >= idling:
			return what + fmt.Sprintf(": it wakes %s times a second and does nothing", grouped(perSecond))
		case took == 0:
			return what + ": if that was within seconds, every wait came back at once, a spin"
		}
		return what
	case waits > 0 && moved == 0 && waits*10 >= all*3:
		what := fmt.Sprintf("%s waits%s among %s calls, and nothing was read or written", grouped(waits), in, grouped(all))
		if perSecond >= spinning {
			what += ": the waits came back at once, a spin"
		}
		return what
	}
	what := fmt.Sprintf("%s calls%s, %d %% of them %s", grouped(all), in, top.calls*100/all, top.name)
	for _, r := range rows {
		if r.error > 0 && r.error == r.calls && r.calls > 1 {
			return what + fmt.Sprintf("; every one of the %s calls of %s failed", grouped(r.calls), r.name)
		}
	}
	return what
}
