package cmd

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"evviz/internal/testkit"
	"evviz/probe/look"
	"evviz/trace"
)

// What a look finds is held against what /proc/PID/fdinfo and ss(8) say, read and parsed by the test itself. The server goes on meanwhile, so
// each look stands between two readings of the reference. A fact that these agree upon may still have been another between them, and was not
// if the program has not run (nothing is registered, read or accepted then) and the connection has neither received nor been acknowledged
// anything (both count upwards). Such a fact must be equal. Of the others only what differs again and again does.

// facts are what is known of processes at a moment: what it is about, and how it is.
type facts map[string]string

// reading is a reference.
type reading struct {
	facts facts
	moved map[string]string // by fact: counters that a change would have moved; "" none is known
	ran   string            // how often the threads were given a CPU; "" one of them is running
}

// readReference reads what the kernel says of processes.
func readReference(t *testing.T, ss string, pids []int) *reading {
	t.Helper()
	r := &reading{facts: facts{}, moved: map[string]string{}}
	sockets := map[string]bool{}
	r.ran = slept(pids)
	for _, pid := range pids {
		dir := fmt.Sprintf("/proc/%d/", pid)
		entries, err := os.ReadDir(dir + "fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range entries {
			link, err := os.Readlink(dir + "fd/" + d.Name())
			if err != nil {
				continue
			}
			info, err := os.ReadFile(dir + "fdinfo/" + d.Name())
			if err != nil {
				continue
			}
			r.descriptor(pid, d.Name(), link, string(info))
			if ino, ok := strings.CutPrefix(link, "socket:["); ok {
				sockets[strings.TrimSuffix(ino, "]")] = true
			}
		}
	}
	out, err := exec.Command(ss, "-tanHeiO").Output()
	if err != nil {
		t.Fatalf("ss: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		r.socket(line, sockets)
	}
	if after := slept(pids); after != r.ran {
		r.ran = "" // what was read belongs to no single moment
	}
	return r
}

// descriptor takes what /proc says of a descriptor.
func (r *reading) descriptor(pid int, fd, link, info string) {
	kind, ino, _ := strings.Cut(strings.TrimSuffix(link, "]"), ":[")
	flags, lists := "", map[string][]string{}
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, "flags:"); ok {
			flags = strings.TrimLeft(strings.TrimSpace(rest), "0")
		}
		var tfd, events, data, inode string
		if !strings.HasPrefix(line, "tfd:") {
			continue
		}
		words := strings.Fields(strings.ReplaceAll(line, ":", " : "))
		for i := 0; i+2 < len(words); i++ {
			if words[i+1] != ":" {
				continue
			}
			switch words[i] {
			case "tfd":
				tfd = words[i+2]
			case "events":
				events = words[i+2]
			case "data":
				data = words[i+2]
			case "ino":
				inode = words[i+2]
			}
		}
		n, _ := strconv.ParseUint(inode, 16, 64)
		key := fmt.Sprintf("process %d epoll %s fd %s inode %d", pid, fd, tfd, n)
		lists[key] = append(lists[key], fmt.Sprintf("events %s data %s", events, data))
	}
	if kind != "socket" && kind != "pipe" {
		ino = ""
	}
	r.facts[fmt.Sprintf("process %d fd %s", pid, fd)] = fmt.Sprintf("flags %s inode %s", flags, ino)
	for k, v := range lists {
		slices.Sort(v)
		r.facts[k] = strings.Join(v, ", ")
	}
}

// socket takes a line of ss, of a socket that a process has.
func (r *reading) socket(line string, wanted map[string]bool) {
	f := strings.Fields(line)
	values := map[string]string{}
	for _, w := range f {
		if k, v, ok := strings.Cut(w, ":"); ok {
			values[k] = v
		}
	}
	ino := values["ino"]
	if len(f) < 6 || !wanted[ino] {
		return
	}
	state, in, out := f[0], f[1], f[2]
	key := "socket " + ino + " "
	r.facts[key+"local"] = address(f[3])
	if state == "LISTEN" {
		r.facts[key+"waiting"], r.facts[key+"backlog"] = in, out
		r.moved[key+"waiting"] = "a queue that nobody accepts from only grows"
		return
	}
	n, _ := strconv.Atoi(in)
	done := state == "CLOSE-WAIT" || state == "LAST-ACK" || state == "CLOSING"
	if done && n > 0 {
		n-- // the FIN has a number of the sequence
	}
	r.facts[key+"peer"] = address(f[4])
	r.facts[key+"unread"], r.facts[key+"unacknowledged"] = strconv.Itoa(n), out
	r.facts[key+"finished"] = fmt.Sprint(done)
	r.moved[key+"unread"] = state + " received " + values["bytes_received"]
	r.moved[key+"unacknowledged"] = state + " acknowledged " + values["bytes_acked"]
	r.moved[key+"finished"] = state
}

