package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"evviz/picture"
)

// The ":" line takes the names of the key table (":zoom-in"), and these, with what they want to know:
//
//	view NAME        goto TIME|PERCENT     span DURATION     filter WORDS     sort ORDER
//	set KNOB VALUE   mode NAME             trigger NAME      scenario NAME    lesson [NUMBER]
//	client WHAT      record [FILE]    save [WORD]           bookmark [WORDS]  screenshot FILE  theme NAME      symbols NAME
//	speed X          explain EVnn          quit
//
// Tab completes names and values.

// command is a word of the ":" line that wants to know something.
type command struct {
	name, want, about string
	values            func(u *ui) []string // what it may be; nil anything
	run               func(u *ui, arg string) error
}

func commands() []command {
	return []command{
		{"view", "NAME", "show a view", func(*ui) []string { return ViewNames() }, func(u *ui, s string) error {
			v, err := viewOf(s)
			if err == nil {
				u.views.show(v)
			}
			return err
		}},
		{"goto", "TIME|PERCENT", "go to a moment: 12.5, 12.5s, 1m30s, 40%; +2s and -500ms go on from here", nil, func(u *ui, s string) error { return u.window.gotoCommand(s) }},
		{"span", "DURATION", "how much time a screen shows: 500ms, 10s", func(*ui) []string { return []string{"10ms", "100ms", "1s", "4s", "10s", "1m"} }, func(u *ui, s string) error {
			d, err := time.ParseDuration(s)
			if err != nil || int64(d) < minSpan || int64(d) > maxSpan {
				return fmt.Errorf("span %s: want a time from 1ms to 30m", s)
			}
			u.window.zoomTo(int64(d))
			return nil
		}},
		{"filter", "WORDS", "show only what matches; empty shows all", nil, func(u *ui, s string) error { return u.lanes.setFilter(s) }},
		{"sort", "ORDER", "sort the lanes", func(*ui) []string { return picture.OrderNames() }, func(u *ui, s string) error {
			i := slices.Index(picture.OrderNames(), s)
			if i < 0 {
				return fmt.Errorf("sort %s: %s", s, strings.Join(picture.OrderNames(), ", "))
			}
			u.lanes.sorted = picture.Order(i)
			return nil
		}},
		{"set", "SETTING VALUE", "change a setting of the server", func(u *ui) []string { return u.controls.knobNames() }, func(u *ui, s string) error { return u.controls.setCommand(s) }},
		{"mode", "NAME", "switch the mechanism", func(u *ui) []string { return u.controls.knobChoices("mode") }, func(u *ui, s string) error { return u.controls.setCommand("mode " + s) }},
		{"trigger", "NAME", "switch the triggering", func(u *ui) []string { return u.controls.knobChoices("trigger") }, func(u *ui, s string) error { return u.controls.setCommand("trigger " + s) }},
		{"scenario", "NAME", "other client traffic", func(u *ui) []string { return u.controls.scenarioNames() }, func(u *ui, s string) error { return u.controls.scenarioCommand(s) }},
		{"lesson", "[NUMBER]", "a lesson, in a new lab; nothing: the list of lessons", func(u *ui) []string { return u.course.names() }, func(u *ui, s string) error {
			switch {
			case u.course.lessons == nil:
				return fmt.Errorf("lesson: %s", missing["lesson"])
			case s == "":
				u.course.choose()
			default:
				u.course.begin(s)
			}
			return nil
		}},
		{"client", "WHAT [TEXT]", "one connection made by hand: connect, send, close", func(*ui) []string { return []string{"connect", "send ", "half-close", "reset", "close"} }, func(u *ui, s string) error { return u.controls.clientCommand(s) }},
		{"record", "[FILE]", "record to a file, or stop", nil, func(u *ui, s string) error { return u.recording.command(s) }},
		{"save", "[WORD]", "save the last seconds to a file", nil, func(u *ui, s string) error {
			if u.recording.saver == nil {
				return fmt.Errorf("%s", missing["saver"])
			}
			u.recording.save(s)
			return nil
		}},
		{"bookmark", "[WORDS]", "set a bookmark at the cursor", nil, func(u *ui, s string) error {
			if u.scene.frame != nil {
				u.bookmarks.set(u.bookmarks.here(), s)
			}
			return nil
		}},
		{"screenshot", "FILE", "write this screen to a .svg, .txt or .ans file", nil, func(u *ui, s string) error { return u.screenshot(s) }},
		{"theme", "NAME", "other colours", func(u *ui) []string { return themeNames(u.style.custom) }, func(u *ui, s string) error {
			if _, err := FindTheme(s, u.style.custom); err != nil {
				return err
			}
			u.style.setTheme(s)
			return nil
		}},
		{"symbols", "NAME", "other glyphs", func(*ui) []string { return SymbolSets }, func(u *ui, s string) error {
			if !slices.Contains(SymbolSets, s) {
				return fmt.Errorf("symbols %s: %s", s, strings.Join(SymbolSets, ", "))
			}
			u.style.setSymbols(s)
			return nil
		}},
		{"speed", "X", "speed of a replay, relative to real time: 0.1 to 100", nil, func(u *ui, s string) error {
			x, err := strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
			if err != nil || !(x >= 0.1 && x <= 100) { // NaN is neither
				return fmt.Errorf("speed %s: want 0.1 to 100", s)
			}
			if u.source.speeder == nil {
				return fmt.Errorf("speed: %s", missing["replay"])
			}
			u.source.speeder.SetSpeed(x)
			return nil
		}},
		{"explain", "EVnn", "the page of a rule", func(*ui) []string { return ruleNames() }, func(u *ui, s string) error { return u.pages.explainRule(s) }},
	}
}

// SymbolSets are what --symbols takes.
var SymbolSets = []string{"auto", "braille", "block", "ascii"}
