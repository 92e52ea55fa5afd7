package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"evviz/timeline"
)

// bookmarks are marks with a word. They are kept in the recording; where there is none, by the screen.
type bookmarks struct {
	own  []timeline.Bookmark // those set on this screen; the trace has the same a moment later, where it keeps them
	both []timeline.Bookmark // those of the trace and the own, in order of time; made anew when either has more

	theirs []timeline.Bookmark // of the trace, when both was made
	owns   int                 // how many own there were

	scene  *scene
	src    *source
	window *window
	worker *worker
	status *status
	dialog *dialog
	lasts  func() bool // whether something is recorded or kept, so that a bookmark lasts longer than the screen
}

// ask asks for a word and sets a mark at the cursor, or at the right edge.
func (b *bookmarks) ask() {
	if b.scene.frame == nil {
		return
	}
	at := b.here()
	b.dialog.line = &prompt{label: fmt.Sprintf("bookmark at %s s: ", seconds(at-b.scene.snap.First, 3)), done: func(words string) { b.set(at, words) }}
}

// here is where a mark would be set.
func (b *bookmarks) here() int64 {
	if c := b.window.cursor; c != 0 {
		return c
	}
	_, at := b.scene.seen()
	return at
}

// set sets a mark.
func (b *bookmarks) set(at int64, words string) {
	words = strings.TrimSpace(words)
	if words == "" {
		words = fmt.Sprintf("mark %d", len(b.all(b.scene.snap))+1)
	}
	b.own = append(b.own, timeline.Bookmark{At: at, Text: words}) // seen at once, also while the picture stands still
	feed, lasts := b.src.feed, b.lasts()
	b.worker.do(func() (string, error) {
		if _, err := feed.Bookmark(at, words); err != nil {
			return "", fmt.Errorf("the bookmark lasts as long as this screen: %w", err)
		}
		said := fmt.Sprintf("bookmark %q", words)
		if !lasts {
			said += "; it lasts as long as this screen, for nothing is recorded"
		}
		return said, nil
	})
}

// all are the bookmarks of the trace and of the screen, in order of time. It is asked once a frame.
func (b *bookmarks) all(s *timeline.Snapshot) []timeline.Bookmark {
	if t := s.Bookmarks; len(b.own) == b.owns && len(t) == len(b.theirs) && (len(t) == 0 || &t[0] == &b.theirs[0]) {
		return b.both
	}
	b.theirs, b.owns = s.Bookmarks, len(b.own)
	out := append(slices.Clone(b.own), s.Bookmarks...)
	slices.SortFunc(out, func(a, b timeline.Bookmark) int { return cmp.Compare(a.At, b.At) })
	b.both = slices.CompactFunc(out, func(a, b timeline.Bookmark) bool { return a.At == b.At && a.Text == b.Text })
	return b.both
}

// list is B.
func (b *bookmarks) list() {
	if b.scene.frame == nil {
		return
	}
	marks := b.all(b.scene.snap)
	if len(marks) == 0 {
		b.status.say("there is no bookmark; b sets one")
		return
	}
	first := b.scene.snap.First
	c := &chooser{title: "Bookmarks", help: "Enter goes there"}
	for _, m := range marks {
		c.items = append(c.items, item{name: seconds(m.At-first, 3) + " s", value: m.Text, pick: func() {
			b.dialog.list = nil
			b.window.goTo(m.At)
			b.window.cursor = m.At
		}})
	}
	b.dialog.list = c
}
