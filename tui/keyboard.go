package tui

import (
	"slices"
	"strings"
)

// keyboard is the keys as they are bound on this screen, and which of them can do something here.
type keyboard struct {
	keys []key
	can  func(when string) bool // whether what a key needs is there
}

// missing is why an ability is not there, in words.
var missing = map[string]string{"lab": "there is no lab here to switch", "replay": "only a replay can repeat a span", "pace": "only a replay has a speed",
	"lesson": "lessons run in a lab", "in-lesson": "no lesson is shown: e lists them", "record": "this source is a recording already",
	"scenarios": "there is no lab here to send traffic to", "knobs": "there is no lab here with settings",
	"client": "there is no lab here to connect to", "saver": "flight recorder is off; start with --keep 30s",
	"page": "there is no page about what runs here"}

// available reports whether a key can do anything here.
func (k *keyboard) available(x *key) bool { return x.When == "" || k.can(x.When) }

// bound reports whether some action has a key.
func (k *keyboard) bound(name string) bool { return k.of(name) != nil }

// of is the action of a key, nil none.
func (k *keyboard) of(name string) *key {
	for i := range k.keys {
		if slices.Contains(k.keys[i].Keys, name) {
			return &k.keys[i]
		}
	}
	return nil
}

// action is an action by its name, nil when there is none.
func (k *keyboard) action(name string) *key {
	if now := formerActions[name]; now != "" {
		name = now
	}
	for i := range k.keys {
		if k.keys[i].Name == name {
			return &k.keys[i]
		}
	}
	return nil
}

// abilities is what is available, as one bit for each line of the key table.
func (k *keyboard) abilities() (bits uint64) {
	for i := range k.keys {
		if k.available(&k.keys[i]) {
			bits |= 1 << (i % 64)
		}
	}
	return bits
}

// ways is how to get help and how to get out.
func (k *keyboard) ways() string {
	var parts []string
	for _, name := range []string{"help", "quit"} {
		if x := k.action(name); x != nil && len(x.Keys) > 0 {
			parts = append(parts, x.Keys[0]+" "+name)
		}
	}
	return strings.Join(parts, "  ")
}
