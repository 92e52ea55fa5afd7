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

// Together makes one finding of those that say the same of several descriptors of one loop; FDs has all of them. The others stay as they are, and
// what is given is not changed. The order stays that of the first of each.
func Together(found []*Finding) []*Finding {
	groups := map[alike][]*Finding{}
	keyOf := func(f *Finding) (alike, bool) {
		return alike{f.Rule, f.Severity, f.Verdict, f.stream, f.Thread, f.Process, f.Fix}, f.Rule.alike && f.Lane != 0 && f.more == 0
	}
	for _, f := range found {
		if k, ok := keyOf(f); ok {
			groups[k] = append(groups[k], f)
		}
	}
	var out []*Finding
	for _, f := range found {
		k, ok := keyOf(f)
		switch g := groups[k]; {
		case !ok || len(g) == 1:
			out = append(out, f)
		case g[0] == f:
			out = append(out, joined(g))
		}
	}
	return out
}

// joined is one finding in the place of several.
func joined(g []*Finding) *Finding {
	f := *g[0]
	f.Evidence = slices.Clone(f.Evidence)
	var names []string
	for _, x := range g[1:] {
		f.Count += x.Count
		f.First, f.Last = min(f.First, x.First), max(f.Last, x.Last)
		f.Evidence = append(f.Evidence, x.Evidence...)
		name := x.Subject
		if x.FD >= 0 {
			name = words.FD(x.FD)
		}
		names = append(names, name)
	}
	for _, x := range g {
		if x.FD >= 0 {
			f.FDs = append(f.FDs, x.FD)
		}
	}
	slices.Sort(f.Evidence)
	f.Evidence = f.Evidence[:min(len(f.Evidence), maxFindings)]
	if n := len(names) - maxNamed; n > 0 {
		names = append(names[:maxNamed:maxNamed], words.Count(int64(n), "other"))
	}
	all := names[len(names)-1]
	if n := len(names) - 1; n > 0 {
		all = strings.Join(names[:n], ", ") + " and " + all
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
