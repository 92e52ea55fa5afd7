package export

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

func fold(t *testing.T, lines ...string) *timeline.Snapshot {
	t.Helper()
	evs, err := trace.ReadText(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	tl := timeline.New(timeline.Options{Info: trace.Info{Title: "lab", Kinds: trace.AllKinds(), Timed: true}})
	tl.Add(evs)
	return tl.Snapshot(0)
}

var polling = []string{
	"0.000 1 Thread complete pid=100 tid=100 role=loop",
	"0.000 1 Mode complete driver=sleep-poll interval=250ms",
	"0.000 1 Open complete fd=7 type=stream from=accept",
	"0.100 1 Arrive complete fd=7 events=IN unread=12",
	"0.200 1 Sleep complete asked=200ms dur=200ms",
	"0.280 1 Read complete fd=7 asked=4096 ret=12",
	"0.281 1 Round complete n=1 asked=12 useful=1",
}

var epoll = []string{
	"0.000 1 Thread complete pid=100 tid=100 role=loop",
	"0.000 1 Mode complete driver=epoll trigger=level",
	"0.000 1 Open complete fd=7 type=stream from=accept",
	"0.000 1 Register complete inst=ep3 fd=7 events=IN data=0x7",
	"0.010 1 Wait complete inst=ep3 count=1 dur=10ms",
	"0.010 1 Ready complete inst=ep3 fd=7 events=IN",
	"0.011 1 Read complete fd=7 asked=1024 ret=1024 left=1024",
	"0.012 1 Wait complete inst=ep3 count=1",
	"0.012 1 Ready complete inst=ep3 fd=7 events=IN unread=1024",
	"0.012 1 Renotify complete inst=ep3 fd=7 events=IN unread=1024 why=left-over",
	"0.013 1 Read complete fd=7 asked=1024 ret=-1 err=EAGAIN",
}

func TestSummaryText(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"polling", polling, []string{
			"mode                sleep-poll",
			"rounds                       1",
			"  calls                     12",
			"  hits                       1  8.3 %",
			"waits                        -",
			"  wakeups                    -",
			"events returned              -",
			"  repeats                    -  unknown: nothing reports readiness in this mode",
			"latency p50             180 ms  1 sample, arrival to read",
			"loop asleep             200 ms",
			"loop on repeats              -",
			"bytes in              12 bytes",
		}},
		{"epoll", epoll, []string{
			"mode                epoll level",
			"rounds                        -",
			"waits                         2",
			"  useful                      1  50 %",
			"events returned               2  1 nothing there, 1 fresh",
			"  repeats                     1  50 %",
			"reads                         1  and 1 EAGAIN",
			"latency p99                   -",
		}},
		{"nothing", nil, []string{"mode                      -", "waits                     -", "loop waiting              -"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := Summary(&b, fold(t, c.lines...), diagnostics.Default()); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(b.String(), "\n")
			for _, w := range c.want {
				found := false
				for _, l := range lines {
					found = found || strings.Join(strings.Fields(l), " ") == strings.Join(strings.Fields(w), " ")
				}
				if !found {
					t.Errorf("no line %q in\n%s", w, b.String())
				}
			}
			// Aligned: every figure ends in the same column.
			end := -1
			for _, l := range lines {
				if strings.HasPrefix(l, "events") {
					end = len(l)
				}
			}
			for _, l := range lines {
				if len(l) > end && l[end] != ' ' && !strings.Contains(l, "µ") {
					t.Errorf("column broken: %q", l)
				}
			}
		})
	}
}

func TestSummaryJSON(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  map[string]any
	}{
		{"polling", polling, map[string]any{"driver": "sleep-poll", "trigger": nil, "rounds": 1.0, "calls_asked": 12.0, "waits": nil, "wakeups": nil,
			"renotifications": nil, "wakeups_useful_share": nil, "latency_p50_ns": 180e6, "bytes_in": 12.0, "report_classes": nil}},
		{"epoll", epoll, map[string]any{"driver": "epoll", "trigger": "level", "rounds": nil, "waits": 2.0, "renotifications": 1.0,
			"wakeups_useful_share": 0.5, "latency_p50_ns": nil, "read_eagain": 1.0, "events_lost": 0.0}},
		{"nothing", nil, map[string]any{"driver": nil, "waits": nil, "loop_waiting_ns": nil, "events": 0.0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := SummaryJSON(&b, fold(t, c.lines...), diagnostics.Default()); err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
				t.Fatal(err)
			}
			for k, w := range c.want {
				g, there := got[k]
				if f, ok := w.(float64); ok && strings.HasPrefix(k, "latency") {
					if v, _ := g.(float64); v < f*0.99 || v > f*1.01 {
						t.Errorf("%s: %v, want %v", k, g, w)
					}
				} else if !there || g != w {
					t.Errorf("%s: %v (there: %v), want %v", k, g, there, w)
				}
			}
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestSummaryTellsWriteErrors(t *testing.T) {
	s := fold(t)
	if Summary(fullDisk{}, s, diagnostics.Default()) == nil || SummaryJSON(fullDisk{}, s, diagnostics.Default()) == nil {
		t.Error("the error was swallowed")
	}
}
