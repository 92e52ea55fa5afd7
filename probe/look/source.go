package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"evviz/trace"
)

// Source hands looks on as events. It ends after as many looks as it was told to take, when the processes have ended, or when it is closed.
//
// Thread rule: one goroutine reads; Close and Info may be called from any.
type Source struct {
	looker *Looker
	tell   *teller
	every  time.Duration
	left   int // looks to take; -1 without end
	info   trace.Info
	due    time.Time
	buf    []trace.Event
	closed chan struct{}
	once   sync.Once
	over   bool

	mu     sync.Mutex
	newest *Moment
	why    error // what ended it, nil while it goes on or when it had its looks
}

// Plan says when to look.
type Plan struct {
	Every time.Duration // from look to look
	Looks int           // 0: until it is closed
	Again bool          // the second look is left out when nothing in the first wants one, and there are two
}

// Open takes the first look. The source takes the looker over, and gives back what that has loaded when it is closed, or when the first look
// fails.
func Open(looker *Looker, p Plan) (*Source, error) {
	m, err := looker.Look()
	if err != nil {
		looker.Close()
		return nil, err
	}
	s := &Source{looker: looker, every: p.Every, left: p.Looks - 1, closed: make(chan struct{}), newest: m}
	if p.Looks == 0 {
		s.left = -1
	}
	if p.Again && p.Looks == 2 && !m.Suspect() {
		s.left = 0
	}
	s.info = infoOfMoment(m, p)
	s.info.Meta = append(s.info.Meta, trace.Pair{Key: "looked by", Value: looker.way()})
	s.tell = newTeller(func(e trace.Event) { s.buf = append(s.buf, e) })
	s.tell.moment(m)
	s.due = time.Now().Add(s.every)
	return s, nil
}

func infoOfMoment(m *Moment, p Plan) trace.Info {
	var who []string
	for _, x := range m.Processes {
		who = append(who, fmt.Sprintf("%s (%d)", x.Name, x.PID))
	}
	title := strings.Join(who, ", ")
	if len(who) > 3 {
		title = fmt.Sprintf("%s and %d more", strings.Join(who[:2], ", "), len(who)-2)
	}
	clock := trace.ReadClock()
	return trace.Info{Title: title, Origin: "process " + fmt.Sprint(m.Processes[0].PID), Live: p.Looks == 0, Clock: clock, Timed: true, Knows: trace.KnowsTimes,
		Kinds: trace.Kinds(trace.Start, trace.Stop, trace.Thread, trace.Exit, trace.Close, trace.Deregister, trace.Arrive, trace.Queue, trace.Sync, trace.State, trace.Name,
			trace.Usage, trace.InCall),
		Missing: append([]trace.Missing{{What: "what happens between two looks", Why: "the program is looked at, and no call of it is traced"}}, m.Missing...)}
}

// Info describes the source as it was at the first look.
func (s *Source) Info() trace.Info { return s.info }

// Newest is the newest look that was handed on, or is about to be.
func (s *Source) Newest() *Moment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}

// Ended says why the source ended before its looks were taken: the processes have ended, or may no longer be looked into. nil otherwise.
func (s *Source) Ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// Present is the present of a source that goes on, by the clock of its events (ns).
func (s *Source) Present() int64 { return trace.Now() }

// Close ends it. It may be called more than once.
func (s *Source) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.looker.Close()
	})
	return nil
}

// Read implements trace.Source.
func (s *Source) Read(ctx context.Context, buf []trace.Event) (int, error) {
	for len(s.buf) == 0 {
		if s.over {
			return 0, io.EOF
		}
		if err := s.look(ctx); err != nil {
			return 0, err
		}
	}
	n := copy(buf, s.buf)
	if s.buf = s.buf[n:]; len(s.buf) == 0 {
		s.buf = nil
	}
	return n, nil
}

// look waits for the next look and takes it.
func (s *Source) look(ctx context.Context) error {
	if s.left == 0 {
		s.over = true
		s.tell.stop(trace.StopTime)
		return nil
	}
	t := time.NewTimer(time.Until(s.due))
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closed:
		s.over = true
		return io.EOF
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.left > 0 {
		s.left--
	}
	s.due = s.due.Add(s.every)
	if late := time.Now(); s.due.Before(late) {
		s.due = late.Add(s.every)
	}
	m, err := s.looker.Look()
	if err != nil {
		s.over = true
		select {
		case <-s.closed:
			return io.EOF
		default:
		}
		s.mu.Lock()
		s.why = err
		s.mu.Unlock()
		if !errors.Is(err, ErrEnded) {
			s.tell.stop(trace.StopError)
			return nil
		}
		s.tell.allEnded()
		s.tell.stop(trace.StopAsked)
		return nil
	}
	s.mu.Lock()
	s.newest = m
	s.mu.Unlock()
	s.tell.moment(m)
	return nil
}
