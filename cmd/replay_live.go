package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"evviz/internal/files"
	"evviz/probe"
	"evviz/show"
	"evviz/trace"
	"evviz/tui"
	"evviz/tui/screen"
	"evviz/words"
)

// piped reports whether a screen is asked for and standard input is a pipe, which is shown as it comes. What is to be played at another pace
// is read as a whole first.
func (o *replayOptions) piped(path string) bool {
	if path != "-" || o.text != "" || o.summary || o.shot != "" || o.cast != "" || o.paused || o.at != 0 || o.speed != 1 || len(o.with) > 0 {
		return false
	}
	st, err := os.Stdin.Stat()
	return err == nil && st.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}

// opener opens the screen for what is shown: where that is standard input, keys come from elsewhere.
func opener(path string) show.Opener {
	if path == "-" {
		return screen.OpenBeside
	}
	return screen.Open
}

// live shows strace text as it is written.
func (o *replayOptions) live(path string) error {
	for _, x := range []struct {
		flag  string
		given bool
	}{{"text", o.text != ""}, {"summary", o.summary}, {"screenshot", o.shot != ""}, {"screencast", o.cast != ""}, {"paused", o.paused}, {"at", o.at != 0}, {"speed", o.speed != 1}, {"with", len(o.with) > 0}} {
		if x.given {
			return usage("--follow shows what is still being written: --%s does not go with it", x.flag)
		}
	}
	f, followed := os.Stdin, ""
	if path != "-" {
		followed = path
		head := firstOf(path)
		if bytes.IndexByte(head, 0) >= 0 || looksLikeText(path) {
			return usage("--follow is for what strace is writing, and %s is not text of strace; evviz replay %s shows a recording", path, path)
		}
		var err error
		if f, err = files.Open(path); err != nil {
			return env(fmt.Errorf("follow %s: %w", path, err))
		}
	} else if st, err := f.Stat(); err != nil || st.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return usage("--follow -: standard input is not a pipe; write strace ... 2>&1 | evviz replay -")
	}
	l, err := probe.OpenLive(f, followed, func() { say("%s: waiting for strace's first line (Ctrl-C ends it)", path) })
	if err != nil {
		return env(err)
	}
	defer l.Close()
	if l.Share().Of == 0 { // it has ended
		if x := l.Foreign(); x != nil {
			return env(fmt.Errorf("%s: %w", path, x))
		}
	}
	code, err := show.RunOn(opener(path), 0, func() (show.Shown, error) { return o.watch(l), nil })
	if errors.Is(err, screen.ErrNoTerminal) {
		return env(fmt.Errorf("%w (evviz replay --text prints the events)", err))
	}
	return ended(code, err)
}

// shownLive is text that is shown while it is written.
type shownLive struct {
	*replayOptions
	src    *probe.Live
	line   *show.Line
	cancel context.CancelFunc

	mu    sync.Mutex
	share trace.Share // what the note was made of
	note  string
}

func (o *replayOptions) watch(l *probe.Live) *shownLive {
	v := &shownLive{replayOptions: o, src: l, line: show.NewLine(l, &show.LineOptions{Record: true, Findings: o.findings})}
	var ctx context.Context
	ctx, v.cancel = context.WithCancel(context.Background())
	v.line.Start(ctx)
	return v
}

func (v *shownLive) Draw(t *show.Terminal) (*tui.Picture, error) {
	return v.draw(t, v.line, v.notes)
}

// notes says why nothing more comes, or how much is understood when that is not enough.
func (v *shownLive) notes() (string, bool) {
	if why := v.src.Broken(); why != "" {
		return why, true
	}
	s := v.src.Share()
	if s.Enough() {
		return "", false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.share != s {
		v.share, v.note = s, fmt.Sprintf("%s of %s understood", words.Number(s.N), words.Count(s.Of, "call line"))
	}
	return v.note, true
}

// Failed implements show.Shown: reading that fails has ended the source.
func (v *shownLive) Failed() error {
	if done, err := v.line.Feed.Ended(); done {
		return err
	}
	return nil
}

func (v *shownLive) Stop(uint32) error {
	v.cancel()
	v.src.Close()
	return v.line.End(0)
}

func (v *shownLive) Say() {
	if why := v.src.Broken(); why != "" {
		say("%s", why)
	}
	if s := v.src.Share(); s.N < s.Of {
		say("%s: %s of %s understood", v.src.Path(), words.Number(s.N), words.Count(s.Of, "call line"))
	}
	if x := v.src.Foreign(); x != nil {
		say("%s: %v", v.src.Path(), x)
	}
}
