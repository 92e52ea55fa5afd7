package diagnostics

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Hint names the keys of the view that a sentence may recommend; an empty one is not mentioned.
type Hint struct {
	Trigger string // moves a polling loop to epoll, an edge-triggered one to another trigger
}

// longWait is the wait from which on narration mentions it by itself.
const longWait = 10_000_000

// Narrate says what is going on in [t0, t1), in clauses, the most important first: what is lost, what is stuck, what is
// wasted, what waits, what was done. It always says something.
func Narrate(s *timeline.Snapshot, t0, t1 int64, h Hint) []string {
	n := narrator{s: s, h: h, t0: t0, t1: t1, now: min(t1, s.Now), w: s.Window(t0, t1)}
	if t1 <= s.First || t0 > s.Now || s.EventCount() == 0 {
		return []string{"nothing is known of this window"}
	}
	n.io = n.w.Sockets()
	n.lanes()
	n.stuck()
	n.stranded()
	n.lost()
	n.said()
	n.exhausted()
	n.repeats()
	n.rearmed()
	n.polling()
	n.completing()
	n.queued()
	n.waited()
	n.wasted()
	n.handedIn()
	n.broken()
	if len(n.out) == 0 || n.quiet {
		n.work()
	}
	return n.out
}

// Stuck reports whether what Narrate says of a window that ends at a moment begins with a loop that is blocked in a call.
func Stuck(s *timeline.Snapshot, t1 int64) bool {
	n := narrator{s: s, t1: t1, now: min(t1, s.Now)}
	n.stuck()
	return len(n.out) > 0
}

// Sentence joins clauses as far as they fit into so many characters; 0 is no limit. The first is always there.
func Sentence(clauses []string, limit int) string {
	var b strings.Builder
	length := 0
	for i, c := range clauses {
		k := len([]rune(c))
		if i > 0 {
			if limit > 0 && length+2+k > limit {
				break
			}
			b.WriteString("; ")
			length += 2
		}
		b.WriteString(c)
		length += k
	}
	return b.String()
}

// laneDoing is a lane that has something to do with the window.
type laneDoing struct {
	l        *timeline.Lane
	w        timeline.LaneWindow
	since    int64 // what waits at the end of the window, waits since
	waits    bool
	stranded bool
}

type narrator struct {
	s           *timeline.Snapshot
	h           Hint
	t0, t1, now int64
	w           timeline.WindowStats
	io          timeline.IO // what of it was traffic of sockets
	ls          []laneDoing
	out         []string
	quiet       bool // nothing said so far tells what the loop does
}

func (n *narrator) say(parts ...string) { n.out = append(n.out, strings.Join(parts, "")) }

// lanes picks those that did something in the window or wait in it.
func (n *narrator) lanes() {
	for _, l := range n.s.Lanes {
		if !l.Pending && l.LastActivity < n.t0 || l.Opened > n.t1 || l.Closed != 0 && l.Closed < n.t0 {
			continue
		}
		d := laneDoing{l: l, w: l.Window(n.t0, n.t1)}
		d.since, d.stranded, d.waits = l.WaitingAt(n.now - 1)
		n.ls = append(n.ls, d)
	}
}

// most is the lane with the largest value, nil when no value is above 0. The older lane wins a tie.
func (n *narrator) most(value func(*laneDoing) int64) *laneDoing {
	var best *laneDoing
	var top int64
	for i := range n.ls {
		if v := value(&n.ls[i]); v > top {
			best, top = &n.ls[i], v
		}
	}
	return best
}

func (n *narrator) lost() {
	switch {
	case n.w.Gaps == 1:
		n.say("events are missing in one place here")
	case n.w.Gaps > 1:
		n.say("events are missing in ", words.Number(n.w.Gaps), " places here")
	default:
		return
	}
	n.quiet = true
}

// saidFor is how long the server's words for its operator stay in the narration.
const saidFor = 3_000_000_000

// said repeats what the server has to say to its operator.
func (n *narrator) said() {
	for i := len(n.s.Bookmarks) - 1; i >= 0; i-- {
		b := &n.s.Bookmarks[i]
		if b.At >= n.t1 {
			continue
		}
		if b.N == 0 && b.Text != "" && n.now-b.At < saidFor {
			n.say("the server says: ", b.Text)
			n.quiet = true
		}
		return
	}
}

// manyWatched is the size of a set from which on it is worth a word that poll and select pass it with every call.
const manyWatched = 64

