package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/tui"
)

// Every key does what its help says: the cases below are by action, one for each line of the key table, and each is run with
// every key that the table gives the action. The screens are real: the program on a pty, and what its terminal shows.
//
// Starting a lab takes longer than pressing a key, so the cases share one lab, one replay and one series of lessons. Each
// case finds its screen as it was at first (fresh) and need not tidy up.

// keyCases has a case for each action.
var keyCases = map[string]func(t *testing.T, s *stage){
	"pause": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Shows(" PAUSED")
		s.press(x)
		x.Shows(" LIVE")
		y := s.aReplay(t)
		s.press(y)
		y.Until("it plays", func(s string) bool { return position(s) > 12.7 && !strings.Contains(s, " PAUSED") })
		s.press(y)
		y.Shows(" PAUSED")
	},
	"trigger": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		for _, trigger := range []string{"EDGE", "ONESHOT", "LEVEL"} {
			s.press(x)
			x.Shows("lab · epoll  " + trigger + " ")
		}
		line(x, "mode poll")
		x.Shows("lab · poll ")
		s.press(x)
		x.Shows("lab · epoll  LEVEL ")
		x.Until("the connections, kept", func(s string) bool { return lanes(s, "LT") == 2 })
	},
	"trigger-one": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		line(x, "escape")
		x.Press("Down")
		x.Shows("listener 127.0.0.1")
		x.Press("Down")
		x.Until("a connection's line", func(s string) bool { return strings.Contains(s, "127.0.0.1:") && detail(s) != "" })
		s.press(x)
		x.Until("one lane edge-triggered, the other not", func(s string) bool { return lanes(s, "ET") == 1 && lanes(s, "LT") == 1 })
		s.press(x)
		x.Until("one lane oneshot", func(s string) bool { return lanes(s, "1S") == 1 && lanes(s, "LT") == 1 })
		s.press(x)
		x.Until("both level-triggered", func(s string) bool { return lanes(s, "LT") == 2 })
	},
	"mode": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Until("another mechanism", func(s string) bool { m := modeOnScreen.FindStringSubmatch(s); return m != nil && m[1] != "epoll" })
		line(x, "mode epoll")
		x.Shows("lab · epoll  LEVEL ")
		x.Until("the connections, kept", func(s string) bool { return lanes(s, "LT") == 2 })
	},
	"scenario": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Shows("Other client traffic")
		x.Send("idle")
		x.Until("idle, chosen", func(s string) bool { return regexp.MustCompile(`▸ idle `).MatchString(s) })
		x.Press("Enter")
		x.Until("three idle connections", func(s string) bool { return strings.Contains(row(s, 0), "· idle") && lanes(s, "LT") >= 3 })
		line(x, "scenario none")
		x.Shows("no traffic now but your own")
		line(x, "scenario trickle")
		x.Until("the first traffic again", func(s string) bool { return strings.Contains(row(s, 0), "· trickle") && lanes(s, "LT") == 2 })
	},
	"next-lesson": func(t *testing.T, s *stage) {
		x := s.aLesson(t)
		s.press(x)
		x.Shows("A sleeping server")
		line(x, "previous-lesson")
		x.Shows("Edge, fixed")
	},
	"lessons": func(t *testing.T, s *stage) {
		x := s.aLesson(t)
		s.press(x)
		x.Shows("Level and edge")
		x.Send("\x07\x07")
		x.Until("the list gone", func(s string) bool { return !strings.Contains(s, "Level and edge") })
	},
	"previous-lesson": func(t *testing.T, s *stage) {
		x := s.aLesson(t)
		s.press(x)
		x.Shows("Edge: notified once")
		x.Shows("before you see it")
		x.Send("\x07")
		line(x, "next-lesson")
		x.Shows("Edge, fixed")
	},
	"timeline": showsView("timeline"), "iteration": showsView("iteration"), "registered": showsView("registered"),
	"latency": showsView("latency"), "findings": showsView("findings"), "events": showsView("events"),
	"zoom-in": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Until("half the time", func(s string) bool { return scale(s) == "2.0 s" })
		for range 20 {
			s.press(x)
		}
		x.Until("a millisecond at the least", func(s string) bool { return scale(s) == "1.0 ms" })
	},
	"zoom-out": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Until("more time", func(s string) bool { return scale(s) == "10 s" || scale(s) == "10.0 s" })
		for range 20 {
			s.press(x)
		}
		x.Until("30 minutes at the most", func(s string) bool {
			return strings.HasPrefix(scale(s), "1,800") || scale(s) == "30 min" || strings.HasPrefix(scale(s), "1800")
		})
	},
	"fit": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		s.press(x)
		x.Until("the whole recording", func(s string) bool {
			return tick(s) == 0 && strings.Contains(s, "▾epoll LEVEL") && strings.Contains(s, "▾epoll EDGE")
		})
	},
	"back": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		old(x, 12)
		s.press(x)
		was := tick(x.Shows(" BROWSING"))
		s.press(x)
		x.Until("an earlier window", func(s string) bool { return tick(s) >= 0 && tick(s) < was })
		x.Press("v")
		at := cursor(x.Until("a cursor", func(s string) bool { return cursor(s) > 0 }))
		s.press(x)
		x.Until("the cursor further left", func(s string) bool { return cursor(s) > 0 && cursor(s) < at })
	},
	"forward": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		old(x, 12)
		x.Press("Left", "Left", "Left", "Left")
		x.Shows(" BROWSING")
		x.Press("v")
		at := cursor(x.Until("a cursor", func(s string) bool { return cursor(s) > 0 }))
		s.press(x)
		x.Until("the cursor further right", func(s string) bool { return cursor(s) > at })
		line(x, "escape")
		was := tick(x.Until("no cursor", func(s string) bool { return cursor(s) < 0 }))
		s.press(x)
		x.Until("a later window", func(s string) bool { return tick(s) > was })
	},
	"up": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		x.Press("Down", "Down", "Down", "Down", "Down", "Down")
		x.Until("the last lane", func(s string) bool { return detail(s) == "20" })
		s.press(x)
		x.Until("the lane above", func(s string) bool { return detail(s) == "17" })
		x.Press("3")
		x.Until("view 3", views["registered"])
		s.press(x)
		s.press(x)
		x.Press("1")
		x.Until("what was selected in view 3", func(s string) bool { return detail(s) == "8" })
	},
	"down": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		x.Press("Up", "Up", "Up", "Up", "Up", "Up", "Up", "Up") // to the loop
		s.press(x)
		x.Until("the listener", func(s string) bool { return detail(s) == "5" })
		s.press(x)
		x.Until("a connection", func(s string) bool { return detail(s) == "15" })
		x.Press("?")
		x.Shows("─ keys ─")
		first := row(x.Screen(), 8)
		s.press(x)
		x.Until("the page, scrolled", func(s string) bool { return row(s, 8) != first })
		x.Press("?")
	},
	"page-back": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Until("a screen before", func(s string) bool { return position(s) == 8.7 })
		x := s.aLab(t)
		old(x, 12)
		was := tick(x.Screen())
		s.press(x)
		x.Until("a screen before", func(s string) bool { return strings.Contains(s, " BROWSING") && tick(s) >= 0 && tick(s) < was-2 })
	},
	"page-forward": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Until("a screen later", func(s string) bool { return position(s) == 16.7 })
	},
	"begin": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Until("the beginning", func(s string) bool { return position(s) == 0 })
		x := s.aLab(t)
		old(x, 12)
		s.press(x)
		x.Until("the beginning", func(s string) bool { return strings.Contains(s, " BROWSING") && tick(s) >= 0 && tick(s) < 3 })
	},
	"end": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Shows(" END")
		x := s.aLab(t)
		frozen(x)
		s.press(x)
		x.Shows(" LIVE")
	},
	"step": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Until("one event further", func(s string) bool { return position(s) > 12.7 })
		y.Press("2")
		y.Until("a turn", views["iteration"])
		y.Press(",", ",")
		was := turn(y.Until("an earlier turn", func(s string) bool { return strings.Contains(s, " BROWSING") && turn(s) < 11.6281 }))
		s.press(y)
		y.Until("a later turn", func(s string) bool { return turn(s) > was })
		y = s.aReplay(t)
		y.Press("5")
		y.Until("the first finding", func(s string) bool { return strings.Contains(s, "│ EV02 lt-leftover") })
		s.press(y)
		y.Until("another finding", func(s string) bool { return views["findings"](s) && !strings.Contains(s, "│ EV02 lt-leftover") })
	},
	"step-back": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		at := cursor(y.Until("an event picked", func(s string) bool { return cursor(s) > 0 }))
		s.press(y)
		y.Until("the one before", func(s string) bool { return cursor(s) < at })
		y = s.aReplay(t)
		y.Press("2")
		was := turn(y.Until("a turn", views["iteration"]))
		s.press(y)
		y.Until("an earlier turn", func(s string) bool { return turn(s) > 0 && turn(s) < was })
	},
	"faster": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Until("twice", func(s string) bool { return strings.Contains(s, "■ 2x ") })
		for range 10 {
			s.press(y)
		}
		y.Until("a hundred times at the most", func(s string) bool { return strings.Contains(s, "■ 100x ") })
	},
	"slower": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Until("half", func(s string) bool { return strings.Contains(s, "■ 0.5x ") })
		for range 10 {
			s.press(y)
		}
		y.Until("a tenth at the least", func(s string) bool { return strings.Contains(s, "■ 0.1x ") })
	},
	"loop-range": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Shows("set two cursors first")
		y.Press("v")
		y.Until("a cursor", func(s string) bool { return cursor(s) > 0 })
		y.Press("v", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left")
		s.press(y)
		y.Until("the range on the bar", func(s string) bool { return regexp.MustCompile(`round [\d.]+-[\d.]+`).MatchString(s) })
		seen := 0.0
		y.Until("it go back", func(s string) bool {
			p := position(s)
			back := p >= 0 && p < seen
			seen = max(seen, p)
			return back
		})
		s.press(y)
		y.Until("it play on", func(s string) bool { return !strings.Contains(s, "round ") && position(s) > seen+0.1 })
		y.Press("Space")
	},
	"auto-step": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		line(y, "goto 9.3")
		y.Until("9.3 s", func(s string) bool { return position(s) == 9.3 })
		y.Press("2", ",", ",", ",", ",")
		y.Shows(" BROWSING")
		s.press(y)
		y.Shows("steps by itself")
		y.Press(">", ">", ">")
		y.Shows("a step each 100ms")
		was := turn(y.Screen())
		y.Until("another turn, by itself", func(s string) bool { return turn(s) > was })
		s.press(y)
		y.Press(">") // is about the replay again
		y.Shows("speed 2x")
	},
	"next-finding": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		s.press(y)
		y.Until("the first finding's moment and sentence", func(s string) bool {
			return regexp.MustCompile(`(?m)^── [!X‼i] EV\d+ `).MatchString(s) && position(s) != 12.7
		})
		first := regexp.MustCompile(`── . (EV\d+ .{20})`).FindString(y.Screen())
		s.press(y)
		y.Until("the next", func(s string) bool {
			now := regexp.MustCompile(`── . (EV\d+ .{20})`).FindString(s)
			return now != "" && now != first
		})
	},
	"previous-finding": func(t *testing.T, s *stage) {
		y := s.aReplay(t)
		y.Press("n")
		first := ""
		y.Until("a finding", func(s string) bool {
			first = regexp.MustCompile(`── . (EV\d+ .{20})`).FindString(s)
			return first != ""
		})
		y.Press("n")
		y.Until("the next", func(s string) bool {
			now := regexp.MustCompile(`── . (EV\d+ .{20})`).FindString(s)
			return now != "" && now != first
		})
		s.press(y)
		y.Until("the first again", func(s string) bool { return strings.Contains(s, first) })
	},
	"explain": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		x.Press("Up", "Up", "Up", "Up", "Up", "Up", "Up", "Up", "Down", "Down")
		x.Until("a lane selected", func(s string) bool { return detail(s) == "15" })
		s.press(x)
		x.Until("what the lane is, and the rule", func(s string) bool {
			return strings.Contains(s, "┌─ fd ") && strings.Contains(s, "The kernel's rule")
		})
		x.Press("Esc")
		x.Until("the timeline", views["timeline"])
		x.Press("v")
		x.Until("a cursor", func(s string) bool { return cursor(s) > 0 })
		x.Press("v", "2")
		x.Until("view 2", views["iteration"])
		s.press(x)
		x.Until("the turn, explained", func(s string) bool { return strings.Contains(s, "┌─ ") })
		x.Press("Esc")
		x = s.aReplay(t)
		x.Press("5")
		x.Until("view 5", views["findings"])
		s.press(x)
		x.Until("its moment", func(s string) bool { return views["timeline"](s) && position(s) != 12.7 })
	},
	"filter": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		s.press(x)
		x.Shows(" filter:")
		x.Send("class:nonsense\r")
		x.Until("what is wrong with it, and all lanes", func(s string) bool { return strings.Contains(row(s, 2), "nonsense") && lanes(s, "LT") == 3 })
		s.press(x)
		x.Send("fd:17\r")
		x.Until("one lane", func(s string) bool { return lanes(s, "LT") == 1 && strings.Contains(row(s, 1), "filter fd:17") })
		s.press(x)
		x.Shows(" filter: fd:17")
		x.Press("Ctrl-U")
		x.Send("!fd:17\r")
		x.Until("the other lanes", func(s string) bool {
			return lanes(s, "LT") >= 2 && !regexp.MustCompile(`(?m)^fd 17 `).MatchString(s) && strings.Contains(s, "filter !fd:17")
		})
		s.press(x)
		x.Press("Ctrl-U", "Enter")
		x.Until("all lanes", func(s string) bool { return lanes(s, "LT") == 3 && !strings.Contains(row(s, 1), "filter") })
		s.press(x)
		x.Send("fd:2")
		x.Press("Esc")
		x.Until("the filter given up", func(s string) bool { return lanes(s, "LT") == 3 && !strings.Contains(s, " filter:") })
	},
	"measure": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		old(x, 5)
		s.press(x)
		x.Until("a cursor on a frozen view", func(s string) bool { return cursor(s) > 0 && strings.Contains(s, " PAUSED") })
		s.press(x)
		x.Press("Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left")
		x.Until("what lies between", func(s string) bool {
			return regexp.MustCompile(` \d.* from [\d.]+ s to [\d.]+ s, `).MatchString(row(s, 2))
		})
		s.press(x)
		x.Until("no cursor", func(s string) bool { return cursor(s) < 0 && !strings.Contains(row(s, 2), " from ") })
	},
	"record": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Shows("● REC ")
		s.press(x)
		said := regexp.MustCompile(`recorded \d+ events to (\S+\.evt)`)
		m := said.FindStringSubmatch(x.Until("the end of the recording", func(s string) bool { return said.MatchString(s) && !strings.Contains(s, "● REC") }))
		if evs := valid(t, filepath.Join(x.Cmd.Dir, m[1])); len(evs) == 0 {
			t.Error("the recording is empty")
		}
	},
	"command": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		s.press(x)
		x.Send("vi")
		x.Shows(" view")
		x.Press("Tab")
		x.Shows(" :view")
		x.Send(" lat")
		x.Shows(" latency")
		x.Press("Tab")
		x.Shows(" :view latency")
		x.Press("Enter")
		x.Until("view 4", views["latency"])
		s.press(x)
		x.Send("nonsense\r")
		x.Shows(`there is no command "nonsense"`)
		s.press(x)
		x.Press("Up")
		x.Shows(" :nonsense")
		x.Press("Esc")
		x.Until("the line gone", func(s string) bool { return !strings.Contains(s, " :nonsense") })
	},
	"bookmark": func(t *testing.T, s *stage) { bookmarked(t, s) },
	"bookmarks": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		line(x, "bookmark over there")
		x.Shows(`over there`)
		line(x, "goto 3")
		x.Until("3 s", func(s string) bool { return position(s) == 3 })
		s.press(x)
		x.Until("the list", func(s string) bool { return strings.Contains(s, "Bookmarks") && strings.Contains(s, "over there") })
		x.Press("Enter")
		x.Until("the moment of the bookmark", func(s string) bool { return views["timeline"](s) && position(s) > 12 })
	},
	"undo": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		x.Press("0")
		x.Until("everything", func(s string) bool { return scale(s) != "4.0 s" && scale(s) != "" })
		s.press(x)
		x.Until("as it was", func(s string) bool { return scale(s) == "4.0 s" && position(s) == 12.7 })
		line(x, "goto 3")
		x.Until("3 s", func(s string) bool { return position(s) == 3 })
		s.press(x)
		x.Until("where it was", func(s string) bool { return position(s) == 12.7 })
	},
	"next-pane":     func(t *testing.T, s *stage) { panes(t, s, 2, "latency") },
	"previous-pane": func(t *testing.T, s *stage) { panes(t, s, 1, "iteration") },
	"sort": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		fds := func(s string) (out []string) {
			for _, m := range regexp.MustCompile(`(?m)^(fd \d+|listener) +:`).FindAllStringSubmatch(s, -1) {
				out = append(out, m[1])
			}
			return out
		}
		if got := fds(x.Screen()); !slices.Equal(got, []string{"listener", "fd 15", "fd 17", "fd 20"}) {
			t.Errorf("by age: %v", got)
		}
		s.press(x)
		// What is said of it is gone after four seconds, and a busy machine may sleep through that; the order stays.
		x.Until("by activity", func(s string) bool { return fds(s)[0] == "fd 15" })
		s.press(x)
		x.Until("by descriptor", func(s string) bool { return fds(s)[0] == "listener" })
		s.press(x)
		x.Until("by findings", func(s string) bool { return fds(s)[0] == "fd 20" })
		s.press(x)
		x.Until("by age again", func(s string) bool { return fds(s)[0] == "listener" })
		x.Press("3")
		x.Shows("sorted by fd")
		s.press(x)
		x.Shows("sorted by kind")
	},
	"fold": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		s.press(x)
		x.Until("what is folded away", func(s string) bool { return regexp.MustCompile(`(?m)^fd 8 +wake-fd`).MatchString(s) })
		s.press(x)
		x.Until("it folded", func(s string) bool { return !strings.Contains(s, "wake-fd") })
	},
	"settings": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Shows("Settings of the server")
		x.Send("reads")
		x.Until("reads, chosen, and what it does", func(s string) bool { return regexp.MustCompile(`▸ reads +1\b`).MatchString(s) })
		x.Press("Enter")
		x.Shows(" reads = 1")
		x.Press("Ctrl-U")
		x.Send("drain\r")
		x.Until("the new value", func(s string) bool { return regexp.MustCompile(`▸ reads +drain\b`).MatchString(s) })
		x.Press("Esc")
		x.Shows("reads found nothing (EAGAIN)") // each connection is read until there is no more
		line(x, "set reads 1")
	},
	"client": byHand,
	"save": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		said := regexp.MustCompile(`saved the last .* to (\S+\.evt)`)
		m := said.FindStringSubmatch(x.Until("what was saved", said.MatchString))
		if evs := valid(t, filepath.Join(x.Cmd.Dir, m[1])); len(evs) == 0 {
			t.Error("what was saved is empty")
		}
	},
	"escape": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		x.Press("?")
		x.Shows("─ keys ─")
		s.press(x)
		x.Until("the timeline", views["timeline"])
		x.Press("v")
		x.Until("a cursor", func(s string) bool { return cursor(s) > 0 })
		s.press(x)
		x.Until("no cursor", func(s string) bool { return cursor(s) < 0 && strings.Contains(s, " PAUSED") })
		s.press(x)
		x.Shows(" LIVE")
		line(x, "filter fd:1")
		x.Shows("filter fd:1")
		s.press(x)
		x.Until("no filter", func(s string) bool { return !strings.Contains(row(s, 1), "filter") && lanes(s, "LT") == 2 })
	},
	"help": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Until("the keys", func(s string) bool {
			return strings.Contains(s, "─ keys ─") && strings.Contains(s, "freeze the view")
		})
		s.press(x)
		x.Until("the timeline", views["timeline"])
	},
	"about": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Until("the page about epoll", func(s string) bool { return strings.Contains(s, "┌─ epoll") })
		x.Press("Esc")
		x.Until("the timeline", views["timeline"])
	},
	"suspend": func(t *testing.T, s *stage) {
		x := s.aLab(t)
		s.press(x)
		x.Until("the terminal given back", func(string) bool { return x.Restored() && stopped(x.Cmd.Process.Pid) })
		x.Cmd.Process.Signal(syscall.SIGCONT)
		x.Until("the screen again", func(s string) bool { return !x.Restored() && views["timeline"](s) })
	},
	"pin": func(t *testing.T, s *stage) {
		x := s.aReplay(t)
		first := func(s string) string {
			m := regexp.MustCompile(`(?m)^.?(fd \d+|listener) +:`).FindStringSubmatch(s)
			return m[1]
		}
		x.Press("Up", "Up", "Up", "Up", "Up", "Up", "Up", "Up", "Down", "Down", "Down", "Down")
		x.Until("the last lane", func(s string) bool { return detail(s) == "20" })
		s.press(x)
		x.Until("it on top", func(s string) bool { return first(s) == "fd 20" })
		s.press(x)
		x.Until("as it was", func(s string) bool { return first(s) == "listener" })
	},
	"redraw": func(t *testing.T, s *stage) {
		x := s.aReplay(t) // stands still: nothing else draws
		x.Until("the view, without a message", func(s string) bool { return views["timeline"](s) && !strings.HasPrefix(row(s, 2), " at ") })
		// A frame may be on its way still; it is spoilt when nothing has come after.
		x.Until("a spoilt screen", func(s string) bool {
			if strings.Contains(s, "Timeline") {
				x.Spoil()
				return false
			}
			return true
		})
		s.press(x)
		x.Until("everything", func(s string) bool {
			return views["timeline"](s) && strings.Contains(s, "tour.evt") && position(s) == 12.7
		})
	},
	"quit": func(t *testing.T, s *stage) {
		x := onTerminal(t, 80, 24)
		x.Shows("listener")
		s.press(x)
		if code := x.Exit(); code != 0 || !x.Restored() {
			t.Errorf("exit code %d, terminal given back: %v", code, x.Restored())
		}
	},
	"quit-keep": func(t *testing.T, s *stage) {
		x := onTerminal(t, 80, 24, "--mode", "epoll")
		x.Shows("listener")
		s.press(x)
		if code := x.Exit(); code != 0 || !x.Restored() {
			t.Errorf("exit code %d, terminal given back: %v", code, x.Restored())
		}
		_, left, _ := strings.Cut(x.Written(), "\x1b[?1049l")
		for _, want := range []string{"listener", "Timeline", "epoll", "quit"} {
			if !strings.Contains(left, want) {
				t.Errorf("what is left on the terminal lacks %q: %q", want, left)
			}
		}
	},
}

