package loop

import (
	"strconv"
	"time"
)

// Serving is the part of a Behaviour that says what the server serves, which timers it runs, how it looks names up, where
// it connects to and how it ends.
type Serving struct {
	Serve Serve // for connections accepted from now on
	Echo  Echo

	IdleTimeout time.Duration // close a connection that has sent nothing for so long; 0 never
	Tick        time.Duration // period of a timer that does TickWork; 0 none
	TickWork    Work
	TickRearm   TickRearm

	Resolve      Resolve
	ResolveDelay time.Duration // before the lab's name server answers
	ResolveCache bool          // keep what was found for its time to live

	Shutdown Ending
}

func defaultServing() Serving {
	return Serving{ResolveCache: true}
}

// Settings of the server, for the table Knobs.
var (
	knobServe = Knob{"serve", "what new connections are served: echo, commands, delay",
		choice(func(b *Behaviour) *Serve { return &b.Serve }, "echo", "commands", "delay"),
		choose(func(b *Behaviour) *Serve { return &b.Serve }, "echo", "commands", "delay")}
	knobEcho = Knob{"echo", "what echo answers: exact, whole-buffer (whatever was read, the mistake)",
		choice(func(b *Behaviour) *Echo { return &b.Echo }, "exact", "whole-buffer"),
		choose(func(b *Behaviour) *Echo { return &b.Echo }, "exact", "whole-buffer")}
	knobIdleTimeout = Knob{"idle-timeout", "close a connection that sent nothing for so long; 0 never",
		func(b *Behaviour) string { return b.IdleTimeout.String() },
		duration(func(b *Behaviour) *time.Duration { return &b.IdleTimeout }, 0, 24*time.Hour)}
	knobTick = Knob{"tick", "period of a repeating timer; 0 none",
		func(b *Behaviour) string { return b.Tick.String() },
		duration(func(b *Behaviour) *time.Duration { return &b.Tick }, 0, 24*time.Hour)}
	knobTickWork = Knob{"tick-work", "what the repeating timer's callback does: none, cpu:DURATION, sleep:DURATION",
		func(b *Behaviour) string { return b.TickWork.String() },
		func(b *Behaviour, v string) (err error) { b.TickWork, err = ParseWork(v); return }}
	knobTickRearm = Knob{"tick-rearm", "the next tick is counted from: absolute (when it was due), relative (when the callback ended; drifts)",
		choice(func(b *Behaviour) *TickRearm { return &b.TickRearm }, "absolute", "relative"),
		choose(func(b *Behaviour) *TickRearm { return &b.TickRearm }, "absolute", "relative")}
	knobResolve = Knob{"resolve", "who waits for a name's address: pool (a worker), blocking (the loop's thread), evented (nobody)",
		choice(func(b *Behaviour) *Resolve { return &b.Resolve }, "pool", "blocking", "evented"),
		choose(func(b *Behaviour) *Resolve { return &b.Resolve }, "pool", "blocking", "evented")}
	knobResolveCache = Knob{"resolve-cache", "keep the addresses of names that were found: true, false",
		func(b *Behaviour) string { return strconv.FormatBool(b.ResolveCache) },
		boolean(func(b *Behaviour) *bool { return &b.ResolveCache })}
	knobResolveDelay = Knob{"resolve-delay", "how long the lab's own name server takes to answer",
		func(b *Behaviour) string { return b.ResolveDelay.String() },
		duration(func(b *Behaviour) *time.Duration { return &b.ResolveDelay }, 0, time.Minute)}
	knobShutdown = Knob{"shutdown", "how the loop ends: close, drain (first sends what it owes, for at most 2s)",
		choice(func(b *Behaviour) *Ending { return &b.Shutdown }, "close", "drain"),
		choose(func(b *Behaviour) *Ending { return &b.Shutdown }, "close", "drain")}
)
