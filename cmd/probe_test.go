package cmd

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"evviz/internal/testkit"
	"evviz/probe"
	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

// bothSides runs the lab under strace and gives what both recorded of the loop's thread between its first and its last event.
func bothSides(t *testing.T, args ...string) (lab, foreign []trace.Event, labInfo, foreignInfo trace.Info, text string) {
	t.Helper()
	strace := testkit.Need(t, "strace")
	dir := t.TempDir()
	rec := filepath.Join(dir, "run.evt")
	text = filepath.Join(dir, "run.strace")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(strace, append([]string{"-f", "-ttt", "-T", "-yy", "-o", text, self, "--headless",
		"--listen", "127.0.0.1:0", "--record", rec}, args...)...)
	c.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1")
	endTraced(t, c, text, 12)
	f, err := record.OpenFile(rec)
	if err != nil {
		t.Fatal(err)
	}
	labInfo = f.Info()
	f.Close()
	var stream uint32
	var tid int64
	for _, e := range readAll(t, rec) {
		if e.Kind == trace.Thread && e.Mask&0xff == trace.RoleLoop {
			stream, tid = e.Stream, e.B
		}
	}
	for _, e := range readAll(t, rec) {
		if e.Stream == stream {
			lab = append(lab, e)
		}
	}
	wall := func(e trace.Event) int64 {
		at, ok := labInfo.Clock.WallAt(e.Time)
		if !ok {
			t.Fatal("the recording has no wall clock")
		}
		return at.UnixNano()
	}
	from, to := wall(lab[0]), wall(lab[len(lab)-1])

	s, err := probe.OpenStrace(text)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// strace was seen to print the array of a wait that the program's end cut off, with what happened to lie there: such a line
	// belongs to a thread of the runtime, and is not the loop's.
	if n, first := s.Unparsed(); n > 2 {
		t.Errorf("%d lines not understood: %q", n, first)
	} else if n > 0 {
		t.Logf("%d lines not understood: %q", n, first)
	}
	v := trace.NewValidator(trace.ValidateOptions{Whole: true})
	buf := make([]trace.Event, 1024)
	stream = 0
	for {
		n, err := s.Read(context.Background(), buf)
		for _, e := range buf[:n] {
			v.Add(&e)
			if e.Kind == trace.Thread && e.B == tid {
				stream = e.Stream
			}
			if e.Stream == stream && (e.Time >= from && e.Time <= to || e.Kind == trace.Name || e.Kind == trace.Thread) {
				foreign = append(foreign, e)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Err(); err != nil {
		t.Error(err)
	}
	return uninterrupted(lab), uninterrupted(ofTheLoop(lab, foreign)), labInfo, s.Info(), text
}

// uninterrupted leaves out waits that ended in EINTR. When it was only the tracer that stopped one, strace prints its end and the
// program never sees it: the kernel goes on with restart_syscall.
func uninterrupted(evs []trace.Event) (out []trace.Event) {
	for _, e := range evs {
		if e.Kind == trace.Wait && e.Errno == uint16(syscall.EINTR) {
			if n := len(out); n > 0 && e.Phase.Base() == trace.PhaseExit {
				for i := n - 1; i >= 0; i-- {
					if out[i].Kind == trace.Wait {
						if out[i].Phase.Base() == trace.PhaseEnter {
							out = slices.Delete(out, i, i+1)
						}
						break
					}
				}
			}
			continue
		}
		out = append(out, e)
	}
	return out
}

// ofTheLoop leaves out what the Go runtime does with its own epoll instance on the loop's thread, at the edges of its life.
func ofTheLoop(lab, foreign []trace.Event) []trace.Event {
	ours := map[trace.InstanceID]bool{}
	waits := func(e *trace.Event) bool { return e.Kind == trace.Wait || e.Kind == trace.Ready }
	for i := range lab {
		if waits(&lab[i]) {
			ours[lab[i].Inst] = true
		}
	}
	return slices.DeleteFunc(foreign, func(e trace.Event) bool { return waits(&e) && !ours[e.Inst] })
}

func foldAs(info trace.Info, evs []trace.Event) *timeline.Snapshot {
	tl := timeline.New(timeline.Options{Info: info})
	tl.Add(evs)
	return tl.Snapshot(0)
}

// TestStraceTextSaysTheSame: what the lab recorded of its loop's thread, and what strace printed of it, read back, fold into
// the same figures.
func TestStraceTextSaysTheSame(t *testing.T) {
	testkit.Long(t, "traced runs")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"epoll level", []string{"--mode", "epoll", "--trigger", "level", "--scenario", "big-message", "--work", "none"}},
		{"epoll edge", []string{"--mode", "epoll", "--trigger", "edge", "--reads", "drain", "--scenario", "trickle"}},
		{"sleep-poll", []string{"--mode", "sleep-poll", "--interval", "20ms", "--scenario", "trickle"}},
		{"poll", []string{"--mode", "poll", "--scenario", "trickle"}},
		{"select", []string{"--mode", "select", "--scenario", "trickle"}},
		{"blocking", []string{"--mode", "blocking", "--scenario", "trickle"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lab, foreign, labInfo, foreignInfo, text := bothSides(t, c.args...)
			a, b := foldAs(labInfo, lab), foldAs(foreignInfo, foreign)
			for _, f := range []struct {
				what string
				of   func(s *timeline.Stats) int64
			}{
				{"waits", func(s *timeline.Stats) int64 { return s.Waits }},
				{"wakeups", func(s *timeline.Stats) int64 { return s.Wakeups }},
				{"timeouts", func(s *timeline.Stats) int64 { return s.Timeouts }},
				// A sleep that only the tracer stopped is restarted by the kernel: strace prints ERESTART_RESTARTBLOCK, the
				// program sees one whole sleep. So the two are counted together.
				{"sleeps and interruptions", func(s *timeline.Stats) int64 { return s.Sleeps + s.Interrupted }},
				{"reports", func(s *timeline.Stats) int64 { return s.Reports }},
				{"registers", func(s *timeline.Stats) int64 { return s.Registers }},
				{"reads", func(s *timeline.Stats) int64 { return s.Reads }},
				{"EAGAIN of reads", func(s *timeline.Stats) int64 { return s.ReadAgain }},
				{"ends of file", func(s *timeline.Stats) int64 { return s.ReadEOF }},
				{"writes", func(s *timeline.Stats) int64 { return s.Writes }},
				{"accepts", func(s *timeline.Stats) int64 { return s.Accepts }},
				{"EAGAIN of accepts", func(s *timeline.Stats) int64 { return s.AcceptAgain }},
				{"connections", func(s *timeline.Stats) int64 { return s.Connections }},
				{"bytes in", func(s *timeline.Stats) int64 { return s.BytesIn }},
				{"bytes out", func(s *timeline.Stats) int64 { return s.BytesOut }},
			} {
				if x, y := f.of(&a.Stats), f.of(&b.Stats); x != y {
					t.Errorf("%s: the lab recorded %d, strace's text says %d", f.what, x, y)
				}
			}
			if a.Stats.Reads < 10 || a.Stats.Accepts < 1 {
				t.Errorf("too little happened: %d reads, %d accepts", a.Stats.Reads, a.Stats.Accepts)
			}
			if x, y := peers(a), peers(b); x != y {
				t.Errorf("connections: the lab had %s, strace's text has %s", x, y)
			}
			sameEvents(t, labInfo, lab, foreign)
			if c.name == "epoll level" {
				sameNagging(t, a, b, foreignInfo, foreign)
				replayShows(t, text)
			}
		})
	}
}

// sameEvents: of the kinds that come from system calls, both tell the same events in the same order with the same figures. What
// only the lab knows is left out: generations, which timer limits a wait, what it wanted to wait before rounding, what is left.
func sameEvents(t *testing.T, info trace.Info, lab, foreign []trace.Event) {
	t.Helper()
	kinds := trace.Kinds(trace.Wait, trace.Ready, trace.Register, trace.Modify, trace.Deregister, trace.Read, trace.Write, trace.Accept,
		trace.Close, trace.Shutdown, trace.FdFlags, trace.SockOpt, trace.Listen, trace.Dup, trace.Sleep)
	lines := func(evs []trace.Event) (out []string) {
		for _, e := range evs {
			if !kinds.Has(e.Kind) || e.Phase.Base() == trace.PhaseEnter {
				continue
			}
			_, set := trace.InstanceNumber(e.Inst)
			e.Time, e.Dur, e.Seq, e.Stream, e.Gen, e.Phase = 0, 0, 0, 0, 0, 0
			switch e.Kind {
			case trace.Wait:
				if e.A, e.FD = 0, 0; e.Aux&0xff == trace.CallPpoll {
					e.Aux -= trace.CallPpoll - trace.CallPoll // how golang.org/x/sys asks for the poll that the lab asks for
				}
			case trace.Sleep:
				e.A, e.Errno = 0, 0
			case trace.Ready, trace.Register, trace.Modify, trace.Deregister:
				if e.B = 0; set {
					e.A = 0 // the lab attaches its own data to what poll and select have no place for
				} else if e.Kind == trace.Ready {
					e.FD = -1
				}
			case trace.Read, trace.Write:
				e.Inst = 0
			case trace.Close, trace.Listen:
				e.Aux = 0
			}
			out = append(out, string(trace.AppendText(nil, &e)))
		}
		// In which order a set was changed between two calls cannot be seen from outside, and what has changed after the
		// last call not at all.
		diff := func(i int) bool { return strings.Contains(out[i], " diff=1") }
		last := len(out)
		for last > 0 && !strings.Contains(out[last-1], " Wait ") {
			last--
		}
		kept := out[:0]
		for i := 0; i < len(out); {
			j := i
			for j < len(out) && diff(j) {
				j++
			}
			slices.Sort(out[i:j])
			if j == i {
				j++
			} else if i >= last {
				i = j
				continue
			}
			kept = append(kept, out[i:j]...)
			i = j
		}
		return kept
	}
	a, b := lines(lab), lines(foreign)
	for i := range max(len(a), len(b)) {
		if i == len(a) || i == len(b) || a[i] != b[i] {
			from := max(0, i-3)
			t.Errorf("event %d of %d and %d differs\nlab:    %s\nstrace: %s", i, len(a), len(b),
				strings.Join(a[min(from, len(a)):min(i+2, len(a))], "\n        "), strings.Join(b[min(from, len(b)):min(i+2, len(b))], "\n        "))
			return
		}
	}
}

// peers lists the connections of a snapshot.
func peers(s *timeline.Snapshot) string {
	var out []string
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindConn {
			out = append(out, l.Peer)
		}
	}
	return strings.Join(out, " ")
}

