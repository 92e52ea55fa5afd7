package tui

import (
	"slices"
	"testing"
	"time"
)

// TestAskedInOrder: what two keys ask for in a hurry is done in the order of the keys, however long the first takes.
func TestAskedInOrder(t *testing.T) {
	e := &worker{start: func(f func()) { go f() }, status: &status{}}
	slow, done := make(chan struct{}), make(chan string, 2)
	e.do(func() (string, error) { <-slow; done <- "t"; return "", nil })
	e.do(func() (string, error) { done <- "m"; return "", nil })
	close(slow)
	if got := []string{<-done, <-done}; !slices.Equal(got, []string{"t", "m"}) {
		t.Errorf("done in the order %v", got)
	}
}

// TestNothingToTell: what was asked for and has nothing to tell leaves standing what a later key has told.
func TestNothingToTell(t *testing.T) {
	done := make(chan struct{})
	s := &status{}
	e := &worker{status: s, start: func(f func()) {
		go func() {
			defer close(done)
			f()
		}()
	}}
	slow := make(chan struct{})
	e.do(func() (string, error) { <-slow; return "", nil })
	s.say("set two cursors first")
	close(slow)
	<-done
	if text, _ := s.message(); text != "set two cursors first" {
		t.Errorf("the message is %q", text)
	}
}

// TestMessageStays: a message has its time from the frame on that shows it first.
func TestMessageStays(t *testing.T) {
	s := &status{}
	s.say("here I am")
	if !s.until.IsZero() {
		t.Errorf("its time runs to %v before it was shown", s.until)
	}
	if text, _ := s.message(); text != "here I am" || s.until.IsZero() {
		t.Errorf("the message is %q until %v", text, s.until)
	}
	s.until = time.Now().Add(-time.Nanosecond)
	if text, bad := s.message(); text != "" || bad {
		t.Errorf("after its time it is %q", text)
	}
}
