package tui

import (
	"errors"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// toyLessons are three lessons of which one is shown, at a stage that the test sets.
type toyLessons struct {
	stage   Stage
	answers []string
	opened  []string
	nobody  bool // none is shown
}

func (l *toyLessons) Go(int) (View, error) { return View{}, errors.New("the last lesson") }
func (l *toyLessons) Open(name string) (View, error) {
	l.opened = append(l.opened, name)
	return View{}, errors.New("no lab for " + name)
}
func (l *toyLessons) Card() (place, title, text string) {
	if l.nobody {
		return "", "", ""
	}
	return "9b, 2 of 3", "Edge: it rings once", "Watch the bar."
}
func (l *toyLessons) Stage() Stage       { return l.stage }
func (l *toyLessons) Answer(text string) { l.answers = append(l.answers, text); l.stage.Asks = "" }
func (l *toyLessons) List() []Lesson {
	return []Lesson{{"9a", "Level and edge", "Level", "It rings again.", false}, {"9b", "Level and edge", "Edge", "It rings once.", true}, {"12a", "Several threads", "A herd", "", false}}
}

// lessonAt is a screen with lessons; frame draws it once and is its text.
func lessonAt(t *testing.T, l *toyLessons, w, h int) (u *ui, frame func() string) {
	t.Helper()
	x, _, draw := onTTY(t, tour(t, 18.4), w, h)
	x.course.lessons = l
	return x, func() string {
		draw()
		return x.picture().Text()
	}
}

// TestLessonStage: the window goes to what a lesson shows, once for each part of it, with the cursor where it stops; a person may look elsewhere.
func TestLessonStage(t *testing.T) {
	l := &toyLessons{}
	u, frame := lessonAt(t, l, 120, 36)
	frame()
	first := u.scene.snap.First
	const second = int64(1e9)
	l.stage = Stage{From: first + 2*second}
	frame()
	if u.window.span != defaultSpan || u.window.begin != 0 {
		t.Errorf("before it is known up to where: span %d, begin %d", u.window.span, u.window.begin)
	}
	l.stage = Stage{From: first + 2*second, Until: first + 10*second, View: 3}
	frame()
	if w := &u.window; w.begin >= l.stage.From || w.begin+w.span <= l.stage.Until || w.span != 10*second || u.views.at != viewTimeline {
		t.Errorf("from %d to %d s, view %d", (w.begin-first)/second, (w.begin+w.span-first)/second, u.views.at)
	}
	u.window.zoomTo(second)
	frame()
	if u.window.span != second {
		t.Error("the lesson does not let a person look closer")
	}
	l.stage.Until, l.stage.Span = first+18*second, 40*second
	l.stage.Halted = l.stage.Until
	text := frame()
	if w := &u.window; w.span != 40*second || w.cursor != l.stage.Halted || u.views.at != viewInterests {
		t.Errorf("at the stop: span %d s, cursor %d, view %d", w.span/second, w.cursor, u.views.at)
	}
	if !strings.Contains(text, "lesson 9b, 2 of 3") {
		t.Error("the lesson's title is not drawn")
	}
	u.press("1")
	frame()
	if u.views.at != viewTimeline {
		t.Error("the lesson does not let a person go to another view")
	}
}

// TestLessonQuestion: a question is a box that takes digits alone. Enter answers it, Esc and an empty answer skip it, and it is asked once.
func TestLessonQuestion(t *testing.T) {
	for keys, want := range map[string]string{"6 4 Enter": "64", "x 1 Backspace 2 . 5 q Enter": "2.5", "Enter": "", "7 Esc": "", "1 2 Ctrl-U 3 Enter": "3", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 Enter": "123456789012"} {
		l := &toyLessons{stage: Stage{Asks: "How many wakeups will this one message of 64 KiB cost?"}}
		u, frame := lessonAt(t, l, 120, 36)
		if text := frame(); !strings.Contains(text, "How many wakeups") || !strings.Contains(text, questionTitle) {
			t.Errorf("%s: it is not asked:\n%s", keys, text)
		}
		for _, k := range strings.Fields(keys) {
			if u.dialog.quiz == nil {
				t.Errorf("%s: closed before %s", keys, k)
				break
			}
			u.press(k)
			frame()
		}
		if len(l.answers) != 1 || l.answers[0] != want || u.dialog.open() {
			t.Errorf("%s: answers %q, want %q", keys, l.answers, want)
		}
		l.stage.Asks = "How many?" // the same lesson
		if text := frame(); strings.Contains(text, questionTitle) {
			t.Errorf("%s: it is asked twice", keys)
		}
	}
}

// TestLessonScreens are the question and the list as they look.
func TestLessonScreens(t *testing.T) {
	for name, keys := range map[string][]string{"lesson-question": {"6"}, "lesson-list": {"Esc", "e"}} {
		for _, size := range [][2]int{{120, 36}, {80, 24}} {
			l := &toyLessons{stage: Stage{Asks: "How many wakeups will this one message of 64 KiB cost?"}}
			p := draw(t, Options{Feed: tour(t, 18.4), Symbols: "block", Lessons: l}, size[0], size[1], 1<<24, keys...)
			if size[0] < 100 {
				name += "-80x24"
			}
			testkit.Golden(t, name+".txt", p.Text())
		}
	}
}

// TestLessonList: the list has every lesson in its group, and one is chosen by its number; without a lesson on the screen there is no card, but
// the list is there.
func TestLessonList(t *testing.T) {
	l := &toyLessons{nobody: true}
	u, frame := lessonAt(t, l, 120, 36)
	u.worker.start = func(f func()) { f() }
	if text := frame(); strings.Contains(text, "lesson 9b") {
		t.Error("a lesson that is none has a card")
	}
	u.press("]")
	if text := frame(); !strings.Contains(text, missing["in-lesson"]) {
		t.Error("] does not say that there is no lesson")
	}
	u.press("e")
	if text := frame(); !strings.Contains(text, "Level and edge") || !strings.Contains(text, "A herd") {
		t.Errorf("the list:\n%s", text)
	}
	for _, k := range []string{"1", "2", "a", "Enter"} {
		u.press(k)
	}
	frame()
	for _, line := range []string{"lesson 9a", "lesson"} {
		u.press(":")
		for _, r := range strings.ReplaceAll(line, " ", "_") {
			u.press(map[bool]string{true: "Space", false: string(r)}[r == '_'])
		}
		u.press("Enter")
		frame()
	}
	if len(l.opened) != 2 || l.opened[0] != "12a" || l.opened[1] != "9a" || u.dialog.list == nil {
		t.Errorf("opened %q, list %v", l.opened, u.dialog.list != nil)
	}
}

// TestPictureLook: what can be asked of a picture is what it shows.
func TestPictureLook(t *testing.T) {
	p := draw(t, Options{Feed: tour(t, 18.4), Symbols: "block"}, 120, 36, 1<<24)
	y, ok := p.RowOf("listener", 5)
	if !ok || !strings.HasPrefix(p.Rows()[y], "listener") {
		t.Fatalf("row %d, %v", y, ok)
	}
	if strings.Contains(p.RestOf(y), "listener") {
		t.Error("the label is not what stands right of it")
	}
	if _, ok := p.RowOf("nobody", 5); ok {
		t.Error("a row of nobody")
	}
	loop, _ := p.RowOf("loop", 5)
	for words, want := range map[string][2]bool{"waiting": {true, true}, "asleep": {false, false}, "no such words": {false, false}} {
		if inked, known := p.Inked(loop, words); [2]bool{inked, known} != want {
			t.Errorf("%s: %v %v, want %v\n%s", words, inked, known, want, p.Text())
		}
	}
	lane, _ := p.RowOf("fd ", 5)
	if inked, _ := p.Inked(lane, "loop works"); inked {
		t.Error("a connection has the colour of a working loop")
	}
}

// TestPace: a pace is written without an exponent, in two figures.
func TestPace(t *testing.T) {
	for x, want := range map[float64]string{1: "1x", 100: "100x", 0.1: "0.1x", 0.2: "0.2x", 0.00003: "0.00003x", 0.0123456: "0.012x", 2.5: "2.5x"} {
		if got := pace(x); got != want {
			t.Errorf("%v: %q, want %q", x, got, want)
		}
	}
}
