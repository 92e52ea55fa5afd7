package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

// Opening and seeking are measured in a process of their own, from its start: what a person waits for, with the memory that
// it took. The files are made once and kept in the directory for temporary files.

const (
	travelLanes = 40
	travelCells = 180
	travelSpan  = int64(2e9) // what is on the screen, ns
)

// travelFile is a recording of so many million events, made unless it is there. Killed, it has neither index nor summaries.
func travelFile(b *testing.B, millions int, killed bool) string {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("evviz-bench-%dM.evt", millions))
	if f, err := record.OpenFile(name); err != nil || f.Events() != int64(millions)*1e6 {
		if err := makeRecording(name, millions*1e6); err != nil {
			b.Fatal(err)
		}
	} else {
		f.Close()
	}
	if !killed {
		return name
	}
	cut := filepath.Join(os.TempDir(), fmt.Sprintf("evviz-bench-%dM-killed.evt", millions))
	if _, err := os.Stat(cut); err != nil {
		if err := killRecording(name, cut); err != nil {
			b.Fatal(err)
		}
	}
	return cut
}

// makeRecording writes n events of a level-triggered echo server with 38 connections, 100,000 a second.
func makeRecording(path string, n int) error {
	w, err := record.Create(path, trace.Info{Title: "bench", Timed: true, Clock: trace.Clock{Mono: 1, Wall: 1}, Kinds: trace.AllKinds()})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	now, left := int64(1e9), n
	var seq [3]uint32
	evs := make([]trace.Event, 0, 8192)
	put := func(stream uint32, e trace.Event) {
		if left == 0 {
			return
		}
		left--
		seq[stream]++
		e.Stream, e.Seq, e.Time = stream, seq[stream], now
		evs = append(evs, e)
	}
	const ep, conns = 4, travelLanes - 2
	put(1, trace.Event{Kind: trace.Thread, A: 100, B: 100, Gen: 100, Mask: trace.RoleLoop})
	put(2, trace.Event{Kind: trace.Thread, A: 100, B: 101, Gen: 100, Mask: trace.RoleObserver})
	put(1, trace.Event{Kind: trace.Mode, Aux: trace.ModeAux(trace.DriverEpoll, trace.TriggerLevel, trace.CauseStart)})
	put(1, trace.Event{Kind: trace.Instance, FD: 3, Inst: ep})
	for fd := int32(4); fd < 5+conns; fd++ {
		typ := uint32(trace.OpenAux(trace.TypeStream, trace.OriginAccept))
		if fd == 4 {
			typ = trace.OpenAux(trace.TypeListener, trace.OriginSocket)
		}
		put(1, trace.Event{Kind: trace.Open, FD: fd, Gen: 1, Aux: typ, Mask: 0x800})
		put(1, trace.Event{Kind: trace.Register, Inst: ep, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
	}
	for left > 0 {
		fd := 5 + int32(r.IntN(conns))
		begun := now
		put(1, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: ep, A: -1, B: -1, Gen: conns + 2, Aux: trace.WaitAux(trace.CallEpollWait, 64)})
		now += 20_000 + r.Int64N(20_000)
		put(2, trace.Event{Kind: trace.Arrive, FD: fd, Gen: 1, Mask: 1, B: 65, Dur: 900, Aux: 1})
		now += 5_000 + r.Int64N(5_000)
		put(1, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, A: -1, B: -1, Gen: conns + 2, Aux: trace.WaitAux(trace.CallEpollWait, 64), Mask: 1, Dur: now - begun})
		put(1, trace.Event{Kind: trace.Ready, Inst: ep, FD: fd, Gen: 1, Mask: 1, A: int64(fd)})
		now += 7_000 + r.Int64N(5_000)
		put(1, trace.Event{Kind: trace.Read, FD: fd, Gen: 1, A: 4096, B: 64, Dur: 1200})
		now += 7_000 + r.Int64N(5_000)
		put(1, trace.Event{Kind: trace.Write, FD: fd, Gen: 1, A: 64, B: 64, Dur: 3400})
		if len(evs) > 8000 {
			if err := w.Write(evs); err != nil {
				return err
			}
			evs = evs[:0]
		}
	}
	return errors.Join(w.Write(evs), w.Close())
}

// killRecording copies a recording without its index and with every summary damaged.
func killRecording(from, to string) error {
	f, err := record.OpenFile(from)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	sums := f.Summaries()
	for i := 1; i < len(sums); i++ {
		b[sums[i].Offset-3] ^= 0x55 // the summary ends where the next chunk begins
	}
	at := bytes.LastIndex(b, []byte("\x8bevINDX\x1a"))
	b[at-3] ^= 0x55
	return os.WriteFile(to, b[:at], 0o600)
}

