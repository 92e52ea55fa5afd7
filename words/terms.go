package words

import (
	"regexp"
	"strings"
)

// Term is a word that evviz once used for something that has a name, and the name.
type Term struct {
	Not     string // a regular expression, without regard to case, that begins and ends at a word's edge
	Use     string
	Example string // a text in which Not stands

	re *regexp.Regexp
}

// Terms are the words that do not stand in what a person reads: the screen, findings, errors, help and documentation. Names of
// figures, JSON keys and flags are not text.
var Terms = []Term{
	{Not: `(?:a|an|one|the|this|that|each|every|per|same|last|next|first|its|whole|longest|single|of|these|many|few|more|all|two|three|four|ten|%d|%s|[\d,]+) turns?`, Use: "iteration", Example: "in the longest turn"},
	{Not: `told|tells?|telling`, Use: "repeated notification, no further notification, known, named", Example: "fd 7 was told again"},
	{Not: `nagging|nags?`, Use: "repeated notification", Example: "nagging"},
	{Not: `(?:a|an|one|the|this|that|each|every|no|last|first|its|of|these|many|few|more|all|their|useful|wasted|two|three|four|five|six|eight|ten|hundred|%d|%s|[\d,]+) reports?`, Use: "event (one descriptor and mask that a wait returned)", Example: "the last report"},
	{Not: `reports (?:were|are|came|come)`, Use: "events", Example: "reports came"},
	{Not: `turns (?:of|that|were|are)|turn of the loop`, Use: "iterations", Example: "the turns of a loop"},
	{Not: `wake-ups?`, Use: "wakeup", Example: "3 wake-ups"},
	{Not: `data waits?|data (?:has|have|had) waited|data lies|data lay|lay there|nobody (?:has|had) (?:taken|read)|what lies? there`, Use: "unread data, unread for 2.8 s", Example: "data has waited"},
	{Not: `left behind|leaves? behind`, Use: "not drained, left unread", Example: "what was left behind"},
	{Not: `interests|ask(?:s|ed|ing)? for (?:read|writ|room|it to be)\w*`, Use: "registered fds, registered for", Example: "its interests"},
	{Not: `in vain`, Use: "EAGAIN, without a result", Example: "asked in vain"},
	{Not: `ask(?:ed|s)? (?:once|twice|%\w|\d[\d,]* times)|nobody to ask|nothing to ask`, Use: "polled 46 times: 19 hits, 27 EAGAIN", Example: "asked 46 times"},
	{Not: `what (?:was|is|were) known|known already`, Use: "repeats, repeated notification", Example: "say what was known"},
	{Not: `locked out`, Use: "waiting for lock", Example: "locked out for 3 ms"},
	{Not: `away from its wait|away from the wait|was away`, Use: "did not return to epoll_wait for 302 ms", Example: "it was away from its wait"},
	{Not: `mend(?:s|ed|ing)?|cures?|cured`, Use: "fix", Example: "what mends it"},
	{Not: `how sure|what else could look like`, Use: "confidence, possible false positives", Example: "how sure"},
	{Not: `(?:events?|%d|%s|\d+) came late`, Use: "reordered", Example: "3 events came late"},
	{Not: `in full since`, Use: "full detail since", Example: "in full since 1.7 s"},
	{Not: `shades?`, Use: "overview from the index", Example: "shades"},
	{Not: `stands? still|stood still|looking around`, Use: "PAUSED, BROWSING, blocked", Example: "STANDS STILL"},
	{Not: `for ever`, Use: "no timeout (-1), forever, without end", Example: "asked to wait for ever"},
	{Not: `processor time|on the processor|of the processor's time`, Use: "CPU time", Example: "4 s of processor time"},
	{Not: `knobs?`, Use: "setting", Example: "a knob"},
	{Not: `ink|(?:the|own) ground`, Use: "foreground, background", Example: "ink on ground"},
	{Not: `hand(?:s|ed|ing)? over|news`, Use: "submit, completion", Example: "handed over to the kernel"},
	{Not: `give(?:s|n)? back|giving back|gave back|hand(?:s|ed)? on`, Use: "return, restore, pass", Example: "gives the terminal back, or gives back a lock"},
	{Not: `the lesson before|anew`, Use: "previous, again, redraw", Example: "draw everything anew"},
	{Not: `put(?:s|ting)? off|ends of file`, Use: "deferred reads, EOF", Example: "reads that it puts off"},
	{Not: `kept to be saved`, Use: "flight recorder is off; start with --keep 30s", Example: "nothing is kept to be saved"},
	{Not: `events? (?:was|were|is|are) lost|events? lost|lost events?`, Use: "dropped events", Example: "12 events lost"},
	{Not: `that were woken|so many|whoever|of (?:its|their|one's) own`, Use: "the plain word: all woken threads, last, N, who", Example: "whoever"},
	{Not: `(?:is|are|was|were|be) no(?: [a-z-]+)`, Use: "is not a", Example: "fd 0 is no socket"},
}

func init() {
	for i := range Terms {
		Terms[i].re = regexp.MustCompile(`(?i)(?:^|[^\pL\d%-])(` + Terms[i].Not + `)(?:$|[^\pL\d-])`)
	}
}

// Misused is the first word of a text that evviz does not use, as it stands there, and what to say instead; "" when all is well.
func Misused(text string) (word, use string) {
	for i := range Terms {
		for _, m := range Terms[i].re.FindAllStringSubmatchIndex(text, -1) {
			found := text[m[2]:m[3]]
			if allowed(text[:m[2]], strings.ToLower(found)) {
				continue
			}
			return found, Terms[i].Use
		}
	}
	return "", ""
}

// allowed is for what only looks like one: there is no timer, it is no longer kept, it is no more than that.
func allowed(before, found string) bool {
	verb, what, ok := strings.Cut(found, " no ")
	if !ok {
		return false
	}
	switch verb {
	case "is", "are", "was", "were", "be":
	default:
		return false
	}
	switch what {
	case "longer", "more", "matter", "other", "less", "better", "worse":
		return true
	}
	before = strings.ToLower(before)
	return strings.HasSuffix(before, "there ") || strings.HasSuffix(before, "there can ") || strings.HasSuffix(before, "there may ") ||
		strings.HasSuffix(before, "there has ") || strings.HasSuffix(before, "there must ")
}
