package loop

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// crew is the threads of a server besides its first. Each is a Loop of its own that shares the table of connections with
// the first one; only the first runs tasks, opens the listener and can be asked from outside.
//
// The hands live as long as the driver: detach ends and joins them, so whatever changes the mechanism finds one thread.
// A hand that waits is reached by SIGURG, as a sleeping loop is (tasks.go).
type crew struct {
	first    *Loop
	hands    []*Loop
	stopping atomic.Bool
	wanted   atomic.Bool // the first thread wants the world to itself
	parked   atomic.Int32
	gone     sync.WaitGroup
	ended    chan struct{}
}

// muster starts n hands, each with what run does on a thread of its own and a name for it. A hand is ready when prepare has
// returned.
func (l *Loop) muster(n int, name func(i int) string, prepare func(h *Loop) error, run func(h *Loop)) error {
	c := &crew{first: l, ended: make(chan struct{})}
	l.world.Lock() // until the first thread has done what it is at; see releaseWorld
	l.locks.holdsWorld = true
	l.crew = c
	l.setCrowd(true)
	var err error
	for i := range n {
		h := &Loop{shared: l.shared, cfg: l.cfg, b: l.b, wake: wake{fd: -1},
			lis: l.lis, arrivals: l.arrivals, waits: l.waits}
		h.reach.hand, h.reach.pid = true, l.reach.pid
		h.wire()
		ready := make(chan error, 1)
		c.hands = append(c.hands, h)
		c.gone.Add(1)
		l.guard(func() {
			defer c.gone.Done()
			runtime.LockOSThread() // never unlocked: the thread ends with the hand
			h.reach.tid.Store(int64(unix.Gettid()))
			h.tr = newRecorder(l.cfg.NewRing(trace.RoleWorker))
			defer h.tr.Close()
			id := h.tr.name(name(i))
			e := h.tr.Next(trace.Thread, h.tr.Now())
			e.A, e.B, e.Gen, e.Mask, e.Aux = int64(h.reach.pid), int64(h.TID()), uint32(h.reach.pid), trace.RoleLoop, id
			h.tr.usage() // Go may have used the thread before
			err := prepare(h)
			ready <- err
			if err == nil {
				run(h)
			}
			h.lastWords()
		})
		if e := <-ready; e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}

// dismiss ends the hands and waits for them. It is called by the first thread, which may hold the world.
func (l *Loop) dismiss() {
	c := l.crew
	if c == nil {
		return
	}
	l.locks.releaseWorld() // they may be waiting for it, to finish what they have begun
	c.stopping.Store(true)
	close(c.ended)
	all := make(chan struct{})
	l.guard(func() {
		defer close(all)
		c.gone.Wait()
	})
	for over := false; !over; {
		for _, h := range c.hands {
			if h.TID() != 0 {
				h.reach.signal()
			}
		}
		select {
		case <-all:
			over = true
		case <-time.After(nudgeEvery):
		}
	}
	l.crew = nil
	l.setCrowd(false)
	for _, h := range c.hands {
		l.timers.inherit(&h.timers)
	}
}

// lastWords is what a thread records at its end: what it used, and that its timers are somebody else's now.
func (l *Loop) lastWords() {
	l.work.close()
	for _, t := range l.timers.h {
		e := l.tr.Next(trace.TimerStop, l.tr.Now())
		e.Aux = t.id
	}
	l.tr.usage()
	e := l.tr.Next(trace.Exit, l.tr.Now())
	e.A, e.B = int64(l.reach.pid), int64(l.TID())
}

// serve is the life of a hand that waits for readiness.
func (l *Loop) serve() {
	c := l.crew
	for !c.stopping.Load() {
		l.tr.Turn()
		end := l.locks.begin()
		l.timers.fire(l)
		end()
		if err := l.drv.turn(l); err != nil {
			l.tr.say("a thread of the server ended: " + err.Error())
			return
		}
		if l.waits == parked {
			l.park()
			<-c.ended
		}
	}
}

// park counts a thread that has made all its waits. When the last has, the server ends.
func (l *Loop) park() {
	c := l.crew
	l.tr.Publish(l.tr.Now())
	if int(c.parked.Add(1)) == len(c.hands)+1 {
		c.first.Post("every thread has made its waits", func(l *Loop) { l.quit, l.stopWhy = true, trace.StopAsked })
	}
}

// rest is what the first thread does when it has made all its waits and others have not: it sleeps, and runs tasks.
func (l *Loop) rest() {
	if !l.resting {
		l.resting = true
		l.reach.polling.Store(true)
		l.park()
	}
	l.reach.asleep.Store(true)
	if l.tasks.waiting.Load() == 0 {
		l.kernel.sleep(int64(time.Hour), 0)
	}
	l.reach.asleep.Store(false)
}
