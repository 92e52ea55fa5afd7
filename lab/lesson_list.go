package lab

import (
	"strconv"
	"strings"

	"evviz/figures"
	"evviz/scenarios"
	"evviz/tui"
)

// lessonGroups are what the lessons are about, by their numbers without the letter.
var lessonGroups = []string{1: "Blocking", 2: "Polling", 3: "Polling", 4: "Polling", 5: "Polling", 6: "Writing", 7: "select and poll", 8: "select and poll",
	9: "Level and edge", 10: "Deferred reads", 11: "Oneshot", 12: "Several threads", 13: "Timers", 14: "Name look-ups and connect", 15: "Registration race",
	16: "fork", 17: "Completion"}

// lessonGroup is the group of a lesson.
func lessonGroup(name string) string {
	n, _ := strconv.Atoi(strings.TrimRight(scenarios.NumberOf(name), "abcdefgh"))
	if n < len(lessonGroups) {
		return lessonGroups[n]
	}
	return ""
}

// lessonList is all lessons, in their order.
func lessonList() (out []tui.Lesson) {
	for _, name := range scenarios.NamesOf(scenarios.Lessons) {
		s, err := scenarios.Load(figures.Stories{}, name)
		if err != nil {
			continue // a test loads them all
		}
		out = append(out, tui.Lesson{Number: scenarios.NumberOf(name), Group: lessonGroup(name), Title: s.Title, About: strings.Join(strings.Fields(s.About), " ")})
	}
	return out
}
