package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"
)

// Main runs a package's tests and fails them when descriptors or goroutines are left over at the end. Use it as
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
func Main(m *testing.M) {
	before := descriptors()
	code := m.Run()
	if code == 0 {
		if left := leaked(before); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "descriptors left open by the tests:\n\t%s\n", strings.Join(left, "\n\t"))
			code = 1
		}
		if left := goroutines(); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines left running by the tests:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// descriptors lists what is open, by what it leads to. Go's own poller is not a leak.
func descriptors() map[string]bool {
	out := map[string]bool{}
	es, _ := os.ReadDir("/proc/self/fd")
	for _, e := range es {
		to, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if err != nil || strings.HasPrefix(to, "anon_inode:[eventpoll]") || strings.HasPrefix(to, "/proc/") {
			continue
		}
		out[e.Name()+" -> "+to] = true
	}
	return out
}

// leaked waits a little for closing that is still under way.
func leaked(before map[string]bool) (left []string) {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left = left[:0]
		for d := range descriptors() {
			if !before[d] && !(strings.Contains(d, "anon_inode:[eventfd]") && runtimeEventfd(d)) {
				left = append(left, d)
			}
		}
		if len(left) == 0 || time.Now().After(end) {
			sort.Strings(left)
			return left
		}
	}
}

// runtimeEventfd reports whether an eventfd may be the one that Go's poller made: it has exactly one, made when a test
// first used the network.
func runtimeEventfd(d string) bool {
	n := 0
	for x := range descriptors() {
		if strings.Contains(x, "anon_inode:[eventfd]") {
			n++
		}
	}
	return n <= 1
}

// goroutines is the stack of what still runs, without the runtime's and the testing package's own.
func goroutines() string {
	var left []string
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left = left[:0]
		buf := make([]byte, 1<<20)
		buf = buf[:runtime.Stack(buf, true)]
		for _, g := range strings.Split(string(buf), "\n\n") {
			if strings.Contains(g, "testkit.goroutines") || strings.Contains(g, "testing.(*M).") ||
				strings.Contains(g, "os/signal.") || strings.Contains(g, "runtime.ensureSigM") {
				continue
			}
			left = append(left, g)
		}
		if len(left) == 0 || time.Now().After(end) {
			return strings.Join(left, "\n\n")
		}
	}
}
