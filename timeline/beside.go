package timeline

import (
	"strings"

	"evviz/trace"
)

// Beside: what is read and written that is no socket
//
// A program watched from outside also reads its configuration, writes its log and takes eight bytes from an eventfd. These are
// calls of its threads and counted as such, but they are no traffic of its connections. What such descriptors did is therefore
// counted a second time, by what they are; a view that speaks of traffic takes it off the whole (WindowStats.Sockets). The
// other way round, adding up the lanes of sockets, would lose the lanes that are forgotten.
//
// What a descriptor is, is what was known of it at the moment of the call.

// Beside is what a descriptor is that is no socket.
type Beside uint8

// The kinds. Of BesideUnknown nobody told what they are; some may be sockets.
const (
	BesideUnknown  Beside = iota
	BesideFile            // a file on disk, in /proc and the like
	BesideTerminal        // a terminal
	BesideDevice          // another device
	BesidePipe
	BesideEventfd
	BesideTimerfd
	BesideSignalfd
	BesideInotify
	BesideOther // something else of the kernel's own, or a path that is not told
	BesideCount
)

// IO counts calls that read and write.
type IO struct {
	Reads, ReadAgain, ReadEOF, ReadErr int64
	Writes, WriteAgain, WriteErr       int64
	Received, Sent                     int64 // through a completion queue
	Resets                             int64
	BytesIn, BytesOut                  int64
}

// All is how many calls there were.
func (i *IO) All() int64 {
	return i.Reads + i.ReadAgain + i.ReadEOF + i.ReadErr + i.Writes + i.WriteAgain + i.WriteErr + i.Received + i.Sent + i.Resets
}

// Sockets is what was read and written but for what is known or feared to be no socket.
func (w *WindowStats) Sockets() IO {
	i := IO{w.Reads, w.ReadAgain, w.ReadEOF, w.ReadErr, w.Writes, w.WriteAgain, w.WriteErr, w.Received, w.Sent, w.Resets, w.BytesIn, w.BytesOut}
	for k := range w.Beside {
		b := &w.Beside[k]
		i.Reads -= b.Reads
		i.ReadAgain -= b.ReadAgain
		i.ReadEOF -= b.ReadEOF
		i.ReadErr -= b.ReadErr
		i.Writes -= b.Writes
		i.WriteAgain -= b.WriteAgain
		i.WriteErr -= b.WriteErr
		i.Received -= b.Received
		i.Sent -= b.Sent
		i.Resets -= b.Resets
		i.BytesIn -= b.BytesIn
		i.BytesOut -= b.BytesOut
	}
	return i
}

// besideMarks are the marks that stand for reading and writing.
const besideMarks = 1<<MarkRead | 1<<MarkReadAgain | 1<<MarkReadEOF | 1<<MarkReadErr | 1<<MarkWrite | 1<<MarkWriteAgain |
	1<<MarkWriteErr | 1<<MarkRecvDone | 1<<MarkSendDone | 1<<MarkReset

// besides holds the counts; nil where there were none.
type besides [BesideCount]*markStore

// noteBeside counts a mark of a lane that is no socket.
func (ls *laneSet) noteBeside(l *laneB, at int64, m Mark, v uint32) {
	if ls.lean || besideMarks>>m&1 == 0 {
		return
	}
	k, ok := l.beside()
	if !ok {
		return
	}
	st := ls.besides[k]
	if st == nil {
		st = &markStore{keep: &ls.keep}
		ls.besides[k] = st
	}
	st.add(max(at, st.last), uint8(m), v, ls.w.times)
}

// beside says what a lane is when it is no socket.
func (l *laneB) beside() (Beside, bool) {
	if l.watch.connected && l.pub.Type == trace.TypeUnknown {
		return 0, false
	}
	return l.pub.besideBy(l.watch.origin)
}

// Beside says what the lane is when it is no socket.
func (l *Lane) Beside() (Beside, bool) { return l.besideBy(l.Origin) }

func (l *Lane) besideBy(origin uint32) (Beside, bool) {
	if l.Kind == KindConn || l.Kind == KindListener {
		return 0, false
	}
	switch l.Type {
	case trace.TypeUnknown:
		return BesideUnknown, true
	case trace.TypePipe:
		return BesidePipe, true
	case trace.TypeEventfd:
		return BesideEventfd, true
	case trace.TypeTimerfd:
		return BesideTimerfd, true
	case trace.TypeSignalfd:
		return BesideSignalfd, true
	case trace.TypeInotify:
		return BesideInotify, true
	case trace.TypeEpoll, trace.TypeURing:
		return BesideOther, true
	}
	switch path := l.Peer; {
	case origin == trace.OriginSocket, origin == trace.OriginAccept: // of a family or type that has no word of its own
		return 0, false
	case strings.HasPrefix(path, "/dev/pts/"), strings.HasPrefix(path, "/dev/tty"), path == "/dev/console":
		return BesideTerminal, true
	case strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/dev/shm/"):
		return BesideDevice, true
	case path != "" || origin == trace.OriginOpen:
		return BesideFile, true
	}
	return BesideOther, true
}

func (b *besides) view() (v [BesideCount]markView) {
	for k, st := range b {
		if st != nil {
			v[k] = st.view()
		}
	}
	return v
}

// besideIn counts what was no socket in [t0, t1).
func (s *Snapshot) besideIn(t0, t1 int64) (out [BesideCount]IO) {
	for k := range s.besides {
		v := &s.besides[k]
		if len(v.blocks) == 0 {
			continue
		}
		var d tally
		v.window(t0, t1, &d)
		n := func(m Mark) int64 { return int64(d.n[m]) }
		out[k] = IO{n(MarkRead), n(MarkReadAgain), n(MarkReadEOF), n(MarkReadErr), n(MarkWrite), n(MarkWriteAgain), n(MarkWriteErr),
			n(MarkRecvDone), n(MarkSendDone), n(MarkReset), int64(d.sum[sumIn]), int64(d.sum[sumOut])}
	}
	return out
}
