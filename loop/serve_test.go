package loop

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/trace"
)

// chat is a client of a line or HTTP server with a bound on every wait.
type chat struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (x *lab) chat() *chat {
	x.t.Helper()
	c := x.dial()
	c.SetDeadline(time.Now().Add(patience))
	return &chat{x.t, c, bufio.NewReader(c)}
}

func (k *chat) say(s string) {
	k.t.Helper()
	if _, err := io.WriteString(k, s); err != nil {
		k.t.Fatal(err)
	}
}

func (k *chat) hear(want string) {
	k.t.Helper()
	got, err := k.r.ReadString('\n')
	if got != want+"\n" {
		k.t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

func (k *chat) rest() string {
	k.t.Helper()
	b, err := io.ReadAll(k.r)
	if err != nil {
		k.t.Fatalf("after %q: %v", b, err)
	}
	return string(b)
}

func (k *chat) half() {
	k.t.Helper()
	if err := k.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		k.t.Fatal(err)
	}
}

// closeOf is the reason for which the only connection was closed.
func closeOf(evs []trace.Event) string {
	fd, why := connFD(evs), ""
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Close && e.FD == fd {
			why = trace.CloseNames.Word(e.Aux)
		}
	}
	return why
}

// modes are the ways to run that the services are tried behind.
var serveModes = []struct {
	name string
	set  func(*Behaviour)
}{
	{"sleep-poll", func(b *Behaviour) { b.Driver, b.Interval = trace.DriverSleepPoll, 2*time.Millisecond }},
	{"select", func(b *Behaviour) { b.Driver = trace.DriverSelect }},
	{"poll", func(b *Behaviour) { b.Driver = trace.DriverPoll }},
	{"level", func(b *Behaviour) { b.Trigger = trace.TriggerLevel }},
	{"edge", func(b *Behaviour) { b.Trigger, b.Reads = trace.TriggerEdge, Count{Kind: CountDrain} }},
	{"oneshot", func(b *Behaviour) { b.Trigger = trace.TriggerOneshot }},
}

// serveCrowds are ways with several threads, for the services that do without look-ups.
var serveCrowds = []struct {
	name string
	set  func(*Behaviour)
}{
	{"split", func(b *Behaviour) { b.Driver, b.Split, b.Interval = trace.DriverSleepPoll, true, 2*time.Millisecond }},
	{"three threads, level", func(b *Behaviour) { b.Threads = 3 }},
	{"three threads, oneshot", func(b *Behaviour) { b.Threads, b.Trigger = 3, trace.TriggerOneshot }},
	{"three instances", func(b *Behaviour) { b.Threads, b.Listeners = 3, ListenersReuseport }},
}

func inServeModes(t *testing.T, serve Serve, f func(t *testing.T, x *lab)) {
	for _, m := range serveModes {
		t.Run(m.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) {
				m.set(b)
				b.Serve = serve
			})
			x.floods = m.name == "sleep-poll"
			f(t, x)
		})
	}
}

func TestEchoWholeBuffer(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.ReadSize, b.Echo = 10000, EchoWhole })
	k := x.chat()
	k.say(strings.Repeat("m", 53))
	got := make([]byte, 10000)
	if _, err := io.ReadFull(k.r, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(got, bytes.Repeat([]byte{'m'}, 53)) || got[53] == 'm' {
		t.Errorf("answered %q", got[:60])
	}
	x.set("echo", "exact")
	k.say("again")
	k.half()
	if s := k.rest(); s != "again" {
		t.Errorf("exact: %q", s)
	}
	if in, out := x.l.Stats().BytesIn.Load(), x.l.Stats().BytesOut.Load(); in != 58 || out != 10005 {
		t.Errorf("in %d, out %d", in, out)
	}
}

