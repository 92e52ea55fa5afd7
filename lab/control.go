package lab

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"evviz/loop"
	"evviz/scenarios"
	"evviz/trace"
)

// control is the lab as others see it: the screen's Lab, the scenarios' Lab and Observer.
type control struct{ s *Session }

// nextTrigger is the order in which a key goes through the triggers.
var nextTrigger = map[uint32]uint32{trace.TriggerLevel: trace.TriggerEdge, trace.TriggerEdge: trace.TriggerOneshot, trace.TriggerOneshot: trace.TriggerLevel}

// CycleTrigger goes from level to edge, to oneshot and back; from a mode without triggers it goes to epoll level.
func (e *control) CycleTrigger() (string, error) {
	driver, trigger := e.s.loop.Mode()
	next := uint32(trace.TriggerLevel)
	if driver == trace.DriverEpoll {
		next = nextTrigger[trigger]
	}
	if err := e.s.loop.Switch(trace.DriverEpoll, next); err != nil {
		return "", err
	}
	word := strings.ToUpper(trace.TriggerNames.Word(next))
	if driver != trace.DriverEpoll {
		return fmt.Sprintf("%s has no trigger: the server is now epoll %s, connections kept", trace.DriverNames.Word(driver), word), nil
	}
	switch next {
	case trace.TriggerEdge:
		return "epoll EDGE: each arrival makes one event; data that is not drained then stays unread", nil
	case trace.TriggerOneshot:
		return "epoll ONESHOT: each event disarms its descriptor, and the handler arms it again (--rearm)", nil
	}
	return "epoll LEVEL: what is not drained is reported again, and stranded data is reported now", nil
}

// CycleTriggerOf does it for one descriptor.
func (e *control) CycleTriggerOf(fd int32, gen uint32) (string, error) {
	driver, _ := e.s.loop.Mode()
	if driver != trace.DriverEpoll {
		return "", fmt.Errorf("%s has no trigger; press t for epoll", trace.DriverNames.Word(driver))
	}
	trigger, err := e.s.loop.TriggerOf(fd, 0)
	if err != nil {
		return "", err
	}
	next := nextTrigger[trigger]
	if err := e.s.loop.SwitchOne(fd, 0, next); err != nil {
		return "", err
	}
	return fmt.Sprintf("fd %d is now %s-triggered, the others as before", fd, trace.TriggerNames.Word(next)), nil
}

// CycleMode goes through the mechanisms that can be entered while the server runs. One that cannot run with the present
// settings is passed over, and the words say why.
func (e *control) CycleMode() (string, error) {
	select {
	case <-e.s.loop.Done():
		return "", errors.New("the server has ended, so there is nothing to switch")
	default:
	}
	driver, trigger := e.s.loop.Mode()
	if !loop.Live(driver) {
		return "", e.s.loop.Switch(trace.DriverEpoll, trace.TriggerLevel) // which says why not
	}
	if trigger == trace.TriggerNone {
		trigger = trace.TriggerLevel
	}
	var passed error
	at := slices.Index(loop.Drivers, driver)
	for i := 1; i < len(loop.Drivers); i++ {
		next := loop.Drivers[(at+i)%len(loop.Drivers)]
		if !loop.Live(next) {
			continue
		}
		if err := e.s.loop.Switch(next, trigger); err != nil {
			passed = errors.Join(passed, err)
			continue
		}
		words := fmt.Sprintf("the server now runs as %s, connections kept", trace.DriverNames.Word(next))
		if passed != nil {
			words += " (" + strings.ReplaceAll(passed.Error(), "\n", "; ") + ")"
		}
		return words, nil
	}
	return "", passed
}

// Describe is for the header.
func (e *control) Describe() (serve, address, scenario string) {
	if script, _ := e.s.Traffic(); script != nil {
		scenario = script.Title
	}
	return e.s.loop.Serves(), e.s.loop.Addr(), scenario
}

// Set turns a knob for a scenario; mode and trigger are switched the same way as by a key.
func (e *control) Set(name, value string) error {
	return e.SetAll([]scenarios.Knob{{Name: name, Value: value}})
}

// SetAll turns the knobs first, all of them between two turns of the loop, and then switches mode and trigger.
func (e *control) SetAll(knobs []scenarios.Knob) error {
	var pairs []trace.Pair
	var mode, trigger string
	for _, k := range knobs {
		switch name := strings.ReplaceAll(k.Name, "_", "-"); name {
		case "mode":
			mode = k.Value
		case "trigger":
			trigger = k.Value
		default:
			pairs = append(pairs, trace.Pair{Key: name, Value: k.Value})
		}
	}
	if len(pairs) > 0 {
		if err := e.s.loop.Set(pairs...); err != nil {
			return err
		}
	}
	if mode == "" && trigger == "" {
		return nil
	}
	driver, now := e.s.loop.Mode()
	if mode == "" {
		mode = trace.DriverNames.Word(driver)
	}
	b := loop.Default()
	if now != trace.TriggerNone {
		b.Trigger = now
	}
	if err := SetMode(&b, mode, trigger); err != nil {
		return err
	}
	return e.s.loop.Switch(b.Driver, b.Trigger)
}

// End stops the server when a story has come to its end, if the session is over then. The story's connections are still
// open: what its expectations are held against is the run and not its dismantling.
func (e *control) End() error {
	if e.s.endsWithStory {
		e.s.loop.StopFor(trace.StopAsked)
	}
	return nil
}
