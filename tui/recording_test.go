package tui

import (
	"errors"
	"strings"
	"testing"

	"evviz/trace"
)

// stands is a recorder that is in a given state.
type stands struct{ RecordStatus }

func (stands) Start(string) error     { return nil }
func (stands) Stop() error            { return nil }
func (r stands) Status() RecordStatus { return r.RecordStatus }

// TestRecordingState: the header says that the disk does not keep up, and what that has cost.
func TestRecordingState(t *testing.T) {
	for _, c := range []struct {
		st   RecordStatus
		says string
	}{
		{RecordStatus{On: true, Path: "a/run.evt", Bytes: 1 << 20}, "REC run.evt 1 MiB  "},
		{RecordStatus{On: true, Path: "a/run.evt", Bytes: 1 << 20, Slow: true}, "REC run.evt 1 MiB: slow disk "},
		{RecordStatus{On: true, Path: "a/run.evt", Bytes: 1 << 20, Dropped: 5000}, "REC run.evt 1 MiB: slow disk, dropped 5,000 "},
		{RecordStatus{Path: "a/run.evt", Err: errors.New("the file was removed or replaced")}, "RECORDING FAILED: the file was removed"},
	} {
		feed := madeFeed(trace.Info{Title: "x", Kinds: trace.AllKinds()}, []trace.Event{{Kind: trace.Bookmark, Time: 1, A: 1}})
		p, err := Draw(Options{Feed: feed, Recorder: stands{c.st}}, 140, 30, 1<<24, nil)
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(p.Text(), "\n"); !strings.Contains(first, c.says) {
			t.Errorf("%+v is told as %q", c.st, first)
		}
	}
}
