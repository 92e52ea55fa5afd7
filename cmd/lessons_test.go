package cmd

import (
	"regexp"
	"strings"
	"testing"
)

// TestLessonsOnScreen goes through lessons with their keys: each shows its title and text, asks, plays in slow motion, stops at its point with what
// the answer was, and says at its end whether it went as it says.
func TestLessonsOnScreen(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, 120, 36, "--lesson", "9b")
	x.Shows("Edge: notified once")
	x.Shows("the bar turns red")
	x.Shows("before you see it")
	x.Send("12")
	x.Shows("▸ 12")
	x.Send("\r")
	x.Until("the stop", func(s string) bool {
		return strings.Contains(s, "stopped at the point") && strings.Contains(s, "PAUSED") && strings.Contains(s, "1 finding") && strings.Contains(s, "1 wakeup, and 63 KiB that nobody reads. You said 12.")
	})
	x.Send(" ")
	x.Shows("4 of 4 as expected")
	x.Shows("ENDED")
	x.Send("]")
	x.Shows("Edge, fixed")
	x.Shows("stopped at the point")
	x.Send("[")
	x.Shows("Edge: notified once")
	x.Shows("before you see it")
	x.Send("\x1b") // skipped
	x.Until("the answer", func(s string) bool {
		return strings.Contains(s, "1 wakeup, and 63 KiB that nobody reads.") && !strings.Contains(s, "You said")
	})
	x.Send("e")
	x.Shows("Level and edge")
	x.Send("9a\r")
	x.Shows("notified until nothing is unread")
	x.Shows("before you see it")
	x.Send("64\r")
	x.Shows("LIVE 0.1x")
	x.Shows("64 wakeups for one message. You said 64: right.")
	x.Send(" ")
	x.Shows("3 of 3 as expected")
	x.Send("0")
	x.Until("the repeats", func(s string) bool { return regexp.MustCompile(`\d+x`).MatchString(s) })
	x.Send(":lesson 12\r")
	x.Shows("choose one of 12a, 12b, 12c")
	x.Send("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !x.Restored() {
		t.Error("the terminal was not given back")
	}
}

// TestLessonFromLab: a lab without a lesson has the list, and what is chosen there takes its place.
func TestLessonFromLab(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, 120, 36)
	x.Shows("demo")
	x.Send("]")
	x.Shows("no lesson is shown: e lists them")
	x.Send("e")
	x.Shows("Blocking: one client at a time")
	x.Send("06d\r") // no such number: nothing is chosen by it
	x.Shows("nothing has it")
	x.Send("\x1b")
	x.Send("6d\r")
	x.Shows("write: the length of the buffer")
	x.Shows("53 bytes in, 10,000 bytes out")
	x.Shows("stopped at the point")
	x.Send("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestLessonAsks: without a screen a lesson prints its question and the answer, which is the number of that run.
func TestLessonAsks(t *testing.T) {
	t.Parallel()
	r := run(t, "--lesson", "10a", "--headless")
	if r.code != 0 || !strings.Contains(r.out, "question: The handler reads 200 iterations late") || !strings.Contains(r.out, "answer: 200 wakeups for 10 bytes.") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	r = run(t, "--lesson", "10a", "--headless", "--defer", "5")
	if r.code != 0 || !strings.Contains(r.out, "answer: 5 wakeups for 10 bytes.") {
		t.Errorf("with another setting: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	r = run(t, "scenarios", "run", "10a")
	if r.code != 0 || !strings.Contains(r.out, "answer: 200 wakeups for 10 bytes.") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestLessonNames(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{"99": "near it: 17b;", "9z": "near it: 9d and 10a;", "9": "has parts: choose one of 9a, 9b, 9c, 9d", "slect": `did you mean "select"?`, "x.star": "--scenario",
		"trickle": `there is no lesson "trickle"`, "t01": `there is no lesson "t01"`} {
		if r := run(t, "--lesson", name); r.code != 2 || !strings.Contains(r.err, says) {
			t.Errorf("--lesson %s: exit code %d, said %s", name, r.code, r.err)
		}
	}
	for _, name := range []string{"9b", "09b", "edge", "09b-edge"} {
		if r := run(t, "scenarios", "show", name); r.code != 0 || !strings.Contains(r.out, "notified once") {
			t.Errorf("%s: exit code %d, said %s", name, r.code, r.err)
		}
	}
	for _, how := range [][]string{{"scenarios", "run", "12"}, {"scenarios", "show", "12"}, {"--scenario", "12", "--headless"}} {
		if r := run(t, how...); r.code != 2 || !strings.Contains(r.err, "choose one of 12a, 12b, 12c") {
			t.Errorf("%v: exit code %d, said %s%s", how, r.code, r.out, r.err)
		}
	}
	if r := run(t, "--lesson", "7", "--scenario", "demo"); r.code != 2 || !strings.Contains(r.err, "choose one") {
		t.Errorf("exit code %d", r.code)
	}
}
