package attach

import (
	"evviz/probe/kernel"
	"evviz/probe/look"
)

// classes say what is read of each call, by the name that the manual has for it. Calls that are not here are recorded when they block for long.
var classes = map[string]kernel.Class{
	"read": kernel.ClassCounter, "write": kernel.ClassIO, "recvfrom": kernel.ClassIO, "sendto": kernel.ClassIO, "sendfile": kernel.ClassIO,
	"readv": kernel.ClassVector, "writev": kernel.ClassVector, "preadv": kernel.ClassVector, "pwritev": kernel.ClassVector,
	"recvmsg": kernel.ClassMessage, "sendmsg": kernel.ClassMessage, "recvmmsg": kernel.ClassPlain, "sendmmsg": kernel.ClassPlain, "splice": kernel.ClassPlain,
	"epoll_wait": kernel.ClassEpollWait, "epoll_pwait": kernel.ClassEpollWait, "epoll_pwait2": kernel.ClassEpollPwait2, "epoll_ctl": kernel.ClassEpollCtl,
	"epoll_create": kernel.ClassPlain, "epoll_create1": kernel.ClassPlain,
	"poll": kernel.ClassPoll, "ppoll": kernel.ClassPpoll, "select": kernel.ClassSelect, "pselect6": kernel.ClassPselect6,
	"io_uring_setup": kernel.ClassPlain, "io_uring_enter": kernel.ClassPlain, "io_uring_register": kernel.ClassPlain,
	"accept": kernel.ClassAccept, "accept4": kernel.ClassAccept, "connect": kernel.ClassConnect, "bind": kernel.ClassBind, "listen": kernel.ClassPlain,
	"socket": kernel.ClassPlain, "socketpair": kernel.ClassSocketpair, "shutdown": kernel.ClassPlain,
	"setsockopt": kernel.ClassSockOpt, "getsockopt": kernel.ClassSockOpt,
	"dup": kernel.ClassPlain, "dup2": kernel.ClassPlain, "dup3": kernel.ClassPlain, "fcntl": kernel.ClassPlain, "ioctl": kernel.ClassIoctl,
	"close": kernel.ClassPlain, "close_range": kernel.ClassPlain, "pipe": kernel.ClassPair, "pipe2": kernel.ClassPair,
	"eventfd": kernel.ClassPlain, "eventfd2": kernel.ClassPlain, "timerfd_create": kernel.ClassPlain, "timerfd_settime": kernel.ClassTimerfdSet,
	"signalfd": kernel.ClassPlain, "signalfd4": kernel.ClassPlain, "inotify_init": kernel.ClassPlain, "inotify_init1": kernel.ClassPlain,
	"nanosleep": kernel.ClassSleep, "clock_nanosleep": kernel.ClassClockSleep, "futex": kernel.ClassBlocked, "fsync": kernel.ClassPlain, "fdatasync": kernel.ClassPlain,
	"clone": kernel.ClassPlain, "clone3": kernel.ClassClone3, "fork": kernel.ClassPlain, "vfork": kernel.ClassPlain,
	"open": kernel.ClassFiles, "openat": kernel.ClassFiles, "openat2": kernel.ClassFiles, "creat": kernel.ClassFiles, "pread64": kernel.ClassFiles, "pwrite64": kernel.ClassFiles,
}

func classOf(call int) kernel.Class { return classes[look.CallName(int64(call))] }
