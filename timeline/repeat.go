package timeline

import "evviz/trace"

// Repeats
//
// A Repeat says that the events before it came many times more, in iterations that achieved nothing. After the first of them
// nothing that is known changes by another: only the counts grow, and time passes. So a Repeat is folded as two iterations: one
// as it was, for something may have come from elsewhere meanwhile that it is told of, and one that counts for all the others.
// Each counter adds how many the event at hand stands for. The time between them is what it says, in sum.
//
// A report is judged by what comes after it; until then it remembers how many it stands for.

// weight is how many events the one at hand stands for.
type weight struct {
	times  int64 // 1 for an event that is its own
	period int64 // ns between two of them
	folded bool  // it was written out of a Repeat
}

var once = weight{times: 1}

// keepRecent remembers the events of a stream that may be repeated.
func (s *stream) keepRecent(e *trace.Event) {
	if !e.Idle() {
		s.recent = s.recent[:0]
		return
	}
	if len(s.recent) == 2*trace.MaxRepeated {
		s.recent = append(s.recent[:0], s.recent[trace.MaxRepeated:]...)
	}
	s.recent = append(s.recent, *e)
}

// repeat folds a Repeat.
func (t *Timeline) repeat(s *stream, e *trace.Event) {
	r := trace.RepeatOf(e)
	if r.N < 1 || r.Of < 1 {
		return
	}
	t.stats.Repeats += r.N
	if r.Of > len(s.recent) { // the begin of what is read lies between
		t.stats.RepeatsUnseen += r.N
		t.pass(s, e.Start(), e.Time, r.Waited)
		return
	}
	it := s.recent[len(s.recent)-r.Of:]
	begin := it[0].Start()
	if n := len(s.recent) - r.Of; n > 0 {
		begin = min(begin, s.recent[n-1].Time) // what the thread did before its first call belongs to it
	}
	defer func() { // the newest iteration is the last of these now
		for i, d := 0, e.Time-it[len(it)-1].Time; i < len(it); i++ {
			it[i].Time += d
		}
	}()
	period := max(r.Span, 0) / r.N
	if r.N == 1 {
		t.again(s, it, begin, e.Time-period, e.Time, once)
		s.calls.counted(e.Time)
		return
	}
	rest := e.Time - 2*period
	waited := r.Waited - 2*r.Waited/r.N
	t.pass(s, e.Start(), rest, waited)
	t.again(s, it, begin, rest, rest+period, once)
	t.again(s, it, begin, rest+period, e.Time, weight{times: r.N - 1, period: period})
	s.calls.counted(e.Time)
}

// again folds an iteration that began at a moment once more, between two others.
func (t *Timeline) again(s *stream, it []trace.Event, begin, from, to int64, w weight) {
	end := it[len(it)-1].Time
	scale := 0.0
	if end > begin {
		scale = float64(to-from) / float64(end-begin)
	}
	at := func(x int64) int64 {
		if end <= begin {
			return to
		}
		return min(max(from+int64(float64(x-begin)*scale), from), to)
	}
	w.folded = true
	t.w = w
	for i := range it {
		e := it[i]
		e.Time = at(e.Time)
		e.Dur = e.Time - at(it[i].Start())
		e.Phase = e.Phase.Base()
		t.fold(s, &e)
		if len(t.tally.pick) > 0 {
			t.counted(s, &e)
		}
		t.lanes.levelled(&e)
		s.last = max(s.last, e.Time)
	}
	t.w = once
}

// pass lets the time of iterations go by that count nothing, and in which a thread waited for so long in all.
func (t *Timeline) pass(s *stream, from, to, waited int64) {
	d := to - from
	if d <= 0 {
		return
	}
	waited = min(max(waited, 0), d)
	if lp := s.loop; lp != nil && lp.nopen > 0 {
		// It goes on as it was, in one piece each: an iteration that told what was known is all of one state.
		reports, again := lp.wakeReports, lp.wakeRenotify
		state := LoopWaiting
		if s.watch.slept {
			state = LoopAsleep
		}
		lp.rest(from, state)
		lp.wakeReports, lp.wakeRenotify = reports, again
		lp.woke(from + waited)
	}
	s.split.pass(from, waited, d-waited)
	shift := func(at *int64) {
		if *at != 0 {
			*at += d
		}
	}
	shift(&s.away)
	shift(&s.calls.waited)
	for _, a := range []*away{&s.watch.away, &s.watch.home.second} {
		shift(&a.from)
		shift(&a.last)
	}
	s.last = max(s.last, to)
}

// pass adds time to the parts without the thread being looked at.
func (p *splitter) pass(from, waited, worked int64) {
	if p.state == splitNone {
		return
	}
	was := p.state
	p.to(splitWaiting, from)
	p.to(splitWorking, from+waited)
	p.to(was, from+waited+worked)
}

// Each visits the events that are kept, in order, until do returns false. times is how many each stands for: 1, and more for one that a
// Repeat is about.
func (s *Snapshot) Each(do func(i int64, e *trace.Event, times int64) bool) {
	first, end := s.EventRange()
	more := s.repeated(first, end)
	for i := first; i < end; i++ {
		if e, ok := s.Event(i); ok && !do(i, &e, 1+more[i]) {
			return
		}
	}
}

// repeated is how many more the events stand for that Repeats are about, by index.
func (s *Snapshot) repeated(first, end int64) map[int64]int64 {
	if s.Stats.Repeats == 0 {
		return nil
	}
	more := map[int64]int64{}
	recent := map[uint32][]int64{}
	for i := first; i < end; i++ {
		e, ok := s.Event(i)
		if !ok {
			continue
		}
		if e.Kind != trace.Repeat {
			of := append(recent[e.Stream], i)
			if len(of) == 2*trace.MaxRepeated {
				of = append(of[:0], of[trace.MaxRepeated:]...)
			}
			recent[e.Stream] = of
			continue
		}
		r := trace.RepeatOf(&e)
		of := recent[e.Stream]
		for _, k := range of[max(len(of)-r.Of, 0):] {
			more[k] += max(r.N, 0)
		}
	}
	return more
}
