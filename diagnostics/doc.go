// Package diagnostics says in plain words what a timeline shows. Everything in it is a pure function of a snapshot: no
// clock, no state, no screen.
//
//   - [Narrate] is the line under the header: what is going on in a window, the most important thing first.
//   - [Check] holds the [Rules] against a snapshot and returns findings. What a rule is stands in its line of rules.go. Its function
//     (rules_*.go) reads what timeline has counted and compares it with [Settings], whose table has all thresholds; its page is
//     text/EVnn.md. To add one: a line, a function, a page, cases in testdata/rules (cases_test.go has their notation), a scenario
//     in scenarios/museum; an incident in timeline when nothing counts it yet.
//   - [Confirm] asks the kernel, through its caller, about what a finding says was left behind.
//
// The numbers and the events in these sentences are written by package words.
//
// A key to press is named only when the caller passes it as a [Hint]: what keys there are is the screen's business.
// What cannot be known is left out or said to be unknown; it is never shown as 0.
package diagnostics
