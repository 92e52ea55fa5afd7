// Package cmd is the command line: one file a command, and the only place where the parts of evviz are wired together.
//
// session.go is the wiring of the lab: loop and observer rings, the clients' pipe, merge, recorder, timeline feed.
// Data goes to standard output, talk to standard error. exit.go has the exit codes.
package cmd
