package tui

import "fmt"

// Numbers in events are Linux's, whatever system they are looked at on.

// cloneThread is CLONE_THREAD of clone(2): a thread was made, and no process.
const cloneThread = 0x10000

// signalNames are the names of signals by their numbers (signal(7)); 0 has none.
var signalNames = [...]string{"", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
	"SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
	"SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS"}

// signalName is a signal's name, or its number when it has none.
func signalName(n uint32) string {
	if n == 0 || int64(n) >= int64(len(signalNames)) {
		return fmt.Sprint(n)
	}
	return signalNames[n]
}
