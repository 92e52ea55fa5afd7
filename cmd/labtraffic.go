package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"evviz/loop"
	"evviz/scenarios"
	"evviz/trace"
	"evviz/tui"
)

// startTraffic runs the session's scenario in a process of its own.
func (s *session) startTraffic() error {
	s.mu.Lock()
	script := s.script
	s.mu.Unlock()
	if script == nil {
		return nil
	}
	ring := s.rings.ring()
	c, err := startClients(script, &clientOptions{target: s.loop.Addr(), seed: s.seed, maxConns: s.maxConns, remote: s.remote}, &labEnd{s})
	if err != nil {
		ring.Close()
		return err
	}
	read := make(chan struct{})
	s.mu.Lock()
	s.clients, s.clientRd = c, read
	s.mu.Unlock()
	spawn(func() {
		defer close(read)
		trace.Pump(context.Background(), c.source, ring)
	})
	return nil
}

// endTraffic ends the clients, if there are any, and waits until everything they told has been read.
func (s *session) endTraffic() {
	s.mu.Lock()
	c, read := s.clients, s.clientRd
	s.clients, s.clientRd = nil, nil
	s.gone = c
	s.mu.Unlock()
	if c == nil {
		return
	}
	c.stop()
	<-read
	c.source.Close()
}

// traffic is what runs at present; nil parts when nothing does. After the end it is what ran last.
func (s *session) traffic() (*scenarios.Script, *clientProcess) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients == nil {
		return s.script, s.gone
	}
	return s.script, s.clients
}

// Scenarios implements tui.ScenarioLab.
func (e *labEnd) Scenarios() (out []tui.Scenario) {
	for _, g := range []string{scenarios.Traffic, scenarios.Lessons, scenarios.Museum} {
		for _, n := range scenarios.NamesOf(g) {
			s, err := scenarios.Load(n)
			if err != nil {
				continue // a test loads them all
			}
			out = append(out, tui.Scenario{Name: n, Title: s.Title, About: strings.Join(strings.Fields(s.About), " ")})
		}
	}
	return append(out, tui.Scenario{Name: "none", Title: "no traffic but your own"})
}

// StartScenario implements tui.ScenarioLab: the present clients end, their connections with them, the settings that the new
// story asks for are put into force, and its clients begin.
func (e *labEnd) StartScenario(name string) (string, error) {
	s := e.s
	var script *scenarios.Script
	if name != "none" {
		var err error
		if script, err = loadStory(name); err != nil {
			return "", err
		}
	}
	s.exchanging.Lock()
	defer s.exchanging.Unlock()
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended {
		return "", errors.New("the session is over")
	}
	s.endTraffic()
	s.mu.Lock()
	s.script, s.gone = script, nil
	s.mu.Unlock()
	var asked []scenarios.Knob
	if script != nil {
		asked = script.Knobs
	}
	told := ""
	if err := e.SetAll(asked); err != nil && len(asked) > 0 {
		told = "; it asks for settings that cannot be had here: " + err.Error()
	}
	if err := s.startTraffic(); err != nil {
		return "", err
	}
	_, _ = s.feed.Bookmark(s.feed.Present(), "scenario "+name) // not kept once the session is over, which is no loss
	if script == nil {
		return "no traffic now but your own: nc, curl, or c for a client by hand", nil
	}
	return fmt.Sprintf("traffic is now %s: %s%s", name, script.Title, told), nil
}

// Knobs implements tui.KnobLab: the settings as they are now, mode and trigger first.
func (e *labEnd) Knobs() []tui.Knob {
	now := map[string]string{}
	for _, k := range e.s.feed.Snapshot().Knobs {
		now[k.Name] = k.New
	}
	driver, trigger := e.s.loop.Mode()
	out := []tui.Knob{{Name: "mode", Value: trace.DriverNames.Word(driver), Default: trace.DriverNames.Word(driver), About: "the mechanism that the loop runs on"},
		{Name: "trigger", Value: trace.TriggerNames.Word(trigger), Default: trace.TriggerNames.Word(trigger), About: "when epoll reports a descriptor: level (while data is there), edge (when it comes), oneshot (once, until armed again)",
			Choices: []string{"level", "edge", "oneshot"}, Idle: driver != trace.DriverEpoll}}
	for _, d := range loop.Drivers {
		if loop.Live(d) {
			out[0].Choices = append(out[0].Choices, trace.DriverNames.Word(d))
		}
	}
	def := loop.Default()
	for i := range loop.Knobs {
		k := &loop.Knobs[i]
		v, changed := now[k.Name]
		if !changed {
			v = k.Get(&e.s.begun)
		}
		out = append(out, tui.Knob{Name: k.Name, Value: v, Default: k.Get(&def), About: k.Doc, Choices: knobChoices(k), Idle: !loop.Means(k.Name, driver)})
	}
	return out
}

// knobChoices are the values of a setting that takes one of a few words. They are read off its description and each is
// tried, so that a description which is no plain list yields none.
func knobChoices(k *loop.Knob) []string {
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
func (e *labEnd) SetKnob(name, value string) (string, error) {
	if name != "mode" && name != "trigger" {
		if _, ok := loop.FindKnob(name); !ok {
			s := fmt.Sprintf("there is no setting %q", name)
			var words []string
			for i := range loop.Knobs {
				words = append(words, loop.Knobs[i].Name)
			}
			if n := nearest(name, words); n != "" {
				s += fmt.Sprintf("; did you mean %s?", n)
			}
			return "", errors.New(s)
		}
	}
	if err := e.Set(name, value); err != nil {
		return "", errors.New(strings.TrimPrefix(err.Error(), "--")) // the words are the flags', and here it is none
	}
	return fmt.Sprintf("%s is now %s", name, value), nil
}

// failedTraffic is why the present scenario ended with an error, and its name; "" when it did not.
func (s *session) failedTraffic() (name, why string) {
	script, c := s.traffic()
	if script == nil || c == nil {
		return "", ""
	}
	return script.Name, c.failed()
}
