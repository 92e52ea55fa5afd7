package tui

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// Palette is a theme as it is written down: colours as "#rrggbb", "" for the terminal's own. A theme of the settings file
// names the one that it is based on and what differs.
type Palette struct {
	Base string `toml:"base"` // the theme that it differs from; "" terminal

	Ground string `toml:"background"` // behind everything
	Ink    string `toml:"foreground"` // text
	Dim    string `toml:"dim"`        // text that matters less
	Bar    string `toml:"bar"`        // background of the header, the tabs and the footer
	BarInk string `toml:"bar_foreground"`
	Picked string `toml:"selected"`        // background of what is selected
	Onto   string `toml:"fill_foreground"` // foreground on a filled cell
	Cursor string `toml:"cursor"`

	Badge     string `toml:"badge"` // the triggering that runs
	BadgeIn   string `toml:"badge_foreground"`
	Halted    string `toml:"paused"` // the view is paused, browsing or over
	HaltedIn  string `toml:"paused_foreground"`
	Message   string `toml:"message"` // the answer to a key
	MessageIn string `toml:"message_foreground"`

	Waiting  string `toml:"waiting"`           // the loop waits
	Working  string `toml:"working"`           // ... works
	Ready    string `toml:"ready"`             // ... is ready to run, and no CPU is free
	Asleep   string `toml:"asleep"`            // ... sleeps
	AsleepIn string `toml:"asleep_foreground"` // the z in it
	Again    string `toml:"again"`             // repeats
	AgainIn  string `toml:"again_foreground"`
	Fresh    string `toml:"fresh"` // unread
	Old      string `toml:"old"`   // ... long
	Stale    string `toml:"stale"` // ... too long, or stranded

	Service string `toml:"service"` // a request is in service
	Unsent  string `toml:"unsent"`  // output waits to be sent

	Eagain string `toml:"eagain"` // EAGAIN
	Accept string `toml:"accept"` // a warning, a connection accepted
	Bad    string `toml:"bad"`
	Good   string `toml:"good"`

	// The names that some of these had before, which still work.
	OldGround   string `toml:"ground" now:"Ground"`
	OldInk      string `toml:"ink" now:"Ink"`
	OldBarInk   string `toml:"bar_ink" now:"BarInk"`
	OldPicked   string `toml:"picked" now:"Picked"`
	OldOnto     string `toml:"onto" now:"Onto"`
	OldAsleepIn string `toml:"asleep_ink" now:"AsleepIn"`
	OldAgainIn  string `toml:"again_ink" now:"AgainIn"`
}

