package lab

import (
	"errors"
	"fmt"
	"strings"

	"evviz/internal/spelling"
	"evviz/loop"
	"evviz/trace"
	"evviz/tui"
)

// Knobs implements tui.KnobLab: the settings as they are now, mode and trigger first.
func (e *control) Knobs() []tui.Knob {
	const whatRuns = "What runs"
	now := map[string]string{}
	for _, k := range e.s.Feed.Snapshot().Knobs {
		now[k.Name] = k.New
	}
	driver, trigger := e.s.loop.Mode()
	out := []tui.Knob{{Group: whatRuns, Name: "mode", Value: trace.DriverNames.Word(driver), Default: trace.DriverNames.Word(driver), About: "the mechanism that the loop runs on"},
		{Group: whatRuns, Name: "trigger", Value: trace.TriggerNames.Word(trigger), Default: trace.TriggerNames.Word(trigger), About: "when epoll reports a descriptor: level (while data is there), edge (when it comes), oneshot (once, until armed again)",
			Choices: []string{"level", "edge", "oneshot"}, Idle: driver != trace.DriverEpoll}}
	for _, d := range loop.Drivers {
		if loop.Live(d) {
			out[0].Choices = append(out[0].Choices, trace.DriverNames.Word(d))
		}
	}
	def := loop.Default()
	for _, k := range grouped() {
		v, changed := now[k.Name]
		if !changed {
			v = k.Get(&e.s.begun)
		}
		out = append(out, tui.Knob{Group: loop.KnobGroupOf(k.Name), Name: k.Name, Value: v, Default: k.Get(&def), About: k.Doc, Choices: KnobChoices(k), Idle: !loop.Means(k.Name, driver)})
	}
	return out
}

// KnobChoices are the values of a setting that takes one of a few words. They are read off its description and each is
// tried, so that a description which is no plain list yields none.
func KnobChoices(k *loop.Knob) []string {
	def := loop.Default()
	if v := k.Get(&def); v == "true" || v == "false" {
		return []string{"false", "true"}
	}
	_, list, ok := strings.Cut(k.Doc, ": ")
	if !ok {
		return nil
	}
	var out []string
	depth := 0
	for part := range strings.FieldsFuncSeq(list, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == ',' && depth == 0
	}) {
		word, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(part), "or "), " ")
		b := loop.Default()
		if word == "" || k.Set(&b, word) != nil || k.Get(&b) != word {
			return nil
		}
		out = append(out, word)
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// SetKnob implements tui.KnobLab.
func (e *control) SetKnob(name, value string) (string, error) {
	if name != "mode" && name != "trigger" {
		if _, ok := loop.FindKnob(name); !ok {
			s := fmt.Sprintf("there is no setting %q", name)
			var words []string
			for i := range loop.Knobs {
				words = append(words, loop.Knobs[i].Name)
			}
			if n := spelling.Nearest(name, words); n != "" {
				s += fmt.Sprintf("; did you mean %s?", n)
			}
			return "", errors.New(s)
		}
	}
	if err := e.Set(name, value); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is now %s", name, value), nil
}

// grouped are the settings of a loop, in the order of their groups.
func grouped() (out []*loop.Knob) {
	for _, g := range loop.KnobGroups {
		for _, name := range g.Names {
			for i := range loop.Knobs {
				if loop.Knobs[i].Name == name {
					out = append(out, &loop.Knobs[i])
				}
			}
		}
	}
	return out
}
