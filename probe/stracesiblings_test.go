package probe

import (
	"fmt"
	"strings"
	"testing"

	"evviz/trace"
)

// TestEncodedByChance: "=3D" in what a program prints makes no mail of a log, so "fd=10" stays what it is.
func TestEncodedByChance(t *testing.T) {
	const calls = "epoll_wait(4, [{events=EPOLLIN, data={u32=10, u64=10}}], 64, -1) = 1\nread(10, \"\", 64) = 0\n"
	want := brieflyOf(t, calls)
	for _, own := range []string{"GET /search?q=3Dfoo HTTP/1.1 200 ok (x)", `{"level":"info","url":"/a?b=3Dc","took":"(1 ms)"}`, "We saw =3D in the mail (x) once."} {
		if got := brieflyOf(t, own+"\n"+calls); got != want {
			t.Errorf("behind %q:\n%swant\n%s", own, got, want)
		}
	}
}

func brieflyOf(t *testing.T, text string) string {
	t.Helper()
	_, said := brief(t, text)
	return said
}

// TestWorkersInARow: workers with numbers one behind the other that are woken for the same thing are threads, and no lines of an editor.
func TestWorkersInARow(t *testing.T) {
	var b strings.Builder
	for range 4 {
		for i := range 9 {
			fmt.Fprintf(&b, "%d epoll_wait(4, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, -1) = 1\n", 5001+i)
		}
	}
	for _, text := range []string{b.String(), b.String()[:3*strings.Index(b.String(), "\n")+3]} {
		s, _ := brief(t, text)
		streams := map[uint32]bool{}
		for _, e := range s.All() {
			if e.Kind == trace.Wait {
				streams[e.Stream] = true
			}
		}
		if want := min(9, strings.Count(text, "\n")); len(streams) != want {
			t.Errorf("%d threads of %d", len(streams), want)
		}
	}
}

// TestDressedMarks: a mark for lines that were left out is one in whatever its neighbours are dressed.
func TestDressedMarks(t *testing.T) {
	const call = `read(9, "a", 1) = 1`
	for _, dress := range []string{"%s", "%s<br>", "%q,", "web_1  | %s", "+%s", "<p>%s</p>"} {
		text := ""
		for _, line := range []string{call, call, "[...]", call} {
			text += fmt.Sprintf(dress, line) + "\n"
		}
		s, _ := brief(t, text)
		lost := 0
		for _, e := range s.All() {
			if e.Kind == trace.Lost && e.Aux == trace.LostPaste {
				lost++
			}
		}
		if lost != 1 {
			t.Errorf("%d places of lines that were left out, want 1, in\n%s", lost, text)
		}
	}
}

// TestBrokenSiblings: calls that were broken over lines, whatever ends the lines and however strace has padded the result.
func TestBrokenSiblings(t *testing.T) {
	for name, text := range map[string]string{
		"CRLF":                     "epoll_wait(4, [{EPOLLIN,\r\n{u32=9, u64=9}\r\n}], 32, -1) = 1\r\nread(9, \"hi\", 512) = 2\r\n",
		"a container's whole line": "2024-05-06T07:08:09.123456Z stderr F epoll_wait(4, [{EPOLLIN, {u32=9, u64=9}}], 32, -1) = 1\n2024-05-06T07:08:09.123556Z stderr F read(9, \"hi\", 512) = 2\n",
	} {
		s, said := brief(t, text)
		if n, first := s.Unparsed(); n != 0 || said != aWait+aRead {
			t.Errorf("%s: %d lines not understood, the first %q; says\n%s", name, n, first, said)
		}
	}
	s, _ := brief(t, "close(5)                                = -1 EBADF (Bad file\ndescriptor)\n")
	if n, first := s.Unparsed(); n != 0 {
		t.Errorf("a padded result: %d lines not understood, the first %q", n, first)
	}
}

// TestMayHold: a program's own lines cost no more than a look.
func TestMayHold(t *testing.T) {
	for s, want := range map[string]bool{
		`{"level":"info","agent":"Mozilla/5.0 (X11; Linux x86_64) Gecko","url":"/a?b=c"}`: false,
		`call_me(1, 2) and read(3) too, a = b`:                                            false,
		`<td>read(9, "a", 1)</td><td>= 1</td>`:                                            true,
		`&lt;... read resumed&gt; "a", 1) = 1`:                                            true,
		"read(9, \"a\", 1)\u00a0=\u00a01":                                                 true,
		`"read(9, \"a\", 1)        = 1",`:                                                 true,
		`read&#40;9, &quot;a&quot;, 1&#41; = 1`:                                           true,
	} {
		if mayHold([]byte(s)) != want {
			t.Errorf("%s: want %t", s, want)
		}
	}
}