// handedIn makes the cost of poll and select visible, which is what is watched and not what is ready.
func (n *narrator) handedIn() {
	if !n.s.Mode.Known || n.s.Mode.Driver != trace.DriverPoll && n.s.Mode.Driver != trace.DriverSelect || n.w.Wakeups == 0 {
		return
	}
	for _, l := range n.s.Loops {
		if l.Ended == 0 && l.Watched >= manyWatched {
			n.say("every call passes ", words.Number(l.Watched), " descriptors; ", words.Number(n.w.Reports/max(n.w.Wakeups, 1)), " per call were ready")
			n.quiet = true
			return
		}
	}
}

// stuck says which thread is inside a call that may not return. It is known of the newest moment only.
func (n *narrator) stuck() {
	if n.now < n.s.Now {
		return
	}
	if n.s.Stats.Gaps > 0 && !n.s.Mode.Known { // a text out of which lines were left: the call may have come back in one of them
		return
	}
	for _, l := range n.s.Loops {
		if l.Ended != 0 || n.now-l.InSince < longWait {
			continue
		}
		var what, until string
		switch l.In {
		case trace.Accept:
			what, until = "accept", "a client connects"
		case trace.Read:
			what, until = "read", "the peer sends"
		case trace.Write:
			what, until = "write", "the peer reads"
		case trace.Connect:
			what, until = "connect", "the connection is established or refused"
		case trace.Lock:
			n.say(n.whose(l), "waiting for a lock that another thread holds, for ", words.Duration(n.now-l.InSince))
			return
		default:
			continue
		}
		if l.InFD >= 0 {
			what += "(" + strconv.Itoa(int(l.InFD)) + ")"
		}
		if other, is := n.inside(l); is {
			until, what = "the call returns", what+other
		}
		n.say(n.whose(l), "blocked in ", what, " for ", words.Duration(n.now-l.InSince), ": nothing else runs ", n.there(), "until ", until)
		return
	}
}

// whose and there tell threads apart where there are several.
func (n *narrator) whose(l *timeline.LoopLane) string {
	if len(n.s.Loops) < 2 {
		return ""
	}
	return words.Thread(l) + " "
}

// loops says what the loop does, or all of them. A thread that lies on a futex is none, where another waits for descriptors.
func (n *narrator) loops(one, many string) string {
	k := 0
	for _, l := range n.s.Loops {
		if l.Owns {
			k++
		}
	}
	if k == 0 {
		k = len(n.s.Loops)
	}
	if k > 1 {
		return "the " + words.Number(int64(k)) + " loops " + many
	}
	return "the loop " + one
}

func (n *narrator) there() string {
	if len(n.s.Loops) < 2 {
		return ""
	}
	return "in it "
}

func (n *narrator) stranded() {
	var all []*laneDoing
	for i := range n.ls {
		if n.ls[i].waits && n.ls[i].stranded {
			all = append(all, &n.ls[i])
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b *laneDoing) int { return cmp.Compare(a.since, b.since) })
	d := all[0]
	what, why, next := "data unread", "edge-triggered and not drained", "notification"
	if d.l.Kind == timeline.KindListener {
		what = "connections not accepted"
	}
	if u := d.l.Unread; u > 0 && d.l.StrandedSince != 0 {
		what = words.Bytes(u) + " unread"
		if d.l.Kind == timeline.KindListener {
			what = words.Count(u, "connection") + " not accepted"
		}
	}
	if d.l.TriggerAt(n.now) == trace.TriggerOneshot {
		why = "oneshot and not re-armed"
	}
	if n.w.Mode.Driver == trace.DriverURing {
		why, next = "no recv was submitted", "completion"
	}
	more := ""
	if len(all) > 1 {
		more = " (and " + words.Number(int64(len(all)-1)) + " more)"
	}
	n.say(words.FDOf(d.l), ": ", what, " for ", words.Duration(n.now-d.since), " and no further ", next, ": ", why, more)
}

func (n *narrator) exhausted() {
	if n.w.AcceptErr == 0 {
		return
	}
	d := n.most(func(d *laneDoing) int64 { return int64(d.w.Counts[timeline.MarkAcceptErr]) })
	why := ""
	if d != nil {
		switch d.l.LastRead.Errno {
		case 23, 24:
			why = ": no descriptor is left"
		case 12, 105:
			why = ": no memory is left"
		}
	}
	n.say("accept failed ", words.Times(n.w.AcceptErr), why)
}

