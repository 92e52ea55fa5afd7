package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"evviz/figures"
	"evviz/scenarios"
	"evviz/show"
	"evviz/trace"
	"evviz/tui"
)

// startTraffic runs the session's scenario in a process of its own.
func (s *Session) startTraffic() error {
	s.mu.Lock()
	script := s.script
	s.mu.Unlock()
	if script == nil {
		return nil
	}
	ring := s.rings.ring()
	c, err := StartClients(script, &ClientOptions{Target: s.loop.Addr(), Seed: s.seed, MaxConns: s.maxConns, Remote: s.remote}, &control{s})
	if err != nil {
		ring.Close()
		return err
	}
	read := make(chan struct{})
	s.mu.Lock()
	s.clients, s.clientRd = c, read
	s.mu.Unlock()
	show.Go(func() {
		defer close(read)
		trace.Pump(context.Background(), c.Source, ring)
	})
	return nil
}

// endTraffic ends the clients, if there are any, and waits until everything they told has been read.
func (s *Session) endTraffic() {
	s.mu.Lock()
	c, read := s.clients, s.clientRd
	s.clients, s.clientRd = nil, nil
	s.gone = c
	s.mu.Unlock()
	if c == nil {
		return
	}
	c.Stop()
	<-read
	c.Source.Close()
}

// Traffic is what runs at present; nil parts when nothing does. After the end it is what ran last.
func (s *Session) Traffic() (*scenarios.Script, *ClientProcess) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients == nil {
		return s.script, s.gone
	}
	return s.script, s.clients
}

// Scenarios implements tui.ScenarioLab.
func (e *control) Scenarios() (out []tui.Scenario) {
	for _, g := range []string{scenarios.Traffic, scenarios.Lessons, scenarios.Museum} {
		for _, n := range scenarios.NamesOf(g) {
			s, err := scenarios.Load(figures.Stories{}, n)
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
func (e *control) StartScenario(name string) (string, error) {
	s := e.s
	var script *scenarios.Script
	if name != "none" {
		var err error
		if script, err = LoadStory(name); err != nil {
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
	_, _ = s.Feed.Bookmark(s.Feed.Present(), "scenario "+name) // not kept once the session is over, which is no loss
	if script == nil {
		return "no traffic now but your own: nc, curl, or c for a client by hand", nil
	}
	return fmt.Sprintf("traffic is now %s: %s%s", name, script.Title, told), nil
}

// FailedTraffic is why the present scenario ended with an error, and its name; "" when it did not.
func (s *Session) FailedTraffic() (name, why string) {
	script, c := s.Traffic()
	if script == nil || c == nil {
		return "", ""
	}
	return script.Name, c.Failed()
}
