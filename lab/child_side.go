package lab

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"evviz/loop"
	"evviz/show"
	"evviz/trace"
)

// parents are events that are for the parent to tell: there is one run, one mode and one set of settings.
func parents(e trace.Event) bool {
	switch e.Kind {
	case trace.Start, trace.Stop, trace.Mode, trace.Knob, trace.Sync:
		return true
	}
	return false
}

// RunChild is the hidden command that a server starts which forks: what it does with the descriptor that it inherits is holds, shares or own.
func RunChild(what string) error {
	events := os.NewFile(4, "events")
	if _, err := events.Stat(); err != nil {
		return &StartedByHand{"child", "the lab", "see --child"}
	}
	ended := make(chan struct{})
	show.Go(func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
		time.Sleep(3 * time.Second)
		os.Exit(1)
	})
	if what == "holds" {
		<-ended
		return nil
	}
	merge := trace.NewMerge(trace.Info{})
	rings := ringMaker{size: 1 << 17, m: merge} // a child that shares its parent's bell may spin until it is ended
	var written <-chan error
	run := func() {
		written = pour(merge, events, func(evs []trace.Event) []trace.Event { return slices.DeleteFunc(evs, parents) }, nil)
	}
	switch what {
	case "shares":
		ring := rings.ring()
		run()
		now := ring.Now()
		ring.Name(1, "child", now)
		e := ring.Next(trace.Thread, now)
		e.A, e.B, e.Gen, e.Mask, e.Aux = int64(os.Getpid()), int64(os.Getpid()), uint32(os.Getpid()), trace.RoleLoop, 1
		ring.Publish(now)
		loop.ServeShared(3, ring, ended)
		ring.Close()
	case "own":
		b := loop.Default()
		b.Driver, b.Trigger, b.Arrival = trace.DriverEpoll, trace.TriggerLevel, loop.ArrivalOff
		l, err := loop.New(loop.Config{Behaviour: b, Title: "child", Inherited: true, NewRing: func(uint32) *trace.Ring { return rings.ring() }})
		if err != nil {
			return err
		}
		if err := l.Start(show.Go); err != nil {
			return err
		}
		run()
		<-ended
		if err := l.Stop(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("child: %q is neither holds, shares nor own", what)
	}
	<-written
	return nil
}
