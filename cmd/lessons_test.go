package cmd

import (
	"regexp"
	"strings"
	"testing"
)

// TestLessonsOnScreen goes through lessons with their keys: each shows its title and text, runs in a lab of its own, and
// says at its end whether it went as it says.
func TestLessonsOnScreen(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, 120, 36, "--lesson", "9b")
	x.Shows("Edge: the milkman rings once")
	x.Shows("going sour behind the door")
	x.Shows("4 of 4 as expected")
	x.Send("]")
	x.Shows("Edge, mended")
	x.Shows("4 of 4 as expected")
	x.Send("[")
	x.Shows("the milkman rings once")
	x.Send("[")
	x.Shows("rings until it is drunk")
	x.Shows("3 of 3 as expected")
	x.Send("0")
	x.Until("the re-notifications", func(s string) bool { return regexp.MustCompile(`\d+x`).MatchString(s) })
	x.Send("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !x.Restored() {
		t.Error("the terminal was not given back")
	}
}

func TestLessonNames(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{"99": "no such lesson", "slect": "did you mean select?", "x.star": "--scenario", "trickle": "no such lesson", "t01": "no such lesson"} {
		if r := run(t, "--lesson", name); r.code != 2 || !strings.Contains(r.err, says) {
			t.Errorf("--lesson %s: exit code %d, said %s", name, r.code, r.err)
		}
	}
	for _, name := range []string{"9b", "09b", "edge", "09b-edge"} {
		if r := run(t, "scenarios", "show", name); r.code != 0 || !strings.Contains(r.out, "milkman") {
			t.Errorf("%s: exit code %d, said %s", name, r.code, r.err)
		}
	}
	if r := run(t, "--lesson", "7", "--scenario", "demo"); r.code != 2 || !strings.Contains(r.err, "choose one") {
		t.Errorf("exit code %d, said %s", r.code, r.err)
	}
}
