package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// key is one line of the key table. The footer, the help page, docs/keys.md, the commands of the ":" line and the
// settings file's [keys] are made from it.
type key struct {
	Name  string   // of the action, in settings and on the ":" line
	Keys  []string // as written: "t", "Space", "Left", "Ctrl-Z"
	Short string   // for the footer; "" keeps it out
	Help  string
	When  string // "" always, else what it needs: a word of missing
	do    func(u *ui)
}

// table is every key of the screen, in the order of the footer and the help page.
func table() []key {
	return []key{
		{"pause", []string{"Space"}, "pause", "freeze the view, or go on; what is recorded goes on all the time (a replay is paused)", "", func(u *ui) { u.window.toggleFreeze() }},
		{"trigger", []string{"t"}, "LT/ET", "switch the triggering of all descriptors: level, edge, oneshot; a mode that has none moves to epoll level, connections kept", "lab", func(u *ui) { u.controls.cycleTrigger() }},
		{"trigger-one", []string{"T"}, "", "switch the triggering of the selected lane alone", "lab", func(u *ui) { u.controls.cycleTriggerOne() }},
		{"mode", []string{"m"}, "mode", "switch the mechanism: blocking, sleep-poll, select, poll, epoll, io-uring; connections kept", "lab", func(u *ui) { u.controls.cycleMode() }},
		{"scenario", []string{"s"}, "scenario", "choose other client traffic for the running server", "scenarios", func(u *ui) { u.controls.chooseScenario() }},
		{"lessons", []string{"e"}, "", "the list of lessons, and what each is about; Enter starts one", "lesson", func(u *ui) { u.course.choose() }},
		{"next-lesson", []string{"]"}, "[/] lesson", "go to the next lesson (evviz --lesson); its lab starts again", "in-lesson", func(u *ui) { u.course.turn(1) }},
		{"previous-lesson", []string{"["}, "", "go to the previous lesson", "in-lesson", func(u *ui) { u.course.turn(-1) }},
		{"timeline", []string{"1"}, "1-6 views", "view 1: the timeline", "", func(u *ui) { u.views.show(viewTimeline) }},
		{"iteration", []string{"2"}, "", "view 2: one iteration of the loop as a waterfall", "", func(u *ui) { u.views.show(viewIteration) }},
		{"registered", []string{"3"}, "", "view 3: the registered fds, how, and what is unread", "", func(u *ui) { u.views.show(viewInterests) }},
		{"latency", []string{"4"}, "", "view 4: histograms of the delays, and a heat map over time", "", func(u *ui) { u.views.show(viewLatency) }},
		{"findings", []string{"5"}, "", "view 5: what is wrong, with evidence and fix", "", func(u *ui) { u.views.show(viewFindings) }},
		{"events", []string{"6"}, "", "view 6: the events as text, in step with the timeline", "", func(u *ui) { u.views.show(viewEvents) }},
		{"zoom-in", []string{"+", "="}, "+/- zoom", "look closer, down to 1 ms a screen", "", func(u *ui) { u.window.zoom(-1) }},
		{"zoom-out", []string{"-"}, "", "look at more time, up to 30 minutes a screen", "", func(u *ui) { u.window.zoom(1) }},
		{"fit", []string{"0"}, "", "show everything from the beginning", "", func(u *ui) { u.window.fit() }},
		{"back", []string{"Left", "h"}, "←→ pan", "back in time (freezes the view); with a cursor set, Left moves the cursor", "", func(u *ui) { u.sideways(-1) }},
		{"forward", []string{"Right", "l"}, "", "forward in time; with a cursor set, Right moves the cursor", "", func(u *ui) { u.sideways(1) }},
		{"up", []string{"Up", "k"}, "", "select the lane, line or finding above", "", func(u *ui) { u.vertical(-1) }},
		{"down", []string{"Down", "j"}, "", "select the one below", "", func(u *ui) { u.vertical(1) }},
		{"page-back", []string{"PgUp"}, "", "one screen back; a replay seeks there", "", func(u *ui) { u.page(-1) }},
		{"page-forward", []string{"PgDn"}, "", "one screen forward; a replay seeks there", "", func(u *ui) { u.page(1) }},
		{"begin", []string{"Home"}, "", "to the beginning", "", func(u *ui) { u.window.home() }},
		{"end", []string{"End"}, "End newest", "back to live; in a replay to the end", "", func(u *ui) { u.window.end() }},
		{"step", []string{"."}, "., step", "one step on: an iteration of the loop in view 2, a finding in view 5, an event elsewhere; a replay lets that event through", "", func(u *ui) { u.step(1) }},
		{"step-back", []string{","}, "", "one step back", "", func(u *ui) { u.step(-1) }},
		{"faster", []string{">"}, "</> speed", "replay faster, up to 100x; while it steps by itself, step faster", "pace", func(u *ui) { u.steps.speed(1) }},
		{"slower", []string{"<"}, "", "replay slower, down to 0.1x", "pace", func(u *ui) { u.steps.speed(-1) }},
		{"loop-range", []string{"L"}, "", "replay the time between the two cursors again and again, or stop doing so", "replay", func(u *ui) { u.window.toggleRound() }},
		{"auto-step", []string{"a"}, "", "step by itself, an iteration of the loop at a time, in slow motion; again: stop", "", (*ui).toggleAuto},
		{"next-finding", []string{"n"}, "n finding", "go to the next finding: its moment, its lane, its sentence", "", func(u *ui) { u.findings.next(1) }},
		{"previous-finding", []string{"N"}, "", "go to the previous finding", "", func(u *ui) { u.findings.next(-1) }},
		{"explain", []string{"Enter"}, "Enter why", "explain what is selected (lane, event, finding, iteration, measure) with the kernel's rule behind it; on a finding of view 5, go to its moment", "", (*ui).enter},
		{"filter", []string{"/"}, "/ filter", "show only lanes and events that match: fd:7, :53011, left-over, EAGAIN, read ...; ! inverts; empty shows all; on a page: search it", "", (*ui).search},
		{"measure", []string{"v"}, "v measure", "set a cursor; again: a second one, and what lies between is measured; again: take them away", "", func(u *ui) { u.window.measure() }},
		{"record", []string{"r"}, "record", "start or stop recording to a file", "record", func(u *ui) { u.recording.toggle() }},
		{"save", []string{"S"}, "S save", "save the last seconds to a file (--keep says how many)", "saver", func(u *ui) { u.recording.save("") }},
		{"bookmark", []string{"b"}, "", "set a bookmark at the cursor, or at the right edge; it is saved in the recording", "", func(u *ui) { u.bookmarks.ask() }},
		{"bookmarks", []string{"B"}, "", "list the bookmarks and go to one", "", func(u *ui) { u.bookmarks.list() }},
		{"undo", []string{"u"}, "", "go back to where the view was before the last jump", "", (*ui).undo},
		{"next-pane", []string{"Tab"}, "", "focus the next pane: lanes, findings, events", "", func(u *ui) { u.nextPane(1) }},
		{"previous-pane", []string{"Shift-Tab"}, "", "focus the previous pane", "", func(u *ui) { u.nextPane(-1) }},
		{"sort", []string{"O"}, "", "sort the lanes by age, activity, descriptor or findings; in view 3 by the next column", "", (*ui).nextOrder},
		{"pin", []string{"p"}, "", "pin the selected lane: it stays at the top and is never folded; again: no longer", "", func(u *ui) { u.lanes.pin() }},
		{"fold", []string{"f"}, "", "show or fold lanes that are closed or idle", "", func(u *ui) { u.lanes.unfold = !u.lanes.unfold }},
		{"settings", []string{"o"}, "o settings", "the settings of the server: what each does, and to change it while it runs", "knobs", func(u *ui) { u.controls.chooseKnob() }},
		{"client", []string{"c"}, "c client", "one more client by hand: connect, type, send, half-close, reset", "client", func(u *ui) { u.controls.byHand() }},
		{"escape", []string{"Esc"}, "", "close this page, give up the selection, or go back to live", "", (*ui).escape},
		{"command", []string{":"}, ": command", "type a command; Tab completes", "", func(u *ui) { u.commands.ask() }},
		{"help", []string{"?"}, "? help", "this page", "", func(u *ui) { u.pages.toggle(pageKeys, u.keyboard.page) }},
		{"about", []string{"i"}, "i about", "what the present mechanism is, and what to watch", "page", func(u *ui) { u.pages.toggle(pageMode, u.modePage) }},
		{"suspend", []string{"Ctrl-Z"}, "", "suspend; fg brings it back", "", func(u *ui) { u.app.suspend() }},
		{"redraw", []string{"Ctrl-L"}, "", "redraw the screen", "", func(u *ui) { u.style.screen.Sync() }},
		{"quit", []string{"q", "Ctrl-C"}, "q quit", "quit", "", func(u *ui) { u.app.quit() }},
		{"quit-keep", []string{"Q"}, "", "quit, and leave the last screen on the terminal", "", (*ui).quitKeep},
	}
}

