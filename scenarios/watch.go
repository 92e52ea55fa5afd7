package scenarios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Watch says what of a story is to be looked at: where the screen plays it in slow motion, and where it stops. All of it may be left out.
type Watch struct {
	From *Moment       // slow motion begins
	To   *Moment       // the screen stops; nil: with the end of the story
	Slow float64       // pace of the slow motion, times real time; 0 none
	Span time.Duration // how much time the screen shows there, at least; 0: what lies between the two
	View int           // the view that shows it; 0 the first
}

// Moment is so long after the nth event that a filter finds.
type Moment struct {
	Figure Figure // a filter, of the whole run
	Nth    int
	After  time.Duration
}

// Claim is a part of what a lesson says of itself, and what the screen shows there if it is true.
type Claim struct {
	Phrase string // a part of About
	Shows  []Condition
	Pos    string // file:line:column
}

// Condition is one thing that the drawn screen shows, or does not.
type Condition struct {
	Text string // as it was written
	View int    // 1 and on
	Row  string // a word of the label of the row that it is about; "" any row
	Not  bool   // no row shows it
	Ink  bool   // What is the words of the legend for the colour; otherwise it is text, with * for anything
	What string
}

// Question is what a lesson asks before it shows the answer.
type Question struct {
	Ask    string
	Figure Figure // whose value is the answer
	Says   string // what the answer means, with {n} for the number
}

// Question is what the story asks, nil when it asks nothing or there is none.
func (s *Script) Question() *Question {
	if s == nil {
		return nil
	}
	return s.Ask
}

const watchKeys = "from, to, slow, span, view"

var momentForm = regexp.MustCompile(`^(.*?)(?:\s+#([0-9]+))?(?:\s+\+([0-9.a-z]+))?$`)

// parseMoment reads "Read ret=1024 #64 +20ms": 20 ms after the 64th such event.
func parseMoment(known Vocabulary, text string) (*Moment, error) {
	form := momentForm.FindStringSubmatch(strings.TrimSpace(text))
	f, err := ParseFigure(known, form[1])
	if err != nil {
		return nil, err
	}
	if f.Kind == 0 || f.Place != WholeRun {
		return nil, fmt.Errorf("%q: want a kind of event and fields, for example \"Read ret=1024 #64\"", text)
	}
	m := &Moment{Figure: f, Nth: 1}
	if form[2] != "" {
		if m.Nth, err = strconv.Atoi(form[2]); err != nil || m.Nth < 1 {
			return nil, fmt.Errorf("%q: events are counted from 1", text)
		}
	}
	if form[3] != "" {
		if m.After, err = time.ParseDuration(form[3]); err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
	}
	return m, nil
}

// watch reads the global watch.
func watch(known Vocabulary, f *syntax.File, file string, globals starlark.StringDict) (w Watch, err error) {
	v, ok := globals["watch"]
	if !ok {
		return w, nil
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		return w, &BadScript{fmt.Sprintf("%s: watch must be a dict, not %s", place(f, file, "watch", ""), v.Type())}
	}
	for _, kv := range d.Items() {
		key, _ := starlark.AsString(kv[0])
		text, isText := starlark.AsString(kv[1])
		n, isNumber := starlark.AsFloat(kv[1])
		var err error
		switch {
		case key == "from" && isText:
			w.From, err = parseMoment(known, text)
		case key == "to" && isText:
			w.To, err = parseMoment(known, text)
		case key == "span" && isText:
			w.Span, err = time.ParseDuration(text)
		case key == "slow" && isNumber && n > 0 && n <= 1:
			w.Slow = n
		case key == "view" && isNumber && n >= 1 && n <= 6:
			w.View = int(n)
		default:
			err = fmt.Errorf("want %s: moments and a time as text, a pace up to 1 and a view from 1 to 6 as numbers", watchKeys)
		}
		if err != nil {
			return w, &BadScript{fmt.Sprintf("%s: watch: %q: %v", place(f, file, "watch", key), key, err)}
		}
	}
	if w.Slow != 0 && w.From == nil {
		return w, &BadScript{fmt.Sprintf("%s: watch: slow motion begins at \"from\", which is missing", place(f, file, "watch", "slow"))}
	}
	return w, nil
}