func TestCommands(t *testing.T) {
	inServeModes(t, ServeCommands, func(t *testing.T, x *lab) {
		k := x.chat()
		k.say("ping\r\nec")
		k.hear("pong")
		k.say("ho two  words \nsleep 30\nping\nsend 5")
		k.hear("two  words")
		k.hear("slept 30")
		k.hear("pong")
		k.say("\nnonsense\nping 3\nsleep -1\nsend x\nsend 100000\n")
		k.hear("abcde")
		k.hear(`error: no command "nonsense"; try help`)
		k.hear("error: use ping")
		k.hear("error: sleep takes milliseconds from 0 to 3600000")
		k.hear("error: send takes a number of bytes from 0 to 1073741824")
		line, err := k.r.ReadString('\n')
		if err != nil || len(line) != 100001 || line[26:29] != "abc" {
			t.Fatalf("send 100000: %d bytes, %v", len(line), err)
		}
		k.say("help\ntime\nstats\nquit\nping\n")
		rest := strings.Split(strings.TrimSuffix(k.rest(), "\n"), "\n")
		if n := len(dispatcher) + 3; len(rest) != n || rest[n-1] != "bye" || !strings.HasPrefix(rest[n-2], "accepted 1 closed 0 bytes-in ") {
			t.Errorf("%q", rest)
		}
		if _, err := time.Parse(time.RFC3339Nano, rest[len(rest)-3]); err != nil {
			t.Error(err)
		}
		k.Close()
		x.until("the close", func(evs []trace.Event) bool { return closeOf(evs) != "" })
		if why := closeOf(x.stop()); why != "served" {
			t.Errorf("closed: %s", why)
		}
	})
}

// TestCommandsSleepers: sleeps of several connections run side by side on the one thread.
func TestCommandsSleepers(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Serve = ServeCommands })
	slow, quick := x.chat(), x.chat()
	slow.say("sleep 3600000\n")
	x.until("the timer", func(evs []trace.Event) bool {
		for i := range evs {
			if evs[i].Kind == trace.TimerSet {
				return true
			}
		}
		return false
	})
	quick.say("sleep 1\nping\n")
	quick.hear("slept 1")
	quick.hear("pong")
	slow.Conn.(*net.TCPConn).SetLinger(0)
	slow.Close() // a reset: its timer goes with it
	x.until("the timer's end", func(evs []trace.Event) bool {
		for i := range evs {
			if evs[i].Kind == trace.TimerStop {
				return true
			}
		}
		return false
	})
}

// TestServeCrowds: several threads serve the same connections, and each connection's answers stay in order.
func TestServeCrowds(t *testing.T) {
	for _, m := range serveCrowds {
		t.Run(m.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) {
				m.set(b)
				b.Serve, b.IdleTimeout = ServeCommands, time.Minute
			})
			x.floods = true
			var ks []*chat
			for range 10 {
				ks = append(ks, x.chat())
			}
			for i, k := range ks {
				for j := range 20 {
					k.say(fmt.Sprintf("echo %d %d\nsleep 1\n", i, j))
				}
			}
			for i, k := range ks {
				for j := range 20 {
					k.hear(fmt.Sprintf("%d %d", i, j))
					k.hear("slept 1")
				}
			}
			ks[0].say("lookup 1.lab\n")
			ks[0].hear(`error: look up "1.lab": a server of several threads looks no names up`)
			ks[1].say("sleep 3600000\n")
			ks[1].Close()
			x.set("idle-timeout", "20ms")
			for _, k := range ks[2:] {
				if _, err := k.r.ReadByte(); err != io.EOF {
					t.Error(err)
				}
			}
			x.set("threads", "1", "split", "false", "idle-timeout", "0")
			k := x.chat()
			k.say("sleep 1\nlookup 1.lab\n")
			k.hear("slept 1")
			k.hear("1.lab 127.0.0.1")
		})
	}
}

