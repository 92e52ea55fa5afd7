package timeline

import "evviz/trace"

// WindowStats counts what happened in a window.
type WindowStats struct {
	T0, T1 int64
	Mode   Mode // at the end of the window

	Rounds, Asked, AskedUseful, Sleeps      int64
	Waits, Wakeups, Timeouts, Interrupted   int64
	UsefulWakeups                           int64
	Reports, Renotify                       int64
	RenotifyKnown                           bool
	Class                                   [ClassCount]int64 // counted when settled: at the first operation, at the latest when the loop waits again
	Reads, ReadAgain, ReadEOF, ReadErr      int64
	Writes, WriteAgain, WriteErr            int64
	Accepts, AcceptAgain, AcceptErr, Resets int64
	Opens, Closes, InterestCalls, Gaps      int64
	Submits, Completes, Enters              int64 // of completion queues: operations, completions, calls
	Received, Sent                          int64 // ... recvs that brought data, sends
	BytesIn, BytesOut                       int64
	Time                                    Durations
	Beside                                  [BesideCount]IO // what of this was no socket
}

// Again is all calls that found nothing to do.
func (w *WindowStats) Again() int64 { return w.ReadAgain + w.WriteAgain + w.AcceptAgain }

// ModeAt is how the loop ran at t.
func (s *Snapshot) ModeAt(t int64) Mode {
	var m Mode
	for _, c := range s.Modes {
		if c.At > t {
			break
		}
		m = c.Mode
	}
	return m
}

// Window counts what happened in [t0, t1), all threads together.
func (s *Snapshot) Window(t0, t1 int64) WindowStats {
	w := WindowStats{T0: t0, T1: t1, Mode: s.ModeAt(t1)}
	var d tally
	s.rest.window(t0, t1, &d)
	w.add(&d)
	for _, l := range s.Loops {
		l.counts.window(t0, t1, &d)
		w.add(&d)
		a, b := l.states.upTo(t0), l.states.upTo(t1)
		for i := range a {
			w.Time[i] += b[i] - a[i]
		}
	}
	w.Beside = s.besideIn(t0, t1)
	w.RenotifyKnown = w.Reports > 0 || reports(w.Mode, w.Waits)
	if w.Mode.Known && w.Mode.Driver == trace.DriverUnknown {
		w.Mode.Known = false
	}
	return w
}

func (w *WindowStats) add(d *tally) {
	n := func(k uint8) int64 { return int64(d.n[k]) }
	w.Rounds += n(cntRound)
	w.Asked += int64(d.sum[sumAsked])
	w.AskedUseful += int64(d.sum[sumUseful])
	w.Sleeps += n(cntSleep)
	w.Waits += n(cntWait)
	w.Wakeups += n(cntWakeup)
	w.Timeouts += n(cntTimeout)
	w.Interrupted += n(cntIntr)
	w.UsefulWakeups += n(cntUseful)
	w.Reports += n(uint8(MarkReport))
	w.Renotify += n(uint8(MarkRenotify))
	for c := range w.Class {
		w.Class[c] += n(cntClass + uint8(c))
	}
	w.Reads += n(uint8(MarkRead))
	w.ReadAgain += n(uint8(MarkReadAgain))
	w.ReadEOF += n(uint8(MarkReadEOF))
	w.ReadErr += n(uint8(MarkReadErr))
	w.Writes += n(uint8(MarkWrite))
	w.WriteAgain += n(uint8(MarkWriteAgain))
	w.WriteErr += n(uint8(MarkWriteErr))
	w.Accepts += n(uint8(MarkAccept))
	w.AcceptAgain += n(uint8(MarkAcceptAgain))
	w.AcceptErr += n(uint8(MarkAcceptErr))
	w.Resets += n(uint8(MarkReset))
	w.Opens += n(uint8(MarkOpen))
	w.Closes += n(uint8(MarkClose))
	w.InterestCalls += n(cntInterest)
	w.Gaps += n(cntLost)
	w.Enters += n(cntEnter)
	w.Completes += n(cntComplete)
	w.Submits += n(uint8(MarkSubmit))
	w.Received += n(uint8(MarkRecvDone))
	w.Sent += n(uint8(MarkSendDone))
	w.BytesIn += int64(d.sum[sumIn])
	w.BytesOut += int64(d.sum[sumOut])
}
