package tui

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"evviz/timeline"
)

// commandLine is what one types after ":" and "/". As any action has a name there, it reaches all of the screen.
type commandLine struct{ ui *ui }

// ask is ":".
func (l *commandLine) ask() {
	d := &l.ui.dialog
	d.line = &prompt{label: ":", done: l.execute, complete: l.complete, past: &d.past.commands}
	d.line.chosen = -1
}

// execute runs a line.
func (l *commandLine) execute(line string) {
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
			if k := l.ui.keyboard.action(name); k != nil {
				l.ui.run(k, name)
				return
			}
			l.ui.status.tell(true, fmt.Sprintf("%s %s: %s", c.name, c.want, c.about))
			return
		}
		if err := c.run(l.ui, arg); err != nil {
			l.ui.status.tell(true, err.Error())
		}
		return
	}
	if k := l.ui.keyboard.action(name); k != nil {
		if arg != "" {
			l.ui.status.tell(true, fmt.Sprintf("%s stands alone", name))
			return
		}
		l.ui.run(k, name)
		return
	}
	s := fmt.Sprintf("there is no command %q", name)
	for _, c := range l.names() {
		if strings.HasPrefix(c.text, name) {
			s += fmt.Sprintf("; %s?", c.text)
			break
		}
	}
	l.ui.status.tell(true, s)
}

// names are the names of commands and of actions.
func (l *commandLine) names() (out []completion) {
	seen := map[string]bool{}
	for _, c := range commands() {
		seen[c.name] = true
		out = append(out, completion{c.name, c.want + "  " + c.about})
	}
	for i := range l.ui.keyboard.keys {
		if k := &l.ui.keyboard.keys[i]; !seen[k.Name] {
			about := k.Help
			if !l.ui.keyboard.available(k) {
				about = missing[k.When]
			}
			out = append(out, completion{k.Name, about})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].text < out[j].text })
	return out
}

// complete is what a line could become.
func (l *commandLine) complete(line string) (out []completion) {
	name, arg, has := strings.Cut(line, " ")
	if !has {
		for _, c := range l.names() {
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
		for _, v := range l.ui.controls.knobChoices(knob) {
			if strings.HasPrefix(v, value) {
				out = append(out, completion{"set " + knob + " " + v, ""})
			}
		}
		return out
	}
	for _, v := range all[i].values(l.ui) {
		if strings.HasPrefix(v, arg) {
			about := ""
			if name == "set" {
				about = l.ui.controls.knobAbout(v)
			}
			out = append(out, completion{name + " " + v, about})
		}
	}
	return out
}

// askFilter is "/".
func (l *commandLine) askFilter() {
	x, d := &l.ui.lanes, &l.ui.dialog
	was := x.filter
	p := &prompt{label: "filter: ", past: &d.past.filters}
	p.typed = func(s string) {
		if f, err := timeline.ParseFilter(s); err == nil { // what is half typed may not be one yet
			x.filter = f
		}
	}
	p.done = func(s string) {
		if err := x.setFilter(s); err != nil {
			x.filter = was
			l.ui.status.tell(true, err.Error())
		}
	}
	p.gaveUp = func() { x.filter = was }
	p.complete = func(s string) (out []completion) {
		for _, c := range timeline.Suggest(s) {
			out = append(out, completion{c, ""})
		}
		return out
	}
	p.set(was.String())
	p.chosen = -1
	d.line = p
}