// claims reads the global claims: a part of about, and one condition or a list of them.
func claims(f *syntax.File, file, about string, globals starlark.StringDict) (out []Claim, err error) {
	v, ok := globals["claims"]
	if !ok {
		return nil, nil
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		return nil, &BadScript{fmt.Sprintf("%s: claims must be a dict, not %s", place(f, file, "claims", ""), v.Type())}
	}
	about = strings.Join(strings.Fields(about), " ")
	for _, kv := range d.Items() {
		c := Claim{}
		c.Phrase, _ = starlark.AsString(kv[0])
		c.Pos = place(f, file, "claims", c.Phrase)
		if c.Phrase == "" || !strings.Contains(about, c.Phrase) {
			return nil, &BadScript{fmt.Sprintf("%s: claims: %q is not a part of about", c.Pos, c.Phrase)}
		}
		var texts []string
		switch x := kv[1].(type) {
		case starlark.String:
			texts = []string{string(x)}
		case *starlark.List:
			for i := range x.Len() {
				s, _ := starlark.AsString(x.Index(i))
				texts = append(texts, s)
			}
		}
		for _, text := range texts {
			k, err := parseCondition(text)
			if err != nil {
				return nil, &BadScript{fmt.Sprintf("%s: claims: %q: %v", c.Pos, c.Phrase, err)}
			}
			c.Shows = append(c.Shows, k)
		}
		if len(c.Shows) == 0 {
			return nil, &BadScript{fmt.Sprintf("%s: claims: %q: want what the screen shows, a text or a list of them", c.Pos, c.Phrase)}
		}
		out = append(out, c)
	}
	return out, nil
}

var (
	conditionView = regexp.MustCompile(`^view ([1-6]): *(.*)$`)
	conditionRow  = regexp.MustCompile(`^in ([^:]+): *(.*)$`)
)

// parseCondition reads "view 2: in main: not colour of unread > 1.5 s", of which only the last part must be there.
func parseCondition(text string) (Condition, error) {
	c := Condition{Text: text, View: 1, What: text}
	if m := conditionView.FindStringSubmatch(c.What); m != nil {
		c.View, _ = strconv.Atoi(m[1])
		c.What = m[2]
	}
	if m := conditionRow.FindStringSubmatch(c.What); m != nil {
		c.Row, c.What = m[1], m[2]
	}
	c.What, c.Not = strings.CutPrefix(c.What, "not ")
	c.What, c.Ink = strings.CutPrefix(c.What, "colour of ")
	if c.What == "" || c.Ink && c.Row == "" {
		return c, fmt.Errorf("%q: want a text of the screen, \"in ROW: TEXT\" or \"in ROW: colour of WORDS OF THE LEGEND\", with \"not\" before TEXT, and \"view N:\" before all", text)
	}
	return c, nil
}

// question reads the global question.
func question(known Vocabulary, f *syntax.File, file string, globals starlark.StringDict) (*Question, error) {
	v, ok := globals["question"]
	if !ok {
		return nil, nil
	}
	wrong := func(key, format string, a ...any) (*Question, error) {
		return nil, &BadScript{fmt.Sprintf("%s: question: ", place(f, file, "question", key)) + fmt.Sprintf(format, a...)}
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		return wrong("", "it must be a dict, not %s", v.Type())
	}
	q := &Question{}
	for _, kv := range d.Items() {
		key, _ := starlark.AsString(kv[0])
		text, isText := starlark.AsString(kv[1])
		var err error
		switch {
		case key == "ask" && isText:
			q.Ask = text
		case key == "figure" && isText:
			q.Figure, err = ParseFigure(known, text)
		case key == "says" && isText && strings.Contains(text, "{n}"):
			q.Says = text
		default:
			err = fmt.Errorf("want ask, figure, and says with {n} in it")
		}
		if err != nil {
			return wrong(key, "%v", err)
		}
	}
	if q.Ask == "" || q.Figure.Text == "" || q.Says == "" {
		return wrong("", "want ask, figure and says")
	}
	return q, nil
}
