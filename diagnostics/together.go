package diagnostics

import (
	"regexp"
	"slices"
	"strings"

	"evviz/words"
)

// maxNamed is how many descriptors the sentence of a finding about several names.
const maxNamed = 8

// alike is what findings have in common of which one sentence says everything: the same mechanism on several descriptors of one loop.
type alike struct {
	rule            *Rule
	severity        Severity
	verdict         Verdict
	stream          uint32
	thread, process int64
	fix             string
}

// Together makes one finding of those that say the same of several descriptors of one loop; FDs has all of them. What was summed up because there
// are too many is looked at, too, and summed up again if there are still too many. What is given is not changed.
func Together(found []*Finding) []*Finding {
	var all []*Finding
	summed := map[*Rule]bool{}
	for _, f := range found {
		if f.Rule.alike && len(f.rest) > 0 {
			all = append(all, f.rest...)
			summed[f.Rule] = true
			continue
		}
		all = append(all, f)
	}
	groups := map[alike][]*Finding{}
	keyOf := func(f *Finding) (alike, bool) {
		return alike{f.Rule, f.Severity, f.Verdict, f.stream, f.Thread, f.Process, f.Fix}, f.Rule.alike && f.Lane != 0 && f.more == 0
	}
	for _, f := range all {
		if k, ok := keyOf(f); ok {
			groups[k] = append(groups[k], f)
		}
	}
	var out []*Finding
	for _, f := range all {
		k, ok := keyOf(f)
		switch g := groups[k]; {
		case !ok || len(g) == 1:
			out = append(out, f)
		case g[0] == f:
			out = append(out, joined(g))
		}
	}
	for rule := range summed {
		var mine, others []*Finding
		for _, f := range out {
			if f.Rule == rule {
				mine = append(mine, f)
			} else {
				others = append(others, f)
			}
		}
		out = append(others, gathered(rule, mine)...)
	}
	if len(summed) > 0 {
		slices.SortStableFunc(out, byWeight)
	}
	return out
}

// joined is one finding in the place of several.
func joined(g []*Finding) *Finding {
	f := *g[0]
	f.Evidence = slices.Clone(f.Evidence)
	for _, x := range g[1:] {
		f.Count += x.Count
		f.First, f.Last = min(f.First, x.First), max(f.Last, x.Last)
		f.Evidence = append(f.Evidence, x.Evidence...)
	}
	var names []string
	for _, x := range g {
		name := x.Subject
		if x.FD >= 0 {
			name = words.FD(x.FD)
			if !slices.Contains(f.FDs, x.FD) {
				f.FDs = append(f.FDs, x.FD)
			}
		}
		if x != g[0] && !slices.Contains(names, name) && !(x.FD >= 0 && x.FD == f.FD) {
			names = append(names, name)
		}
	}
	slices.Sort(f.Evidence)
	f.Evidence = f.Evidence[:min(len(f.Evidence), maxFindings)]
	if n := len(names) - maxNamed; n > 0 {
		names = append(names[:maxNamed:maxNamed], words.Count(int64(n), "other"))
	}
	all := words.Count(int64(len(g)-1), "more descriptor") + " of that number"
	if n := len(names) - 1; n == 0 {
		all = names[0]
	} else if n > 0 {
		all = strings.Join(names[:n], ", ") + " and " + names[n]
	}
	said, more := f.Sentence, ""
	if i := firstSentence.FindStringIndex(said); i != nil { // what casts doubt on it stands behind
		said, more = said[:i[0]+1], said[i[0]+1:]
	}
	said += " The same is true of " + all
	if f.Count > int64(len(g)) {
		said += " (" + words.Times(f.Count) + " in all)"
	}
	f.Sentence = said + "." + more
	return &f
}

// firstSentence is where the first of several sentences ends.
var firstSentence = regexp.MustCompile(`\. [A-Z]`)
