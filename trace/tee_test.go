package trace

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestTee(t *testing.T) {
	evs := session(400)
	dir := t.TempDir()
	tee := NewTee(&listSource{evs: evs})
	if _, ok := tee.Unwrap().(Seeker); !ok {
		t.Error("what the source can do is out of reach")
	}
	read := func(n int) (out []Event) {
		buf := make([]Event, n)
		for len(out) < n {
			k, err := tee.Read(context.Background(), buf[:n-len(out)])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, buf[:k]...)
		}
		return out
	}
	sameEvents(t, read(700), evs[:700])
	late := filepath.Join(dir, "late.evt")
	if err := tee.Start(late); err != nil {
		t.Fatal(err)
	}
	if err := tee.Start(late); err == nil {
		t.Error("two recordings at once")
	}
	read(500)
	if s := tee.Status(); !s.On || s.Path != late || s.Events != 500 || s.Err != nil {
		t.Errorf("%+v", s)
	}
	if err := tee.Stop(); err != nil {
		t.Fatal(err)
	}
	if s := tee.Status(); s.On || s.Events != 500 || s.Bytes == 0 {
		t.Errorf("%+v", s)
	}

	// What was open before the recording began is told again, then exactly what was recorded.
	world := NewTracker()
	for i := range evs[:700] {
		world.Add(&evs[i])
	}
	told := world.Restate(evs[699].Time)
	got := readAll(t, mustOpen(t, late))
	for i := range told {
		told[i].Time = got[i].Time
	}
	told[0].A += got[0].Time - evs[699].Time // Sync
	sameEvents(t, got[:len(told)], told)
	sameEvents(t, got[len(told):], evs[700:1200])
	if err := Validate(got); err != nil {
		t.Error(err)
	}

	// A second recording after the first.
	if err := tee.Start(filepath.Join(dir, "b.evt")); err != nil {
		t.Fatal(err)
	}
	read(10)
	if err := tee.Close(); err != nil {
		t.Error(err)
	}
	if f := mustOpen(t, filepath.Join(dir, "b.evt")); f.Events() != 10 {
		t.Error(f.Events())
	}
}

// A recording that fails ends; the run goes on.
func TestTeeDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED, not tested: /dev/full is missing, so a full disk cannot be imitated")
	}
	tee := NewTee(&listSource{evs: session(400)})
	err := tee.Start("/dev/full")
	if err == nil || err.Error() != "write /dev/full: no space left on device" {
		t.Fatal(err)
	}
	if err := tee.Start(filepath.Join(t.TempDir(), "no", "a.evt")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := tee.Start(filepath.Join(t.TempDir(), "a.evt")); err != nil {
		t.Fatal(err)
	}
	tee.w.file.Close() // as good as a disk that fails
	buf := make([]Event, 300)
	for range 3 {
		if n, err := tee.Read(context.Background(), buf); n != 300 || err != nil {
			t.Fatal(n, err)
		}
	}
	time.Sleep(flushEvery + 100*time.Millisecond)
	if n, err := tee.Read(context.Background(), buf); n != 300 || err != nil {
		t.Fatal(n, err)
	}
	s := tee.Status()
	if s.On || !errors.Is(s.Err, os.ErrClosed) || s.Dropped != 900 || s.Events != 0 {
		t.Errorf("%+v", s)
	}
	if err := tee.Stop(); err != s.Err {
		t.Error(err)
	}
}

// A silent source's last events are in the file a second later.
func TestTeeFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quiet.evt")
	tee := NewTee(&listSource{evs: session(3)})
	if err := tee.Start(path); err != nil {
		t.Fatal(err)
	}
	buf := make([]Event, 10)
	tee.Read(context.Background(), buf)
	deadline := time.Now().Add(3 * time.Second)
	for {
		f, err := OpenFile(path)
		if err == nil {
			n := f.Events()
			f.Close()
			if n == 10 {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the events are not in the file")
		}
		time.Sleep(20 * time.Millisecond)
	}
	tee.Close()
}

// childRecording is the environment variable that makes the test binary record until it is killed.
const childRecording = "EVVIZ_TEST_RECORD_TO"

func TestMain(m *testing.M) {
	if path := os.Getenv(childRecording); path != "" {
		recordForEver(path)
	}
	os.Exit(m.Run())
}

// recordForEver emits an event every 100 us and says on its output which one it has emitted.
func recordForEver(path string) {
	r := NewRing(1, 1<<12)
	tee := NewTee(NewMerge(Info{Title: "child"}, r))
	if err := tee.Start(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() {
		buf := make([]Event, 1024)
		for {
			tee.Read(context.Background(), buf)
		}
	}()
	for i := int64(1); ; i++ {
		now := r.Now()
		r.Next(Bookmark, now).A = i
		r.Publish(now)
		if i%100 == 0 {
			fmt.Println(i, now)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// kill -9 costs at most about the last second.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "killed.evt")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRecording+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// By number and time, what the child had emitted when it was killed.
	var last, lastAt int64
	at := map[int64]int64{}
	begin := time.Now()
	sc := bufio.NewScanner(out)
	for sc.Scan() {
		if _, err := fmt.Sscan(sc.Text(), &last, &lastAt); err != nil {
			t.Fatal(sc.Text())
		}
		at[last] = lastAt
		if time.Since(begin) > 2500*time.Millisecond {
			break
		}
	}
	cmd.Process.Kill()
	cmd.Wait()

	f := mustOpen(t, path)
	evs := readAll(t, f)
	if err := Validate(evs); err != nil {
		t.Error(err)
	}
	var have int64
	for _, e := range evs {
		if e.Kind == Bookmark {
			have = e.A
		}
	}
	if have == 0 {
		t.Fatal("nothing was saved")
	}
	var haveAt int64
	for n, when := range at {
		if n <= have {
			haveAt = max(haveAt, when)
		}
	}
	// One second of chunk, and something for the hold-back of the merge and a busy machine.
	if gone := time.Duration(lastAt - haveAt); gone > 1500*time.Millisecond {
		t.Errorf("%v are gone; %s of %s events saved", gone, strconv.FormatInt(have, 10), strconv.FormatInt(last, 10))
	}
	if len(f.Info().Missing) == 0 {
		t.Error("nothing says that the recording was not closed")
	}
}
