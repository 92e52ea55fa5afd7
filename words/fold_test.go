package words

import (
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/timeline"
	"evviz/trace"
)

const ms = 1_000_000

// fold reads events in the text form; times are seconds, or as in the cases of rules.
func fold(t *testing.T, told bool, lines ...string) *timeline.Snapshot {
	t.Helper()
	text, err := traces.Unfold(lines)
	if err != nil {
		t.Fatal(err)
	}
	evs, err := trace.ReadText(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	kinds := trace.AllKinds()
	if !told {
		kinds &^= trace.Kinds(trace.Renotify)
	}
	tl := timeline.New(timeline.Options{Info: trace.Info{Kinds: kinds, Timed: true}})
	tl.Add(evs)
	return tl.Snapshot(0)
}

var epoll = []string{
	"0.001 1 Thread complete pid=100 tid=100 role=loop",
	"0.001 1 Instance complete inst=ep3 fd=3",
	"0.002 1 Open complete fd=8 type=stream from=accept",
}

func with(head []string, more ...string) []string {
	return append(append([]string{}, head...), more...)
}
