package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"evviz/trace"
)

// loopsUsed is the processor time of the session's loops (proc_pid_schedstat: the first number, ns). The mechanism that
// leaves the work to Go's runtime has no threads of its own, so nobody can tell its share.
func (s *Session) loopsUsed() (sum int64, known bool) {
	if driver, _ := s.loop.Mode(); driver == trace.DriverGo {
		return 0, false
	}
	for _, l := range s.Feed.Snapshot().Loops {
		if l.PID != os.Getpid() || l.Ended != 0 {
			continue
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/schedstat", l.TID))
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.Fields(string(b) + " 0")[0], 10, 64)
		if err == nil {
			sum += n
		}
	}
	return sum, true
}
