package scenarios

import (
	"strings"
	"testing"
)

// TestWatchWords: what is wrong with watch, claims and question is said with its place.
func TestWatchWords(t *testing.T) {
	const head = "about = \"one read of 1 KiB\"\n"
	const tail = "\ndef main():\n    sleep(0)\n"
	for text, says := range map[string]string{
		`watch = {"to": "Reed"}`:                    `a.star:2:10: watch: "to": there is no kind of event "Reed"; did you mean "Read"?`,
		`watch = {"to": "Read #0"}`:                 "events are counted from 1",
		`watch = {"to": "Read +never"}`:             "invalid duration",
		`watch = {"to": "client 1: Read"}`:          "want a kind of event",
		`watch = {"slow": 2}`:                       "want from, to, slow, span, view",
		`watch = {"slow": 0.1}`:                     `begins at "from", which is missing`,
		`watch = []`:                                "watch must be a dict",
		`claims = {"two reads": "x"}`:               `a.star:2:11: claims: "two reads" is not a part of about`,
		`claims = {"one read": []}`:                 "want what the screen shows",
		`claims = {"one read": "colour of unread"}`: "in ROW: colour of",
		`claims = []`:                               "claims must be a dict",
		`question = {"ask": "How many?"}`:           "want ask, figure and says",
		`question = {"ask": "How many?", "figure": "reeds", "says": "x"}`: "there is no figure",
		`question = {"ask": "How many?", "says": "many"}`:                 "says with {n} in it",
		`question = 1`: "it must be a dict",
	} {
		_, err := parse(Position{}, testFigures{}, "a", "a.star", []byte(head+text+tail))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	s, err := parse(Position{}, testFigures{}, "a", "a.star", []byte(head+`watch = {"from": "Arrive", "to": "Read ret=1024 #64 +20ms", "slow": 0.5, "span": "3s", "view": 2}`+"\n"+
		`claims = {"one read": ["view 2: in main: not colour of unread", "not * E"]}`+tail))
	if err != nil {
		t.Fatal(err)
	}
	w := s.Watch
	if w.From.Nth != 1 || w.To.Nth != 64 || w.To.After != 20e6 || w.Slow != 0.5 || w.Span != 3e9 || w.View != 2 {
		t.Errorf("watch is %+v", w)
	}
	c := s.Claims[0].Shows
	if k := c[0]; k.View != 2 || k.Row != "main" || !k.Not || !k.Ink || k.What != "unread" {
		t.Errorf("%+v", k)
	}
	if k := c[1]; k.View != 1 || k.Row != "" || !k.Not || k.Ink || k.What != "* E" {
		t.Errorf("%+v", k)
	}
}
