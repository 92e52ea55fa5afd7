package cmd

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"evviz/diagnostics"
	"evviz/internal/spelling"
)

func newExplain() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain [RULE|WORD ...]",
		Short: "Explain a rule: what the kernel does, why it matters, how to fix it",
		Long: `explain shows the page of a rule: what the kernel does, why it matters, how to fix it, what may be a false positive, and a command that
shows it. A rule has a number and a name. Any other word is looked for in names, summaries and pages: what one rule alone speaks of is shown, of several
there is a list.`,
		Example: "  evviz explain            all rules, a line each\n  evviz explain EV08\n  evviz explain write-spin\n  evviz explain starvation",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := io.WriteString(stdout, ruleLines(allRules()))
				return err
			}
			out, err := explained(args)
			if err != nil {
				return err
			}
			_, err = io.WriteString(stdout, out)
			return err
		},
	}
	c.SetFlagErrorFunc(flagError)
	return c
}

// ruleNumber is what can only be meant for the number of a rule.
var ruleNumber = regexp.MustCompile(`(?i)^(EV)?[0-9]+$`)

func allRules() (out []*diagnostics.Rule) {
	for i := range diagnostics.Rules {
		out = append(out, &diagnostics.Rules[i])
	}
	return out
}

// ruleLines lists rules, a line each.
func ruleLines(rules []*diagnostics.Rule) string {
	var b strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&b, "%s %-19s %s\n", r.ID, r.Name, r.Says)
	}
	return b.String()
}

// explained is what is printed for the words of a command line: pages, or a list of what they may mean. Words none of which is a rule are
// looked for together.
func explained(args []string) (string, error) {
	named := slices.ContainsFunc(args, func(a string) bool { return diagnostics.RuleOf(a) != nil })
	var pages []string
	for i, a := range args {
		r := diagnostics.RuleOf(a)
		if r == nil {
			words := strings.Fields(a)
			if !named {
				words = strings.Fields(strings.Join(args, " "))
			}
			if ruleNumber.MatchString(a) || len(words) == 0 {
				return "", noRule(a)
			}
			found := rulesWith(words)
			switch {
			case len(found) == 0:
				return "", noRule(strings.Join(words, " "))
			case len(found) > 1:
				pages = append(pages, fmt.Sprintf("%d rules speak of %s; evviz explain EVnn shows one:\n\n%s", len(found), strings.Join(words, " "), strings.TrimRight(ruleLines(found), "\n")))
			default:
				r = found[0]
			}
		}
		if r != nil {
			pages = append(pages, strings.TrimRight(printedPage(r.Page()), "\n"))
		}
		if !named && i == 0 {
			break // all words have been looked for
		}
	}
	return strings.Join(pages, "\n\n") + "\n", nil
}

// rulesWith are the rules that speak of all these words: in their names, else in a name or summary, else in their pages.
func rulesWith(words []string) []*diagnostics.Rule {
	texts := []func(r *diagnostics.Rule) string{
		func(r *diagnostics.Rule) string { return r.Name },
		func(r *diagnostics.Rule) string { return r.Name + " " + r.Says },
		func(r *diagnostics.Rule) string { return r.Page() },
	}
	for _, text := range texts {
		found := slices.DeleteFunc(allRules(), func(r *diagnostics.Rule) bool {
			in := strings.ToLower(strings.ReplaceAll(text(r), "\n", " "))
			return slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(in, strings.ToLower(w)) })
		})
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// noRule says that nothing is called so, and what comes nearest: by number, or by spelling.
func noRule(word string) error {
	s := fmt.Sprintf("there is no rule %q", word)
	last := len(diagnostics.Rules)
	digits := strings.TrimPrefix(strings.ToUpper(word), "EV")
	if n, err := strconv.Atoi(digits); err == nil {
		at := min(max(n, 1), last) - 1
		first := min(max(at-1, 0), max(last-3, 0))
		var near []string
		for _, r := range diagnostics.Rules[first:min(first+3, last)] {
			near = append(near, r.ID+" "+r.Name)
		}
		return usage("%s: they are %s; the nearest are %s", s, diagnostics.IDs(), strings.Join(near, ", "))
	}
	var names []string
	of := map[string]string{}
	for _, r := range allRules() {
		for _, n := range append(strings.Split(r.Name, "-"), r.Name, strings.ToLower(r.ID)) {
			if len(n) > 3 && of[n] == "" {
				names = append(names, n)
				of[n] = r.Name
			}
		}
		if of[strings.ToLower(r.ID)] != "" {
			of[strings.ToLower(r.ID)] = r.ID
		}
	}
	for _, r := range allRules() {
		for w := range strings.FieldsFuncSeq(strings.ToLower(r.Says), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }) {
			if len(w) > 5 && of[w] == "" {
				names = append(names, w)
				of[w] = w
			}
		}
	}
	if n := spelling.Nearest(word, names); n != "" {
		s += fmt.Sprintf("; did you mean %s?", of[n])
	}
	return usage("%s; evviz explain lists them", s)
}
