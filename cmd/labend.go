package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"evviz/loop"
	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// labEnd is the lab as others see it: the screen's Lab, the scenarios' Lab and Observer.
type labEnd struct{ s *session }

// nextTrigger is the order in which a key goes through the triggers.
var nextTrigger = map[uint32]uint32{trace.TriggerLevel: trace.TriggerEdge, trace.TriggerEdge: trace.TriggerOneshot, trace.TriggerOneshot: trace.TriggerLevel}

// CycleTrigger goes from level to edge, to oneshot and back; from a mode without triggers it goes to epoll level.
func (e *labEnd) CycleTrigger() (string, error) {
	driver, trigger := e.s.loop.Mode()
	next := uint32(trace.TriggerLevel)
	if driver == trace.DriverEpoll {
		next = nextTrigger[trigger]
	}
	if err := e.s.loop.Switch(trace.DriverEpoll, next); err != nil {
		return "", err
	}
	word := strings.ToUpper(trace.TriggerNames.Word(next))
	if driver != trace.DriverEpoll {
		return fmt.Sprintf("%s has no trigger: the server is now epoll %s, connections kept", trace.DriverNames.Word(driver), word), nil
	}
	switch next {
	case trace.TriggerEdge:
		return "epoll EDGE: each arrival makes one event; data that is not drained then stays unread", nil
	case trace.TriggerOneshot:
		return "epoll ONESHOT: each event disarms its descriptor, and the handler arms it again (--rearm)", nil
	}
	return "epoll LEVEL: what is not drained is reported again, and stranded data is reported now", nil
}

// CycleTriggerOf does it for one descriptor.
func (e *labEnd) CycleTriggerOf(fd int32, gen uint32) (string, error) {
	driver, _ := e.s.loop.Mode()
	if driver != trace.DriverEpoll {
		return "", fmt.Errorf("%s has no trigger; press t for epoll", trace.DriverNames.Word(driver))
	}
	trigger, err := e.s.loop.TriggerOf(fd, 0)
	if err != nil {
		return "", err
	}
	next := nextTrigger[trigger]
	if err := e.s.loop.SwitchOne(fd, 0, next); err != nil {
		return "", err
	}
	return fmt.Sprintf("fd %d alone is now %s-triggered", fd, trace.TriggerNames.Word(next)), nil
}

// CycleMode goes through the mechanisms that can be entered while the server runs. One that cannot run with the present
// settings is passed over, and the words say why.
func (e *labEnd) CycleMode() (string, error) {
	select {
	case <-e.s.loop.Done():
		return "", errors.New("the server has ended, so there is nothing to switch")
	default:
	}
	driver, trigger := e.s.loop.Mode()
	if !loop.Live(driver) {
		return "", e.s.loop.Switch(trace.DriverEpoll, trace.TriggerLevel) // which says why not
	}
	if trigger == trace.TriggerNone {
		trigger = trace.TriggerLevel
	}
	var passed error
	at := slices.Index(loop.Drivers, driver)
	for i := 1; i < len(loop.Drivers); i++ {
		next := loop.Drivers[(at+i)%len(loop.Drivers)]
		if !loop.Live(next) {
			continue
		}
		if err := e.s.loop.Switch(next, trigger); err != nil {
			passed = errors.Join(passed, err)
			continue
		}
		words := fmt.Sprintf("the server now runs as %s, connections kept", trace.DriverNames.Word(next))
		if passed != nil {
			words += " (" + strings.ReplaceAll(passed.Error(), "\n", "; ") + ")"
		}
		return words, nil
	}
	return "", passed
}

// Describe is for the header.
func (e *labEnd) Describe() (serve, address, scenario string) {
	if script, _ := e.s.traffic(); script != nil {
		scenario = script.Title
	}
	return e.s.loop.Serves(), e.s.loop.Addr(), scenario
}

// Set turns a knob for a scenario; mode and trigger are switched the same way as by a key.
func (e *labEnd) Set(name, value string) error {
	return e.SetAll([]scenarios.Knob{{Name: name, Value: value}})
}

