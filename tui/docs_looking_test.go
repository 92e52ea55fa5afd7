package tui

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// callout is a place of the screen that docs/what-am-i-looking-at.md explains. It is found in the frame that the program draws, so the page
// cannot show what the screen does not have.
type callout struct {
	at   string // a pattern that finds the place: its first group, or all of it
	says string
}

// lookingAt is the moment of the kept recording that the page shows, seconds: the loop was switched to edge-triggered a second before, and
// 63 KiB of a message have been left unread since.
const lookingAt = 15.3

// callouts are explained in this order, which is the order in which one should read the screen.
var callouts = []callout{
	{`evviz +(\S.*?)  `, "**What is shown**: the lab with its traffic, a file, or a process. Then the mechanism that the loop waits with, and how it is triggered. Right: how many findings there are, and whether events were dropped."},
	{`(?m)^ (.*(?:unread|wakeups|polled|further notification).*)$`, "**The sentence.** The most important thing that is true of the window, in words. When you have time for one line only, read this one."},
	{`(?m)^ +(\d+\.\d) +\d+\.\d`, "**The axis**: seconds since the beginning. The same zero is used by `evviz check` and `--text`. `+` and `-` zoom, the arrows move, `End` goes back to the newest. Marks on it are switches of the loop, and bookmarks."},
	{`(?m)^(loop)\b`, "**The loop's own thread.** Height is the share of a cell's time in which it worked; the background is time in which it waited. `busy` is the share of the whole window."},
	{`(?m)^(listener \S+)`, "**A listener.** It becomes readable when a connection waits to be accepted; `A` is an accept."},
	{`(?m)^(fd \d+ +:\d+ ET)`, "**A connection**: its number, the other end's port, and how it is registered (`LT` level, `ET` edge, `1S` oneshot, nothing: it is polled)."},
	{`(?m)^fd \d+ .*?(\brw\b)`, "**Letters are calls**: `r` read, `w` write, `E` a call that found nothing (EAGAIN), `x` close. They are drawn where a cell has one call, and not where there would be a wall of them."},
	{`(?m)^fd \d+ +\S+ ET.*?(\d+ KiB \S[^▸\n]*?) *▸`, "**A bar is unread data**, from the arrival to the read that drains it. Its length is the delay. It turns from blue to orange to red as the data ages. This one has no end: the loop read 1 KiB of 64 KiB once, and an edge-triggered descriptor is not reported again for what is left."},
	{`(?m)^── (fd \d+ \S+)`, "**What is selected**, in one line. `Up` and `Down` select a lane, `Enter` explains it with the kernel's rule behind it."},
	{`(── Findings)`, "**Findings**: what is wrong, the worst first. `n` goes to the evidence, `Enter` explains, `5` shows all of them with their fixes. `evviz explain EV03` is the same page without a screen."},
	{`(Events) ─`, "**Events**: every call as text, in step with the picture above. `6` gives them the whole screen, `/` filters them."},
	{`(?m)^ +(unread\b.*?)  `, "**The legend** of what is on the screen now, with the letters below it."},
	{`(?m)^ ((?:lost|dropped) \d+)`, "**How far the picture can be trusted**: events dropped, whether arrivals were measured or inferred, what evviz itself costs. What is not known is shown as unknown, never as 0."},
	{`(?m)^ (space pause.*?)  `, "**Keys** that can do something now. `?` has all of them."},
}

// place finds a callout: the row and the first and last column of its text.
func (c *callout) place(t *testing.T, text string) (row, first, last int) {
	t.Helper()
	m := regexp.MustCompile(c.at).FindStringSubmatchIndex(text)
	if m == nil {
		t.Fatalf("nothing on the screen matches %s any more; correct the callout in tui/docs_looking_test.go:\n%s", c.at, text)
	}
	if len(m) >= 4 {
		m = m[2:4]
	}
	row = strings.Count(text[:m[0]], "\n")
	begin := strings.LastIndex(text[:m[0]], "\n") + 1
	return row, len([]rune(text[begin:m[0]])), len([]rune(text[begin:m[1]])) - 1
}

// calloutAt is the column of the middle of a number beside a text: the nearest place with room, to the right first.
func calloutAt(row string, plain func(x int) bool, first, last, w int) int {
	cells := []rune(row + strings.Repeat(" ", w))[:w]
	free := func(x int) bool {
		return x >= 1 && x < w-1 && strings.Trim(string(cells[x-1:x+2]), " ─") == "" && plain(x-1) && plain(x) && plain(x+1)
	}
	for d := 2; d < w; d++ {
		if free(last + d) {
			return last + d
		}
		if d < 6 && free(first-d) {
			return first - d
		}
	}
	return w - 2
}

// TestDocsLooking: the annotated picture and the list below it are what the program draws now.
func TestDocsLooking(t *testing.T) {
	const w, h = 120, 30
	p := draw(t, Options{Feed: tour(t, lookingAt), Symbols: "block"}, w, h, 1<<24)
	var svg bytes.Buffer
	if err := p.SVG(&svg, true); err != nil {
		t.Fatal(err)
	}
	picture := strings.TrimSuffix(svg.String(), "</svg>\n")
	var list strings.Builder
	rows := strings.Split(p.Text(), "\n")
	taken := map[[2]int]bool{}
	for i := range callouts {
		c := &callouts[i]
		y, first, last := c.place(t, p.Text())
		_, ground, _ := p.at(last, y).Style.Decompose()
		plain := func(x int) bool { _, bg, _ := p.at(x, y).Style.Decompose(); return bg == ground } // a coloured blank shows something
		x := calloutAt(rows[y], plain, first, last, w)
		for taken[[2]int{x, y}] || taken[[2]int{x - 1, y}] || taken[[2]int{x + 1, y}] {
			x += 3
		}
		taken[[2]int{x, y}] = true
		cx, cy := 8+(float64(x)+0.5)*cellW, float64(8+y*cellH)+cellH/2.0
		picture += fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="9" fill="#e5484d" stroke="#ffffff" stroke-width="1.2"/><text x="%.1f" y="%.1f" fill="#ffffff" font-size="12" font-weight="bold" text-anchor="middle">%d</text>`+"\n",
			cx, cy, cx, cy+4.2, i+1)
		fmt.Fprintf(&list, "%d. %s\n", i+1, c.says)
	}
	picture += "</svg>\n"

	const page, drawing = "../docs/what-am-i-looking-at.md", "../docs/pictures/looking.svg"
	const begin, end = "-update-golden -->\n", "<!-- /callouts -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has lost the marks around its list", page)
	}
	want := "\n" + list.String() + "\n"
	drawn, _ := os.ReadFile(drawing)
	if old == want && string(drawn) == picture {
		return
	}
	if !testkit.Updating() {
		t.Fatalf("%s and its picture are not what the screen shows: make docs", page)
	}
	if err := os.WriteFile(page, []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(drawing, []byte(picture), 0o644); err != nil {
		t.Fatal(err)
	}
}
