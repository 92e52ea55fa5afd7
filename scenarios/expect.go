package scenarios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Expectation is one line of a story's expect table.
type Expectation struct {
	Figure
	Want Want
	Pos  string // file:line:column
}

// Want is what a figure should be: a number, a range, or "unknown".
type Want struct {
	Text    string // as it was written
	Unknown bool   // the figure must not be known: this mechanism has no such thing
	Not     bool   // any value but Lo
	Lo, Hi  float64
	Of      string // another figure of the same place, to which Lo and Hi are added: "== rounds - 1"
	Open    uint8  // openLo: Lo itself is too little; openHi: Hi itself is too much
}

const (
	openLo uint8 = 1 << iota
	openHi
)

// unbounded stands for no limit.
const unbounded = 1e300

// Met reports whether a known value is what was wanted.
func (w *Want) Met(v float64) bool {
	switch {
	case w.Unknown:
		return false
	case w.Not:
		return v != w.Lo
	}
	return v >= w.Lo && v <= w.Hi && !(w.Open&openLo != 0 && v == w.Lo) && !(w.Open&openHi != 0 && v == w.Hi)
}

const aNumber = `(-?[0-9]+(?:\.[0-9]+)?)`

var (
	wantCompared = regexp.MustCompile(`^(>=|<=|>|<|!=|==)?\s*` + aNumber + `$`)
	wantOther    = regexp.MustCompile(`^==\s*([a-z][a-z0-9_-]*)\s*(?:([+-])\s*([0-9]+))?$`)
	wantRange    = regexp.MustCompile(`^` + aNumber + `\s*\.\.\s*` + aNumber + `$`)
)

func parseWant(known Vocabulary, v starlark.Value) (Want, error) {
	switch x := v.(type) {
	case starlark.Int:
		f, _ := starlark.AsFloat(x)
		return Want{Text: x.String(), Lo: f, Hi: f}, nil
	case starlark.Float:
		return Want{Text: x.String(), Lo: float64(x), Hi: float64(x)}, nil
	case starlark.String:
		return wantOf(known, strings.TrimSpace(string(x)))
	}
	return Want{}, fmt.Errorf("want a number, or a string such as \">= 50\", \"1..3\" or \"unknown\", not %s", v.Type())
}

func wantOf(known Vocabulary, s string) (Want, error) {
	w := Want{Text: s}
	if s == "unknown" {
		w.Unknown = true
		return w, nil
	}
	if m := wantRange.FindStringSubmatch(s); m != nil {
		w.Lo, _ = strconv.ParseFloat(m[1], 64)
		w.Hi, _ = strconv.ParseFloat(m[2], 64)
		if w.Hi < w.Lo {
			return w, fmt.Errorf("%q: the range is empty", s)
		}
		return w, nil
	}
	if m := wantOther.FindStringSubmatch(s); m != nil {
		if _, err := ParseFigure(known, m[1]); err != nil {
			return w, err
		}
		w.Of = m[1]
		n, _ := strconv.ParseFloat(m[3], 64)
		if m[2] == "-" {
			n = -n
		}
		w.Lo, w.Hi = n, n
		return w, nil
	}
	m := wantCompared.FindStringSubmatch(s)
	if m == nil {
		return w, fmt.Errorf("%q is not understood: want a number, \">= N\", \"<= N\", \"> N\", \"< N\", \"!= N\", \"M..N\", \"== FIGURE - N\" or \"unknown\"", s)
	}
	n, _ := strconv.ParseFloat(m[2], 64)
	w.Lo, w.Hi = n, n
	switch m[1] {
	case ">=", ">":
		w.Hi = unbounded
	case "<=", "<":
		w.Lo = -unbounded
	case "!=":
		w.Not = true
	}
	switch m[1] {
	case ">":
		w.Open = openLo
	case "<":
		w.Open = openHi
	}
	return w, nil
}

// expectations reads the global expect, if there is one.
func expectations(known Vocabulary, f *syntax.File, file string, globals starlark.StringDict) ([]Expectation, error) {
	v, ok := globals["expect"]
	if !ok {
		return nil, nil
	}
	at := func(key string) string { return place(f, file, "expect", key) }
	d, ok := v.(*starlark.Dict)
	if !ok {
		return nil, &BadScript{fmt.Sprintf("%s: expect must be a dict, not %s", at(""), v.Type())}
	}
	var out []Expectation
	for _, kv := range d.Items() {
		key, ok := starlark.AsString(kv[0])
		if !ok {
			return nil, &BadScript{fmt.Sprintf("%s: the names of figures are strings", at(""))}
		}
		fig, err := ParseFigure(known, key)
		if err == nil {
			var w Want
			if w, err = parseWant(known, kv[1]); err == nil {
				out = append(out, Expectation{Figure: fig, Want: w, Pos: at(key)})
				continue
			}
			err = fmt.Errorf("%q: %w", key, err)
		}
		return nil, &BadScript{fmt.Sprintf("%s: expect: %v", at(key), err)}
	}
	return out, nil
}
