// Package lab is the running lab: a server with an event loop, the clients that talk to it, and what one can do with both while they run.
//
// A Session is one of them, with the line from the rings of its threads to a timeline (session.go); Options say what it is. Three ways to
// run one come with the package, each a value with a Run method:
//
//	Headless     without a screen, with a summary at the end (headless.go)
//	Screen       on a screen, alone or as one of the lessons (screen.go, lessons.go)
//	SplitScreen  two at once under the same traffic, one above the other (split_screen.go)
//
// Their screens are run by package show, which also decides how they end.
//
// # Processes
//
// The server runs in this process; everything that talks to it does not, so that the measured loop is not disturbed, a system call trace
// sees a server alone, and limits of descriptors and memory count apart. Each of the others is evviz again, with a hidden command. What
// starts it and what it does stand side by side:
//
//	client_process.go, clients_side.go          the clients of a scenario
//	manual_client.go, manual_client_side.go     the client that a person leads
//	child_process.go, child_side.go             a child that the server forks
//	story_load.go                               a scenario's file, loaded within limits (script_limits.go)
//
// All of them emit events over a pipe into a ring of the session, and end when their standard input does, however their parent ended.
//
// # What others see of it
//
// control is the lab for its screen and for its scenario: mechanism and trigger (control.go, mode.go), settings (knobs.go), traffic
// (traffic.go), and the counts that a story waits for (counts.go). figures.go answers what a story asks of a run, expectations.go holds its
// expectations against that.
//
// This package knows neither flags nor exit codes: its errors say what failed, and cmd adds which flag helps.
package lab
