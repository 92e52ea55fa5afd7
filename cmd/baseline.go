package cmd

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"evviz/diagnostics"
	"evviz/internal/files"
	"evviz/internal/plain"
)

// A baseline is a file of findings that are known: what is normal for this workload is said once. It names them by what is the same from
// run to run.
type baseline struct {
	Version  int     `json:"evviz_baseline"`
	Findings []known `json:"findings"`
}

// known is a finding's key.
type known struct {
	Rule    string `json:"rule"`
	Subject string `json:"subject"`
}

const (
	baselineVersion = 1
	maxBaseline     = 16 << 20 // bytes
	firstEphemeral  = 32768    // of net.ipv4.ip_local_port_range
)

var (
	ofThread   = regexp.MustCompile(`\b(thread|process) \d+`)
	withPort   = regexp.MustCompile(`:(\d{5})\b`)
	leadNumber = regexp.MustCompile(`^[\d,]+ `)
	leadFD     = regexp.MustCompile(`^fd \d+`)
)

// keyOf is a finding's key: its rule and its subject, without the numbers that differ from run to run. Those are thread and process
// numbers, ports that the kernel chooses (from 32768 on), the descriptor's number of a connection to such a port, and counts.
func keyOf(f *diagnostics.Finding) known {
	s := plain.Text(f.Subject)
	chosen := false
	s = withPort.ReplaceAllStringFunc(s, func(p string) string {
		if n, err := strconv.Atoi(p[1:]); err == nil && n >= firstEphemeral && n < 1<<16 {
			chosen = true
			return ":*"
		}
		return p
	})
	if chosen {
		s = leadFD.ReplaceAllString(s, "fd *")
	}
	s = ofThread.ReplaceAllString(s, "$1 *")
	return known{f.Rule.ID, leadNumber.ReplaceAllString(s, "* ")}
}

// readBaseline reads a file that writeBaseline wrote.
func readBaseline(path string) (map[known]bool, error) {
	text, err := files.Read(path, maxBaseline)
	if err != nil {
		return nil, usage("--baseline %s: %v", path, err)
	}
	var b baseline
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&b); err != nil {
		return nil, usage("--baseline %s: this is not a baseline: %v; evviz check --write-baseline FILE LOG makes one", path, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, usage("--baseline %s: something follows the baseline in it", path)
	}
	if b.Version != baselineVersion {
		return nil, usage("--baseline %s: this is not a baseline of version %d (evviz_baseline is %d)", path, baselineVersion, b.Version)
	}
	all := map[known]bool{}
	for _, k := range b.Findings {
		if diagnostics.RuleOf(k.Rule) == nil {
			return nil, usage("--baseline %s: there is no rule %q", path, k.Rule)
		}
		all[k] = true
	}
	return all, nil
}

// writeBaseline writes the keys of findings, replacing a baseline that is there.
func writeBaseline(path string, found []*diagnostics.Finding) error {
	b := baseline{Version: baselineVersion, Findings: []known{}}
	for _, f := range found {
		b.Findings = append(b.Findings, keyOf(f))
	}
	slices.SortFunc(b.Findings, func(a, b known) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject)) })
	b.Findings = slices.Compact(b.Findings)
	var w bytes.Buffer
	if err := plain.WriteJSON(&w, b); err != nil {
		return err
	}
	ours := func(head []byte) bool { return bytes.Contains(head, []byte(`"evviz_baseline"`)) }
	if err := files.Write(path, w.Bytes(), 0o666, files.Over{Kind: "baseline", Ours: ours, Force: true}); err != nil {
		return fmt.Errorf("--write-baseline %s: %w", path, err)
	}
	return nil
}
