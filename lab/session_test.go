package lab

import (
	"math/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evviz/figures"
	"evviz/internal/testkit"
	"evviz/loop"
	"evviz/scenarios"
	"evviz/show"
	"evviz/timeline"
	"evviz/trace"
)

const hundred = `
def client(n):
    c = connect()
    while lab.count("accepted") <= 100:     # the one after them is the test's, which says that it is over
        for i in range(20):
            k = random(1, 3000)
            if c.send(k) < k or c.receive(k) < k:
                fail("client %d: a round was cut short" % n)
    c.close()

def main():
    for n in range(100):
        spawn(client, n)
`

// TestSwitchingUnderLoad presses t and m 500 times at random while 100 clients talk: both ends count the same bytes.
func TestSwitchingUnderLoad(t *testing.T) {
	testkit.Long(t, "500 presses under load")
	story := filepath.Join(t.TempDir(), "hundred.star")
	if err := os.WriteFile(story, []byte(hundred), 0o600); err != nil {
		t.Fatal(err)
	}
	b := loop.Default()
	b.Interval, b.Reads = 2*time.Millisecond, loop.Count{Kind: loop.CountDrain}
	s, path := startSession(t, b, story, 1<<20) // holds all that this run makes, so that none is lost however late the merge is
	end := &control{s}
	rnd := rand.New(rand.NewSource(1))
	st := s.loop.Stats()
	// Each press waits for bytes that moved since the last one, so that the presses fall into the traffic.
	moved := func(than int64) int64 {
		for limit := time.Now().Add(giveUp); ; {
			if n := st.BytesIn.Load(); n > than {
				return n
			}
			select {
			case <-s.clients.done:
				t.Fatal("the clients ended before the last press")
			default:
			}
			if time.Now().After(limit) {
				t.Fatal("no byte moved for a minute")
			}
			time.Sleep(50 * time.Microsecond)
		}
	}
	at := moved(0)
	for i := 0; i < 500; i++ {
		at = moved(at)
		press := end.CycleTrigger
		if rnd.Intn(2) == 0 {
			press = end.CycleMode
		}
		if _, err := press(); err != nil {
			t.Fatalf("press %d: %v", i, err)
		}
	}
	last, err := net.Dial("tcp", s.loop.Addr())
	if err != nil {
		t.Fatal(err)
	}
	last.Close()
	select {
	case <-s.clients.done:
	case <-time.After(giveUp):
		t.Fatal("the clients did not end")
	}
	if f := s.clients.Failed(); f != "" {
		t.Fatal(f)
	}
	if err := s.Stop(trace.StopAsked); err != nil {
		t.Fatal(err)
	}
	var sent, received, in, out int64
	evs := readAll(t, path)
	for i := range evs {
		e := &evs[i]
		switch {
		case e.Kind == trace.Step && e.Aux&0xff == trace.StepSend:
			sent += e.B
		case e.Kind == trace.Step && e.Aux&0xff == trace.StepReceive:
			received += e.B
		case e.Kind == trace.Read && e.A != 8 && e.B > 0:
			in += e.B
		case e.Kind == trace.Complete && e.Aux == trace.OpRecv && e.B > 0:
			in += e.B
		case e.Kind == trace.Write && e.B > 0, e.Kind == trace.Complete && e.Aux == trace.OpSend && e.B > 0:
			out += e.B
		}
	}
	if sent == 0 || sent != in || in != out || out != received {
		t.Errorf("clients sent %d, server read %d, wrote %d, clients received %d", sent, in, out, received)
	}
	if st.BytesIn.Load() != in || st.BytesOut.Load() != out {
		t.Errorf("the loop's own counters: %d in, %d out; its events: %d, %d", st.BytesIn.Load(), st.BytesOut.Load(), in, out)
	}
	if err := trace.Validate(evs); err != nil {
		t.Errorf("the trace is not valid: %v", err)
	}
	if n := s.merge.Lost(); n != 0 {
		t.Errorf("%d events lost", n)
	}
}

// TestStopUnstarted: a session can be stopped however far its start has come: alone with its server, with its feed, with its
// clients.
func TestStopUnstarted(t *testing.T) {
	t.Setenv("EVVIZ_TEST_MAIN", "1")
	script, err := scenarios.Load(figures.Stories{}, "trickle")
	if err != nil {
		t.Fatal(err)
	}
	for _, started := range []int{0, 1, 2} {
		for _, recording := range []bool{false, true} {
			b := loop.Default()
			b.Driver, b.Trigger = trace.DriverEpoll, trace.TriggerLevel
			o := &Options{Listen: "127.0.0.1:0", Behaviour: b, Script: script, Ring: 1 << 12, Seed: 1, Flight: show.FlightOptions{Keep: time.Second}}
			s, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			if recording {
				if err := s.Tee.Start(filepath.Join(t.TempDir(), "x.evt")); err != nil {
					t.Fatal(err)
				}
			}
			if started > 0 {
				s.startFeed()
			}
			if started > 1 {
				if err := s.startClients(); err != nil {
					t.Fatal(err)
				}
			}
			if err := testkit.InTime(t, func() error { return s.Stop(trace.StopError) }); err != nil {
				t.Errorf("%d, recordinged %v: %v", started, recording, err)
			}
		}
	}
}

// TestStopStuck: a server whose thread does not come back is left behind after a signal; what it recorded is whole.
func TestStopStuck(t *testing.T) {
	testkit.Long(t, "a server that is waited for")
	s, path := startSession(t, loop.Default(), "", 1<<12)
	gate, in := make(chan struct{}), make(chan struct{})
	if err := s.loop.Post("stuck", func(*loop.Loop) {
		close(in)
		<-gate
	}); err != nil {
		t.Fatal(err)
	}
	<-in
	err := testkit.InTime(t, func() error { return s.Stop(trace.StopSignal) })
	if err == nil || !strings.Contains(err.Error(), "the server did not end within") {
		t.Errorf("it ended with %v", err)
	}
	readAll(t, path)
	close(gate)
	<-s.loop.Done()
}

// TestFlightPassesOn: what is kept is passed on: a session with a flight recorder has the same abilities and the same timeline.
func TestFlightPassesOn(t *testing.T) {
	dir := t.TempDir()
	s, err := New(&Options{Listen: "127.0.0.1:0", Behaviour: loop.Default(), Ring: 1 << 14, Seed: 1, Flight: show.FlightOptions{Keep: time.Minute, Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.evt")
	if err := s.Tee.Start(path); err != nil {
		t.Fatal(err)
	}
	s.startFeed()
	if err := s.startClients(); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Feed.Bookmark(trace.Now(), "here"); err != nil || b.N != 1 {
		t.Fatal(b, err)
	}
	if err := s.Stop(trace.StopAsked); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Flight.Save(""); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.evt"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	want := s.Feed.Snapshot()
	for _, p := range []string{path, files[0]} {
		got := replayed(t, p).Snapshot()
		if got.Stats.Waits != want.Stats.Waits || got.Stats.Rounds != want.Stats.Rounds || len(got.Lanes) != len(want.Lanes) {
			t.Errorf("%s: %+v\nwant %+v", p, got.Stats, want.Stats)
		}
		if len(got.Bookmarks) != 1 || got.Bookmarks[0] != (timeline.Bookmark{At: want.Bookmarks[0].At, N: 1, Text: "here"}) {
			t.Errorf("%s: %v", p, got.Bookmarks)
		}
	}
}
