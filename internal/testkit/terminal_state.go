//go:build linux

package testkit

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Cooked reports whether the terminal's settings are those of a shell: lines, echo, and keys that send signals.
func (x *Terminal) Cooked() bool {
	x.t.Helper()
	const want = unix.ICANON | unix.ECHO | unix.ISIG
	ok := false
	c, err := x.tty.SyscallConn()
	if err == nil {
		err = c.Control(func(fd uintptr) {
			var tio *unix.Termios
			if tio, err = unix.IoctlGetTermios(int(fd), unix.TCGETS); err == nil {
				ok = tio.Lflag&want == want
			}
		})
	}
	if err != nil {
		x.t.Fatalf("settings of the terminal: %v", err)
	}
	return ok
}

// Cook makes the terminal's settings those of a shell, without the program's knowledge.
func (x *Terminal) Cook() {
	x.t.Helper()
	c, err := x.tty.SyscallConn()
	if err == nil {
		err = c.Control(func(fd uintptr) {
			var tio *unix.Termios
			if tio, err = unix.IoctlGetTermios(int(fd), unix.TCGETS); err == nil {
				tio.Lflag |= unix.ICANON | unix.ECHO | unix.ISIG
				err = unix.IoctlSetTermios(int(fd), unix.TCSETS, tio)
			}
		})
	}
	if err != nil {
		x.t.Fatalf("settings of the terminal: %v", err)
	}
}

// GivenBack reports whether both the screen's modes and the terminal's settings are as before.
func (x *Terminal) GivenBack() bool { return x.Restored() && x.Cooked() }

// Freeze makes a terminal that does not read, as one whose connection hangs, and fills what the kernel keeps for it: whatever
// the program writes next has to wait. Thaw ends it.
func (x *Terminal) Freeze() {
	x.t.Helper()
	x.frozen.Lock()
	x.thaw = sync.OnceFunc(x.frozen.Unlock)
	x.t.Cleanup(x.thaw)
	other, err := os.OpenFile(x.slave(), os.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		x.t.Fatalf("fill the terminal: %v", err)
	}
	defer other.Close()
	c, err := other.SyscallConn()
	if err != nil {
		x.t.Fatalf("fill the terminal: %v", err)
	}
	// The goroutine that reads may still be in one read, so it is full when it has been for a while.
	for full := 0; full < 5; {
		c.Control(func(fd uintptr) { _, err = unix.Write(int(fd), make([]byte, 512)) })
		switch {
		case errors.Is(err, unix.EAGAIN):
			full++
			time.Sleep(10 * time.Millisecond)
		case err != nil:
			x.t.Fatalf("fill the terminal: %v", err)
		default:
			full = 0
		}
	}
}

// Thaw makes a frozen terminal read again.
func (x *Terminal) Thaw() { x.thaw() }

// slave is the path of the program's end.
func (x *Terminal) slave() string {
	x.t.Helper()
	n, err := 0, error(nil)
	c, e := x.tty.SyscallConn()
	if e != nil {
		x.t.Fatal(e)
	}
	c.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN) })
	if err != nil {
		x.t.Fatalf("number of the terminal: %v", err)
	}
	return "/dev/pts/" + strconv.Itoa(n)
}

// UntilState waits until the program is in a state as proc_pid_stat(5) numbers them: T stopped, Z ended. What it writes need
// not be read meanwhile.
func (x *Terminal) UntilState(state string) {
	x.t.Helper()
	for end := time.Now().Add(x.Patience); ; time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(x.Cmd.Process.Pid) + "/stat")
		now := string(b[strings.LastIndexByte(string(b), ')')+1:])
		if err == nil && strings.HasPrefix(now, " "+state+" ") {
			return
		}
		if err != nil || time.Now().After(end) {
			x.t.Fatalf("the program never was in state %s, but in %.3q (%v)\n%s", state, now, err, x.stacks())
		}
	}
}

// stacks ends a program that hangs, and is what its goroutines were at, as far as it says so.
func (x *Terminal) stacks() string {
	from := len(x.Written())
	x.Cmd.Process.Signal(unix.SIGABRT)
	x.Ends(5 * time.Second)
	return x.Written()[from:]
}
