package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"evviz/internal/plain"
	"evviz/record"
	"evviz/trace"
)

// validation is what check --validate found: whether the events make sense, by the rules of their own version of the format.
type validation struct {
	File       string      `json:"file"`
	Version    uint16      `json:"version"` // of the format
	Events     int64       `json:"events"`
	Total      int         `json:"violations_total"`
	Violations []violation `json:"violations"` // the first ones
}

type violation struct {
	Invariant string `json:"invariant"`
	Index     int    `json:"index"` // which event, from 0
	Text      string `json:"text"`
	Event     string `json:"event"` // in the text form
}

// alone refuses what has nothing to do with a validation.
func (o *checkOptions) alone() error {
	for _, x := range []struct {
		flag  string
		given bool
	}{{"md", o.md}, {"sarif", o.sarif}, {"explain", o.explain}, {"look", o.look}, {"fail-on", len(o.failOn) > 0}, {"only", len(o.only) > 0}, {"threshold", len(o.set) > 0},
		{"with", len(o.with) > 0}, {"ignore", len(o.ignore) > 0}, {"baseline", o.baseline != ""}, {"write-baseline", o.writeBaseline != ""}} {
		if x.given {
			return usage("--validate looks at the recording itself and not at the loop in it: --%s does not go with it", x.flag)
		}
	}
	return nil
}

// validate holds the events of a file to the invariants of docs/events.md.
func (o *checkOptions) validate(path string) error {
	f, err := openToCheck(path, nil)
	if err != nil {
		return env(err)
	}
	defer f.Close()
	x := validation{File: path, Version: trace.FileVersion, Violations: []violation{}}
	if r, ok := f.(*record.File); ok && r.Version() != 0 {
		x.Version = r.Version()
	}
	v := trace.NewValidator(trace.ValidateOptions{Version: x.Version})
	buf := make([]trace.Event, 1<<12)
	for {
		n, err := f.Read(context.Background(), buf)
		for i := range buf[:n] {
			v.Add(&buf[i])
		}
		x.Events += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return env(err)
		}
	}
	x.Total = v.Total()
	for _, b := range v.Violations() {
		x.Violations = append(x.Violations, violation{b.Invariant, b.Index, b.Text, string(trace.AppendText(nil, &b.Event))})
	}
	if err := x.print(o.json); err != nil {
		return failure(fmt.Errorf("write the violations: %w", err))
	}
	if x.Total > 0 {
		return quiet(exitFailure)
	}
	return nil
}

func (x *validation) print(json bool) error {
	if json {
		return plain.WriteJSON(stdout, x)
	}
	var b strings.Builder
	if x.Total == 0 {
		fmt.Fprintf(&b, "%s: %d events, valid (format version %d)\n", plain.Lines(x.File), x.Events, x.Version)
	}
	for _, v := range x.Violations {
		fmt.Fprintf(&b, "%s: event %d: %s: %s\n    %s\n", plain.Lines(x.File), v.Index, v.Invariant, v.Text, v.Event)
	}
	if x.Total > 0 {
		fmt.Fprintf(&b, "%s: %d violations in %d events; docs/events.md lists the invariants\n", plain.Lines(x.File), x.Total, x.Events)
	}
	_, err := io.WriteString(stdout, b.String())
	return err
}
