package tui

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/words"
)

// controls are what the keys t, T, m, s, o and c do to a lab: its triggering, its mechanism, its traffic, its settings, and one more client,
// led by hand.
type controls struct {
	lab    Lab // nil: there is none
	scene  *scene
	worker *worker
	status *status
	dialog *dialog
}

func (c *controls) cycleTrigger() { c.worker.do(c.lab.CycleTrigger) }
func (c *controls) cycleMode()    { c.worker.do(c.lab.CycleMode) }

// cycleTriggerOne is T.
func (c *controls) cycleTriggerOne() {
	l := c.scene.selected()
	if l == nil || l.Closed != 0 || l.Kind != timeline.KindConn && l.Kind != timeline.KindListener {
		c.status.say("T: select an open connection or the listener first, with the arrows up and down")
		return
	}
	lab := c.lab
	c.worker.do(func() (string, error) { return lab.CycleTriggerOf(l.FD, l.Gen) })
}

// chooseScenario is s.
func (c *controls) chooseScenario() {
	lab := c.lab.(ScenarioLab)
	list := &chooser{title: "Other client traffic for the running server", help: "Enter starts it; the connections of the present traffic end"}
	_, _, now := c.lab.Describe()
	for _, s := range lab.Scenarios() {
		if s.Title == now {
			list.at = len(list.items)
		}
		list.items = append(list.items, item{name: s.Name, value: strings.TrimPrefix(s.Title, s.Name), about: s.About, pick: func() {
			c.dialog.list = nil
			c.worker.do(func() (string, error) { return lab.StartScenario(s.Name) })
		}})
	}
	c.dialog.list = list
}

func (c *controls) scenarioNames() (out []string) {
	if lab, ok := c.lab.(ScenarioLab); ok {
		for _, s := range lab.Scenarios() {
			out = append(out, s.Name)
		}
	}
	return out
}

// chooseKnob is o: every setting with its value and what it does. Enter goes to the next value where there are few, and
// asks for one where there are many.
func (c *controls) chooseKnob() {
	lab := c.lab.(KnobLab)
	c.dialog.list = &chooser{title: "Settings of the server", refresh: func(list *chooser) {
		list.items = list.items[:0]
		for _, k := range lab.Knobs() {
			value := k.Value
			if value == "" {
				value = "-"
			}
			if k.Value != k.Default {
				value += "   (default " + or(k.Default, "-") + ")"
			}
			about := k.About
			if k.Idle {
				about += ". It has no meaning in the present mode."
			}
			list.items = append(list.items, item{group: k.Group, name: k.Name, value: value, about: about, off: k.Idle, pick: func() { c.turnKnob(lab, k) }})
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
func (c *controls) turnKnob(lab KnobLab, k Knob) {
	set := func(v string) { c.worker.do(func() (string, error) { return lab.SetKnob(k.Name, v) }) }
	if len(k.Choices) > 0 {
		next := k.Choices[0]
		for i, x := range k.Choices {
			if x == k.Value {
				next = k.Choices[(i+1)%len(k.Choices)]
			}
		}
		set(next)
		return
	}
	p := &prompt{label: k.Name + " = ", done: func(s string) { set(strings.TrimSpace(s)) }}
	p.set(k.Value)
	c.dialog.line = p
}

func (c *controls) knobList() []Knob {
	if lab, ok := c.lab.(KnobLab); ok {
		return lab.Knobs()
	}
	return nil
}

func (c *controls) knobNames() (out []string) {
	for _, k := range c.knobList() {
		out = append(out, k.Name)
	}
	return out
}

func (c *controls) knobChoices(name string) []string {
	for _, k := range c.knobList() {
		if k.Name == name {
			return k.Choices
		}
	}
	return nil
}

func (c *controls) knobAbout(name string) string {
	for _, k := range c.knobList() {
		if k.Name == name {
			return k.Value + "  " + k.About
		}
	}
	return ""
}

// setCommand is ":set KNOB VALUE".
func (c *controls) setCommand(arg string) error {
	lab, ok := c.lab.(KnobLab)
	if !ok {
		return fmt.Errorf("set: %s", missing["knobs"])
	}
	name, value, has := strings.Cut(arg, " ")
	name, value, hasSign := cutSign(name, value)
	if !has && !hasSign {
		return fmt.Errorf("set %s: to what?", name)
	}
	c.worker.do(func() (string, error) { return lab.SetKnob(name, strings.TrimSpace(value)) })
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
func (c *controls) byHand() {
	lab := c.lab.(ClientLab)
	do := func(what, text string) { c.worker.do(func() (string, error) { return lab.Client(what, text) }) }
	c.dialog.list = &chooser{title: "One more client, by hand", refresh: func(list *chooser) {
		st := lab.ClientState()
		state := "not connected"
		switch {
		case st.Connected:
			what := "connected"
			if st.HalfClose {
				what = "half-closed"
			}
			state = fmt.Sprintf("%s, %s, %s out, %s in", what, words.Port(st.Address), words.Bytes(st.Sent), words.Bytes(st.Got))
		case st.Ended != "":
			state = "not connected: " + st.Ended
		}
		list.items = append(list.items[:0],
			item{name: "connect", value: state, about: "opens a connection to the server, as nc does", off: st.Connected, pick: func() { do("connect", "") }},
			item{name: "type", value: st.Last, about: "type a line and send it; the answer stands here. \\n is a new line, \\xHH a byte", off: !st.Connected || st.HalfClose, pick: func() {
				c.dialog.line = &prompt{label: "send: ", past: &c.dialog.past.words, done: func(s string) { do("send", s) }}
			}},
			item{name: "send 64 KiB", about: "sends much more than one read takes, which shows what is left over", off: !st.Connected || st.HalfClose, pick: func() { do("send-much", "65536") }},
			item{name: "half-close", about: "shutdown(SHUT_WR): the server reads the end of file, and may still answer", off: !st.Connected || st.HalfClose, pick: func() { do("half-close", "") }},
			item{name: "reset", about: "close with SO_LINGER 0: the server gets ECONNRESET", off: !st.Connected, pick: func() { do("reset", "") }},
			item{name: "close", about: "an ordinary close", off: !st.Connected, pick: func() { do("close", "") }})
	}}
}

// scenarioCommand is ":scenario NAME".
func (c *controls) scenarioCommand(name string) error {
	lab, ok := c.lab.(ScenarioLab)
	if !ok {
		return fmt.Errorf("%s", missing["scenarios"])
	}
	c.worker.do(func() (string, error) { return lab.StartScenario(name) })
	return nil
}

// clientCommand is ":client WHAT [TEXT]".
func (c *controls) clientCommand(arg string) error {
	lab, ok := c.lab.(ClientLab)
	if !ok {
		return fmt.Errorf("%s", missing["client"])
	}
	what, text, _ := strings.Cut(arg, " ")
	c.worker.do(func() (string, error) { return lab.Client(what, text) })
	return nil
}
