package tui

import (
	"slices"
	"testing"
	"time"
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

// TestNothingToTell: what was asked for and has nothing to tell leaves standing what a later key has told.
func TestNothingToTell(t *testing.T) {
	done := make(chan struct{})
	u := &ui{opt: Options{Go: func(f func()) {
		go func() {
			defer close(done)
			f()
		}()
	}}}
	slow := make(chan struct{})
	u.ask(func() (string, error) { <-slow; return "", nil })
	u.say("set two cursors first")
	close(slow)
	<-done
	if s, _ := u.message(); s != "set two cursors first" {
		t.Errorf("the message is %q", s)
	}
}

// TestMessageStays: a message has its time from the frame on that shows it first.
func TestMessageStays(t *testing.T) {
	u := &ui{}
	u.say("here I am")
	if !u.until.IsZero() {
		t.Errorf("its time runs to %v before it was shown", u.until)
	}
	if s, _ := u.message(); s != "here I am" || u.until.IsZero() {
		t.Errorf("the message is %q until %v", s, u.until)
	}
	u.until = time.Now().Add(-time.Nanosecond)
	if s, bad := u.message(); s != "" || bad {
		t.Errorf("after its time it is %q", s)
	}
}
