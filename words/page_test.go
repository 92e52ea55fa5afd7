package words

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

// recorded folds a recording.
func recorded(t testing.TB, path string) *timeline.Snapshot {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tl := timeline.New(timeline.Options{Info: f.Info()})
	buf := make([]trace.Event, 512)
	for {
		n, err := f.Read(context.Background(), buf)
		tl.Add(buf[:n])
		if errors.Is(err, io.EOF) {
			return tl.Snapshot(0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func recordings(t testing.TB) (paths []string) {
	t.Helper()
	for _, glob := range []string{"../timeline/testdata/turns/*.evt", "../tui/testdata/tour.evt"} {
		p, err := filepath.Glob(glob)
		if err != nil || len(p) == 0 {
			t.Fatalf("no recording: %s, %v", glob, err)
		}
		paths = append(paths, p...)
	}
	return paths
}

// full says that a page has something to say and a rule behind it.
func full(t *testing.T, what string, p Page) {
	t.Helper()
	if p.Title == "" || len(p.Parts) == 0 {
		t.Errorf("%s: the page is empty", what)
	}
	if first := p.Parts; len(first) > 0 && len(first[0].Text) < 11 {
		t.Errorf("%s: says only %q", what, first[0].Text)
	}
	if k := p.Part(headKernel); len(k) < 30 {
		t.Errorf("%s: rule %q", what, k)
	}
	for _, x := range p.Parts {
		if x.Head == "" || strings.Contains(x.Text, "  ") && !strings.Contains(x.Text, "\n") || strings.Contains(x.Text, "%!") {
			t.Errorf("%s: %q", what, x.Text)
		}
	}
}

// TestEverythingHasAPage: each class, mark, state, measure, mechanism, triggering and kind of event.
func TestEverythingHasAPage(t *testing.T) {
	for c := range timeline.ClassCount {
		full(t, "class "+c.String(), ExplainClass(c))
	}
	for m := timeline.MarkNone + 1; m < timeline.MarkCount; m++ {
		full(t, "mark "+m.String(), ExplainMark(m))
	}
	for st := range timeline.LoopStateCount {
		full(t, "state "+st.String(), ExplainState(st))
	}
	for m := range timeline.MeasureCount {
		full(t, "measure "+m.String(), ExplainMeasure(m))
	}
	for d := range trace.DriverNames {
		full(t, "mode", ExplainMode(timeline.Mode{Known: d != 0, Driver: uint32(d), Interval: 5}))
	}
	for x := range trace.TriggerNames {
		full(t, "trigger", ExplainTrigger(uint32(x)))
	}
	for _, name := range []string{"EAGAIN", "EINTR", "EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ECONNRESET", "EPIPE", "EBADF", "ENOENT", "EEXIST", "EPERM", "EINVAL",
		"EINPROGRESS", "ECONNREFUSED", "ETIMEDOUT", "ETIME", "ECANCELED", "ENOTCONN", "ENOTTY"} {
		n, ok := trace.ErrnoByName(name)
		if p := ExplainErrno(n); !ok || p.Title != name {
			t.Errorf("%s: page %q", name, p.Title)
		} else {
			full(t, name, p)
		}
	}
	s := timeline.New(timeline.Options{}).Snapshot(0)
	for k := trace.Kind(1); k < trace.KindCount; k++ {
		for _, ph := range []trace.Phase{trace.PhaseComplete, trace.PhaseEnter, trace.PhaseExit} {
			full(t, k.String(), explainEvent(s, -1, &trace.Event{Kind: k, Phase: ph, FD: -1}))
		}
	}
	for key, x := range kernelRules {
		if len(x.what) < 15 || len(x.kernel) < 15 || x.source == "" {
			t.Errorf("kernel/%s: %+v", key, x)
		}
	}
}

// TestUnknownIsNoNumber: of an event that tells nothing no sentence has a figure.
func TestUnknownIsNoNumber(t *testing.T) {
	s := timeline.New(timeline.Options{}).Snapshot(0)
	figure := regexp.MustCompile(`(^|[^A-Za-z])-?[0-9]+`)
	limit := regexp.MustCompile(`timeout 0`) // 0 is known: it is what the call passed
	for k := trace.Kind(1); k < trace.KindCount; k++ {
		e := trace.Event{Kind: k, FD: -1, A: 0, B: 0}
		switch k {
		case trace.Read, trace.Write, trace.Submit:
			e.B = -1
		}
		if p := explainEvent(s, -1, &e); figure.MatchString(limit.ReplaceAllString(p.Part(headWhat), "")) {
			t.Errorf("%v: %q", k, p.Part(headWhat))
		}
	}
}

// TestPagesOfRecordings: everything in the recordings can be explained, without a number that nobody knows.
func TestPagesOfRecordings(t *testing.T) {
	odd := regexp.MustCompile(`(^|[ (])-[0-9]|fd -|-0x|NaN|\b0 (bytes|ns)\b waited|18,446`)
	for _, path := range recordings(t) {
		s := recorded(t, path)
		first, end := s.EventRange()
		for i := first; i < end; i++ {
			p := ExplainEvent(s, i)
			full(t, path, p)
			if e, _ := s.Event(i); e.Kind != trace.Knob && odd.MatchString(p.String()) { // a setting may be -1
				t.Errorf("%s: %v: %q", path, e.Kind, odd.FindString(p.String()))
			}
		}
		for _, l := range s.Lanes {
			p := ExplainLane(s, l, s.First, s.Now)
			full(t, path+" "+p.Title, p)
			if odd.MatchString(p.String()) {
				t.Errorf("%s\n%s", path, p)
			}
		}
		for _, l := range s.Loops {
			full(t, path, ExplainLoop(s, l, (s.First+s.Now)/2))
			full(t, path, ExplainLoop(s, l, s.Now))
			u, ok := s.Turn(l.Stream, first)
			for ; ok; u, ok = s.NextTurn(&u) {
				p := ExplainTurn(s, &u)
				full(t, path, p)
				if w := WhyWoke(s, &u); w == "" || odd.MatchString(strings.ReplaceAll(p.String(), "(-1)", "")) { // a timeout of -1
					t.Errorf("%s: turn at %d: %q\n%s", path, u.First, w, p)
				}
			}
		}
	}
}

// TestExplained shows what some of the recordings say, for a person to read.
func TestExplained(t *testing.T) {
	for _, path := range recordings(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".evt")
		s := recorded(t, path)
		var b strings.Builder
		if len(s.Loops) == 0 {
			continue
		}
		l := s.Loops[0]
		said := map[string]bool{}
		first, _ := s.EventRange()
		u, ok := s.Turn(l.Stream, first)
		for n := 0; ok && n < 14; u, ok = s.NextTurn(&u) {
			// One of each shape: figures apart.
			shape := regexp.MustCompile(`[0-9.,]+ ?(ms|µs|s|ns|KiB|bytes)?`).ReplaceAllString(WhyWoke(s, &u), "#")
			if said[shape] {
				continue
			}
			said[shape] = true
			n++
			b.WriteString(ExplainTurn(s, &u).String() + "\n----\n")
		}
		b.WriteString(ExplainLoop(s, l, s.Now).String() + "\n----\n")
		for _, l := range s.Lanes {
			if l.Kind == timeline.KindConn || l.Kind == timeline.KindListener {
				b.WriteString(ExplainLane(s, l, s.First, s.Now).String() + "\n----\n")
			}
		}
		kinds := map[trace.Kind]bool{}
		first, end := s.EventRange()
		for i := first; i < end; i++ {
			if e, _ := s.Event(i); !kinds[e.Kind] {
				kinds[e.Kind] = true
				b.WriteString(ExplainEvent(s, i).Part(headWhat) + "\n")
			}
		}
		testkit.Golden(t, "pages/"+name+".txt", b.String())
	}
}

// TestWhyWoke on turns that are made for it.
func TestWhyWoke(t *testing.T) {
	head := with(epoll, "0.003 1 Register complete inst=ep3 fd=8 events=IN data=0x8")
	wait := func(more string) string { return "0.010 1 Wait enter call=epoll_wait inst=ep3 " + more }
	done := func(more string) string { return "0.020 1 Wait exit call=epoll_wait inst=ep3 dur=10ms " + more }
	for want, lines := range map[string][]string{
		"woke because fd 8 had 512 bytes; the timeout was timer 3, due in 12 ms": {
			wait("asked=12ms passed=12ms timer=3"), done("asked=12ms passed=12ms timer=3 count=1"), "0.020 1 Ready complete inst=ep3 fd=8 events=IN data=0x8 unread=512"},
		"woke because fd 8 had data (64 bytes read); no timeout (-1)": {
			wait("asked=-1 passed=-1"), done("asked=-1 passed=-1 count=1"), "0.020 1 Ready complete inst=ep3 fd=8 events=IN data=0x8", "0.021 1 Read complete fd=8 asked=4096 ret=64"},
		"woke because fd 8 had data; timeout 50 ms": {
			wait("asked=50ms passed=50ms"), done("asked=50ms passed=50ms count=1"), "0.020 1 Ready complete inst=ep3 fd=8 events=IN data=0x8"},
		"woke because timer 3 was due, after 10 ms": {
			wait("asked=10ms passed=10ms timer=3"), done("asked=10ms passed=10ms timer=3 count=0"), "0.020 1 TimerFire complete timer=3 due=0.020 times=1"},
		"woke because its timeout of 10 ms was over; nothing was ready": {
			wait("asked=10ms passed=10ms"), done("asked=10ms passed=10ms count=0")},
		"did not wait (timeout 0), and nothing was ready":     {wait("asked=0 passed=0"), done("count=0")},
		"woke because a signal came (EINTR); no timeout (-1)": {wait("asked=-1 passed=-1"), done("asked=-1 passed=-1 err=EINTR")},
		"has waited for 5.0 ms":                               {wait("asked=-1 passed=-1"), "0.015 2 Sync complete"},
		"the wait failed: EBADF":                              {wait("asked=-1 passed=-1"), done("asked=-1 passed=-1 err=EBADF")},
		"woke because its sleep of 10 ms was over":            {"0.010 1 Sleep enter call=nanosleep asked=10ms", "0.020 1 Sleep exit call=nanosleep asked=10ms dur=10ms"},
	} {
		s := fold(t, true, with(head, lines...)...)
		u, ok := s.TurnAt(1, s.Now)
		if got := WhyWoke(s, &u); !ok || got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
