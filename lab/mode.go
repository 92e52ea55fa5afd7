package lab

import (
	"fmt"

	"evviz/internal/spelling"
	"evviz/loop"
	"evviz/trace"
)

// ModeWords are the words for a mechanism: the mechanisms, and two short forms.
func ModeWords() []string {
	var out []string
	for _, d := range loop.Drivers {
		if out = append(out, trace.DriverNames.Word(d)); d == trace.DriverEpoll {
			out = append(out, "epoll-lt", "epoll-et")
		}
	}
	return out
}

// ModeError is why two words do not name a mechanism and its trigger.
type ModeError struct{ text func(mark string) string }

// Error has the settings' names as a story writes them.
func (e *ModeError) Error() string { return e.text("") }

// Marked has a mark before each setting's name, as the command line has dashes.
func (e *ModeError) Marked(mark string) string { return e.text(mark) }

// SetMode puts a mechanism and a trigger into a behaviour, by their words; "" is the usual one, and the mechanism that a trigger needs.
// The error is a *ModeError, or that of a behaviour which cannot run (loop.Behaviour.Check).
func SetMode(b *loop.Behaviour, mode, trigger string) error {
	wrong := func(text func(mark string) string) error { return &ModeError{text} }
	switch mode {
	case "":
		mode = "sleep-poll"
		if trigger != "" {
			mode = "epoll" // only epoll has triggers, so that is what was meant
		}
	case "epoll-lt", "epoll-et":
		want := map[string]string{"epoll-lt": "level", "epoll-et": "edge"}[mode]
		if trigger != "" && trigger != want {
			return wrong(func(mark string) string {
				return fmt.Sprintf("%smode %s and %strigger %s contradict each other", mark, mode, mark, trigger)
			})
		}
		mode, trigger = "epoll", want
	}
	d, ok := trace.DriverNames.Value(mode)
	if !ok || d == 0 {
		return wrong(func(mark string) string { return spelling.NotOneOf(mark+"mode", mode, ModeWords()) })
	}
	b.Driver = d
	if trigger == "" {
		return b.Check()
	}
	if d != trace.DriverEpoll {
		return wrong(func(mark string) string {
			return fmt.Sprintf("%strigger %s does not go with %smode %s: only epoll has a trigger", mark, trigger, mark, mode)
		})
	}
	t, ok := trace.TriggerNames.Value(trigger)
	if !ok || t == trace.TriggerNone {
		return wrong(func(mark string) string { return spelling.NotOneOf(mark+"trigger", trigger, trace.TriggerNames[1:]) })
	}
	b.Trigger = t
	return b.Check()
}
