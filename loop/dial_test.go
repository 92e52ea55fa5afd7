package loop

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// words are what the server has told its operator so far.
func words(evs []trace.Event) (out []string) {
	var names trace.Names
	for i := range evs {
		e := &evs[i]
		names.Add(e)
		if e.Kind == trace.Bookmark {
			out = append(out, names.Get(e.Stream, e.Aux))
		}
	}
	return
}

func (x *lab) untilWords(what string, n int) []string {
	x.t.Helper()
	x.until(what, func(evs []trace.Event) bool { return len(words(evs)) >= n })
	return words(x.now())
}

// TestEpore: five streams ask the delay server for tokens, the first for the longest delay; they answer last first.
func TestEpore(t *testing.T) {
	testkit.Long(t, "a long story")
	for _, self := range []bool{false, true} {
		inServeModes(t, ServeDelay, func(t *testing.T, x *lab) {
			to := "self"
			if !self {
				server := startLab(t, func(b *Behaviour) { b.Serve = ServeDelay })
				to = server.l.Addr()
			}
			x.set("streams", "5", "stream-delay", "60ms", "connect", to)
			ws := x.untilWords("the answers", 6)
			// They are due last first; on a busy machine several are due before anybody looks, and come in whatever order.
			var token, waited, after [5]int
			for i, w := range ws[:5] {
				ended := 0
				n, err := fmt.Sscanf(w, "token %d: asked to wait %dms, answered after %dms, %d bytes:", &token[i], &waited[i], &after[i], &ended)
				if n != 4 || token[i] < 0 || token[i] > 4 || waited[i] != (5-token[i])*60 || after[i] < waited[i] ||
					!strings.HasSuffix(w, fmt.Sprintf(` bytes: HTTP/1.1 200 OK: "token-%d"`, token[i])) {
					t.Fatalf("%q, %v", w, err)
				}
			}
			answered := slices.Clone(token[:])
			slices.Sort(answered)
			if !slices.Equal(answered, []int{0, 1, 2, 3, 4}) {
				t.Errorf("not every token has answered once: %q", ws[:5])
			}
			if ws[5] != "all 5 streams have answered" {
				t.Errorf("%q", ws[5])
			}
			check(t, "connected", int(x.l.Stats().Connected.Load()), 5)
			x.until("the closes", func([]trace.Event) bool { return x.l.Stats().Closed.Load() >= 5 })
		})
	}
}

// TestEporeCountEOF: a stream that stays registered after its end of file is reported again, and the answer is counted again, so that the
// program believes to be done before it is. The server answers two of four and leaves the others waiting.
func TestEporeCountEOF(t *testing.T) {
	srv, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	defer srv.Close()
	ended := make(chan struct{})
	defer close(ended)
	serving.Go(func() {
		for {
			c, err := srv.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c)) // all of it, or the close would be a reset
				if err != nil {
					return
				}
				if token := path.Base(r.URL.Path); token >= "token-2" {
					fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n%s", token)
					return
				}
				<-ended
			})
		}
	})
	x := startLab(t, func(b *Behaviour) {
		b.Connect, b.Streams, b.StreamDelay, b.CountEOF = srv.Addr().String(), 4, 100*time.Millisecond, true
	})
	ws := x.untilWords("the count", 5)
	at := func(word string) int {
		return slices.IndexFunc(ws, func(w string) bool { return strings.HasPrefix(w, word) })
	}
	for _, token := range []string{"token 2: ", "token 3: "} {
		if first, again := at(token+"asked to wait"), at(token+"its end of file was read again, and counted again"); first < 0 || again < first {
			t.Errorf("%s: %q", token, ws)
		}
	}
	if ws[4] != "counted 4 answers of 4 streams, but these have not answered: 0 1" {
		t.Errorf("%q", ws)
	}
}

