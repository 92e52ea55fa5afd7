package lab

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"evviz/scenarios"
	"evviz/timeline"
	"evviz/words"
)

// Answer is the answer to a lesson's question in a sentence: the number that the run has produced, and what it means. guess is what a person
// has answered, "" nothing.
func Answer(q *scenarios.Question, s *timeline.Snapshot, guess string) string {
	n, unknown := asked{s}.value(&q.Figure)
	if unknown != "" {
		return "the number is not known here: " + unknown
	}
	number := words.Number(int64(n))
	if n != math.Trunc(n) { // what is measured, to a tenth
		n = math.Round(n*10) / 10
		number = strconv.FormatFloat(n, 'f', 1, 64)
	}
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