// Action is a line of the key table, for settings and documents.
type Action struct {
	Name, Help string
	Keys       []string
}

// Actions lists everything that a key can do, with the keys it has by default.
func Actions() (out []Action) {
	for _, k := range table() {
		out = append(out, Action{k.Name, k.Help, k.Keys})
	}
	return out
}

// formerActions are the names that actions had before, which still work.
var formerActions = map[string]string{"interests": "registered", "knobs": "settings"}

// rebind gives actions other keys.
func rebind(keys []key, other map[string][]string) []key {
	out := slices.Clone(keys)
	for i := range out {
		k, ok := other[out[i].Name]
		for was, now := range formerActions {
			if !ok && now == out[i].Name {
				k, ok = other[was]
			}
		}
		if ok {
			if out[i].Short != "" && !slices.Equal(k, out[i].Keys) { // the words name the old key
				out[i].Short = renamed(out[i].Short, out[i].Keys, k)
			}
			out[i].Keys = k
		}
	}
	return out
}

// renamed is a footer text whose key has changed: "n finding" becomes "F2 finding".
func renamed(short string, old, now []string) string {
	if len(now) == 0 {
		return ""
	}
	if _, words, ok := strings.Cut(short, " "); ok {
		return now[0] + " " + words
	}
	return short
}

// CheckKeys says what is wrong with other keys for actions: an unknown action or key, or one key for two things.
func CheckKeys(other map[string][]string) error {
	known := map[string]bool{}
	for _, k := range table() {
		known[k.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(other)) {
		if !known[name] && formerActions[name] == "" {
			return fmt.Errorf("there is no action %q; evviz config --print-default lists them", name)
		}
		for _, k := range other[name] {
			if !keyExists(k) {
				return fmt.Errorf("%s: there is no key %q; a key is one character, or Space, Enter, Tab, Shift-Tab, Esc, Left, Right, Up, Down, PgUp, PgDn, Home, End, F1 to F12, Ctrl-A to Ctrl-Z, Alt-x", name, k)
			}
		}
	}
	does := map[string]string{}
	for _, k := range rebind(table(), other) {
		for _, n := range k.Keys {
			if first, twice := does[n]; twice {
				return fmt.Errorf("the key %s would mean both %s and %s", n, first, k.Name)
			}
			does[n] = k.Name
		}
	}
	for _, must := range []string{"quit", "command"} {
		if slices.Contains(slices.Collect(maps.Values(does)), must) {
			return nil
		}
	}
	return fmt.Errorf("no key would be left to quit with")
}
