package tui

import (
	"slices"
	"testing"
)

// TestAskedInOrder: what two keys ask for in a hurry is done in the order of the keys, however long the first takes.
func TestAskedInOrder(t *testing.T) {
	u := &ui{opt: Options{Go: func(f func()) { go f() }}}
	slow, done := make(chan struct{}), make(chan string, 2)
	u.ask(func() (string, error) { <-slow; done <- "t"; return "", nil })
	u.ask(func() (string, error) { done <- "m"; return "", nil })
	close(slow)
	if got := []string{<-done, <-done}; !slices.Equal(got, []string{"t", "m"}) {
		t.Errorf("done in the order %v", got)
	}
}
