package timeline

import "evviz/trace"

// Split is where a loop's time went, ns. The parts add up to the time from its first wait or sleep to its newest.
//
//	Waiting   in a wait, with nothing to do
//	Asleep    in a sleep that was asked for
//	Overrun   in a wait or sleep longer than was asked, or after the arrival of what ended it
//	RunDelay  runnable, and another thread had the processor; known only where the source tells
//	Handler   at work
//	Queueing  at work while another descriptor of the same batch had not been touched yet
type Split struct{ Waiting, Asleep, Overrun, RunDelay, Handler, Queueing int64 }

// Total is the sum of the parts.
func (p *Split) Total() int64 {
	return p.Waiting + p.Asleep + p.Overrun + p.RunDelay + p.Handler + p.Queueing
}

func (p *Split) add(o *Split) {
	p.Waiting += o.Waiting
	p.Asleep += o.Asleep
	p.Overrun += o.Overrun
	p.RunDelay += o.RunDelay
	p.Handler += o.Handler
	p.Queueing += o.Queueing
}

type splitState uint8

const (
	splitNone splitState = iota
	splitWaiting
	splitAsleep
	splitWorking
)

type splitter struct {
	sum    Split
	state  splitState
	since  int64
	queued int64 // when the last report of the batch that was touched was touched first
	late   bool  // an overrun was taken from the newest wait
	delay  int64 // run-queue delay since the state began
	unrun  int64 // ... in the newest wait that has ended
}

// to ends a state at a moment and begins another.
func (p *splitter) to(s splitState, at int64) {
	if p.state != splitNone {
		at = max(at, p.since)
		d := at - p.since
		delay := min(p.delay, d)
		p.sum.RunDelay += delay
		d -= delay
		switch p.state {
		case splitWaiting:
			p.sum.Waiting += d
		case splitAsleep:
			p.sum.Asleep += d
		case splitWorking:
			q := min(max(p.queued-p.since, 0), d)
			p.sum.Queueing += q
			p.sum.Handler += d - q
		}
	}
	p.state, p.since, p.queued, p.delay, p.late = s, at, 0, 0, false
}

// overran moves what a wait or sleep lasted too long.
func (p *splitter) overran(d int64, from *int64) {
	if d = min(d, *from); d > 0 {
		*from -= d
		p.sum.Overrun += d
	}
}

// splitWaitEnded is called when a wait has returned.
func (s *stream) splitWaitEnded(e *trace.Event) {
	p := &s.split
	p.unrun = p.delay
	p.to(splitWorking, e.Time)
	if e.Mask == 0 && e.Errno == 0 && e.B >= 0 {
		p.overran(e.Dur-e.B, &p.sum.Waiting)
	}
}

// splitSleepEnded is called when a sleep has returned.
func (s *stream) splitSleepEnded(e *trace.Event) {
	p := &s.split
	p.to(splitWorking, e.Time)
	if e.Errno == 0 && e.A > 0 {
		p.overran(e.Dur-e.A, &p.sum.Asleep)
	}
}

// splitArrived is called with the arrival of what a wait reports: what passed since was not waiting any more.
func (s *stream) splitArrived(arrival, at int64) {
	p := &s.split
	if p.state == splitWorking && !p.late && arrival >= s.waitFrom && arrival < at {
		p.overran(at-arrival, &p.sum.Waiting)
		p.late = true
	}
}

// explains says whether most of what the newest wait lasted too long was time in which the thread could run and got no CPU.
func (p *splitter) explains(late int64) bool { return p.unrun*2 >= late }