// stopped reports whether a process is stopped by a signal.
func stopped(pid int) bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return strings.Contains(string(b), ") T ")
}

// panes: after so many presses the events have the arrows; in view 3 it goes to the view beside.
func panes(t *testing.T, s *stage, presses int, beside string) {
	x := s.aReplay(t)
	for range presses {
		s.press(x)
	}
	x.Press("Up")
	x.Until("an event picked with the arrows", func(s string) bool { return cursor(s) > 0 })
	for range 3 - presses {
		s.press(x)
	}
	x.Press("Down")
	x.Until("the lanes have the arrows", func(s string) bool { return detail(s) != "" })
	x.Press("3")
	x.Until("view 3", views["registered"])
	s.press(x)
	x.Until("the view "+beside, views[beside])
}

// bookmarked sets a bookmark in a recording, and finds it again in the file.
func bookmarked(t *testing.T, s *stage) {
	x := s.aLab(t)
	name := fmt.Sprintf("marked-%d.evt", os.Getpid())
	line(x, "record "+name)
	began := tick(x.Shows("REC " + name))
	// The right edge is a little behind the present, so a bookmark set at once would lie before the recording's first event.
	x.Until("some time of the recording", func(s string) bool { return tick(s) > began+0.9 })
	s.press(x)
	x.Shows(" bookmark at ")
	x.Send("here it was\r")
	x.Until("the bookmark on the axis", func(s string) bool { return strings.Contains(axis(s), "◊here it was") })
	later := tick(x.Screen()) + 2
	x.Until("some time after it", func(s string) bool { return tick(s) > later })
	line(x, "record")
	x.Shows("recorded ")
	file := filepath.Join(x.Cmd.Dir, name)
	valid(t, file)
	y := testkit.StartTerminal(t, 120, 40, program(t, "replay", "--paused", file))
	y.Shows(" PAUSED")
	y.Press("End")
	y.Shows(" END")
	y.Press("B")
	y.Until("the bookmark in the list", func(s string) bool { return strings.Contains(s, "Bookmarks") && strings.Contains(s, "here it was") })
	y.Press("Enter")
	y.Until("its moment", func(s string) bool { return views["timeline"](s) && cursor(s) > 0 })
	y.Press("q")
	y.Exit()
}