// address is as evviz writes it: an IPv4 address in IPv6's clothes is an IPv4 address, and ss writes * for any.
func address(s string) string {
	s = strings.Replace(s, "[::ffff:", "", 1)
	if !strings.HasPrefix(s, "[") {
		s = strings.Replace(s, "]", "", 1)
	}
	return strings.Replace(s, "*:", "[::]:", 1)
}

// slept is how often each thread of processes was given a CPU, "" when one of them may be running.
func slept(pids []int) string {
	var b strings.Builder
	for _, pid := range pids {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return ""
			}
			for line := range strings.Lines(string(text)) {
				if strings.HasPrefix(line, "State:\tR") {
					return ""
				}
				if strings.Contains(line, "ctxt_switches") {
					b.WriteString(f + line)
				}
			}
		}
	}
	return b.String()
}

// lookFacts are the same of a look.
func lookFacts(m *look.Moment) facts {
	out := facts{}
	for _, p := range m.Processes {
		same := map[uint64][]int32{} // by instance: its numbers
		for i := range p.Files {
			f := &p.Files[i]
			ino := ""
			if f.Type == trace.TypePipe || f.Family != 0 || f.Path == "socket" {
				ino = fmt.Sprint(f.Inode)
			}
			out[fmt.Sprintf("process %d fd %d", p.PID, f.FD)] = fmt.Sprintf("flags %o inode %s", f.Flags, ino)
			if f.Type == trace.TypeEpoll {
				same[f.File] = append(same[f.File], f.FD)
			}
			const closed = 7 // TCP_CLOSE: reset by the peer, and in no table that ss could read
			if f.Family != syscall.AF_INET && f.Family != syscall.AF_INET6 || f.Type != trace.TypeStream && f.Type != trace.TypeListener || f.State == closed {
				continue
			}
			key := fmt.Sprintf("socket %d ", f.Inode)
			out[key+"local"] = f.Local.String()
			if f.Type == trace.TypeListener {
				out[key+"waiting"], out[key+"backlog"] = fmt.Sprint(f.Unread), fmt.Sprint(f.Backlog)
				continue
			}
			out[key+"peer"] = f.Peer.String()
			out[key+"unread"], out[key+"unacknowledged"] = fmt.Sprint(f.Unread), fmt.Sprint(f.Unsent)
			out[key+"finished"] = fmt.Sprint(f.Finished == trace.AnswerYes)
		}
		lists := map[string][]string{}
		for i := range p.Regs {
			r := &p.Regs[i]
			numbers := []int32{int32(r.EPFD)}
			if f := p.File(int32(r.EPFD)); f != nil && f.File != 0 && len(same[f.File]) > 0 && same[f.File][0] == f.FD {
				numbers = same[f.File] // told once, for the lowest of them
			}
			for _, epfd := range numbers {
				key := fmt.Sprintf("process %d epoll %d fd %d inode %d", p.PID, epfd, r.FD, r.Inode)
				lists[key] = append(lists[key], fmt.Sprintf("events %x data %x", r.Events, r.Data))
			}
		}
		for k, v := range lists {
			slices.Sort(v)
			out[k] = strings.Join(slices.Compact(v), ", ")
		}
	}
	return out
}

// equality gathers what differs.
type equality struct {
	t       *testing.T
	what    string
	streaks map[string]int // so often a fact has differed, one reading after the other
	proven  int            // facts that nothing can have changed between the readings
	rounds  int
	settled int // rounds in which no process has run
}

// persists is after how many readings in a row a difference that may each time have been a change is none.
const persists = 25

