package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// TestAFindingFromTheOtherViews: n shows the finding's moment also where a view is about the cursor and not about a window.
func TestAFindingFromTheOtherViews(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 20), 120, 36)
	frame()
	u.press("2")
	u.press("n")
	frame()
	x := u.scene.chosen()
	if x == nil || len(x.Evidence) == 0 {
		t.Fatal("no finding was selected, or it has no evidence")
	}
	v := u.views.bodies[viewIteration].(*iterationView)
	if at := x.Evidence[0]; at < v.turn0.Begin || at > v.turn0.End {
		t.Errorf("the evidence is %d ns after the turn that is shown begins, which lasts %d", at-v.turn0.Begin, v.turn0.End-v.turn0.Begin)
	}
}

// TestClicksOnFindings: below the list of a narrow screen stands the page, and a click there selects nothing.
func TestClicksOnFindings(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 20.9), 80, 24)
	frame()
	u.press("5")
	frame()
	v := u.views.bodies[viewFindings].(*findingsView)
	_, y, _, _ := u.layout.body.GetRect()
	first := keyOf(u.scene.problems[0].Findings[0])
	selects := map[findingKey]bool{}
	for row := range 15 {
		u.selected.finding = first
		frame()
		was := slices.Clone(v.findings.rows)
		u.click(3, y+1+row)
		want := first
		if row < v.rows && row < len(was) && was[row] != nil {
			want = keyOf(was[row])
		}
		if u.selected.finding != want {
			t.Errorf("a click on row %d of %d selects %v, want %v", row, v.rows, u.selected.finding, want)
		}
		selects[u.selected.finding] = true
	}
	if len(selects) < 2 {
		t.Fatal("every row is about one finding: this tests nothing")
	}
}

// TestColumnsOfInterests: O goes only to columns that are shown, what is cut has a mark, and every width shows the classes that has
// room for them.
func TestColumnsOfInterests(t *testing.T) {
	v := &interestsView{}
	for w := minWidth; w <= 400; w++ {
		end := 0
		for _, g := range v.shown(w) {
			if g.x < end || g.x+g.width > w {
				t.Fatalf("at %d columns, column %d lies from %d to %d", w, g.column, g.x, g.x+g.width)
			}
			end = g.x + g.width
		}
	}
	if text := draw(t, Options{Feed: tour(t, 16), Symbols: "block", View: "interests"}, 120, 20, 1<<24).Text(); !strings.Contains(text, "left-over 97 %") || !strings.Contains(text, "…") {
		t.Errorf("no classes at 120 columns:\n%s", text)
	}
	u, frame := onBuffer(t, tour(t, 16), 94, 24)
	frame()
	u.press("3")
	frame()
	v = u.views.bodies[viewInterests].(*interestsView)
	shown := v.shown(94)
	for i := range shown {
		if v.column != shown[i].column {
			t.Fatalf("after %d times O it sorts by column %d, want %d", i, v.column, shown[i].column)
		}
		u.press("O")
	}
	if v.column != shown[0].column {
		t.Errorf("after the last column comes %d", v.column)
	}
}

// TestDoubleClicks: a second click is Enter where something is selected, in a list to choose from too, and on a tab it is nothing.
func TestDoubleClicks(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 16), 120, 36)
	frame()
	twice := func(x, y int) {
		e := tcell.NewEventMouse(x, y, tcell.Button1, 0)
		u.mouse(e, tview.MouseLeftClick)
		u.mouse(e, tview.MouseLeftDoubleClick)
		frame()
	}
	twice(u.tabs.at[viewInterests][0]+1, 1)
	if u.views.at != viewInterests || u.pages.shown() {
		t.Errorf("a double click on a tab: view %d, a page is open: %v", u.views.at, u.pages.shown())
	}
	_, y, _, _ := u.layout.body.GetRect()
	twice(3, y+3)
	if !u.pages.shown() {
		t.Error("a double click on a line explains nothing")
	}
	u.press("Esc")
	picked := -1
	c := &chooser{title: "things"}
	for i := range 3 {
		c.items = append(c.items, item{name: "thing", pick: func() { picked, u.dialog.list = i, nil }})
	}
	u.dialog.list = c
	frame()
	twice(30, c.y+1)
	if picked != 1 || u.dialog.list != nil {
		t.Errorf("a double click on the second thing took %d", picked)
	}
	u.dialog.list, picked = c, -1
	twice(30, c.y+20)
	if picked != -1 {
		t.Error("a double click below the list took something")
	}
}

// TestTheNextLessonKeepsTheSpan: what --span says holds for every lesson.
func TestTheNextLessonKeepsTheSpan(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 5), 120, 36)
	u.first = int64(10e9)
	frame()
	u.course.next = &View{Feed: tour(t, 16)}
	frame()
	if u.course.next != nil || u.window.span != u.first {
		t.Errorf("the window shows %d ns, want %d", u.window.span, u.first)
	}
}

// TestAllTabsAtEightyColumns: whatever stands beside them, no view's name is pushed off a screen of 80 columns.
func TestAllTabsAtEightyColumns(t *testing.T) {
	u, frame := onBuffer(t, stillReplay(t, 10), 80, 24)
	u.worker.start = func(f func()) { f() }
	settled(t, u, frame)
	for _, k := range []string{"1", "v"} { // stands still; looks around
		u.press(k)
		frame()
		text := strings.Split(u.picture().Text(), "\n")[1]
		for v, name := range viewNames {
			if at := u.tabs.at[v]; !strings.Contains(text, name) || at[1] <= at[0] {
				t.Errorf("no %s in %q", name, text)
			}
		}
	}
}

// TestBookmarkWhilePaused: a bookmark is there at once, also while the picture stands still and its source keeps none.
func TestBookmarkWhilePaused(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 20), 120, 36)
	frame()
	u.press("Space")
	frame()
	was := u.scene.snap
	u.bookmarks.set(u.scene.t1-1e9, "here it is")
	frame()
	if u.scene.snap != was {
		t.Fatal("the picture went on")
	}
	n := 0
	for _, m := range u.bookmarks.all(u.scene.snap) {
		if m.Text == "here it is" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("there are %d of the bookmark", n)
	}
}
