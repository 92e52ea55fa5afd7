package tui

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// status is the sentence of the moment: what a key has done, or why it could not. Any goroutine may tell one; the screen shows the newest.
type status struct {
	clock func() time.Time // a test's; nil: the machine's

	mu    sync.Mutex
	text  string
	bad   bool
	until time.Time // zero: it has not been shown yet
}

// statusFor is how long a sentence is shown.
const statusFor = 4 * time.Second

// say shows a sentence for a few seconds.
func (s *status) say(format string, a ...any) { s.tell(false, fmt.Sprintf(format, a...)) }

// tell is say for a sentence that is made already; bad news have a colour of their own.
func (s *status) tell(bad bool, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.bad, s.until = clean(strings.TrimSpace(text)), bad, time.Time{}
}

// now is the wall clock, by which it is decided for how long a sentence is shown.
func (s *status) now() time.Time {
	if s.clock != nil {
		return s.clock()
	}
	return time.Now()
}

// message is what is to be shown for a while. That begins when it is asked for first, which is with the next frame: a busy machine
// may draw that late.
func (s *status) message() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch now := s.now(); {
	case s.until.IsZero():
		s.until = now.Add(statusFor)
	case now.After(s.until):
		s.text, s.bad = "", false
	}
	return s.text, s.bad
}
