package lab

import (
	"fmt"
	"strconv"

	"evviz/scenarios"
	"evviz/timeline"
)

// Verdict is one expectation of a story, held against a run.
type Verdict struct {
	Figure  string   `json:"figure"`
	Want    string   `json:"want"`
	Got     *float64 `json:"got"`               // null: unknown
	Unknown string   `json:"unknown,omitempty"` // why
	Met     bool     `json:"met"`
	Place   string   `json:"place"` // where it is written: file:line:column
}

// Words is the value in words.
func (v *Verdict) Words() string {
	if v.Got == nil {
		return "unknown here"
	}
	return strconv.FormatFloat(*v.Got, 'f', -1, 64)
}

// Judge holds a story's expectations against what its run left behind. What is not known is never 0: an expectation of a
// number fails by it.
func Judge(list []scenarios.Expectation, s *timeline.Snapshot) []Verdict {
	f := asked{s}
	out := make([]Verdict, len(list))
	for i := range list {
		x := &list[i]
		v := Verdict{Figure: x.Text, Want: x.Want.Text, Place: x.Pos}
		n, unknown := f.value(&x.Figure)
		want := x.Want
		if want.Of != "" && unknown == "" {
			other := x.Figure
			other.Name, other.Kind = want.Of, 0
			var base float64
			base, unknown = f.value(&other)
			want.Lo, want.Hi = base+want.Lo, base+want.Hi
			v.Want = fmt.Sprintf("%s (%g)", want.Text, want.Lo)
		}
		if unknown != "" {
			v.Unknown, v.Met = unknown, x.Want.Unknown
		} else {
			v.Got, v.Met = &n, want.Met(n)
		}
		out[i] = v
	}
	return out
}

func MetAll(vs []Verdict) (met int, all bool) {
	for i := range vs {
		if vs[i].Met {
			met++
		}
	}
	return met, met == len(vs)
}
