package probe

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"evviz/trace"
)

// TestWhoseChild: two clones are in progress, one for a process and one for a thread, and the child of the younger speaks first.
// The text that follows says whose it is, so that what it closes is closed in the right table.
func TestWhoseChild(t *testing.T) {
	const process, thread = "{flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}", "{flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, exit_signal=0}"
	for _, first := range []string{process, thread} {
		second := thread
		if first == thread {
			second = process
		}
		var b strings.Builder
		fmt.Fprintf(&b, "10 1.000000 epoll_create1(0) = 3 <0.000010>\n10 1.000100 clone3(%s <unfinished ...>\n", first)
		fmt.Fprintf(&b, "11 1.000200 clone3(%s <unfinished ...>\n", second)
		b.WriteString("13 1.000300 close(3) = 0 <0.000010>\n12 1.000400 getpid() = 1 <0.000010>\n")
		b.WriteString("10 1.000500 <... clone3 resumed>, 88) = 12 <0.000400>\n11 1.000600 <... clone3 resumed>, 88) = 13 <0.000400>\n")
		s := NewStrace(strings.NewReader("10 0.900000 clone3("+thread+", 88) = 11 <0.000010>\n"+b.String()), "log")
		var forks []int64
		closedIn := int64(-1)
		pids := map[uint32]int64{}
		sound(t, s)
		for _, e := range s.All() {
			switch e.Kind {
			case trace.Fork:
				if e.Mask&cloneThread == 0 {
					forks = append(forks, e.A)
				}
			case trace.Thread:
				pids[e.Stream] = e.A
			case trace.Close:
				closedIn = pids[e.Stream]
			}
		}
		child, closer := int64(12), int64(10)
		if second == process {
			child, closer = 13, 13
		}
		if !slices.Equal(forks, []int64{child}) || closedIn != closer {
			t.Errorf("first %s: processes %v, want %d; closed in %d, want %d", first, forks, child, closedIn, closer)
		}
	}
}
