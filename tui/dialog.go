package tui

// dialog is what is open over the view and takes every key: a line to type on, or a list to choose from, or a line over a list, or a question.
type dialog struct {
	line *prompt   // nil: none is open
	list *chooser  // ...
	quiz *question // ...
	past typed
}

// typed are what was typed before, for Up.
type typed struct{ commands, filters, words []string }

// open reports whether something takes the keys.
func (d *dialog) open() bool { return d.line != nil || d.list != nil || d.quiz != nil }

// press gives a key to what is open.
func (d *dialog) press(name string) {
	switch {
	case d.line != nil:
		d.line.press(d, name)
	case d.list != nil:
		d.list.press(d, name)
	case d.quiz != nil:
		d.quiz.press(d, name)
	}
}

// offers reports whether there is something that what was typed could become.
func (d *dialog) offers() bool { return d.line != nil && len(d.line.offered) > 0 }

// drawOffered draws what a line could become, above it.
func (d *dialog) drawOffered(sc *scene, p pane) {
	if d.line != nil {
		d.line.drawOffered(sc, p)
	}
}
