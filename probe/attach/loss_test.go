//go:build linux && (amd64 || arm64)

package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"testing"

	"evviz/probe/kernel"
	"evviz/trace"
)

// TestLoss: nobody reads while a program makes more records than the ring holds. Every record that was made is read or counted as lost, the loss is in
// the trace, and the trace is valid.
func TestLoss(t *testing.T) {
	mayLoad(t)
	s := servers[3] // asyncio
	port := freePort(t)
	args := s.args(t, port)
	cmd := exec.Command(args[0], args[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	at := fmt.Sprintf("127.0.0.1:%d", port)
	talk(t, at, s, 1, 1)
	src, err := Open(Options{PIDs: []int{cmd.Process.Pid}, Arrivals: true, RunQueue: true, Ring: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	seen := uint64(0)
	src.seen = func(*kernel.Record) { seen++ }
	talk(t, at, s, 4, 400)
	src.Close()
	if err := src.recorder.HandOver(true); err != nil {
		t.Fatal(err)
	}
	made, lost, err := src.recorder.Tally()
	if err != nil {
		t.Fatal(err)
	}
	var evs []trace.Event
	buf := make([]trace.Event, 4096)
	for {
		n, err := src.Read(context.Background(), buf)
		evs = append(evs, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	told := int64(0)
	for _, e := range evs {
		if e.Kind == trace.Lost && e.Aux == trace.LostKernel {
			told += e.A
		}
	}
	if lost == 0 {
		t.Fatalf("nothing was lost of %d records: this tests nothing", made)
	}
	if made != seen+lost || told != int64(lost) {
		t.Errorf("%d records were made, %d read, %d lost; the trace tells of %d", made, seen, lost, told)
	}
	if err := trace.Validate(evs); err != nil {
		t.Error(err)
	}
}
