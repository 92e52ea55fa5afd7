package tui

import (
	"strings"
	"testing"
)

// TestThePastWearsItsOwnLabels: scrolled back to where the server was sleep-poll, the screen says nothing of the edge-triggered epoll that it has
// become since: not in the header, not on a lane, not in the row of rates, not in the headline, and no lane has the mark of what was found later.
func TestThePastWearsItsOwnLabels(t *testing.T) {
	for _, c := range []struct {
		name string
		feed func() *ui
	}{
		{"live", func() *ui { u, frame := onBuffer(t, tour(t, 18.4), 140, 40); frame(); return u }},
		{"replay", func() *ui { u, _ := replayAt(t, 18); return u }},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := c.feed()
			now := u.picture().Text()
			for _, want := range []string{" EDGE ", " ET", "events ", "EV03"} {
				if !strings.Contains(now, want) {
					t.Fatalf("the present does not show %q: this tests nothing\n%s", want, now)
				}
			}
			w, first := &u.window, u.scene.snap.First
			w.freeze()
			w.right = first + 6e9
			u.press("Ctrl-L")
			u.newFrame(140, 40)
			text := u.picture().Text()
			for _, want := range []string{"sleep-poll", "EAGAIN ", "polled ", "BROWSING"} {
				if !strings.Contains(text, want) {
					t.Errorf("the past does not show %q", want)
				}
			}
			above, findings, _ := strings.Cut(text, "── Findings")
			for _, not := range []string{"EDGE", " ET", "LEVEL", " LT", "EV03", "‼", "edge-triggered", "events to"} {
				if strings.Contains(above, not) {
					t.Errorf("the past shows %q, which is of the present", not)
				}
			}
			if strings.Contains(findings, "EV03") && !strings.Contains(findings, "ahead") {
				t.Error("what was found later is not said to be ahead")
			}
			if t.Failed() {
				t.Log("\n" + text)
			}
		})
	}
}

// TestASwitchIsAMark: a switch inside the window is a mark on the axis.
func TestASwitchIsAMark(t *testing.T) {
	text := draw(t, Options{Feed: tour(t, 9.6), Symbols: "block"}, 140, 40, 1<<24).Text()
	if !strings.Contains(text, "▾epoll LEVEL") {
		t.Errorf("no mark:\n%s", text)
	}
}
