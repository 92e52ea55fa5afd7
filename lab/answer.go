package lab

import (
	"fmt"
	"strconv"
	"strings"

	"evviz/scenarios"
	"evviz/timeline"
)

// Answer is the answer to a lesson's question in a sentence: the number that the run has produced, and what it means. guess is what a person
// has answered, "" nothing.
func Answer(q *scenarios.Question, s *timeline.Snapshot, guess string) string {
	n, unknown := asked{s}.value(&q.Figure)
	if unknown != "" {
		return "the number is not known here: " + unknown
	}
	number := strconv.FormatFloat(n, 'f', -1, 64)
	says := strings.ReplaceAll(q.Says, "{n}", number)
	g, err := strconv.ParseFloat(guess, 64)
	switch {
	case err != nil:
		return says
	case g == n:
		return fmt.Sprintf("%s You said %s: right.", says, guess)
	}
	return fmt.Sprintf("%s You said %s.", says, guess)
}