// SetAll turns the knobs first, all of them between two turns of the loop, and then switches mode and trigger.
func (e *labEnd) SetAll(knobs []scenarios.Knob) error {
	var pairs []trace.Pair
	o := labOptions{}
	for _, k := range knobs {
		switch name := strings.ReplaceAll(k.Name, "_", "-"); name {
		case "mode":
			o.mode = k.Value
		case "trigger":
			o.trigger = k.Value
		default:
			pairs = append(pairs, trace.Pair{Key: name, Value: k.Value})
		}
	}
	if len(pairs) > 0 {
		if err := e.s.loop.Set(pairs...); err != nil {
			return err
		}
	}
	if o.mode == "" && o.trigger == "" {
		return nil
	}
	driver, trigger := e.s.loop.Mode()
	if o.mode == "" {
		o.mode = trace.DriverNames.Word(driver)
	}
	b := loop.Default()
	if trigger != trace.TriggerNone {
		b.Trigger = trigger
	}
	if err := o.modeOf(&b); err != nil {
		return err
	}
	return e.s.loop.Switch(b.Driver, b.Trigger)
}

// End stops the server when a story has come to its end, if the session is over then. The story's connections are still
// open: what its expectations are held against is the run and not its dismantling.
func (e *labEnd) End() error {
	if e.s.endsWithStory {
		e.s.loop.StopFor(trace.StopAsked)
	}
	return nil
}

// Count answers a scenario. The server's own counters are up to date; all else is counted from what has been recorded,
// which is some milliseconds behind. What is not known yet is 0: a story that waits for a report waits for the first wait,
// too.
func (e *labEnd) Count(what string) (int64, error) {
	st := e.s.loop.Stats()
	switch what {
	case "accepted":
		return st.Accepted.Load(), nil
	case "closed":
		return st.Closed.Load(), nil
	case "bytes_in":
		return st.BytesIn.Load(), nil
	case "bytes_out":
		return st.BytesOut.Load(), nil
	case "idle":
		return e.idle(), nil
	}
	g, err := scenarios.ParseFigure(what)
	if err != nil {
		return 0, err
	}
	v, unknown := newFigures(e.s.feed.Snapshot()).value(&g)
	if unknown != "" {
		return 0, nil
	}
	return int64(v), nil
}

// idleFor is how long every loop must have sat in its wait before it counts as idle.
const idleFor = int64(100e6)

// idle is 1 when every thread of the lab's loop waits or sleeps, and has for some time. On a busy machine the picture may be behind, and
// a thread that was woken may not have run yet: so everything that the threads have emitted must be in the picture, and the kernel
// must have them asleep.
func (e *labEnd) idle() int64 {
	asleep := map[int]bool{}
	for _, l := range e.s.feed.Snapshot().Loops {
		asleep[l.TID] = fewFiles() || threadState(l.PID, l.TID) == 'S'
	}
	s := e.s.feed.Snapshot()
	n := 0
	for _, l := range s.Loops {
		if l.Ended != 0 {
			continue
		}
		if n++; l.State != timeline.LoopWaiting && l.State != timeline.LoopAsleep || s.Now-l.Since < idleFor {
			return 0
		}
		if !asleep[l.TID] || e.s.rings.behind(l.Stream, l.Events) {
			return 0
		}
	}
	return int64(min(n, 1))
}

// fewFiles reports whether descriptors are kept scarce (fds-free): then even a short look at a file could take the one that the server is
// about to get. Go raises the soft limit to the hard one when a program starts.
func fewFiles() bool {
	var lim unix.Rlimit
	return unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) == nil && lim.Cur < lim.Max
}

// threadState is the state of a thread as proc_pid_stat(5) numbers them: R it runs or could, S it sleeps; 0 unknown.
func threadState(pid, tid int) byte {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/stat", pid, tid))
	if err != nil {
		return 0
	}
	i := bytes.LastIndex(b, []byte(") ")) // the thread's name before it may hold anything
	if i < 0 || i+2 >= len(b) {
		return 0
	}
	return b[i+2]
}

// sysctl reads a kernel setting, "" when it cannot.
func sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(b)), " ")
}
