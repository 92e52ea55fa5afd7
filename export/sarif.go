package export

import (
	"io"
	"net/url"
	"path/filepath"

	"evviz/diagnostics"
	"evviz/internal/plain"
)

// SARIF 2.1.0 (OASIS), as code hosts read it. A trace has no source lines: a result names the trace as its artifact and the
// moment in its properties.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool      `json:"tool"`
	Results    []sarifResult  `json:"results"`
	Properties map[string]any `json:"properties,omitempty"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	Rules []sarifRule `json:"rules"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID   string    `json:"id"`
	Name string    `json:"name"`
	Says sarifText `json:"shortDescription"`
	Full sarifText `json:"fullDescription"`
	Help sarifText `json:"help"`
}

type sarifResult struct {
	RuleID     string          `json:"ruleId"`
	Level      string          `json:"level"`
	Message    sarifText       `json:"message"`
	Locations  []sarifLocation `json:"locations"`
	Properties map[string]any  `json:"properties"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
	} `json:"physicalLocation"`
	Logical []sarifLogical `json:"logicalLocations"`
}

type sarifLogical struct {
	Name string `json:"name"`
}

// levels are SARIF's words for our severities.
var levels = map[string]string{"info": "note", "warn": "warning", "critical": "error"}

// SARIF writes the findings for a code host; name is the file that was looked at.
func (r *Findings) SARIF(w io.Writer, name string) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "evviz", Rules: []sarifRule{}}}, Results: []sarifResult{}}
	for i := range diagnostics.Rules {
		x := &diagnostics.Rules[i]
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{x.ID, x.Name, sarifText{x.Says}, sarifText{oneLine(x.Why())}, sarifText{oneLine(x.Fix())}})
	}
	if r.Calls != nil {
		run.Properties = map[string]any{"understood": r.Calls}
	}
	if said := r.leftOut(); len(said) > 0 {
		if run.Properties == nil {
			run.Properties = map[string]any{}
		}
		run.Properties["left_out"] = said
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		x := sarifResult{RuleID: f.ID, Level: levels[f.Severity], Message: sarifText{plain.Text(f.Sentence) + " Fix: " + plain.Text(f.Fix)},
			Properties: map[string]any{"verdict": f.Verdict, "count": f.Count, "first_ns": f.First, "last_ns": f.Last}}
		var l sarifLocation
		l.Physical.Artifact.URI = artifact(name)
		l.Logical = []sarifLogical{{plain.Text(f.Subject)}}
		x.Locations = []sarifLocation{l}
		run.Results = append(run.Results, x)
	}
	return plain.WriteJSON(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// artifact is a file's name as the relative reference of RFC 3986 that SARIF wants: a colon or a space in it is no part of a URI.
func artifact(name string) string {
	return (&url.URL{Path: filepath.ToSlash(name)}).String()
}
