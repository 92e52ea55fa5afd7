package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"evviz/figures"
	"evviz/internal/testkit"
	"evviz/lab"
	"evviz/loop"
	"evviz/record"
	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui"
	"evviz/words"
)

// startSession runs a lab in this process, with its clients in another, and records it.
func startSession(t *testing.T, b loop.Behaviour, story string, ring int) (*lab.Session, string) {
	t.Helper()
	t.Setenv("EVVIZ_TEST_MAIN", "1") // for the clients, which are this binary again
	var script *scenarios.Script
	if story != "" {
		s, err := scenarios.Load(figures.Stories{}, story)
		if err != nil {
			t.Fatal(err)
		}
		script = s
	}
	path := filepath.Join(t.TempDir(), "run.evt")
	s, err := lab.Begin(&lab.Options{Listen: "127.0.0.1:0", Behaviour: b, Script: script, Seed: 1, Ring: ring, Record: path})
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

// readAll is every event of a file, and the file is closed again.
func readAll(t *testing.T, path string) []trace.Event {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if d := f.Damage(); len(d) > 0 {
		t.Errorf("damage: %v", d)
	}
	var out []trace.Event
	buf := make([]trace.Event, 4096)
	for {
		n, err := f.Read(context.Background(), buf)
		out = append(out, buf[:n]...)
		if err != nil {
			return out
		}
	}
}

// replayed is the timeline of a file.
func replayed(t *testing.T, path string) *timeline.Feed {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	feed := timeline.NewFeed(f, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed
}

// TestLiveEqualsReplay: statistics and the frame are the same from the live run and from its recording; and the text
// form, read back, gives the same events.
func TestLiveEqualsReplay(t *testing.T) {
	b := loop.Default()
	b.Interval = 20 * time.Millisecond
	s, path := startSession(t, b, "demo", 1<<16)
	for _, m := range []uint32{trace.TriggerLevel, trace.TriggerEdge, trace.TriggerLevel} {
		time.Sleep(700 * time.Millisecond)
		if err := s.Loop().Switch(trace.DriverEpoll, m); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	then := s.Feed.Snapshot() // a moment in the middle of the run, as it was seen live
	time.Sleep(300 * time.Millisecond)
	if err := s.Stop(trace.StopAsked); err != nil {
		t.Fatal(err)
	}
	feed := replayed(t, path)
	live, replay := s.Feed.Snapshot(), feed.Snapshot()
	if !reflect.DeepEqual(live.Stats, replay.Stats) {
		t.Errorf("statistics differ\nlive   %+v\nreplay %+v", live.Stats, replay.Stats)
	}
	if live.Stats.Reads == 0 || live.Stats.Reports == 0 || live.Stats.Rounds == 0 {
		t.Errorf("hardly anything happened: %+v", live.Stats)
	}
	evs := readAll(t, path)
	if err := trace.Validate(evs); err != nil {
		t.Errorf("the trace is not valid: %v", err)
	}
	frame := func(f *timeline.Feed) string {
		p, err := tui.Draw(tui.Options{Feed: f, Symbols: "block"}, 120, 36, 1<<24, func(press func(string)) { press("Down"); press("-") })
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(p.Text(), "\n") // the first line names the file
		return rest
	}
	if a, b := frame(s.Feed), frame(feed); a != b {
		t.Errorf("frames differ\n--- live\n%s--- replay\n%s", a, b)
	}

	r := run(t, "replay", "--text=raw", path)
	if r.code != 0 {
		t.Fatalf("replay --text: exit code %d: %s", r.code, r.err)
	}
	back, err := trace.ReadText(strings.NewReader(r.out))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, evs) {
		t.Errorf("the text form gives %d events back, the file has %d, or they differ", len(back), len(evs))
	}
	// What was seen live at that moment is what the recording gives for it: figures, and every cell of every lane.
	tl := timeline.New(timeline.Options{Info: live.Info})
	tl.Add(evs[:then.EventCount()])
	again := tl.Snapshot(then.Now)
	if !reflect.DeepEqual(then.Stats, again.Stats) || len(then.Lanes) != len(again.Lanes) {
		t.Errorf("at a moment of the run\nlive   %+v\nreplay %+v", then.Stats, again.Stats)
	} else {
		for i, l := range then.Lanes {
			if !reflect.DeepEqual(l.Cells(then.First, then.Now, 200), again.Lanes[i].Cells(then.First, then.Now, 200)) {
				t.Errorf("fd %d is drawn differently from the recording at the same moment", l.FD)
			}
		}
	}
	// At any moment in between, too: fold the recording up to there, live as it was then.
	mid := evs[len(evs)/2].Time
	fold := func(batch int) *timeline.Snapshot {
		tl := timeline.New(timeline.Options{Info: live.Info})
		for i := 0; i < len(evs)/2; i += batch {
			tl.Add(evs[i:min(i+batch, len(evs)/2)])
		}
		return tl.Snapshot(mid)
	}
	if a, b := fold(1), fold(1000); !reflect.DeepEqual(a.Stats, b.Stats) {
		t.Errorf("the statistics at a moment depend on how the events came\n%+v\n%+v", a.Stats, b.Stats)
	}
}

// bigMessage sends 64 KiB, waits for so many bytes of the answer, and ends when the server has nothing more to do.
const bigMessage = `
knobs = {"read_size": 1024, "reads": 1, "hold": 65536}
answered = param("answered", 65536)
def main():
    c = connect()
    c.send(65536)
    if answered:
        c.receive(answered)
    lab.wait("reads", 1)
    lab.wait("idle", 1)
`

// TestBigMessageHeadless is T01 and T02 through the program a user runs: recorded, replayed, counted.
func TestBigMessageHeadless(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a run of some seconds")
	dir := t.TempDir()
	path, story := filepath.Join(dir, "t01.evt"), filepath.Join(dir, "big.star")
	if err := os.WriteFile(story, []byte(bigMessage), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "--headless", "--listen", "127.0.0.1:0", "--mode", "epoll", "--trigger", "level", "--scenario", story, "--record", path)
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	live := replayed(t, path).Snapshot()
	if live.Stats.Renotify != 63 {
		t.Errorf("renotify: %d, want 63", live.Stats.Renotify)
	}
	if !regexp.MustCompile(`repeats\s+63\b`).MatchString(r.out) {
		t.Errorf("the summary should say 63 repeats:\n%s", r.out)
	}
	again := run(t, "replay", "--summary", path)
	if again.out != r.out {
		t.Errorf("the replay's summary differs\n--- live\n%s--- replay\n%s", r.out, again.out)
	}
	for _, l := range live.Lanes {
		// The client's close is one more report, of the end of file.
		n := &l.Stats.Counts
		if l.Kind == timeline.KindConn && (n[timeline.MarkReport] != 64+n[timeline.MarkReadEOF] || n[timeline.MarkRenotify] != 63) {
			t.Errorf("fd %d: %d reports, %d re-notifications, want 64 and 63", l.FD, n[timeline.MarkReport], n[timeline.MarkRenotify])
		}
	}

	r = run(t, "--headless", "--listen", "127.0.0.1:0", "--mode", "epoll-et", "--scenario", story, "--param", "answered=0", "--record", path, "--force")
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	reads := 0
	for _, e := range readAll(t, path) {
		if e.Kind != trace.Read || e.A != 1024 { // the others are of the eventfd
			continue
		}
		if reads++; e.B != 1024 || e.Inst != 64512+1 {
			t.Errorf("%d bytes read, %d left; want 1024 and 64512", e.B, int64(e.Inst)-1)
		}
	}
	if reads != 1 {
		t.Errorf("%d reads of an edge that was told once", reads)
	}
}

// TestLossIsTheSameEverywhere floods a ring of 64 slots: the number lost is the same in the header, the file, the text
// and the summary.
func TestLossIsTheSameEverywhere(t *testing.T) {
	b := loop.Default()
	b.Driver, b.Interval, b.Waits = trace.DriverSleepPoll, 0, 20000
	s, path := startSession(t, b, "idle", 64)
	select {
	case <-s.Loop().Done():
	case <-time.After(giveUp):
		t.Fatal("the loop did not end")
	}
	if err := s.Stop(trace.StopAsked); err != nil {
		t.Fatal(err)
	}
	lost := s.Lost()
	if lost == 0 {
		t.Fatal("nothing was lost: this test tests nothing")
	}
	var inFile uint64
	evs := readAll(t, path)
	for i := range evs {
		if evs[i].Kind == trace.Lost {
			inFile += uint64(evs[i].A)
		}
	}
	if err := trace.Validate(evs); err != nil {
		t.Errorf("the trace is not valid: %v", err)
	}
	if inFile != lost {
		t.Errorf("file: %d lost, rings: %d", inFile, lost)
	}
	if n := s.Feed.Snapshot().Stats.Lost; uint64(n) != lost {
		t.Errorf("statistics: %d lost, rings: %d", n, lost)
	}
	p, err := tui.Draw(tui.Options{Feed: s.Feed}, 100, 30, 8, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header, _, _ := strings.Cut(p.Text(), "\n"); !strings.Contains(header, "dropped "+words.Number(int64(lost))) {
		t.Errorf("header: %s, rings lost %d", header, lost)
	}
	text := run(t, "replay", "--text=raw", path).out
	var inText uint64
	for _, m := range regexp.MustCompile(`(?m) Lost \S+ n=(\d+)`).FindAllStringSubmatch(text, -1) {
		var n uint64
		fmt.Sscan(m[1], &n)
		inText += n
	}
	if inText != lost {
		t.Errorf("text: %d lost, rings: %d", inText, lost)
	}
	sum := run(t, "replay", "--summary", path).out
	if digits := regexp.MustCompile(`(?m)^\s*dropped\D*([\d,]+)`).FindStringSubmatch(sum); digits == nil || strings.ReplaceAll(digits[1], ",", "") != fmt.Sprint(lost) {
		t.Errorf("summary does not say %d dropped:\n%s", lost, sum)
	}
}

// TestChildSharesTheInstance: a child that waits on its parent's edge-triggered instance takes events from it and can do
// nothing with them; one that makes an instance of its own serves.
func TestChildSharesTheInstance(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "runs of some seconds")
	for _, c := range []struct {
		child  string
		serves bool
	}{{"shares", false}, {"own", true}} {
		t.Run(c.child, func(t *testing.T) {
			t.Parallel()
			rec := filepath.Join(t.TempDir(), "run.evt")
			if r := run(t, "--headless", "--mode", "epoll", "--child", c.child, "--listen", "127.0.0.1:0", "--scenario", "trickle", "--for", "3s", "--record", rec); r.code != 0 {
				t.Fatalf("exit code %d: %s", r.code, r.err)
			}
			evs := readAll(t, rec)
			if err := trace.Validate(evs); err != nil {
				t.Error(err)
			}
			var child int64
			streams := map[uint32]int64{}
			reports, reads, badfd := 0, 0, 0
			for i := range evs {
				switch e := &evs[i]; e.Kind {
				case trace.Fork:
					child = e.A
				case trace.Thread:
					streams[e.Stream] = e.A
				case trace.Ready:
					if child != 0 && streams[e.Stream] == child {
						reports++
					}
				case trace.Read:
					if child != 0 && streams[e.Stream] == child {
						reads++
						if e.Errno != 0 {
							badfd++
						}
					}
				}
			}
			if child == 0 || reports == 0 {
				t.Fatalf("child %d was told of %d descriptors", child, reports)
			}
			if !c.serves && badfd != reads {
				t.Errorf("%d of the child's %d reads worked although it has none of the descriptors", reads-badfd, reads)
			}
		})
	}
}

// TestTokensAnswerLastFirst is the Epore example from the outside: the loop connects five streams to its own delay server, and
// what they answer is printed as it comes, the last one first.
func TestTokensAnswerLastFirst(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a run of some seconds")
	r := run(t, "--headless", "--mode", "epoll", "--serve", "delay", "--connect", "self", "--streams", "5", "--stream-delay", "250ms",
		"--scenario", "none", "--listen", "127.0.0.1:0", "--for", "4s")
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	var order []string
	for _, m := range regexp.MustCompile(`(?m)^server: token (\d)`).FindAllStringSubmatch(r.err, -1) {
		order = append(order, m[1])
	}
	if strings.Join(order, " ") != "4 3 2 1 0" && strings.Join(order, " ") != "5 4 3 2 1" {
		t.Errorf("answered in the order %v; it said:\n%s", order, r.err)
	}
}
