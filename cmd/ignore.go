package cmd

import (
	"strconv"
	"strings"

	"evviz/diagnostics"
	"evviz/export"
)

// ignored is what --ignore names: a rule, on anything or on one thing.
type ignored struct {
	word   string // as it was written
	rule   *diagnostics.Rule
	fd     *int32
	thread *int64
	peer   string
	n      int64 // findings that were left out by it
}

const ignoreForms = "want a rule, or a rule on one thing: EV24, EV24@fd=7, EV24@thread=4711, EV24@peer=10.0.0.1:80, EV24@peer=10.0.0.1"

// ignoredOf reads the words of the flag.
func ignoredOf(words []string) (out []*ignored, err error) {
	for _, w := range words {
		parts := strings.Split(w, "@")
		x := &ignored{word: w, rule: diagnostics.RuleOf(parts[0])}
		if x.rule == nil {
			return nil, usage("--ignore %q: there is no rule %q (%s; evviz explain lists them): %s", w, parts[0], diagnostics.IDs(), ignoreForms)
		}
		for _, p := range parts[1:] {
			key, value, _ := strings.Cut(p, "=")
			n, bad := strconv.ParseInt(value, 10, 64)
			switch {
			case key == "fd" && bad == nil && n >= 0 && n < 1<<31 && x.fd == nil:
				fd := int32(n)
				x.fd = &fd
			case key == "thread" && bad == nil && n > 0 && x.thread == nil:
				x.thread = &n
			case key == "peer" && value != "" && x.peer == "":
				x.peer = value
			default:
				return nil, usage("--ignore %q: %q is not understood: %s", w, "@"+p, ignoreForms)
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// covers reports whether a finding is one of those. A peer without a port is that host.
func (x *ignored) covers(f *diagnostics.Finding) bool {
	if f.Rule != x.rule || x.fd != nil && *x.fd != f.FD || x.thread != nil && *x.thread != f.Thread {
		return false
	}
	host, _, _ := cutPort(f.Peer)
	return x.peer == "" || x.peer == f.Peer || f.Peer != "" && strings.Trim(x.peer, "[]") == host
}

// cutPort splits an address at its port; ok is false when it has none.
func cutPort(addr string) (host, port string, ok bool) {
	i := strings.LastIndexByte(addr, ':')
	if i < 0 {
		return addr, "", false
	}
	if _, err := strconv.ParseUint(addr[i+1:], 10, 16); err != nil {
		return addr, "", false
	}
	return strings.Trim(addr[:i], "[]"), addr[i+1:], true
}

// without leaves findings out, each by the first that covers it.
func without(found []*diagnostics.Finding, by []*ignored) (kept []*diagnostics.Finding, left []export.Ignored) {
	for _, f := range found {
		covered := false
		for _, x := range by {
			if x.covers(f) {
				x.n++
				covered = true
				break
			}
		}
		if !covered {
			kept = append(kept, f)
		}
	}
	for _, x := range by {
		left = append(left, export.Ignored{By: x.word, Count: x.n})
	}
	return kept, left
}
