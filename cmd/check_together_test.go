package cmd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestCheckTogether: EPOLLOUT that is left armed on three sockets is one finding that names them, and each can be left out by its number.
func TestCheckTogether(t *testing.T) {
	var lines []string
	for i := range 60 {
		var events []string
		for _, fd := range []int{5, 6, 7} {
			events = append(events, fmt.Sprintf("{events=EPOLLOUT, data={u32=%d, u64=%d}}", fd, 0x4c6d6a<<32|fd))
		}
		lines = append(lines, fmt.Sprintf("%d.%06d epoll_wait(4, [%s], 16, -1) = 3 <0.000010>", 1795410600, i*100, strings.Join(events, ", ")),
			fmt.Sprintf("%d.%06d recvfrom(9, 0x7f, 10, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.000010>", 1795410600, i*100+50))
	}
	path := written(t, "armed.strace", strings.Join(lines, "\n")+"\n")
	type finding struct {
		ID       string
		FD       int32
		FDs      []int32
		Count    int64
		Sentence string
	}
	list := func(args ...string) (out []finding) {
		var x struct{ Findings []finding }
		if err := json.Unmarshal([]byte(run(t, append([]string{"check", "--json", path}, args...)...).out), &x); err != nil {
			t.Fatal(err)
		}
		for _, f := range x.Findings {
			if f.ID == "EV08" {
				out = append(out, f)
			}
		}
		return out
	}
	if f := list(); len(f) != 1 || f[0].FD != 5 || !slices.Equal(f[0].FDs, []int32{5, 6, 7}) || f[0].Count != 3*58 ||
		!strings.HasPrefix(f[0].Sentence, "fd 5 (by the low half of its data, 0x4c6d6a00000005) was reported writable 58 times") || !strings.Contains(f[0].Sentence, "nothing to send. The same is true of fd 6 and fd 7 (174 times in all). There is not one write") {
		t.Errorf("%+v", f)
	}
	if f := list("--ignore", "EV08@fd=6"); len(f) != 1 || !slices.Equal(f[0].FDs, []int32{5, 7}) {
		t.Errorf("without fd 6: %+v", f)
	}
	if f := list("--ignore", "EV08@fd=6", "--ignore", "EV08@fd=5"); len(f) != 1 || f[0].FDs != nil || f[0].FD != 7 {
		t.Errorf("fd 7 alone: %+v", f)
	}
}
