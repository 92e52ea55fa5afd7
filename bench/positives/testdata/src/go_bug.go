// A Go program with an epoll loop of its own and one bug: go_bug unread|out|poll PORT N. It ends after N events of the bug and prints
// their number.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

var counted, most int

func count() {
	if counted++; counted == most {
		fmt.Println("counted", counted)
		os.Exit(0)
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	runtime.LockOSThread()
	kind := os.Args[1]
	port, err := strconv.Atoi(os.Args[2])
	must(err)
	most, err = strconv.Atoi(os.Args[3])
	must(err)
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	must(err)
	must(unix.SetsockoptInt(l, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	must(unix.Bind(l, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	must(unix.Listen(l, 128))
	if kind == "poll" {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(l), Events: unix.POLLIN}}, 5)
			if err == nil && n == 0 {
				count() // bug: there is nothing to do every 5 ms
			}
		}
	}
	loop(kind, l)
}

func loop(kind string, l int) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(err)
	must(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, l, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(l)}))
	events := make([]unix.EpollEvent, 16)
	for {
		n, err := unix.EpollWait(ep, events, -1)
		if err == unix.EINTR {
			continue
		}
		must(err)
		for _, e := range events[:n] {
			switch fd := int(e.Fd); {
			case fd == l:
				c, _, err := unix.Accept4(l, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
				must(err)
				must(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, c, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c)}))
			case kind == "unread":
				count() // bug: nothing is read
			case e.Events&unix.EPOLLOUT != 0:
				count() // bug: there is nothing to write, and EPOLLOUT stays
			default:
				data := make([]byte, 4096)
				n, err := unix.Read(fd, data)
				must(err)
				_, err = unix.Write(fd, data[:n])
				must(err)
				must(unix.EpollCtl(ep, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(fd)}))
			}
		}
	}
}