// hold holds facts against the readings before and after them. Which facts are meant may be limited.
func (e *equality) hold(before, after *reading, got facts, about func(key string) bool) {
	e.t.Helper()
	e.rounds++
	still := before.ran != "" && before.ran == after.ran
	if still {
		e.settled++
	}
	keys := map[string]bool{}
	for _, m := range []facts{before.facts, after.facts, got} {
		for k := range m {
			keys[k] = about == nil || about(k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if !keys[k] {
			continue
		}
		was, wasThere := before.facts[k]
		is, isThere := after.facts[k]
		if was != is || wasThere != isThere {
			continue
		}
		certain := still && before.moved[k] == after.moved[k] && (!strings.HasPrefix(k, "socket ") || wasThere)
		if certain {
			e.proven++
		}
		if got[k] == was {
			delete(e.streaks, k)
			continue
		}
		if e.streaks[k]++; certain || e.streaks[k] >= persists {
			e.t.Errorf("%s, round %d: %s is %q, and the kernel says %q before and after (certain: %v)", e.what, e.rounds, k, got[k], was, certain)
			delete(e.streaks, k)
		}
	}
	for k := range e.streaks {
		if !keys[k] {
			delete(e.streaks, k)
		}
	}
}

// enough says whether there were rounds enough, and nothing has differed so often that it has to be looked at again.
func (e *equality) enough() bool {
	for _, n := range e.streaks {
		if n > persists/5 {
			return e.t.Failed()
		}
	}
	return e.rounds >= lookRounds() || e.t.Failed()
}

// TestLookEqualsKernel: what looks find of real servers under load, by BPF and by /proc, is what fdinfo and ss say; also while the server is
// stopped and its clients go on, so that much is unread and waits to be accepted.
func TestLookEqualsKernel(t *testing.T) {
	testkit.Long(t, "looks at real servers under load, held against fdinfo and ss")
	ss := testkit.Need(t, "ss")
	for _, s := range lookedAts() {
		t.Run(s.name, func(t *testing.T) {
			run := s.serve(t)
			run.load(t)
			for _, way := range []struct {
				name string
				open func(pids ...int) *look.Looker
			}{{"BPF", look.New}, {"proc", look.NewByProc}} {
				t.Run(way.name, func(t *testing.T) {
					l := way.open(descendants(run.pid)...)
					defer l.Close()
					if why := l.Refused(); why != nil {
						t.Skipf("SKIPPED, not tested: BPF programs cannot be loaded: %v", why)
					}
					for _, stopped := range []bool{false, true} {
						run.equal(t, ss, l, stopped)
					}
				})
			}
		})
	}
}

// equal holds looks against the kernel, with the server running or stopped.
func (s *served) equal(t *testing.T, ss string, l *look.Looker, stopped bool) {
	e := &equality{t: t, what: s.name, streaks: map[string]int{}}
	pids := descendants(s.pid)
	if stopped {
		e.what += ", stopped"
		s.halt(t, pids)
		defer s.goOn(pids)
	}
	testkit.Until(t, giveUp, func() bool {
		before := readReference(t, ss, pids)
		m, err := l.Look()
		if err != nil {
			t.Fatal(err)
		}
		after := readReference(t, ss, pids)
		for _, x := range m.Missing {
			if !strings.Contains(x.Why, "changed faster") && !strings.Contains(x.Why, "do not show") {
				t.Errorf("%s: %s is missing: %s", e.what, x.What, x.Why)
			}
		}
		e.hold(before, after, lookFacts(m), nil)
		if stopped && e.enough() { // there is something to be compared
			return t.Failed() || piled(before.facts)
		}
		return e.enough()
	}, func() string {
		return fmt.Sprintf("%s: %d rounds, and these differ still: %v", e.what, e.rounds, e.streaks)
	})
	t.Logf("%s: %d rounds, the program did not run in %d, %d facts proven to be equal", e.what, e.rounds, e.settled, e.proven)
	if stopped && e.proven == 0 {
		t.Error("nothing was proven although the program stood still")
	}
}

// piled says whether connections wait to be accepted and data to be read.
func piled(f facts) bool {
	waiting, unread := false, false
	for k, v := range f {
		waiting = waiting || strings.HasSuffix(k, " waiting") && v != "0"
		unread = unread || strings.HasSuffix(k, " unread") && v != "0"
	}
	return waiting && unread
}

// halt stops the processes of a server, and waits until every thread stands.
func (s *served) halt(t *testing.T, pids []int) {
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGSTOP)
	}
	testkit.Until(t, giveUp, func() bool {
		for _, pid := range pids {
			files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
			for _, f := range files {
				if b, err := os.ReadFile(f); err == nil && !strings.Contains(string(b), "State:\tT") {
					return false
				}
			}
		}
		return true
	}, func() string { return s.name + " does not stop" })
}

func (s *served) goOn(pids []int) {
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGCONT)
	}
}

// eventBits are the words of an interest list, read back.
var eventBits = map[string]uint32{"IN": 0x1, "PRI": 0x2, "OUT": 0x4, "ERR": 0x8, "HUP": 0x10, "RDNORM": 0x40, "RDBAND": 0x80, "WRNORM": 0x100, "WRBAND": 0x200, "MSG": 0x400, "RDHUP": 0x2000}

// registeredJSON is an entry of a list in the JSON of a snapshot.
type registeredJSON struct {
	FD                        int
	Events, Trigger, Data     string
	Oneshot, Exclusive, Stale bool
	Armed                     *bool
}

// instanceJSON is an instance, or another number of one.
type instanceJSON struct {
	FD         int
	Same       *struct{ PID, FD int } `json:"same_as"`
	Registered []registeredJSON
}

