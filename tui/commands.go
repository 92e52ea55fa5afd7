package tui

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"evviz/timeline"
)

// The ":" line takes the names of the key table (":zoom-in"), and these, with what they want to know:
//
//	view NAME        goto TIME|PERCENT     span DURATION     filter WORDS     sort ORDER
//	set KNOB VALUE   mode NAME             trigger NAME      scenario NAME    client WHAT [TEXT]
//	record [FILE]    save [WORD]           bookmark [WORDS]  screenshot FILE  theme NAME      symbols NAME
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
				u.show1(v)
			}
			return err
		}},
		{"goto", "TIME|PERCENT", "go to a moment: 12.5, 12.5s, 1m30s, 40%; +2s and -500ms go on from here", nil, (*ui).gotoCommand},
		{"span", "DURATION", "how much time a screen shows: 500ms, 10s", func(*ui) []string { return []string{"10ms", "100ms", "1s", "4s", "10s", "1m"} }, func(u *ui, s string) error {
			d, err := time.ParseDuration(s)
			if err != nil || int64(d) < minSpan || int64(d) > maxSpan {
				return fmt.Errorf("span %s: want a time from 1ms to 30m", s)
			}
			u.zoomTo(int64(d))
			return nil
		}},
		{"filter", "WORDS", "show only what matches; nothing: everything", nil, func(u *ui, s string) error { return u.setFilter(s) }},
		{"sort", "ORDER", "sort the lanes", func(*ui) []string { return orderNames[:] }, func(u *ui, s string) error {
			i := slices.Index(orderNames[:], s)
			if i < 0 {
				return fmt.Errorf("sort %s: %s", s, strings.Join(orderNames[:], ", "))
			}
			u.sorted = laneOrder(i)
			return nil
		}},
		{"set", "KNOB VALUE", "change a setting of the server", (*ui).knobNames, (*ui).setCommand},
		{"mode", "NAME", "switch the mechanism", func(u *ui) []string { return u.knobChoices("mode") }, func(u *ui, s string) error { return u.setCommand("mode " + s) }},
		{"trigger", "NAME", "switch the triggering", func(u *ui) []string { return u.knobChoices("trigger") }, func(u *ui, s string) error { return u.setCommand("trigger " + s) }},
		{"scenario", "NAME", "other client traffic", (*ui).scenarioNames, func(u *ui, s string) error {
			lab, ok := u.opt.Lab.(ScenarioLab)
			if !ok {
				return fmt.Errorf("%s", missing["scenarios"])
			}
			u.ask(func() (string, error) { return lab.StartScenario(s) })
			return nil
		}},
		{"client", "WHAT [TEXT]", "the client by hand", func(*ui) []string { return []string{"connect", "send ", "half-close", "reset", "close"} }, func(u *ui, s string) error {
			lab, ok := u.opt.Lab.(ClientLab)
			if !ok {
				return fmt.Errorf("%s", missing["client"])
			}
			what, text, _ := strings.Cut(s, " ")
			u.ask(func() (string, error) { return lab.Client(what, text) })
			return nil
		}},
		{"record", "[FILE]", "record to a file, or stop", nil, (*ui).recordCommand},
		{"save", "[WORD]", "save the last seconds to a file", nil, func(u *ui, s string) error {
			if u.opt.Saver == nil {
				return fmt.Errorf("%s", missing["saver"])
			}
			u.ask(func() (string, error) { return u.opt.Saver.Save(s) })
			return nil
		}},
		{"bookmark", "[WORDS]", "set a bookmark at the cursor", nil, func(u *ui, s string) error {
			u.bookmark()
			done := u.prompt
			u.prompt = nil
			if done != nil {
				done.done(u, s)
			}
			return nil
		}},
		{"screenshot", "FILE", "write this screen to a .svg, .txt or .ans file", nil, func(u *ui, s string) error {
			if u.opt.Draft == nil {
				return fmt.Errorf("screenshot: not here")
			}
			if s == "" {
				return fmt.Errorf("screenshot: which file?")
			}
			p := u.picture()
			u.ask(func() (string, error) { return "wrote " + s, u.opt.Draft(s, p) })
			return nil
		}},
		{"theme", "NAME", "other colours", func(u *ui) []string { return themeNames(u.opt.Custom) }, func(u *ui, s string) error {
			if _, err := FindTheme(s, u.opt.Custom); err != nil {
				return err
			}
			u.setTheme(s)
			return nil
		}},
		{"symbols", "NAME", "other glyphs", func(*ui) []string { return SymbolSets }, func(u *ui, s string) error {
			if !slices.Contains(SymbolSets, s) {
				return fmt.Errorf("symbols %s: %s", s, strings.Join(SymbolSets, ", "))
			}
			u.sym = newSymbols(s, u.screen)
			return nil
		}},
		{"speed", "X", "replay at so many times real time, 0.1 to 100", nil, func(u *ui, s string) error {
			x, err := strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
			if err != nil || !(x >= 0.1 && x <= 100) { // NaN is neither
				return fmt.Errorf("speed %s: want 0.1 to 100", s)
			}
			if u.speeder == nil {
				return fmt.Errorf("speed: %s", missing["replay"])
			}
			u.speeder.SetSpeed(x)
			return nil
		}},
		{"explain", "EVnn", "the page of a rule", (*ui).ruleNames, (*ui).explainRule},
	}
}

// askCommand is ":".
func (u *ui) askCommand() {
	u.prompt = &prompt{label: ":", done: (*ui).execute, complete: (*ui).completeCommand, past: &u.typed.commands}
	u.prompt.chosen = -1
}

