package cmd

import (
	"fmt"

	"evviz/export"
	"evviz/probe"
	"evviz/trace"
	"evviz/words"
)

// missedOf gives a report the first lines that look like calls and were not understood, and how to see all of them.
func missedOf(r *export.Findings, src trace.Source, path string) {
	s, ok := src.(*probe.Stream)
	if r.Calls == nil || !ok {
		return
	}
	for _, o := range s.Missed() {
		name := o.File
		if name == "" {
			name = "line"
		}
		r.Calls.Not = append(r.Calls.Not, fmt.Sprintf("%s %d: %s", name, o.Line, o.Text))
	}
	if path == "-" {
		path = "FILE, with the text in a file"
	}
	r.Calls.All = "evviz replay --unparsed " + path
}

// nothingUnderstood is why a text of calls has no event: none of its call lines was understood. nil: there are other reasons.
func nothingUnderstood(src trace.Source, path string) error {
	s, ok := src.(*probe.Stream)
	if !ok || len(s.Missed()) == 0 || s.Info().Calls.N > 0 {
		return nil
	}
	first := s.Missed()[0]
	return fmt.Errorf("%s: none of its %s was understood; the first is line %d: %q (evviz replay --unparsed lists all)",
		path, words.Count(s.Info().Calls.Of, "call line"), first.Line, first.Text)
}
