package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"evviz/probe"
	"evviz/trace"
)

// straceLog is what strace -f -ttt -T -o would have printed of a level-triggered epoll echo server with so many lines: a wait
// that tells of one or two of 64 connections, a recvfrom and a sendto for each. With descs, descriptors are decorated as by
// -yy.
func straceLog(lines int, descs bool) []byte {
	var b bytes.Buffer
	at := int64(1795386961_000000)
	stamp := func(us int64) {
		at += us
		fmt.Fprintf(&b, "4711 %d.%06d ", at/1e6, at%1e6)
	}
	fd := func(n int) string {
		switch {
		case !descs:
			return fmt.Sprint(n)
		case n == 3:
			return "3<anon_inode:[eventpoll]>"
		}
		return fmt.Sprintf("%d<TCP:[127.0.0.1:4201->127.0.0.1:%d]>", n, 40000+n)
	}
	event := func(n int) string { return fmt.Sprintf("{events=EPOLLIN, data={u32=%d, u64=%d}}", n, n) }
	for n := 0; n < lines; {
		one, two := 7+n%64, 7+(n+31)%64
		stamp(40)
		if n%2 == 0 {
			fmt.Fprintf(&b, "epoll_wait(%s, [%s], 64, 250) = 1 <0.000031>\n", fd(3), event(one))
			two = 0
		} else {
			fmt.Fprintf(&b, "epoll_wait(%s, [%s, %s], 64, 250) = 2 <0.000012>\n", fd(3), event(one), event(two))
		}
		n++
		for _, c := range []int{one, two} {
			if c == 0 {
				continue
			}
			stamp(35)
			fmt.Fprintf(&b, "recvfrom(%s, \"GET /index.html HTTP/1.1\\r\\nHost: l\"..., 4096, 0, NULL, NULL) = 73 <0.000009>\n", fd(c))
			stamp(30)
			fmt.Fprintf(&b, "sendto(%s, \"HTTP/1.1 200 OK\\r\\nContent-Length:\"..., 131, MSG_NOSIGNAL, NULL, 0) = 131 <0.000017>\n", fd(c))
			n += 2
		}
	}
	return b.Bytes()
}

// processorTime is what the process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkStrace reads a log of strace into events. One operation is the whole log.
func BenchmarkStrace(b *testing.B) {
	for _, c := range []struct {
		name  string
		descs bool
	}{{"plain", false}, {"yy", true}} {
		b.Run(c.name, func(b *testing.B) {
			text := straceLog(1_000_000, c.descs)
			buf := make([]trace.Event, 1<<12)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			b.ResetTimer()
			events, lines, begin := 0, int64(0), processorTime()
			for b.Loop() {
				s, err := probe.StreamStrace(bytes.NewReader(text), "bench")
				if err != nil {
					b.Fatal(err)
				}
				events = 0
				for {
					n, err := s.Read(context.Background(), buf)
					events += n
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				if n, first := s.Unparsed(); n > 0 {
					b.Fatal(first)
				}
				lines += s.Lines()
				s.Close()
			}
			// Per second of processor time: what a core does that is not taken away by others meanwhile.
			b.ReportMetric(float64(lines)/(processorTime()-begin).Seconds()/1e6, "Mlines/cpu-s")
			b.ReportMetric(float64(lines)/b.Elapsed().Seconds()/1e6, "Mlines/s")
			b.ReportMetric(float64(events), "events")
		})
	}
}
