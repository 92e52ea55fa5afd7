package timeline

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"evviz/trace"
)

// TestBucketsOfDelays: each delay falls into the bucket whose range holds it, and the middle of that is near.
func TestBucketsOfDelays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := rapid.Int64Range(0, maxDelay).Draw(rt, "v")
		v >>= rapid.IntRange(0, 44).Draw(rt, "shift")
		for _, sub := range []uint{runBits, laneBits} {
			low, high := bucketRange(bucketOf(v, sub), sub)
			if v < low || v >= high {
				rt.Fatalf("%d is in %d..%d", v, low, high)
			}
			if mid := float64(low+high-1) / 2; math.Abs(mid-float64(v)) > float64(v)/float64(int(1)<<sub)/2+0.5 {
				rt.Fatalf("%d is told as %v", v, mid)
			}
		}
		if r := heatRow(v); v < rowLow(r) || r+1 < heatRows && v >= rowLow(r+1) {
			rt.Fatalf("%d is in row %d, %d..%d", v, r, rowLow(r), rowLow(r+1))
		}
	})
}

// TestDelaysOfOneMessage: an exchange whose moments are known, with the arrival told early and late, level and edge.
func TestDelaysOfOneMessage(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := new(script).epoll()
		s.conn(10, 7, in)
		s.enter(20)
		if !late {
			s.arrive(100, 7, 0, 64)
		}
		s.exit(110, 1)
		s.ready(115, 7, in, -1)
		if late {
			s.ev(120, trace.Event{Kind: trace.Arrive, Stream: 2, FD: 7, Mask: in, B: 65, Dur: 20 * us, Aux: trace.ArriveObserver})
		}
		s.read(130, 7, 4096, 64, 0)
		s.write(145, 7, 64, 64)
		s.enter(160)
		s.exit(5000, 0)
		s.enter(5003)
		sn := s.fold()
		for m, want := range map[Measure][]int64{MeasureDelivered: {15}, MeasureRead: {15}, MeasureAnswered: {15}, MeasureServed: {30}, MeasureFirst: {30}, MeasureGap: {50, 3}} {
			d := sn.Delays(m)
			if !d.Known || d.Count != int64(len(want)) || d.Max != want[0]*us {
				t.Errorf("late %v: %v: %+v, want %d µs", late, m, d, want)
			}
			l := lane(t, sn, 7).Delays(m)
			if m == MeasureGap {
				eq(t, "gap of a lane", l.Known, false)
				continue
			}
			if !l.Known || l.Count != 1 || l.Max != want[0]*us {
				t.Errorf("late %v: %v of the lane: %+v", late, m, l)
			}
		}
	}
}

// TestAgainIsNoDelivery: a report that repeats what nobody has read keeps the clock running.
func TestAgainIsNoDelivery(t *testing.T) {
	s := new(script).epoll()
	s.conn(10, 7, in)
	s.arrive(20, 7, 0, 64)
	for at := int64(30); at < 80; at += 10 {
		s.enter(at)
		s.exit(at+1, 1)
		s.ready(at+1, 7, in, -1)
	}
	s.read(90, 7, 4096, 64, 0)
	sn := s.fold()
	for m, want := range map[Measure]int64{MeasureDelivered: 11, MeasureRead: 59, MeasureServed: 70} {
		if d := sn.Delays(m); d.Count != 1 || d.Max != want*us {
			t.Errorf("%v: %+v, want %d µs", m, d, want)
		}
	}
}

// TestUnknownDelays: what cannot be known says why.
func TestUnknownDelays(t *testing.T) {
	for _, path := range recordings(t) {
		s := recorded(t, path)
		for m := range MeasureCount {
			d := s.Delays(m)
			if d.Known == (d.Why != "") || !d.Known && d.Count != 0 {
				t.Errorf("%s: %v is known: %v, %q", path, m, d.Known, d.Why)
			}
			told := s.Stats.Reports > 0
			// Go's netpoller waits where nobody sees it.
			if want := m == MeasureGap && filepath.Base(path) != "goroutines.evt" || m == MeasureAnswered || m == MeasureServed || m == MeasureFirst || told; d.Known != want {
				t.Errorf("%s: %v is known: %v (%s)", path, m, d.Known, d.Why)
			}
			if m == MeasureServed && d.Count != s.Stats.Latency.Count {
				t.Errorf("%s: %d served, latency has %d", path, d.Count, s.Stats.Latency.Count)
			}
			name := filepath.Base(path)
			// A kernel that reads by itself has mostly done so before the observer can see an arrival.
			few := name == "goroutines.evt" || name == "uring.evt" && (m == MeasureServed || m == MeasureFirst) || name == "tour.evt" && m == MeasureDelivered
			if d.Known && d.Count == 0 && !few {
				t.Errorf("%s: no sample of %v", path, m)
			}
		}
	}
	outside := new(script).epoll().foldAs(trace.Info{Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Arrive, trace.Queue)})
	eq(t, "arrivals from outside", outside.Delays(MeasureDelivered).Known, false)
	eq(t, "reads from outside", outside.Delays(MeasureRead).Known, true)
	tl := New(Options{Ledger: true, Info: trace.Info{Timed: true}})
	tl.Add(busy(100))
	eq(t, "of a ledger alone", tl.Snapshot(0).Delays(MeasureRead).Known, false)
}

