package tui

import (
	"fmt"
	"strings"

	"evviz/words"
)

// What the keys s, o and c open: the lists of scenarios and of settings, and the client by hand.

// chooseScenario is s.
func (u *ui) chooseScenario() {
	lab := u.opt.Lab.(ScenarioLab)
	c := &chooser{title: "Other client traffic for the running server", help: "Enter starts it; the connections of the present traffic end"}
	_, _, now := u.opt.Lab.Describe()
	for _, s := range lab.Scenarios() {
		if s.Title == now {
			c.at = len(c.items)
		}
		c.items = append(c.items, choice{name: s.Name, value: s.Title, about: s.About, pick: func(u *ui) {
			u.chooser = nil
			u.ask(func() (string, error) { return lab.StartScenario(s.Name) })
		}})
	}
	u.chooser = c
}

func (u *ui) scenarioNames() (out []string) {
	if lab, ok := u.opt.Lab.(ScenarioLab); ok {
		for _, s := range lab.Scenarios() {
			out = append(out, s.Name)
		}
	}
	return out
}

// chooseKnob is o: every setting with its value and what it does. Enter goes to the next value where there are few, and
// asks for one where there are many.
func (u *ui) chooseKnob() {
	lab := u.opt.Lab.(KnobLab)
	u.chooser = &chooser{title: "Settings of the server", refresh: func(u *ui, c *chooser) {
		c.items = c.items[:0]
		for _, k := range lab.Knobs() {
			value := k.Value
			if value == "" {
				value = "-"
			}
			if k.Value != k.Default {
				value += "   (usually " + or(k.Default, "-") + ")"
			}
			about := k.About
			if k.Idle {
				about += " - without meaning in the present mode"
			}
			c.items = append(c.items, choice{name: k.Name, value: value, about: about, off: k.Idle, pick: func(u *ui) { u.turnKnob(lab, k) }})
		}
	}}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// turnKnob changes a setting.
func (u *ui) turnKnob(lab KnobLab, k Knob) {
	set := func(v string) { u.ask(func() (string, error) { return lab.SetKnob(k.Name, v) }) }
	if len(k.Choices) > 0 {
		next := k.Choices[0]
		for i, c := range k.Choices {
			if c == k.Value {
				next = k.Choices[(i+1)%len(k.Choices)]
			}
		}
		set(next)
		return
	}
	p := &prompt{label: k.Name + " = ", done: func(_ *ui, s string) { set(strings.TrimSpace(s)) }}
	p.set(k.Value)
	u.prompt = p
}

func (u *ui) knobList() []Knob {
	if lab, ok := u.opt.Lab.(KnobLab); ok {
		return lab.Knobs()
	}
	return nil
}

func (u *ui) knobNames() (out []string) {
	for _, k := range u.knobList() {
		out = append(out, k.Name)
	}
	return out
}

func (u *ui) knobChoices(name string) []string {
	for _, k := range u.knobList() {
		if k.Name == name {
			return k.Choices
		}
	}
	return nil
}

func (u *ui) knobAbout(name string) string {
	for _, k := range u.knobList() {
		if k.Name == name {
			return k.Value + "  " + k.About
		}
	}
	return ""
}

// setCommand is ":set KNOB VALUE".
func (u *ui) setCommand(arg string) error {
	lab, ok := u.opt.Lab.(KnobLab)
	if !ok {
		return fmt.Errorf("set: %s", missing["knobs"])
	}
	name, value, has := strings.Cut(arg, " ")
	name, value, hasSign := cutSign(name, value)
	if !has && !hasSign {
		return fmt.Errorf("set %s: to what?", name)
	}
	u.ask(func() (string, error) { return lab.SetKnob(name, strings.TrimSpace(value)) })
	return nil
}

// cutSign takes "reads=drain" as well as "reads drain".
func cutSign(name, value string) (string, string, bool) {
	if n, v, ok := strings.Cut(name, "="); ok {
		return n, v, true
	}
	return name, value, false
}

// byHand is c: one more client, led by hand. Its connection is a lane like the others.
func (u *ui) byHand() {
	lab := u.opt.Lab.(ClientLab)
	do := func(what, text string) { u.ask(func() (string, error) { return lab.Client(what, text) }) }
	u.chooser = &chooser{title: "One more client, by hand", refresh: func(u *ui, c *chooser) {
		st := lab.ClientState()
		state := "not connected"
		switch {
		case st.Connected:
			state = fmt.Sprintf("connected from %s, sent %s, received %s", st.Address, words.Bytes(st.Sent), words.Bytes(st.Got))
			if st.HalfClose {
				state += ", has finished sending"
			}
		case st.Ended != "":
			state = "not connected: " + st.Ended
		}
		c.items = append(c.items[:0],
			choice{name: "connect", value: state, about: "opens a connection to the server, as nc does", off: st.Connected, pick: func(*ui) { do("connect", "") }},
			choice{name: "type", value: st.Last, about: "type a line and send it; the answer stands here. \\n is a new line, \\xHH a byte", off: !st.Connected || st.HalfClose, pick: func(u *ui) {
				u.prompt = &prompt{label: "send: ", past: &u.typed.words, done: func(_ *ui, s string) { do("send", s) }}
			}},
			choice{name: "send 64 KiB", about: "sends much more than one read takes, which shows what is left over", off: !st.Connected || st.HalfClose, pick: func(*ui) { do("send-much", "65536") }},
			choice{name: "half-close", about: "shutdown(SHUT_WR): the server reads the end of file, and may still answer", off: !st.Connected || st.HalfClose, pick: func(*ui) { do("half-close", "") }},
			choice{name: "reset", about: "close with SO_LINGER 0: the server gets ECONNRESET", off: !st.Connected, pick: func(*ui) { do("reset", "") }},
			choice{name: "close", about: "an ordinary close", off: !st.Connected, pick: func(*ui) { do("close", "") }})
	}}
}

// saveFlight is S.
func (u *ui) saveFlight() {
	u.ask(func() (string, error) { return u.opt.Saver.Save("") })
}
