package cmd

import (
	"strings"

	"evviz/loop"
)

// flagGroup is a heading of --help and of the manual pages, and the flags below it, the commonest first. A flag has one place, whatever
// command it is a flag of; a group without a flag of a command is left out there. A test holds the table against the flags.
type flagGroup struct {
	title string
	flags []string
}

var flagGroups = func() []flagGroup {
	groups := []flagGroup{
		{"What runs", []string{"mode", "trigger", "scenario", "lesson", "serve", "preset", "threads", "for", "listen", "param", "seed", "connect", "max-connections", "allow-remote"}},
		{"What is compared", []string{"repeat", "sweep"}},
		{"What is played", []string{"at", "speed", "paused", "follow"}},
		{"How it looks", []string{"screen", "watch", "via", "all", "between", "exact", "no-arrivals"}},
		{"What is judged", []string{"only", "ignore", "threshold", "look", "with", "baseline", "write-baseline", "fail-on", "validate"}},
		{"Without a screen", []string{"headless", "text", "summary", "json", "md", "csv", "sarif", "explain", "unparsed", "screenshot", "screencast", "to", "fps", "size", "keys"}},
		{"What is kept", []string{"record", "keep", "save-on", "force", "memory", "ring"}},
		{"The screen", []string{"view", "span", "theme", "light", "symbols", "no-mouse"}},
	}
	placed := map[string]bool{}
	for _, g := range groups {
		for _, name := range g.flags {
			placed[name] = true
		}
	}
	for _, g := range loop.KnobGroups { // the settings as the screen lists them, but for those that stand above
		x := flagGroup{title: "The server: " + strings.ToLower(g.Title[:1]) + g.Title[1:]}
		for _, name := range g.Names {
			switch {
			case placed[name]:
			case offDocs[name] != "":
				x.flags = append(x.flags, "no-"+name)
			default:
				x.flags = append(x.flags, name)
			}
		}
		groups = append(groups, x)
	}
	return append(groups, flagGroup{"More", []string{"print-default", "path", "help", "version"}})
}()

// valueWords are what stands for a value in --help and in the manual pages, where the type of a flag does not say enough.
var valueWords = map[string]string{
	"mode": "MODE", "trigger": "TRIGGER", "scenario": "NAME", "lesson": "N", "preset": "NAME", "listen": "ADDRESS", "connect": "ADDRESS", "param": "NAME=VALUE",
	"threshold": "NAME=VALUE", "record": "FILE", "baseline": "FILE", "write-baseline": "FILE", "with": "FILE", "screenshot": "FILE", "screencast": "FILE", "save-on": "RULE,...",
	"only": "RULE,...", "fail-on": "RULE,...", "ignore": "RULE", "size": "WxH", "keys": "KEYS", "theme": "NAME", "symbols": "SET", "view": "VIEW", "memory": "SIZE",
	"sweep": "PARAM=FROM..TO", "speed": "X", "text": "raw", "serve": "SERVICE", "via": "HOW",
}
