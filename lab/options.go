package lab

import (
	"evviz/diagnostics"
	"evviz/loop"
	"evviz/record"
	"evviz/scenarios"
	"evviz/show"
	"evviz/trace"
)

// Options say what a session is: its server, its traffic, and what is done with its events.
type Options struct {
	Listen    string // the server's address; "" 127.0.0.1:4201, or a free port when that one is taken
	Behaviour loop.Behaviour

	Script        *scenarios.Script // nil: no traffic
	Seed          int64
	MaxConns      int
	Remote        bool // the scenario may reach other than loopback addresses
	EndsWithStory bool // the server stops when the story has come to its end

	Ring       int // events that a thread may be ahead of its reader
	Memory     Memory
	Record     string             // from the start, to this file; "" not
	RecordOver bool               // a recording that is there is replaced
	Flight     show.FlightOptions // its Bytes come from Memory
	Findings   diagnostics.Settings
	Slow       *record.Slow                    // keeps the events for a picture that lags behind; nil: there is none
	Wrap       func(trace.Source) trace.Source // sees every event as soon as it has been recorded; nil: nobody does
}
