package loop

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"evviz/trace"
)

// lineLimit is the longest command in bytes, without its newline.
const lineLimit = 8 << 10

// Bounds of what one command may ask for.
const (
	sendLimit  = 1 << 30
	sendChunk  = 64 << 10
	sleepLimit = time.Hour
)

// commands is a line protocol: a command a line, its answer a line, in the order of the commands, whatever the bytes'
// way was. Lines arrive split over reads and several in one read; what is not a whole line yet, or may not be begun yet
// because the command before it is still under way, stays in in.
type commands struct {
	in    []byte
	out   []byte // answers that leave together
	left  int    // bytes of a send command still to be made
	sent  int    // bytes of it that have been
	wait  bool   // a command is under way that will answer later
	eof   bool
	over  bool
	lines int // commands so far
}

// command is one entry of the dispatcher's table.
type command struct {
	name, args, does string
	run              func(s *commands, o outlet, arg string)
}

// dispatcher is all commands, in the order in which help lists them.
var dispatcher []command

func init() { // help is in the table and reads it
	dispatcher = []command{
		{"ping", "", "answers pong", func(s *commands, _ outlet, _ string) { s.say("pong") }},
		{"echo", "WORDS", "answers WORDS", func(s *commands, _ outlet, arg string) { s.say(arg) }},
		{"time", "", "answers the time of day", func(s *commands, _ outlet, _ string) { s.say(time.Now().Format(time.RFC3339Nano)) }},
		{"sleep", "MS", "answers after MS milliseconds; later commands wait, other connections do not", (*commands).sleep},
		{"send", "N", "answers N bytes and a newline: abc...z over and over", (*commands).send},
		{"lookup", "NAME", "answers the addresses of NAME", (*commands).lookup},
		{"stats", "", "answers the server's counters", (*commands).stats},
		{"help", "", "answers this list", (*commands).help},
		{"quit", "", "answers bye and closes the connection", (*commands).quit},
	}
}

func (s *commands) opened(outlet) {}

func (s *commands) received(o outlet, p []byte) {
	s.in = append(s.in, p...)
	s.run(o)
}

func (s *commands) ended(o outlet) {
	s.eof = true
	s.run(o)
}

func (s *commands) writable(o outlet) { s.run(o) }

func (s *commands) released(*Loop) {}

func (s *commands) busy() bool { return s.wait || s.left > 0 }

// run does every command that can be done now.
func (s *commands) run(o outlet) {
	for o.alive() && !s.wait && !s.over {
		if len(s.out) >= sendChunk {
			s.flush(o)
		}
		if o.clogged() {
			break
		}
		if s.left > 0 {
			s.pattern()
			continue
		}
		line, ok := s.next()
		if !ok {
			break
		}
		s.dispatch(o, line)
	}
	s.flush(o)
	switch {
	case !o.alive():
	case s.over:
	case s.wait || o.clogged():
		o.hold(len(s.in) > lineLimit)
	case s.eof:
		o.finish(trace.CloseEOF)
	default:
		o.hold(false)
	}
}

func (s *commands) flush(o outlet) {
	o.send(s.out)
	if s.out = s.out[:0]; cap(s.out) > 2*sendChunk {
		s.out = nil
	}
}

// next takes a whole line out of what has been received, without its line end. The last line of a peer that sends no
// more may lack its newline. A line that is too long is taken as such when lineLimit bytes have come without a newline.
func (s *commands) next() (line []byte, ok bool) {
	i := bytes.IndexByte(s.in[:min(len(s.in), lineLimit+1)], '\n')
	switch {
	case i >= 0:
		line, s.in = s.in[:i], s.in[i+1:]
	case len(s.in) > lineLimit:
		line, s.in = s.in, nil
	case s.eof && len(s.in) > 0:
		line, s.in = s.in, nil
	default:
		return nil, false
	}
	if len(s.in) == 0 {
		s.in = nil
	}
	return line, true
}

func (s *commands) dispatch(o outlet, line []byte) {
	if len(line) > lineLimit {
		s.say(fmt.Sprintf("error: a line longer than %d bytes; closing", lineLimit))
		s.over = true
		s.flush(o)
		o.refuse(trace.CloseError)
		return
	}
	s.lines++
	name, arg, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
	if name == "" {
		return
	}
	for i := range dispatcher {
		if c := &dispatcher[i]; c.name == name {
			if arg = strings.TrimSpace(arg); (arg != "") != (c.args != "") && name != "echo" {
				s.say(strings.TrimSpace("error: use " + c.name + " " + c.args))
				return
			}
			c.run(s, o, arg)
			return
		}
	}
	if len(name) > 40 {
		name = name[:40]
	}
	s.say(fmt.Sprintf("error: no command %q; try help", name))
}

func (s *commands) say(line string) {
	s.out = append(append(s.out, line...), '\n')
}

// later lets the commands behind this one wait until done is called.
func (s *commands) later(o outlet) (done func(answer string)) {
	s.wait = true
	s.flush(o) // what was answered before must not wait with them
	return func(answer string) {
		s.wait = false
		s.say(answer)
	}
}

func (s *commands) sleep(o outlet, arg string) {
	ms, err := strconv.Atoi(arg)
	if err != nil || ms < 0 || time.Duration(ms)*time.Millisecond > sleepLimit {
		s.say(fmt.Sprintf("error: sleep takes milliseconds from 0 to %d", sleepLimit/time.Millisecond))
		return
	}
	done := s.later(o)
	o.after(time.Duration(ms)*time.Millisecond, func(o outlet) {
		done(fmt.Sprintf("slept %d", ms))
		s.run(o)
	})
}

func (s *commands) send(_ outlet, arg string) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 0 || n > sendLimit {
		s.say(fmt.Sprintf("error: send takes a number of bytes from 0 to %d", sendLimit))
		return
	}
	s.left, s.sent = n+1, 0 // and a newline
}

// pattern makes the next piece of what send answers.
func (s *commands) pattern() {
	n := min(s.left, sendChunk-len(s.out))
	for range n {
		s.out = append(s.out, byte('a'+s.sent%26))
		s.sent++
	}
	if s.left -= n; s.left == 0 {
		s.out[len(s.out)-1] = '\n'
	}
}

func (s *commands) lookup(o outlet, arg string) {
	done, inside := s.later(o), true
	o.lookup(arg, func(o outlet, a answer) {
		done(a.line())
		if !inside { // else run goes on by itself
			s.run(o)
		}
	})
	inside = false
}

func (s *commands) stats(o outlet, _ string) {
	t := &o.l.stats
	s.say(fmt.Sprintf("accepted %d closed %d bytes-in %d bytes-out %d commands %d",
		t.Accepted.Load(), t.Closed.Load(), t.BytesIn.Load(), t.BytesOut.Load(), s.lines))
}

func (s *commands) help(outlet, string) {
	for i := range dispatcher {
		c := &dispatcher[i]
		s.say(fmt.Sprintf("%-12s %s", strings.TrimSpace(c.name+" "+c.args), c.does))
	}
}

func (s *commands) quit(o outlet, _ string) {
	s.say("bye")
	s.over = true
	s.flush(o)
	o.refuse(trace.CloseServed)
}
