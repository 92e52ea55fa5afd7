package probe

import "evviz/trace"

// window puts events into the order of their times, as far as that can be done without keeping them all.
//
// The lines of a log come in the order in which strace wrote them. The end of a call, begun plus what -T says, can be some
// microseconds behind the beginning of another thread's next line, and a log that was pasted together can jump. The rule:
//
//   - The youngest hold events are held back; only what is older than those is handed on.
//   - An event that is older than some of them is put in its place, unless that is more than reach events back, or an event of
//     its own stream stands between (the events of a stream keep their order whatever the times say). Then it is handed on
//     where it stands, marked late.
//   - While an enter is held back, arguments that strace printed only when the call came back are put into it.
//
// So the memory is fixed, and one thread's log is never delayed for the sake of another's.
type window struct {
	buf    []trace.Event
	out    int   // handed on already
	newest int64 // of all that are not late

	// Of a text that is still being written: events wait for older ones by age, not by number.
	may  int  // up to here they may be handed on
	mark int  // how many there were when age was called last
	gone bool // some were handed on so
}

const (
	hold  = 2048
	reach = 512
)

// put takes the next event.
func (w *window) put(e *trace.Event) {
	if e.Time >= w.newest || len(w.buf) == 0 && w.out == 0 && !w.gone {
		w.newest = e.Time
		w.buf = append(w.buf, *e)
		return
	}
	i := len(w.buf)
	for floor := max(w.out, len(w.buf)-reach); i > floor; i-- {
		b := &w.buf[i-1]
		if b.Stream == e.Stream || b.Time <= e.Time && !b.Phase.IsLate() {
			break
		}
	}
	if i == len(w.buf) || i == 0 || w.buf[i-1].Time > e.Time || w.buf[i-1].Phase.IsLate() || i == w.out {
		e.Phase |= trace.PhaseLate
		w.buf = append(w.buf, *e)
		return
	}
	w.buf = append(w.buf, trace.Event{})
	copy(w.buf[i+1:], w.buf[i:])
	w.buf[i] = *e
	if i < w.mark {
		w.mark++
	}
}

// age lets those go that had come when it was called last.
func (w *window) age() { w.may, w.mark = w.mark, len(w.buf) }

// mend puts an enter right, if it is still here. It is found where its stream's number says it must be, or a little behind.
func (w *window) mend(e trace.Event) {
	for i := len(w.buf) - 1; i >= w.out; i-- {
		b := &w.buf[i]
		if b.Stream == e.Stream && b.Seq == e.Seq {
			e.Phase, e.Time = b.Phase, b.Time
			*b = e
			return
		}
		if b.Time < e.Time && !b.Phase.IsLate() {
			return
		}
	}
}

// ready is how many events may be handed on; all of them when the log has ended.
func (w *window) ready(end bool) int {
	if end {
		return len(w.buf) - w.out
	}
	return max(len(w.buf)-w.out-hold, 0)
}

// take hands on the oldest events.
func (w *window) take(to []trace.Event, end bool) int {
	n := copy(to, w.buf[w.out:w.out+max(w.ready(end), w.may-w.out)])
	w.gone = w.gone || n > 0 && w.may > 0
	if w.out += n; w.out >= 2*hold || w.out == len(w.buf) {
		w.may, w.mark = max(w.may-w.out, 0), max(w.mark-w.out, 0)
		rest := copy(w.buf, w.buf[w.out:])
		w.buf, w.out = w.buf[:rest], 0
	}
	return n
}