// Themes are those that come with evviz. Each keeps the same order of lightness for what ages (fresh, old, stale), so that
// it is read without colours too.
//
// terminal paints no ground of its own, so its inks must be readable on black and on white alike: each has a contrast of at
// least 3:1 with both (a test holds it). colour-blind is made of colours that stay apart under the three common kinds of
// colour blindness (after Okabe and Ito): no red beside green.
var Themes = map[string]Palette{
	"terminal": {Dim: "#7d8590", Bar: "#222c3a", BarInk: "#d8dee9", Picked: "#3a506c", Onto: "#f4f6fa", Cursor: "#8a93a0",
		Badge: "#79c0ff", BadgeIn: "#0b1a2b", Halted: "#c9d1dc", HaltedIn: "#10141c", Message: "#0f5f70", MessageIn: "#f4f6fa",
		Waiting: "#6a7686", Working: "#2f9e74", Ready: "#8a63c8", Asleep: "#40366e", AsleepIn: "#b8aee8", Again: "#d88a1e", AgainIn: "#201200",
		Fresh: "#235c94", Old: "#b0581c", Stale: "#a82a32", Service: "#1f93a6", Unsent: "#b8569a", Eagain: "#b07d12", Accept: "#b87a10", Bad: "#d64545", Good: "#249a6c"},
	"dark": {Ground: "#10141c", Ink: "#cfd6e1", Dim: "#7f8996", Bar: "#222c3a", BarInk: "#d8dee9", Picked: "#33485f", Onto: "#f4f6fa", Cursor: "#e8edf4",
		Badge: "#79c0ff", BadgeIn: "#0b1a2b", Halted: "#d8dee9", HaltedIn: "#10141c", Message: "#0f5f70", MessageIn: "#f4f6fa",
		Waiting: "#5c6878", Working: "#3eb589", Ready: "#9a7fd6", Asleep: "#40366e", AsleepIn: "#b8aee8", Again: "#d88a1e", AgainIn: "#201200",
		Fresh: "#235c94", Old: "#b0581c", Stale: "#a82a32", Service: "#2fb3c4", Unsent: "#d673b8", Eagain: "#d8a32a", Accept: "#e6a92e", Bad: "#f0605f", Good: "#46c294"},
	"light": {Ground: "#fbfbf8", Ink: "#1c2430", Dim: "#68717d", Bar: "#dde3ea", BarInk: "#1c2430", Picked: "#bcd3ec", Onto: "#10151d", Cursor: "#1c2430",
		Badge: "#1f6fb8", BadgeIn: "#ffffff", Halted: "#3c4656", HaltedIn: "#ffffff", Message: "#bfe6ec", MessageIn: "#0c3a44",
		Waiting: "#9aa5b2", Working: "#57bf96", Ready: "#b69be6", Asleep: "#cfc7ee", AsleepIn: "#4b3f86", Again: "#f2b04e", AgainIn: "#3a2400",
		Fresh: "#8dbbe8", Old: "#eb9a5e", Stale: "#e0767a", Service: "#0f7080", Unsent: "#9a3480", Eagain: "#8a5d00", Accept: "#8f5c00", Bad: "#b3212b", Good: "#0f7a52"},
	"colour-blind": {Dim: "#7d8590", Bar: "#222c3a", BarInk: "#d8dee9", Picked: "#3a506c", Onto: "#ffffff", Cursor: "#8a93a0",
		Badge: "#e8e8f0", BadgeIn: "#10141c", Halted: "#8f98a6", HaltedIn: "#10141c", Message: "#1d4f6b", MessageIn: "#ffffff",
		Waiting: "#6a7686", Working: "#56b4e9", Ready: "#cc79a7", Asleep: "#4a4a5e", AsleepIn: "#c8c8e0", Again: "#f0e442", AgainIn: "#201c00",
		Fresh: "#0072b2", Old: "#b06a00", Stale: "#7a2a00", Service: "#5f8fa0", Unsent: "#cc79a7", Eagain: "#a67c00", Accept: "#a67c00", Bad: "#cc5f00", Good: "#2b8ac6"},
}

// themeNames lists the themes that can be asked for.
func themeNames(custom map[string]Palette) []string {
	names := slices.Collect(maps.Keys(Themes))
	for n := range custom {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// FindTheme resolves a theme by name: one of the settings file, else one of Themes, with what it is based on filled in.
func FindTheme(name string, custom map[string]Palette) (Palette, error) {
	return findTheme(name, custom, 0)
}

func findTheme(name string, custom map[string]Palette, depth int) (Palette, error) {
	if name == "" {
		name = "terminal"
	}
	name = strings.ReplaceAll(name, "color", "colour")
	p, ok := custom[name]
	if !ok {
		if p, ok = Themes[name]; !ok {
			return p, fmt.Errorf("there is no theme %q: %s", name, strings.Join(themeNames(custom), ", "))
		}
		return p, nil
	}
	if depth > 8 {
		return p, fmt.Errorf("theme %s is based on itself", name)
	}
	base := Themes["terminal"]
	if own, shadows := Themes[name]; shadows && p.Base == "" {
		base = own
	} else if p.Base != "" {
		var err error
		if base, err = findTheme(p.Base, custom, depth+1); err != nil {
			return p, fmt.Errorf("theme %s: %w", name, err)
		}
	}
	from, to := reflect.ValueOf(p), reflect.ValueOf(&base).Elem()
	for i := range from.NumField() {
		s := from.Field(i).String()
		if s == "" {
			continue
		}
		n := from.Type().Field(i)
		if n.Name != "Base" && tcell.GetColor(s) == tcell.ColorDefault {
			return p, fmt.Errorf("theme %s: %s = %q is not a colour; write it as #rrggbb", name, n.Tag.Get("toml"), s)
		}
		if now := n.Tag.Get("now"); now == "" {
			to.Field(i).SetString(s)
		} else if from.FieldByName(now).String() == "" {
			to.FieldByName(now).SetString(s)
		}
	}
	return base, nil
}
