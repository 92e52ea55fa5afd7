package traces

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// passNumber is what counts with the passes of a repeat.
var passNumber = regexp.MustCompile(`\{(?:(\d+)([+-]))?(?:(\d+)\*)?i\}`)

// Unfold writes out what the notation of cases shortens: times are seconds, or "+1ms" after the line before; the lines between
// "repeat 3" and "end" stand there three times, with {i}, {8+i} or {100-8*i} for the number of the pass.
func Unfold(lines []string) (string, error) {
	var b strings.Builder
	now := int64(0)
	put := func(line string, pass int) error {
		line = passNumber.ReplaceAllStringFunc(line, func(x string) string {
			m := passNumber.FindStringSubmatch(x)
			base, _ := strconv.Atoi(m[1])
			by := 1
			if m[3] != "" {
				by, _ = strconv.Atoi(m[3])
			}
			if m[2] == "-" {
				by = -by
			}
			return strconv.Itoa(base + by*pass)
		})
		at, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch after, relative := strings.CutPrefix(at, "+"); {
		case at == "" || at[0] == '#':
			return nil
		case relative:
			d, err := time.ParseDuration(after)
			if err != nil {
				return err
			}
			now += int64(d)
		default:
			s, err := strconv.ParseFloat(at, 64)
			if err != nil {
				return err
			}
			now = int64(s*1e9 + 0.5)
		}
		fmt.Fprintf(&b, "%d.%09d %s\n", now/1e9, now%1e9, strings.TrimSpace(rest))
		return nil
	}
	for i := 0; i < len(lines); i++ {
		word, count, _ := strings.Cut(strings.TrimSpace(lines[i]), " ")
		if word != "repeat" {
			if err := put(lines[i], 0); err != nil {
				return "", fmt.Errorf("%q: %w", lines[i], err)
			}
			continue
		}
		n, err := strconv.Atoi(count)
		end := slices.IndexFunc(lines[i:], func(l string) bool { return strings.TrimSpace(l) == "end" })
		if err != nil || end < 0 {
			return "", fmt.Errorf("%q: want a number and an end", lines[i])
		}
		for pass := range n {
			for _, line := range lines[i+1 : i+end] {
				if err := put(line, pass); err != nil {
					return "", fmt.Errorf("%q: %w", line, err)
				}
			}
		}
		i += end
	}
	return b.String(), nil
}
