package loop

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// alone is set in a process that runs one test by itself, because the test changes what belongs to the whole process.
const alone = "EVVIZ_TEST_ALONE"

// inChild runs the calling test in a process of its own.
func inChild(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), alone+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOutOfDescriptors: with no descriptor left the healthy loop sheds the connection and goes on; the other habit leaves it
// queued and the listener readable.
func TestOutOfDescriptors(t *testing.T) {
	if os.Getenv(alone) == "" {
		inChild(t)
		return
	}
	for _, habit := range []OnEMFILE{EMFILEShed, EMFILEIgnore} {
		t.Run([]string{"shed", "ignore"}[habit], func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.OnEMFILE = habit; b.Accepts = Count{N: 1} })
			held, release := make(chan struct{}), make(chan struct{})
			x.l.Post("hold the loop", func(*Loop) { close(held); <-release })
			<-held
			c := x.dial()
			undo := noDescriptors(t)
			defer undo()
			close(release)
			x.until("EMFILE", func(evs []trace.Event) bool {
				for i := range evs {
					if evs[i].Kind == trace.Accept && evs[i].Errno == uint16(unix.EMFILE) {
						return true
					}
				}
				return false
			})
			if habit == EMFILEShed {
				if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("a connection that was shed reads: %v", err)
				}
				undo()
			} else {
				undo()
				x.send(c, 3) // the connection was kept waiting; now there is room
				if _, err := io.ReadFull(c, make([]byte, 3)); err != nil {
					t.Error(err)
				}
			}
			d := x.dial()
			x.send(d, 3)
			if _, err := io.ReadFull(d, make([]byte, 3)); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// noDescriptors lowers this process's limit to what it has open, until undo.
func noDescriptors(t *testing.T) (undo func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	free, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(free)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(free), Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &old) }
}
