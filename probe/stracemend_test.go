package probe

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// mendLines are what the tests below take apart and wrap up: a wait, a read of something with marks of its own, a call outside the table,
// and a write.
var mendLines = []string{
	`epoll_wait(4, [{EPOLLIN|EPOLLHUP, {u32=9, u64=9}}], 32, -1) = 1`,
	`read(9, "<p>a, \"b\" & c</p>\r\n", 512) = 20`,
	`getuid() = 1000`,
	`write(9, "{\"k\": [1, 2]}", 13) = -1 EAGAIN (Resource temporarily unavailable)`,
}

func each(lines []string, f func(i int, s string) string) string {
	var b strings.Builder
	for i, s := range lines {
		b.WriteString(f(i, s))
	}
	return b.String()
}

func wrapped(before, after string) func(int, string) string {
	return func(_ int, s string) string { return before + s + after }
}

func utf16Text(s string, big bool) string {
	var b []byte
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(s))...) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func jsonText(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func csvText(fields ...string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(fields)
	w.Flush()
	return b.String()
}

// mendForms are texts that say what mendLines say, and how many lines of them are none of strace's.
func mendForms() map[string]struct {
	text string
	odd  int
} {
	plain := strings.Join(mendLines, "\n") + "\n"
	escaped := func(i int, s string) string { return html.EscapeString(s) }
	page := func(before, after string) string {
		return each(mendLines, func(i int, s string) string { return before + escaped(i, s) + after })
	}
	typeset := strings.NewReplacer("-1", "\u22121", " ", "\u2009").Replace
	curly := func(s string) string { // as a word processor does it: it opens and closes
		opens := false
		var b strings.Builder
		for i, c := range s {
			if c == '"' && (i == 0 || s[i-1] != '\\') {
				if opens = !opens; opens {
					b.WriteString("\u201c")
				} else {
					b.WriteString("\u201d")
				}
				continue
			}
			b.WriteRune(c)
		}
		return b.String()
	}
	forms := map[string]struct {
		text string
		odd  int
	}{
		"as it is":                    {plain, 0},
		"no-break blanks":             {strings.ReplaceAll(plain, " ", "\u00a0"), 0},
		"no-break blanks, doubled":    {strings.ReplaceAll(plain, " ", " \u00a0"), 0},
		"blanks of no width":          {strings.ReplaceAll(plain, ",", ",\u200b"), 0},
		"thin blanks and minus signs": {typeset(plain), 0},
		"en dashes":                   {strings.ReplaceAll(plain, "-1", "\u20131"), 0},
		"quotation marks":             {curly(plain), 0},
		"Windows' bytes":              {strings.NewReplacer("-1", "\x961", " ", "\xa0").Replace(plain), 0},
		"a byte order mark":           {"\ufeff" + plain, 0},
		"a byte order mark and CRLF":  {"\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n"), 0},
		"UTF-16, low byte first":      {utf16Text(strings.ReplaceAll(plain, "\n", "\r\n"), false), 0},
		"UTF-16, high byte first":     {utf16Text(plain, true), 0},
		"carriage returns":            {strings.ReplaceAll(plain, "\n", "\r"), 0},
		"carriage returns later":      {mendLines[0] + "\n" + strings.Join(mendLines[1:], "\r") + "\n", 0},
		"one line of a page":          {"<pre>" + page("", "<br>") + "</pre>", 0},
		"one line of XHTML, prose":    {"<p>It spins (see below):</p><pre><code>" + page("", "<br/>") + "</code></pre>", 1},
		"paragraphs":                  {page("<p>", "</p>"), 0},
		"a list of a page":            {"<ol class=\"x\">" + page("<li>", "</li>") + "</ol>", 0},
		"a table of a page":           {"<table><tr>" + page("<td>7</td><td class='c'>", "</td></tr>\n<tr>") + "</tr></table>", 0},
		"entities twice":              {html.EscapeString(page("", "\n")), 0},
		"a page shown as text":        {html.EscapeString("<pre>" + page("", "<br />") + "</pre>"), 0},
		"strings, one a line":         {each(mendLines, func(_ int, s string) string { return "  " + jsonText(s+"\n") + ",\n" }), 0},
		"one string":                  {"log: " + jsonText(plain), 0},
		"a list of strings":           {"{\"lines\": [" + each(mendLines, func(_ int, s string) string { return jsonText(s) + ", " }) + "\"\"]}", 0},
		"a container's log": {each(mendLines, func(i int, s string) string {
			return fmt.Sprintf(`{"log":%s,"stream":"stderr"}`+"\n", jsonText(s+"\n"))
		}), 0},
		"values separated by commas":   {each(mendLines, func(i int, s string) string { return csvText(fmt.Sprint(i), s, "x") }), 0},
		"values, with semicolons":      {each(mendLines, func(i int, s string) string { return strings.Replace(csvText("", s), ",", ";", 1) }), 0},
		"noformat":                     {"{noformat}" + plain[:len(plain)-1] + "{noformat}\n", 0},
		"code of a tracker":            {"{code:title=spin.log|borderStyle=solid}" + plain + "{code}\n", 0},
		"code of a forum":              {"[code=text][color=red]" + plain[:len(plain)-1] + "[/color][/code]\n", 0},
		"a patch":                      {"diff --git a/x b/x\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,4 @@\n" + each(mendLines, wrapped("+", "\n")), 0},
		"a patch that replaces":        {"--- a/x\n+++ b/x\n@@ -1,4 +1,4 @@\n " + mendLines[0] + "\n-read(9, \"\", 512) = 0\n" + each(mendLines[1:], wrapped("+", "\n")), 0},
		"logs of a cluster":            {each(mendLines, wrapped("[pod/web-5f7d/tracer] ", "\n")), 0},
		"a logger with a level":        {each(mendLines, wrapped("09:08:07,006 DEBUG [main] ", "\n")), 0},
		"a logger with a name":         {each(mendLines, wrapped("2026-03-04 09:08:07.006  INFO 1 --- [main] org.example.Tracer : ", "\n")), 0},
		"a logger in a container":      {each(mendLines, wrapped("app-1  | 2026-03-04T09:08:07.006Z ", "\n")), 0},
		"a cluster's log with moments": {each(mendLines, wrapped("[pod/web/t] 2026-03-04T09:08:07.006Z ", "\n")), 0},
		"all in one line":              {each(mendLines, wrapped("", " ")), 0},
		"all in one line, semicolons":  {each(mendLines, wrapped("", "; ")), 0},
		"two lines made of four":       {mendLines[0] + " " + mendLines[1] + "\n" + mendLines[2] + " " + mendLines[3] + "\n", 0},
		"a prefix that is cut":         {each(mendLines, wrapped("d  77] ", "\n")), 0},
		"a pager's mark":               {mendLines[0] + "\n--More--(40%)\n" + strings.Join(mendLines[1:], "\n"), 0},
	}
	return forms
}

