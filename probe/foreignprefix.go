package probe

import (
	"regexp"
	"strings"
)

// A table that was quoted in a mail, or that went through a logger, has the same in front of every line: a mark, or a moment and names that differ in
// digits alone. What a table means stands in its columns, so the same must be taken off each of them.

// tableStart finds where a line of a table begins behind something: the head of strace -c and of perf trace -s.
var tableStart = regexp.MustCompile(`^(.*?)(?:% time +seconds +usecs/call|syscall +calls +(?:errors +)?total)`)

// countStart finds the same in a line of uniq -c: a right-aligned count behind a mark, or behind what a logger says.
var countStart = regexp.MustCompile(`^((?:> ?)+|\S.*?[>|:\])] ?) +\d+ (\S.*)$`)

// shapeOf is a text without its digits: moments and numbers differ from line to line.
func shapeOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, s)
}

// withoutPrefix takes off what stands before the lines of a table; it gives the lines as they are where nothing does.
func withoutPrefix(all []string) []string {
	for _, s := range all {
		if !strings.Contains(s, "calls") {
			continue
		}
		if m := tableStart.FindStringSubmatch(s); m != nil && strings.TrimSpace(m[1]) != "" {
			return cutShape(all, m[1])
		}
	}
	shapes, best := map[string]int{}, ""
	for _, s := range all {
		if !strings.Contains(s, "  ") {
			continue // the count is aligned at the right
		}
		if m := countStart.FindStringSubmatch(s); m != nil && (ownLine(m[2]) || strings.Contains(m[2], "[{EPOLL")) {
			shape := shapeOf(m[1])
			if shapes[shape]++; shapes[shape] > shapes[best] {
				best = shape
			}
		}
	}
	if shapes[best] < 3 {
		return all
	}
	return cutShape(all, best)
}

// cutShape takes a prefix off the lines that begin with one of its shape.
func cutShape(all []string, prefix string) []string {
	shape := shapeOf(prefix)
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s
		if len(s) >= len(prefix) && shapeOf(s[:len(prefix)]) == shape {
			out[i] = s[len(prefix):]
		}
	}
	return out
}
