package record

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"evviz/internal/files"
	"evviz/internal/testkit"
	"evviz/internal/testkit/traces"
	"evviz/trace"
	"evviz/world"
)

func TestTee(t *testing.T) {
	evs := traces.Session(400)
	dir := t.TempDir()
	tee := NewTee(&listSource{evs: evs})
	if _, ok := tee.Unwrap().(trace.Seeker); !ok {
		t.Error("what the source can do is out of reach")
	}
	read := func(n int) (out []trace.Event) {
		buf := make([]trace.Event, n)
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
	known := world.NewTracker()
	for i := range evs[:700] {
		known.Add(&evs[i])
	}
	told := known.Restate(evs[699].Time)
	got := readAll(t, mustOpen(t, late))
	for i := range told {
		told[i].Time = got[i].Time
	}
	told[0].A += got[0].Time - evs[699].Time // Sync
	sameEvents(t, got[:len(told)], told)
	sameEvents(t, got[len(told):], evs[700:1200])
	if err := trace.Validate(got); err != nil {
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

// A recording that fails ends; the run goes on. What was whole of it stays whole, and a file that cannot take anything is not
// left behind.
func TestTeeDiskFull(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.evt")
	tee := NewTee(&listSource{evs: traces.Session(4000)})
	if err := tee.Start(filepath.Join(dir, "no", "a.evt")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	testkit.LimitFiles(t, 20)
	if err := tee.Start(path); !errors.Is(err, syscall.EFBIG) {
		t.Error(err)
	}
	if es, _ := os.ReadDir(dir); len(es) != 0 {
		t.Errorf("left behind: %v", es)
	}
	testkit.LimitFiles(t, 16<<10)
	if err := tee.Start(path); err != nil {
		t.Fatal(err)
	}
	tee.rec.w.age = 1 // a chunk for every few events
	buf := make([]trace.Event, 300)
	passed := int64(0)
	eventually(t, "the disk is full", func() bool {
		n, err := tee.Read(context.Background(), buf)
		if err != nil {
			t.Fatal(err)
		}
		if s := tee.Status(); s.On {
			passed += int64(n)
			return false
		}
		return true
	})
	s := tee.Status()
	if !errors.Is(s.Err, syscall.EFBIG) || s.Events == 0 || s.Events+s.Dropped < passed {
		t.Errorf("%+v, %d passed", s, passed)
	}
	if err := tee.Stop(); err != s.Err {
		t.Error(err)
	}
	f := mustOpen(t, path)
	if d := f.Damage(); len(d) > 0 || f.Events() != s.Events || f.size != s.Bytes {
		t.Errorf("%v, %d events, %d bytes, %+v", d, f.Events(), f.size, s)
	}
	f.Close()
	testkit.LimitFiles(t, 1<<30)
	if err := tee.Start(filepath.Join(dir, "b.evt")); err != nil { // there is room again
		t.Fatal(err)
	}
	if err := tee.Close(); err != nil {
		t.Error(err)
	}
}

// stuck makes a Tee's next recording go to a disk that takes what a pipe takes and then nothing more, until it is let go.
func stuck(t *testing.T, tee *Tee) (letGo func() []byte) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tee.create = func(string, bool) (*os.File, bool, error) { return w, false, nil }
	t.Cleanup(func() { r.Close() })
	return func() []byte {
		b, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		return b
	}
}

// Whatever the disk does, events go by, bookmarks are set and the state is told; only the recording suffers. When the disk
// comes back, what there was no room for is a gap in the file, and all the rest is there.
func TestTeeDiskStuck(t *testing.T) {
	evs := flying(60_000)
	tee := NewTee(&listSource{evs: evs})
	letGo := stuck(t, tee)
	if err := tee.Start("stuck.evt"); err != nil {
		t.Fatal(err)
	}
	tee.patience = 50 * time.Millisecond
	tee.rec.s.limit = 100_000
	tee.rec.w.age = 1_000_000
	buf := make([]trace.Event, 500)
	for {
		if _, err := tee.Read(context.Background(), buf); err != nil {
			break
		}
		tee.Status()
	}
	eventually(t, "the disk is said to be slow", func() bool { return tee.Status().Slow })
	if s := tee.Status(); !s.On || s.Err != nil || s.Dropped == 0 || s.Events+s.Dropped != int64(len(evs)) {
		t.Errorf("%+v, of %d", s, len(evs))
	}
	if _, err := tee.Reopen(); err == nil || !strings.Contains(err.Error(), "taken nothing") {
		t.Errorf("opened again: %v", err)
	}
	r := tee.rec
	err := tee.Stop()
	if err == nil || !strings.Contains(err.Error(), "taken nothing") {
		t.Errorf("stopped: %v", err)
	}
	if s := tee.Status(); s.On || s.Err == nil || s.Dropped+s.Events != int64(len(evs)) {
		t.Errorf("%+v, of %d", s, len(evs))
	}
	all := letGo()
	<-r.s.done
	path := filepath.Join(t.TempDir(), "late.evt")
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, path)
	got := readAll(t, f)
	if err := trace.Validate(got); err != nil {
		t.Error(err)
	}
	lost := int64(0)
	for _, e := range got {
		if e.Kind == trace.Lost {
			lost += e.A
		}
	}
	if !f.sound || lost == 0 || f.Events()+lost != int64(len(evs)) {
		t.Errorf("%d events and %d lost of %d, sound: %v", f.Events(), lost, len(evs), f.sound)
	}
}

// A disk that does not even answer when the file is to be made is given up, and a later recording finds its way.
func TestTeeStartStuck(t *testing.T) {
	tee := NewTee(&listSource{evs: traces.Session(400)})
	tee.patience = 20 * time.Millisecond
	gate, gone := make(chan struct{}), make(chan string)
	dir := t.TempDir()
	tee.create = func(path string, force bool) (*os.File, bool, error) {
		if filepath.Base(path) == "b.evt" {
			return createFile(path, force)
		}
		<-gate
		f, made, err := createFile(path, force)
		go func() { gone <- path }()
		return f, made, err
	}
	if err := tee.Start(filepath.Join(dir, "a.evt")); err == nil || !strings.Contains(err.Error(), "not answered") {
		t.Error(err)
	}
	tee.Status()
	tee.patience = time.Minute
	if err := tee.Start(filepath.Join(dir, "b.evt")); err != nil {
		t.Error(err)
	}
	close(gate)
	path := <-gone
	eventually(t, "the file that nobody wants any more is removed", func() bool { _, err := os.Stat(path); return err != nil })
	if err := tee.Close(); err != nil {
		t.Error(err)
	}
}

// A recording whose file is taken away says so, soon, and not that all is well; one that is moved is followed.
func TestTeeGone(t *testing.T) {
	dir := t.TempDir()
	for _, how := range []string{"remove", "replace", "remove at the end", "move"} {
		path, other := filepath.Join(dir, "run.evt"), filepath.Join(dir, "other")
		tee := NewTee(&listSource{evs: traces.Session(400)})
		if err := tee.StartOver(path); err != nil {
			t.Fatal(err)
		}
		if _, err := tee.Read(context.Background(), make([]trace.Event, 100)); err != nil {
			t.Fatal(err)
		}
		var err error
		switch how {
		case "replace":
			if err = os.WriteFile(other, nil, 0o600); err == nil {
				err = os.Rename(other, path)
			}
		case "move":
			err = os.Rename(path, other)
		default:
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		if how == "remove" || how == "replace" {
			eventually(t, how, func() bool { return !tee.Status().On })
		}
		err = tee.Stop()
		s := tee.Status()
		if how == "move" {
			if err != nil || s.Path != other || s.Events != 100 {
				t.Errorf("%s: %v, %+v", how, err, s)
			}
			if src, err := tee.Reopen(); err != nil {
				t.Error(err)
			} else {
				src.Close()
			}
			continue
		}
		if !errors.Is(err, ErrGone) || s.Err == nil {
			t.Errorf("%s: %v, %+v", how, err, s)
		}
	}
}

// Two recordings to one file: the second is refused, before anything of the first is lost.
func TestTeeSameFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.evt")
	a, b := NewTee(&listSource{evs: traces.Session(400)}), NewTee(&listSource{evs: traces.Session(400)})
	if err := a.Start(path); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(path); !errors.Is(err, files.ErrBusy) {
		t.Error(err)
	}
	if err := b.StartOver(path); !errors.Is(err, files.ErrBusy) {
		t.Error(err)
	}
	a.Read(context.Background(), make([]trace.Event, 100))
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Start(path); !errors.Is(err, os.ErrExist) {
		t.Error(err)
	}
	f := mustOpen(t, path)
	if f.Events() != 100 || !f.sound {
		t.Errorf("%d events, sound %v", f.Events(), f.sound)
	}
	f.Close()
	if err := b.StartOver(path); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if f := mustOpen(t, path); f.Events() != 0 {
		t.Errorf("%d events", f.Events())
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for this in vain: %s", what)
		}
	}
}

// A silent source's last events are in the file a second later.
func TestTeeFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quiet.evt")
	tee := NewTee(&listSource{evs: traces.Session(3)})
	if err := tee.Start(path); err != nil {
		t.Fatal(err)
	}
	buf := make([]trace.Event, 10)
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
	r := trace.NewRing(1, 1<<12)
	tee := NewTee(trace.NewMerge(trace.Info{Title: "child"}, r))
	if err := tee.Start(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() {
		buf := make([]trace.Event, 1024)
		for {
			tee.Read(context.Background(), buf)
		}
	}()
	for i := int64(1); ; i++ {
		now := r.Now()
		r.Next(trace.Bookmark, now).A = i
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
	// By number and time, what the child had emitted when it was killed, and for how long it got no processor in between.
	var last, lastAt, stall int64
	at := map[int64]int64{}
	begin := time.Now()
	sc := bufio.NewScanner(out)
	for sc.Scan() {
		before := lastAt
		if _, err := fmt.Sscan(sc.Text(), &last, &lastAt); err != nil {
			t.Fatal(sc.Text())
		}
		if before != 0 {
			stall = max(stall, lastAt-before)
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
	if err := trace.Validate(evs); err != nil {
		t.Error(err)
	}
	var have int64
	for _, e := range evs {
		if e.Kind == trace.Bookmark {
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
	// One second of chunk, and something for the hold-back of the merge; on a busy machine the writer gets no processor either.
	if gone := time.Duration(lastAt - haveAt); gone > 1500*time.Millisecond+10*time.Duration(stall) {
		t.Errorf("%v are gone, with stalls of %v; %s of %s events saved", gone, time.Duration(stall), strconv.FormatInt(have, 10), strconv.FormatInt(last, 10))
	}
	if len(f.Info().Missing) == 0 {
		t.Error("nothing says that the recording was not closed")
	}
}
