package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"evviz/timeline"
)

// bookmark asks for a word and sets a mark at the cursor, or at the right edge.
func (u *ui) bookmark() {
	if u.frame == nil {
		return
	}
	at := u.cursor
	if at == 0 {
		_, at = u.frame.seen()
	}
	first := u.frame.snap.First
	u.prompt = &prompt{label: fmt.Sprintf("bookmark at %s s: ", seconds(at-first, 3)), done: func(u *ui, words string) { u.setBookmark(at, words) }}
}

func (u *ui) setBookmark(at int64, words string) {
	words = strings.TrimSpace(words)
	if words == "" {
		words = fmt.Sprintf("mark %d", len(u.allMarks())+1)
	}
	here := timeline.Bookmark{At: at, Text: words}
	feed := u.opt.Feed
	u.ask(func() (string, error) {
		if _, err := feed.Bookmark(at, words); err != nil {
			u.mu.Lock()
			u.unsaved = append(u.unsaved, here)
			u.mu.Unlock()
			return "", fmt.Errorf("the bookmark lasts as long as this screen: %w", err)
		}
		said := fmt.Sprintf("bookmark %q", words)
		if r := u.opt.Recorder; r != nil && !r.Status().On && u.opt.Saver == nil {
			said += "; it lasts as long as this screen, for nothing is recorded"
		}
		return said, nil
	})
}

// allMarks are the bookmarks of the trace and of the screen, in order of time.
func (u *ui) allMarks() []timeline.Bookmark {
	u.mu.Lock()
	u.marked = append(u.marked, u.unsaved...)
	u.unsaved = nil
	u.mu.Unlock()
	out := slices.Clone(u.marked)
	if u.frame != nil {
		out = append(out, u.frame.snap.Bookmarks...)
	}
	slices.SortFunc(out, func(a, b timeline.Bookmark) int { return cmp.Compare(a.At, b.At) })
	return slices.CompactFunc(out, func(a, b timeline.Bookmark) bool { return a.At == b.At && a.Text == b.Text })
}

// listBookmarks is B.
func (u *ui) listBookmarks() {
	marks := u.allMarks()
	if len(marks) == 0 {
		u.say("there is no bookmark; b sets one")
		return
	}
	first := u.frame.snap.First
	c := &chooser{title: "Bookmarks", help: "Enter goes there"}
	for _, m := range marks {
		c.items = append(c.items, choice{name: seconds(m.At-first, 3) + " s", value: m.Text, pick: func(u *ui) {
			u.chooser = nil
			u.goTo(m.At)
			u.cursor = m.At
		}})
	}
	u.chooser = c
}
