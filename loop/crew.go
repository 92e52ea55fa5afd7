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
	l.holdsWorld = true
	l.crew = c
	l.setCrowd(true)
	var err error
	for i := range n {
		h := &Loop{shared: l.shared, cfg: l.cfg, b: l.b, pid: l.pid, wakeFD: -1, guard: l.guard,
			lis: l.lis, obs: l.obs, hand: true, waits: l.waits}
		h.wire()
		ready := make(chan error, 1)
		c.hands = append(c.hands, h)
		c.gone.Add(1)
		l.guard(func() {
			defer c.gone.Done()
			runtime.LockOSThread() // never unlocked: the thread ends with the hand
			h.tid = unix.Gettid()
			h.tidNow.Store(int64(h.tid))
			h.tr = newRecorder(l.cfg.NewRing(trace.RoleWorker))
			defer h.tr.Close()
			id := h.tr.name(name(i))
			e := h.tr.Next(trace.Thread, h.tr.Now())
			e.A, e.B, e.Gen, e.Mask, e.Aux = int64(h.pid), int64(h.tid), uint32(h.pid), trace.RoleLoop, id
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
	l.releaseWorld() // they may be waiting for it, to finish what they have begun
	c.stopping.Store(true)
	close(c.ended)
	all := make(chan struct{})
	l.guard(func() {
		defer close(all)
		c.gone.Wait()
	})
	for over := false; !over; {
		for _, h := range c.hands {
			if tid := h.TID(); tid != 0 {
				unix.Tgkill(l.pid, tid, unix.SIGURG)
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
		l.inherit(h)
	}
}

// inherit takes over the timers of a hand that has ended.
func (l *Loop) inherit(h *Loop) {
	for _, t := range h.timers.h {
		l.timers.inherit(t)
	}
	h.timers.h = nil
}

// lastWords is what a thread records at its end: what it used, and that its timers are somebody else's now.
func (l *Loop) lastWords() {
	l.closeElsewhere()
	for _, t := range l.timers.h {
		e := l.tr.Next(trace.TimerStop, l.tr.Now())
		e.Aux = t.id
	}
	l.tr.usage()
	e := l.tr.Next(trace.Exit, l.tr.Now())
	e.A, e.B = int64(l.pid), int64(l.tid)
}

// interrupted reports whether somebody waits for this thread to leave what it is in.
func (l *Loop) interrupted() bool {
	if l.hand {
		c := l.crew
		return c == nil || c.stopping.Load() || c.wanted.Load()
	}
	return l.tasks.waiting.Load() != 0
}

// takeWorld gives the first thread the world for its tasks. A hand that is inside a blocking call is signalled until it
// has left it.
func (l *Loop) takeWorld() {
	if !l.crowd || l.hand || l.holdsWorld {
		return
	}
	c := l.crew
	if !l.world.TryLock() {
		l.tr.contended(lockWorld, func() {
			c.wanted.Store(true)
			got := make(chan struct{})
			l.guard(func() {
				for {
					select {
					case <-got:
						return
					case <-time.After(nudgeEvery):
					}
					for _, h := range c.hands {
						if h.asleep.Load() || h.stuck.Load() && h.ending() {
							unix.Tgkill(l.pid, h.TID(), unix.SIGURG)
						}
					}
				}
			})
			l.world.Lock()
			close(got)
			c.wanted.Store(false)
		})
	}
	l.holdsWorld = true
}

// releaseWorld lets the hands go on.
func (l *Loop) releaseWorld() {
	if l.holdsWorld {
		l.holdsWorld = false
		l.world.Unlock()
	}
}

// serve is the life of a hand that waits for readiness.
func (l *Loop) serve() {
	c := l.crew
	for !c.stopping.Load() {
		l.tr.Turn()
		end := l.begin()
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
		l.polling.Store(true)
		l.park()
	}
	l.asleep.Store(true)
	if l.tasks.waiting.Load() == 0 {
		l.kernel.sleep(int64(time.Hour), 0)
	}
	l.asleep.Store(false)
}
