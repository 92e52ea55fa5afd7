// Package cmd is the command line: one file a command, each of which reads its flags, makes one call into another package, and prints what
// came of it.
//
// The running lab is in package lab, the way to a screen in package show; ended.go gives their errors an exit code (exit.go) and the name of
// the flag that helps. Data goes to standard output, talk to standard error.
package cmd
