package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/docs/modes"
	"evviz/export"
	"evviz/record"
	"evviz/show"
	"evviz/timeline"
	"evviz/trace"
	"evviz/tui"
	"evviz/tui/screen"
)

type replayOptions struct {
	text                      textForm
	summary, paused, unparsed bool
	follow                    bool
	speed                     float64
	at                        time.Duration
	looks                     looks
	fit                       bool // nobody said how much time a screen shows: a short recording fills it
	to                        time.Duration
	shot, cast, size, keys    string
	fps                       int
	light, force              bool
	thresholds, with          []string
	findings                  diagnostics.Settings
}

func newReplay() *cobra.Command {
	o := &replayOptions{}
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Show a recording on the same screen",
		Long: `replay plays a recording (.evt), its text form, or what strace printed, on the screen of the lab, with pause, single step,
speed and seek; or prints it as text, one event a line (--text=raw: for a program, and it can be read back), or as a summary. The best way to run strace for it is:

  strace -f -ttt -T -yy -o FILE COMMAND

"-" reads such text from standard input, so that an excerpt can be pasted; from a pipe it is shown as it comes:

  strace -f -ttt -T -yy -p PID 2>&1 | evviz replay -

Where strace -ff has written FILE.4711 and others,
FILE reads them all. docs/strace.md has more.`,
		Example: "  evviz replay run.evt\n  evviz replay --speed 10 run.evt\n  evviz replay --text run.evt | grep EAGAIN",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("replay: which file? evviz replay FILE")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := settle(c)
			if err != nil {
				return err
			}
			if o.light {
				o.looks.theme = "light"
			}
			if err := o.looks.check(cfg); err != nil {
				return err
			}
			o.fit = !c.Flags().Changed("span") && o.looks.span == defaultSpan
			return o.run(args[0])
		},
	}
	f := c.Flags()
	o.looks.flags(c)
	textFlag(f, &o.text, "print the events as text, one a line: lines for people, or raw with every field, which can be read back")
	f.BoolVar(&o.summary, "summary", false, "print the summary that --headless prints")
	f.BoolVar(&o.unparsed, "unparsed", false, "print the lines of strace text that are not understood, with their numbers")
	f.BoolVar(&o.follow, "follow", false, "the file is still being written by strace: show what it has and what comes")
	f.BoolVar(&o.paused, "paused", false, "start paused")
	f.Float64Var(&o.speed, "speed", 1, "times real time, 0.1 to 100")
	f.DurationVar(&o.at, "at", 0, "begin this far into the recording")
	f.StringVar(&o.shot, "screenshot", "", "write one frame to this file (.svg, .txt, .ans) instead of opening the screen")
	f.StringVar(&o.cast, "screencast", "", "write what the screen shows while the recording is replayed to this file: .svg (an animated picture) or .cast (an asciicast)")
	f.DurationVar(&o.to, "to", 0, "with --screencast: end this far into the recording (default: at its end)")
	f.IntVar(&o.fps, "fps", 10, "with --screencast: frames a second")
	f.BoolVar(&o.force, "force", false, "with --screenshot or --screencast: replace a file that is there already")
	f.StringVar(&o.size, "size", "120x36", "with --screenshot or --screencast: columns x rows")
	f.StringVar(&o.keys, "keys", "", "with --screenshot or --screencast: keys to press first, separated by blanks")
	withFlag(c, &o.with)
	f.BoolVar(&o.light, "light", false, "the same as --theme light")
	f.StringArrayVar(&o.thresholds, "threshold", nil, "change a threshold of the findings: NAME=VALUE (evviz check --help lists them)")
	c.SetFlagErrorFunc(flagError)
	return c
}

func (o *replayOptions) run(path string) error {
	if o.speed < 0.1 || o.speed > 100 {
		return usage("--speed %g: want 0.1 to 100", o.speed)
	}
	if err := o.together(); err != nil {
		return err
	}
	set, err := settings(o.thresholds)
	if err != nil {
		return err
	}
	o.findings = set
	if o.unparsed {
		return printUnparsed(path)
	}
	if o.follow || o.piped(path) {
		return o.live(path)
	}
	with, err := readWith(o.with)
	if err != nil {
		return env(err)
	}
	f, err := openRecordingWith(path, with)
	if err != nil {
		return env(err)
	}
	defer f.Close()
	tellTrouble(f)
	if first, last := f.Bounds(); o.fit && last > first { // a tenth of a second on four would be a few cells at the left
		whole := time.Duration(last - first)
		o.looks.span = max(min(o.looks.span, whole+whole/50), tui.LeastSpan)
	}
	if f.Events() == 0 {
		return env(fmt.Errorf("%s: there is no event in it", f.Path()))
	}
	switch {
	case o.text != "":
		return printText(f, o.text)
	case o.summary:
		feed := timeline.NewFeed(f, timeline.Options{Limits: o.findings.Limits()})
		if err := feed.Run(context.Background()); err != nil {
			return env(err)
		}
		return export.Summary(stdout, feed.Snapshot(), o.findings)
	}
	if o.shot != "" {
		return o.screenshot(f)
	}
	if o.cast != "" {
		return o.screencast(f)
	}
	return o.screen(f)
}

// together refuses flags that do not go with one another.
func (o *replayOptions) together() error {
	var results []string
	for _, x := range []struct {
		flag  string
		given bool
	}{{"--unparsed", o.unparsed}, {"--text", o.text != ""}, {"--summary", o.summary}, {"--screenshot", o.shot != ""}, {"--screencast", o.cast != ""}} {
		if x.given {
			results = append(results, x.flag)
		}
	}
	switch {
	case len(results) > 1:
		return usage("%s are different results: choose one", strings.Join(results, " and "))
	case o.force && o.shot == "" && o.cast == "":
		return usage("--force goes with --screenshot and --screencast: it replaces the file that is there")
	case o.to != 0 && o.cast == "":
		return usage("--to goes with --screencast: it says where that ends")
	}
	return nil
}

