//go:build linux

package screen

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/gdamore/tcell/v2"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// openPair is a terminal and its other end.
func openPair(t *testing.T) (*tty, *os.File) {
	t.Helper()
	far, near, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	x, err := openTTY(near.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		x.Close()
		near.Close()
		far.Close()
	})
	return x, far
}

// settings are the terminal's, to be compared.
func settings(t *testing.T, x *tty) (s term.State) {
	t.Helper()
	if err := x.control("tcgetattr", func(fd int) error {
		p, err := term.GetState(fd)
		if err == nil {
			s = *p
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTTY: what is typed comes filtered, what is not whole comes when its time is over, and the reader can be woken; the settings
// are as before between a Stop and the next Start.
func TestTTY(t *testing.T) {
	x, far := openPair(t)
	before := settings(t, x)
	for range 2 {
		if err := x.Start(); err != nil {
			t.Fatal(err)
		}
		if settings(t, x) == before {
			t.Error("the terminal is not raw")
		}
		p := make([]byte, 128)
		for _, c := range []struct{ typed, comes string }{{"q", "q"}, {"\xff", substitute}, {"\x1b", escapeKey}, {"\x1b]", "\x1b[93;3u"}, {"\xc3", substitute}, {"é", "é"}} {
			if _, err := far.WriteString(c.typed); err != nil {
				t.Fatal(err)
			}
			if n, err := x.Read(p); err != nil || string(p[:n]) != c.comes {
				t.Errorf("typed %q, read %q, %v; want %q", c.typed, p[:n], err, c.comes)
			}
		}
		ended := make(chan error)
		go func() {
			_, err := x.Read(make([]byte, 128))
			ended <- err
		}()
		if err := x.Drain(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the reader ended with %v", err)
		}
		if err := x.Stop(); err != nil || settings(t, x) != before {
			t.Errorf("stopped: %v, settings as before: %v", err, settings(t, x) == before)
		}
	}
}

// TestRelease: a writer that waits for a terminal that does not read is sent away, and the terminal is as before, with room for what
// leaves the screen.
func TestRelease(t *testing.T) {
	x, far := openPair(t)
	x.goodbye = "goodbye"
	before := settings(t, x)
	x.release() // it is not ours yet: nothing happens
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		for {
			if _, err := x.Write(make([]byte, 4096)); err != nil {
				ended <- err
				return
			}
		}
	}()
	begin := time.Now()
	for time.Since(begin) < 50*time.Millisecond { // until it waits, most likely; it must end either way
		time.Sleep(time.Millisecond)
	}
	x.release()
	<-ended
	if settings(t, x) != before {
		t.Error("the settings are not as before")
	}
	if _, err := x.Write([]byte("x")); !errors.Is(err, errReleased) {
		t.Errorf("write: %v", err)
	}
	if err := x.Start(); !errors.Is(err, errReleased) {
		t.Errorf("start: %v", err)
	}
	if err := x.Drain(); err != nil {
		t.Error(err)
	}
	if err := x.Stop(); err != nil {
		t.Error(err)
	}
	var got []byte
	p := make([]byte, 4096)
	for len(got) < 7 || string(got[len(got)-7:]) != "goodbye" {
		n, err := far.Read(p)
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(got), err)
		}
		got = append(got, p[:n]...)
	}
}

// TestStopWaitsForRoom: a terminal that does not read may have taken all that leaves the screen, and has no room for more; it is
// given back by force then, so that what comes afterwards can be told.
func TestStopWaitsForRoom(t *testing.T) {
	x, far := openPair(t)
	x.goodbye = "goodbye"
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	fill := func() (took int) {
		if err := x.control("write", func(fd int) error {
			for full := 0; full < 5; {
				n, err := unix.Write(fd, make([]byte, 512))
				switch {
				case err == unix.EAGAIN: // the kernel may still be moving what it has
					full++
					time.Sleep(10 * time.Millisecond)
				case err != nil:
					return err
				default:
					full = 0
					took += n
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return took
	}
	fill()
	stopped := make(chan error)
	go func() { stopped <- x.Stop() }()
	select {
	case err := <-stopped:
		t.Errorf("it stopped, %v, without room", err)
	case <-time.After(50 * time.Millisecond): // most likely it waits; it must end either way
		x.release()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
	if took := fill(); took < 4096 {
		t.Errorf("there was room for %d bytes only", took)
	}
	far.SetReadDeadline(time.Now().Add(time.Minute))
	var got []byte
	for p := make([]byte, 4096); !bytes.Contains(got, []byte("goodbye")); { // behind what was read from the program already
		n, err := far.Read(p)
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(got), err)
		}
		got = append(got, p[:n]...)
	}
}

// TestSuspendInAPaste: a screen is suspended and ends although more has been pasted than tcell has room for, and nobody takes it.
func TestSuspendInAPaste(t *testing.T) {
	ti, err := tcell.LookupTerminfo("xterm-256color")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		x, far := openPair(t)
		s, err := tcell.NewTerminfoScreenFromTtyTerminfo(x, ti)
		if err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, far)
		d := NewDiff(s) // without busy: as much is handed on as fits
		d.hush = x.hush
		if err := d.Init(); err != nil {
			t.Fatal(err)
		}
		if _, err := far.WriteString(strings.Repeat("kj", 1900)); err != nil { // the kernel takes it at once
			t.Fatal(err)
		}
		queue := s.(interface{ EventQ() chan tcell.Event }).EventQ()
		for len(queue) < cap(queue) {
			runtime.Gosched()
		}
		if i%2 == 0 {
			if err := d.Suspend(); err != nil {
				t.Fatal(err)
			}
			if err := d.Resume(); err != nil {
				t.Fatal(err)
			}
		}
		d.Fini()
	}
}
