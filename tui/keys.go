package tui

import (
	"github.com/gdamore/tcell/v2"
)

// key is one line of the key table. The footer, the help page and docs/keys.md are made from it.
type key struct {
	Keys  []string // as written: "t", "Space", "Left"
	Short string   // for the footer; "" keeps it out
	Help  string
	When  string // "" always, "lab", "lesson", "replay", "record", "page"
	do    func(u *ui)
}

// table is every key of the screen, in the order of the footer and the help page.
func table() []key {
	return []key{
		{[]string{"Space"}, "pause", "freeze the view, or go on; what is recorded goes on all the time (a replay stands still)", "", (*ui).toggleFreeze},
		{[]string{"t"}, "LT/ET", "switch the triggering of all descriptors: level, edge, oneshot; a mode that has none moves to epoll level, connections kept", "lab", (*ui).cycleTrigger},
		{[]string{"T"}, "", "switch the triggering of the selected lane alone", "lab", (*ui).cycleTriggerOne},
		{[]string{"m"}, "mode", "switch the mechanism: blocking, sleep-poll, select, poll, epoll, io-uring; connections kept", "lab", (*ui).cycleMode},
		{[]string{"]"}, "[/] lesson", "go to the next lesson (evviz --lesson); its lab starts anew", "lesson", func(u *ui) { u.turn(1) }},
		{[]string{"["}, "", "go to the lesson before", "lesson", func(u *ui) { u.turn(-1) }},
		{[]string{"r"}, "record", "start or stop recording to a file", "record", (*ui).toggleRecord},
		{[]string{"+", "="}, "+/- zoom", "look closer, down to 1 ms a screen", "", func(u *ui) { u.zoom(-1) }},
		{[]string{"-"}, "", "look at more time, up to 30 minutes a screen", "", func(u *ui) { u.zoom(1) }},
		{[]string{"0"}, "", "show everything from the beginning", "", (*ui).fit},
		{[]string{"Left", "h"}, "←→ pan", "back in time (freezes the view)", "", func(u *ui) { u.pan(-1) }},
		{[]string{"Right", "l"}, "", "forward in time", "", func(u *ui) { u.pan(1) }},
		{[]string{"Up", "k"}, "", "select the lane above", "", func(u *ui) { u.selectLane(-1) }},
		{[]string{"Down", "j"}, "", "select the lane below", "", func(u *ui) { u.selectLane(1) }},
		{[]string{"PgUp"}, "", "one screen back; a replay seeks there", "", func(u *ui) { u.page(-1) }},
		{[]string{"PgDn"}, "", "one screen forward; a replay seeks there", "", func(u *ui) { u.page(1) }},
		{[]string{"Home"}, "", "to the beginning", "", (*ui).home},
		{[]string{"End"}, "End live", "back to live; in a replay to the end", "", (*ui).end},
		{[]string{"."}, ". step", "let one event through and stand still", "replay", (*ui).step},
		{[]string{">"}, "</> speed", "replay faster, up to 100x", "replay", func(u *ui) { u.speed(1) }},
		{[]string{"<"}, "", "replay slower, down to 0.1x", "replay", func(u *ui) { u.speed(-1) }},
		{[]string{"n"}, "n finding", "go to the next finding: its moment, its lane, its sentence", "", func(u *ui) { u.nextFinding(1) }},
		{[]string{"N"}, "", "go to the finding before", "", func(u *ui) { u.nextFinding(-1) }},
		{[]string{"Enter"}, "Enter why", "explain the selected finding, or the one of the selected lane", "", (*ui).explain},
		{[]string{"f"}, "", "show or fold idle lanes", "", func(u *ui) { u.unfold = !u.unfold }},
		{[]string{"Esc"}, "", "close this page, or go back to live", "", (*ui).escape},
		{[]string{"?"}, "? help", "this page", "", func(u *ui) { u.help(false) }},
		{[]string{"i"}, "i about", "what the present mechanism is, and what to watch", "page", func(u *ui) { u.help(true) }},
		{[]string{"Ctrl-Z"}, "", "suspend; fg brings it back", "", (*ui).suspend},
		{[]string{"Ctrl-L"}, "", "draw everything anew", "", func(u *ui) { u.screen.Sync() }},
		{[]string{"q", "Ctrl-C"}, "q quit", "quit", "", (*ui).quit},
	}
}

// keyName is the table's name of a key press.
func keyName(e *tcell.EventKey) string {
	switch e.Key() {
	case tcell.KeyRune:
		if e.Rune() == ' ' {
			return "Space"
		}
		return string(e.Rune())
	case tcell.KeyLeft:
		return "Left"
	case tcell.KeyRight:
		return "Right"
	case tcell.KeyUp:
		return "Up"
	case tcell.KeyDown:
		return "Down"
	case tcell.KeyPgUp:
		return "PgUp"
	case tcell.KeyPgDn:
		return "PgDn"
	case tcell.KeyHome:
		return "Home"
	case tcell.KeyEnd:
		return "End"
	case tcell.KeyEnter:
		return "Enter"
	case tcell.KeyTab:
		return "Tab"
	case tcell.KeyEscape:
		return "Esc"
	case tcell.KeyCtrlZ:
		return "Ctrl-Z"
	case tcell.KeyCtrlL:
		return "Ctrl-L"
	case tcell.KeyCtrlC:
		return "Ctrl-C"
	}
	return ""
}

// available reports whether a key can do anything here.
func (u *ui) available(k *key) bool {
	switch k.When {
	case "lab":
		return u.opt.Lab != nil
	case "replay":
		return u.speeder != nil
	case "lesson":
		return u.opt.Lessons != nil
	case "record":
		return u.opt.Recorder != nil
	case "page":
		return u.frame != nil && u.modeWord(u.frame) != ""
	}
	return true
}

// press runs the action of a key. A key whose ability is missing says so instead.
func (u *ui) press(name string) {
	for i := range u.keys {
		k := &u.keys[i]
		for _, n := range k.Keys {
			if n != name {
				continue
			}
			if !u.available(k) {
				u.say("%s: %s", name, map[string]string{"lab": "there is no lab here to switch", "replay": "only a replay has a speed",
					"lesson": "lessons are shown by evviz --lesson N",
					"record": "this source is a recording already"}[k.When])
				return
			}
			k.do(u)
			return
		}
	}
}
