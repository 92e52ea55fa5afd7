package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evviz/loop"
)

// knobFlags makes a flag of every knob.
func (o *labOptions) knobFlags(c *cobra.Command) { o.knobFlagsBut(c, "") }

// knobFlagsBut makes a flag of every knob but one, whose name means something else there.
//
// A knob that is true or false is a flag that stands alone. What is true by itself is switched off by --no-NAME; --NAME=false, which
// scenarios, settings and recordings have as well, goes on working and is not listed.
func (o *labOptions) knobFlagsBut(c *cobra.Command, but string) {
	f := c.Flags()
	def := loop.Default()
	o.knobs = map[string]*string{}
	for i := range loop.Knobs {
		k := &loop.Knobs[i]
		if k.Name == but {
			continue
		}
		v := k.Get(&def)
		if v != "true" && v != "false" {
			o.knobs[k.Name] = f.String(k.Name, v, k.Doc)
			continue
		}
		o.knobs[k.Name] = &v
		f.Var((*switchValue)(&v), k.Name, switchDoc(k.Doc))
		f.Lookup(k.Name).NoOptDefVal = "true"
		if v == "true" {
			f.Lookup(k.Name).Hidden = true
			f.Var(&offValue{f, k.Name}, "no-"+k.Name, offDocs[k.Name])
			f.Lookup("no-" + k.Name).NoOptDefVal = "true"
		}
	}
}

// offDocs say what happens without what a server does by itself; a test holds them against the knobs.
var offDocs = map[string]string{
	"generations":   "hand an event for a closed connection whose number was reused to the connection that has the number now (the mistake)",
	"resolve-cache": "do not keep the addresses of names that were found",
	"wake-drain":    "do not read the wakeup descriptor when it is reported (the mistake)",
}

// switchDoc is the description of a knob without the two words that it can have, with what is remarked of true.
func switchDoc(doc string) string {
	what, rest, ok := strings.Cut(doc, ": true")
	if !ok {
		return doc
	}
	remark, _, _ := strings.Cut(rest, ",")
	return what + remark
}

// switchValue is a knob that is true or false, in the form in which knobs are kept. It has pflag's type bool, so that help, manual page and
// completion take it for a flag that stands alone.
type switchValue string

func (s *switchValue) Set(v string) error {
	b, err := parseSwitch(v)
	if err == nil {
		*s = switchValue(map[bool]string{true: "true", false: "false"}[b])
	}
	return err
}

func (s *switchValue) String() string { return string(*s) }
func (s *switchValue) Type() string   { return "bool" }

// parseSwitch reads what may be written behind a switch: --split=false.
func parseSwitch(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "true", "on", "yes", "1":
		return true, nil
	case "false", "off", "no", "0":
		return false, nil
	}
	return false, errors.New("want true or false")
}

// offValue is --no-NAME: it sets --NAME.
type offValue struct {
	flags *pflag.FlagSet
	name  string
}

func (o *offValue) Set(v string) error {
	b, err := parseSwitch(v)
	if err != nil {
		return err
	}
	return o.flags.Set(o.name, map[bool]string{true: "false", false: "true"}[b])
}

// String is false by itself: the manual page and help leave such a default out.
func (o *offValue) String() string { return "false" }
func (o *offValue) Type() string   { return "bool" }