// TestServeRing: the same services behind completions.
func TestServeRing(t *testing.T) {
	testkit.Long(t, "load")
	for _, kind := range []URing{URingAuto, URingSingle} {
		x := uringLab(t, func(b *Behaviour) { b.URing, b.Serve = kind, ServeCommands })
		k := x.chat()
		k.say("ping\nsleep 30\nlookup 1.lab\nec")
		for _, want := range []string{"pong", "slept 30", "1.lab 127.0.0.1"} {
			k.hear(want)
		}
		const n = 20 << 20
		k.say(fmt.Sprintf("ho x\nsend %d\n", n))
		k.hear("x")
		go io.WriteString(k, strings.Repeat("echo "+strings.Repeat("y", 1000)+"\n", 1000)+"quit\nping\n")
		if got := k.rest(); len(got) != n+1+1001*1000+4 || !strings.HasSuffix(got, "y\nbye\n") {
			t.Errorf("%d bytes", len(got))
		}
		k.Close()
		x.set("serve", "delay", "idle-timeout", "50ms")
		k = x.chat()
		k.say("GET /20/a HTTP/1.1\r\nHost: x\r\n\r\nGET /10/b HTTP/1.1\r\nHost: x\r\n\r\n")
		if s := k.rest(); strings.Count(s, "200 OK") != 2 || !strings.HasSuffix(s, "\r\n\r\nb") {
			t.Errorf("%q", s)
		}
		if err := x.l.Set(trace.Pair{Key: "connect", Value: "self"}); err == nil {
			t.Error("connect was taken")
		}
	}
}

// TestServeBlocking: the blocking server serves one client at a time, and waits for an answer's time by sleeping.
func TestServeBlocking(t *testing.T) {
	for _, how := range resolves[:2] {
		x := startLab(t, func(b *Behaviour) { b.Driver, b.Serve = trace.DriverBlocking, ServeCommands })
		x.set("resolve", how)
		k := x.chat()
		k.say("ping\nsleep 30\nlookup 1.lab\necho x\n")
		for _, want := range []string{"pong", "slept 30", "1.lab 127.0.0.1", "x"} {
			k.hear(want)
		}
		k.half()
		if s := k.rest(); s != "" {
			t.Errorf("%q", s)
		}
		x.set("serve", "delay")
		k = x.chat()
		k.say("GET /20/a HTTP/1.1\r\nHost: x\r\n\r\nGET /10/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if s := k.rest(); strings.Count(s, "200 OK") != 2 || !strings.HasSuffix(s, "\r\n\r\nb") {
			t.Errorf("%q", s)
		}
		k.Close()
	}
}

func TestCommandsEnds(t *testing.T) {
	testkit.Long(t, "each mechanism")
	for _, c := range []struct{ name, send, want, why string }{
		{"half-close", "sleep 20\necho last line without its newline", "slept 20\nlast line without its newline\n", "eof"},
		{"longest line", "echo " + strings.Repeat("x", lineLimit-5) + "\n", strings.Repeat("x", lineLimit-5) + "\n", "eof"},
		{"longer line", "ping\n" + strings.Repeat("x", lineLimit+1) + "\nping\n", "pong\nerror: a line longer than 8192 bytes; closing\n", "error"},
		{"endless line", strings.Repeat("x", 100000), "error: a line longer than 8192 bytes; closing\n", "error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inServeModes(t, ServeCommands, func(t *testing.T, x *lab) {
				k := x.chat()
				k.say(c.send)
				k.half()
				if got := k.rest(); got != c.want {
					t.Errorf("%.200q", got)
				}
				x.until("the close", func(evs []trace.Event) bool { return closeOf(evs) != "" })
				if why := closeOf(x.stop()); why != c.why {
					t.Errorf("closed: %s", why)
				}
			})
		})
	}
}

// TestCommandsBackPressure: a client that asks for much and reads late stops being read, and gets everything.
func TestCommandsBackPressure(t *testing.T) {
	testkit.Long(t, "megabytes for each mechanism")
	inServeModes(t, ServeCommands, func(t *testing.T, x *lab) {
		k := x.chat()
		const n = 20 << 20
		k.say(fmt.Sprintf("send %d\n", n))
		go io.WriteString(k, strings.Repeat("echo "+strings.Repeat("y", 1000)+"\n", 1000)+"quit\n")
		x.until("a write that did not fit", func(evs []trace.Event) bool { return tallyOf2(evs).writeAgain > 0 })
		got := k.rest()
		if len(got) != n+1+1001*1000+4 || !strings.HasSuffix(got, "y\nbye\n") {
			t.Errorf("%d bytes", len(got))
		}
	})
}

// tallyOf2 counts what tallyOf does not.
func tallyOf2(evs []trace.Event) (s struct{ writeAgain, zeroWaits, waits int }) {
	for i := range evs {
		e := &evs[i]
		switch {
		case e.Kind == trace.Write && e.B < e.A:
			s.writeAgain++
		case e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter && e.Errno == 0:
			s.waits++
			if e.B == 0 {
				s.zeroWaits++
			}
		}
	}
	return
}