// TestMendedForms: whatever was done to the lines, they say what they say, and nothing is lost or left over.
func TestMendedForms(t *testing.T) {
	forms := mendForms()
	_, want := brief(t, forms["as it is"].text)
	if strings.Count(want, "\n") != 6 {
		t.Fatalf("the lines themselves say %s", want)
	}
	for name, c := range forms {
		t.Run(name, func(t *testing.T) {
			s, said := brief(t, c.text)
			if said != want {
				t.Errorf("said\n%swant\n%s", said, want)
			}
			if n, first := s.Unparsed(); n != c.odd {
				t.Errorf("%d lines not understood, want %d: %q", n, c.odd, first)
			}
			if calls := s.Info().Calls; calls.N != 4 || calls.Of != 4 {
				t.Errorf("%d of %d calls understood", calls.N, calls.Of)
			}
			if !Sniff([]byte(c.text)) {
				t.Error("not taken for what strace prints")
			}
			one := NewStrace(iotest.OneByteReader(strings.NewReader(c.text)), "slow")
			if a, b := s.All(), one.All(); len(a) != len(b) {
				t.Errorf("byte by byte there are %d events, at once %d", len(b), len(a))
			}
		})
	}
}

// TestMendedMoments: what a logger or a container says of the time is the time of a line that has none.
func TestMendedMoments(t *testing.T) {
	for name, text := range map[string]string{
		"logger":    "10:00:00,001 INFO [t] read(9, \"a\", 1) = 1\n10:00:00,251 INFO [t] read(9, \"a\", 1) = 1\n",
		"cluster":   "[pod/a/b] 2026-03-04T09:08:07.001Z read(9, \"a\", 1) = 1\n[pod/a/b] 2026-03-04T09:08:07.251Z read(9, \"a\", 1) = 1\n",
		"container": `{"log":"read(9, \"a\", 1) = 1\n","time":"2026-03-04T09:08:07.001Z"}` + "\n" + `{"log":"read(9, \"a\", 1) = 1\n","time":"2026-03-04T09:08:07.251Z"}`,
	} {
		s := NewStrace(strings.NewReader(text), "x")
		evs := readAll(t, s)
		if !s.Info().Timed || len(evs) == 0 {
			t.Errorf("%s: no times", name)
		} else if d := evs[len(evs)-1].Time - evs[0].Time; d < 249e6 || d > 252e6 {
			t.Errorf("%s: the two lines are %d ns apart", name, d)
		}
	}
}