// execute runs a line.
func (u *ui) execute(line string) {
	name, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
	arg = strings.TrimSpace(arg)
	if name == "" {
		return
	}
	if name == "q" {
		name = "quit"
	}
	all := commands()
	if i := slices.IndexFunc(all, func(c command) bool { return c.name == name }); i >= 0 {
		c := &all[i]
		// A command whose word is an action too is the action when it is given nothing.
		if arg == "" && !strings.HasPrefix(c.want, "[") && c.name != "filter" {
			if k := u.action(name); k != nil {
				u.run(k, name)
				return
			}
			u.tell(true, fmt.Sprintf("%s %s: %s", c.name, c.want, c.about))
			return
		}
		if err := c.run(u, arg); err != nil {
			u.tell(true, err.Error())
		}
		return
	}
	if k := u.action(name); k != nil {
		if arg != "" {
			u.tell(true, fmt.Sprintf("%s stands alone", name))
			return
		}
		u.run(k, name)
		return
	}
	s := fmt.Sprintf("there is no command %q", name)
	for _, c := range u.commandNames() {
		if strings.HasPrefix(c.text, name) {
			s += fmt.Sprintf("; %s?", c.text)
			break
		}
	}
	u.tell(true, s)
}

func (u *ui) action(name string) *key {
	for i := range u.keys {
		if u.keys[i].Name == name {
			return &u.keys[i]
		}
	}
	return nil
}

func (u *ui) commandNames() (out []completion) {
	seen := map[string]bool{}
	for _, c := range commands() {
		seen[c.name] = true
		out = append(out, completion{c.name, c.want + "  " + c.about})
	}
	for i := range u.keys {
		if k := &u.keys[i]; !seen[k.Name] {
			about := k.Help
			if !u.available(k) {
				about = missing[k.When]
			}
			out = append(out, completion{k.Name, about})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].text < out[j].text })
	return out
}

// completeCommand is what a line could become.
func (u *ui) completeCommand(line string) (out []completion) {
	name, arg, has := strings.Cut(line, " ")
	if !has {
		for _, c := range u.commandNames() {
			if strings.HasPrefix(c.text, name) {
				out = append(out, c)
			}
		}
		return out
	}
	if name == "filter" {
		for _, s := range timeline.Suggest(arg) {
			out = append(out, completion{"filter " + s, ""})
		}
		return out
	}
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 || all[i].values == nil {
		return nil
	}
	if knob, value, ok := strings.Cut(arg, " "); ok && name == "set" {
		for _, v := range u.knobChoices(knob) {
			if strings.HasPrefix(v, value) {
				out = append(out, completion{"set " + knob + " " + v, ""})
			}
		}
		return out
	}
	for _, v := range all[i].values(u) {
		if strings.HasPrefix(v, arg) {
			about := ""
			if name == "set" {
				about = u.knobAbout(v)
			}
			out = append(out, completion{name + " " + v, about})
		}
	}
	return out
}

// SymbolSets are what --symbols takes.
var SymbolSets = []string{"auto", "braille", "block", "ascii"}

// askFilter is "/".
func (u *ui) askFilter() {
	was := u.filter
	p := &prompt{label: "filter: ", past: &u.typed.filters}
	p.typed = func(u *ui, s string) {
		if f, err := timeline.ParseFilter(s); err == nil { // what is half typed may not be one yet
			u.filter = f
		}
	}
	p.done = func(u *ui, s string) {
		if err := u.setFilter(s); err != nil {
			u.filter = was
			u.tell(true, err.Error())
		}
	}
	p.gaveUp = func(u *ui) { u.filter = was }
	p.complete = func(_ *ui, s string) (out []completion) {
		for _, c := range timeline.Suggest(s) {
			out = append(out, completion{c, ""})
		}
		return out
	}
	p.set(was.String())
	p.chosen = -1
	u.prompt = p
}

func (u *ui) setFilter(s string) error {
	f, err := timeline.ParseFilter(s)
	if err != nil {
		return err
	}
	u.filter, u.top = f, 0
	return nil
}

// gotoCommand goes to a moment.
func (u *ui) gotoCommand(s string) error {
	if u.frame == nil {
		return nil
	}
	first, last := u.frame.snap.First, u.lastMoment()
	if u.seeker != nil {
		first, last = u.seeker.Bounds()
	}
	at := int64(0)
	switch {
	case strings.HasSuffix(s, "%"):
		x, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
		if err != nil || !(x >= 0 && x <= 100) { // NaN is neither
			return fmt.Errorf("goto %s: want 0%% to 100%%", s)
		}
		at = first + int64(float64(last-first)*x/100)
	default:
		d, err := time.ParseDuration(s)
		if err != nil {
			x, e := strconv.ParseFloat(s, 64)
			if e != nil || x != x || x > 1e9 || x < -1e9 {
				return fmt.Errorf("goto %s: want a time like 12.5, 500ms or 1m30s, or a share like 40%%", s)
			}
			d = time.Duration(x * 1e9)
		}
		at = first + int64(d)
		if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
			here := u.cursor
			if here == 0 {
				_, here = u.frame.seen()
			}
			at = here + int64(d)
		}
	}
	if at < first || at > last {
		return fmt.Errorf("goto %s: it goes from 0 to %s s", s, seconds(last-first, 3))
	}
	if u.seeker != nil {
		u.leap(at)
		return nil
	}
	u.goTo(at)
	u.cursor = at
	return nil
}

func (u *ui) recordCommand(path string) error {
	if u.opt.Recorder == nil {
		return fmt.Errorf("record: %s", missing["record"])
	}
	if path == "" {
		u.toggleRecord()
		return nil
	}
	r := u.opt.Recorder
	if st := r.Status(); st.On {
		return fmt.Errorf("record to %s: already recording to %s; r stops that", path, st.Path)
	}
	u.startRecording(path)
	return nil
}
