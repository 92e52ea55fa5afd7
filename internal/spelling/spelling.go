// Package spelling finds the word that somebody meant who has mistyped it.
package spelling

import (
	"fmt"
	"strings"
)

// NotOneOf says that a word is none of the right ones, and which one it may have been.
func NotOneOf(what, got string, words []string) string {
	s := fmt.Sprintf("%s %q is not one of %s", what, got, strings.Join(words, ", "))
	if n := Nearest(got, words); n != "" {
		s += fmt.Sprintf("; did you mean %s?", n)
	}
	return s
}

// Nearest is the word with the smallest edit distance, "" when none is near: of a short word, half must be right.
func Nearest(s string, words []string) string {
	best, at := "", min(max(2, len(s)/3), max(1, len(s)/2))+1
	for _, w := range words {
		if d := distance(strings.ToLower(s), w); d < at {
			best, at = w, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
