package main

import "strings"

// The choices of a run, beside the server.
const (
	fromStart = "start"
	attached  = "attach"
)

var states = []string{attached, fromStart}

// flagSet is one way in which people call strace.
type flagSet struct {
	name, short string // as it is typed, and in the name of a log
	args        []string
}

var flagSets = []flagSet{
	{"-f", "f", []string{"-f"}},
	{"-f -tt", "tt", []string{"-f", "-tt"}},
	{"-f -ttt -T", "T", []string{"-f", "-ttt", "-T"}},
	{"-f -ttt -T -yy", "yy", []string{"-f", "-ttt", "-T", "-yy"}},
	{"-f -ttt -T -e trace=network,desc", "filtered", []string{"-f", "-ttt", "-T", "-e", "trace=network,desc"}},
}

// run is one choice of everything.
type run struct {
	server *server
	state  string
	flags  flagSet
	beside bool // two busy loops
}

// String is what -only is held against.
func (r run) String() string {
	return strings.Join([]string{r.server.name, r.state, r.flags.name, r.load()}, "/")
}

func (r run) load() string {
	if r.beside {
		return "busy"
	}
	return "alone"
}

// file is the name of the run's log.
func (r run) file() string {
	return strings.Join([]string{r.server.name, r.state, r.flags.short, r.load()}, "-") + ".strace"
}

// tuples are the choices of a run taken n at a time.
func (r run) tuples(n int) []string {
	parts := strings.Split(r.String(), "/")
	var out []string
	for set := range 1 << len(parts) {
		var some []string
		for i, p := range parts {
			if set&(1<<i) != 0 {
				some = append(some, string(rune('0'+i))+p)
			}
		}
		if len(some) == n {
			out = append(out, strings.Join(some, "/"))
		}
	}
	return out
}

// combinations are all runs of some servers.
func combinations(servers []*server) []run {
	var out []run
	for _, s := range servers {
		for _, state := range states {
			for _, f := range flagSets {
				for _, beside := range []bool{false, true} {
					out = append(out, run{s, state, f, beside})
				}
			}
		}
	}
	return out
}

// pairwise chooses runs so that any two choices occur together at least once, and then, up to so many, so that as many threes
// as possible do. The next run is always the one that brings the most, of those that bring as much the one whose server has the
// fewest runs, and of those the first, so the plan is the same every time.
func pairwise(servers []*server, want int) []run {
	left := combinations(servers)
	var out []run
	has := map[*server]int{}
	for n := 2; n <= 3; n++ {
		seen := map[string]bool{}
		for _, r := range out {
			for _, t := range r.tuples(n) {
				seen[t] = true
			}
		}
		for len(left) > 0 {
			best, most := 0, 0
			for i, r := range left {
				news := 0
				for _, t := range r.tuples(n) {
					if !seen[t] {
						news++
					}
				}
				if news > most || news == most && has[r.server] < has[left[best].server] {
					best, most = i, news
				}
			}
			if most == 0 || n > 2 && len(out) >= want {
				break
			}
			for _, t := range left[best].tuples(n) {
				seen[t] = true
			}
			out = append(out, left[best])
			has[left[best].server]++
			left = append(left[:best:best], left[best+1:]...)
		}
	}
	return out
}