// TestK07RegisterEarly: a socket that is registered before connect was called is reported hung up at once.
func TestK07RegisterEarly(t *testing.T) {
	for _, m := range serveModes[1:] {
		for _, order := range []RegisterOrder{RegisterLate, RegisterEarly} {
			t.Run(fmt.Sprint(m.name, order), func(t *testing.T) {
				server := startLab(t, func(b *Behaviour) { b.Serve = ServeDelay })
				x := startLab(t, func(b *Behaviour) {
					m.set(b)
					b.Connect, b.StreamDelay, b.RegisterOrder = server.l.Addr(), time.Millisecond, order
				})
				x.untilWords("the answer", 1)
				evs := x.stop()
				var masks []uint32
				connects, errs := 0, 0
				for i := range evs {
					e := &evs[i]
					switch {
					case e.Kind == trace.Ready && e.Mask&unix.EPOLLOUT != 0:
						masks = append(masks, e.Mask)
					case e.Kind == trace.Connect:
						if connects++; e.Errno == uint16(unix.EINPROGRESS) {
							errs++
						}
					}
				}
				check(t, "connect calls", connects, 1)
				check(t, "of them in progress", errs, 1)
				want := "[4]"
				if order == RegisterEarly && m.name == "select" {
					want = "[4 4]" // select has no hang-up among its answers
				} else if order == RegisterEarly {
					want = fmt.Sprint([]int{unix.EPOLLOUT | unix.EPOLLHUP, unix.EPOLLOUT})
				}
				if got := fmt.Sprint(masks); got != want {
					t.Errorf("reports %s, want %s", got, want)
				}
			})
		}
	}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// TestReconnectGivesUp: every attempt is seen, the waits double, and in the end the operator is told.
func TestReconnectGivesUp(t *testing.T) {
	testkit.Long(t, "waits between tries")
	for _, m := range serveModes {
		t.Run(m.name, func(t *testing.T) {
			to := closedPort(t)
			x := startLab(t, func(b *Behaviour) {
				m.set(b)
				b.Connect, b.Reconnect, b.ReconnectTries = to, true, 3
			})
			ws := x.untilWords("the words", 1)
			if want := fmt.Sprintf("stream 0 to %s: given up after 3 attempts, the last one: connect: connection refused", to); ws[0] != want {
				t.Errorf("%q, want %q", ws[0], want)
			}
			var waits []int64
			opens := 0
			evs := x.stop()
			set := map[uint32]int64{}
			for i := range evs {
				switch e := &evs[i]; {
				case e.Kind == trace.TimerSet:
					set[e.Aux] = e.A - e.Time
				case e.Kind == trace.TimerFire:
					waits = append(waits, set[e.Aux])
				case e.Kind == trace.Open && e.Aux == trace.OpenAux(trace.TypeStream, trace.OriginSocket):
					opens++
				}
			}
			check(t, "attempts", opens, 3)
			if len(waits) != 2 || waits[0] > int64(backoffFirst) || waits[1] <= int64(backoffFirst) || waits[1] > 2*int64(backoffFirst) {
				t.Errorf("waits %v", waits)
			}
		})
	}
}

// TestReconnect: a server that comes late is found.
func TestReconnect(t *testing.T) {
	to := closedPort(t)
	x := startLab(t, func(b *Behaviour) { b.Connect, b.Reconnect, b.StreamDelay = to, true, time.Millisecond })
	x.until("an attempt", func(evs []trace.Event) bool {
		for i := range evs {
			if evs[i].Kind == trace.Connect {
				return true
			}
		}
		return false
	})
	ln, err := net.Listen("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	request := make([]byte, 4096)
	c.Read(request)
	c.Close() // lost without an answer: once more
	if c, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	c.Read(request) // closing with unread bytes would reset the connection
	c.Write([]byte("HTTP/1.1 200 OK\r\n\r\nhello"))
	c.Close()
	ws := x.untilWords("the answer", 2)
	if !strings.HasSuffix(ws[0], `24 bytes: HTTP/1.1 200 OK: "hello"`) || ws[1] != "all 1 streams have answered" {
		t.Errorf("%q", ws)
	}
}

// TestConnectRefused: without reconnect the first failure is told, and so is an address outside the machine.
func TestConnectRefused(t *testing.T) {
	to := closedPort(t)
	x := startLab(t, func(b *Behaviour) { b.Connect = to })
	if ws := x.untilWords("the words", 1); ws[0] != "stream 0 to "+to+": connect: connection refused" {
		t.Errorf("%q", ws)
	}
	x.set("connect", "192.0.2.1:80")
	if ws := x.untilWords("the words", 2); !strings.HasPrefix(ws[1], "connect to 192.0.2.1:80: it is not a loopback address") {
		t.Errorf("%q", ws)
	}
	x.set("connect", "nowhere.example:80")
	if ws := x.untilWords("the words", 3); ws[2] != "stream 0 to nowhere.example:80: look up nowhere.example: no such name" {
		t.Errorf("%q", ws)
	}
	if err := x.l.Set(trace.Pair{Key: "connect", Value: "nowhere"}); err == nil {
		t.Error("connect nowhere was taken")
	}
}

// TestConnectName: a name is looked up first, in every way.
func TestConnectName(t *testing.T) {
	for _, how := range resolves {
		x := startLab(t, func(b *Behaviour) { b.Serve, b.StreamDelay = ServeDelay, time.Millisecond })
		_, port, _ := net.SplitHostPort(x.l.Addr())
		x.set("resolve", how, "connect", "self.lab:"+port)
		if ws := x.untilWords("the answer", 1); !strings.HasPrefix(ws[0], "token 0: asked") {
			t.Errorf("%s: %q", how, ws)
		}
	}
}

// TestConnectSwitch: connections that the loop made are kept when the mechanism changes under them.
func TestConnectSwitch(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Serve, b.Connect, b.Streams, b.StreamDelay, b.Interval = ServeDelay, "self", 10, 20*time.Millisecond, 2*time.Millisecond
	})
	x.floods = true
	for _, d := range []uint32{trace.DriverPoll, trace.DriverSleepPoll, trace.DriverEpoll, trace.DriverSleepPoll, trace.DriverPoll} {
		if err := x.l.Switch(d, trace.TriggerLevel); err != nil {
			t.Fatal(err)
		}
	}
	if ws := x.untilWords("the answers", 11); ws[10] != "all 10 streams have answered" {
		t.Errorf("%q", ws)
	}
}