// travel is the process that is measured: what it prints ends up as figures.
func travel(what, path string) {
	f, err := record.OpenFile(path)
	check(err)
	p := record.NewPlayer(f)
	p.Pause(true)
	p.SetLookback(travelSpan)
	feed := timeline.NewFeed(p, timeline.Options{})
	go feed.Run(context.Background())
	first, last := p.Bounds()
	settle := func() {
		for p.Seeking() {
			time.Sleep(20 * time.Microsecond)
		}
	}
	draw := func(s *timeline.Snapshot, t0, t1 int64) int {
		n := 0
		for _, l := range s.Lanes[:min(len(s.Lanes), travelLanes)] {
			for _, c := range l.Cells(t0, t1, travelCells) {
				n += int(c.Counts[timeline.MarkRead])
			}
		}
		for _, l := range s.Loops {
			n += len(l.Cells(t0, t1, travelCells))
		}
		return n
	}
	settle()
	draw(feed.Snapshot(), first, first+travelSpan)
	o := feed.Overview()
	events := int64(0)
	for _, c := range o.Cells(first, last+1, travelCells) {
		events += c.Events
	}
	for _, l := range o.Lanes[:min(len(o.Lanes), travelLanes)] {
		l.Cells(first, last+1, travelCells)
	}
	if events != f.Events() {
		check(fmt.Errorf("the overview counts %d events of %d", events, f.Events()))
	}
	fmt.Println("frame") // the parent takes the time
	var seeks, excerpts []float64
	if what == "seek" {
		r := rand.New(rand.NewPCG(7, 7))
		for range 60 {
			goal := first + r.Int64N(last-first)
			begin := time.Now()
			check(p.SeekTime(goal))
			settle()
			if draw(feed.Snapshot(), goal-travelSpan, goal) == 0 {
				check(errors.New("nothing to be seen"))
			}
			seeks = append(seeks, float64(time.Since(begin).Microseconds())/1e3)
		}
		for range 30 {
			t0 := first + r.Int64N(last-first-travelSpan)
			begin := time.Now()
			s, err := feed.Excerpt(context.Background(), t0, t0+travelSpan)
			check(err)
			draw(s, t0, t0+travelSpan)
			excerpts = append(excerpts, float64(time.Since(begin).Microseconds())/1e3)
		}
	}
	slices.Sort(seeks)
	slices.Sort(excerpts)
	if len(seeks) > 0 {
		fmt.Println("ms/seek", seeks[len(seeks)/2])
		fmt.Println("ms/seek-worst", seeks[len(seeks)-1])
		fmt.Println("ms/excerpt", excerpts[len(excerpts)/2])
	}
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	_, hwm, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(hwm)[0])
	check(err)
	fmt.Println("MB", float64(kb)/1024)
}

// BenchmarkTravel opens recordings up to the first frame with an overview of everything, and seeks in them.
func BenchmarkTravel(b *testing.B) {
	for _, c := range []struct {
		name, what string
		millions   int
		killed     bool
	}{{"open-10M", "open", 10, false}, {"killed-10M", "open", 10, true}, {"seek-10M", "seek", 10, false}, {"seek-killed-10M", "seek", 10, true},
		{"open-100M", "open", 100, false}, {"seek-100M", "seek", 100, false}} {
		b.Run(c.name, func(b *testing.B) {
			path := travelFile(b, c.millions, c.killed)
			sum := map[string]float64{}
			for b.Loop() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "EVVIZ_BENCH_TRAVEL="+c.what, "EVVIZ_BENCH_FILE="+path)
				cmd.Stderr = os.Stderr
				out, err := cmd.StdoutPipe()
				if err != nil {
					b.Fatal(err)
				}
				begin := time.Now()
				if err := cmd.Start(); err != nil {
					b.Fatal(err)
				}
				lines := bufio.NewScanner(out)
				for lines.Scan() {
					f := strings.Fields(lines.Text())
					if f[0] == "frame" {
						sum["ms/frame"] += float64(time.Since(begin).Microseconds()) / 1e3
						continue
					}
					v, err := strconv.ParseFloat(f[1], 64)
					if err != nil {
						b.Fatal(err)
					}
					sum[f[0]] += v
				}
				io.Copy(io.Discard, out)
				if err := cmd.Wait(); err != nil {
					b.Fatal(err)
				}
			}
			for unit, v := range sum {
				b.ReportMetric(v/float64(b.N), unit)
			}
		})
	}
}
