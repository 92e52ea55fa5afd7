package cmd

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/internal/spelling"
	"evviz/show"
)

// flightOptions are the flags of the flight recorder.
type flightOptions struct {
	keep    time.Duration
	saveOn  []string
	on      bool // flags were given
	matches findingList
	saved   *atomic.Int32 // files of this run, over all its sessions
}

const (
	keepDefault = 30 * time.Second
	keepLongest = time.Hour
)

func (o *labOptions) flightFlags(c *cobra.Command) { o.flight.flags(c) }

func (o *flightOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.DurationVar(&o.keep, "keep", 0, "keep the last seconds in memory, so that they can be saved after something has happened (default with --save-on: 30s)")
	f.StringSliceVar(&o.saveOn, "save-on", nil, "save what is kept to evviz-DATE-TIME-RULE.evt when one of these is found: rules (EV08, write-spin), severities (info, warn, critical: and above)")
}

// check holds the flags against what is possible.
func (o *flightOptions) check(c *cobra.Command, headless bool) error {
	o.on = o.keep != 0 || len(o.saveOn) > 0 // the settings file may have said so, too
	o.saved = &atomic.Int32{}
	if c.Flags().Changed("keep") && o.keep == 0 || o.keep < 0 || o.keep > keepLongest {
		return usage("--keep %v: want a time above 0 and up to %v, for example 30s", o.keep, keepLongest)
	}
	if len(o.saveOn) == 0 && !c.Flags().Changed("save-on") {
		if headless && c.Flags().Changed("keep") {
			return usage("--keep alone goes with the screen, where a key saves what is kept; with --headless say when to: --save-on warn")
		}
		o.on = o.on && !headless
		return nil
	}
	if o.keep == 0 {
		o.keep = keepDefault
	}
	list, err := parseFindingList("save-on", o.saveOn)
	o.matches = list
	return err
}

// options are what a session has of it.
func (o *flightOptions) options() show.FlightOptions {
	kept := show.FlightOptions{Keep: o.keep, Saved: o.saved}
	if o.matches.any {
		kept.Wanted = o.matches.has
	}
	return kept
}

// findingList says which findings are meant.
type findingList struct {
	any   bool // the list is not empty
	rules map[string]bool
	least diagnostics.Severity
}

func parseFindingList(flag string, words []string) (l findingList, err error) {
	l = findingList{rules: map[string]bool{}, least: diagnostics.Critical + 1}
	for _, w := range words {
		w = strings.TrimSpace(w)
		if sev, ok := diagnostics.SeverityOf(strings.ToLower(w)); ok {
			l.any, l.least = true, min(l.least, sev)
			continue
		}
		r := diagnostics.RuleOf(w)
		if r == nil {
			s := fmt.Sprintf("--%s %q: want rules (%s, or their names; evviz explain lists them) or severities (info, warn, critical)", flag, w, diagnostics.IDs())
			names := []string{"info", "warn", "critical"}
			for i := range diagnostics.Rules {
				names = append(names, diagnostics.Rules[i].Name)
			}
			if n := spelling.Nearest(w, names); n != "" {
				s += fmt.Sprintf("; did you mean %s?", n)
			}
			return l, usage("%s", s)
		}
		l.any, l.rules[r.ID] = true, true
	}
	if !l.any {
		return l, usage("--%s wants rules (EV08) or severities (info, warn, critical)", flag)
	}
	return l, nil
}

func (l *findingList) has(f *diagnostics.Finding) bool {
	return f.Severity >= l.least || l.rules[f.Rule.ID]
}