// TestNotMended: a log that is whole stays what it is, whatever its strings hold, and prose that quotes a call is no call.
func TestNotMended(t *testing.T) {
	const w, r = `epoll_wait(4, [{EPOLLIN, {u32=9, u64=9}}], 32, -1) = 1`, `read(9, "hi", 512) = 2`
	for name, c := range map[string]struct {
		line string
		call string // what a line of the text says, beside the wait and the read
	}{
		"a page in a string":     {`write(9, "<br>read(8, \"x\", 1) = 1<br>", 30) = 30`, "1 Write exit fd=9 call=write asked=30 ret=30"},
		"a log in a string":      {`write(9, "read(8, \"x\", 1) = 1 read(8, \"x\", 1) = 1\n", 41) = 41`, "1 Write exit fd=9 call=write asked=41 ret=41"},
		"data in a string":       {`write(9, "{\"log\":\"read(8, 1, 1) = 1\"}", 27) = 27`, "1 Write exit fd=9 call=write asked=27 ret=27"},
		"entities in a string":   {`write(9, "&amp;quot;&#124;", 16) = 16`, "1 Write exit fd=9 call=write asked=16 ret=16"},
		"an error with brackets": {`write(8, "x", 1) = -1 EAGAIN (Resource temporarily unavailable)`, "1 Write complete fd=8 call=write asked=1 ret=-1 err=EAGAIN"},
		"a string that is cut":   {`write(9, "read(8, \"x\", 1) = 1\nread(8, \"x\", 1) = 1\n`, ""},
		"prose with a call":      {`The line "read(8, 1, 1) = 1" comes again and again.`, ""},
		"prose with two":         {`First read(8, "x", 1) = 1 read(8, "x", 1) = 1 and so on`, ""},
		"output of the program":  {`[worker 3] done (14 of 20) -- next`, ""},
		"what a patch names":     {`+++ exited +++`, ""},
	} {
		_, said := brief(t, w+"\n"+c.line+"\n"+r+"\n")
		var other []string
		for _, l := range strings.Split(strings.TrimSpace(said), "\n") {
			if !strings.Contains(aWait+aRead, l+"\n") && !strings.Contains(l, " enter ") && !strings.Contains(l, " Lost ") {
				other = append(other, l)
			}
		}
		if got := strings.Join(other, "\n"); got != c.call {
			t.Errorf("%s: said\n%s\nwant\n%s", name, got, c.call)
		}
	}
}

// TestWrappedTail: what stands in parentheses behind a result may be wrapped, and may be missing.
func TestWrappedTail(t *testing.T) {
	const sel = `select(12, [7 9], [], NULL, {tv_sec=2, tv_usec=0}) = 1 (in [9], left {tv_sec=1, tv_usec=500000})`
	_, want := brief(t, sel+"\nread(9, \"a\", 1) = -1 EAGAIN (Resource temporarily unavailable)\n")
	for _, at := range []string{"= 1 (in", "[9],", "left", "tv_sec=1,"} {
		text := strings.Replace(sel, at+" ", at+"\n> ", 1) + "\nread(9, \"a\", 1) = -1 EAGAIN (Resource\n> temporarily unavailable)\n"
		s, said := brief(t, text)
		if n, first := s.Unparsed(); said != want || n != 0 {
			t.Errorf("broken behind %q: %d lines not understood %q; said\n%swant\n%s", at, n, first, said, want)
		}
	}
	s, said := brief(t, "read(9, \"a\", 1) = -1 EAGAIN (Resource tempor\nread(9, \"a\", 1) = -1 EAGAIN (Resource tempor\n")
	if n, _ := s.Unparsed(); n != 0 || strings.Count(said, "EAGAIN") != 2 {
		t.Errorf("cut at the right: %d lines not understood; said\n%s", n, said)
	}
}

