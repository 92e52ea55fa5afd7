package loop

import (
	"fmt"
	"net"
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

	Connect        string        // "" nowhere, "self", or host:port
	Streams        int           // how many connections to there
	StreamDelay    time.Duration // stream i of n asks for an answer after (n-i) times this
	RegisterOrder  RegisterOrder
	CountEOF       bool // count an answer again when its end of file is reported again
	Reconnect      bool
	ReconnectTries int // attempts in a row; 0 for ever
	Heartbeat      time.Duration
	HeartbeatWait  bool

	Shutdown Ending
}

func defaultServing() Serving {
	return Serving{ResolveCache: true, Streams: 1, StreamDelay: time.Second}
}

// Settings of the server, for the table Knobs.
var (
	knobServe = Knob{"serve", "what new connections are served: echo, commands, delay",
		choice(func(b *Behaviour) *Serve { return &b.Serve }, "echo", "commands", "delay"),
		choose(func(b *Behaviour) *Serve { return &b.Serve }, "echo", "commands", "delay")}
	knobEcho = Knob{"echo", "what echo answers: exact, whole-buffer (whatever was read, the mistake)",
		choice(func(b *Behaviour) *Echo { return &b.Echo }, "exact", "whole-buffer"),
		choose(func(b *Behaviour) *Echo { return &b.Echo }, "exact", "whole-buffer")}
	knobIdleTimeout = Knob{"idle-timeout", "close a connection that sent nothing for this long; 0 never",
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
	knobConnect = Knob{"connect", "connect streams to a server: HOST:PORT, or self; empty nowhere",
		func(b *Behaviour) string { return b.Connect }, setConnect}
	knobStreams = Knob{"streams", "how many connections connect makes",
		func(b *Behaviour) string { return strconv.Itoa(b.Streams) },
		number(func(b *Behaviour) *int { return &b.Streams }, 1, 1<<16)}
	knobStreamDelay = Knob{"stream-delay", "stream i of n asks for its answer after (n-i) times this",
		func(b *Behaviour) string { return b.StreamDelay.String() },
		duration(func(b *Behaviour) *time.Duration { return &b.StreamDelay }, 0, time.Minute)}
	knobRegisterOrder = Knob{"register-order", "a connecting socket is registered: late (after connect), early (before it: hung up at once)",
		choice(func(b *Behaviour) *RegisterOrder { return &b.RegisterOrder }, "late", "early"),
		choose(func(b *Behaviour) *RegisterOrder { return &b.RegisterOrder }, "late", "early")}
	knobCountEOF = Knob{"count-eof", "count a stream's answer again when its EOF is reported again: true (the mistake), false",
		func(b *Behaviour) string { return strconv.FormatBool(b.CountEOF) },
		boolean(func(b *Behaviour) *bool { return &b.CountEOF })}
	knobReconnect = Knob{"reconnect", "connect again when a stream was lost or refused: true, false",
		func(b *Behaviour) string { return strconv.FormatBool(b.Reconnect) },
		boolean(func(b *Behaviour) *bool { return &b.Reconnect })}
	knobReconnectTries = Knob{"reconnect-tries", "attempts in a row before giving up; 0 never",
		func(b *Behaviour) string { return strconv.Itoa(b.ReconnectTries) },
		number(func(b *Behaviour) *int { return &b.ReconnectTries }, 0, 1<<20)}
	knobHeartbeat = Knob{"heartbeat", "how often a connected stream says ping to a commands server; 0 never",
		func(b *Behaviour) string { return b.Heartbeat.String() },
		duration(func(b *Behaviour) *time.Duration { return &b.Heartbeat }, 0, time.Hour)}
	knobHeartbeatWait = Knob{"heartbeat-wait", "block the loop until a ping is answered: true (the mistake), false",
		func(b *Behaviour) string { return strconv.FormatBool(b.HeartbeatWait) },
		boolean(func(b *Behaviour) *bool { return &b.HeartbeatWait })}
	knobShutdown = Knob{"shutdown", "how the loop ends: close, drain (first sends what it owes, for at most 2s)",
		choice(func(b *Behaviour) *Ending { return &b.Shutdown }, "close", "drain"),
		choose(func(b *Behaviour) *Ending { return &b.Shutdown }, "close", "drain")}
)

func setConnect(b *Behaviour, v string) error {
	if v != "" && v != "self" {
		host, port, err := net.SplitHostPort(v)
		if n, e := strconv.Atoi(port); err != nil || host == "" || e != nil || n < 1 || n > 65535 {
			return fmt.Errorf("%q is not HOST:PORT, for example 127.0.0.1:8080 or self.lab:8080, nor self", v)
		}
	}
	b.Connect = v
	return nil
}
