package lab

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"evviz/diagnostics"
	"evviz/record"
	"evviz/scenarios"
	"evviz/timeline"
	"evviz/tui"
)

// Shown is a claim of a lesson, held against the screen as it is drawn where the lesson stops.
type Shown struct {
	Phrase string `json:"claim"`
	Shows  string `json:"shows"` // the condition
	Met    bool   `json:"met"`
	Place  string `json:"place"` // where it is written: file:line:column
}

// The screen that claims are held against.
const (
	claimColumns = 120
	claimRows    = 36
)

// SlowOf is how a story is played in slow motion.
func SlowOf(s *scenarios.Script) record.SlowPlan {
	w := &s.Watch
	return record.SlowPlan{From: slowMoment(w.From), To: slowMoment(w.To), Pace: w.Slow, Asks: s.Ask != nil}
}

func slowMoment(m *scenarios.Moment) *record.SlowMoment {
	if m == nil {
		return nil
	}
	return &record.SlowMoment{Is: m.Figure.Is, Nth: m.Nth, After: m.After}
}

// Claims holds what a lesson says of itself against the screen as it is drawn at the moment where the lesson stops. slow has kept the events of
// the run. It also returns the pictures, by view, for whoever wants to see why.
func Claims(s *scenarios.Script, slow *record.Slow, findings diagnostics.Settings) ([]Shown, map[int]*tui.Picture, error) {
	src, at, ok := slow.Stop()
	if !ok {
		return nil, nil, fmt.Errorf("draw the lesson: there were more events than are kept")
	}
	if s.Watch.To != nil && slow.To() == 0 {
		return nil, nil, fmt.Errorf("draw the lesson: the moment at which it stops (%s) has not come", s.Watch.To.Figure.Text)
	}
	feed := timeline.NewFeed(src, timeline.Options{Limits: findings.Limits()})
	if err := feed.Run(context.Background()); err != nil {
		return nil, nil, fmt.Errorf("draw the lesson: %w", err)
	}
	pictures := map[int]*tui.Picture{}
	var out []Shown
	for i := range s.Claims {
		c := &s.Claims[i]
		for _, k := range c.Shows {
			p := pictures[k.View]
			if p == nil {
				var err error
				if p, err = drawLesson(s, feed, findings, slow.From(), at, k.View); err != nil {
					return nil, nil, err
				}
				pictures[k.View] = p
			}
			out = append(out, Shown{Phrase: c.Phrase, Shows: k.Text, Met: shows(p, &k), Place: c.Pos})
		}
	}
	return out, pictures, nil
}

// shows reports whether a picture shows what a condition says.
func shows(p *tui.Picture, k *scenarios.Condition) bool {
	rows := p.Rows()
	if k.Row != "" {
		y, ok := p.RowOf(k.Row, lessonTop+lessonCard)
		if !ok {
			return false
		}
		if k.Ink {
			inked, _ := p.Inked(y, k.What)
			return inked != k.Not
		}
		rows = []string{p.RestOf(y)}
	}
	parts := strings.Split(k.What, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	re := regexp.MustCompile(strings.Join(parts, ".*"))
	for y, row := range rows {
		if k.Row == "" && y >= lessonTop && y < lessonTop+lessonCard { // the text itself proves nothing
			continue
		}
		if re.MatchString(row) {
			return !k.Not
		}
	}
	return k.Not
}

// Where the lesson's own text stands on the screen.
const (
	lessonTop  = 2
	lessonCard = 3
)

// drawLesson draws the screen as it is where a lesson stops.
func drawLesson(s *scenarios.Script, feed *timeline.Feed, findings diagnostics.Settings, from, at int64, view int) (*tui.Picture, error) {
	l := &stopped{script: s, stage: tui.Stage{From: from, Until: at, Halted: at, Span: int64(s.Watch.Span), View: view}}
	p, err := tui.Draw(tui.Options{Feed: feed, Lessons: l, Findings: findings, Symbols: "block"}, claimColumns, claimRows, 1<<24, nil)
	if err != nil {
		return nil, fmt.Errorf("draw the lesson: %w", err)
	}
	return p, nil
}

// stopped is a lesson that stands where it stops.
type stopped struct {
	lessonSeries
	script *scenarios.Script
	stage  tui.Stage
}

// Card implements tui.Lessons.
func (l *stopped) Card() (place, title, text string) {
	return scenarios.NumberOf(l.script.Name), l.script.Title, strings.Join(strings.Fields(l.script.About), " ")
}

// Stage implements tui.Lessons.
func (l *stopped) Stage() tui.Stage { return l.stage }
