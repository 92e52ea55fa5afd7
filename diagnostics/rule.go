package diagnostics

import (
	"embed"
	"slices"
	"strconv"
	"strings"
)

// Rule is one way in which an event loop goes wrong. Its id is stable: scripts depend on it.
type Rule struct {
	ID      string // EV08
	Name    string // write-spin
	Says    string // what it says, in one line
	Section Section
	ByTime  bool // it judges durations and nothing else: a source without times cannot tell

	cause      bool                          // it names why a thread is woken in vain
	effect     bool                          // it is often the effect of what another rule names
	alike      bool                          // what it says of one descriptor may be true of several for the same reason
	trigger    bool                          // what it says depends on the trigger
	lasts      bool                          // what it names goes on until the descriptor is closed, whether or not something happens on it
	strands    bool                          // what it names goes on as long as the descriptor is stranded
	root       bool                          // what it names has effects that other rules name as causes
	thresholds string                        // names of those that it uses, in the order in which they are shown
	apart      int                           // most findings that are told apart; 0: maxFindings
	confirm    func(f *Finding, looks Looks) // asks the system about a finding; nil: nothing can be asked
	check      func(c *checker)              // judges what was seen to happen
	look       func(c *checker)              // judges what looks into the kernel have found (rules_looks.go); nil: nothing can be said of that
}

// Section is where the page of all rules has a rule.
type Section string

// The sections, in their order.
const (
	Reading   Section = "Reading"
	Writing   Section = "Writing"
	Accepting Section = "Accepting"
	Threads   Section = "Several threads or processes"
	Life      Section = "Life of a descriptor"
	Time      Section = "Time"
	Cost      Section = "Cost and limits"
)

// Sections are all of them, in their order.
var Sections = []Section{Reading, Writing, Accepting, Threads, Life, Time, Cost}

// rank orders findings that matter as much.
func (r *Rule) rank() int {
	switch {
	case r.root:
		return -1
	case r.effect:
		return 1
	}
	return 0
}

// Thresholds are those that the rule uses.
func (r *Rule) Thresholds() (out []*Threshold) {
	for name := range strings.FieldsSeq(r.thresholds) {
		if i := slices.IndexFunc(Thresholds, func(t Threshold) bool { return t.Name == name }); i >= 0 {
			out = append(out, &Thresholds[i])
		}
	}
	return out
}

// IDs are the ids of all rules in words: "EV01 to EV35".
func IDs() string { return Rules[0].ID + " to " + Rules[len(Rules)-1].ID }

//go:embed text
var pages embed.FS

// RuleOf finds a rule by its id, its number or its name, in any case.
func RuleOf(word string) *Rule {
	digits := word
	if len(word) > 2 && strings.EqualFold(word[:2], "EV") {
		digits = word[2:]
	}
	if n, err := strconv.ParseUint(digits, 10, 8); err == nil && n >= 1 && int(n) <= len(Rules) {
		return &Rules[n-1] // 8, ev8, EV08
	}
	for i := range Rules {
		if strings.EqualFold(Rules[i].ID, word) || strings.EqualFold(Rules[i].Name, word) {
			return &Rules[i]
		}
	}
	return nil
}

// Page is the rule's page, as text/EV08.md has it.
func (r *Rule) Page() string {
	b, err := pages.ReadFile("text/" + r.ID + ".md")
	if err != nil {
		return ""
	}
	return string(b)
}

// Why is why it matters, Fix how it is fixed in general, Else possible false positives: sections of the page.
func (r *Rule) Why() string { return r.section("Why it matters") }

// Fix is how it is fixed in general; a finding has a sentence of its own.
func (r *Rule) Fix() string { return r.section("How to fix it") }

// Else is what could be a false positive.
func (r *Rule) Else() string { return r.section("Possible false positives") }

// section is the text under a heading, without the heading.
func (r *Rule) section(title string) string {
	_, rest, ok := strings.Cut(r.Page(), "\n## "+title+"\n")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return strings.TrimSpace(text)
}
