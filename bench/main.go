// Command bench measures what docs/performance.md claims: go run ./bench, or make bench.
//
// The machine drifts by a tenth on its own, so a figure alone means little. Benchmarks that are to be compared are run
// in turn, A B A B, each in a process of its own, and the ratio is taken pair by pair; what is printed are medians with the
// lowest and the highest.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// task is one benchmark: the package, its name, and which of its figures matters ("ns/op" or a metric of its own).
type task struct{ pkg, bench, unit string }

// cpus is how many processors the benchmark may use: files and the producing side of a ring are claimed for one core.
func (t task) cpus() string {
	if strings.HasPrefix(t.bench, "BenchmarkFile") || strings.HasPrefix(t.bench, "BenchmarkStrace") || strings.HasPrefix(t.bench, "BenchmarkCheck") || strings.HasPrefix(t.bench, "BenchmarkRules") ||
		strings.HasPrefix(t.bench, "BenchmarkEmit/clock") {
		return "1"
	}
	return "2"
}

// pair compares two benchmarks; ratio is B/A of the unit.
type pair struct {
	title string
	a, b  task
	want  string
}

// single is one benchmark by itself.
type single struct {
	title string
	task
	want string
}

var singles = []single{
	{"emit: clock alone", task{"./trace", "BenchmarkEmit/clock-alone", "ns/op"}, ""},
	{"emit: with clock", task{"./trace", "BenchmarkEmit/clock", "ns/op"}, "at most 10 ns more than the clock"},
	{"emit: with clock, read on another core", task{"./trace", "BenchmarkEmit/kept-up", "ns/event"}, ""},
	{"file: read, zstd included", task{"./trace", "BenchmarkFileRead", "Mev/s"}, "60"},
	{"file: write", task{"./trace", "BenchmarkFileWrite", "Mev/s"}, ""},
	{"file: size with durations", task{"./trace", "BenchmarkBytesPerEvent/durations", "B/event"}, "5.2"},
	{"strace text into events, -f -ttt -T", task{"./bench", "BenchmarkStrace/plain", "Mlines/cpu-s"}, "1"},
	{"strace text into events, -yy too", task{"./bench", "BenchmarkStrace/yy", "Mlines/cpu-s"}, "1"},
	{"check: a log of a million lines, rules and all", task{"./bench", "BenchmarkCheck", "Mlines/cpu-s"}, "1"},
	{"rules: ledger and all rules over 10 million events", task{"./bench", "BenchmarkRules/ten-million", "s/10Mev"}, "2"},
	{"rules: live at 200,000 events/s, timeline and rules", task{"./bench", "BenchmarkRules/live", "%core"}, "10"},
	{"10 M events: open to the first frame, whole process", task{"./bench", "BenchmarkTravel/open-10M", "ms/frame"}, "150"},
	{"10 M events, killed, no index, no summaries: the same", task{"./bench", "BenchmarkTravel/killed-10M", "ms/frame"}, "1000"},
	{"10 M events: seek anywhere until it is drawn", task{"./bench", "BenchmarkTravel/seek-10M", "ms/seek"}, "30"},
	{"10 M events: the slowest of 60 seeks", task{"./bench", "BenchmarkTravel/seek-10M", "ms/seek-worst"}, "30"},
	{"10 M events: excerpt of 2 s elsewhere", task{"./bench", "BenchmarkTravel/seek-10M", "ms/excerpt"}, ""},
	{"10 M events: most memory, seeking", task{"./bench", "BenchmarkTravel/seek-10M", "MB"}, "200"},
	{"10 M events, killed: seek anywhere until it is drawn", task{"./bench", "BenchmarkTravel/seek-killed-10M", "ms/seek"}, "30"},
	{"screen 200x50: unchanged frame, bytes", task{"./tui", "BenchmarkFrameUnchanged", "B/frame"}, "0"},
	{"screen 200x50: unchanged frame, time", task{"./tui", "BenchmarkFrameUnchanged", "ns/op"}, ""},
	{"screen 200x50: changed frame, time", task{"./tui", "BenchmarkFrameChanged", "ns/op"}, ""},
	{"screen 200x50, 10 M events: everything changed", task{"./tui", "BenchmarkScreen/changed", "cpu-ms/frame"}, "2"},
	{"screen 200x50, 10 M events: one event more", task{"./tui", "BenchmarkScreen/small", "cpu-ms/frame"}, "0.3"},
	{"screen 200x50, 10 M events: one event more, bytes", task{"./tui", "BenchmarkScreen/small", "B/frame"}, ""},
	{"screen 200x50, 10 M events: unchanged", task{"./tui", "BenchmarkScreen/unchanged", "cpu-ms/frame"}, "0.1"},
	{"screen 200x50, 10 M events: unchanged, bytes", task{"./tui", "BenchmarkScreen/unchanged", "B/frame"}, "0"},
	{"live screen, 20 frames/s, less the lab without one", task{"./bench", "BenchmarkLiveScreen", "%core"}, "5"},
}