// sameNagging: the lab, which sees both ends, recorded 63 re-notifications of the 64 KiB message. From the calls alone the
// same reports are found to be about left-over bytes. That inference rests on a wait that did not sleep, and takes one
// of less than 100 us for that; strace stretches every call to about as much, so time is shrunk here to what it is without.
func sameNagging(t *testing.T, lab, foreign *timeline.Snapshot, info trace.Info, evs []trace.Event) {
	t.Helper()
	first := message(lab)
	if n := first.Stats.Counts[timeline.MarkRenotify]; n != 63 || lab.Stats.RenotifyInferred {
		t.Errorf("the lab recorded %d re-notifications, inferred %v", n, lab.Stats.RenotifyInferred)
	}
	if !foreign.Stats.RenotifyInferred || info.Kinds.Has(trace.Renotify) || info.Kinds.Has(trace.Arrive) {
		t.Error("strace's text cannot tell re-notifications or arrivals, and says that it can")
	}
	shrunk := make([]trace.Event, len(evs))
	for i, e := range evs {
		if e.Kind != trace.Name {
			e.Dur /= 50
		}
		e.Time = evs[0].Time + (e.Time-evs[0].Time)/50
		shrunk[i] = e
	}
	s := foldAs(info, shrunk)
	l := message(s)
	told := l.Stats.Counts[timeline.MarkReport] - l.Stats.Counts[timeline.MarkReadEOF]
	left, fresh := l.Stats.Class[timeline.ClassLeftover], l.Stats.Class[timeline.ClassFresh]
	// That a wait did not sleep is seen by its duration alone, and on a busy machine one that did not may have taken long: a
	// few left-overs are then taken for something new. None may be found that is not there.
	if told != 64 || left > 63 || left < 40 || left+fresh != 64 {
		t.Errorf("inferred from outside: %d reports, %d of them left-over, %d fresh; want 64, 40 to 63, the rest", told, left, fresh)
	}
}