// sized is --size.
func sized(size string) (w, h int, err error) {
	if n, err := fmt.Sscanf(size, "%dx%d", &w, &h); n != 2 || err != nil || w < 1 || h < 1 || w > 1000 || h > 500 {
		return 0, 0, usage("--size %q: want columns x rows, for example 120x36", size)
	}
	return w, h, nil
}

// within refuses a moment that the recording does not have.
func (o *replayOptions) within(f recording) error {
	_, last := f.Bounds()
	first := zeroOf(f)
	if o.at < 0 || last > first && int64(o.at) > last-first {
		return usage("--at %v: the recording lasts %v", o.at, time.Duration(last-first).Round(time.Millisecond))
	}
	return nil
}

// zeroOf is the moment of a recording that times count from, as the screen and check have it.
func zeroOf(f recording) int64 {
	if t := timeline.FirstMoment(f); t != 0 {
		return t
	}
	first, _ := f.Bounds()
	return first
}

// screenshot draws one frame without a terminal: everything up to --at is read, then the frame is drawn.
func (o *replayOptions) screenshot(f recording) error {
	if err := o.within(f); err != nil {
		return err
	}
	w, h, err := sized(o.size)
	if err != nil {
		return err
	}
	if _, err := pictureFormat(o.shot); err != nil {
		return usage("--screenshot %v", err)
	}
	var src trace.Source = f
	if o.at > 0 {
		src = &until{f, zeroOf(f) + int64(o.at)}
	}
	feed := timeline.NewFeed(src, timeline.Options{Limits: o.findings.Limits()})
	if err := feed.Run(context.Background()); err != nil {
		return env(err)
	}
	picture := o.looks.options()
	picture.Feed, picture.Findings = feed, o.findings
	pic, err := tui.Draw(picture, w, h, 1<<24, func(press func(string)) {
		for _, k := range strings.Fields(o.keys) {
			press(k)
		}
	})
	if err != nil {
		return failure(err)
	}
	if err := writePicture(o.shot, pic, o.looks.lightGround(), o.force); err != nil {
		return env(takenName(err))
	}
	return nil
}

// until is a source that ends at a moment, and whose present that moment is.
type until struct {
	trace.Source
	at int64
}

func (u *until) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := u.Source.Read(ctx, buf)
	for i := range buf[:n] {
		if buf[i].Time > u.at {
			return i, io.EOF
		}
	}
	return n, err
}

// Position is what open spans reach up to.
func (u *until) Position() int64 { return u.at }

func (o *replayOptions) screen(f recording) error {
	if err := o.within(f); err != nil {
		return err
	}
	code, err := show.RunOn(opener(f.Path()), 0, func() (show.Shown, error) { return o.play(f) })
	if errors.Is(err, screen.ErrNoTerminal) {
		return env(fmt.Errorf("%w (evviz replay --text prints the events)", err))
	}
	return ended(code, err)
}

// shownRecording is a recording while it is played on a screen.
type shownRecording struct {
	*replayOptions
	file   recording
	player *record.Player
	line   *show.Line
	cancel context.CancelFunc
	begin  time.Time
	damage string // what the screen says of it at first; "" nothing
}

// play begins to play a recording where the flags say.
func (o *replayOptions) play(f recording) (show.Shown, error) {
	p := record.NewPlayer(f)
	p.SetSpeed(o.speed)
	if o.at > 0 {
		if err := p.SeekTime(zeroOf(f) + int64(o.at)); err != nil {
			return nil, err
		}
	}
	if o.paused {
		p.Pause(true)
	}
	v := &shownRecording{replayOptions: o, file: f, player: p, line: show.NewLine(p, &show.LineOptions{Findings: o.findings}), begin: time.Now()}
	var ctx context.Context
	ctx, v.cancel = context.WithCancel(context.Background())
	v.line.Feed.StartWhole(ctx, show.Go)
	v.line.Start(ctx)
	if d := trouble(f); len(d) > 0 {
		v.damage = d[0]
		if _, ok := f.(*record.File); ok && v.damage != notClosed {
			v.damage = "this file is damaged: " + v.damage
		}
		if len(d) > 1 {
			v.damage += fmt.Sprintf(", and in %d more places", len(d)-1)
		}
	}
	return v, nil
}

func (v *shownRecording) Draw(t *show.Terminal) (*tui.Picture, error) {
	return v.draw(t, v.line, v.notes)
}

// draw shows a line of what is replayed until the user leaves it.
func (o *replayOptions) draw(t *show.Terminal, line *show.Line, notes func() (string, bool)) (*tui.Picture, error) {
	x := o.looks.options()
	t.Put(&x)
	line.Put(&x, notes)
	x.ModePage = modes.Page
	return tui.Run(x)
}

// notes says for some seconds what is wrong with the file.
func (v *shownRecording) notes() (string, bool) {
	if v.damage != "" && time.Since(v.begin) < 6*time.Second {
		return v.damage, true
	}
	return "", false
}

// Failed implements show.Shown: a recording does not fail while it is played.
func (v *shownRecording) Failed() error { return nil }

func (v *shownRecording) Stop(uint32) error {
	v.cancel()
	v.player.Close()
	return v.line.End(0)
}

func (v *shownRecording) Say() { tellTrouble(v.file) }
