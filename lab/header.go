package lab

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// labKinds are the kinds of events that this lab can emit.
func labKinds() trace.KindSet {
	return trace.Kinds(trace.Start, trace.Stop, trace.Thread, trace.Mode, trace.Knob, trace.Open, trace.Close, trace.SockOpt, trace.Listen,
		trace.Instance, trace.Register, trace.Modify, trace.Deregister, trace.Wait, trace.Sleep, trace.Round, trace.Ready, trace.Renotify,
		trace.Call, trace.Accept, trace.Read, trace.Write, trace.TimerSet, trace.TimerFire, trace.TimerStop, trace.Wake, trace.Task,
		trace.Arrive, trace.Queue, trace.Step, trace.Sync, trace.Name, trace.Lost, trace.State, trace.FdFlags, trace.Lock, trace.Usage,
		trace.Exit, trace.Bookmark, trace.Fork, trace.Dup, trace.Submit, trace.Complete, trace.Sys, trace.Connect, trace.Shutdown, trace.Repeat, trace.Peer)
}

// labKnows is what the lab tells: it makes the traffic, and measures at both ends.
const labKnows = trace.KnowsArrivals | trace.KnowsUnread | trace.KnowsBothEnds | trace.KnowsHandlers | trace.KnowsDurations | trace.KnowsRepeats

// header is what a recording's header says about how it was made.
func header(o *Options) []trace.Pair {
	b, script := &o.Behaviour, o.Script
	var out []trace.Pair
	add := func(k, v string) { out = append(out, trace.Pair{Key: k, Value: v}) }
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		add("kernel", unix.ByteSliceToString(u.Sysname[:])+" "+unix.ByteSliceToString(u.Release[:])+" "+unix.ByteSliceToString(u.Machine[:]))
	}
	for _, f := range []string{"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.core.somaxconn"} {
		add(f, Sysctl(f))
	}
	if script != nil {
		add("scenario", script.Name)
		add("seed", fmt.Sprint(o.Seed))
		for _, p := range script.Params {
			add("param."+p.Name, p.Value)
		}
	}
	add("mode", trace.DriverNames.Word(b.Driver))
	if b.Driver == trace.DriverEpoll {
		add("trigger", trace.TriggerNames.Word(b.Trigger))
	}
	return append(out, b.Describe()...)
}
