//go:build !amd64

package poll

import "golang.org/x/sys/unix"

// epoll_wait does not exist on newer architectures; epoll_pwait without a signal mask is the same call.
const sysEpollWait = unix.SYS_EPOLL_PWAIT