var dateField = regexp.MustCompile(`Date: [^\r]*\r\n`)

func TestDelay(t *testing.T) {
	inServeModes(t, ServeDelay, func(t *testing.T, x *lab) {
		k := x.chat()
		begin := time.Now()
		k.say("GET /60/a%20b/c?q=1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /0/quick HTTP/1.1\r\nhost: x\r\nContent-Length: 4\r\n\r\nbodyPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" +
			"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET http://h/1/last HTTP/1.1\r\nHost: x\r\nConnection: Keep, Close\r\n\r\nGET /0/never HTTP/1.1\r\n\r\n")
		got := dateField.ReplaceAllString(k.rest(), "")
		if d := time.Since(begin); d < 60*time.Millisecond {
			t.Errorf("answered after %v", d)
		}
		h := func(code string, n int, more string) string {
			return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n%s\r\n", code, n, more)
		}
		want := h("200 OK", 5, "") + "a b/c" + h("200 OK", 5, "") +
			h("405 Method Not Allowed", 38, "Allow: GET, HEAD\r\n") + "This server answers GET and HEAD only." +
			h("404 Not Found", 71, "") + "Nothing is here; GET /1500/text answers text after 1500 milliseconds." + h("200 OK", 4, "Connection: close\r\n") + "last"
		want = strings.Replace(want, "71", fmt.Sprint(len("Nothing is here; GET /1500/text answers text after 1500 milliseconds.")), 1)
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		k.Close()
		x.until("the close", func(evs []trace.Event) bool { return closeOf(evs) != "" })
		if why := closeOf(x.stop()); why != "served" {
			t.Errorf("closed: %s", why)
		}
	})
}

// TestDelayEnds: what is wrong is answered by its status, and a client that half-closes gets its answer.
func TestDelayEnds(t *testing.T) {
	const ok = " HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, c := range []struct{ send, status, why string }{
		{"GET /30/x" + ok, "200", "eof"},
		{"GET /30/x HTTP/1.0\r\n\r\n", "200", "served"},
		{"\r\n\nGET / HTTP/1.1\nHost: x\n\n", "200", "eof"},
		{"GET /x%zz/y" + ok, "400", "eof"},
		{"GET /3600001/y" + ok, "400", "eof"},
		{"GET /-1/y" + ok, "404", "eof"},
		{"GET /1/x HTTP/1.1\r\n\r\n", "400", "error"},
		{"GET /1/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", "error"},
		{"GET /1/x HTTP/1.1\r\nHost : x\r\n\r\n", "400", "error"},
		{"GET /1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400", "error"},
		{"GET /1/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400", "error"},
		{"GET /1/x HTTP/2.0\r\nHost: x\r\n\r\n", "505", "error"},
		{"GET /1/x\r\n", "400", "error"},
		{"hello\n", "400", "error"},
		{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501", "error"},
		{"DELETE /1/x" + ok, "405", "eof"},
		{"GET /" + strings.Repeat("x", requestLineLimit) + ok, "414", "error"},
		{"GET / HTTP/1.1\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 20) + "\r\n", "431", "error"},
		{"GET / HTTP/1.1\r\nHost: x", "", "eof"},
	} {
		t.Run(fmt.Sprintf("%.30q", c.send), func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.Serve = ServeDelay })
			k := x.chat()
			k.say(c.send)
			k.half()
			got := k.rest()
			if c.status == "" && got != "" || c.status != "" && !strings.HasPrefix(got, "HTTP/1.1 "+c.status+" ") || strings.Count(got, "HTTP/1.1 ") > 2 {
				t.Errorf("answered %q", got)
			}
			x.until("the close", func(evs []trace.Event) bool { return closeOf(evs) != "" })
			if why := closeOf(x.stop()); why != c.why {
				t.Errorf("closed: %s", why)
			}
		})
	}
}

