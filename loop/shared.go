package loop

import "sync"

// shared is what the threads of one server have in common. A server has one thread unless the threads or the split knob
// says otherwise, and then nothing here is ever locked.
//
// With several threads (crowd), three locks order them, always taken in this order:
//
//   - world: a thread holds it for reading while it handles what a wait brought; the first thread takes it for writing
//     while it runs tasks, which may change anything. Nobody holds it while waiting for readiness or sleeping.
//   - conn.mu: one thread at a time does I/O for a connection. It is given up during the work of a handler, so that two
//     threads that got the same descriptor are really inside its handler at once (K29).
//   - table.mu: for the few instructions that find, enter or remove a connection.
type shared struct {
	table   table
	dups    duplicates
	fdLimit fdLimit
	reserve reserve

	crowd bool // more than one thread; changes only while there is one
	world sync.RWMutex
	crew  *crew // the other threads

	ending ending
	guard  func(func()) // starts a goroutine

	tasks    tasks
	registry registry
	stats    Stats
}

// setCrowd says whether the server has several threads. There is one when it changes.
func (s *shared) setCrowd(on bool) { s.crowd, s.table.crowd = on, on }