// TestPrefixLater: strace numbers lines only while there are several threads; who comes back from the call that the unnumbered one was in is
// that one.
func TestPrefixLater(t *testing.T) {
	s, said := brief(t, "100.000001 epoll_wait(4, [{EPOLLIN, {u32=9, u64=9}}], 8, -1) = 1\n100.000100 read(9, \"q\", 64) = 1\n"+
		"100.000200 epoll_wait(4,  <unfinished ...>\nstrace: Process 72 attached\n[pid    72] 100.000300 epoll_wait(5,  <unfinished ...>\n"+
		"[pid    72] 100.000350 <... epoll_wait resumed>[{EPOLLIN, {u32=8, u64=8}}], 8, -1) = 1\n"+
		"[pid    71] 100.000400 <... epoll_wait resumed>[{EPOLLIN, {u32=9, u64=9}}], 8, -1) = 1\n[pid    71] 100.000500 read(9, \"q\", 64) = 1\n")
	if n, _ := s.Unparsed(); n != 0 || strings.Contains(said, "Lost") {
		t.Errorf("%d lines not understood; said\n%s", n, said)
	}
	if n := strings.Count(said, "1 Wait exit call=epoll_wait inst=ep4"); n != 2 || strings.Count(said, "2 Wait exit call=epoll_wait inst=ep5") != 1 {
		t.Errorf("the first thread came back from %d of 2 waits on 4; said\n%s", n, said)
	}
}

// TestHostileLines: a long line is given up in a bounded number of steps, whatever marks it is full of. A test cannot measure that by a
// clock; it ends.
func TestHostileLines(t *testing.T) {
	for _, unit := range []string{"<a", "<br>read(", "\"\",", "{code}", "[code]", "&amp;", "\u00a0(", "'read(9)', ", "read(9) = 1 read(", "\r(", "+(", "= 1 <br> x(", "\"\\\"("} {
		for _, before := range []string{"", "x(", "\"", "1,", "[a] "} {
			text := before + strings.Repeat(unit, (1<<17)/len(unit)) + "\n" + mendLines[2] + "\n"
			s := NewStrace(strings.NewReader(text), "x")
			if got := s.Others(); len(got) == 0 || got[0].Name != "getuid" {
				t.Errorf("%q %q: what follows is lost: %v", before, unit, got)
			}
		}
	}
}

// TestWideStops: UTF-16 that ends within a character, or has half of a pair, is read to its end.
func TestWideStops(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00b\x00c":                 "ab",
		"\x3d\xd8\x00\xde!\x00":       "\U0001f600!",
		"\x3d\xd8!\x00":               "\ufffd!",
		"x\x00\x3d\xd8":               "x\ufffd",
		"":                            "",
		strings.Repeat("y\x00", 9999): strings.Repeat("y", 9999),
	} {
		got, err := io.ReadAll(&wide{in: iotest.HalfReader(strings.NewReader(in))})
		if err != nil || string(got) != want {
			t.Errorf("%.20q: %.20q, %v", in, got, err)
		}
	}
}

// TestPush: lines that do not fit before what follows get a new buffer, and what follows is still there.
func TestPush(t *testing.T) {
	n := newInput(strings.NewReader("one\ntwo\nthree\n"), "x", 16)
	n.next()
	n.push([]byte("a longer line than the one was\nb\n"))
	var got []string
	for {
		text, ok := n.next()
		if !ok {
			break
		}
		got = append(got, string(bytes.Clone(text))+fmt.Sprint(n.number, n.piece))
	}
	if s := strings.Join(got, "|"); s != "a longer line than the one was1 true|b1 true|two2 false|three3 false" {
		t.Error(s)
	}
}