// message is the lane of the first connection that brought 64 KiB.
func message(s *timeline.Snapshot) *timeline.Lane {
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindConn && l.Stats.BytesIn == 65536 {
			return l
		}
	}
	return new(timeline.Lane)
}

// replayShows: the same file through the command.
func replayShows(t *testing.T, path string) {
	t.Helper()
	r := run(t, "replay", "--summary", path)
	if r.code != 0 || r.err != "" || !regexp.MustCompile(`connections\s+[1-9]`).MatchString(r.out) || !strings.Contains(r.out, "inferred") {
		t.Errorf("summary: exit code %d, %s\n%s", r.code, r.err, r.out)
	}
	if r := run(t, "replay", "--text=raw", path); r.code != 0 || !strings.Contains(r.out, " Ready complete ") {
		t.Errorf("text: exit code %d, %s", r.code, r.err)
	}
	shot := filepath.Join(t.TempDir(), "shot.txt")
	if r := run(t, "replay", "--screenshot", shot, path); r.code != 0 {
		t.Errorf("screenshot: exit code %d, %s", r.code, r.err)
	}
	if b, err := os.ReadFile(shot); err != nil || !strings.Contains(string(b), "listener") {
		t.Errorf("screenshot: %v\n%s", err, b)
	}
}

// TestReplayOfText: strace's text is known by what is in it, and what of it was not understood is said.
func TestReplayOfText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bug.txt")
	text := "7 close(3) = 0\nstrange\x1b[31m\n7 epoll_wait(4, [], 8, 0) = 0\nstranger\n7 close(4) = 0\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "replay", "--text=raw", path)
	if r.code != 0 || strings.Count(r.out, " Close ") != 2 || !strings.Contains(r.out, " Wait ") {
		t.Errorf("exit code %d\n%s", r.code, r.out)
	}
	if !strings.Contains(r.err, path+": 2 lines not understood (first: \"strange") || strings.Contains(r.err, "\x1b") {
		t.Errorf("standard error: %q", r.err)
	}
	if err := os.WriteFile(path, []byte("a text\nlike any other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "replay", "--text=raw", path); r.code != exitEnv || r.out != "" {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
}
