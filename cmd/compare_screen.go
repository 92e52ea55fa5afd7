package cmd

import (
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/lab"
	"evviz/tui"
)

// screenModes are shown when none is named.
var screenModes = []string{"sleep-poll", "epoll"}

// screenFlags are those that only compare --screen has.
func (o *compareOptions) screenFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.screen, "screen", false, "show two modes under the same traffic on one screen (default modes: sleep-poll epoll, default scenario: demo)")
	f.BoolVar(&o.lab.remote, "allow-remote", false, "with --screen: let --listen take an address that other machines can reach")
	f.StringVarP(&o.lab.listen, "listen", "l", "", "with --screen: address of the first server; the second has the next port (default: free ports of 127.0.0.1)")
	f.StringVar(&o.looks.symbols, "symbols", "auto", "with --screen: glyphs: auto, braille, block, ascii")
	f.StringVar(&o.looks.theme, "theme", "terminal", "with --screen: colours: terminal, dark, light, colour-blind, or one of the settings file")
	f.BoolVar(&o.looks.noMouse, "no-mouse", false, "with --screen: leave the mouse to the terminal")
	f.StringVar(&o.shot, "screenshot", "", "with --screen and --for: write the screen at the end to this file (.svg, .txt, .ans) instead of opening it")
	f.StringVar(&o.size, "size", "120x36", "with --screenshot: columns x rows")
	o.looks.view, o.looks.span = "timeline", 4*time.Second
	f.StringVarP(&o.lab.record, "record", "r", "", "not here")
	f.MarkHidden("record") // it exists so that its absence can be explained
}

// checkScreenFlags refuses flags that say nothing with --screen, or nothing without it.
func (o *compareOptions) checkScreenFlags(c *cobra.Command) error {
	if c.Flags().Changed("record") {
		return usage("--record: a comparison is not recorded into one file; --keep DIR keeps the recordings of evviz compare without --screen, " +
			"and evviz --mode MODE --record FILE records one mode")
	}
	with, without := []string{"repeat", "json", "csv", "md", "keep", "sweep"}, []string{"listen", "allow-remote", "symbols", "no-mouse", "theme", "screenshot", "size"}
	if !o.screen {
		for _, name := range without {
			if c.Flags().Changed(name) {
				return usage("--%s goes with --screen", name)
			}
		}
		return nil
	}
	for _, name := range with {
		if c.Flags().Changed(name) {
			return usage("--%s does not go with --screen, which shows and does not measure", name)
		}
	}
	cfg, err := settle(c, "symbols", "no-mouse", "theme")
	if err != nil {
		return err
	}
	if o.shot != "" {
		if _, err := pictureFormat(o.shot); err != nil {
			return usage("--screenshot %v", err)
		}
		if _, _, err := sized(o.size); err != nil {
			return err
		}
		if o.lab.duration <= 0 {
			return usage("--screenshot goes with --for, which says when the picture is made")
		}
	}
	return o.looks.check(cfg)
}

// addresses are where the two servers listen.
func (o *compareOptions) addresses() (out [2]string, err error) {
	out = [2]string{"127.0.0.1:0", "127.0.0.1:0"}
	if o.lab.listen == "" {
		return out, nil
	}
	host, port, err := net.SplitHostPort(o.lab.listen)
	if err != nil {
		return out, usage("--listen %s: %v", o.lab.listen, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 65535 {
		return out, usage("--listen %s: want a port from 0 to 65534, the second server takes the next one", o.lab.listen)
	}
	out[0], out[1] = o.lab.listen, o.lab.listen
	if n > 0 {
		out[1] = net.JoinHostPort(host, strconv.FormatUint(n+1, 10))
	}
	return out, nil
}

// runScreen runs two labs at once, each with a server, clients and a timeline of its own, and shows both. Everything is
// checked before anything is started; the order is that of the lab alone.
func (o *compareOptions) runScreen(c *cobra.Command, specs []string) error {
	if len(specs) == 0 {
		specs = screenModes
	}
	if !c.Flags().Changed("scenario") {
		o.lab.scenario = "demo"
	}
	switch {
	case len(specs) != 2:
		return usage("--screen shows two modes, not %d", len(specs))
	case o.lab.duration < 0:
		return usage("--for %v: a time cannot be negative", o.lab.duration)
	case o.lab.scenario == "none":
		return usage("--scenario none: without clients there is nothing to compare")
	case c.Flags().Changed("ring") && (o.lab.ring < 64 || o.lab.ring > 1<<24):
		return usage("--ring %d: want a number from 64 to %d", o.lab.ring, 1<<24)
	}
	if err := o.lab.reachable(); err != nil {
		return err
	}
	addrs, err := o.addresses()
	if err != nil {
		return err
	}
	ps, err := parseParams(o.lab.params)
	if err != nil {
		return err
	}
	script, err := lab.LoadStory(o.lab.scenario, ps...)
	if err != nil {
		return o.lab.scenarioError(err)
	}
	o.args = append(passedOn(c), "--scenario", o.lab.scenario)
	vs, err := o.variants(specs, script)
	if err != nil {
		return err
	}

	lab.DefaultMemory.Enforce()
	both := lab.SplitScreen{For: o.lab.duration, Looks: tui.SplitOptions{Symbols: o.looks.symbols, Mouse: !o.looks.noMouse, Theme: o.looks.theme, Custom: o.looks.config.themes}}
	for i, v := range vs {
		v.lab.listen, v.lab.memory, v.lab.seed = addrs[i], memoryFlag(lab.DefaultMemory/2), o.lab.seed
		both.Names[i], both.Labs[i] = v.name, v.lab.options(v.b, script)
	}
	if o.shot != "" {
		return o.drawScreen(&both)
	}
	return ended(both.Run())
}

// drawScreen writes the picture that --screenshot asks for.
func (o *compareOptions) drawScreen(both *lab.SplitScreen) error {
	w, h, err := sized(o.size)
	if err != nil {
		return err
	}
	p, code, err := both.Picture(w, h)
	if err != nil || code != 0 {
		return ended(code, err)
	}
	if err := writePicture(o.shot, p, o.looks.lightGround(), o.lab.force); err != nil {
		return env(takenName(err))
	}
	return nil
}
