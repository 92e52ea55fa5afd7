package cmd

// flagGroup is a heading of --help and of the manual pages, and the flags below it, the commonest first. A flag has one place, whatever
// command it is a flag of; a group without a flag of a command is left out there. A test holds the table against the flags.
type flagGroup struct {
	title string
	flags []string
}

var flagGroups = []flagGroup{
	{"What runs", []string{"mode", "trigger", "scenario", "lesson", "serve", "preset", "threads", "for", "listen", "param", "seed", "connect", "max-connections", "allow-remote"}},
	{"What is compared", []string{"repeat", "sweep"}},
	{"What is played", []string{"at", "speed", "paused", "follow"}},
	{"How it looks", []string{"screen", "watch", "via", "all", "between"}},
	{"What is judged", []string{"only", "ignore", "threshold", "look", "with", "baseline", "write-baseline", "fail-on", "validate"}},
	{"Without a screen", []string{"headless", "text", "summary", "json", "md", "csv", "sarif", "explain", "unparsed", "screenshot", "screencast", "to", "fps", "size", "keys"}},
	{"What is kept", []string{"record", "keep", "save-on", "force", "memory", "ring"}},
	{"The screen", []string{"view", "span", "theme", "light", "symbols", "no-mouse"}},
	{"The server: reading and writing", []string{"reads", "read-size", "budget", "defer", "defer-quiet", "hold", "echo", "unsent", "write-interest", "measure-writes", "rcvbuf", "sndbuf"}},
	{"The server: waiting", []string{"interval", "timeout", "max-events", "rounding", "nonblock", "rearm", "rdhup", "no-wake-drain", "uring", "resubmit", "arrival", "waits"}},
	{"The server: accepting and closing", []string{"accepts", "backlog", "listeners", "split", "on-eof", "on-error", "on-emfile", "fds-free", "max-fd", "idle-timeout", "shutdown",
		"dup", "child", "no-generations"}},
	{"The server: what its handlers do", []string{"work", "work-per", "accept-work"}},
	{"The server: timers", []string{"tick", "tick-work", "tick-rearm"}},
	{"The server: registering from another thread", []string{"register-via", "register-guard", "register-order", "register-pause"}},
	{"The server: connecting out", []string{"streams", "stream-delay", "reconnect", "reconnect-tries", "heartbeat", "heartbeat-wait", "count-eof", "resolve", "resolve-delay",
		"no-resolve-cache"}},
	{"More", []string{"print-default", "path", "help", "version"}},
}

// valueWords are what stands for a value in --help and in the manual pages, where the type of a flag does not say enough.
var valueWords = map[string]string{
	"mode": "MODE", "trigger": "TRIGGER", "scenario": "NAME", "lesson": "N", "preset": "NAME", "listen": "ADDRESS", "connect": "ADDRESS", "param": "NAME=VALUE",
	"threshold": "NAME=VALUE", "record": "FILE", "baseline": "FILE", "write-baseline": "FILE", "with": "FILE", "screenshot": "FILE", "screencast": "FILE", "save-on": "RULE,...",
	"only": "RULE,...", "fail-on": "RULE,...", "ignore": "RULE", "size": "WxH", "keys": "KEYS", "theme": "NAME", "symbols": "SET", "view": "VIEW", "memory": "SIZE",
	"sweep": "PARAM=FROM..TO", "speed": "X", "text": "raw", "serve": "SERVICE", "via": "HOW",
}
