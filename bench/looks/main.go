// Command looks measures what evviz snapshot does to the program that it looks into, and how long it takes: go run ./bench/looks, or make
// bench-looks.
//
// A target with thousands of registrations changes one of them and asks its instance without waiting, again and again, and measures how long
// each such iteration takes: epoll_ctl and epoll_wait need the locks of the instance. Windows of one length follow each other in turn: nobody
// looks, evviz snapshot looks by BPF, it looks by /proc. What is compared is the longest iteration of each window; what is printed are medians
// with the lowest and the highest. Nothing here fails because of a time.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == targetWord {
		if err := target(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	rounds := flag.Int("rounds", 15, "windows of each kind")
	window := flag.Duration("window", 400*time.Millisecond, "length of a window; a command that takes longer makes it longer")
	evviz := flag.String("evviz", "", "the program; \"\" builds it")
	flag.Parse()
	if err := measure(*rounds, *window, *evviz); err != nil {
		fmt.Fprintln(os.Stderr, "bench/looks:", err)
		os.Exit(1)
	}
}

// sizes are how many registrations the targets have. The longest iteration is measured at the last.
var sizes = []int{1000, 10000}

// way is what happens in a window.
type way struct {
	name string
	args []string // of evviz; nil: nobody looks
}

var allWays = []way{
	{"nobody looks", nil},
	{"evviz snapshot", []string{"snapshot", "--json"}},
	{"evviz snapshot --via proc", []string{"snapshot", "--json", "--via", "proc"}},
}

func measure(rounds int, window time.Duration, evviz string) error {
	dir, err := os.MkdirTemp("", "evviz-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if evviz == "" {
		evviz = filepath.Join(dir, "evviz")
		if out, err := exec.Command("go", "build", "-o", evviz, "evviz").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	fmt.Printf("load before: %s\n\n", load())
	fmt.Println("| what | registrations | measured: median [lowest .. highest] |")
	fmt.Println("|---|---|---|")
	for _, n := range sizes {
		if err := measureOne(n, rounds, window, evviz, n == sizes[len(sizes)-1]); err != nil {
			return err
		}
	}
	fmt.Printf("\nload after: %s\n", load())
	return nil
}

// measureOne measures with one target.
func measureOne(n, rounds int, window time.Duration, evviz string, iterations bool) (err error) {
	t, err := startTarget(n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	last := window
	longest, took, by := map[string][]time.Duration{}, map[string][]time.Duration{}, map[string]string{}
	for round := range rounds {
		for i := range allWays {
			w := allWays[(round+i)%len(allWays)] // each goes first as often as the others
			if err := t.begin(); err != nil {
				return err
			}
			begun, length := time.Now(), window
			if w.args == nil {
				length = max(window, last) // as long as with a command
			} else {
				c := exec.Command(evviz, append(slices.Clone(w.args), fmt.Sprint(t.pid))...)
				out, err := c.Output()
				var exit *exec.ExitError
				if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
					return fmt.Errorf("%v: %w", c.Args, err)
				}
				last = time.Since(begun)
				took[w.name] = append(took[w.name], last)
				by[w.name] = lookedBy(string(out))
			}
			time.Sleep(length - time.Since(begun))
			most, err := t.longest()
			if err != nil {
				return err
			}
			longest[w.name] = append(longest[w.name], most)
		}
	}
	for _, w := range allWays {
		how := w.name
		if by[w.name] != "" {
			how += " (by " + by[w.name] + ")"
		}
		if iterations {
			fmt.Printf("| the longest iteration of the target in %v or longer: %s | %d | %s |\n", window, how, n, spread(longest[w.name]))
		}
		if w.args != nil {
			fmt.Printf("| the whole command: %s | %d | %s |\n", how, n, spread(took[w.name]))
		}
	}
	return nil
}

// lookedBy is how a snapshot says that it has looked.
func lookedBy(out string) string {
	_, rest, _ := strings.Cut(out, `"looked_by": "`)
	how, _, _ := strings.Cut(rest, `"`)
	return how
}

// spread is the median, with the lowest and the highest.
func spread(d []time.Duration) string {
	slices.Sort(d)
	return fmt.Sprintf("%s [%s .. %s] of %d", short(d[len(d)/2]), short(d[0]), short(d[len(d)-1]), len(d))
}

// short is a time with three digits or so.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%.1f µs", float64(d)/1e3)
	case d < time.Millisecond:
		return fmt.Sprintf("%.0f µs", float64(d)/1e3)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.0f ms", float64(d)/1e6)
}

// load is how busy the machine is, as /proc/loadavg has it for a minute, five and fifteen.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(b))
	return fmt.Sprintf("%s, on %d processors", strings.Join(f[:min(3, len(f))], " "), runtime.NumCPU())
}
