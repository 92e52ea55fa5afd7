package timeline

import (
	"errors"
	"strings"
	"testing"

	"evviz/trace"
)

func TestFilterWords(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"7":                      "fd:7",
		"fd:7-12 !9":             "fd:7-12 !fd:9",
		":53011":                 "peer::53011",
		"127.0.0.1:80":           "127.0.0.1:80",
		"listener !Connection":   "kind:listener !kind:connection",
		"class:wake-up wake-up":  "class:wake-up kind:wake-up",
		"left-over end-of-file":  "class:left-over class:end-of-file",
		"EAGAIN !errno:epipe":    "errno:EAGAIN !errno:EPIPE",
		"read event:open open":   "event:read event:open is:open",
		"recvfrom call:poll":     "call:recvfrom call:poll",
		"ET LT trigger:oneshot":  "trigger:edge trigger:level trigger:oneshot",
		">200ms waits:<1s":       "waits:>200ms waits:<1s",
		"stranded is:disarmed":   "is:stranded is:disarmed",
		"  wake-fd\t resolver  ": "wake-fd resolver",
	} {
		f, err := ParseFilter(in)
		if err != nil || f.String() != want || f.Empty() != (want == "") {
			t.Errorf("%q is %q, want %q; %v", in, f.String(), want, err)
			continue
		}
		if again, err := ParseFilter(f.String()); err != nil || again.String() != want {
			t.Errorf("%q becomes %q, %v", want, again.String(), err)
		}
	}
}

func TestFilterErrors(t *testing.T) {
	for in, want := range map[string]struct {
		pos  int
		says string
	}{
		"kind:sock":       {0, "possible: other, listener, connection"},
		"7 class:lefover": {2, "left-over"},
		"!errno:EFOO":     {0, "EAGAIN"},
		"fd:9-7":          {0, "fd:7-12"},
		"waits:3s":        {0, "waits:>200ms"},
		">x":              {0, "> or <"},
		"foo:bar":         {0, "before the colon"},
		"fresh !":         {6, "nothing to invert"},
		"kind:":           {0, "must follow"},
	} {
		_, err := ParseFilter(in)
		var fe *FilterError
		if !errors.As(err, &fe) || fe.Pos != want.pos || !strings.Contains(err.Error(), want.says) {
			t.Errorf("%q: %v, want %q at %d", in, err, want.says, want.pos)
		}
	}
}

func TestFilterMatches(t *testing.T) {
	sc := nagging(true)
	sc.open(5, 9, trace.TypeListener)
	sc.conn(200_000, 8, in|et)
	sc.enter(200_010)
	sc.exit(200_020, 1)
	sc.ready(200_020, 8, in, -1)
	sc.readErr(200_030, 8, eAGAIN)
	sc.enter(200_040)
	sc.exit(200_050, 1)
	sc.ready(200_050, 8, in, -1)
	sc.readErr(200_060, 8, eCONNRESET)
	sc.close(200_070, 8)
	s := sc.fold()
	lanes := func(text string, t0, t1 int64) (fds string) {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s.Lanes {
			if f.Lane(s, l, t0, t1) {
				fds += string(rune('0' + l.FD))
			}
		}
		return fds
	}
	for text, want := range map[string]string{
		"": "9378", "fd:7-8": "78", "!7": "938", "listener": "9", "left-over": "7", "nothing-there": "8",
		"EAGAIN": "8", "ECONNRESET": "8", "closed": "8", "open": "937", "level": "7", "read": "78", "renotify": "7",
		">600us": "7", ">1s": "", "!stranded connection": "78", "event:mode": "9378", "epoll": "3",
	} {
		if got := lanes(text, 0, s.Now+1); got != want {
			t.Errorf("%q shows %q, want %q", text, got, want)
		}
	}
	eq(t, "EAGAIN in a window before it", lanes("EAGAIN", 0, 1000*us), "")
	first, end := s.EventRange()
	count := func(text string) (n int) {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := first; i < end; i++ {
			e, _ := s.Event(i)
			if f.EventAt(s, i, &e) {
				n++
			}
			if f.EventAt(s, i, &e) != f.Event(s, &e) {
				t.Errorf("%q: event %d passes only with its index, or without", text, i)
			}
		}
		return n
	}
	for text, want := range map[string]int{
		"": int(end), "ready": 66, "left-over": 63, "class:fresh": 1, "EAGAIN": 1, "7 read": 64, "8 !read": 5, "event:close": 1, "kind:listener": 1, "call:epoll_wait": 0, "ready !7": 2,
	} {
		if got := count(text); got != want {
			t.Errorf("%q shows %d events, want %d", text, got, want)
		}
	}
}

// TestFilterPending: what waits at the end of what is known passes, as a lane and as its events.
func TestFilterPending(t *testing.T) {
	sc := new(script).loop()
	sc.conn(10, 7, in)
	sc.conn(20, 8, in)
	sc.arrive(100, 7, 1, 64)
	sc.arrive(120, 8, 1, 64)
	sc.read(200, 8, 1024, 64, 0)
	s := sc.fold()
	for _, word := range []string{"pending", "untold"} {
		f, err := ParseFilter(word)
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		first, end := s.EventRange()
		for i := first; i < end; i++ {
			e, _ := s.Event(i)
			if f.EventAt(s, i, &e) {
				eq(t, word+": descriptor of an event that passes", e.FD, 7)
				events++
			}
		}
		eq(t, word+": the arrival passes", events > 0, true)
		for _, l := range s.Lanes {
			if l.Kind == KindConn {
				eq(t, word+": lane", f.Lane(s, l, s.First, s.Now+1), l.FD == 7)
			}
		}
	}
}

func TestSuggest(t *testing.T) {
	for typed, want := range map[string]string{
		"cla": "class:", "7 !kind:l": "!kind:listener", "class:left": "class:left-over", "stra": "stranded", "epoll_pwait2": "", "EMF": "EMFILE",
	} {
		if got := strings.Join(Suggest(typed), " "); got != want {
			t.Errorf("%q goes on as %q, want %q", typed, got, want)
		}
	}
	for _, w := range Suggest("") {
		if _, err := ParseFilter(strings.TrimSuffix(w, ":")); err != nil && !strings.HasSuffix(w, ":") {
			t.Errorf("%q is suggested: %v", w, err)
		}
	}
}

// FuzzFilter: whatever is typed is a filter or an error with a place, reads back as itself, and can be asked.
func FuzzFilter(f *testing.F) {
	s := nagging(true).fold()
	first, end := s.EventRange()
	for _, seed := range []string{"", "7", "!fd:7-12 :53011", "kind:listener class:left-over EAGAIN", "waits:>1s <3ms", "stranded ET event:read call:poll", "a:b", "![::1]:80", "is:open\tx"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := ParseFilter(text)
		if err != nil {
			var fe *FilterError
			if !errors.As(err, &fe) || fe.Pos < 0 || fe.Pos > len(text) || fe.Why == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		y, err := ParseFilter(x.String())
		if err != nil && len(x.String()) <= maxFilter || err == nil && y.String() != x.String() {
			t.Fatalf("%q reads back as %q, %v", x.String(), y.String(), err)
		}
		for _, l := range s.Lanes {
			x.Lane(s, l, s.First, s.Now)
		}
		for i := first; i < end; i += 37 {
			e, _ := s.Event(i)
			x.EventAt(s, i, &e)
		}
		Suggest(text)
	})
}
