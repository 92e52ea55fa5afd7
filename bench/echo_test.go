package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/loop"
	"evviz/trace"
)

// The load comes from another process: the test binary again, which opens its connections and then, round after round,
// writes one message to each and reads the answers.
func TestMain(m *testing.M) {
	if addr := os.Getenv("EVVIZ_BENCH_LOAD"); addr != "" {
		load(addr)
		return
	}
	if what := os.Getenv("EVVIZ_BENCH_TRAVEL"); what != "" {
		travel(what, os.Getenv("EVVIZ_BENCH_FILE"))
		return
	}
	os.Exit(m.Run())
}

const (
	connections = 64
	message     = 64
)

func load(addr string) {
	var fds []int
	for i := 0; i < connections; i++ {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		f, err := c.(*net.TCPConn).File()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		syscall.SetNonblock(int(f.Fd()), false)
		fds = append(fds, int(f.Fd()))
	}
	buf := make([]byte, message)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		for _, fd := range fds {
			if _, err := syscall.Write(fd, buf); err != nil {
				return
			}
		}
		for _, fd := range fds {
			for got := 0; got < message; {
				n, err := syscall.Read(fd, buf[got:])
				if n <= 0 || err != nil {
					return
				}
				got += n
			}
		}
	}
}

// cpu is the time that a thread of this process has spent on a processor, ns (proc(5), schedstat).
func cpu(tid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/schedstat", tid))
	f := strings.Fields(string(b))
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(f[0], 10, 64)
	return n
}

// BenchmarkEcho is the loop under load: epoll level-triggered, 64 connections, 64 bytes a message. cpu-ns/msg is what one
// message costs the loop's thread; it is the figure to compare, since the load generator bounds msg/s.
//
//	off          nobody watches: no ring, no clock, no observer
//	on           every event into the ring, a reader that takes them out
//	on+observer  arrivals too, by a thread of their own
func BenchmarkEcho(b *testing.B) {
	for _, c := range []struct {
		name    string
		watched bool
		arrival loop.Arrival
	}{{"off", false, loop.ArrivalOff}, {"on", true, loop.ArrivalOff}, {"on+observer", true, loop.ArrivalObserver}} {
		b.Run(c.name, func(b *testing.B) {
			be := loop.Default()
			be.Driver, be.Trigger, be.Arrival = trace.DriverEpoll, trace.TriggerLevel, c.arrival
			cfg := loop.Config{Listen: "127.0.0.1:0", Behaviour: be, Title: "bench"}
			m := trace.NewMerge(trace.Info{})
			stream := uint32(0)
			if c.watched {
				cfg.NewRing = func(uint32) *trace.Ring {
					stream++
					r := trace.NewRing(stream, 1<<14) // as the lab has it
					m.Add(r)
					return r
				}
			}
			l, err := loop.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			if err := l.Start(nil); err != nil {
				b.Fatal(err)
			}
			read := make(chan int64, 1)
			go func() {
				buf := make([]trace.Event, 8192)
				var n int64
				for c.watched {
					k, err := m.Read(context.Background(), buf)
					n += int64(k)
					if err != nil {
						break
					}
				}
				read <- n
			}()
			self, _ := os.Executable()
			gen := exec.Command(self)
			gen.Env = append(os.Environ(), "EVVIZ_BENCH_LOAD="+l.Addr())
			gen.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			if err := gen.Start(); err != nil {
				b.Fatal(err)
			}
			// The loop on one processor, the load on the other, as far as there are two.
			var one, two unix.CPUSet
			one.Set(0)
			two.Set(1)
			unix.SchedSetaffinity(l.TID(), &one)
			unix.SchedSetaffinity(gen.Process.Pid, &two)
			st := l.Stats()
			for st.BytesIn.Load() < 200_000*message/10 { // warm
				time.Sleep(time.Millisecond)
			}
			b.ResetTimer()
			m0, c0, t0 := st.BytesIn.Load()/message, cpu(l.TID()), time.Now()
			for b.Loop() {
				time.Sleep(time.Millisecond) // the load runs by itself; b.N only says for how long
			}
			msgs, took, used := st.BytesIn.Load()/message-m0, time.Since(t0), cpu(l.TID())-c0
			b.StopTimer()
			b.ReportMetric(float64(msgs)/took.Seconds(), "msg/s")
			b.ReportMetric(float64(used)/float64(msgs), "cpu-ns/msg")
			b.ReportMetric(float64(msgs)*1e9/float64(used), "msg/cpu-s")
			gen.Process.Kill()
			gen.Wait()
			if err := l.Stop(); err != nil {
				b.Error(err)
			}
			<-read
			if c.watched {
				b.ReportMetric(float64(m.Lost()), "lost")
			}
		})
	}
}