// TestDelayPipeline: more requests than are taken at once are all answered, in order.
func TestDelayPipeline(t *testing.T) {
	inServeModes(t, ServeDelay, func(t *testing.T, x *lab) {
		k := x.chat()
		var want strings.Builder
		go func() {
			var b strings.Builder
			for i := range 3 * pipelined {
				fmt.Fprintf(&b, "GET /%d/%d, HTTP/1.1\r\nHost: x\r\n\r\n", (i*7)%5, i)
			}
			io.WriteString(k, b.String())
			k.Conn.(*net.TCPConn).CloseWrite()
		}()
		for i := range 3 * pipelined {
			fmt.Fprintf(&want, "%d,", i)
		}
		got := regexp.MustCompile(`(?s)HTTP/1.1 200 .*?\r\n\r\n`).ReplaceAllString(k.rest(), "")
		if got != want.String() {
			t.Errorf("%q", got)
		}
	})
}

// answersTo feeds a stream, cut at the given places, to a parser and tells what came of it.
func answersTo(stream []byte, cuts []int) string {
	p := httpParser{length: -1}
	var out strings.Builder
	take := func(b []byte) {
		p.feed(b)
		for {
			r, bad := p.next()
			if bad != nil {
				if !strings.HasSuffix(out.String(), "!") {
					fmt.Fprintf(&out, "%d %s!", bad.status, bad.text)
				}
				return
			}
			if r == nil {
				return
			}
			fmt.Fprintf(&out, "%+v;", *r)
		}
	}
	from := 0
	for _, c := range cuts {
		if c > from && c < len(stream) {
			take(stream[from:c])
			from = c
		}
	}
	take(stream[from:])
	return out.String()
}

func FuzzHTTP(f *testing.F) {
	for _, s := range []string{"GET /1500/text HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD / HTTP/1.0\n\nGET /1/", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /0/a HTTP/1.1\r\nHost: b\r\nConnection: x, close\r\n\r\n",
		"\r\n\r\nGET http://h HTTP/1.1\r\nHost:\r\nContent-Length: 00\r\nContent-Length: 0\r\n\r\n", "A B HTTP/9.9\r\n", "GET / HTTP/1.1\r\n x: folded\r\n"} {
		f.Add([]byte(s), int64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed int64) {
		whole := answersTo(stream, nil)
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		cuts, every := []int{}, []int{}
		for i := range stream {
			if every = append(every, i); r.IntN(4) == 0 {
				cuts = append(cuts, i)
			}
		}
		if got := answersTo(stream, every); got != whole {
			t.Fatalf("byte by byte: %q, in one piece: %q", got, whole)
		}
		if got := answersTo(stream, cuts); got != whole {
			t.Fatalf("cut at %v: %q, in one piece: %q", cuts, got, whole)
		}
	})
}

// linesOf feeds a stream, cut at the given places, to the framing of commands.
func linesOf(stream []byte, cuts []int) (out []string) {
	var s commands
	take := func() {
		for !s.over {
			line, ok := s.next()
			if !ok {
				return
			}
			s.over = len(line) > lineLimit
			out = append(out, string(line[:min(len(line), lineLimit+1)]))
		}
	}
	from := 0
	for _, c := range append(cuts, len(stream)) {
		s.in = append(s.in, stream[from:c]...)
		from = c
		take()
	}
	s.eof = true
	take()
	return out
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("ping\necho a\r\n\nquit"), int64(1))
	f.Add(bytes.Repeat([]byte("x"), lineLimit), int64(2))
	f.Add(append(bytes.Repeat([]byte("x"), lineLimit+1), '\n', 'y', '\n'), int64(3))
	f.Fuzz(func(t *testing.T, stream []byte, seed int64) {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		var cuts []int
		for i := range stream {
			if r.IntN(3) == 0 {
				cuts = append(cuts, i)
			}
		}
		whole, cut := linesOf(stream, nil), linesOf(stream, cuts)
		if fmt.Sprintf("%q", whole) != fmt.Sprintf("%q", cut) {
			t.Fatalf("cut at %v: %q, in one piece: %q", cuts, cut, whole)
		}
		var long bool
		for _, l := range whole {
			long = long || len(l) > lineLimit
		}
		back := ""
		for _, l := range whole {
			back += l + "\n"
		}
		if !long && back != string(stream) && back != string(stream)+"\n" {
			t.Fatalf("%q became %q", stream, whole)
		}
	})
}
