package tui

import "sync"

// worker does beside the screen, which goes on drawing meanwhile, what may wait: what is asked of a lab, a recorder or a replay takes a
// thread, a disk or a network.
type worker struct {
	start  func(func()) // starts a goroutine; a test's may do it at once
	status *status      // is told what came of it

	mu   sync.Mutex
	list []func() (string, error) // the one that is being done, first, and those to do next
}

// do has something done and tells what came of it. What is asked for in a hurry is done one after the other, in the order of the
// keys: "t" and then "m" must not end as "m" and then "t".
func (e *worker) do(f func() (string, error)) {
	e.mu.Lock()
	e.list = append(e.list, f)
	first := len(e.list) == 1
	e.mu.Unlock()
	if first {
		e.start(e.work)
	}
}

// busy reports whether something that was asked for is still being done.
func (e *worker) busy() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.list) > 0
}

// work does what was asked for until nothing is left.
func (e *worker) work() {
	for {
		e.mu.Lock()
		f := e.list[0]
		e.mu.Unlock()
		s, err := f()
		switch {
		case err != nil:
			e.status.tell(true, err.Error())
		case s != "": // what has nothing to tell must not wipe what a later key has told meanwhile
			e.status.tell(false, s)
		}
		e.mu.Lock()
		e.list = e.list[1:]
		done := len(e.list) == 0
		e.mu.Unlock()
		if done {
			return
		}
	}
}