func (n *narrator) repeats() {
	d := n.most(func(d *laneDoing) int64 { return int64(d.w.Counts[timeline.MarkRenotify]) })
	if d == nil {
		return
	}
	c := &d.w.Counts
	again := int64(c[timeline.MarkRenotify])
	wakeups := max(int64(c[timeline.MarkReport]), again) // a wait returns a descriptor once
	reads := int64(c[timeline.MarkRead])
	guess := ""
	if n.s.Stats.RenotifyInferred {
		guess = ", inferred"
	}
	repeats := ", " + words.Number(again) + " of them repeats" + guess
	if again == 1 {
		repeats = ", 1 of them a repeat" + guess
	}
	each := ""
	if reads > 0 {
		each = " (" + words.Bytes(d.w.BytesIn/reads) + " per read)"
	}
	switch {
	case reads == 0 && c[timeline.MarkReadEOF] == 0:
		n.say(words.FDOf(d.l), ": ", words.Count(wakeups, "wakeup"), ", never read", repeats)
	case wakeups == again+1:
		n.say(words.FDOf(d.l), ": ", words.Count(wakeups, "wakeup"), " for one message", repeats, each)
	default:
		n.say(words.FDOf(d.l), ": ", words.Count(wakeups, "wakeup"), repeats, each)
	}
}

func (n *narrator) rearmed() {
	k := n.w.Class[timeline.ClassRearmed]
	switch {
	case k == 1:
		n.say("1 event came from re-arming, not from new data")
	case k > 1:
		n.say(words.Number(k), " events came from re-arming, not from new data")
	default:
		return
	}
	n.quiet = true
}

func (n *narrator) polling() {
	w := &n.w
	if w.Rounds == 0 {
		return
	}
	if w.Asked == 0 {
		n.say(words.Count(w.Rounds, "round"), " with nothing to poll")
	} else {
		missed := " EAGAIN"
		if w.AcceptErr+n.io.ReadErr+n.io.WriteErr+n.io.Resets > 0 {
			missed = " without a result" // some of them failed in another way
		}
		n.say("polled ", words.Times(w.Asked), ": ", words.Count(w.AskedUseful, "hit"), ", ", words.Number(w.Asked-w.AskedUseful), missed)
	}
	if d := n.most(func(d *laneDoing) int64 { return d.w.Longest }); d != nil {
		n.waitedBy(d)
	}
	if n.h.Trigger != "" && w.Asked > w.AskedUseful {
		n.say("press ", n.h.Trigger, " for epoll")
	}
}

// completing says what a completion queue did. It has no event that could be a repeat and no EAGAIN.
func (n *narrator) completing() {
	w := &n.w
	if w.Enters == 0 || w.Completes == 0 {
		return
	}
	n.say(words.Count(w.Completes, "completion"), " in ", words.Count(w.Enters, "call"))
	if n.io.Received+n.io.Sent > 0 {
		n.say(words.Count(n.io.Received, "recv"), ", ", words.Count(n.io.Sent, "send"), ", ", words.Bytes(n.io.BytesIn), " in, ", words.Bytes(n.io.BytesOut), " out")
	}
}

func (n *narrator) waitedBy(d *laneDoing) {
	if d.waits && n.now-d.since == d.w.Longest {
		if d.l.Kind == timeline.KindListener {
			n.say("a connection on ", words.FDOf(d.l), " not accepted for ", words.Duration(d.w.Longest))
			return
		}
		n.say(words.FDOf(d.l), " unread for ", words.Duration(d.w.Longest))
		return
	}
	if d.l.Kind == timeline.KindListener {
		n.say("a connection on ", words.FDOf(d.l), " was accepted after ", words.Duration(d.w.Longest))
		return
	}
	n.say(words.FDOf(d.l), " was unread for ", words.Duration(d.w.Longest))
}

func (n *narrator) queued() {
	for i := range n.ls {
		d := &n.ls[i]
		if d.l.Kind != timeline.KindListener || !d.waits || d.stranded || n.now-d.since < longWait {
			continue
		}
		what := "a connection has waited"
		if u := d.l.Unread; u > 0 {
			what = words.Count(u, "connection") + " have waited"
			if u == 1 {
				what = "1 connection has waited"
			}
		}
		n.say(what, " to be accepted on ", words.FDOf(d.l), " for ", words.Duration(n.now-d.since))
		return
	}
}

func (n *narrator) waited() {
	if n.w.Rounds > 0 {
		return // said with the polling
	}
	d := n.most(func(d *laneDoing) int64 {
		if d.l.Kind == timeline.KindListener || d.waits && d.stranded {
			return 0
		}
		return d.w.Longest
	})
	if d != nil && d.w.Longest >= longWait {
		n.waitedBy(d)
		n.quiet = len(n.out) == 1 || n.quiet
	}
}

