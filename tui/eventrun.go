package tui

import (
	"fmt"
	"strings"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// runLine says what happens to a run, its processes and threads, and the calls that no other line is about. ok is false for
// every other kind.
func runLine(s *timeline.Snapshot, e *trace.Event, result func(int64) string) (what, note string, ok bool) {
	name := text(s.Name(e.Stream, e.Aux))
	took := ""
	if e.Dur > 0 {
		took = diagnostics.Duration(e.Dur)
	}
	switch e.Kind {
	case trace.Start:
		return "the run begins", name, true
	case trace.Stop:
		why := map[string]string{"asked": "it was asked to", "time": "its time was over", "signal": "a signal ended it", "error": "an error ended it"}
		return "the run ends", why[trace.StopNames.Word(e.Aux&0xff)], true
	case trace.Thread:
		return fmt.Sprintf("thread %d", e.B), strings.TrimSpace(trace.RoleNames.Word(e.Mask&0xff) + " " + name), true
	case trace.Exec:
		return fmt.Sprintf("execve(%s) = %s", name, result(0)), "", true
	case trace.Exit:
		if e.B == 0 {
			return fmt.Sprintf("process %d ended", e.A), "", true
		}
		return fmt.Sprintf("thread %d ended", e.B), "", true
	case trace.Fork:
		if e.Errno != 0 {
			return "clone = " + result(0), "", true
		}
		if e.Mask&cloneThread != 0 {
			return fmt.Sprintf("thread %d was made", e.A), "", true
		}
		return fmt.Sprintf("process %d was made", e.A), "", true
	case trace.Dup:
		return fmt.Sprintf("dup(%d) = %s", e.FD, result(e.A)), "", true
	case trace.Instance:
		return fmt.Sprintf("new epoll instance = %s", result(int64(e.FD))), "", true
	case trace.Sys:
		if name == "" {
			name = "a system call"
		}
		return fmt.Sprintf("%s = %s", name, result(e.B)), took, true
	case trace.Signal:
		sig := signalName(e.Aux)
		if e.A > 0 {
			note = fmt.Sprintf("from process %d", e.A)
		}
		return "signal " + sig, note, true
	case trace.RunDelay:
		return "could have run for " + diagnostics.Duration(e.A), "the processor was somebody else's", true
	}
	return "", "", false
}

// aType is a descriptor's type with its article.
func aType(word string) string {
	switch {
	case word == "":
		return "of a type that is not known"
	case word == "other":
		return "of another type"
	case strings.ContainsRune("aeiou", rune(word[0])):
		return "an " + word
	}
	return "a " + word
}
