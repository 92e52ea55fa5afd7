package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"evviz/tui"
)

// TestScreenOfPastes is TestScreenOfLogs for logs as people paste them: begun in the middle, filtered by -e, and without -f, -ttt and -T, where only the
// order of lines is known.
func TestScreenOfPastes(t *testing.T) {
	for name, cut := range map[string]func(lines []string) []string{
		"middle": func(lines []string) []string { return lines[len(lines)*4/10 : len(lines)*8/10] },
		"filtered": func(lines []string) []string {
			return grep(lines, `^\d+ +[\d.]+ (<\.\.\. )?(epoll_wait|epoll_pwait|read|recvfrom|write|writev|sendto)\b`)
		},
		"untimed": func(lines []string) []string {
			times, took := regexp.MustCompile(`^\d+ +[\d.]+ `), regexp.MustCompile(` <[\d.]+>$`)
			var out []string
			for _, l := range grep(lines, `^\S+ +\S+ \w+\(.*\) += `) {
				out = append(out, took.ReplaceAllString(times.ReplaceAllString(l, ""), ""))
			}
			return out
		},
	} {
		for _, server := range []string{"redis", "node", "asyncio", "nginx"} {
			if name == "untimed" && server == "nginx" { // several processes in one column
				continue
			}
			t.Run(name+"-"+server, func(t *testing.T) {
				b, err := os.ReadFile("testdata/screen/" + server + ".strace")
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(t.TempDir(), server+".strace")
				if err := os.WriteFile(path, []byte(strings.Join(cut(strings.Split(strings.TrimSpace(string(b)), "\n")), "\n")+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				log := readLog(t, path)
				tenths := []int64{2, 4, 6, 8, 10}
				if log.untimed {
					tenths = tenths[4:]
				}
				for _, tenth := range tenths {
					at := log.last * tenth / 10
					feed := feedUpTo(t, path, at)
					if log.untimed {
						feed = feedUpTo(t, path, 1<<40)
					}
					for _, view := range []string{"timeline", "iteration", "registered", "events"} {
						pic, err := tui.Draw(tui.Options{Feed: feed, View: view, Span: log.last + log.last/50, Symbols: "block"}, 200, 50, 1<<24, nil)
						if err != nil {
							t.Fatal(err)
						}
						x := &truth{t: t, log: log, at: at, tenth: tenth, view: view, size: [2]int{200, 50}, text: pic.Text()}
						if log.untimed {
							x.checkUntimed()
						} else {
							x.check()
						}
						if x.wrong > 0 {
							t.Logf("%s", x.text)
							return
						}
					}
				}
			})
		}
	}
}

// grep is the lines that match.
func grep(lines []string, pattern string) (out []string) {
	p := regexp.MustCompile(pattern)
	for _, l := range lines {
		if p.MatchString(l) {
			out = append(out, l)
		}
	}
	return out
}

var (
	aRate  = regexp.MustCompile(`[\d.]+[kM]?/s\b`)
	aShare = regexp.MustCompile(`busy >?[\d.]+ %`)
	aSpan  = regexp.MustCompile(`(waited|worked|slept|took|late|ago|for) [\d.]+ (ns|µs|ms|s)\b`)
	inList = regexp.MustCompile(`^ *([\d,]+)  (.*)$`)
)

// checkUntimed holds a screen of a log without times: it says nothing of rates, shares and durations, and every call that it lists is in the log.
func (x *truth) checkUntimed() {
	x.everywhere()
	for _, l := range x.lines() {
		for _, p := range []*regexp.Regexp{aRate, aShare, aSpan} {
			if m := p.FindString(l); m != "" {
				x.errorf(l, "%q: the log has no times", m)
			}
		}
		m := inList.FindStringSubmatch(l)
		if x.view != "events" || m == nil {
			continue
		}
		what, _ := twoParts(m[2])
		if c := aCall.FindStringSubmatch(what); c != nil {
			found := false
			for _, o := range x.log.calls {
				found = found || o.name == c[1] && x.sameCall(o, c[2], c[3])
			}
			if !found {
				x.errorf(l, "no line has that call")
			}
		}
	}
}
