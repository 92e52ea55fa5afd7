package sys

import (
	"strconv"
	"strings"
)

// older compares a kernel release such as 5.4.0-42-generic with a version such as 5.7. What cannot be read counts as new.
func older(release, version string) bool {
	r, ok := numbers(release)
	v, ok2 := numbers(version)
	return ok && ok2 && (r[0] < v[0] || r[0] == v[0] && r[1] < v[1])
}

func numbers(s string) (n [2]int, ok bool) {
	for i := range n {
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(s)
		}
		v, err := strconv.Atoi(s[:end])
		if err != nil {
			return n, false
		}
		n[i] = v
		s = strings.TrimPrefix(s[end:], ".")
	}
	return n, true
}