// TestHeartbeat: pings go out on the timer's grid and are answered; with heartbeat-wait the thread is seen stuck in each.
func TestHeartbeat(t *testing.T) {
	for _, m := range serveModes {
		for _, wait := range []bool{false, true} {
			t.Run(fmt.Sprint(m.name, wait), func(t *testing.T) {
				server := startLab(t, func(b *Behaviour) { b.Serve = ServeCommands })
				x := startLab(t, func(b *Behaviour) {
					m.set(b)
					b.Connect, b.Heartbeat, b.HeartbeatWait = server.l.Addr(), 5*time.Millisecond, wait
				})
				x.floods = m.name == "sleep-poll"
				x.until("ten pongs", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() >= 50 })
				evs := x.stop()
				stuck := 0
				for i := range evs {
					if e := &evs[i]; e.Kind == trace.Read && e.Phase.Base() == trace.PhaseEnter {
						stuck++
					}
				}
				if wait && stuck < 10 || !wait && stuck > 0 {
					t.Errorf("the thread was stuck in %d reads", stuck)
				}
			})
		}
	}
}

// TestHeartbeatWaitStuck: a peer that never answers holds the thread for ever, but for the end of the loop.
func TestHeartbeatWaitStuck(t *testing.T) {
	for _, m := range serveModes {
		t.Run(m.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			x := startLab(t, func(b *Behaviour) {
				m.set(b)
				b.Connect, b.Heartbeat, b.HeartbeatWait = ln.Addr().String(), 5*time.Millisecond, true
			})
			x.until("the thread to be stuck", func(evs []trace.Event) bool {
				for i := range evs {
					if e := &evs[i]; e.Kind == trace.Read && e.Phase.Base() == trace.PhaseEnter {
						return true
					}
				}
				return false
			})
			x.stop()
		})
	}
}

// TestServeRefused: combinations that cannot run are refused with their reason.
func TestServeRefused(t *testing.T) {
	for _, set := range []func(*Behaviour){
		func(b *Behaviour) { b.Driver, b.Serve = trace.DriverGo, ServeDelay },
		func(b *Behaviour) { b.Driver, b.Threads, b.Connect = trace.DriverEpoll, 2, "self" },
	} {
		b := Default()
		set(&b)
		if _, err := New(Config{Listen: "127.0.0.1:0", Behaviour: b}); err == nil {
			t.Errorf("taken: %+v", b)
		}
	}
}

// TestConnectWithOneThread: a setting that ends the other threads and one that connects can come together: what is dialled is registered
// with the driver that comes after.
func TestConnectWithOneThread(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Threads = 2 })
	x.set("threads", "1", "connect", "self")
	x.until("the stream", func([]trace.Event) bool { return x.l.Stats().Connected.Load() == 1 })
}
