package export

import (
	"fmt"
	"io"
	"strings"

	"evviz/diagnostics"
	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Findings is what a check prints. Times are nanoseconds since the first event of the trace.
type Findings struct {
	Title      string    `json:"title"`
	Events     int64     `json:"events"`
	Lost       int64     `json:"events_lost"`
	Duration   *int64    `json:"duration_ns"` // null: the source has no times
	Findings   []Finding `json:"findings"`
	Calls      *Share    `json:"understood"`                // of a text's lines that look like calls; null: it is no text
	Ignored    []Ignored `json:"ignored"`                   // what the command line leaves out
	Baseline   *Baseline `json:"baseline"`                  // what a baseline leaves out; null: there is none
	Thresholds string    `json:"thresholds_file,omitempty"` // the project's own, where there is one
	Missing    []Missing `json:"missing"`                   // what the source cannot tell

	looked bool // it is about a moment: when something was found says nothing
}

// Ignored is how many findings were left out by one word of the command line.
type Ignored struct {
	By    string `json:"by"`
	Count int64  `json:"count"`
}

// Baseline is how many findings were left out because they stand in a file.
type Baseline struct {
	File  string `json:"file"`
	Count int64  `json:"count"`
}

// Missing is something that the source cannot tell, and why.
type Missing struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Share is how many of a text's call lines were understood, and which lines were not, the first of them.
type Share struct {
	Lines int64    `json:"lines"`
	Of    int64    `json:"of"`
	Not   []string `json:"-"` // with their numbers
	All   string   `json:"-"` // the command that lists all of them
}

// Enough reports whether so much was understood that nothing found can be said to mean nothing there.
func (s *Share) Enough() bool { return s == nil || trace.Share{N: s.Lines, Of: s.Of}.Enough() }

func (s *Share) String() string {
	return fmt.Sprintf("%s of %s understood", words.Number(s.Lines), words.Count(s.Of, "call line"))
}

// Finding is one finding. A null is unknown, or does not apply.
type Finding struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Severity string  `json:"severity"`
	Verdict  string  `json:"verdict"`
	FD       *int32  `json:"fd"`
	FDs      []int32 `json:"fds,omitempty"`
	Peer     *string `json:"peer"`
	Thread   *int64  `json:"thread"`
	In       string  `json:"-"` // the thread in words, where the sentence does not name it
	Subject  string  `json:"subject"`
	Count    int64   `json:"count"`
	First    int64   `json:"first"`
	Last     int64   `json:"last"`
	Evidence []int64 `json:"evidence"`
	Sentence string  `json:"sentence"`
	Why      string  `json:"why"`
	Fix      string  `json:"fix"`
	Else     string  `json:"else"`
}

// FindingsOf puts what was found in a picture into the form that is printed.
func FindingsOf(s *timeline.Snapshot, found []*diagnostics.Finding) *Findings {
	r := &Findings{Title: s.Info.Title, Events: s.Stats.Events, Lost: s.Stats.Lost, Findings: []Finding{}, Missing: []Missing{}, Ignored: []Ignored{},
		looked: LooksOnly(s)}
	if s.Info.Timed {
		d := s.Last - s.First
		r.Duration = &d
	}
	if c := s.Info.Calls; c.Of > 0 {
		r.Calls = &Share{Lines: c.N, Of: c.Of}
	}
	for _, m := range s.Info.Missing {
		r.Missing = append(r.Missing, Missing{m.What, m.Why})
	}
	for _, f := range found {
		x := Finding{ID: f.Rule.ID, Name: f.Rule.Name, Severity: f.Severity.String(), Verdict: f.Verdict.String(), Subject: f.Subject, Count: f.Count,
			FDs: f.FDs, First: f.First - s.First, Last: f.Last - s.First, Evidence: []int64{}, Sentence: f.Sentence, Why: f.Rule.Why(), Fix: f.Fix, Else: f.Rule.Else(), In: f.In}
		if f.FD >= 0 {
			x.FD = &f.FD
		}
		if f.Peer != "" {
			x.Peer = &f.Peer
		}
		if f.Thread != 0 {
			x.Thread = &f.Thread
		}
		for _, t := range f.Evidence {
			x.Evidence = append(x.Evidence, t-s.First)
		}
		r.Findings = append(r.Findings, x)
	}
	return r
}

// nothing says that nothing was found, if so much was understood that this can be said.
func (r *Findings) nothing() string {
	if r.looked {
		return "nothing wrong was found in what the kernel shows"
	}
	if !r.Calls.Enough() {
		return "no verdict: too little of it was understood"
	}
	left := int64(0)
	for _, x := range r.Ignored {
		left += x.Count
	}
	if r.Baseline != nil {
		left += r.Baseline.Count
	}
	if left > 0 {
		return "nothing else found in " + words.Count(r.Events, "event")
	}
	return "nothing found in " + words.Count(r.Events, "event")
}

