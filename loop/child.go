package loop

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// Child says what a child process of the server inherits. A descriptor that a child holds keeps the file open: the peer sees
// no close, and a registration lives on (K02). An epoll instance that a child holds is one instance with two
// processes in it: they take events from each other, and the child's numbers mean something else, or nothing (K02). A child
// that makes an instance of its own has neither problem, which is what ev_loop_fork of libev is for.
type Child uint8

// What a child inherits.
const (
	ChildNone   Child = iota
	ChildHolds        // every accepted connection, by a child of its own that does nothing with it
	ChildShares       // the epoll instance, and waits on it
	ChildOwn          // the listener alone, and watches it with an instance of its own
)

var childWords = []string{"none", "holds", "shares", "own"}

var knobChild = Knob{"child", "a child process: none, holds (inherits connections), shares (the epoll instance), own (the listener; its own instance)",
	choice(func(b *Behaviour) *Child { return &b.Child }, childWords...),
	choose(func(b *Behaviour) *Child { return &b.Child }, childWords...)}

// ChildProcess is a child that was started. End ends it and waits for it.
type ChildProcess struct {
	PID   int
	End   func()
	Ended <-chan struct{} // closed when it has ended, by itself or not; nil: not known before End
}

// maxChildren bounds how many there are: each is a whole process.
const maxChildren = 16

// children are the child processes of a server.
type children struct {
	list     []ChildProcess
	outlived []uint64 // connections that were closed while a child held them

	start  func(what string, fd int) (ChildProcess, error) // Config.StartChild
	tr     *recorder
	server *shared
}

// begin starts the child that the setting asks for, when the mechanism is one that it makes sense for.
func (x *children) begin(b *Behaviour, drv driver, listener int) {
	switch b.Child {
	case ChildShares:
		if d, ok := drv.(registering); ok && d.instance() >= 0 {
			x.fork(ChildShares, d.instance())
		}
	case ChildOwn:
		x.fork(ChildOwn, listener)
	}
}

// fork starts a child that inherits fd, recorded.
func (x *children) fork(what Child, fd int) {
	if x.start == nil {
		x.tr.say("child: this server cannot start one")
		return
	}
	if len(x.list) >= maxChildren {
		x.tr.say(fmt.Sprintf("child: %d are enough", maxChildren))
		return
	}
	p, err := x.start(childWords[what], fd)
	e := x.tr.Next(trace.Fork, x.tr.Now())
	e.A, e.Errno = int64(p.PID), errnoOf(err)
	if err != nil {
		x.tr.say(fmt.Sprintf("child: %v", err))
		return
	}
	x.list = append(x.list, p)
	if p.Ended != nil {
		x.server.guard(func() {
			<-p.Ended
			x.server.tasks.post("a child has ended", func(l *Loop) { l.children.ended(p.PID) }, false)
		})
	}
}

// ended takes a child off the list that ended by itself, and says so. One that was ended is not on it any more.
func (x *children) ended(pid int) {
	for i, p := range x.list {
		if p.PID == pid {
			x.list = append(x.list[:i], x.list[i+1:]...)
			p.End()
			e := x.tr.Next(trace.Exit, x.tr.Now())
			e.A = int64(pid)
			x.tr.say(fmt.Sprintf("the child process %d has ended by itself", pid))
			return
		}
	}
}

// closed is for a connection that is being closed here and that the children may hold.
func (x *children) closed(c *conn) {
	if len(x.list) > 0 {
		x.outlived = append(x.outlived, c.id)
	}
}

// end ends the children. Before, it tries to take out the registrations that only they keep alive, by the numbers they
// had: those are not theirs any more.
func (x *children) end(drv driver) {
	if d, ok := drv.(registering); ok {
		for _, id := range x.outlived {
			d.removeStale(int(uint32(id)), uint32(id>>32))
		}
	}
	x.outlived = nil
	for _, p := range x.list {
		p.End()
		e := x.tr.Next(trace.Exit, x.tr.Now())
		e.A = int64(p.PID)
	}
	x.list = nil
}

// ServeShared is the life of a child that shares its parent's instance: it waits, is told of descriptors that it has not got,
// and tries to read them. It returns when stop is closed.
func ServeShared(epfd int, tr *trace.Ring, stop <-chan struct{}) {
	evs := make([]unix.EpollEvent, 16)
	buf := make([]byte, 4096)
	inst := trace.EpollInstance(epfd)
	for {
		select {
		case <-stop:
			return
		default:
		}
		tr.Turn()
		t0 := tr.Now()
		e := tr.Next(trace.Wait, t0)
		e.Phase, e.Inst, e.Aux, e.A, e.B = trace.PhaseEnter, inst, trace.WaitAux(trace.CallEpollWait, 16), 50e6, 50e6
		tr.Publish(t0)
		n, errno := poll.EpollWait(epfd, evs, 50)
		t1 := tr.Now()
		e = tr.Next(trace.Wait, t1)
		e.Phase, e.Inst, e.Aux, e.A, e.B, e.Dur, e.Errno, e.Mask = trace.PhaseExit, inst, trace.WaitAux(trace.CallEpollWait, 16), 50e6, 50e6, t1-t0, uint16(errno), uint32(max(n, 0))
		for i := 0; i < n; i++ {
			data := uint64(uint32(evs[i].Fd)) | uint64(uint32(evs[i].Pad))<<32
			e := tr.Next(trace.Ready, t1)
			e.Inst, e.FD, e.Mask, e.A = inst, -1, evs[i].Events, int64(data)
		}
		for i := 0; i < n; i++ {
			data := uint64(uint32(evs[i].Fd)) | uint64(uint32(evs[i].Pad))<<32
			if data == dataListener || data == dataWake {
				continue
			}
			t0 := tr.Now()
			k, errno := readFD(int(uint32(data)), buf)
			t1 := tr.Now()
			e := tr.Next(trace.Read, t1)
			e.FD, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(uint32(data)), trace.CallRead, int64(len(buf)), int64(k), t1-t0, uint16(errno)
		}
		tr.Publish(tr.Now())
	}
}