// byHand leads a client by hand: the server's lane is seen, and what each order does to it.
func byHand(t *testing.T, s *stage) {
	x := s.aLab(t)
	choose := func(letters string) {
		x.Send(letters)
		x.Until(letters+", chosen", func(s string) bool { return regexp.MustCompile(`▸ ` + letters).MatchString(s) })
		x.Press("Enter")
	}
	connected := regexp.MustCompile(`connected, :(\d+)`)
	connect := func() (port string) {
		s.press(x)
		x.Shows("One more client, by hand")
		choose("connect")
		x.Until("the connection", func(s string) bool { return connected.MatchString(s) && !strings.Contains(s, "not connected") })
		return connected.FindStringSubmatch(x.Screen())[1]
	}
	lane := func(port, what string, re string) {
		x.Press("Esc")
		x.Until(what, func(s string) bool { return regexp.MustCompile(`(?m)^fd \d+ +:` + port + ` .*` + re).MatchString(s) })
		s.press(x)
		x.Shows("One more client, by hand")
	}
	port := connect()
	choose("type")
	x.Shows(" send:")
	x.Send("hello\r")
	x.Shows("got: hello")
	x.Shows("6 bytes out, 6 bytes in")
	lane(port, "the read and the write on the server's lane", "r.*w|w")
	choose("half")
	x.Until("the end of file on both sides", func(s string) bool {
		return strings.Contains(s, "has closed its side") || strings.Contains(s, "not connected: the server closed it")
	})
	lane(port, "the end of file on the server's lane", "0|x")
	if strings.Contains(x.Screen(), "half-closed, :") {
		choose("close")
	}
	x.Shows("not connected: ")
	x.Press("Esc")
	x.Until("the list gone", views["timeline"])
	port = connect()
	choose("reset")
	x.Shows("not connected: closed by you")
	lane(port, "the reset on the server's lane", "X|#|x")
	x.Press("Esc")
}