// big are those that need much room on the disk: 0.5 GB in the directory for temporary files.
var big = []single{
	{"100 M events: open to the first frame, whole process", task{"./bench", "BenchmarkTravel/open-100M", "ms/frame"}, "300"},
	{"100 M events: seek anywhere until it is drawn", task{"./bench", "BenchmarkTravel/seek-100M", "ms/seek"}, "30"},
	{"100 M events: most memory, seeking", task{"./bench", "BenchmarkTravel/seek-100M", "MB"}, "200"},
}

var pairs = []pair{
	{"loop instrumented / everything off", task{"./bench", "BenchmarkEcho/off", "msg/cpu-s"}, task{"./bench", "BenchmarkEcho/on", "msg/cpu-s"}, "0.95"},
	{"the same with the observer (arrivals)", task{"./bench", "BenchmarkEcho/off", "msg/cpu-s"}, task{"./bench", "BenchmarkEcho/on+observer", "msg/cpu-s"}, ""},
}

func main() {
	n := flag.Int("n", 7, "how often each is run")
	only := flag.String("only", "", "only those whose title matches this pattern")
	bt := flag.String("time", "1s", "benchtime of one run")
	large := flag.Bool("big", false, "with a recording of 100 million events, too")
	flag.Parse()
	if *large {
		singles = append(singles, big...)
	}
	dir, err := os.MkdirTemp("", "evviz-bench")
	check(err)
	defer os.RemoveAll(dir)
	filter := regexp.MustCompile(*only)
	built := map[string]string{}
	run := func(t task) float64 {
		bin, ok := built[t.pkg]
		if !ok {
			bin = filepath.Join(dir, strings.Trim(t.pkg, "./")+".test")
			out, err := exec.Command("go", "test", "-c", "-o", bin, t.pkg).CombinedOutput()
			if err != nil {
				check(fmt.Errorf("build %s: %w\n%s", t.pkg, err, out))
			}
			built[t.pkg] = bin
		}
		return measure(bin, t, *bt)
	}
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	line := func(title string, v []float64, unit, want string) {
		sort.Float64s(v)
		if want != "" {
			want = "  (target " + want + ")"
		}
		fmt.Fprintf(w, "%-42s %10.4g  [%.4g .. %.4g] %s, %d runs%s\n", title, v[len(v)/2], v[0], v[len(v)-1], unit, len(v), want)
		w.Flush()
	}
	for _, s := range singles {
		if !filter.MatchString(s.title) {
			continue
		}
		var v []float64
		for i := 0; i < *n; i++ {
			v = append(v, run(s.task))
		}
		line(s.title, v, s.unit, s.want)
	}
	for _, p := range pairs {
		if !filter.MatchString(p.title) {
			continue
		}
		var a, b, r []float64
		for i := 0; i < *n; i++ {
			var x, y float64
			if i%2 == 0 {
				x, y = run(p.a), run(p.b)
			} else { // the other way round every second time, so that a drift within a pair favours neither
				y, x = run(p.b), run(p.a)
			}
			a, b, r = append(a, x), append(b, y), append(r, y/x)
		}
		line("  "+p.a.bench, a, p.a.unit, "")
		line("  "+p.b.bench, b, p.b.unit, "")
		line(p.title, r, "ratio", p.want)
	}
}

// measure runs one benchmark once and picks its figure.
func measure(bin string, t task, benchtime string) float64 {
	var parts []string
	for _, p := range strings.Split(t.bench, "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(p)+"$")
	}
	cmd := exec.Command(bin, "-test.run", "^$", "-test.bench", strings.Join(parts, "/"), "-test.benchtime", benchtime, "-test.cpu", t.cpus())
	cmd.Dir = t.pkg
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		check(fmt.Errorf("%s %s: %w\n%s", t.pkg, t.bench, err, out.String()))
	}
	for _, l := range strings.Split(out.String(), "\n") {
		f := strings.Fields(l)
		for i := 1; i+1 < len(f) && strings.HasPrefix(f[0], "Benchmark"); i++ {
			if f[i+1] == t.unit {
				if v, err := strconv.ParseFloat(f[i], 64); err == nil {
					return v
				}
			}
		}
	}
	check(fmt.Errorf("%s %s printed no %s:\n%s", t.pkg, t.bench, t.unit, out.String()))
	return 0
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
