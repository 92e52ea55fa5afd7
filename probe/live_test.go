package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evviz/trace"
)

// liveLine is a line of a program that reads once a millisecond.
func liveLine(i int) string {
	return fmt.Sprintf("812 1795983600.%06d read(7, \"%d\", 4096) = %d <0.000010>\n", i*1000, i, len(fmt.Sprint(i)))
}

// until reads a live source until enough says that it has what it waits for.
func until(t *testing.T, l *Live, enough func(evs []trace.Event) bool) (evs []trace.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // for what does not come; nothing is measured
	defer cancel()
	buf := make([]trace.Event, 16)
	for !enough(evs) {
		n, err := l.Read(ctx, buf)
		evs = append(evs, buf[:n]...)
		if err != nil {
			t.Fatalf("after %d events: %v", len(evs), err)
		}
	}
	return evs
}

func countReads(evs []trace.Event) (n int) {
	for i := range evs {
		if evs[i].Kind == trace.Read && evs[i].Phase.Base() != trace.PhaseEnter {
			n++
		}
	}
	return n
}

func reads(n int) func([]trace.Event) bool {
	return func(evs []trace.Event) bool { return countReads(evs) >= n }
}

// TestLivePipe: what is written is read while the writer still holds the pipe, line by line, and half a line waits for its other half; the
// writer's end is the source's.
func TestLivePipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	io.WriteString(w, "$ strace -f -p 812\nstrace: Process 812 attached\n"+liveLine(1))
	l, err := OpenLive(r, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info := l.Info(); !info.Live || !info.Timed || info.Calls.Of != 0 {
		t.Errorf("info %+v", info)
	}
	all := until(t, l, reads(1))
	for i := 2; i < 6; i++ {
		line := liveLine(i)
		io.WriteString(w, line[:20])
		io.WriteString(w, line[20:])
		all = append(all, until(t, l, reads(1))...)
	}
	if n := countReads(all); n != 5 {
		t.Errorf("%d reads, want 5", n)
	}
	if at, last := l.Present(), all[len(all)-1].Time; at < last {
		t.Errorf("the present %d is before the newest event %d", at, last)
	}
	if s := l.Share(); s != (trace.Share{N: 5, Of: 5}) {
		t.Errorf("understood %v", s)
	}
	w.Close()
	if n, err := l.Read(context.Background(), make([]trace.Event, 1)); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

// TestLiveOrder: what is older than what came just before stands before it or is marked late, and all of it is what the whole text gives.
func TestLiveOrder(t *testing.T) {
	t.Parallel()
	text := ""
	for i := 1; i < 300; i++ {
		line := liveLine(i)
		if i%7 == 0 { // another thread's call that ends before the line before it
			line = strings.Replace(liveLine(i-1), "812 ", "813 ", 1)
		}
		text += line
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer w.Close()
		for len(text) > 0 {
			n := min(777, len(text))
			io.WriteString(w, text[:n])
			text = text[n:]
		}
	}()
	l, err := OpenLive(r, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	v := trace.NewValidator(trace.ValidateOptions{})
	buf, n := make([]trace.Event, 64), 0
	for {
		got, err := l.Read(context.Background(), buf)
		for i := range buf[:got] {
			v.Add(&buf[i])
		}
		n += countReads(buf[:got])
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if bad := v.Err(); bad != nil {
		t.Errorf("%v", bad)
	}
	if n != 299 {
		t.Errorf("%d reads, want 299", n)
	}
}

// TestLiveSpin: an iteration that repeats itself is counted, and what is counted does not wait for the end of the spin.
func TestLiveSpin(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range 200 {
		fmt.Fprintf(w, "812 1795983600.%06d epoll_wait(4, [{EPOLLIN, {u32=7, u64=7}}], 64, -1) = 1 <0.000001>\n", i*10)
	}
	l, err := OpenLive(r, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	until(t, l, func(evs []trace.Event) bool {
		n := int64(0)
		for i := range evs {
			switch e := &evs[i]; {
			case e.Kind == trace.Repeat:
				n += e.A
			case e.Kind == trace.Ready:
				n++
			}
		}
		return n >= 200
	})
}

// TestLiveEnds: a read that waits returns when the source is closed, and when the context ends; nothing is left behind.
func TestLiveEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(l *Live, cancel func()){
		"close":   func(l *Live, _ func()) { l.Close() },
		"context": func(_ *Live, cancel func()) { cancel() },
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, liveLine(1))
		l, err := OpenLive(r, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		until(t, l, reads(1))
		ctx, cancel := context.WithCancel(context.Background())
		got := make(chan error)
		go func() {
			_, err := l.Read(ctx, make([]trace.Event, 1))
			got <- err
		}()
		end(l, cancel)
		if err := <-got; !errors.Is(err, os.ErrClosed) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		l.Close()
		w.Close()
	}
}

// TestFollow: a file that grows is read as it grows; one that is no longer what it was ends with a sentence.
func TestFollow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(path string) error
		says string
	}{
		"truncated": {func(path string) error { return os.Truncate(path, 0) }, "was truncated"},
		"removed":   {os.Remove, "was removed"},
		"replaced": {func(path string) error {
			if err := os.WriteFile(path+".new", []byte(liveLine(9)), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, "was replaced"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x.strace")
			w, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			waited := false
			l, err := OpenLive(f, path, func() { // it is empty at first
				waited = true
				io.WriteString(w, liveLine(1))
			})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if !waited {
				t.Error("nothing was said of waiting for an empty file")
			}
			until(t, l, reads(1))
			io.WriteString(w, liveLine(2)+liveLine(3))
			until(t, l, reads(2))
			if why := l.Broken(); why != "" {
				t.Errorf("while it grows: %q", why)
			}
			if err := c.do(path); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Read(context.Background(), make([]trace.Event, 1)); err != io.EOF {
				t.Errorf("then: %v", err)
			}
			if why := l.Broken(); !strings.Contains(why, c.says) || !strings.Contains(why, path) {
				t.Errorf("it says %q", why)
			}
		})
	}
}
