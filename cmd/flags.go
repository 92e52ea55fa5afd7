package cmd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/internal/spelling"
	"evviz/internal/sys"
	"evviz/lab"
	"evviz/loop"
	"evviz/scenarios"
	"evviz/trace"
)

// labOptions are the flags of the lab.
type labOptions struct {
	mode, trigger string
	scenario      string
	lesson        string
	listen        string
	remote        bool
	preset        string
	record        string
	force         bool // replace the recording that is there
	headless      bool
	text          textForm
	duration      time.Duration
	looks         looks
	thresholds    []string
	findings      diagnostics.Settings
	seed          int64
	params        []string
	ring          int
	memory        memoryFlag
	maxConns      int
	flight        flightOptions

	knobs map[string]*string
	asked struct{ mode, trigger string } // as the flags said, before a scenario filled the gaps
}

func (o *labOptions) flags(c *cobra.Command) {
	f := c.Flags()
	o.memory = memoryFlag(lab.DefaultMemory)
	f.StringVarP(&o.mode, "mode", "m", "", "mechanism: "+strings.Join(lab.ModeWords(), ", ")+" (default sleep-poll)")
	f.StringVarP(&o.trigger, "trigger", "t", "", "triggering of epoll: level, edge, oneshot (default level)")
	f.StringVarP(&o.scenario, "scenario", "s", "demo", "client traffic: "+strings.Join(scenarios.Names(), ", ")+", a file, or none")
	f.StringVar(&o.lesson, "lesson", "", "show a lesson, by its number or name; e lists them, ] and [ go to the next and the previous")
	f.StringVarP(&o.listen, "listen", "l", "", "address of the server (default 127.0.0.1:4201, or a free port when that one is taken)")
	f.BoolVar(&o.remote, "allow-remote", false, "let --listen take an address that other machines can reach")
	f.StringVar(&o.preset, "preset", "", "settings of a well-known server: article (the tutorial's polling server)")
	f.StringVarP(&o.record, "record", "r", "", "record to this file from the start")
	f.BoolVar(&o.force, "force", false, "with --record: replace a recording that is there already")
	f.BoolVar(&o.headless, "headless", false, "run without a screen and print a summary at the end")
	textFlag(f, &o.text, "with --headless: print every event as a line of text, for people; raw has every field and can be read back")
	f.DurationVar(&o.duration, "for", 0, "stop after this time (default: when the scenario ends or you quit)")
	f.StringArrayVar(&o.thresholds, "threshold", nil, "change a threshold of the findings: NAME=VALUE (evviz check --help lists them)")
	o.looks.flags(c)
	f.Int64Var(&o.seed, "seed", 1, "seed of the scenario's random numbers")
	paramFlag(c, o)
	f.IntVar(&o.ring, "ring", 1<<14, "events that a thread may be ahead of its reader before it drops any; a large ring does not stay in the cache")
	f.Var(&o.memory, "memory", "memory limit of a session; the oldest detail is dropped first, and the screen says since when it is complete")
	f.IntVar(&o.maxConns, "max-connections", scenarios.DefaultMaxConns, "connections that the scenario may have open at once")
	o.flightFlags(c)
	o.knobFlags(c)
}

// oneOf says that a word is none of the right ones, and which one it may have been.
func oneOf(flag, got string, words []string) error {
	return usage("%s", spelling.NotOneOf(flag, got, words))
}

// presets are settings of well-known servers, by name.
var presets = map[string][]trace.Pair{
	// The polling server of the tutorial: one accept and one read of each client a round, then a long sleep. It keeps its
	// clients in a table of FD_SETSIZE, so a descriptor of 1024 or above is turned away.
	"article": {{Key: "interval", Value: "10s"}, {Key: "accepts", Value: "1"}, {Key: "reads", Value: "1"},
		{Key: "read-size", Value: "10000"}, {Key: "backlog", Value: "50"}, {Key: "max-fd", Value: "1024"}},
}

// behaviour puts defaults, scenario, preset and flags together; what stands later in this list wins.
func (o *labOptions) behaviour(c *cobra.Command, script *scenarios.Script) (loop.Behaviour, error) {
	b := loop.Default()
	if script != nil {
		for _, k := range script.Knobs {
			if err := o.setFrom(&b, k.Name, k.Value); err != nil {
				return b, usage("%s: %v", k.Pos, err)
			}
		}
	}
	if o.preset != "" {
		ps, ok := presets[o.preset]
		if !ok {
			return b, oneOf("--preset", o.preset, []string{"article"})
		}
		for _, p := range ps {
			if err := o.setFrom(&b, p.Key, p.Value); err != nil {
				return b, err
			}
		}
	}
	for name, v := range o.knobs {
		if !c.Flags().Changed(name) {
			continue
		}
		k, _ := loop.FindKnob(name)
		if err := k.Set(&b, *v); err != nil {
			return b, usage("--%v", err)
		}
	}
	err := o.modeOf(&b)
	if _, combined := errors.AsType[*impossible](err); combined {
		names := []string{"mode", "trigger"}
		for name := range o.knobs {
			names = append(names, name)
		}
		err = together(c, err, names)
	}
	return b, err
}

// idle lists the settings given by hand that have no meaning in the mode that the server starts in.
func (o *labOptions) idle(c *cobra.Command, b *loop.Behaviour) string {
	var out []string
	for i := range loop.Knobs {
		if name := loop.Knobs[i].Name; c.Flags().Changed(name) && !loop.Means(name, b.Driver) {
			place, _ := placeOf(c, name)
			out = append(out, place)
		}
	}
	if b.Threads == 1 && c.Flags().Changed("listeners") && b.Driver == trace.DriverEpoll {
		place, _ := placeOf(c, "listeners")
		out = append(out, place+" without --threads")
	}
	switch len(out) {
	case 0:
		return ""
	case 1:
		return out[0] + " has no meaning under " + trace.DriverNames.Word(b.Driver) + "; it is kept for when the server is switched"
	}
	return strings.Join(out, ", ") + " have no meaning under " + trace.DriverNames.Word(b.Driver) + "; they are kept for when the server is switched"
}

// setFrom applies one setting of a scenario or preset; mode and trigger may be among them, and flags win over those.
func (o *labOptions) setFrom(b *loop.Behaviour, name, value string) error {
	switch name {
	case "mode":
		if o.mode == "" {
			o.mode = value
		}
		return nil
	case "trigger":
		if o.trigger == "" {
			o.trigger = value
		}
		return nil
	}
	k, ok := loop.FindKnob(name)
	if !ok {
		var names []string
		for i := range loop.Knobs {
			names = append(names, loop.Knobs[i].Name)
		}
		s := fmt.Sprintf("there is no setting %q", name)
		if n := spelling.Nearest(name, names); n != "" {
			s += fmt.Sprintf("; did you mean %q?", n)
		}
		return fmt.Errorf("%s", s)
	}
	return k.Set(b, value)
}

// modeOf puts --mode and --trigger into a behaviour, and refuses what cannot run.
func (o *labOptions) modeOf(b *loop.Behaviour) error {
	err := lab.SetMode(b, o.mode, o.trigger)
	if m, ok := errors.AsType[*lab.ModeError](err); ok {
		return usage("%s", m.Marked("--"))
	}
	if u := (*sys.Unsupported)(nil); errors.As(err, &u) {
		return env(err)
	}
	if err != nil {
		return &coded{exitUsage, &impossible{err}}
	}
	return nil
}

// impossible is an error about settings each of which is right, but not with the others.
type impossible struct{ error }
