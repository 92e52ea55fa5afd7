package lab

import (
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/loop"
	"evviz/trace"
)

// TestWhoConnects: a lane says which process has the other end. The lab itself and the processes that it has started are not named: here, this test.
func TestWhoConnects(t *testing.T) {
	bash := testkit.Need(t, "bash")
	s, path := startSession(t, loop.Default(), "", 1<<16)
	host, port, err := net.SplitHostPort(s.loop.Addr())
	if err != nil {
		t.Fatal(err)
	}
	own, err := net.Dial("tcp", s.loop.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	// The inner shell is not this process's child; it says where it connects from, and lives until its input ends.
	cmd := exec.Command(bash, "-c", fmt.Sprintf(`%s -c 'exec 3<>/dev/tcp/%s/%s; echo hello >&3; read line <&3; read line'; :`, bash, host, port))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	for limit := time.Now().Add(giveUp); ; time.Sleep(5 * time.Millisecond) {
		named, unnamed := 0, 0
		for _, l := range s.Feed.Snapshot().Lanes {
			switch {
			case l.Peer == own.LocalAddr().String() && l.Client.PID == 0:
				unnamed++
			case l.Client.Program == "bash" && l.Client.PID > 0 && l.Client.PID != int64(cmd.Process.Pid):
				named++
			case l.Client.PID != 0:
				t.Fatalf("%s is %q, process %d", l.Peer, l.Client.Program, l.Client.PID)
			}
		}
		if named == 1 && unnamed == 1 {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("%d lanes are named, %d are not", named, unnamed)
		}
	}
	if err := s.Stop(trace.StopAsked); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range readAll(t, path) {
		if e.Kind == trace.Peer {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d events of peers are recorded", n)
	}
}
