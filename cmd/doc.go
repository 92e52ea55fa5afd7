// Package cmd is the command line: the commands, their flags and settings, and the parts of evviz wired together for them.
//
// session.go is the wiring of the lab: loop and observer rings, the clients' pipe, merge, recorder, timeline feed.
// Data goes to standard output, talk to standard error. exit.go has the exit codes.
package cmd
