//go:build unix

package tui

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The shell's job control. Ctrl-Z is a key, because the terminal is raw; SIGTSTP comes from outside. Both give the terminal back
// and stop, and SIGCONT brings the screen back. A SIGCONT that none of them asked for follows a SIGSTOP, which nobody can
// catch: the shell may have changed the terminal meanwhile, so it is taken anew.

// stopsWithin is how soon SIGSTOP has taken hold of all threads, on a busy machine, too.
const stopsWithin = 2 * time.Second

// suspend gives the terminal back and stops the job as Ctrl-Z does everywhere.
func (a *app) suspend() { a.suspendProcess(0) }

// suspendProcess gives the terminal back, stops a process, which may be its whole group (0), and takes the terminal again when
// somebody has woken it. It is called by tview's goroutine.
func (a *app) suspendProcess(pid int) {
	a.tview.Suspend(func() {
		// The signal may be taken by another thread, and this one run on for a moment: it would make the terminal raw before the shell has it,
		// and the shell would make it cooked for good. So wait until somebody has woken the process.
		woken := make(chan os.Signal, 1)
		signal.Notify(woken, syscall.SIGCONT)
		defer signal.Stop(woken)
		if a.jobs != nil {
			a.owed.Add(1)
		}
		if syscall.Kill(pid, syscall.SIGSTOP) != nil {
			a.owed.Store(0)
			return
		}
		select {
		case <-woken:
		case <-time.After(stopsWithin): // the first process of a container cannot be stopped
		}
	})
}

// job is what a signal of job control asks for, to be done by tview's goroutine; nil nothing.
func (a *app) job(sig os.Signal) func() {
	switch {
	case sig == syscall.SIGTSTP:
		return func() { a.suspendProcess(os.Getpid()) }
	case a.owed.Load() > 0:
		a.owed.Add(-1)
		return nil
	}
	return func() { a.tview.Suspend(func() {}) }
}
