package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/trace"
)

// What the cases of keys_test.go stand on: the screens that they share, and how those are read.

// stage is the screens that the cases play on.
type stage struct {
	t                  *testing.T // of all cases: the screens end with it
	lab, play, lessons *testkit.Terminal
	key                string
}

// aLab is a lab with two quiet connections under level-triggered epoll, live, on view 1.
func (s *stage) aLab(t *testing.T) *testkit.Terminal {
	t.Helper()
	if s.lab == nil {
		s.lab = onTerminal(s.t, 120, 40, "--mode", "epoll", "--scenario", "trickle", "--keep", "30s")
		s.lab.Until("two connections", func(s string) bool { return lanes(s, "LT") == 2 })
	}
	x := s.lab.In(t)
	x.Send("\x07\x07") // Ctrl-G: whatever a case that failed has left open
	for _, l := range []string{"timeline", "escape", "escape", "escape", "filter", "span 4s", "sort age", "end"} {
		line(x, l)
	}
	x.Until("the timeline, live", func(s string) bool {
		return strings.Contains(s, " LIVE") && strings.Contains(s, "4.0 s,") && regexp.MustCompile(`(?m)^listener`).MatchString(s)
	})
	return x
}

// aReplay is a replay that stands still at 12.7 s of the kept recording, level-triggered at that moment, on view 1.
func (s *stage) aReplay(t *testing.T) *testkit.Terminal {
	t.Helper()
	if s.play == nil {
		b, err := os.ReadFile("../tui/testdata/tour.evt")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(s.t.TempDir(), "tour.evt") // a bookmark is written into the file
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s.play = testkit.StartTerminal(s.t, 120, 40, program(s.t, "replay", "--paused", file))
		s.play.Shows(" PAUSED")
	}
	x := s.play.In(t)
	x.Send("\x07\x07")
	for _, l := range []string{"timeline", "escape", "escape", "escape", "escape", "filter", "span 4s", "sort age", "speed 1", "goto 12.7"} {
		line(x, l)
	}
	x.Until("12.7 s, standing still", func(s string) bool {
		return position(s) == 12.7 && strings.Contains(s, " PAUSED") && strings.Contains(s, "4.0 s,") && lanes(s, "LT") == 3
	})
	return x
}

func (s *stage) aLesson(t *testing.T) *testkit.Terminal {
	if s.lessons == nil {
		s.lessons = onTerminal(s.t, 120, 40, "--lesson", "9c")
	}
	x := s.lessons.In(t)
	x.Until("the stop", func(s string) bool {
		return strings.Contains(s, "Edge, fixed") && strings.Contains(s, "stopped at the point")
	})
	return x
}

// press presses the key that the case is run with.
func (s *stage) press(x *testkit.Terminal) { x.Press(s.key) }

// line runs a command of the ":" line.
func line(x *testkit.Terminal, command string) { x.Send(":" + command + "\r") }

// axis is the row with the times: under the panel of numbers, where there is one.
func axis(screen string) string {
	if strings.HasPrefix(row(screen, 3), " wakeups ") {
		return row(screen, 4)
	}
	return row(screen, 3)
}

func row(screen string, i int) string {
	if rows := strings.Split(screen, "\n"); i < len(rows) {
		return rows[i]
	}
	return ""
}

func number(s string, re *regexp.Regexp) float64 {
	m := re.FindStringSubmatch(s)
	if m == nil {
		return -1
	}
	x, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return -1
	}
	return x
}

var (
	positionOnBar = regexp.MustCompile(`(?m)^ [▶■] +[\d.]+x +([\d.]+) / `)
	cursorOnAxis  = regexp.MustCompile(` (\d+\.\d{6})(?: |$)`)
	turnAt        = regexp.MustCompile(`(?m)^ iteration at ([\d.]+) s`)
	scaleOnTabs   = regexp.MustCompile(` ([\d.]+ (?:µs|ms|s|min)), [\d.]+ (?:ns|µs|ms|s) a cell`)
	detailOfFD    = regexp.MustCompile(`(?m)^── fd (\d+) `)
)

// position is where a replay's transport bar says it is, in seconds; -1 not shown. cursor, tick and turn are the moments of
// the cursor, of the first label of the axis and of the turn that view 2 shows.
func position(s string) float64 { return number(s, positionOnBar) }
func cursor(s string) float64   { return number(axis(s), cursorOnAxis) }
func turn(s string) float64     { return number(s, turnAt) }

// Marks may cover labels of the axis, so it is the first that can be read; the cursor's, which has six decimals, is none.
func tick(s string) float64 {
	for _, f := range strings.Fields(axis(s)) {
		if x, err := strconv.ParseFloat(f, 64); err == nil && !strings.Contains(f, ".") || err == nil && len(f)-strings.IndexByte(f, '.') < 6 {
			return x
		}
	}
	return -1
}

func scale(s string) string {
	if m := scaleOnTabs.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

func detail(s string) string {
	if m := detailOfFD.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// frozen stops the view of a lab and waits until it has stopped.
func frozen(x *testkit.Terminal) {
	x.Press("Space")
	x.Shows(" PAUSED")
}

// old waits until a lab has run for so many seconds.
func old(x *testkit.Terminal, seconds float64) {
	x.Until("a run of some seconds", func(s string) bool { return tick(s) > seconds-4 })
}

// valid reads a recording and holds it to the rules of traces.
func valid(t *testing.T, path string) []trace.Event {
	t.Helper()
	v := trace.NewValidator(trace.ValidateOptions{})
	evs := readAll(t, path)
	for i := range evs {
		v.Add(&evs[i])
	}
	if err := v.Err(); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return evs
}

// views: what each view has that no other has.
var views = map[string]func(s string) bool{
	"timeline":   func(s string) bool { return regexp.MustCompile(`(?m)^loop .*\n(.*\n)?listener`).MatchString(s) },
	"iteration":  func(s string) bool { return turn(s) >= 0 },
	"registered": func(s string) bool { return strings.Contains(s, "(O: the next column)") },
	"latency":    func(s string) bool { return strings.Contains(s, "arrival to delivered") },
	"findings":   func(s string) bool { return strings.Contains(s, "What was found") },
	"events": func(s string) bool {
		return len(regexp.MustCompile(`(?m)^ +\d+\.\d{6}  `).FindAllString(s, -1)) > 20
	},
}

func showsView(name string) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		if name == "timeline" {
			x.Press("4")
			x.Until("view 4", views["latency"])
		}
		s.press(x)
		x.Until("the view "+name, views[name])
		for other, is := range views {
			if other != name && is(x.Screen()) {
				t.Errorf("it shows %s, too", other)
			}
		}
	}
}
