package cmd

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Whose fault a wrong value is
//
// A value may stand on the command line, in the environment or in the settings file, and whoever has to correct it must be told
// where. What refuses a value need not know: it says --keep. settle writes the place on each flag that it has set, and whoever
// tells the error (Main, doctor, the screen) asks blamed, which puts the place where the flag's name stands. So there is one
// mechanism for every flag there is, and a new flag needs nothing.

// placeKey is the annotation of a flag that says where its value stands, when that is not the command line.
const placeKey = "evviz_place"

func setPlace(f *pflag.Flag, where string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[placeKey] = []string{where}
}

// placeOf is what a person has to look at when the value of a flag is wrong, and whether it is somewhere else than on the
// command line.
func placeOf(c *cobra.Command, flag string) (place string, elsewhere bool) {
	if f := c.Flags().Lookup(flag); f != nil && len(f.Annotations[placeKey]) == 1 {
		return f.Annotations[placeKey][0], true
	}
	return "--" + flag, false
}

// flagWord is a flag in an error's text; what stands before it must not be part of a word or a longer row of dashes.
var flagWord = regexp.MustCompile(`(^|[^\w-])--([a-z][\w-]*)`)

// blamed is an error about wrong usage with the place of each value that it names. An error of another kind names flags only as
// advice, and on the command line they would win: it stays as it is.
func blamed(c *cobra.Command, err error) error {
	var told *placed
	if c == nil || codeOf(err) != exitUsage || errors.As(err, &told) {
		return err
	}
	text := flagWord.ReplaceAllStringFunc(err.Error(), func(s string) string {
		m := flagWord.FindStringSubmatch(s)
		place, _ := placeOf(c, m[2])
		return m[1] + place
	})
	return &placed{text, err}
}

// placed is an error whose text says already where the values stand.
type placed struct {
	text string
	err  error
}

func (p *placed) Error() string { return p.text }
func (p *placed) Unwrap() error { return p.err }

// together is an error about flags that cannot be together, with those of them that do not stand on the command line: the
// person may not know of them. What it recommends is left as it is.
func together(c *cobra.Command, err error, flags []string) error {
	if err == nil {
		return nil
	}
	var there []string
	for _, name := range flags {
		if place, elsewhere := placeOf(c, name); elsewhere {
			there = append(there, fmt.Sprintf("%s=%s", place, c.Flags().Lookup(name).Value))
		}
	}
	if len(there) == 0 {
		return err
	}
	slices.Sort(there)
	return &placed{fmt.Sprintf("%v (what does not stand on the command line: %s)", err, strings.Join(there, ", ")), err}
}

// refusedBy is how the flag library begins to say that a flag cannot have a value.
var refusedBy = regexp.MustCompile(`^invalid argument ".*" for ".*" flag: `)

// wantTime is what a duration must look like.
const wantTime = "want a time with its unit, such as 250ms, 3s or 2m"

// refused is why a flag cannot have a value, without the flag.
func refused(err error) string {
	s := refusedBy.ReplaceAllString(err.Error(), "")
	if strings.HasPrefix(s, "strconv.ParseBool: ") {
		return "want true or false"
	}
	if strings.HasPrefix(s, "strconv.Parse") {
		return "want a number"
	}
	if strings.HasPrefix(s, "time: ") {
		return wantTime
	}
	return s
}
