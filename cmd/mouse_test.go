package cmd

import (
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// TestMouse clicks what can be clicked and turns the wheel, as a terminal reports it (SGR).
func TestMouse(t *testing.T) {
	t.Parallel()
	s := &stage{t: t}
	x := s.aReplay(t)
	x.Click("3 Registered")
	x.Until("view 3", views["registered"])
	x.Click("unread      for") // the heading: the sentence above has the word too
	x.Shows("sorted by unread")
	x.Click("connection")
	x.Click("1 Timeline")
	x.Until("the line that was clicked", func(s string) bool { return views["timeline"](s) && detail(s) != "" && detail(s) != "5" })
	x.Click("fd 17")
	x.Until("the lane that was clicked", func(s string) bool { return detail(s) == "17" })
	_, y := x.Find("fd 17")
	x.Mouse(testkit.MouseLeft, 80, y)
	x.Until("the moment that was clicked", func(s string) bool { return cursor(s) > 0 })
	line(x, "escape")
	x.Mouse(testkit.WheelUp, 60, 8)
	x.Until("a closer look", func(s string) bool { return scale(s) == "2.0 s" })
	x.Mouse(testkit.WheelDown, 60, 8)
	x.Until("the look before", func(s string) bool { return scale(s) == "4.0 s" })
	before := tick(x.Screen())
	x.Mouse(testkit.WheelLeft, 60, 8)
	x.Until("an earlier window", func(s string) bool { return tick(s) < before })
	line(x, "escape")
	column, y := x.Find("━")
	x.Mouse(testkit.MouseLeft, column+45, y)
	x.Until("the place on the bar", func(s string) bool { p := position(s); return p > 8 && p < 12.5 })
	x = s.aReplay(t)
	x.Click("EV03")
	x.Until("the finding that was clicked", func(s string) bool { return strings.Contains(s, "── ! EV03") })
	x.Press("?")
	x.Shows("─ keys ─")
	top := row(x.Screen(), 8)
	x.Mouse(testkit.WheelDown, 10, 10)
	x.Until("the page, scrolled", func(s string) bool { return row(s, 8) != top })
	x.Press("?")
	x.Until("the timeline", views["timeline"])
	x.Press("q")
	if code := x.Exit(); code != 0 || !x.Restored() {
		t.Errorf("exit code %d, terminal given back: %v", code, x.Restored())
	}
	if out := x.Written(); strings.LastIndex(out, "\x1b[?1000h") > strings.LastIndex(out, "\x1b[?1000l") {
		t.Error("the terminal still reports the mouse")
	}
}

// TestNoMouse: with --no-mouse the terminal keeps its mouse.
func TestNoMouse(t *testing.T) {
	x := onTerminal(t, 100, 30, "--no-mouse")
	x.Shows("listener")
	x.Press("q")
	x.Exit()
	for _, mode := range []string{"\x1b[?1000h", "\x1b[?1002h", "\x1b[?1003h"} {
		if strings.Contains(x.Written(), mode) {
			t.Errorf("it asked for the mouse: %q", mode)
		}
	}
}

// TestResize: another size is drawn at once, whatever is open, and a screen that is too small comes back when it grows.
func TestResize(t *testing.T) {
	t.Parallel()
	s := &stage{t: t}
	x := s.aReplay(t)
	fits := func(w, h int, what string, ok func(s string) bool) {
		t.Helper()
		x.Resize(w, h)
		x.Until(what, func(s string) bool {
			for i, l := range strings.Split(s, "\n") {
				if i >= h && l != "" || len([]rune(l)) > w {
					return false
				}
			}
			return ok(s)
		})
	}
	fits(80, 24, "the timeline at 80x24", func(s string) bool { return views["timeline"](s) && strings.Contains(row(s, 23), "quit") })
	fits(40, 12, "the timeline at 40x12", views["timeline"])
	fits(20, 5, "that there is too little room", func(s string) bool { return strings.Contains(s, "too small") })
	fits(1, 1, "something", func(s string) bool { return strings.TrimSpace(s) != "" })
	fits(200, 50, "the timeline at 200x50", func(s string) bool { return views["timeline"](s) && strings.Contains(row(s, 49), "quit") })
	x.Press(":", "v")
	fits(60, 20, "the command line at 60x20", func(s string) bool { return strings.Contains(row(s, 19), " :v") })
	x.Press("Esc")
	x.Until("the line gone", func(s string) bool { return !strings.Contains(s, " :v") })
	x.Press("5")
	x.Until("view 5", views["findings"])
	fits(100, 30, "view 5 at 100x30", views["findings"])
	x.Press("?")
	fits(120, 40, "the help at 120x40", func(s string) bool { return strings.Contains(s, "─ keys ─") })
	x.Press("?", "q")
	if code := x.Exit(); code != 0 || !x.Restored() {
		t.Errorf("exit code %d, terminal given back: %v", code, x.Restored())
	}
}