// TestHeatAddsUp: every sample of the window is in one cell, whatever the slots and the columns, and old snapshots stay.
func TestHeatAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tl := New(Options{Info: trace.Info{Timed: true}})
		var ats, vs []int64
		at := int64(1_000_000_000)
		n := rapid.IntRange(1, 300).Draw(rt, "n")
		var old *Snapshot
		oldN := 0
		l := anyLane(tl)
		for i := 0; i < n; i++ {
			at += rapid.Int64Range(0, 1<<rapid.IntRange(1, 31).Draw(rt, "step")).Draw(rt, "at")
			v := rapid.Int64Range(0, 1<<rapid.IntRange(1, 40).Draw(rt, "size")).Draw(rt, "v")
			tl.last = at
			tl.delays.delay(MeasureRead, nil, l, at, v)
			ats, vs = append(ats, at), append(vs, v)
			if i == n/2 {
				old, oldN = tl.Snapshot(0), i+1
			}
		}
		if rapid.Bool().Draw(rt, "coarse") {
			tl.delays.keep.max = 0 // the single delays go as far as they can
			for st := tl.delays.rest[MeasureRead]; len(st.blocks)-st.head > 1; {
				st.evict()
			}
		}
		s := tl.Snapshot(0)
		for _, cols := range []int{1, 7, 200} {
			h := s.Heat(MeasureRead, ats[0]-1, at+1, cols, 1+cols%12)
			var sum int64
			for _, c := range h.N {
				sum += int64(c)
			}
			if sum != int64(n) || h.Total != sum || h.Rows() > 1+cols%12 {
				rt.Fatalf("%d columns: %d of %d samples, %d rows", cols, sum, n, h.Rows())
			}
			if low, high := slices.Min(vs), slices.Max(vs); h.Bounds[0] > low || h.Bounds[h.Rows()] <= high {
				rt.Fatalf("%d..%d in rows %v", low, high, h.Bounds)
			}
		}
		if d := s.Delays(MeasureRead); d.Count != int64(n) || d.Max != slices.Max(vs) {
			rt.Fatalf("%+v", d)
		}
		if h := old.Heat(MeasureRead, 0, at*2, 3, 99); h.Total != int64(oldN) || old.Delays(MeasureRead).Count != int64(oldN) || old.Lane(l.pub.ID).Delays(MeasureRead).Count != int64(oldN) {
			rt.Fatalf("an old snapshot has %d samples, had %d", h.Total, oldN)
		}
		if h := s.LaneHeat(s.Lane(l.pub.ID), MeasureRead, 0, at+1, 10, 10); h.Total != int64(n) {
			rt.Fatalf("the lane has %d samples", h.Total)
		}
	})
}

// TestPercentiles against a sorted list.
func TestPercentiles(t *testing.T) {
	tl := New(Options{Info: trace.Info{Timed: true}})
	l := anyLane(tl)
	var vs []int64
	x := uint64(7)
	for i := 0; i < 5000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
		v := int64(x >> 33 >> (x >> 20 % 20))
		vs = append(vs, v)
		tl.delays.delay(MeasureRead, nil, l, int64(i)*us, v)
	}
	slices.Sort(vs)
	s := tl.Snapshot(0)
	check := func(name string, d Delays, exact float64) {
		for _, p := range []struct {
			got int64
			at  float64
		}{{d.P50, 0.5}, {d.P90, 0.9}, {d.P99, 0.99}, {d.P999, 0.999}} {
			want := float64(vs[int(math.Ceil(p.at*float64(len(vs))))-1])
			if math.Abs(float64(p.got)-want) > want*exact+1 {
				t.Errorf("%s p%v: %d, want %v", name, p.at*100, p.got, want)
			}
		}
		eq(t, name+" longest", d.Max, vs[len(vs)-1])
		eq(t, name+" count", d.Count, 5000)
	}
	check("run", s.Delays(MeasureRead), 0.02)
	check("lane", s.Lane(l.pub.ID).Delays(MeasureRead), 0.1)
}

// TestDelaysAreBounded: many samples take no more memory than the first ones.
func TestDelaysAreBounded(t *testing.T) {
	tl := New(Options{Info: trace.Info{Timed: true}})
	for i := int64(0); i < 600_000; i++ {
		tl.delays.delay(MeasureGap, nil, nil, i*10_000_000, i)
	}
	d := tl.delays.rest[MeasureGap]
	if n := len(d.blocks) - d.head; n > maxSamples/blockSamples+2 {
		t.Errorf("%d blocks of samples", n)
	}
	if n := len(d.points); n > maxDelayPts || n == 0 {
		t.Errorf("%d points", n)
	}
	s := tl.Snapshot(0)
	eq(t, "samples in the map", s.Heat(MeasureGap, 0, 600_001*10_000_000, 80, 20).Total, 600_000)
	eq(t, "newest ones, each by itself", s.Heat(MeasureGap, 599_000*10_000_000, 600_000*10_000_000, 80, 20).Total, 1000)
}

// anyLane is a lane of which nothing is known.
func anyLane(tl *Timeline) *laneB {
	f, _ := tl.who.Find(tl.who.Thread(1), &trace.Event{Kind: trace.Read, FD: 7}, true)
	return tl.lanes.laneOf(f)
}