// TestKeys runs the case of each action with each of its keys.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := &stage{t: t}
	begin := time.Now()
	for _, a := range tui.Actions() {
		run, ok := keyCases[a.Name]
		if !ok {
			t.Errorf("there is no case for the action %s: %s", a.Name, a.Help)
			continue
		}
		keys := a.Keys
		if raceEnabled { // it takes five times as long there, and a second key finds no other race than the first
			keys = keys[:1]
		}
		for _, k := range keys {
			t.Run(a.Name+" "+k, func(t *testing.T) {
				if !slices.Contains([]string{"pause", "trigger", "mode", "registered", "undo", "loop-range", "command", "escape", "suspend"}, a.Name) {
					testkit.Long(t, "a key")
				}
				s.key = k
				run(t, s)
			})
		}
	}
	for name := range keyCases {
		if !slices.ContainsFunc(tui.Actions(), func(a tui.Action) bool { return a.Name == name }) {
			t.Errorf("there is no action %s any more", name)
		}
	}
	t.Logf("%v", time.Since(begin))
	for _, x := range []*testkit.Terminal{s.lab, s.play, s.lessons} {
		if x == nil {
			continue
		}
		x.In(t)
		x.Send("\x07\x07q")
		if code := x.Exit(); code != 0 || !x.Restored() {
			t.Errorf("exit code %d, terminal given back: %v", code, x.Restored())
		}
	}
}
