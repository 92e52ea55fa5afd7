package export

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

// TestHostileNames: whatever a program, a file or a peer is called, no export holds a character that acts, Markdown makes no link of
// it, and a file's name in SARIF is a URI.
func TestHostileNames(t *testing.T) {
	const evil = "x\x1b[2J\u009b1m\x7f\u202e [click](https://evil.example/)|<img src=x>"
	peer := evil
	r := &Findings{Title: evil, Findings: []Finding{{ID: "EV01", Name: "lt-unserviced", Severity: "warn", Verdict: "certain", Peer: &peer, Subject: evil, Sentence: evil, Fix: evil}},
		Missing: []Missing{{evil, evil}}}
	var text, md, js, sarif bytes.Buffer
	for _, err := range []error{r.Text(&text, true), r.Markdown(&md), r.JSON(&js), r.SARIF(&sarif, "dir of\tlogs/a:b #1?.evt")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range map[string]*bytes.Buffer{"text": &text, "Markdown": &md, "JSON": &js, "SARIF": &sarif} {
		for _, c := range b.String() {
			if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
				t.Errorf("%s holds %U:\n%q", name, c, b)
				break
			}
		}
	}
	for _, bad := range []string{" [click", "https://", "<img"} {
		if strings.Contains(md.String(), bad) {
			t.Errorf("Markdown holds %q:\n%s", bad, &md)
		}
	}
	var back Findings
	if err := json.Unmarshal(js.Bytes(), &back); err != nil || back.Title != evil || *back.Findings[0].Peer != evil {
		t.Errorf("JSON does not give the name back: %v %q", err, back.Title)
	}
	var log sarifLog
	if err := json.Unmarshal(sarif.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	uri := log.Runs[0].Results[0].Locations[0].Physical.Artifact.URI
	if u, err := url.Parse(uri); err != nil || u.Scheme != "" || u.Path != "dir of\tlogs/a:b #1?.evt" || u.RawQuery != "" || u.Fragment != "" {
		t.Errorf("%q: %v %+v", uri, err, u)
	}
}
