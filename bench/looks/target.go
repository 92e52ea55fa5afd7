package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// targetWord makes this program the one that is looked into.
const targetWord = "target"

// target registers so many eventfds, and then changes one registration after the other and asks what is ready. A line "begin" on its standard
// input forgets what was measured, "longest" prints the longest iteration since, in nanoseconds. It ends with its standard input.
func target(number string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	debug.SetGCPercent(-1) // nothing of its own interrupts it
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	fds := make([]int, n)
	for i := range fds {
		if fds[i], err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
			return fmt.Errorf("%d of %d descriptors: %w (ulimit -n)", i, n, os.NewSyscallError("eventfd", err))
		}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fds[i], &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fds[i])}); err != nil {
			return os.NewSyscallError("epoll_ctl", err)
		}
	}
	var longest atomic.Int64
	failed := make(chan error, 1)
	go func() { failed <- turn(ep, fds, &longest) }()
	fmt.Println("ready")
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			lines <- s.Text()
		}
	}()
	for {
		select {
		case err := <-failed:
			return err
		case line, more := <-lines:
			switch {
			case !more:
				return nil
			case line == "begin":
				longest.Store(0)
				fmt.Println("begun")
			case line == "longest":
				fmt.Println(longest.Load())
			}
		}
	}
}

// turn is the loop, on a thread for itself. Between two iterations it leaves the processor, so that on a small machine there is one for who
// looks; the pause is not measured.
func turn(ep int, fds []int, longest *atomic.Int64) error {
	runtime.LockOSThread()
	events := make([]unix.EpollEvent, 16)
	pause := unix.Timespec{Nsec: 100_000}
	for i := 0; ; i++ {
		fd := fds[i%len(fds)]
		mask := uint32(unix.EPOLLIN)
		if i/len(fds)%2 == 0 {
			mask |= unix.EPOLLPRI
		}
		begun := nanos()
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: mask, Fd: int32(fd)}); err != nil {
			return os.NewSyscallError("epoll_ctl", err)
		}
		if _, err := unix.EpollWait(ep, events, 0); err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		took := nanos() - begun
		for {
			most := longest.Load()
			if took <= most || longest.CompareAndSwap(most, took) {
				break
			}
		}
		unix.Nanosleep(&pause, nil)
	}
}

func nanos() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail with this clock
	return ts.Nano()
}

// running is a target as who measures has it.
type running struct {
	cmd *exec.Cmd
	pid int
	in  io.WriteCloser
	out *bufio.Reader
}

func startTarget(n int) (*running, error) {
	c := exec.Command("/proc/self/exe", targetWord, strconv.Itoa(n))
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start the target: %w", err)
	}
	t := &running{c, c.Process.Pid, in, bufio.NewReader(out)}
	if line, err := t.out.ReadString('\n'); line != "ready\n" {
		return nil, fmt.Errorf("the target with %d registrations says %q (%v): %w", n, line, err, t.end())
	}
	return t, nil
}

func (t *running) ask(command string) (string, error) {
	if _, err := io.WriteString(t.in, command+"\n"); err != nil {
		return "", fmt.Errorf("tell the target %q: %w", command, err)
	}
	line, err := t.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("ask the target for %q: %w", command, err)
	}
	return strings.TrimSpace(line), nil
}

// begin begins a window.
func (t *running) begin() error {
	_, err := t.ask("begin")
	return err
}

// longest is the longest iteration of the window.
func (t *running) longest() (time.Duration, error) {
	s, err := t.ask("longest")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Duration(n), err
}

func (t *running) end() error {
	t.in.Close()
	return t.cmd.Wait()
}