// leftOut says what was left out and by what, and whose thresholds held.
func (r *Findings) leftOut() (out []string) {
	for _, x := range r.Ignored {
		out = append(out, fmt.Sprintf("ignored by %s: %s", x.By, words.Count(x.Count, "finding")))
	}
	if b := r.Baseline; b != nil {
		out = append(out, fmt.Sprintf("known to the baseline %s: %s", b.File, words.Count(b.Count, "finding")))
	}
	if r.Thresholds != "" {
		out = append(out, "thresholds of "+r.Thresholds)
	}
	return out
}

// JSON writes one object.
func (r *Findings) JSON(w io.Writer) error {
	return plain.WriteJSON(w, r)
}

// moment words a time of the trace.
func (r *Findings) moment(ns int64) string {
	if r.Duration == nil {
		return fmt.Sprintf("event order %d", ns/1000)
	}
	return fmt.Sprintf("%.6f s", float64(ns)/1e9)
}

// Text writes the findings for a person. Explain adds why each matters and what else could look like it.
func (r *Findings) Text(w io.Writer, explain bool) error {
	b := &strings.Builder{}
	if len(r.Findings) == 0 {
		fmt.Fprintf(b, "%s: %s\n", plain.Text(r.Title), r.nothing())
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		paragraph(b, plain.Text(f.Sentence), "")
		paragraph(b, "fix: "+plain.Text(f.Fix), "  ")
		if explain {
			paragraph(b, "why it matters: "+f.Why, "  ")
			paragraph(b, "possible false positives: "+f.Else, "  ")
		}
		fmt.Fprintf(b, "  %s %s · %s · %s", f.ID, f.Name, f.Severity, f.Verdict)
		if !r.looked {
			fmt.Fprintf(b, " · %s", r.moment(f.First))
			if f.Last > f.First {
				fmt.Fprintf(b, " to %s", r.moment(f.Last))
			}
		}
		if f.In != "" {
			b.WriteString(" · in " + plain.Text(f.In))
		}
		b.WriteByte('\n')
		b.WriteByte('\n')
	}
	if r.Lost > 0 {
		fmt.Fprintf(b, "%s missing: counts are lower bounds\n", words.Count(r.Lost, "event is", "events are"))
	}
	for _, l := range r.leftOut() {
		fmt.Fprintf(b, "%s\n", plain.Text(l))
	}
	if r.Calls != nil {
		fmt.Fprintf(b, "%s\n", r.Calls)
		if !r.Calls.Enough() {
			for _, l := range r.Calls.Not {
				fmt.Fprintf(b, "  not understood: %s\n", plain.Text(l))
			}
			if r.Calls.All != "" {
				fmt.Fprintf(b, "  all of them: %s\n", plain.Text(r.Calls.All))
			}
		}
	}
	for _, m := range r.Missing {
		fmt.Fprintf(b, "unknown: %s (%s)\n", plain.Text(m.What), plain.Text(m.Why))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes a table and a section for each finding, as for a bug report.
func (r *Findings) Markdown(w io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# %s\n\n", plain.Markdown(r.Title))
	if len(r.Findings) == 0 {
		s := r.nothing()
		fmt.Fprintf(b, "%s.\n", strings.ToUpper(s[:1])+s[1:])
	} else {
		b.WriteString("| rule | severity | verdict | where | count |\n|---|---|---|---|---:|\n")
		for i := range r.Findings {
			f := &r.Findings[i]
			fmt.Fprintf(b, "| %s %s | %s | %s | %s | %s |\n", f.ID, f.Name, f.Severity, f.Verdict, plain.Markdown(f.Subject), words.Number(f.Count))
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(b, "\n## %s %s: %s\n\n%s\n\n- **When:** %s", f.ID, f.Name, plain.Markdown(f.Subject), plain.Markdown(f.Sentence), r.moment(f.First))
		if f.Last > f.First {
			fmt.Fprintf(b, " to %s", r.moment(f.Last))
		}
		fmt.Fprintf(b, "\n- **Why it matters:** %s\n- **Fix:** %s\n- **Possible false positives:** %s\n", oneLine(f.Why), plain.Markdown(f.Fix), oneLine(f.Else))
	}
	if r.Lost > 0 {
		fmt.Fprintf(b, "\n%s missing: counts are lower bounds.\n", words.Count(r.Lost, "event is", "events are"))
	}
	for _, l := range r.leftOut() {
		fmt.Fprintf(b, "\n%s.\n", plain.Markdown(l))
	}
	if r.Calls != nil {
		fmt.Fprintf(b, "\n%s.\n", r.Calls)
		if !r.Calls.Enough() && len(r.Calls.Not) > 0 {
			b.WriteString("Not understood:\n\n")
			for _, l := range r.Calls.Not {
				fmt.Fprintf(b, "- %s\n", plain.Markdown(l))
			}
			if r.Calls.All != "" {
				fmt.Fprintf(b, "\nAll of them: `%s`\n", plain.Text(r.Calls.All))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// paragraph writes a text in lines of at most 100 columns.
func paragraph(b *strings.Builder, s, indent string) {
	for _, line := range strings.Split(wrap(s, 100-len(indent)), "\n") {
		b.WriteString(indent)
		b.WriteString(line)
		b.WriteByte('\n')
	}
}
