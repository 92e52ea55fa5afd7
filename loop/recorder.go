package loop

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// recorder writes what one thread does into its ring. Beside the ring it has what the events of a thread have in common: the
// names they refer to, and the moment where the last call ended.
type recorder struct {
	*trace.Ring
	mark   int64 // end of the last call that was recorded; see tick
	names  map[string]uint32
	nextID uint32
	said   string // the last words for the operator
}

func newRecorder(ring *trace.Ring) recorder {
	return recorder{Ring: ring, names: map[string]uint32{}, nextID: 1}
}

// tick reads the clock and remembers it. A clock reading costs 30 to 50 ns, a third of what recording a message costs, so a
// call that follows another directly begins, for the record, where that one ended (mark): what lies between is the
// loop's own bookkeeping, some 100 ns. After anything that may take longer (work, a task, a wait) the clock is read anew.
func (r *recorder) tick() int64 {
	r.mark = r.Now()
	return r.mark
}

// since is where a call begins that follows the last recorded one directly.
func (r *recorder) since() int64 { return max(r.mark, r.Last()) }

// sync ties the monotonic to the wall clock in the record.
func (r *recorder) sync() {
	if !r.On() {
		return
	}
	c := trace.ReadClock()
	e := r.Next(trace.Sync, c.Mono)
	e.A = c.Wall
}

// name gives a string an id in this stream. Ids of peers are bound to descriptor numbers instead (peerName), so
// that a server that lives for years does not collect them.
func (r *recorder) name(s string) uint32 {
	if s == "" || !r.On() {
		return 0
	}
	if id, ok := r.names[s]; ok {
		return id
	}
	if len(r.names) > maxNames {
		clear(r.names)
		r.nextID = 1
	}
	id := r.nextID
	r.nextID++
	r.names[s] = id
	r.Name(id, s, r.Now())
	return id
}

const (
	maxNames  = 4000
	peerNames = 1 << 16 // ids from here on belong to descriptors
)

func (r *recorder) peerName(fd int, s string) uint32 {
	if !r.On() {
		return 0
	}
	id := uint32(peerNames + fd)
	r.Name(id, s, r.Now())
	return id
}

func (r *recorder) knob(name, old, new string) {
	n, o, w := r.name(name), r.name(old), r.name(new)
	e := r.Next(trace.Knob, r.Now())
	e.Aux, e.Gen, e.Inst = n, o, w
}

// handled records that a handler ran. The caller may say which timer it was.
func (r *recorder) handled(what uint32, phase trace.Phase, fd int, gen uint32, start, end int64) *trace.Event {
	e := r.Next(trace.Call, end)
	e.Phase, e.FD, e.Gen, e.Aux, e.Dur = phase, int32(fd), gen, what, end-start
	return e
}

// say records words for the operator. The same words are not said again.
func (r *recorder) say(words string) {
	if words == r.said || !r.On() {
		return
	}
	r.said = words
	id := r.name(words)
	e := r.Next(trace.Bookmark, r.Now())
	e.Aux = id
}

// tell gives the operator words of the server: a Bookmark without a number.
func (r *recorder) tell(format string, a ...any) {
	id := r.name(fmt.Sprintf(format, a...))
	e := r.Next(trace.Bookmark, r.Now())
	e.Aux = id
}

// usage records what the thread has used so far (RUSAGE_THREAD).
func (r *recorder) usage() {
	if !r.On() {
		return
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &u) != nil {
		return
	}
	e := r.Next(trace.Usage, r.Now())
	e.A, e.B, e.Inst, e.Mask = u.Utime.Nano(), u.Stime.Nano(), trace.InstanceID(u.Nvcsw), uint32(u.Nivcsw)
}

// Names of locks in Lock events.
const (
	lockWorld = 1
	lockPoll  = 3
	lockWork  = 4
	lockConn  = uint64(1) << 62 // | descriptor | generation<<32
)

// contended takes a lock that somebody else holds, and records how long that took.
func (r *recorder) contended(id uint64, lock func()) {
	t0 := r.Now()
	e := r.Next(trace.Lock, t0)
	e.Phase, e.A = trace.PhaseEnter, int64(id)
	r.Publish(t0)
	lock()
	t1 := r.tick()
	e = r.Next(trace.Lock, t1)
	e.Phase, e.A, e.Dur = trace.PhaseExit, int64(id), t1-t0
}

// clock is the time for the loop's own decisions, also when nobody watches.
func clock() int64 { return trace.Now() }
