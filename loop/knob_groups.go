package loop

import "slices"

// KnobGroup is settings that are about the same thing, in the order in which they are listed.
type KnobGroup struct {
	Title string
	Names []string
}

// KnobGroups are all settings by what they are about. Each has one place; a test holds it.
var KnobGroups = []KnobGroup{
	{"Reading and writing", []string{"serve", "reads", "read-size", "budget", "defer", "defer-quiet", "hold", "echo", "unsent", "write-interest", "measure-writes", "rcvbuf", "sndbuf"}},
	{"Waiting", []string{"threads", "interval", "timeout", "max-events", "rounding", "nonblock", "rearm", "rdhup", "wake-drain", "uring", "resubmit", "arrival", "waits"}},
	{"Accepting and closing", []string{"accepts", "backlog", "listeners", "split", "on-eof", "on-error", "on-emfile", "fds-free", "max-fd", "idle-timeout", "shutdown", "dup",
		"child", "generations"}},
	{"What its handlers do", []string{"work", "work-per", "accept-work"}},
	{"Timers", []string{"tick", "tick-work", "tick-rearm"}},
	{"Registering from another thread", []string{"register-via", "register-guard", "register-order", "register-pause"}},
	{"Connecting out", []string{"connect", "streams", "stream-delay", "reconnect", "reconnect-tries", "heartbeat", "heartbeat-wait", "count-eof", "resolve", "resolve-delay",
		"resolve-cache"}},
}

// KnobGroupOf is the title of a setting's group, "" for a name that is none.
func KnobGroupOf(name string) string {
	for _, g := range KnobGroups {
		if slices.Contains(g.Names, name) {
			return g.Title
		}
	}
	return ""
}