// wasted is for readiness loops only; a polling loop's EAGAIN is in what it polled.
func (n *narrator) wasted() {
	w := &n.io
	if n.w.Rounds > 0 {
		return
	}
	if all := w.Reads + w.ReadEOF + w.ReadAgain; w.ReadAgain > 1 && w.ReadAgain*4 >= all {
		n.say(words.Number(w.ReadAgain), " of ", words.Count(all, "read"), " found nothing (EAGAIN)")
		n.quiet = true
	}
	if w.WriteAgain > 0 {
		n.say(words.Count(w.WriteAgain, "write"), " found no room (EAGAIN)")
	}
}

func (n *narrator) broken() {
	if n.io.Resets > 0 {
		n.say(words.Count(n.io.Resets, "connection was", "connections were"), " reset")
	}
}

// work says what was done when there is nothing to complain of.
func (n *narrator) work() {
	w := &n.w
	did := []string{}
	add := func(k int64, one string, many ...string) {
		if k > 0 {
			did = append(did, words.Count(k, one, many...))
		}
	}
	if w.Wakeups > 0 {
		woke := words.Count(w.Wakeups, "wakeup")
		if w.Timeouts > 0 { // those are wakeups too
			woke = words.Count(w.Wakeups, "wakeup with events", "wakeups with events")
		}
		n.say(woke, ", ", words.Number(min(w.UsefulWakeups, w.Wakeups)), " useful")
	}
	add(w.Accepts, "connection accepted", "connections accepted")
	add(n.io.Reads, "read")
	add(n.io.Writes, "write")
	add(n.io.ReadEOF, "EOF", "EOFs")
	beside := words.OtherIO(w)
	if len(did) > 0 {
		n.say(strings.Join(did, ", "))
		if n.io.BytesIn+n.io.BytesOut > 0 {
			n.say(words.Bytes(n.io.BytesIn), " in, ", words.Bytes(n.io.BytesOut), " out")
		}
		if len(beside) > 0 {
			beside[0] = "and " + beside[0]
		}
	}
	if len(beside) > 0 {
		n.say(strings.Join(beside, ", "))
	}
	if len(did)+len(beside) > 0 {
		return
	}
	if !n.s.CallsSeen() && len(n.out) == 0 {
		n.say("looked at ", words.Count(int64(len(n.s.Threads)), "thread"), " and ", words.Count(int64(len(n.s.Lanes)), "descriptor"), "; calls are not seen here")
		return
	}
	if calls := words.UnknownIO(w); len(calls) > 0 {
		n.say(strings.Join(calls, ", ")) // better than to call it idle
		return
	}
	if w.Wakeups > 0 || len(n.out) > 0 && w.Gaps == 0 {
		return
	}
	if n.timers() {
		return
	}
	state, longest := timeline.LoopUnknown, int64(0)
	for i, d := range w.Time {
		if d > longest {
			state, longest = timeline.LoopState(i), d
		}
	}
	switch state {
	case timeline.LoopWaiting:
		n.say("idle: ", n.loops("waits", "wait"), " and there is nothing to do")
	case timeline.LoopAsleep:
		n.say("asleep: data that arrives now is unread until the sleep is over")
	case timeline.LoopWorking, timeline.LoopRenotified:
		n.say(n.loops("works", "work"), " without a call that is seen here")
	default:
		n.say("what ", n.loops("does", "do"), " here is unknown")
	}
}

// timersSought is how many events are looked through for timers, so that a sentence costs no more in a long trace.
const timersSought = 10_000

// timers says how many timers fired, and reports whether any did. The window's last events are looked through: it is asked where there is
// little else.
func (n *narrator) timers() bool {
	first, end := n.s.EventRange()
	fired, all := int64(0), true
	for i := end - 1; i >= first; i-- {
		if end-i > timersSought {
			all = false
			break
		}
		e, ok := n.s.Event(i)
		if !ok || e.Time < n.t0 && e.Kind != trace.Arrive { // what another thread has seen may come late
			break
		}
		if e.Kind == trace.TimerFire && e.Time >= n.t0 && e.Time < n.t1 {
			fired++
		}
	}
	if fired == 0 {
		return false
	}
	count := words.Count(fired, "timer fired", "timers fired")
	if !all {
		count = "timers fired"
	}
	n.say("no descriptor was ready; ", count)
	return true
}

// inside says what the descriptor of the call that a loop is in is, when it is known not to be a socket: no peer can end
// the call then.
func (n *narrator) inside(l *timeline.LoopLane) (name string, other bool) {
	for _, x := range n.s.Lanes {
		if x.FD != l.InFD || x.Closed != 0 || x.Table != l.Table {
			continue
		}
		if k, other := x.Beside(); other && k != timeline.BesideUnknown {
			if name = words.OtherName(k); name != "" {
				name = ", " + name + ","
			}
			return name, true
		}
	}
	return "", false
}