// jsonFacts are the registrations and descriptors of a snapshot's JSON, as fdinfo has them but for inodes.
func jsonFacts(t *testing.T, text string) facts {
	t.Helper()
	var s struct {
		Processes []struct {
			PID         int
			Descriptors []struct{ FD int }
			Instances   []instanceJSON
		}
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	out, lists := facts{}, map[string][]string{}
	for _, p := range s.Processes {
		for _, d := range p.Descriptors {
			out[fmt.Sprintf("process %d fd %d", p.PID, d.FD)] = "open"
		}
		for _, inst := range p.Instances {
			if o := inst.Same; o != nil {
				inst.Registered = nil
				for _, q := range s.Processes {
					for _, x := range q.Instances {
						if q.PID == o.PID && x.FD == o.FD {
							inst.Registered = x.Registered
						}
					}
				}
			}
			for _, r := range inst.Registered {
				var mask uint32
				for w := range strings.SplitSeq(r.Events, "|") {
					if bit := eventBits[w]; bit != 0 {
						mask |= bit
					} else if w != "" {
						t.Errorf("process %d fd %d: events %q", p.PID, r.FD, r.Events)
					}
				}
				if r.Armed != nil && *r.Armed {
					mask |= 0x8 | 0x10 // the kernel puts them into every registration
				}
				if r.Trigger == "edge" {
					mask |= 1 << 31
				}
				if r.Oneshot {
					mask |= 1 << 30
				}
				if r.Exclusive {
					mask |= 1 << 28
				}
				key := fmt.Sprintf("process %d epoll %d fd %d", p.PID, inst.FD, r.FD)
				lists[key] = append(lists[key], fmt.Sprintf("events %x data %s", mask, strings.TrimPrefix(r.Data, "0x")))
			}
		}
	}
	for k, v := range lists {
		slices.Sort(v)
		out[k] = strings.Join(v, ", ")
	}
	return out
}

// withoutInodes are a reference's registrations and descriptors in the form of jsonFacts.
func (r *reading) withoutInodes() *reading {
	out := &reading{facts: facts{}, moved: map[string]string{}, ran: r.ran}
	lists := map[string][]string{}
	for k, v := range r.facts {
		switch {
		case strings.Contains(k, " epoll "):
			short, _, _ := strings.Cut(k, " inode ")
			lists[short] = append(lists[short], strings.Split(v, ", ")...)
		case strings.HasPrefix(k, "process "):
			out.facts[k] = "open"
		}
	}
	for k, v := range lists {
		slices.Sort(v)
		out.facts[k] = strings.Join(v, ", ")
	}
	return out
}

// TestSnapshotEqualsKernel: the JSON of a snapshot has every descriptor of servers under load and every registration, with its number,
// events, data and trigger.
func TestSnapshotEqualsKernel(t *testing.T) {
	testkit.Long(t, "snapshots of real servers under load, held against fdinfo")
	ss := testkit.Need(t, "ss")
	for _, s := range lookedAts() {
		if s.name != "nginx" && s.name != "go" && s.name != "memcached" {
			continue
		}
		for _, via := range []string{"auto", "proc"} {
			t.Run(s.name+"-"+via, func(t *testing.T) {
				run := s.serve(t)
				run.load(t)
				pids := descendants(run.pid)
				args := []string{"snapshot", "--json", "--via", via}
				for _, pid := range pids {
					args = append(args, fmt.Sprint(pid))
				}
				e := &equality{t: t, what: s.name + " as JSON", streaks: map[string]int{}}
				testkit.Until(t, giveUp, func() bool {
					stopped := e.rounds >= lookRounds()/2 // then everything it says is proven
					if stopped {
						run.halt(t, pids)
						defer run.goOn(pids)
					}
					before := readReference(t, ss, pids).withoutInodes()
					r := finish(t, program(t, args...))
					after := readReference(t, ss, pids).withoutInodes()
					if r.code != 0 && r.code != exitFailure {
						t.Fatalf("code %d: %s", r.code, r.err)
					}
					e.hold(before, after, jsonFacts(t, r.out), nil)
					return e.enough()
				}, func() string { return fmt.Sprintf("%d rounds, and these differ still: %v", e.rounds, e.streaks) })
				t.Logf("%d rounds, the program did not run in %d, %d facts proven to be equal", e.rounds, e.settled, e.proven)
			})
		}
	}
}

// lookRounds is how often a server is looked at: some times in the normal run, and 20 with EVVIZ_LOOK_ROUNDS=20 (make test-look).
func lookRounds() int {
	if n, err := strconv.Atoi(os.Getenv("EVVIZ_LOOK_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 2
}
