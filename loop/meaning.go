package loop

import (
	"slices"

	"evviz/trace"
)

// onlyIn lists the settings that mean something to some mechanisms only. One that is not here means the same to all, or is
// refused where it cannot be had (check.go). A setting without meaning is kept: the server may be switched to a mode that
// has one for it.
var onlyIn = func() map[string][]uint32 {
	const (
		poll  = trace.DriverSleepPoll
		sel   = trace.DriverSelect
		pl    = trace.DriverPoll
		ep    = trace.DriverEpoll
		ring  = trace.DriverURing
		block = trace.DriverBlocking
	)
	told, asked := []uint32{sel, pl, ep}, []uint32{block, poll, sel, pl, ep}
	m := map[string][]uint32{
		"interval": {poll}, "split": {poll}, "uring": {ring}, "resubmit": {ring},
		"threads": {ep}, "listeners": {ep}, "rearm": {ep}, "dup": asked,
		"register-via": {ep}, "register-guard": {ep}, "register-pause": {ep},
		"rdhup": {pl, ep}, "rounding": {pl, ep},
	}
	for _, k := range []string{"wake-drain", "write-interest", "defer", "defer-quiet", "generations", "accept-work"} {
		m[k] = told
	}
	for _, k := range []string{"hold", "max-events", "timeout"} {
		m[k] = append(slices.Clone(told), ring)
	}
	for _, k := range []string{"reads", "accepts", "nonblock", "budget"} {
		m[k] = asked
	}
	for _, k := range []string{"tick", "tick-work", "tick-rearm", "idle-timeout", "resolve", "resolve-cache", "resolve-delay", "on-eof", "on-error",
		"unsent", "on-emfile", "echo", "measure-writes", "work-per", "max-fd"} {
		m[k] = append(slices.Clone(asked), ring)
	}
	return m
}()

// Means reports whether a setting has a meaning under a mechanism.
func Means(knob string, driver uint32) bool {
	in, limited := onlyIn[knob]
	return !limited || slices.Contains(in, driver)
}
