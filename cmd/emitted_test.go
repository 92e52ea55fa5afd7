package cmd

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"evviz/record"
	"evviz/trace"
)

// TestKindsOfTheLab: a recording of the lab names in its header every kind of event that is in it. A kind that is not named is
// taken for one that the source cannot know.
func TestKindsOfTheLab(t *testing.T) {
	for _, story := range []string{"t01", "t13", "t25"} {
		t.Run(story, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lab.evt")
			if r := run(t, "--headless", "--listen", "127.0.0.1:0", "--scenario", story, "--record", path); r.code != 0 {
				t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
			f, err := record.OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			known := f.Info().Kinds
			var seen trace.KindSet
			buf := make([]trace.Event, 4096)
			for {
				n, err := f.Read(context.Background(), buf)
				for i := range buf[:n] {
					if k := buf[i].Kind; !known.Has(k) && !seen.Has(k) {
						t.Errorf("the lab emits %s, and its header does not say so", k)
					}
					seen |= trace.Kinds(buf[i].Kind)
				}
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if !seen.Has(trace.Wait) && !seen.Has(trace.Sleep) {
				t.Error("nothing was recorded")
			}
		})
	}
}
